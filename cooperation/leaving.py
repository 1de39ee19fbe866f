"""A firm leaves: a draft at once, what is in force with the agreed notice.

What it signed it keeps reading; of what is negotiated without it, it sees nothing. A text that
names a firm that has left is looked at again, and what is in force needs a new version without it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import (
    amendments,
    blind,
    frozen,
    last_days,
    notices,
    projects,
    retrospectives,
    sheets,
    signing,
    standing,
    terms,
)
from cooperation.agreements import NotPossible, lock, record, require_party
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Answer,
    Confirmation,
    Pair,
    Participation,
    TalkRequest,
)
from cooperation.standing import Standing
from cooperation.working_days import Calendar
from partners.models import Membership, Partner, User

Kind = AgreementEvent.Kind


@dataclass(frozen=True, slots=True)
class Plan:
    """What leaving would mean now."""

    base: AgreementVersion | None = None  # signed by the firm and in force, without its text
    round: AgreementVersion | None = None  # open for signing: leaving closes it
    leaves_on: date | None = None  # the last day on which ``base`` binds the firm
    has_notice: bool = False  # a period of notice was agreed; a first talk does not ask for one

    @property
    def key(self) -> str:
        """What a form carries along: leaving must mean what the page said it would."""
        parts = (self.base and self.base.pk, self.round and self.round.pk, self.leaves_on)
        return ":".join("" if part is None else str(part) for part in parts)


def plan(agreement: Agreement, partner: Partner) -> Plan:
    """What leaving means for ``partner`` as things stand. Raises ``NotPossible``.

    Reads only; under the agreement's lock it is what will happen.
    """
    require_party(agreement, partner)
    found = standing.stands(agreement, standing.today())
    if agreement.is_closed or found.is_over:
        raise NotPossible(_("This agreement is over, so there is nothing to leave any more."))
    version = agreement.versions.filter(state=AgreementVersion.State.SIGNING)
    open_round = version.defer("payload").first()
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    if places.count() < 2:
        raise NotPossible(
            _("Your firm is the only one here. You can give the project up instead of leaving it.")
        )
    bound = standing.firms(found)
    if found.version is None or partner not in bound:
        return Plan(round=open_round)
    if len(bound) < 3:
        raise NotPossible(
            _("Between two firms, leaving is the end of the agreement. You can give notice.")
        )
    content = _text(found.version)
    asked = {point["key"] for rule in content["rules"] for point in rule["points"]}
    has_notice = terms.EXIT_NOTICE in asked
    leaves_on = _last_day(found, terms.read(content) if has_notice else None, bound)
    return Plan(found.version, open_round, leaves_on, has_notice)


def _text(version: AgreementVersion) -> dict[str, Any]:
    payload = AgreementVersion.objects.values_list("payload", flat=True).get(pk=version.pk)
    return frozen.content(payload)


def _last_day(found: Standing, text: terms.Terms | None, bound: list[Partner]) -> date:
    """The last day on which the version binds a firm that gives notice now.

    Without ``text`` it asks for no notice, as a first talk: then it binds nobody for a while.
    """
    last = found.today
    if text is not None:
        calendar = Calendar.of(firm.federal_state for firm in bound)
        earliest = terms.earliest_last_day(text, timezone.now(), calendar)
        if earliest is None:
            raise NotPossible(
                _("No period of notice was agreed. You can end the agreement together.")
            )
        last = earliest
    if found.last_day is not None and last >= found.last_day:
        sentence = _("The agreement ends on %(day)s anyway, before your firm could leave it.")
        raise NotPossible(sentence % {"day": amendments.said_day(found.last_day)})
    return last


@transaction.atomic
def leave(
    agreement_id: UUID, *, by: User, partner: Partner, reason: str, seen: str | None = None
) -> Participation:
    """Leave for the own firm; the others are told, with the reason.

    ``seen`` is the ``key`` of the plan that the person was shown: if somebody signs the last
    signature meanwhile, leaving means something else, and they are asked again. Raises
    ``InvalidAnswer`` (field ``reason``), ``NotPossible``.
    """
    problems = Problems()
    required = _("Please say in a sentence why your firm leaves, so that the others know.")
    reason = clean_text(reason, "reason", problems, limit=NOTE_LIMIT, lines=True, required=required)
    problems.raise_if_any()
    agreement = lock(agreement_id)
    now = plan(agreement, partner)
    if seen is not None and seen != now.key:
        raise NotPossible(
            _("Something has changed in the meantime. Please read again what leaving means now.")
        )
    if now.base is not None:
        _require_signer(partner, by)
    if now.round is not None:
        state = AgreementVersion.State.WITHDRAWN
        signing.close_round(agreement, now.round, state, by=by, partner=partner, reason=reason)
    place = _give_up(agreement, now, reason, by, partner)
    if now.base is not None:
        _prepare_next(agreement, now, reason, by, partner)
    _take_out(agreement, by, partner)
    _tell(agreement, now, by, partner)
    blind.reconsider(agreement)
    retrospectives.reconsider(agreement)
    return place


def _require_signer(partner: Partner, by: User) -> None:
    """Leaving what was signed binds the firm as the signature did."""
    right = Membership.objects.active().filter(user=by, partner=partner, may_sign=True)
    if by.is_staff or not right.exists():
        raise NotPossible(
            _(
                "The agreement is signed. Only people who may sign for your firm can declare that "
                "it leaves."
            )
        )


def _give_up(
    agreement: Agreement, now: Plan, reason: str, by: User, partner: Partner
) -> Participation:
    place = Participation.objects.get(project=agreement.project_id, partner=partner)
    place.state = Participation.State.LEFT
    place.left_at, place.left_by, place.leaves_on = timezone.now(), by, now.leaves_on
    place.leaving_reason = reason
    place.save(update_fields=["state", "left_at", "left_by", "leaves_on", "leaving_reason"])
    said: dict[str, Any] = {"reason": reason}
    if now.leaves_on:
        said["until"] = now.leaves_on.isoformat()
    record(agreement, Kind.LEFT, by=by, partner=partner, **said)
    return place


def _prepare_next(agreement: Agreement, now: Plan, reason: str, by: User, partner: Partner) -> None:
    """What is in force needs a version without the firm, from the day after its last."""
    if now.base is None or now.leaves_on is None:
        raise ValueError("nothing is in force")
    found = standing.stands(agreement, standing.today())
    if found.proposed is not None:  # by a circle of firms that is another one now
        last_days.withdraw(found.proposed)
        said: dict[str, Any] = {"ends_on": found.proposed.ends_on.isoformat(), "proposed": True}
        record(agreement, Kind.ENDING_WITHDRAWN, by=by, partner=partner, **said)
    first = now.leaves_on + timedelta(days=1)
    amendment = agreement.amendments.filter(state=amendments.State.OPEN).first()
    if amendment is None:
        base = amendments.version_in_force(agreement)
        first = max(first, amendments.day_from(base))
        amendments.open_draft(agreement, base, reason, first, by=by, partner=partner)
    elif amendment.effective_on < first:
        amendment.effective_on = first
        amendment.save(update_fields=["effective_on"])


def _take_out(agreement: Agreement, by: User, partner: Partner) -> None:
    """What the firm said does not count any more, and what names the firms is asked again."""
    own = Q(partner=partner) | Q(pair__in=Pair.objects.of(partner).filter(agreement=agreement))
    Answer.objects.filter(own, agreement=agreement).delete()
    Confirmation.objects.filter(own, agreement=agreement).delete()
    talks = TalkRequest.objects.filter(own, agreement=agreement, resolved_at=None)
    talks.update(resolved_at=timezone.now(), resolved_by=by)
    projects.make_room(agreement, sheets.load(agreement))


def _tell(agreement: Agreement, now: Plan, by: User, partner: Partner) -> None:
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    facts: dict[str, Any] = {"until_on": now.leaves_on.isoformat()} if now.leaves_on else {}
    notices.tell(
        agreement,
        "leave",
        notices.people([place.partner for place in places.select_related("partner")], signers=True),
        key=f"{partner.pk}:{timezone.now():%Y%m%d%H%M%S}",
        path=reverse("cooperation:project_detail", args=[agreement.project_id]),
        firm=partner.name,
        **facts,
    )
