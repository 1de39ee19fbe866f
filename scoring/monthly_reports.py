"""The reports that come by themselves: who gets them, once for each month of new data.

[I] Partner Center has new data around the 20th of a month. So from the 20th on, the first morning
that finds a newer month of data than the one reported last makes the reports of that day; data that
came in on the 3rd wait for the 20th, and of two months that came in together the newer is reported.

Each step may happen twice and may be cut off anywhere. The row of the month decides: it comes to be
together with its reports, in one transaction under the firm's lock, and stays open until all of
them are made and everybody has been told.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from documents import jobs
from documents.jobs import queue_on_commit
from partners import firm_log
from partners.models import Membership, Partner, User
from scoring import facts, months, notices, reports, scores
from scoring.models import (
    DesignationReport,
    Length,
    MonthlyReport,
    MonthOfData,
    ReportSubscription,
)

logger = logging.getLogger(__name__)

TASK = "scoring.tasks.monthly_report"
FIRST_DAY = 20  # of a month, in Berlin; the page of the archive names it, too
REMIND_FROM = 25
OPEN_FOR = timedelta(days=60)  # what could not be made by then is left alone


class NotSubscribable(Exception):
    """The person cannot get the report; ``str(error)`` is a translated sentence for the user."""


# ---- Who gets what -------------------------------------------------------------------------------


@transaction.atomic
def subscribe(membership_id: UUID, *, language: str, length: str, by: User) -> ReportSubscription:
    """From now on a member gets this report each month; asked for again, nothing changes.

    Raises ``NotSubscribable`` when the person has left the firm meanwhile.
    """
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership_id)
    if not Membership.objects.active().filter(pk=membership.pk).exists():
        raise NotSubscribable(_("This person no longer belongs to the firm."))
    row, new = ReportSubscription.objects.get_or_create(
        membership=membership, language=language, length=length, defaults={"made_by": by}
    )
    if new:
        _log(row, "report_subscribed", by)
    return row


@transaction.atomic
def unsubscribe(pk: UUID, *, by: User | None = None) -> None:
    """End a subscription; what was made for it stays in the archive."""
    row = ReportSubscription.objects.filter(pk=pk).first()
    if row is not None and row.delete()[0]:
        _log(row, "report_unsubscribed", by)


def _log(row: ReportSubscription, kind: str, by: User | None) -> None:
    partner, person = row.membership.partner, row.membership.user
    firm_log.record(
        partner, kind, by=by, about=person, language=str(row.language), length=str(row.length)
    )


# ---- Which firms are due -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stand:
    """What a firm with subscribers has, and what of it was reported."""

    partner: Partner
    newest: int | None  # month of data that a score of the day would use
    reported: int | None
    is_made: bool  # a report of this month of the calendar is there

    @property
    def is_due(self) -> bool:
        return self.newest is not None and (self.reported is None or self.newest > self.reported)

    @property
    def lacks_data(self) -> bool:
        """Nothing to report in this month of the calendar yet."""
        return not self.is_due and not self.is_made


def stands(today: date, partners: Collection[Partner] | None = None) -> list[Stand]:
    """Each firm with subscribers, or those of ``partners``, in one query."""
    found = Partner.objects.filter(is_active=True)
    if partners is not None:
        found = found.filter(pk__in=[partner.pk for partner in partners])
    subscribed = ReportSubscription.objects.active().filter(membership__partner=OuterRef("pk"))
    usable = MonthOfData.objects.filter(
        portfolio__partner=OuterRef("pk"), month__lt=months.number(today)
    )
    reported = MonthlyReport.objects.filter(partner=OuterRef("pk"))
    begins = datetime.combine(today.replace(day=1), time(), timezone.get_default_timezone())
    rows: Any = found.filter(Exists(subscribed)).annotate(
        newest=Subquery(usable.order_by("-month").values("month")[:1]),
        reported=Subquery(reported.order_by("-month").values("month")[:1]),
        is_made=Exists(reported.filter(created_at__gte=begins)),
    )
    return [Stand(row, row.newest, row.reported, row.is_made) for row in rows.order_by("pk")]


def without_new_data(partners: Collection[Partner], today: date) -> list[Stand]:
    """The firms whose subscribers get no report this month unless somebody brings data."""
    found = stands(today, partners)
    return [one for one in found if one.lacks_data] if today.day >= REMIND_FROM else []


# ---- Making them ---------------------------------------------------------------------------------


def start(today: date) -> int:
    """Queue every firm whose reports are due, and try again what failed; how many are due."""
    for monthly in _open():
        for report in monthly.reports.all():
            jobs.retry(report.document_id)
    if today.day < FIRST_DAY:
        return 0
    due = [one.partner.pk for one in stands(today) if one.is_due]
    for pk in due:
        queue_on_commit(TASK, pk)
    return len(due)


def make(partner_id: UUID | str, today: date) -> MonthlyReport | None:
    """Order the reports of one firm for its newest month of data; None when nothing is due.

    While a file is being written, the facts are half of that month and half of the one before:
    then the next morning makes them.
    """
    partner = Partner.objects.filter(pk=partner_id).first()
    if today.day < FIRST_DAY or partner is None or not _is_due(partner, today):
        return None
    if scores.data_state(partner)[1]:
        return None
    score = scores.compute(partner, today)
    with transaction.atomic():
        facts.lock(partner)  # two clocks at once: the second finds the row of the first
        if score.last_month is None or not _is_due(partner, today, score.last_month):
            return None
        wanted = sorted(set(_active(partner).values_list("length", "language")))
        monthly = MonthlyReport.objects.create(partner=partner, month=score.last_month, score=score)
        monthly.reports.set(
            reports.order(score.pk, language=language, length=length, by=None)
            for length, language in wanted
        )
    return monthly


def _is_due(partner: Partner, today: date, month: int | None = None) -> bool:
    """Whether there is something to report, and that of ``month`` where it is given."""
    found = [one for one in stands(today, [partner]) if one.is_due]
    return bool(found) and month in (None, found[0].newest)


def _active(partner: Partner) -> QuerySet[ReportSubscription]:
    return ReportSubscription.objects.active().filter(membership__partner=partner).order_by()


# ---- Telling -------------------------------------------------------------------------------------


def document_is_there(document_id: UUID | str) -> None:
    """A report may have become ready: tell those who wait for it."""
    for monthly in _open().filter(reports__document__pk=document_id):
        tell(monthly)


def sweep() -> int:
    """Tell of reports that a worker had no time to tell of any more; how many months are done."""
    return sum(tell(monthly) for monthly in _open())


def _open() -> QuerySet[MonthlyReport]:
    return MonthlyReport.objects.filter(
        told_at=None, created_at__gte=timezone.now() - OPEN_FOR
    ).select_related("partner")


@transaction.atomic
def tell(monthly: MonthlyReport) -> bool:
    """Write a mail for each subscriber whose report is ready; True when that were all.

    Told again, nobody gets a second one: a person has one notice of a report for ever.
    """
    made = list(monthly.reports.select_related("document", "score"))
    ready = {
        (report.length, report.language): report for report in made if report.document.is_ready
    }
    for row in _active(monthly.partner).select_related("membership__user", "membership__partner"):
        report = ready.get((row.length, row.language))
        if report is not None:
            _tell_one(monthly.partner, report, row.membership)
    if len(ready) < len(made):
        return False
    open_one = MonthlyReport.objects.filter(pk=monthly.pk, told_at=None)
    return bool(open_one.update(told_at=timezone.now()))


def _tell_one(partner: Partner, report: DesignationReport, membership: Membership) -> None:
    with translation.override(membership.user.language):
        title = title_of(report)
    notices.tell(
        partner,
        "report_ready",
        [membership],
        key=str(report.pk),
        path=f"{reverse('scoring:reports')}#report-{report.pk}",
        report=title,
        day=report.score.as_of.isoformat(),
    )


def title_of(report: DesignationReport) -> str:
    """What it is, without firm and day, in the active language."""
    if report.length == Length.SHORT:
        return _("Designation report on one page")
    return _("Designation report, full with the ledger")


def of_firm(partner: Partner) -> Iterable[ReportSubscription]:
    """Who of a firm gets what, by name."""
    found = ReportSubscription.objects.active().filter(membership__partner=partner)
    return found.select_related("membership__user", "made_by")
