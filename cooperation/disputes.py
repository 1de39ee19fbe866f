"""Settling a point of a signed agreement: open it, write, call the next level, agree on an outcome.

A point is settled between the firms it concerns: all of the agreement, some of them, or the two of
a pair. Nothing of it reaches the others: if not all firms are involved, no event is written to the
log that all read, and the trail is in the point's own entries (``DisputeEntry``). What two firms
settle in pairs has events of that pair.

Level and deadline are never stored: see ``ladder``.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import agreements, dispute_levels, dispute_news, frozen, ladder
from cooperation.agreements import NotPossible, lock
from cooperation.kinds.base import NOTE_LIMIT, TEXT_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    AgreementEvent,
    AgreementVersion,
    Dispute,
    DisputeEntry,
    DisputeFailure,
    DisputeParty,
    Pair,
    Participation,
    SignatureSlot,
)
from partners.models import Partner, User
from support.pressing import AGAIN

Kind = AgreementEvent.Kind


class StaleOutcome(NotPossible):
    """Somebody proposed another outcome since the page was made. Nothing was written."""

    def __init__(self) -> None:
        super().__init__(
            _("There is a newer proposal for the outcome. Please read it before you answer.")
        )


# ---- What every verb begins with ---------------------------------------------------------------


def lock_dispute(pk: UUID) -> Dispute:
    """The point to settle with its agreement, locked: people and proposals stand still."""
    agreement = lock(Dispute.objects.values_list("agreement", flat=True).get(pk=pk))
    dispute = Dispute.objects.select_related("pair", "opened_by_partner").get(pk=pk)
    dispute.agreement = agreement
    return dispute


def require_open(dispute: Dispute) -> None:
    if not dispute.is_open:
        raise NotPossible(_("This point is no longer being settled."))


def place_of(dispute: Dispute, partner: Partner) -> DisputeParty:
    """The firm's place in it, or ``NotPossible``."""
    place = dispute.parties.filter(partner=partner).first()
    if place is None:
        raise NotPossible(_("Your firm is not involved here."))
    return place


def add_entry(
    dispute: Dispute,
    kind: DisputeEntry.Kind,
    *,
    by: User,
    partner: Partner | None,
    text: str = "",
    at: datetime | None = None,
    **data: Any,
) -> DisputeEntry:
    """Append to the trail of the point. It must be locked."""
    return DisputeEntry.objects.create(
        dispute=dispute,
        kind=kind,
        by=by,
        partner=partner,
        at=at or timezone.now(),
        text=text,
        data=data,
    )


def record(
    dispute: Dispute,
    kind: AgreementEvent.Kind,
    *,
    by: User | None,
    partner: Partner | None,
    at: datetime | None = None,
    **data: Any,
) -> None:
    """Write to the log of the agreement what those may know who read it: that, never what.

    An event without a pair is read by every firm. So of a point between some of them there is none.
    """
    if dispute.pair_id is None and not concerns_all(dispute):
        return
    agreements.record(
        dispute.agreement,
        kind,
        by=by,
        partner=partner,
        pair=dispute.pair,
        at=at,
        dispute=str(dispute.pk),
        point=dispute.point_key,
        **data,
    )


def concerns_all(dispute: Dispute) -> bool:
    """Whether every firm is involved that signed the version, or that takes part now."""
    involved = dispute.parties.values("partner")
    signed = SignatureSlot.objects.filter(version=dispute.version_id)
    places = Participation.objects.accepted().filter(project=dispute.agreement.project_id)
    return not (
        signed.exclude(partner__in=involved).exists()
        or places.exclude(partner__in=involved).exists()
    )


# ---- Opening -----------------------------------------------------------------------------------


@transaction.atomic
def begin(
    version_id: UUID,
    point_key: str,
    *,
    by: User,
    partner: Partner,
    subject: str,
    description: str,
    others: Iterable[UUID] | None = None,
) -> Dispute:
    """Open a point of a version in force; level 1 of its ladder begins in that instant.

    ``others``: ids of the other firms involved; None: all that signed. A point in an annex is
    settled between the two firms of that annex. Without agreed levels there is simply no ladder.
    The same words of the same firm within two minutes open nothing new. Raises ``InvalidAnswer``
    (fields ``subject``, ``description``) and ``NotPossible``.
    """
    agreement = lock(
        AgreementVersion.objects.values_list("agreement", flat=True).get(pk=version_id)
    )
    version = AgreementVersion.objects.get(pk=version_id)
    if version.state != AgreementVersion.State.IN_FORCE:
        raise NotPossible(_("This version is not in force, so nothing of it can be settled here."))
    content = frozen.content(version.payload)
    point = find_point(content, point_key)
    if point is None:
        raise NotPossible(_("This version does not have this point."))
    firms, pair = _involved(version, point, partner, others)
    problems = Problems()
    subject = clean_text(
        subject, "subject", problems, required=_("Please say in a few words what it is about.")
    )
    description = clean_text(
        description,
        "description",
        problems,
        limit=TEXT_LIMIT,
        lines=True,
        required=_("Please describe how you see it."),
    )
    problems.raise_if_any()
    now = timezone.now()
    same = Dispute.objects.filter(
        version=version,
        point_key=point_key,
        opened_by_partner=partner,
        subject=subject,
        description=description,
        opened_at__gt=now - AGAIN,
    ).first()
    if same is not None:
        return same
    dispute = Dispute.objects.create(
        agreement=agreement,
        version=version,
        point_key=point_key,
        about={"number": point["number"], "question": point["question"]},
        pair=pair,
        subject=subject,
        description=description,
        ladder=ladder.agreed(content),
        states=sorted({firm.federal_state for firm in firms} - {""}),
        opened_by=by,
        opened_by_partner=partner,
        opened_at=now,
    )
    DisputeParty.objects.bulk_create(DisputeParty(dispute=dispute, partner=firm) for firm in firms)
    record(dispute, Kind.DISPUTE_OPENED, by=by, partner=partner)
    if dispute.ladder:
        dispute.told_level = 1
        dispute.save(update_fields=["told_level"])
    dispute_news.opened(dispute, by=by, partner=partner)
    return dispute


def find_point(content: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The point of a frozen text; one that pairs settle has no answer there."""
    points = (point for rule in content["rules"] for point in rule["points"])
    return next((point for point in points if point["key"] == key), None)


def _involved(
    version: AgreementVersion,
    point: Mapping[str, Any],
    partner: Partner,
    others: Iterable[UUID] | None,
) -> tuple[list[Partner], Pair | None]:
    """The firms involved, in the order of the text; and their pair, if the point is in an annex."""
    firms = [slot.partner for slot in version.slots.select_related("partner")]
    if partner not in firms:
        raise NotPossible(_("Your firm is not a party of this version."))
    wanted = {firm.pk for firm in firms if firm != partner} if others is None else set(others)
    wanted.discard(partner.pk)
    if not wanted or not wanted <= {firm.pk for firm in firms}:
        raise NotPossible(_("Please choose with which firms you would like to settle this."))
    involved = [firm for firm in firms if firm == partner or firm.pk in wanted]
    if not point.get("annex"):
        return involved, None
    if len(involved) > 2:
        raise NotPossible(_("This point is settled between two firms. Please say with which firm."))
    first, second = involved
    annexes = Pair.objects.of(first).of(second).filter(annexes__version=version)
    pair = annexes.first()
    if pair is None:
        raise NotPossible(_("This version does not have this point."))
    return involved, pair


# ---- On the way --------------------------------------------------------------------------------


@transaction.atomic
def write(dispute_id: UUID, text: str, *, by: User, partner: Partner | None) -> DisputeEntry:
    """Add an entry that all involved read; ``partner`` None: the neutral person writes.

    The same words twice within two minutes are one entry. Raises ``InvalidAnswer`` (field
    ``text``) and ``NotPossible``.
    """
    dispute = lock_dispute(dispute_id)
    require_open(dispute)
    if partner is not None:
        place_of(dispute, partner)
    else:
        require_guest(dispute, by)
    problems = Problems()
    required = _("Please write something first.")
    cleaned = clean_text(text, "text", problems, limit=TEXT_LIMIT, lines=True, required=required)
    problems.raise_if_any()
    now = timezone.now()
    same = dispute.entries.filter(
        by=by, partner=partner, kind=DisputeEntry.Kind.WRITTEN, text=cleaned, at__gt=now - AGAIN
    ).first()
    if same is not None:
        return same
    entry = add_entry(
        dispute, DisputeEntry.Kind.WRITTEN, by=by, partner=partner, text=cleaned, at=now
    )
    dispute_news.written(dispute, by=by, partner=partner)
    return entry


def require_guest(dispute: Dispute, user: User) -> None:
    """The invitation of a neutral person has to hold at the instant of writing."""
    if not dispute.guests.active(timezone.now()).filter(user=user).exists():
        raise NotPossible(_("Your time here is over. Thank you for your help."))


@transaction.atomic
def declare_failed(
    dispute_id: UUID, level: int, *, by: User, partner: Partner, reason: str = ""
) -> DisputeFailure:
    """A level has not led to a result: the next one starts in this instant.

    ``level`` is the one the page showed. Of two firms that declare it at once the first one counts;
    the second hears that the level is over. Raises ``InvalidAnswer`` (``reason``), ``NotPossible``.
    """
    dispute = lock_dispute(dispute_id)
    require_open(dispute)
    place_of(dispute, partner)
    problems = Problems()
    reason = clean_text(reason, "reason", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    now = timezone.now()
    current = dispute_levels.ladder_at(dispute, now).current
    if current is None or current.number != level:
        raise NotPossible(_("This level is over already. Please look where it stands now."))
    failure = DisputeFailure.objects.create(
        dispute=dispute, level=level, by=by, partner=partner, at=now, reason=reason
    )
    add_entry(
        dispute,
        DisputeEntry.Kind.FAILED,
        by=by,
        partner=partner,
        text=reason,
        at=now,
        level=level,
    )
    call_level(dispute, now, by=by, partner=partner)
    return failure


@transaction.atomic
def tell_level(dispute_id: UUID, *, now: datetime) -> bool:
    """The clock's step: whether a level had begun that nobody was told of."""
    return call_level(lock_dispute(dispute_id), now, by=None, partner=None)


def call_level(dispute: Dispute, at: datetime, *, by: User | None, partner: Partner | None) -> bool:
    """Tell people of the level that runs at ``at``, once; whether there was something to tell.

    After a standstill of weeks, levels that have passed meanwhile are noted in the log under the
    instants at which they began; people are called by the one that runs now only. The point must
    be locked.
    """
    stands = dispute_levels.ladder_at(dispute, at)
    if not dispute.is_open or stands.reached <= dispute.told_level:
        return False
    for level in stands.levels[dispute.told_level : stands.reached]:
        # A level that somebody's declaration called is theirs, one that a deadline called nobody's.
        declared = level.starts_at == at
        record(
            dispute,
            Kind.DISPUTE_LEVEL,
            by=by if declared else None,
            partner=partner if declared else None,
            at=level.starts_at,
            level=level.number,
        )
    dispute.told_level = stands.reached
    dispute.save(update_fields=["told_level"])
    dispute_news.called(dispute, stands, by=by)
    return True


# ---- The outcome -------------------------------------------------------------------------------


@transaction.atomic
def propose(
    dispute_id: UUID,
    outcome: str,
    *,
    by: User,
    partner: Partner,
    revision: int,
    confirms: bool = True,
) -> Dispute:
    """Propose an outcome. Whatever was proposed before needs everybody's word anew.

    ``revision`` is ``dispute.outcome_revision`` of the page. ``confirms``: the person may decide
    for the firm, so that its own word is given with it. Raises ``InvalidAnswer`` (``outcome``),
    ``StaleOutcome``, ``NotPossible``.
    """
    dispute = lock_dispute(dispute_id)
    require_open(dispute)
    place = place_of(dispute, partner)
    problems = Problems()
    required = _("Please write down what you would like to agree on.")
    cleaned = clean_text(
        outcome, "outcome", problems, limit=TEXT_LIMIT, lines=True, required=required
    )
    problems.raise_if_any()
    same = dispute.outcome == cleaned
    if not same:
        if revision != dispute.outcome_revision:
            raise StaleOutcome
        dispute.outcome, dispute.outcome_at = cleaned, timezone.now()
        dispute.outcome_by, dispute.outcome_by_partner = by, partner
        dispute.outcome_revision += 1
        dispute.save(
            update_fields=[
                "outcome",
                "outcome_at",
                "outcome_by",
                "outcome_by_partner",
                "outcome_revision",
            ]
        )
        add_entry(
            dispute,
            DisputeEntry.Kind.PROPOSED,
            by=by,
            partner=partner,
            text=cleaned,
            revision=dispute.outcome_revision,
        )
        dispute_news.proposed(dispute, by=by)
    if confirms:
        # With the proposal it goes without saying; of one that stands there already it is a word.
        _confirm(dispute, place, by, said=same)
    return dispute


@transaction.atomic
def confirm(dispute_id: UUID, *, by: User, partner: Partner, revision: int) -> Dispute:
    """Agree for the own firm to the outcome of that revision; with the last firm it is settled.

    Confirming twice changes nothing. Raises ``StaleOutcome``, ``NotPossible``.
    """
    dispute = lock_dispute(dispute_id)
    place = place_of(dispute, partner)
    if revision != dispute.outcome_revision:
        raise StaleOutcome
    if dispute.outcome and place.agreed_revision == revision:
        return dispute
    require_open(dispute)
    if not dispute.outcome:
        raise NotPossible(_("There is no proposal yet that could be confirmed."))
    _confirm(dispute, place, by, said=True)
    return dispute


def _confirm(dispute: Dispute, place: DisputeParty, by: User, *, said: bool) -> None:
    if place.agreed_revision == dispute.outcome_revision:
        return
    now = timezone.now()
    place.agreed_revision, place.agreed_by, place.agreed_at = dispute.outcome_revision, by, now
    place.save(update_fields=["agreed_revision", "agreed_by", "agreed_at"])
    if said:
        add_entry(
            dispute,
            DisputeEntry.Kind.CONFIRMED,
            by=by,
            partner=place.partner,
            revision=dispute.outcome_revision,
            at=now,
        )
    if dispute.parties.exclude(agreed_revision=dispute.outcome_revision).exists():
        return
    _close(dispute, Dispute.State.SETTLED, now)
    later = now + timedelta(microseconds=1)  # entries are read in the order of their times
    add_entry(dispute, DisputeEntry.Kind.SETTLED, by=by, partner=place.partner, at=later)
    record(dispute, Kind.DISPUTE_SETTLED, by=by, partner=place.partner)
    dispute_news.settled(dispute, by=by)


@transaction.atomic
def withdraw(dispute_id: UUID, *, by: User, partner: Partner) -> Dispute:
    """Take the point back, for the firm that opened it; the others are told."""
    dispute = lock_dispute(dispute_id)
    require_open(dispute)
    place_of(dispute, partner)
    if dispute.opened_by_partner_id != partner.pk:
        raise NotPossible(
            _("Only %(firm)s can take this point back, because it was opened there.")
            % {"firm": dispute.opened_by_partner.name}
        )
    now = timezone.now()
    _close(dispute, Dispute.State.WITHDRAWN, now)
    add_entry(dispute, DisputeEntry.Kind.WITHDRAWN, by=by, partner=partner, at=now)
    record(dispute, Kind.DISPUTE_WITHDRAWN, by=by, partner=partner)
    dispute_news.withdrawn(dispute, by=by, partner=partner)
    return dispute


def _close(dispute: Dispute, state: Dispute.State, now: datetime) -> None:
    dispute.state, dispute.closed_at = state, now
    dispute.save(update_fields=["state", "closed_at"])
