"""What a firm says of its enrolment, and where it stands: facts, history and its own word."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from partners.models import Partner
from scoring import enrolments, months, perms
from scoring.enrolments import MODERN_WORK, NotRecordable
from scoring.models import Enrolment
from scoring.people import Certificate
from scoring.status import Status
from tests.factories import PartnerFactory, member
from tests.scoring.past import PEOPLE, growing, remember

pytestmark = pytest.mark.django_db

SECURITY = "Solutions Partner for Security"


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def record(firm: Partner, day: date, designation: str = MODERN_WORK, **options: Any) -> Enrolment:
    return enrolments.record(firm, designation, day, by=None, **({"today": day} | options))


def status_on(firm: Partner, today: date) -> str:
    return enrolments.current(firm, today).standing.status


def qualified_from(firm: Partner, *certified: tuple[date, date]) -> None:
    """Facts by which the score qualifies on these days alone: somebody holds MS-102 on them."""
    people = [
        Certificate("mcp:1", "Ada Ohm", "", "MS-102", first, last) for first, last in certified
    ]
    labels = [months.label(months.number(first) - 1) for first, _ in certified]
    before = [months.label(months.parse_label(label) - 12) for label in labels]
    remember(firm, growing(labels, small=before), [*PEOPLE[1:], *people])


# ---- From facts to a status: the cases of the window ---------------------------------------------


def test_W1_W2_one_day_of_the_facts_opens_the_window_for_six_months(firm: Partner) -> None:
    qualified_from(firm, (date(2024, 3, 5), date(2024, 3, 5)))

    assert status_on(firm, date(2024, 3, 4)) == Status.IN_PROGRESS
    assert status_on(firm, date(2024, 3, 5)) == Status.QUALIFIED
    assert status_on(firm, date(2024, 8, 15)) == Status.QUALIFIED
    assert enrolments.current(firm, date(2024, 8, 15)).standing.open_until == date(2024, 8, 31)
    assert status_on(firm, date(2024, 9, 1)) == Status.IN_PROGRESS


def test_W3_the_day_of_the_facts_decides_the_renewal(firm: Partner) -> None:
    qualified_from(firm, (date(2024, 3, 20), date(2024, 3, 20)))
    record(firm, date(2023, 8, 15))

    standing = enrolments.current(firm, date(2024, 8, 1)).standing
    assert (standing.status, standing.anniversary) == (Status.RENEWAL_DUE, date(2024, 8, 15))
    assert [months.label(month) for month in standing.months] == ["2024-03"]


def test_W5_a_drop_after_enrolling_changes_nothing_until_the_anniversary(firm: Partner) -> None:
    qualified_from(firm, (date(2024, 2, 5), date(2024, 2, 5)))
    record(firm, date(2024, 2, 10))

    assert status_on(firm, date(2024, 12, 1)) == Status.ENROLLED
    assert status_on(firm, date(2025, 2, 10)) == Status.RENEWAL_DUE
    lapsed = enrolments.current(firm, date(2025, 2, 11)).standing
    assert (lapsed.status, lapsed.has_lapsed) == (Status.IN_PROGRESS, True)


def test_W6_points_without_a_metric_do_not_qualify_whatever_the_total(firm: Partner) -> None:
    rows = growing(["2024-03"], small=["2023-03"])
    nobody_advanced = PEOPLE[1:]
    portfolio = remember(firm, rows, nobody_advanced)

    last = portfolio.history.get(month=months.parse_label("2024-03"))
    assert [track.exact for track in last.tracks if track.is_shown] == ["85"]
    assert status_on(firm, date(2024, 4, 15)) == Status.IN_PROGRESS


def test_W7_a_month_that_is_not_there_yet_qualifies_no_day(firm: Partner) -> None:
    remember(firm, growing(["2025-01"], small=["2024-01"]))
    standing = enrolments.current(firm, date(2025, 3, 10)).standing
    assert [months.label(month) for month in standing.months] == ["2025-02"]


def test_W8_the_second_designation_shares_the_anniversary_of_the_first(firm: Partner) -> None:
    record(firm, date(2022, 11, 10), SECURITY)
    record(firm, date(2023, 1, 5))

    held = enrolments.held(firm)
    assert [(row.designation, row.anniversary) for row in held] == [
        (MODERN_WORK, date(2023, 11, 10)),
        (SECURITY, date(2023, 11, 10)),
    ]


def test_W8_the_first_designation_told_later_moves_the_second(firm: Partner) -> None:
    record(firm, date(2023, 1, 5))
    record(firm, date(2022, 11, 10), SECURITY, today=date(2023, 2, 1))

    assert {row.anniversary for row in enrolments.held(firm)} == {date(2023, 11, 10)}
    assert Enrolment.objects.filter(partner=firm).count() == 3  # nothing was rewritten


# ---- What may be recorded ------------------------------------------------------------------------


def test_recording_keeps_who_and_when(firm: Partner) -> None:
    manager = member(firm, "manager")
    row = enrolments.record(firm, MODERN_WORK, date(2024, 5, 2), by=manager, today=date(2024, 5, 9))
    assert (row.anniversary, row.recorded_by) == (date(2025, 5, 2), manager)
    assert enrolments.held(firm) == [row]
    assert enrolments.held(PartnerFactory.create()) == []


def test_what_is_recorded_again_replaces_what_was_said_before(firm: Partner) -> None:
    record(firm, date(2024, 5, 2))
    corrected = record(firm, date(2024, 5, 3))
    assert enrolments.held(firm) == [corrected]
    assert Enrolment.objects.filter(partner=firm).count() == 2


def test_an_anniversary_that_is_named_stands(firm: Partner) -> None:
    record(firm, date(2024, 1, 5), SECURITY)
    row = record(firm, date(2022, 11, 2), anniversary=date(2024, 11, 2), today=date(2024, 2, 1))
    assert row.anniversary == date(2024, 11, 2)
    assert {other.anniversary for other in enrolments.held(firm)} == {
        date(2024, 11, 2),
        date(2025, 1, 5),
    }


@pytest.mark.parametrize(
    ("enrolled_on", "anniversary", "words"),
    [
        (date(2024, 5, 3), None, "today or a day in the past"),
        (date(2022, 10, 2), None, "from 3 October 2022"),
        (date(2023, 5, 2), None, "has passed"),
        (date(2024, 5, 1), date(2024, 5, 2), "has passed"),
        (date(2024, 5, 1), date(2025, 11, 1), "a year and a half"),
    ],
)
def test_dates_that_cannot_be_are_refused(
    firm: Partner, enrolled_on: date, anniversary: date | None, words: str
) -> None:
    with pytest.raises(NotRecordable, match=words):
        record(firm, enrolled_on, anniversary=anniversary, today=date(2024, 5, 2))
    assert not Enrolment.objects.exists()


def test_a_renewal_adds_a_year(firm: Partner) -> None:
    row = record(firm, date(2023, 8, 15))
    renewed = enrolments.renew(row.pk, by=None, today=date(2024, 8, 1))
    assert (renewed.enrolled_on, renewed.anniversary) == (date(2023, 8, 15), date(2025, 8, 15))
    assert status_on(firm, date(2024, 8, 16)) == Status.ENROLLED


def test_a_renewal_may_be_recorded_after_the_anniversary(firm: Partner) -> None:
    row = record(firm, date(2023, 8, 15))
    enrolments.renew(row.pk, by=None, today=date(2024, 10, 1))
    assert status_on(firm, date(2024, 10, 1)) == Status.ENROLLED


def test_a_renewal_before_its_window_is_refused(firm: Partner) -> None:
    row = record(firm, date(2023, 8, 15))
    with pytest.raises(NotRecordable, match="too early"):
        enrolments.renew(row.pk, by=None, today=date(2024, 2, 29))
    assert enrolments.renew(row.pk, by=None, today=date(2024, 3, 1)).anniversary.year == 2025


def test_a_button_pressed_twice_works_once(firm: Partner) -> None:
    row = record(firm, date(2023, 8, 15))
    enrolments.renew(row.pk, by=None, today=date(2024, 8, 1))
    with pytest.raises(NotRecordable, match="changed this meanwhile"):
        enrolments.renew(row.pk, by=None, today=date(2024, 8, 1))
    assert [held.anniversary for held in enrolments.held(firm)] == [date(2025, 8, 15)]


@pytest.mark.django_db(transaction=True)
def test_two_renewals_at_once_are_one() -> None:
    firm = PartnerFactory.create()
    row = record(firm, date(2023, 8, 15))

    def work() -> str:
        try:
            enrolments.renew(row.pk, by=None, today=date(2024, 8, 1))
        except NotRecordable:
            return "refused"
        finally:
            connection.close()
        return "renewed"

    with ThreadPoolExecutor(2) as pool:
        answers = [future.result(timeout=60) for future in [pool.submit(work), pool.submit(work)]]
    assert sorted(answers) == ["refused", "renewed"]
    assert Enrolment.objects.filter(partner=firm).count() == 2


def test_what_is_given_up_is_no_longer_held(firm: Partner) -> None:
    row = record(firm, date(2023, 8, 15))
    gone = enrolments.give_up(row.pk, by=None, today=date(2024, 1, 2))
    assert gone.ended_on == date(2024, 1, 2)
    assert enrolments.held(firm) == []
    assert status_on(firm, date(2024, 1, 2)) == Status.IN_PROGRESS
    with pytest.raises(NotRecordable):
        enrolments.give_up(row.pk, by=None, today=date(2024, 1, 2))
    record(firm, date(2024, 1, 3))
    assert status_on(firm, date(2024, 1, 3)) == Status.ENROLLED


@pytest.mark.parametrize("firms", [1, 3])
def test_many_firms_take_two_queries(firms: int, django_assert_num_queries: Any) -> None:
    partners = [PartnerFactory.create() for _ in range(firms)]
    for partner in partners:
        remember(partner, growing(["2024-03"], small=["2023-03"]))
        record(partner, date(2024, 4, 2))
    with django_assert_num_queries(2):
        found = enrolments.current_of(partners, date(2024, 4, 3))
    assert [one.standing.status for one in found.values()] == [Status.ENROLLED] * firms


ROLES: list[tuple[str, bool]] = [
    ("admin", True),
    ("manager", True),
    ("lead", False),
    ("specialist", False),
    ("signer", False),
    ("observer", False),
]


@pytest.mark.parametrize(("role", "expected"), ROLES)
def test_admins_and_partner_managers_speak_for_the_firm(
    firm: Partner, role: str, expected: bool
) -> None:
    assert perms.can_record_enrolment(member(firm, role), firm) is expected
    assert not perms.can_record_enrolment(member(PartnerFactory.create(), role), firm)
