"""Looking at the cooperation itself: when it is due, that it was held, and reminding people."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cooperation import frozen, notices, review_dates, standing, terms
from cooperation.agreements import NotPossible, lock, record, require_party
from cooperation.clock import each
from cooperation.kinds.base import TEXT_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import Agreement, AgreementEvent, AgreementVersion, Review
from cooperation.review_dates import Due
from cooperation.standing import Standing
from cooperation.working_days import day_of
from partners.models import Partner, User

AHEAD = timedelta(days=366)  # how far the page looks


@dataclass(frozen=True, slots=True)
class Plan:
    """The reviews of an agreement, in order: those that were held, and those to come."""

    dues: tuple[Due, ...]

    def next_on(self, today: date) -> date | None:
        """The next one to hold, be it overdue."""
        return next((due.on for due in self.dues if due.held_on is None), None)


def plan(found: Standing, today: date) -> Plan:
    """Up to a year ahead; empty while nothing is in force. Three queries."""
    if found.version is None:
        return Plan(())
    days = _days(found, today + AHEAD)
    rows = Review.objects.filter(agreement=found.agreement)
    held = dict(rows.values_list("due_on", "held_on"))
    # A review keeps its row when a later version moves the days.
    return Plan(tuple(Due(day, held.get(day)) for day in sorted({*days, *held})))


def _days(found: Standing, until: date) -> list[date]:
    assert found.version is not None  # noqa: S101 -- the callers have looked
    content = frozen.content(AgreementVersion.objects.get(pk=found.version.pk).payload)
    return review_dates.dates(
        terms.read(content),
        review_dates.rhythm(content),
        standing.first_day(found.version),
        found.last_day,
        until,
    )


@transaction.atomic
def hold(
    agreement_id: UUID, due_on: date, *, held_on: date, note: str, by: User, partner: Partner
) -> Review:
    """Say that the review due on a day was held; the first who says so counts.

    Raises ``InvalidAnswer`` (fields ``note``, ``held_on``) and ``NotPossible``.
    """
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    today = standing.today()
    found = standing.stands(agreement, today)
    if found.version is None:
        raise NotPossible(_("There is no agreement in force to look back on."))
    problems = Problems()
    cleaned = clean_text(note, "note", problems, limit=TEXT_LIMIT, lines=True)
    if held_on > today:
        problems.add("held_on", _("Please enter a day that is not in the future."))
    elif held_on < standing.first_day(found.version):
        problems.add("held_on", _("On that day the agreement was not in force yet."))
    problems.raise_if_any()
    if due_on not in _days(found, today + AHEAD):
        raise NotPossible(_("No review is due on that day."))
    try:
        with transaction.atomic():
            review = Review.objects.create(
                agreement=agreement,
                due_on=due_on,
                held_on=held_on,
                note=cleaned,
                by=by,
                partner=partner,
            )
    except IntegrityError:
        raise NotPossible(_("Somebody has noted this review already.")) from None
    notices.drop(agreement, "review_due", key=due_on.isoformat())
    said: dict[str, Any] = {"due_on": due_on.isoformat(), "held_on": held_on.isoformat()}
    record(agreement, AgreementEvent.Kind.REVIEWED, by=by, partner=partner, **said)
    return review


def run(now: datetime) -> None:
    """Remind of reviews a week ahead; see ``clock.py``."""
    rows = Agreement.objects.filter(versions__state=AgreementVersion.State.IN_FORCE)
    living = rows.exclude(status=Agreement.Status.ENDED).select_related("project")
    each(living, lambda agreement: _remind(agreement, day_of(now)))


def _remind(agreement: Agreement, today: date) -> None:
    found = standing.stands(agreement, today)
    if not found.runs or found.version is None:
        return
    held = set(Review.objects.filter(agreement=agreement).values_list("due_on", flat=True))
    day = review_dates.to_remind(_days(found, today + review_dates.REMIND), held, today)
    if day is None:
        return
    notices.tell(
        agreement,
        "review_due",
        notices.people(standing.firms_of(found.version), leads=True),
        key=day.isoformat(),
        path=reverse("cooperation:work", args=[agreement.pk]) + "#reviews",
        due_on=day.isoformat(),
    )
