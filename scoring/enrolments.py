"""What a firm says of its designations: enrolled, renewed, given up; and where it stands with it.

Only Microsoft knows who is enrolled, so this is the firm's own word. Rows are only added: for one
designation the newest counts.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scoring import facts, history, months, status
from scoring.models import Enrolment, MonthResult
from scoring.status import Standing

if TYPE_CHECKING:
    from partners.models import Partner, User

MODERN_WORK = "Solutions Partner for Modern Work"
# Microsoft's six; all of a firm share an anniversary, so the others matter here too.
DESIGNATIONS = (
    MODERN_WORK,
    "Solutions Partner for Security",
    "Solutions Partner for Infrastructure (Azure)",
    "Solutions Partner for Digital & App Innovation (Azure)",
    "Solutions Partner for Data & AI (Azure)",
    "Solutions Partner for Business Applications",
)
FIRST_DAY = date(2022, 10, 3)  # the designations exist since
TICK = timedelta(microseconds=1)


class NotRecordable(Exception):
    """This cannot be recorded; ``str(error)`` is a translated sentence for the user."""


# ---- Reading -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Current:
    """Where a firm stands with Modern Work on one day, and what it says it holds."""

    standing: Standing
    held: list[Enrolment]

    @property
    def enrolment(self) -> Enrolment | None:
        """Its own word on Modern Work; the anniversary may have passed."""
        return next((row for row in self.held if row.designation == MODERN_WORK), None)


def held(partner: "Partner") -> list[Enrolment]:
    """The designations a firm says it holds, each with its newest row, Modern Work first.

    Also those whose anniversary has passed: nobody has said yet what became of them.
    """
    return _held([partner]).get(partner.pk, [])


def current(partner: "Partner", today: date) -> Current:
    return current_of([partner], today)[partner.pk]


def current_of(partners: "Collection[Partner]", today: date) -> "dict[UUID, Current]":
    """Where each of these firms stands, by its id, in two queries."""
    held_by = _held(partners)
    # Data count in the month that follows, so the window needs one month more.
    first = months.number(today) - status.MONTHS_BEFORE - 1
    results: dict[UUID, list[MonthResult]] = {}
    for row in (
        MonthResult.objects.filter(portfolio__partner__in=partners, month__gte=first)
        .select_related("portfolio")
        .only("month", "qualified", "portfolio__partner")
    ):
        results.setdefault(row.portfolio.partner_id, []).append(row)
    return {
        partner.pk: put_together(held_by.get(partner.pk, []), results.get(partner.pk, []), today)
        for partner in partners
    }


def put_together(held: list[Enrolment], results: Iterable[MonthResult], today: date) -> Current:
    """Where a firm stands with what it holds and the months of its history."""
    own = next((row for row in held if row.designation == MODERN_WORK), None)
    days = history.qualified_days(results)
    return Current(status.standing(days, today, anniversary=own.anniversary if own else None), held)


def _held(partners: "Collection[Partner]") -> "dict[UUID, list[Enrolment]]":
    newest: dict[tuple[UUID, str], Enrolment] = {}
    for row in Enrolment.objects.filter(partner__in=partners).select_related("recorded_by"):
        newest.setdefault((row.partner_id, row.designation), row)  # they come newest first
    found: dict[UUID, list[Enrolment]] = {}
    for row in newest.values():
        if row.ended_on is None:
            found.setdefault(row.partner_id, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (row.designation != MODERN_WORK, row.designation))
    return found


# ---- Recording -----------------------------------------------------------------------------------


@transaction.atomic
def record(
    partner: "Partner",
    designation: str,
    enrolled_on: date,
    *,
    by: "User | None",
    today: date,
    anniversary: date | None = None,
) -> Enrolment:
    """Record that a designation is held since ``enrolled_on``, or raise ``NotRecordable``.

    Without ``anniversary`` it is one year later, or the one of a designation held already, when
    that comes first; and one that comes later follows this one. What stands
    there already is not recorded again.
    """
    facts.lock(partner)
    if not FIRST_DAY <= enrolled_on <= today:
        raise NotRecordable(_("Please choose today or a day in the past, from 3 October 2022 on."))
    known = held(partner)
    others = [row for row in known if row.designation != designation]
    following: list[Enrolment] = []
    if anniversary is None:
        anniversary = status.anniversary_after(enrolled_on, [row.anniversary for row in others])
        following = [row for row in others if row.enrolled_on < anniversary < row.anniversary]
    if anniversary <= today:
        raise NotRecordable(
            _("That anniversary (%(day)s) has passed. Please enter the next one.")
            % {"day": _day(anniversary)}
        )
    if anniversary > status.enrolment_ends(status.one_year_later(today)):
        raise NotRecordable(_("The next anniversary is at most a year and a half away."))
    for row in known:
        said = (row.designation, row.enrolled_on, row.anniversary)
        if said == (designation, enrolled_on, anniversary) and not following:
            return row
    for row in following:
        _add(row, anniversary=anniversary, by=by)
    first = Enrolment(partner=partner, designation=designation, enrolled_on=enrolled_on)
    return _add(first, anniversary=anniversary, by=by)


@transaction.atomic
def renew(pk: UUID, *, by: "User | None", today: date) -> Enrolment:
    """Record a renewal for one more year, or raise ``NotRecordable``."""
    row = _locked(pk)
    if today < status.renewal_window(row.anniversary).first:
        raise NotRecordable(_("It is too early to renew: the months that decide have not begun."))
    return _add(row, anniversary=status.one_year_later(row.anniversary), by=by)


@transaction.atomic
def give_up(pk: UUID, *, by: "User | None", today: date) -> Enrolment:
    """Record that the designation is no longer held, or raise ``NotRecordable``."""
    row = _locked(pk)
    return _add(row, anniversary=row.anniversary, ended_on=today, by=by)


def _locked(pk: UUID) -> Enrolment:
    """A row that still counts, under the firm's lock: pressed twice, a button works once."""
    row = Enrolment.objects.select_related("partner").get(pk=pk)
    facts.lock(row.partner)
    if row not in held(row.partner):
        raise NotRecordable(_("Somebody has changed this meanwhile. Please look at it again."))
    return row


def _add(
    row: Enrolment, *, anniversary: date, by: "User | None", ended_on: date | None = None
) -> Enrolment:
    """Append what is now known of the designation of ``row``."""
    now = timezone.now()
    newest = Enrolment.objects.filter(partner=row.partner).first()
    if newest is not None:  # one row a moment, so that the newest is never in doubt
        now = max(now, newest.recorded_at + TICK)
    return Enrolment.objects.create(
        partner=row.partner,
        designation=row.designation,
        enrolled_on=row.enrolled_on,
        anniversary=anniversary,
        ended_on=ended_on,
        recorded_by=by,
        recorded_at=now,
    )


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
