"""What erasing a person means in this room.

Signatures, frozen texts and the log of an agreement that was ever frozen are evidence of every
party and stay. What happened in a project that nobody pursued proves nothing: there the log forgets
what the person said.
"""

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cooperation import trail
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Comment,
    DisputeGuest,
    Notice,
    OutsideInvitation,
    Signature,
)
from partners.models import User
from partners.privacy import erasure
from partners.privacy.erasure import Part, Plan, Stays

State = AgreementVersion.State


def _open_rounds(user: User) -> list[str]:
    signed = Signature.objects.filter(signer=user, slot__version__state=State.SIGNING)
    names = signed.values_list("slot__version__agreement__project__name", flat=True)
    return sorted(set(names))


def plan(user: User) -> Plan:
    obstacles = [
        _(
            "You have signed the agreement on “%(project)s”, and the round is still open. Please"
            " wait until all have signed, or have the round taken back."
        )
        % {"project": name}
        for name in _open_rounds(user)
    ]
    goes = [
        _("Mentions of you in comments, and what the mails to you said."),
        _("What you said in projects that nobody pursued, in their log."),
    ]
    return Plan(obstacles, goes, list(_stays(user)))


def _stays(user: User) -> list[Stays]:
    found = []
    signatures = Signature.objects.filter(signer=user)
    if number := signatures.count():
        last = (
            Agreement.objects.filter(versions__slots__signatures__in=signatures)
            .order_by("-retain_until")
            .values_list("retain_until", flat=True)
        )
        known = [day for day in last if day is not None]
        until = _("until ten years after the agreement has ended, unless another time was set")
        if known and len(known) == len(last):
            until = _("until %(day)s") % {"day": date_format(max(known))}
        found.append(
            Stays(
                _("Your signatures, and the documents that show them: %(number)s")
                % {"number": number},
                _(
                    "They prove to every party what was agreed and who agreed to it (Art. 17(3)(e)"
                    " GDPR). The database refuses to change them."
                ),
                until,
            )
        )
    events = AgreementEvent.objects.filter(by=user, erased_at=None)
    if events.exists():
        found.append(
            Stays(
                _("The log of agreements that were ready to sign, with a number for your name."),
                _("It is evidence of how the agreement came about, for all its parties."),
                _("as long as the agreement is kept"),
            )
        )
    if Comment.objects.filter(by=user, removed_at=None).exists():
        found.append(
            Stays(
                _("Comments and answers that you wrote, without your name."),
                _("They belong to what the firms discuss. You can take comments back before."),
                _("as long as the agreement is kept"),
            )
        )
    return found


def erase(user: User) -> dict[str, int]:
    frozen = AgreementVersion.objects.filter(agreement=OuterRef("agreement"))
    proves_nothing = AgreementEvent.objects.filter(
        ~Exists(frozen), by=user, erased_at=None, agreement__status=Agreement.Status.ABANDONED
    )
    counts = {"agreement_events": sum(trail.erase(event) for event in proves_nothing.iterator())}
    through = Comment.mentions.through._default_manager
    counts["mentions"] = through.filter(user=user).delete()[0]
    counts["guests"] = _end_guests(user)
    counts["outside_invitations"] = erasure.forget_invitations(OutsideInvitation, user, message="")
    counts["letters"] = 0
    for notice in Notice.objects.filter(person=user):
        counts["letters"] += forget_letter(notice)
    return counts


def _end_guests(user: User) -> int:
    return DisputeGuest.objects.filter(user=user, ended_at=None).update(ended_at=timezone.now())


def forget_letter(notice: Notice) -> int:
    """Forget what a letter said; its key stays, so that nothing is sent twice.

    The hash that it told is no secret and proves the log: it stays as well.
    """
    kept = {key: notice.data[key] for key in ("seq", "head") if key in notice.data}
    waiting = notice.state in (Notice.State.QUEUED, Notice.State.FAILED)
    changed = Notice.objects.filter(pk=notice.pk)
    if waiting:
        changed.update(data=kept, error="", state=Notice.State.DROPPED)
    else:
        changed.update(data=kept, error="")
    return 1


PART = Part(plan, erase)
