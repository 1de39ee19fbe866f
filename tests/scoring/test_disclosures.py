"""What one firm sees of another one: only what is switched on, only while it is true, no more."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from partners.models import Partner, User
from scoring import disclosures, enrolments, imports, perms, rule_sets, scores
from scoring.disclosures import NotShowable
from scoring.enrolments import MODERN_WORK
from scoring.models import Disclosure, PartnerCenterImport
from scoring.people import Certificate
from scoring.shown import Badge, Shown
from tests.factories import MembershipFactory, PartnerFactory, member
from tests.racing import at_once
from tests.scoring.stage import hand_in
from tests.scoring.worlds import Row, office_usage, training

pytestmark = pytest.mark.django_db

TODAY = date(2025, 3, 25)
FEBRUARY = 2025 * 12 + 1
MET = "requirements met, as computed by this portal from data of February 2025"
NOTHING, DESIGNATION, METRIC = "nothing", "designation", "metric"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with (
        time_machine.travel(datetime(2025, 3, 25, 9, tzinfo=UTC), tick=False) as clock,
        translation.override("en"),
    ):
        yield clock


def usage(count: int, then: str = "2024-02") -> bytes:
    return office_usage(
        Row(f"Kunde {n:03d}", usage={then: (9, 2), "2025-02": (50, 60)}, begins_on=date(2023, 1, 5))
        for n in range(count)
    )


def bring(partner: Partner, tenants: int = 10, *, until: date = date(2026, 1, 31)) -> None:
    """Data by which SMB stands at 95 points with ten tenants, and at 35 with one."""
    hand_in(partner, usage(tenants))
    people = [
        Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 1, 31), until),
        Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)),
    ]
    hand_in(partner, training(people), name="people.csv")


@pytest.fixture
def owner() -> Partner:
    """A firm that meets the requirements."""
    partner: Partner = PartnerFactory.create(name="Nord")
    bring(partner)
    return partner


@pytest.fixture
def reader() -> Partner:
    return PartnerFactory.create(name="Süd")


def show(owner: Partner, to: Partner | None, what: str, **options: Any) -> Disclosure:
    return disclosures.show(owner, to, what, by=member(owner, "manager"), **options)


def seen(reader: Partner, owner: Partner) -> list[str]:
    shown = disclosures.shown_to(reader, owner, timezone.localdate())
    return [*shown.lines, shown.basis] if shown else []


def badge(owner: Partner) -> Badge | None:
    return disclosures.badges([owner], timezone.localdate()).get(owner.pk)


def why_not(owner: Partner) -> list[str]:
    return disclosures.known(owner, timezone.localdate()).why_not


# ---- What is seen --------------------------------------------------------------------------------


def test_nothing_is_shown_unless_somebody_switches_it_on(owner: Partner, reader: Partner) -> None:
    assert disclosures.known(owner, TODAY).badge == Badge(is_enrolled=False, month=FEBRUARY)
    assert seen(reader, owner) == []
    assert badge(owner) is None
    assert disclosures.chosen(owner) == disclosures.Chosen(None, [])
    assert disclosures.showing_to(reader) == []


def test_badge_is_seen_by_everybody_and_has_no_number(owner: Partner, reader: Partner) -> None:
    show(owner, None, DESIGNATION)

    assert badge(owner) == Badge(is_enrolled=False, month=FEBRUARY)
    assert seen(reader, owner) == [f"{MODERN_WORK}: {MET}", ""]
    assert disclosures.shown_to(reader, owner, TODAY) == Shown(
        badge=Badge(is_enrolled=False, month=FEBRUARY)
    )


def test_designation_is_seen_by_the_firm_it_is_for(owner: Partner, reader: Partner) -> None:
    show(owner, reader, DESIGNATION)
    third = PartnerFactory.create()

    assert seen(reader, owner) == [
        f"{MODERN_WORK}: In progress; requirements met, SMB at 95 of 100 points",
        "Data of February 2025, computed by this portal for 25/03/2025.",
    ]
    assert seen(third, owner) == []
    assert badge(owner) is None
    assert disclosures.showing_to(reader) == [owner]
    assert disclosures.showing_to(third) == []


def test_designation_is_seen_while_it_is_not_met(reader: Partner) -> None:
    weak = PartnerFactory.create()
    bring(weak, 1)
    show(weak, reader, DESIGNATION)
    assert seen(reader, weak)[0] == (
        f"{MODERN_WORK}: In progress; requirements not met, SMB at 31 of 100 points"
    )


def test_one_metric_is_seen_and_nothing_else(owner: Partner, reader: Partner) -> None:
    show(owner, reader, METRIC, track="smb", metric="usage_growth")
    assert seen(reader, owner) == [
        "SMB: Usage growth, 30.0 of 30 points (+600 users)",
        "Data of February 2025, computed by this portal for 25/03/2025.",
    ]
    shown = disclosures.shown_to(reader, owner, TODAY)
    assert shown is not None
    assert (shown.badge, shown.designation) == (None, None)

    show(owner, reader, METRIC, track="enterprise", metric="intermediate_certifications")
    assert seen(reader, owner)[0] == (
        "Enterprise: Intermediate certifications, 2.5 of 10 points (1 person)"
    )


def test_badge_and_metric_stand_side_by_side(owner: Partner, reader: Partner) -> None:
    show(owner, None, DESIGNATION)
    show(owner, reader, METRIC, track="smb", metric="deployments")
    assert seen(reader, owner)[:2] == [
        f"{MODERN_WORK}: {MET}",
        "SMB: Deployments, 25.0 of 25 points (+10 tenants)",
    ]


def test_each_direction_is_a_choice_of_its_own(owner: Partner, reader: Partner) -> None:
    bring(reader, 1)
    show(owner, reader, DESIGNATION)
    assert seen(owner, reader) == []

    show(reader, owner, METRIC, track="smb", metric="net_customer_adds")
    show(owner, reader, NOTHING)
    assert seen(reader, owner) == []
    assert seen(owner, reader)[0] == "SMB: Net customer adds, 2.0 of 20 points (+1 tenant)"


def test_a_metric_that_the_rules_no_longer_have_is_not_seen(
    owner: Partner, reader: Partner
) -> None:
    Disclosure.objects.create(
        partner=owner, to=reader, what=METRIC, track="smb", metric="lines_of_code"
    )
    assert seen(reader, owner) == []


# ---- Only while it is true -----------------------------------------------------------------------


def test_badge_vanishes_when_a_certificate_expires_overnight(
    reader: Partner, clock: time_machine.Traveller
) -> None:
    owner = PartnerFactory.create()
    bring(owner, until=TODAY)
    show(owner, None, DESIGNATION)
    show(owner, reader, DESIGNATION)
    clock.move_to(datetime(2025, 3, 25, 22, 59, tzinfo=UTC))  # 23:59 in Berlin
    assert badge(owner) is not None

    clock.move_to(datetime(2025, 3, 25, 23, 0, tzinfo=UTC))  # midnight, and no new score yet
    assert badge(owner) is None
    assert why_not(owner) == [
        "A certificate that counted has expired since your newest score; the next one decides."
    ]
    assert seen(reader, owner)[0] == f"{MODERN_WORK}: In progress; SMB stood at 95 of 100 points"

    scores.compute(owner, timezone.localdate())
    assert badge(owner) is None
    assert why_not(owner) == ["Your newest score does not meet the requirements."]
    assert disclosures.chosen(owner).is_public  # nobody switched it off


def test_badge_comes_back_when_somebody_else_counts(clock: time_machine.Traveller) -> None:
    owner = PartnerFactory.create()
    bring(owner, until=TODAY)
    show(owner, None, DESIGNATION)
    clock.shift(timedelta(days=1))
    assert badge(owner) is None
    again = Certificate("mcp:2", "Bo Ek", "", "MS-102", date(2025, 3, 20), date(2026, 3, 20))
    hand_in(owner, training([again]), name="people2.csv")
    assert badge(owner) == Badge(is_enrolled=False, month=FEBRUARY)


def test_an_expiry_long_past_hides_nothing(owner: Partner) -> None:
    past = Certificate("mcp:3", "Cy Ur", "", "MS-102", date(2023, 1, 1), date(2024, 1, 1))
    hand_in(owner, training([past]), name="past.csv")
    show(owner, None, DESIGNATION)
    assert badge(owner) is not None


@pytest.mark.parametrize(("days", "is_shown"), [(7, True), (8, False)])
def test_an_old_score_stands_in_for_a_week(
    owner: Partner, clock: time_machine.Traveller, days: int, is_shown: bool
) -> None:
    show(owner, None, DESIGNATION)
    clock.shift(timedelta(days=days))
    assert (badge(owner) is not None) == is_shown
    assert why_not(owner) == ([] if is_shown else ["Your newest score is more than a week old."])


def test_badge_vanishes_with_an_import_that_is_undone(owner: Partner, reader: Partner) -> None:
    show(owner, None, DESIGNATION)
    show(owner, reader, METRIC, track="smb", metric="usage_growth")
    row = PartnerCenterImport.objects.get(partner=owner, file_name="usage.csv")
    assert badge(owner) is not None

    imports.undo(row.pk, by=None)
    imports.run(row.pk)

    assert badge(owner) is None
    assert why_not(owner) == ["Your newest score does not meet the requirements."]
    assert seen(reader, owner) == ["there is no score that proves this metric at the moment", ""]


def test_a_score_that_proves_nothing_shows_no_points(reader: Partner) -> None:
    owner = PartnerFactory.create()
    # Undated associations, and no month to compare with: nobody knows what has grown.
    rows = [Row(f"Kunde {n}", usage={"2025-02": (50, 60)}) for n in range(10)]
    early = [Row("Früh", usage={"2024-01": (50, 1)})]
    hand_in(owner, office_usage([*rows, *early]))
    show(owner, None, DESIGNATION)
    show(owner, reader, DESIGNATION)

    assert badge(owner) is None
    assert seen(reader, owner) == [
        f"{MODERN_WORK}: In progress; there is no score that proves more at the moment",
        "",
    ]
    assert why_not(owner) == [
        "The comparison month is missing in your data, so the score proves nothing."
    ]


def test_a_firm_without_data_has_no_badge(reader: Partner) -> None:
    owner = PartnerFactory.create()
    show(owner, None, DESIGNATION)
    show(owner, reader, DESIGNATION)
    assert badge(owner) is None
    assert why_not(owner) == ["There is no score by the rules in force today yet."]
    assert seen(reader, owner)[0].endswith("there is no score that proves more at the moment")


def test_scores_of_other_days_and_rules_are_not_taken() -> None:
    """A firm may compute what it likes: for earlier days, for later ones, by coming rules."""
    owner, other = PartnerFactory.create(), PartnerFactory.create()
    bring(owner, until=TODAY - timedelta(days=1))
    show(owner, None, DESIGNATION)
    assert scores.compute(owner, TODAY - timedelta(days=1)).designated
    assert badge(owner) is None
    assert why_not(owner) == ["Your newest score does not meet the requirements."]

    bring(other, until=TODAY)
    show(other, None, DESIGNATION)
    assert not scores.compute(other, TODAY + timedelta(days=1)).designated
    coming = rule_sets.get("modern-work-2026")
    assert scores.compute(other, TODAY, coming).rule_set == coming.key
    assert badge(other) is not None


# ---- Enrolled ------------------------------------------------------------------------------------


def enrol(owner: Partner, day: date = date(2024, 5, 10)) -> None:
    enrolments.record(owner, MODERN_WORK, day, by=None, today=TODAY, anniversary=date(2025, 5, 10))


def test_badge_of_an_enrolled_firm_stays_until_the_anniversary(
    clock: time_machine.Traveller,
) -> None:
    owner = PartnerFactory.create()
    bring(owner, 1)
    show(owner, None, DESIGNATION)
    assert badge(owner) is None
    enrol(owner)

    own = badge(owner)
    assert own is not None
    assert own.words == "enrolled, as the firm recorded in March 2025"
    clock.move_to(datetime(2025, 5, 10, 21, 59, tzinfo=UTC))  # the anniversary itself
    assert badge(owner) == own
    clock.move_to(datetime(2025, 5, 10, 22, 0, tzinfo=UTC))
    assert badge(owner) is None
    assert why_not(owner) == [
        "Your newest score does not meet the requirements.",
        "The anniversary 10 May 2025 has passed, and no renewal is recorded.",
    ]


def test_badge_of_an_enrolled_firm_tells_nothing_of_its_score(owner: Partner) -> None:
    weak = PartnerFactory.create()
    bring(weak, 1)
    for firm in (owner, weak):
        enrol(firm)
        show(firm, None, DESIGNATION)
    assert badge(owner) == badge(weak) == Badge(is_enrolled=True, month=2025 * 12 + 2)


def test_badge_vanishes_when_the_designation_is_given_up() -> None:
    owner = PartnerFactory.create()
    show(owner, None, DESIGNATION)
    enrol(owner)
    assert badge(owner) is not None
    enrolments.give_up(enrolments.held(owner)[0].pk, by=None, today=TODAY)
    assert badge(owner) is None


def test_another_designation_is_not_this_one() -> None:
    owner = PartnerFactory.create()
    show(owner, None, DESIGNATION)
    day = date(2024, 5, 10)
    enrolments.record(
        owner,
        "Solutions Partner for Security",
        day,
        by=None,
        today=TODAY,
        anniversary=date(2025, 5, 10),
    )
    assert badge(owner) is None


# ---- Firms that are closed -----------------------------------------------------------------------


def test_closed_firms_neither_see_nor_are_seen(owner: Partner, reader: Partner) -> None:
    show(owner, reader, DESIGNATION)
    show(owner, None, DESIGNATION)
    assert len(seen(reader, owner)) == 2

    reader.is_active = False
    reader.save()
    assert seen(reader, owner) == []
    reader.is_active, owner.is_active = True, False
    reader.save()
    owner.save()
    assert seen(reader, owner) == []
    assert badge(owner) is None
    assert disclosures.showing_to(reader) == []


def test_from_a_closed_firm_everything_can_be_taken_back(owner: Partner, reader: Partner) -> None:
    show(owner, reader, DESIGNATION)
    Partner.objects.filter(pk=reader.pk).update(is_active=False)
    reader.refresh_from_db()

    with pytest.raises(NotShowable, match="no longer on Handschlag"):
        show(owner, reader, METRIC, track="smb", metric="deployments")
    show(owner, reader, NOTHING)
    assert disclosures.chosen(owner).firms == []


# ---- Switching -----------------------------------------------------------------------------------


def test_rows_are_added_only_and_the_newest_counts(owner: Partner, reader: Partner) -> None:
    """The clock stands still: the order does not hang on it."""
    for what in (DESIGNATION, DESIGNATION, NOTHING, NOTHING, DESIGNATION):
        show(owner, reader, what)
    show(owner, None, DESIGNATION)
    show(owner, None, NOTHING)

    rows = Disclosure.objects.filter(partner=owner)
    assert [(row.what, row.to) for row in rows] == [
        (NOTHING, None),
        (DESIGNATION, None),
        (DESIGNATION, reader),
        (NOTHING, reader),
        (DESIGNATION, reader),
    ]
    chosen = disclosures.chosen(owner)
    assert not chosen.is_public
    assert [row.to for row in chosen.firms] == [reader]


@pytest.mark.parametrize(
    ("to", "what", "options", "words"),
    [
        ("owner", DESIGNATION, {}, "Your own firm sees its score anyway."),
        (
            None,
            METRIC,
            {"track": "smb", "metric": "deployments"},
            "Everybody may see the badge only; a metric goes to single firms.",
        ),
        ("reader", METRIC, {}, "Please choose the metric that this firm may see."),
        (
            "reader",
            METRIC,
            {"track": "smb", "metric": "total"},
            "Please choose the metric that this firm may see.",
        ),
    ],
)
def test_what_cannot_be_shown(
    owner: Partner,
    reader: Partner,
    to: str | None,
    what: str,
    options: dict[str, str],
    words: str,
) -> None:
    firm = {"owner": owner, "reader": reader, None: None}[to]
    with pytest.raises(NotShowable) as refusal:
        show(owner, firm, what, **options)
    assert str(refusal.value) == words
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"to": None, "what": METRIC, "track": "smb", "metric": "deployments"},
        {"to": "reader", "what": METRIC, "track": "smb"},
        {"to": "reader", "what": DESIGNATION, "track": "smb", "metric": "deployments"},
        {"to": "owner", "what": DESIGNATION},
    ],
)
def test_database_refuses_what_must_not_be(
    owner: Partner, reader: Partner, fields: dict[str, Any]
) -> None:
    firms = {"owner": owner, "reader": reader, None: None}
    with pytest.raises(IntegrityError), transaction.atomic():
        Disclosure.objects.create(partner=owner, **fields | {"to": firms[fields["to"]]})


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("admin", True),
        ("manager", True),
        ("signer", True),
        ("lead", False),
        ("specialist", False),
        ("observer", False),
    ],
)
def test_who_may_switch(owner: Partner, role: str, may: bool) -> None:
    person = member(owner, role)
    assert perms.can_disclose(person, owner) is may
    person.memberships.update(left_at=timezone.now())
    assert perms.can_disclose(person, owner) is False
    stranger = MembershipFactory.create(**{role: True}).user
    assert perms.can_disclose(stranger, owner) is False


# ---- What it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(reader: Partner, count: int, django_assert_num_queries: Any) -> None:
    firms = []
    for _number in range(count):
        firm = PartnerFactory.create()
        bring(firm)
        show(firm, None, DESIGNATION)
        show(firm, reader, DESIGNATION)
        firms.append(firm)
    with django_assert_num_queries(4):  # words, scores, enrolments, months
        assert len(disclosures.badges(firms, TODAY)) == count
    with django_assert_num_queries(4):
        assert len(disclosures.shown_by(reader, firms, TODAY)) == count
    for firm in firms:
        show(firm, None, NOTHING)
    with django_assert_num_queries(1):
        assert disclosures.badges(firms, TODAY) == {}
    with django_assert_num_queries(0):
        assert disclosures.badges([], TODAY) == {}


# ---- Two people at once --------------------------------------------------------------------------


@pytest.fixture
def two(transactional_db: None) -> tuple[Partner, Partner, list[User]]:
    firms = [PartnerFactory.create(), PartnerFactory.create()]
    return firms[0], firms[1], [member(firms[0], "manager"), member(firms[0], "signer")]


def step(owner: Partner, to: Partner | None, what: str, by: User) -> Callable[[], Disclosure]:
    return lambda: disclosures.show(owner, to, what, by=by)


@pytest.mark.django_db(transaction=True)
def test_two_people_switch_at_once(two: tuple[Partner, Partner, list[User]]) -> None:
    owner, other, (one, another) = two
    disclosures.show(owner, other, DESIGNATION, by=one)
    results = at_once(
        step(owner, other, NOTHING, one),
        step(owner, other, NOTHING, another),
    )
    assert results[0] == results[1]  # the second found it done
    assert Disclosure.objects.count() == 2

    results = at_once(
        step(owner, other, DESIGNATION, one),
        step(owner, None, DESIGNATION, another),
    )
    assert all(isinstance(row, Disclosure) for row in results)
    days = list(Disclosure.objects.values_list("changed_at", flat=True))
    assert len(set(days)) == len(days) == 4


@pytest.mark.django_db(transaction=True)
def test_two_firms_show_each_other_something_at_once(
    two: tuple[Partner, Partner, list[User]],
) -> None:
    owner, other, (one, _another) = two
    back = member(other, "manager")
    results = at_once(
        step(owner, other, DESIGNATION, one),
        step(other, owner, DESIGNATION, back),
    )
    assert all(isinstance(row, Disclosure) for row in results)
    assert disclosures.showing_to(owner) == [other]
    assert disclosures.showing_to(other) == [owner]
