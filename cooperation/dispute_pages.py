"""What the page of a point to settle shows, and what its lines in lists show.

A page is made of plain values and holds nothing of project, customer or agreement: so a neutral
person's page cannot show what she is not to know. What only the firms may read (who was asked for
help besides her, and who agreed to it) is not loaded for her at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from cooperation import dispute_levels, dispute_words, disputes, frozen, reading
from cooperation.dispute_levels import NEUTRAL, NEUTRAL_POINT, Callers
from cooperation.dispute_words import Standing
from cooperation.ladder import End
from cooperation.models import (
    AgreementVersion,
    CustomerProject,
    Dispute,
    DisputeEntry,
    DisputeFailure,
    DisputeGuest,
    DisputeGuestConsent,
    DisputeParty,
)
from cooperation.reading import PointText
from partners.models import Partner, User

ELSEWHERE = {"annexes", "not_asked", "amendment"}  # parts of a text that are not its points
GUESTS = [kind for kind in DisputeEntry.Kind if kind.value.startswith("guest_")]


# ---- Lists -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A point to settle in a list."""

    pk: UUID
    subject: str
    number: str
    question: str
    state: str
    firms: str
    standing: Standing


def for_lists(queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """With what ``line`` and the ladder read: two more queries for all of them."""
    parties = DisputeParty.objects.select_related("partner")
    return queryset.prefetch_related(Prefetch("parties", queryset=parties), "failures")


def of_project(user: User, project: CustomerProject) -> list[Line]:
    """Those that a firm of ``user`` is involved in: first what is open, the newest first."""
    now = timezone.now()
    own = DisputeParty.objects.filter(partner__in=Partner.objects.of(user))
    known = Dispute.objects.filter(pk__in=own.values("dispute"), agreement__project=project)
    rows = sorted(for_lists(known), key=lambda row: not row.is_open)
    return [line(row, now) for row in rows]


def line(dispute: Dispute, now: datetime) -> Line:
    ladder = dispute_levels.ladder_at(dispute, now)
    return Line(
        pk=dispute.pk,
        subject=dispute.subject,
        number=dispute.about["number"],
        question=frozen.localised(dispute.about["question"], get_language() or "de"),
        state=dispute.state,
        firms=", ".join(place.partner.name for place in dispute.parties.all()),
        standing=dispute_words.standing(dispute, ladder, now),
    )


# ---- The page ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LevelRow:
    number: int
    name: str
    end: str  # as ``ladder.End``
    when: str
    called: tuple[tuple[str, tuple[str, ...]], ...]  # firm (empty: neutral) and its people
    role: str
    reason: str  # why a firm called the next level
    is_neutral: bool

    @property
    def css(self) -> str:
        return {End.RUNNING: "is-next", End.PLANNED: "", End.SPARED: ""}.get(
            End(self.end), "is-done"
        )


@dataclass(frozen=True, slots=True)
class EntryRow:
    kind: str
    by: str
    firm: str  # empty: the neutral person
    at: datetime
    said: str
    text: str


@dataclass(frozen=True, slots=True)
class FirmRow:
    partner: Partner
    opened: bool
    agreed: bool  # to the outcome that stands there now
    agreed_by: str
    agreed_at: datetime | None


@dataclass(frozen=True, slots=True)
class GuestRow:
    pk: UUID
    name: str
    state: str  # asked | admitted | over | ended
    last_day: date
    invited_by: str
    missing: tuple[str, ...]  # firms that have not agreed yet
    may_agree: bool
    may_end: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    text: str
    revision: int
    by: str
    firm: str
    at: datetime


@dataclass(frozen=True)
class Page:
    pk: UUID
    subject: str
    description: str
    opened_by: str
    opened_by_firm: str
    opened_at: datetime
    state: str
    is_open: bool
    point: PointText
    standing: Standing
    has_ladder: bool
    is_through: bool
    current: LevelRow | None
    levels: tuple[LevelRow, ...]
    entries: tuple[EntryRow, ...]
    outcome: Outcome | None
    firms: tuple[FirmRow, ...]
    guests: tuple[GuestRow, ...]  # none on the page of a guest
    guest_until: date | None  # set on the page of a guest
    neutral: PointText | None  # whom the firms agreed to ask; not for a guest
    book: Mapping[str, Any]  # whose words the question is

    @property
    def waits_for_neutral(self) -> bool:
        """The level that runs calls a neutral person, and there is none yet."""
        return bool(self.current and self.current.is_neutral and not self.current.called)


def rows() -> QuerySet[Dispute]:
    """Points to settle with what a page of either kind reads, the agreement left out."""
    people = ("opened_by", "opened_by_partner", "outcome_by", "outcome_by_partner")
    parties = DisputeParty.objects.select_related("partner", "agreed_by")
    failures = DisputeFailure.objects.select_related("by", "partner")
    return Dispute.objects.select_related("version", "pair", *people).prefetch_related(
        Prefetch("parties", queryset=parties), Prefetch("failures", queryset=failures)
    )


def page(
    dispute: Dispute, now: datetime, *, partner: Partner | None, guest: DisputeGuest | None
) -> Page:
    """The page for a reader of the firm ``partner``, or for a neutral person: one of both."""
    language = get_language() or "de"
    ladder = dispute_levels.ladder_at(dispute, now)
    callers = Callers(dispute)
    failures = {failure.level: failure for failure in dispute.failures.all()}
    levels = tuple(
        LevelRow(
            number=level.number,
            name=level.step.name.in_language(language),
            end=level.end.value,
            when=dispute_words.level_when(level, failures.get(level.number)),
            called=_by_firm(callers.called(level)),
            role=level.step.role.in_language(language),
            reason=failures[level.number].reason if level.end is End.FAILED else "",
            is_neutral=level.step.who_role == NEUTRAL,
        )
        for level in ladder.levels
    )
    current = ladder.current
    content = frozen.content(dispute.version.payload)
    return Page(
        pk=dispute.pk,
        subject=dispute.subject,
        description=dispute.description,
        opened_by=dispute.opened_by.name,
        opened_by_firm=dispute.opened_by_partner.name,
        opened_at=dispute.opened_at,
        state=dispute.state,
        is_open=dispute.is_open,
        point=signed_text(
            dispute.version,
            content,
            dispute.point_key,
            dispute.pair_id,
            only=callers.firms if partner is None else None,
        ),
        standing=dispute_words.standing(dispute, ladder, now),
        has_ladder=bool(levels),
        is_through=ladder.is_through,
        current=levels[current.number - 1] if current else None,
        levels=levels,
        entries=tuple(_entries(dispute, to_guest=partner is None)),
        outcome=_outcome(dispute),
        firms=tuple(_firm(dispute, place) for place in dispute.parties.all()),
        guests=() if partner is None else tuple(_guests(dispute, now, partner)),
        guest_until=None if guest is None else dispute_levels.last_day(guest.until),
        neutral=None if partner is None else _agreed(content, NEUTRAL_POINT),
        book=frozen.localised(content["rule_book"], language),
    )


def _by_firm(called: Iterable[dispute_levels.Called]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for person in called:
        firm = "" if person.partner is None else person.partner.name
        found.setdefault(firm, []).append(dispute_words.called(person))
    return tuple((firm, tuple(names)) for firm, names in found.items())


def _outcome(dispute: Dispute) -> Outcome | None:
    if dispute.outcome_by is None or dispute.outcome_by_partner is None or not dispute.outcome_at:
        return None
    return Outcome(
        text=dispute.outcome,
        revision=dispute.outcome_revision,
        by=dispute.outcome_by.name,
        firm=dispute.outcome_by_partner.name,
        at=dispute.outcome_at,
    )


def _firm(dispute: Dispute, place: DisputeParty) -> FirmRow:
    agreed = bool(dispute.outcome) and place.agreed_revision == dispute.outcome_revision
    return FirmRow(
        partner=place.partner,
        opened=place.partner_id == dispute.opened_by_partner_id,
        agreed=agreed,
        agreed_by=place.agreed_by.name if agreed and place.agreed_by else "",
        agreed_at=place.agreed_at if agreed else None,
    )


def _entries(dispute: Dispute, *, to_guest: bool) -> Iterable[EntryRow]:
    entries = dispute.entries.select_related("by", "partner")
    if to_guest:
        entries = entries.exclude(kind__in=GUESTS)
    for entry in entries:
        yield EntryRow(
            kind=entry.kind,
            by=entry.by.name,
            firm=entry.partner.name if entry.partner else "",
            at=entry.at,
            said=dispute_words.entry(entry),
            text=entry.text,
        )


def _guests(dispute: Dispute, now: datetime, partner: Partner) -> Iterable[GuestRow]:
    consents = Prefetch("consents", queryset=DisputeGuestConsent.objects.all())
    guests = dispute.guests.select_related("user", "invited_by_partner")
    for guest in guests.prefetch_related(consents):
        agreed = {consent.partner_id for consent in guest.consents.all()}
        state = guest_state(guest, now)
        running = dispute.is_open and state in ("asked", "admitted")
        yield GuestRow(
            pk=guest.pk,
            name=guest.user.name,
            state=state,
            last_day=dispute_levels.last_day(guest.until),
            invited_by=guest.invited_by_partner.name,
            missing=tuple(
                place.partner.name
                for place in dispute.parties.all()
                if place.partner_id not in agreed
            ),
            may_agree=running and partner.pk not in agreed,
            may_end=state in ("asked", "admitted"),
        )


def guest_state(guest: DisputeGuest, now: datetime) -> str:
    """asked: not all have agreed; admitted; over: her time ran out; ended by a firm."""
    if guest.ended_at is not None:
        return "ended"
    if guest.until <= now:
        return "over"
    return "asked" if guest.admitted_at is None else "admitted"


# ---- The text of the point ---------------------------------------------------------------------


def signed_text(
    version: AgreementVersion,
    content: Mapping[str, Any],
    key: str,
    pair: UUID | None,
    only: Iterable[Partner] | None = None,
) -> PointText:
    """A point as it was signed, in the reader's language; with ``pair`` from the annex of those.

    ``only``: what other firms said for themselves is left out.
    """
    parties = content["parties"]
    point = disputes.find_point(content, key)
    if pair is not None:
        annex = frozen.content(version.annexes.get(pair=pair).payload)
        point = next((each for each in annex["points"] if each["key"] == key), None)
        parties = annex["parties"]
    if point is None:
        raise KeyError(key)
    if only is not None:
        own = {str(firm.pk) for firm in only}
        parties = [party for party in parties if party["id"] in own]
        answers = [each for each in point["answers"] if each["partner"] in (None, *own)]
        point = {**point, "answers": answers}
    return _read(content, point, parties)


def _agreed(content: Mapping[str, Any], key: str) -> PointText | None:
    point = disputes.find_point(content, key)
    if point is None or not point["answers"]:
        return None
    return _read(content, point, content["parties"])


def _read(content: Mapping[str, Any], point: Mapping[str, Any], parties: Any) -> PointText:
    """One point of a text, read as the whole of it is read, and nothing else of it."""
    rule = {**content["rules"][0], "points": [{**point, "annex": False}]}
    alone = {key: value for key, value in content.items() if key not in ELSEWHERE}
    text = reading.read({**alone, "parties": parties, "rules": [rule]}, get_language() or "de")
    return text.rules[0].points[0]
