"""Changing what is in force: a new draft from the signed version, with a reason and a day.

The version in force goes on holding until all firms have signed the next one. A signing round that
fails leads back to the draft, and a draft that is dropped leaves everything as it was signed. A
firm joins inside such a draft only: the text it joins needs everybody's signature anyway.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cooperation import frozen, holding, notices, restoring, standing
from cooperation.agreements import NotPossible, lock, record, require_party, signed_versions
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    Dispute,
    Participation,
    SignatureSlot,
    TalkRequest,
)
from partners.models import Partner, User

Kind = AgreementEvent.Kind
State = Amendment.State


# ---- Begin -------------------------------------------------------------------------------------


@transaction.atomic
def begin(
    agreement_id: UUID,
    *,
    reason: str,
    effective_on: date,
    by: User,
    partner: Partner,
    dispute: Dispute | None = None,
    deeper: bool = False,
) -> Amendment:
    """Begin a change of the version in force: a draft that says exactly what was signed.

    ``effective_on``: the first day of the change, see ``earliest_day``; ``deeper``: the whole rule
    book is asked from now on; ``dispute``: whose outcome is carried out. Raises ``InvalidAnswer``
    (fields ``reason``, ``effective_on``) and ``NotPossible``.
    """
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    base = _require_in_force(agreement)
    if dispute is not None and dispute.agreement_id != agreement.pk:
        raise ValueError("a dispute of another agreement")
    reason = _clean(reason, effective_on, earliest_day(base), last_day(agreement))
    amendment = open_draft(
        agreement, base, reason, effective_on, by=by, partner=partner, dispute=dispute
    )
    if deeper and agreement.depth != Agreement.Depth.FULL:
        before, agreement.depth = agreement.depth, Agreement.Depth.FULL
        agreement.save(update_fields=["depth"])
        said: dict[str, Any] = {"from": before, "to": agreement.depth}
        record(agreement, Kind.DEPTH, by=by, partner=partner, **said)
    notices.tell(
        agreement,
        "amendment_begun",
        notices.people(_others(agreement, partner), without=by),
        key=str(amendment.pk),
        path=reverse("cooperation:amendment", args=[agreement.pk]),
        firm=partner.name,
    )
    return amendment


def _require_in_force(agreement: Agreement) -> AgreementVersion:
    """The version in force of an agreement of which nothing is being changed."""
    if agreement.is_closed:
        raise NotPossible(_("This agreement is over, so there is nothing to change any more."))
    if agreement.in_force_at is None:
        raise NotPossible(
            _("This agreement is not in force yet. Its points can still be changed directly.")
        )
    if agreement.is_amended:
        raise NotPossible(
            _("A change of this agreement is under way already. Please put your point into it.")
        )
    return version_in_force(agreement)


def version_in_force(agreement: Agreement) -> AgreementVersion:
    """With its text. ``DoesNotExist`` while no version is in force."""
    return agreement.versions.get(state=AgreementVersion.State.IN_FORCE)


def open_draft(
    agreement: Agreement,
    base: AgreementVersion,
    reason: str,
    effective_on: date,
    *,
    by: User,
    partner: Partner,
    dispute: Dispute | None = None,
) -> Amendment:
    """The draft itself. The agreement is locked and in force, reason and day have been checked."""
    restoring.restore(agreement, base, by=by, partner=partner)
    amendment = Amendment.objects.create(
        agreement=agreement,
        base=base,
        reason=reason,
        effective_on=effective_on,
        begun_by=by,
        begun_by_partner=partner,
        dispute=dispute,
    )
    agreement.status = Agreement.Status.DRAFT
    agreement.save(update_fields=["status"])
    said: dict[str, Any] = {
        "version": base.number,
        "reason": reason,
        "effective_on": effective_on.isoformat(),
    }
    record(agreement, Kind.AMENDMENT, by=by, partner=partner, **said)
    return amendment


def _others(agreement: Agreement, partner: Partner) -> list[Partner]:
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    return [place.partner for place in places.exclude(partner=partner).select_related("partner")]


# ---- Reason and day ----------------------------------------------------------------------------


def earliest_day(base: AgreementVersion) -> date:
    """The first day from which a change of ``base`` may hold.

    Today, not before the base itself, and not while a firm that has left is still bound by it.
    """
    days = [day_from(base), standing.today()]
    bound = _left(base).exclude(leaves_on=None).values_list("leaves_on", flat=True)
    days += [day + timedelta(days=1) for day in bound if day is not None]
    return max(days)


def day_from(version: AgreementVersion) -> date:
    """The first day on which a version that all firms signed holds."""
    number = version.number
    signed = signed_versions(AgreementVersion.objects.filter(pk=version.pk))
    return next(each.from_day for each in signed if each.number == number)


def last_day(agreement: Agreement) -> date | None:
    """The last day on which the agreement holds as it stands; None: open."""
    return standing.stands(agreement, standing.today()).last_day


def _clean(reason: str, effective_on: date, earliest: date, last: date | None) -> str:
    """The reason as it is stored, or ``InvalidAnswer`` with what is wrong with both fields."""
    problems = Problems()
    required = _("Please say in a sentence why the agreement is to be changed.")
    cleaned = clean_text(
        reason, "reason", problems, limit=NOTE_LIMIT, lines=True, required=required
    )
    if effective_on < earliest:
        sentence = _("The change can hold from %(day)s at the earliest.")
        problems.add("effective_on", sentence % {"day": said_day(earliest)})
    elif last is not None and effective_on > last:
        sentence = _("The agreement ends on %(day)s. Please choose a day before its end.")
        problems.add("effective_on", sentence % {"day": said_day(last)})
    elif effective_on > standing.today() + timedelta(days=366 * holding.YEARS_AHEAD):
        problems.add("effective_on", _("Please choose a day within the next five years."))
    problems.raise_if_any()
    return cleaned


def said_day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def require_day(agreement: Agreement, amendment: Amendment) -> None:
    """Refuse a text that would hold only when all is over: an end was announced meanwhile."""
    last = last_day(agreement)
    if last is not None and amendment.effective_on > last:
        sentence = _("The agreement ends on %(day)s. Please choose a day before its end.")
        raise NotPossible(sentence % {"day": said_day(last)})


def stamp(amendment: Amendment) -> str:
    """What a form of reason and day carries along: nobody overwrites what they never saw."""
    stands = f"{amendment.effective_on.isoformat()} {amendment.reason}"
    return hashlib.sha256(stands.encode()).hexdigest()[:16]


@transaction.atomic
def restate(
    amendment_id: UUID, *, reason: str, effective_on: date, seen: str, by: User, partner: Partner
) -> Amendment:
    """Say anew why and from when, while the draft is open; ``seen`` is the ``stamp`` of the form.

    Raises ``InvalidAnswer`` (fields ``reason``, ``effective_on``) and ``NotPossible``.
    """
    agreement, amendment = _open(amendment_id, partner)
    if seen != stamp(amendment):
        raise NotPossible(
            _("Somebody changed the reason or the day in the meantime. Please look at both again.")
        )
    if effective_on == amendment.effective_on:  # it may have passed meanwhile, that is no mistake
        earliest = effective_on
    else:
        earliest = earliest_day(amendment.base)
    reason = _clean(reason, effective_on, earliest, last_day(agreement))
    if (reason, effective_on) == (amendment.reason, amendment.effective_on):
        return amendment
    amendment.reason, amendment.effective_on = reason, effective_on
    amendment.save(update_fields=["reason", "effective_on"])
    said: dict[str, Any] = {
        "reason": reason,
        "effective_on": effective_on.isoformat(),
        "restated": True,
    }
    record(agreement, Kind.AMENDMENT, by=by, partner=partner, **said)
    return amendment


def _open(amendment_id: UUID, partner: Partner) -> tuple[Agreement, Amendment]:
    """Lock, check, read: the beginning of every step in an open draft."""
    agreement = lock(Amendment.objects.values_list("agreement", flat=True).get(pk=amendment_id))
    require_party(agreement, partner)
    amendment = Amendment.objects.select_related("base").get(pk=amendment_id)
    if amendment.state != State.OPEN:
        raise NotPossible(_("This change is signed or dropped already."))
    if not agreement.is_draft:
        raise NotPossible(
            _(
                "The changed text is being signed. Whoever wants to change it first takes the "
                "signing round back."
            )
        )
    return agreement, amendment


# ---- Drop --------------------------------------------------------------------------------------


@transaction.atomic
def drop(amendment_id: UUID, *, by: User, partner: Partner, reason: str = "") -> Agreement:
    """Leave it as it was signed: the draft goes, and the version in force just goes on.

    Firms that were to join with the change do not take part any more. Raises ``InvalidAnswer``
    (field ``reason``), ``NotPossible``, also where a firm has left and the text has to change.
    """
    problems = Problems()
    cleaned = clean_text(reason, "reason", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    agreement, amendment = _open(amendment_id, partner)
    base = amendment.base
    signed = {slot.partner_id for slot in base.slots.all()}
    if partner.pk not in signed:
        raise NotPossible(
            _("Your firm joins with this change. If it does not want to, it can leave the project.")
        )
    if gone := [place.partner.name for place in _left(base)]:
        sentence = _("%(firm)s has left. The agreement needs a new version without this firm.")
        raise NotPossible(sentence % {"firm": ", ".join(gone)})
    told = _others(agreement, partner)
    _send_away(agreement, signed, by, partner)
    asked = TalkRequest.objects.filter(agreement=agreement, resolved_at=None)
    asked.update(resolved_at=timezone.now(), resolved_by=by)
    restoring.restore(agreement, base, by=by, partner=partner)
    amendment.state, amendment.closed_at = State.DROPPED, timezone.now()
    amendment.save(update_fields=["state", "closed_at"])
    agreement.status = Agreement.Status.IN_FORCE
    agreement.save(update_fields=["status"])
    said: dict[str, Any] = {"version": base.number, "reason": cleaned}
    record(agreement, Kind.AMENDMENT_DROPPED, by=by, partner=partner, **said)
    for firms, path in (
        ([firm for firm in told if firm.pk in signed], _project_page(agreement)),
        ([firm for firm in told if firm.pk not in signed], reverse("cooperation:project_list")),
    ):
        notices.tell(
            agreement,
            "amendment_dropped",
            notices.people(firms, without=by),
            key=str(amendment.pk),
            path=path,
            firm=partner.name,
        )
    notices.drop(agreement, "amendment_begun", key=str(amendment.pk))
    return agreement


def _project_page(agreement: Agreement) -> str:
    return reverse("cooperation:project_detail", args=[agreement.project_id])


def _left(base: AgreementVersion) -> Any:
    """Places of the firms of ``base`` that have left since."""
    signed = SignatureSlot.objects.filter(version=base).values("partner")
    places = Participation.objects.filter(
        project=base.agreement.project_id, partner__in=signed, state=Participation.State.LEFT
    )
    return places.select_related("partner")


def _send_away(agreement: Agreement, stay: Iterable[UUID], by: User, partner: Partner) -> None:
    """Firms that joined with the draft, or were invited to, go with it: they signed nothing."""
    there = [Participation.State.ACCEPTED, Participation.State.INVITED]
    places = Participation.objects.filter(project=agreement.project_id, state__in=there)
    for place in places.exclude(partner__in=list(stay)):
        place.state, place.responded_by = Participation.State.WITHDRAWN, by
        place.responded_at = timezone.now()
        place.save(update_fields=["state", "responded_by", "responded_at"])
        invited = str(place.partner_id)
        record(agreement, Kind.INVITATION_WITHDRAWN, by=by, partner=partner, invited=invited)


# ---- What has changed --------------------------------------------------------------------------


def require_change(amendment: Amendment, payload: bytes, annexes: Iterable[bytes]) -> None:
    """Refuse to have the same text signed again."""
    old, new = frozen.content(amendment.base.payload), frozen.content(payload)
    if _scope(old) != _scope(new) or new["amendment"]["changes"]:
        return
    if any(frozen.content(annex).get("changes") for annex in annexes):
        return
    sentence = _("Nothing has changed yet compared with version %(number)s.")
    raise NotPossible(sentence % {"number": amendment.base.number})


def _scope(content: dict[str, Any]) -> tuple[list[str], str]:
    """Who agrees, and on how much of the rule book."""
    return [party["id"] for party in content["parties"]], frozen.depth_of(content)
