"""The reports that come by themselves: once for each new month of data, and a mail to each."""

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery import current_app
from django.core import mail
from django.utils import timezone, translation

from documents import jobs
from documents.models import Document
from partners.models import Membership, Partner, User
from scoring import monthly_reports, notices, reports, scores, waiting
from scoring.models import (
    DesignationReport,
    MonthlyReport,
    MonthOfData,
    Notice,
    PartnerCenterImport,
    ReportSubscription,
    Score,
)
from scoring.monthly_reports import NotSubscribable
from scoring.tasks import build_report, monthly_report, sweep_monthly_reports
from scoring.tasks import monthly_reports as monthly_reports_task
from tests import blank
from tests.factories import PartnerFactory, member
from tests.racing import at_once
from tests.scoring.past import growing, remember, span, store

pytestmark = pytest.mark.django_db

DAY = date(2025, 3, 21)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(datetime(2025, 3, 21, 6, 0, tzinfo=BERLIN), tick=True):
        yield


@pytest.fixture(autouse=True)
def broker() -> Iterator[Any]:
    with mock.patch.object(current_app, "send_task") as sent:
        yield sent


@pytest.fixture
def firm() -> Partner:
    partner: Partner = PartnerFactory.create(name="Kern", slug="kern")
    bring(partner, "2025-02")
    return partner


def bring(partner: Partner, last: str) -> None:
    """The firm's data up to the month ``last``."""
    store(partner, growing([last], ["2024-02"]))


def place(user: User) -> Membership:
    return user.memberships.get()


def subscribed(firm: Partner, *wanted: tuple[str, str], trait: str = "observer") -> User:
    user = member(firm, trait)
    User.objects.filter(pk=user.pk).update(language="en")
    for length, language in wanted or (("short", "de"),):
        monthly_reports.subscribe(place(user).pk, language=language, length=length, by=user)
    return user


def make_pdfs() -> None:
    for document in Document.objects.unfinished():
        jobs.build(document.pk, blank.pdf)


def told() -> list[tuple[str, str]]:
    """Who was told of which report."""
    rows = Notice.objects.filter(kind="report_ready").order_by("person__email", "path")
    return [(row.person.email, row.data["report"]) for row in rows]


# ---- Subscribing ---------------------------------------------------------------------------------


def test_subscribing_twice_is_subscribing_once(firm: Partner) -> None:
    user = subscribed(firm, ("short", "de"), ("full", "de"), ("short", "de"))
    assert ReportSubscription.objects.count() == 2
    monthly_reports.unsubscribe(ReportSubscription.objects.get(length="full").pk)
    (left,) = monthly_reports.of_firm(firm)
    assert (left.membership.user, left.length, left.language) == (user, "short", "de")


def test_who_has_left_cannot_be_subscribed(firm: Partner) -> None:
    user = member(firm, "observer")
    own = place(user)
    user.memberships.update(left_at=timezone.now())
    with translation.override("en"), pytest.raises(NotSubscribable, match="no longer belongs"):
        monthly_reports.subscribe(own.pk, language="de", length="short", by=user)
    assert ReportSubscription.objects.count() == 0


def test_a_subscription_ends_with_the_membership_and_does_not_come_back(firm: Partner) -> None:
    user = subscribed(firm)
    user.memberships.update(left_at=timezone.now())
    Membership.objects.create(partner=firm, user=user, is_observer=True)  # comes back
    assert list(monthly_reports.of_firm(firm)) == []
    assert monthly_reports.make(firm.pk, DAY) is None


def test_a_closed_account_gets_nothing(firm: Partner) -> None:
    user = subscribed(firm)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert monthly_reports.make(firm.pk, DAY) is None


# ---- When ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "is_made"),
    [
        (date(2025, 3, 3), False),  # the data are there; Partner Center's month is not over yet
        (date(2025, 3, 19), False),
        (date(2025, 3, 20), True),
        (date(2025, 3, 31), True),
        (date(2025, 4, 1), False),
        (date(2025, 4, 20), True),
    ],
)
def test_reports_are_made_from_the_twentieth_on(day: date, is_made: bool, firm: Partner) -> None:
    subscribed(firm)
    assert (monthly_reports.make(firm.pk, day) is not None) is is_made
    assert monthly_reports.start(day) == (0 if is_made or day.day < 20 else 1)


def test_without_subscribers_nothing_is_made(firm: Partner) -> None:
    member(firm, "manager")
    assert monthly_reports.start(DAY) == 0
    assert monthly_reports.make(firm.pk, DAY) is None


def test_a_month_is_reported_once_and_the_next_one_when_its_data_are_there(firm: Partner) -> None:
    subscribed(firm)
    first = monthly_reports.make(firm.pk, DAY)
    assert first is not None
    assert first.score.last_month == first.month == 2025 * 12 + 1
    assert monthly_reports.make(firm.pk, date(2025, 3, 22)) is None
    assert monthly_reports.make(firm.pk, date(2025, 4, 22)) is None

    bring(firm, "2025-03")
    second = monthly_reports.make(firm.pk, date(2025, 4, 23))
    assert second is not None
    assert second.month == 2025 * 12 + 2
    (report,) = second.reports.all()
    assert report.since == first.score


def test_of_two_months_that_came_in_together_the_newer_is_reported(firm: Partner) -> None:
    subscribed(firm)
    monthly_reports.make(firm.pk, DAY)
    store(firm, growing(["2025-03", "2025-04"], ["2024-03", "2024-04"]))
    made = monthly_reports.make(firm.pk, date(2025, 5, 20))
    assert made is not None
    assert made.month == 2025 * 12 + 3
    assert monthly_reports.make(firm.pk, date(2025, 5, 21)) is None


def test_the_month_of_december_is_reported_in_january(firm: Partner) -> None:
    subscribed(firm)
    store(firm, growing(["2025-11"], ["2024-11"]))
    november = monthly_reports.make(firm.pk, date(2025, 12, 21))
    assert november is not None
    store(firm, growing(["2025-12"], ["2024-12"]))
    assert monthly_reports.make(firm.pk, date(2025, 12, 31)) is None  # no score uses it yet
    december = monthly_reports.make(firm.pk, date(2026, 1, 20))
    assert december is not None
    assert (november.month, december.month) == (2025 * 12 + 10, 2025 * 12 + 11)


def test_data_of_the_running_month_are_not_waited_for(firm: Partner) -> None:
    subscribed(firm)
    store(firm, growing(["2025-02", "2025-03"], ["2024-02"]))
    made = monthly_reports.make(firm.pk, DAY)
    assert made is not None
    assert made.month == 2025 * 12 + 1


def test_corrected_data_of_an_old_month_make_no_second_report(firm: Partner) -> None:
    subscribed(firm)
    monthly_reports.make(firm.pk, DAY)
    store(firm, growing(["2025-02"], ["2024-02"], count=4))
    assert monthly_reports.make(firm.pk, date(2025, 3, 25)) is None


def test_while_a_file_is_written_the_next_morning_makes_them(firm: Partner) -> None:
    subscribed(firm)
    row = PartnerCenterImport.objects.create(
        partner=firm, kind="office_usage", file_name="x.csv", state="running", work="commit"
    )
    assert monthly_reports.make(firm.pk, DAY) is None
    row.delete()
    assert monthly_reports.make(firm.pk, date(2025, 3, 22)) is not None


def test_a_firm_that_is_closed_gets_nothing(firm: Partner) -> None:
    subscribed(firm)
    Partner.objects.filter(pk=firm.pk).update(is_active=False)
    assert monthly_reports.start(DAY) == 0
    assert monthly_reports.make(firm.pk, DAY) is None


# ---- What is made --------------------------------------------------------------------------------


def test_each_wanted_report_is_ordered_once(firm: Partner) -> None:
    subscribed(firm, ("short", "de"), ("full", "en"))
    subscribed(firm, ("short", "de"))
    made = monthly_reports.make(firm.pk, DAY)
    assert made is not None
    assert sorted(made.reports.values_list("length", "language")) == [
        ("full", "en"),
        ("short", "de"),
    ]
    assert {report.document.requested_by for report in made.reports.all()} == {None}


def test_what_a_person_has_ordered_before_is_not_made_again(firm: Partner) -> None:
    user = subscribed(firm)
    day = timezone.localdate()
    ordered = reports.order(scores.compute(firm, day).pk, language="de", length="short", by=user)
    made = monthly_reports.make(firm.pk, day)
    assert made is not None
    assert list(made.reports.all()) == [ordered]
    assert DesignationReport.objects.count() == 1


def test_the_beat_queues_one_job_a_firm(
    firm: Partner, broker: Any, django_capture_on_commit_callbacks: Any
) -> None:
    other = PartnerFactory.create()
    bring(other, "2025-02")
    subscribed(firm)
    subscribed(other)
    PartnerFactory.create()
    with django_capture_on_commit_callbacks(execute=True):
        assert monthly_reports.start(DAY) == 2
    sent = sorted((*call.args, *call.kwargs["args"]) for call in broker.call_args_list)
    assert sent == sorted((monthly_report.name, str(one.pk)) for one in (firm, other))


def test_the_tasks_make_them_and_tell(firm: Partner) -> None:
    user = subscribed(firm)
    with mock.patch.object(reports, "_render", blank.pdf):
        monthly_reports_task()
        monthly_report(str(firm.pk))
        (document,) = Document.objects.all()
        build_report(str(document.pk))
    assert told() == [(user.email, "Designation report on one page")]
    sweep_monthly_reports()
    assert len(told()) == 1


# ---- Telling -------------------------------------------------------------------------------------


def test_each_subscriber_gets_a_link_once_the_report_is_ready(firm: Partner) -> None:
    german = subscribed(firm)
    english = subscribed(firm, ("full", "en"))
    member(firm, "manager")
    made = monthly_reports.make(firm.pk, DAY)
    assert made is not None
    assert monthly_reports.sweep() == 0
    assert told() == []  # nothing is ready

    make_pdfs()
    assert monthly_reports.sweep() == 1
    assert monthly_reports.sweep() == 0
    assert sorted(told()) == sorted(
        [
            (german.email, "Designation report on one page"),
            (english.email, "Designation report, full with the ledger"),
        ]
    )
    notices.send_due()
    letters = {letter.to[0]: letter for letter in mail.outbox}
    assert set(letters) == {german.email, english.email}
    report = made.reports.get(language="en")
    assert f"/designation/berichte/#report-{report.pk}" in letters[english.email].body
    assert all(not letter.attachments for letter in mail.outbox)
    assert all("points" not in letter.body for letter in mail.outbox)  # no figures


def test_a_report_that_waits_for_its_seal_is_told_of_later(firm: Partner) -> None:
    first = subscribed(firm, ("short", "de"))
    second = subscribed(firm, ("full", "de"))
    made = monthly_reports.make(firm.pk, DAY)
    assert made is not None
    ready = made.reports.get(length="short")
    jobs.build(ready.document_id, blank.pdf)
    monthly_reports.document_is_there(ready.document_id)
    assert [email for email, _ in told()] == [first.email]
    made.refresh_from_db()
    assert made.told_at is None

    make_pdfs()
    assert monthly_reports.sweep() == 1
    assert sorted(email for email, _ in told()) == sorted([first.email, second.email])


def test_who_has_cancelled_or_left_meanwhile_is_not_told(firm: Partner) -> None:
    cancelled, left, stays = (subscribed(firm) for _ in range(3))
    monthly_reports.make(firm.pk, DAY)
    ReportSubscription.objects.filter(membership__user=cancelled).delete()
    left.memberships.update(left_at=timezone.now())
    make_pdfs()
    monthly_reports.sweep()
    assert [email for email, _ in told()] == [stays.email]


def test_a_failed_pdf_is_tried_again_the_next_morning(firm: Partner) -> None:
    user = subscribed(firm)
    monthly_reports.make(firm.pk, DAY)
    Document.objects.update(state="failed", attempts=5)
    assert monthly_reports.sweep() == 0
    assert monthly_reports.start(date(2025, 4, 2)) == 0  # also before the 20th
    assert Document.objects.get().state == "queued"
    make_pdfs()
    assert monthly_reports.sweep() == 1
    assert [email for email, _ in told()] == [user.email]


def test_what_could_not_be_made_in_two_months_is_left_alone(firm: Partner) -> None:
    subscribed(firm)
    monthly_reports.make(firm.pk, DAY)
    with time_machine.travel(timezone.now() + timedelta(days=61)):
        make_pdfs()
        assert monthly_reports.sweep() == 0
    assert told() == []


# ---- Killed, and at once -------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for a worker that dies: nothing of the product catches it and goes on."""


@pytest.mark.parametrize("place_of_death", ["order", "second order", "set"])
def test_a_killed_worker_leaves_all_or_nothing(
    place_of_death: str, firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(firm, ("short", "de"), ("full", "de"))
    real, count = reports.order, itertools.count(1)

    def order(*args: Any, **options: Any) -> DesignationReport:
        number = next(count)
        if (place_of_death, number) in {("order", 1), ("second order", 2)}:
            raise Killed
        report = real(*args, **options)
        if (place_of_death, number) == ("set", 2):
            raise Killed
        return report

    with monkeypatch.context() as patch:
        patch.setattr(reports, "order", order)
        with pytest.raises(Killed):
            monthly_reports.make(firm.pk, DAY)
    assert (MonthlyReport.objects.count(), Document.objects.count()) == (0, 0)

    made = monthly_reports.make(firm.pk, date(2025, 3, 22))
    assert made is not None
    assert made.reports.count() == 2


def test_who_dies_while_telling_is_followed_by_the_sweep(
    firm: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [subscribed(firm) for _ in range(3)]
    monthly_reports.make(firm.pk, DAY)
    make_pdfs()
    real, count = notices.tell, itertools.count(1)

    def tell(*args: Any, **facts_of: Any) -> None:
        if next(count) == 2:
            raise Killed
        real(*args, **facts_of)

    with monkeypatch.context() as patch:
        patch.setattr(notices, "tell", tell)
        with pytest.raises(Killed):
            monthly_reports.sweep()
    assert told() == []
    assert monthly_reports.sweep() == 1
    assert sorted(email for email, _ in told()) == sorted(user.email for user in people)


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_make_one() -> None:
    firm = PartnerFactory.create(name="Kern", slug="kern")
    bring(firm, "2025-02")
    subscribed(firm, ("short", "de"), ("full", "en"))
    results = at_once(*[lambda: monthly_reports.make(firm.pk, DAY)] * 4)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert len([result for result in results if result is not None]) == 1
    assert (MonthlyReport.objects.count(), DesignationReport.objects.count()) == (1, 2)
    assert Score.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_everybody_once() -> None:
    firm = PartnerFactory.create(name="Kern", slug="kern")
    bring(firm, "2025-02")
    people = [subscribed(firm) for _ in range(3)]
    monthly_reports.make(firm.pk, DAY)
    make_pdfs()
    results = at_once(*[monthly_reports.sweep] * 4)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(results) == 1
    assert len(told()) == len(people)


# ---- Nothing new ---------------------------------------------------------------------------------


def lines(user: User, day: date) -> list[tuple[str, str]]:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN)
    with time_machine.travel(at), translation.override("en"):
        return [(line.title, line.detail) for line in waiting.for_user(user) if line.kind == "data"]


def test_one_line_asks_for_data_from_the_twenty_fifth_on(firm: Partner) -> None:
    manager = member(firm, "manager")
    observer = subscribed(firm)
    monthly_reports.make(firm.pk, DAY)
    MonthlyReport.objects.update(created_at=datetime(2025, 3, 21, 6, tzinfo=BERLIN))
    MonthOfData.objects.update(imported_at=datetime(2025, 4, 1, 6, tzinfo=BERLIN))

    assert lines(manager, date(2025, 3, 25)) == []  # reported in this month
    assert lines(manager, date(2025, 4, 24)) == []
    asked = [
        (
            "The monthly report waits for new data",
            "Kern: the newest month is February 2025, and it has been reported.",
        )
    ]
    assert lines(manager, date(2025, 4, 25)) == asked
    assert lines(observer, date(2025, 4, 25)) == []  # cannot bring any
    # Old data ask for the same: one line is enough.
    assert lines(manager, date(2025, 5, 26)) == asked

    bring(firm, "2025-03")
    assert [title for title, _ in lines(manager, date(2025, 4, 25))] != [asked[0][0]]


def test_a_firm_without_any_data_is_asked_too() -> None:
    firm = PartnerFactory.create(name="Neu")
    manager = subscribed(firm, trait="manager")
    assert lines(manager, date(2025, 3, 26)) == [
        ("The monthly report waits for new data", "Neu: no data have come in yet.")
    ]


def test_without_subscribers_nobody_is_asked(firm: Partner) -> None:
    manager = member(firm, "manager")
    remember(firm, growing(span("2025-01", "2025-01")))
    assert lines(manager, date(2025, 3, 26)) == []
    assert monthly_reports.without_new_data([firm], date(2025, 3, 26)) == []


@pytest.mark.parametrize("count", [1, 3])
def test_looking_for_due_firms_takes_one_query(count: int, django_assert_num_queries: Any) -> None:
    for _ in range(count):
        firm = PartnerFactory.create()
        bring(firm, "2025-02")
        for _ in range(count):
            subscribed(firm)
    with django_assert_num_queries(1):
        found = monthly_reports.stands(DAY)
    assert [one.is_due for one in found] == [True] * count
