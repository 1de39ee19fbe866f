"""A scenario says what an import of the changed data would make of a score, and writes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import transaction
from django.utils import translation
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from partners.models import Partner, User
from scoring import corrections, months, positions, rule_sets, scenarios, scores
from scoring.holdings import Association, Figures
from scoring.models import Association as AssociationRow
from scoring.models import Ledger, Portfolio, Scenario, Score, Tenant, UsageMonth
from scoring.people import Certificate
from scoring.positions import Position
from scoring.scenario_changes import (
    AssociationBegun,
    AssociationEnded,
    Broken,
    Change,
    CountChanged,
    CustomerLost,
    CustomersWon,
    NewFigures,
    NotRenewed,
    PersonCertified,
    PersonLeft,
    dump,
)
from scoring.scenario_outcomes import Outcome
from scoring.scenarios import Evaluated, NotChangeable
from tests.factories import PartnerFactory, member
from tests.racing import at_once
from tests.scoring import test_properties
from tests.scoring.stage import OLD, hand_in
from tests.scoring.test_what_if import AS_OF, LATER, NAMES, of_score, rows_of, shifted
from tests.scoring.worlds import WORKLOADS, Row, claims_export, guid, office_usage, training

PEOPLE = [
    Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 1, 31), date(2027, 1, 31)),
    Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), date(2027, 1, 31)),
    Certificate("mcp:2", "Bo Ek", "", "MS-700", date(2023, 1, 31), date(2024, 1, 31)),
    Certificate("mcp:3", "Cy Fo", "", "MS-900", date(2023, 1, 31)),
    Certificate("mcp:4", "Di Go", "", "MD-102", date(2023, 1, 31), is_linked=False),
]
database = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today() -> Iterator[time_machine.Traveller]:
    with (
        time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True) as clock,
        translation.override("en"),
    ):
        yield clock


def firm(
    rows: Sequence[Row],
    people: Sequence[Certificate] = tuple(PEOPLE),
    waiting: Sequence[Row] = (),
    *,
    day: date = AS_OF,
) -> Partner:
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage(rows))
    if waiting:
        hand_in(partner, claims_export(waiting, "Under review"), name="claims.csv")
    hand_in(partner, training(people), name="people.csv")
    scores.compute(partner, day)
    return partner


def standing(partner: Partner, day: date = AS_OF) -> Position:
    found = positions.of(partner, day)
    assert isinstance(found, Position)
    return found


def evaluate(partner: Partner, *changes: Change | Broken, day: date = AS_OF) -> Evaluated:
    stored = [{} if isinstance(one, Broken) else dump(one) for one in changes]
    return scenarios.evaluate(Scenario(partner=partner, changes=stored), standing(partner, day))


def tenant(name: str) -> UUID:
    return UUID(guid(name))


# ---- What it says is what an import would do -----------------------------------------------------


def of_outcome(outcome: Outcome) -> dict[str, Any]:
    """All that an outcome speaks of, as ``of_score`` has it."""
    return {
        track.track.key: (
            track.after.total,
            track.passes,
            {
                (key, option): (score.value, metric.points)
                for key, metric in track.after.metrics.items()
                for option, score in metric.options.items()
            },
        )
        for track in outcome.tracks
    }


OPTIONS = {"CSP Tier 2": "CSP"}


def key_of(row: Row) -> tuple[str, str, str]:
    return (row.tenant, row.workload, OPTIONS.get(row.option, row.option))


class ChangedData:
    """The rows of the files, with what a scenario says written into them: a second opinion."""

    def __init__(
        self, rows: Sequence[Row], people: Sequence[Certificate], waiting: Sequence[Row], day: date
    ) -> None:
        self.rows = {key_of(row): row for row in rows}
        self.people = list(people)
        self.waiting = {key_of(row) for row in waiting}
        self.later: list[tuple[bytes, str]] = []  # files that come after the others
        self.day = day
        self.last, self.before = f"{day.year}-02", f"{day.year}-01"
        self.end = date(day.year, 1, 31)

    # -- Of one row --

    def begins(self, row: Row) -> int:
        return (
            months.number(row.begins_on)
            if row.begins_on
            else min(months.parse_label(label) for label in row.usage)
        )

    def running(self, name: str, workload: str = "", option: str = "") -> list[Row]:
        """Rows with data in one of the two months, of associations that run in the last one."""
        last = months.parse_label(self.last)
        return [
            row
            for (tenant, own, by), row in self.rows.items()
            if tenant == name and workload in ("", WORKLOADS[own]) and option in ("", by)
            if self.last in row.usage or f"{self.day.year - 1}-02" in row.usage
            if self.begins(row) <= last <= (months.number(row.ended_on) if row.ended_on else 99999)
        ]

    # -- Changes --

    def figures(self, change: NewFigures) -> None:
        for row in self.running(change.customer, change.workload, change.option):
            old = row.usage.get(self.last)
            seats = change.seats if change.seats is not None else old and old[0]
            users = change.users if change.users is not None else old and old[1]
            assert seats is not None
            assert users is not None
            usage = {**row.usage, self.last: (seats, users)}
            begins_on = row.begins_on
            earlier = [
                label
                for label in row.usage
                if self.begins(row) <= months.parse_label(label) < months.parse_label(self.last)
            ]
            if old is not None and not earlier:
                # Its first figures are of the last month. They stay the ones that growth is
                # counted from, as if the association had begun with them a month before.
                usage[self.before] = old
                if begins_on and months.number(begins_on) == months.parse_label(self.last):
                    begins_on = date(self.day.year, 1, 1)
            self.rows[key_of(row)] = replace(row, usage=usage, begins_on=begins_on)

    def ended(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if self.begins(row) <= months.number(self.end):
                self.rows[key_of(row)] = replace(row, ended_on=self.end)
            else:
                del self.rows[key_of(row)]

    def begun(self, change: AssociationBegun, known: Figures | None) -> None:
        name = NAMES[change.workload]
        if (change.customer, name, change.option) in self.waiting:
            approved = [Row(change.customer, name, change.option)]
            self.later.append((claims_export(approved), "approved.csv"))
            return
        given = None
        if change.seats is not None and change.users is not None:
            start = change.users if change.users_at_start is None else change.users_at_start
            given = Figures(change.seats, change.users, start)
        association = Association(change.workload, change.option, given)
        rows = rows_of(association, change.customer, known, self.day)
        self.later.append((office_usage(rows), f"{change.id}.csv"))
        if change.option == "CPOR":
            self.later.append((claims_export(rows), f"{change.id}-claims.csv"))

    def won(self, change: CustomersWon) -> None:
        figures = Figures(change.seats, change.users, change.users_at_start)
        for number in range(change.number):
            for workload in change.workloads:
                association = Association(workload, change.option, figures)
                name = f"{change.id}-{number}"
                [row] = rows_of(association, name, None, self.day)
                self.rows[key_of(row)] = row

    def person(self, change: PersonCertified | NotRenewed | PersonLeft, expiring: bool) -> None:
        if isinstance(change, PersonCertified):
            keys = [change.person] if change.person else []
            keys = keys or [f"mcp:{change.id}{number}" for number in range(change.number)]
            self.people += [
                Certificate(key, change.name, "", change.certification, self.day) for key in keys
            ]
            return
        yesterday = self.day - timedelta(days=1)
        for place, row in enumerate(self.people):
            if row.person != change.person:
                continue
            if isinstance(change, PersonLeft):
                self.people[place] = row._replace(is_linked=False)
            elif row.certification == change.certification:
                is_old = expiring and row.completed_on < yesterday
                over = {"expires_on": yesterday} if is_old else {"is_linked": False}
                self.people[place] = row._replace(**over)

    def apply(self, change: Change, evaluated: Evaluated) -> None:
        if isinstance(change, NewFigures):
            self.figures(change)
        elif isinstance(change, AssociationEnded):
            self.ended(self.running(change.customer, change.workload, change.option))
        elif isinstance(change, CustomerLost):
            self.ended(self.running(change.customer))
        elif isinstance(change, AssociationBegun):
            holdings = evaluated.ground.customers[change.tenant]
            self.begun(change, holdings.known_figures(change.workload))
        elif isinstance(change, CustomersWon):
            self.won(change)
        else:
            assert isinstance(change, PersonCertified | NotRenewed | PersonLeft)
            known = evaluated.ground.rule_set.certifications
            expiring = isinstance(change, NotRenewed) and known[change.certification].expires
            self.person(change, expiring)

    def score(self) -> Score:
        waiting = [row for key, row in self.rows.items() if key in self.waiting]
        rows = list(self.rows.values())
        partner = firm(rows, self.people, waiting, day=self.day)
        for content, name in self.later:
            hand_in(partner, content, name=name)
        return scores.compute(partner, self.day)


tenants_known = st.sampled_from("ABCD")
workloads = st.sampled_from(["exchange", "teams", "sharepoint", "m365_copilot", "teams_premium"])
options = st.sampled_from(["CPOR", "DPOR", "CSP"])
figure = test_properties.seats


@st.composite
def of_customers(draw: st.DrawFn) -> Change:
    name = draw(tenants_known)
    subject: dict[str, Any] = {"tenant": tenant(name), "customer": name}
    kind = draw(st.sampled_from(["figures", "figures", "begun", "ended", "lost"]))
    if kind == "lost":
        return CustomerLost(**subject)
    subject["workload"] = draw(workloads)
    if kind == "ended":
        return AssociationEnded(**subject, option=draw(options | st.just("")))
    if kind == "figures":
        given = draw(st.tuples(figure | st.none(), figure | st.none()).filter(any))
        return NewFigures(
            **subject, option=draw(options | st.just("")), seats=given[0], users=given[1]
        )
    subject["option"] = draw(options)
    if draw(st.booleans()):
        return AssociationBegun(**subject)
    return AssociationBegun(
        **subject, seats=draw(figure), users=draw(figure), users_at_start=draw(figure | st.none())
    )


won = st.builds(
    CustomersWon,
    number=st.integers(1, 3),
    workloads=st.lists(workloads, min_size=1, max_size=2, unique=True).map(tuple),
    option=options,
    seats=figure,
    users=figure,
    users_at_start=figure,
)
certifications = st.sampled_from(["MS-102", "MS-700", "MS-900", "AB-900"])
people_known = st.sampled_from([f"mcp:{number}" for number in range(1, 6)])
of_people: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        PersonCertified,
        person=st.just(""),
        certification=certifications,
        number=st.integers(1, 3),
    ),
    st.builds(PersonCertified, person=people_known, certification=certifications),
    st.builds(NotRenewed, person=people_known, certification=certifications),
    st.builds(PersonLeft, person=people_known),
)


def about(change: Change) -> object:
    """Of two changes of one (customer, workload) or person only the first is kept."""
    if isinstance(change, NewFigures | AssociationBegun | AssociationEnded):
        return (change.customer, change.workload)
    if isinstance(change, CustomerLost):
        return change.customer
    if isinstance(change, CustomersWon | CountChanged):
        return change.id
    return change.person or change.id


def fitting(changes: Sequence[Change]) -> list[Change]:
    """Without what would be lost in the order of files: nothing else of a lost customer."""
    lost = {one.customer for one in changes if isinstance(one, CustomerLost)}
    return [
        one
        for one in changes
        if not isinstance(one, NewFigures | AssociationBegun | AssociationEnded)
        or one.customer not in lost
    ]


NEW_NOW = Row("A", "Teams", "CPOR", {"2025-02": (50, 30)}, begins_on=date(2025, 2, 7))


@example(  # began in the last month: what is more then has grown since
    world=[NEW_NOW],
    waiting=set(),
    changes=[NewFigures(tenant=tenant("A"), customer="A", workload="teams", users=45)],
    day=AS_OF,
)
@example(  # and ended it never was
    world=[NEW_NOW, Row("A", usage={"2024-02": (50, 3), "2025-02": (50, 3)})],
    waiting=set(),
    changes=[AssociationEnded(tenant=tenant("A"), customer="A", workload="teams")],
    day=AS_OF,
)
@example(
    world=[NEW_NOW],
    waiting={0},
    changes=[AssociationBegun(tenant=tenant("A"), customer="A", workload="teams", option="CPOR")],
    day=LATER,
)
@example(
    world=[Row("A", usage={"2024-02": (200, 30), "2025-02": (200, 30)})],
    waiting=set(),
    changes=[
        NewFigures(tenant=tenant("A"), customer="A", workload="exchange", seats=302, users=150),
        CustomerLost(tenant=tenant("B"), customer="B"),
        PersonLeft(person="mcp:1"),
        PersonCertified(person="mcp:2", certification="MS-102"),
    ],
    day=LATER,
)
@database
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    world=st.lists(test_properties.rows(), max_size=12, unique_by=key_of),
    waiting=st.sets(st.integers(0, 11), max_size=3),
    changes=st.lists(st.one_of(of_customers(), of_customers(), won, of_people), max_size=6),
    day=st.sampled_from([AS_OF, LATER]),
)
def test_outcome_is_what_an_import_of_the_changed_data_computes(
    today: time_machine.Traveller,
    world: list[Row],
    waiting: set[int],
    changes: list[Change],
    day: date,
) -> None:
    today.move_to(f"{day.isoformat()}T09:00:00+00:00")
    once = list({about(one): one for one in reversed(changes)}.values())[::-1]
    with transaction.atomic():
        try:
            _compare(shifted(world, day), waiting, fitting(once), day)
        finally:
            transaction.set_rollback(True)


def _compare(world: list[Row], waiting: set[int], changes: list[Change], day: date) -> None:
    # Every firm has data of both months, else there is nothing to compare with.
    sure = Row("Z", usage={f"{day.year}-02": (50, 9), f"{day.year - 1}-02": (50, 5)})
    claimed = [row for place, row in enumerate(world) if place in waiting and row.option == "CPOR"]
    partner = firm([*world, sure], PEOPLE, claimed, day=day)
    evaluated = evaluate(partner, *changes, day=day)

    data = ChangedData([*world, sure], PEOPLE, claimed, day)
    for change, problem in zip(changes, evaluated.outcome.problems, strict=True):
        event(f"{change.kind}: {'nothing' if problem else 'something'}")
        if not problem:
            data.apply(change, evaluated)

    assert of_outcome(evaluated.outcome) == of_score(data.score())


# ---- In words ------------------------------------------------------------------------------------

FEW = [
    Row("Contoso", usage={"2025-02": (50, 10), "2024-02": (50, 5)}, begins_on=OLD),
    Row("Fabrikam", usage={"2025-02": (50, 30), "2024-02": (50, 30)}, begins_on=OLD),
]


def contoso(**given: Any) -> NewFigures:
    return NewFigures(tenant=tenant("Contoso"), workload="exchange", **given)


@database
def test_without_changes_both_tracks_stand_as_they_do() -> None:
    partner = firm(FEW)
    evaluated = evaluate(partner)

    assert of_outcome(evaluated.outcome) == of_score(standing(partner).score)
    assert [track.gain for track in evaluated.outcome.tracks] == [0, 0]


@database
def test_each_change_alone_and_all_together() -> None:
    partner = firm(FEW)
    evaluated = evaluate(
        partner,
        contoso(users=20),  # deployed from 40 % on, and ten more users
        CountChanged(track="smb", metric="deployments", option="CPOR", change=5),
        contoso(seats=10),
    )
    smb = evaluated.outcome.tracks[1]
    alone = evaluated.effects()

    assert [one.gains["smb"] for one in alone] == [5 + Fraction(3, 5), 25, -Fraction(3, 10)]
    assert alone[0].moves == (
        ("smb", "usage_growth", "CPOR", 10),
        ("smb", "deployments", "CPOR", 1),
    )
    # The last change takes the seats away: not eligible any more, and Fabrikam stays.
    assert [move[1:] for move in alone[2].moves] == [
        ("net_customer_adds", "", -1),
        ("usage_growth", "CPOR", -10),
    ]
    assert smb.after.metrics["deployments"].value == 5
    assert smb.gain == 25 - Fraction(30 * 5, 500)


@database
def test_change_that_builds_on_another_does_nothing_alone() -> None:
    partner = firm(FEW)
    begins = AssociationBegun(
        tenant=tenant("Contoso"), workload="teams", option="CSP", seats=50, users=5
    )
    grows = NewFigures(tenant=tenant("Contoso"), workload="teams", option="CSP", users=30)
    evaluated = evaluate(partner, begins, grows)

    assert evaluated.outcome.problems == ("", "")
    assert [one.problem for one in evaluated.effects()] == [
        "",
        "Alone it changes nothing: it builds on another change.",
    ]
    growth = evaluated.outcome.tracks[1].after.metrics["usage_growth"].options["CSP"]
    assert growth.value == 25


@database
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            CustomerLost(tenant=tenant("Gone"), customer="Gone"),
            "Your newest data do not know this customer (any more), so nothing changes.",
        ),
        (
            PersonLeft(person="mcp:99"),
            "Your newest data do not know this person (any more), so nothing changes.",
        ),
        (
            PersonCertified(person="mcp:4", certification="MS-102"),
            "This person does not belong to the firm any more.",
        ),
        (
            NotRenewed(person="mcp:1", certification="MS-900"),
            "Your newest data do not know this certificate (any more), so nothing changes.",
        ),
        (
            PersonCertified(certification="AB-900"),
            "AB-900 earns no points under the rules of the day.",
        ),
        (
            CountChanged(track="smb", metric="usage_growth", option="DPOR", change=5),
            "The rules of the day do not know this count.",
        ),
        (
            CountChanged(track="moon", metric="usage_growth", option="CPOR", change=5),
            "The rules of the day do not know this count.",
        ),
        (
            AssociationBegun(tenant=tenant("Contoso"), workload="exchange", option="CPOR"),
            "You hold this association already.",
        ),
        (
            AssociationBegun(tenant=tenant("Contoso"), workload="teams", option="CPOR"),
            "Seats and active users of this workload are not known.",
        ),
        (
            AssociationEnded(tenant=tenant("Contoso"), workload="teams"),
            "You do not hold this association in the newest month of your data.",
        ),
        (
            AssociationEnded(tenant=tenant("Still"), workload="teams", option="CPOR"),
            "You hold this association already, but your newest data have nothing of it.",
        ),
        (
            CustomersWon(
                workloads=("windows365",), option="CPOR", seats=50, users=1, users_at_start=1
            ),
            "This workload does not count for Solutions Partner for Modern Work.",
        ),
        (
            contoso(option="PAL", users=3),
            "PAL does not count for Solutions Partner for Modern Work.",
        ),
        (Broken("x"), "Please take it out, and enter it again if you still need it."),
    ],
)
def test_change_that_does_nothing_says_why(change: Change | Broken, problem: str) -> None:
    quiet = Row("Still", "Teams", usage={"2024-09": (50, 10)}, begins_on=OLD)
    partner = firm([*FEW, quiet])
    evaluated = evaluate(partner, change)

    assert evaluated.outcome.problems == (problem,)
    assert [one.problem for one in evaluated.effects()] == [problem]
    assert [track.gain for track in evaluated.outcome.tracks] == [0, 0]


@database
def test_person_of_two_keys_is_one() -> None:
    twice = [
        Certificate("mcp:1", "Ada Ohm", "ada@x.example", "MS-102", OLD, date(2027, 1, 1)),
        Certificate("mail:ada@x.example", "Ada Ohm", "ada@x.example", "MS-700", OLD),
    ]
    partner = firm(FEW, twice)
    left = evaluate(partner, PersonLeft(person="mail:ada@x.example"), PersonLeft(person="mcp:1"))
    skills = left.outcome.tracks[1].after.metrics

    assert [skills[f"{level}_certifications"].value for level in ("intermediate", "advanced")] == [
        0,
        0,
    ]
    assert left.outcome.problems == ("", "This person does not belong to the firm any more.")


@database
def test_who_was_corrected_to_have_left_does_not_come_back() -> None:
    partner = firm(FEW)
    admin = member(partner, "admin")
    corrections.make(partner, "left", corrections.OfPerson("mcp:1"), reason="fort", by=admin)

    found = evaluate(partner, PersonCertified(person="mcp:1", certification="MS-102"))

    assert found.outcome.problems == ("This person does not belong to the firm any more.",)


@database
def test_without_the_comparison_month_no_track_passes() -> None:
    partner = firm([Row("A", usage={"2025-02": (50, 45)}, begins_on=OLD)])
    many = [
        CountChanged(track="smb", metric=metric, option=option, change=9_999)
        for metric, option in (
            ("net_customer_adds", ""),
            ("usage_growth", "CPOR"),
            ("deployments", "CPOR"),
        )
    ]
    smb = evaluate(partner, *many).outcome.tracks[1]

    assert smb.after.total >= 70
    assert not smb.passes


# ---- Speed ---------------------------------------------------------------------------------------


@database
@pytest.mark.parametrize("customers", [1, 30])
def test_reading_takes_as_many_queries_for_any_firm_and_writes_nothing(
    customers: int, django_assert_num_queries: Any
) -> None:
    names = ["Contoso", "Fabrikam", *(f"Kunde {n}" for n in range(customers))]
    usage = {"2024-02": (50, 5), "2025-02": (50, 10)}
    partner = firm([Row(name, usage=usage) for name in names])
    models = (Score, Ledger, Tenant, Portfolio, AssociationRow, UsageMonth)
    before = [model.objects.count() for model in models]
    changes: list[Change] = [
        contoso(users=30),
        CustomerLost(tenant=tenant("Fabrikam")),
        PersonLeft(person="mcp:1"),
        PersonCertified(certification="MS-102", number=2),
    ]
    own = [Scenario(partner=partner, changes=[dump(one) for one in changes]) for _ in range(3)]
    position = standing(partner)

    # tenants, their facts, what is held; corrections, certificates
    with django_assert_num_queries(5) as queries:
        found = scenarios.evaluate_all(own, position)
        assert all(len(one.effects()) == 4 for one in found)

    assert {query["sql"].split()[0] for query in queries.captured_queries} == {"SELECT"}
    assert [model.objects.count() for model in models] == before


# ---- Verbs ---------------------------------------------------------------------------------------


def begin(changes: Sequence[Change] = ()) -> tuple[Scenario, User]:
    partner: Partner = PartnerFactory.create()
    admin = member(partner, "admin")
    return scenarios.make(partner, "Plan A", by=admin, changes=changes), admin


LEFT = PersonLeft(person="mcp:1", name="Ada Ohm")


@database
def test_scenario_is_made_changed_and_deleted() -> None:
    scenario, admin = begin([LEFT])
    assert (scenario.name, scenario.version, scenario.made_by) == ("Plan A", 1, admin)
    lost = CustomerLost(tenant=tenant("Contoso"))

    scenarios.add(scenario.pk, lost, seen=1)
    scenarios.take_out(scenario.pk, LEFT.id, seen=2)
    scenarios.rename(scenario.pk, name="Plan B", note="für Mai", seen=3)
    scenario.refresh_from_db()

    assert (scenario.name, scenario.note, scenario.version) == ("Plan B", "für Mai", 4)
    assert scenario.changes == [dump(lost)]
    assert scenario.changed_at > scenario.made_at
    scenarios.take_out(scenario.pk, "gone already", seen=4)
    scenarios.delete(scenario.pk, seen=5)
    assert not Scenario.objects.exists()


@database
def test_scenario_without_a_name_gets_a_number() -> None:
    scenario, admin = begin()
    assert scenarios.make(scenario.partner, "  ", by=admin).name == "Scenario 2"


@database
def test_copy_has_the_same_changes_and_its_own_life() -> None:
    scenario, admin = begin([LEFT])
    scenario.changes = [*scenario.changes, {"kind": "stolen"}]
    scenario.name = "x" * 120
    scenario.save()

    copy = scenarios.copy(scenario.pk, by=admin)
    scenarios.take_out(copy.pk, LEFT.id, seen=1)
    scenario.refresh_from_db()

    assert (len(copy.name), copy.name[-8:]) == (120, "x (copy)")
    assert scenario.changes == [dump(LEFT), {"kind": "stolen"}]
    assert Scenario.objects.get(pk=copy.pk).changes == [{"kind": "stolen"}]


@database
@pytest.mark.parametrize("verb", ["add", "take_out", "rename", "delete"])
def test_who_has_not_seen_the_newest_version_changes_nothing(verb: str) -> None:
    scenario, _admin = begin([LEFT])
    scenarios.rename(scenario.pk, name="Plan B", note="", seen=1)
    steps: dict[str, Any] = {
        "add": lambda: scenarios.add(scenario.pk, LEFT, seen=1),
        "take_out": lambda: scenarios.take_out(scenario.pk, LEFT.id, seen=1),
        "rename": lambda: scenarios.rename(scenario.pk, name="C", note="", seen=1),
        "delete": lambda: scenarios.delete(scenario.pk, seen=1),
    }

    with pytest.raises(NotChangeable, match="was changed meanwhile"):
        steps[verb]()

    scenario.refresh_from_db()
    assert (scenario.name, scenario.version, len(scenario.changes)) == ("Plan B", 2, 1)


@database
def test_scenario_that_is_gone_is_said_so() -> None:
    scenario, admin = begin()
    scenarios.delete(scenario.pk, seen=1)
    with pytest.raises(NotChangeable, match="deleted this scenario meanwhile"):
        scenarios.add(scenario.pk, LEFT, seen=1)
    with pytest.raises(NotChangeable, match="deleted this scenario meanwhile"):
        scenarios.copy(scenario.pk, by=admin)


@database
def test_scenario_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [PersonLeft(person=f"mcp:{number}") for number in range(60)]
    scenario, admin = begin(many)
    with pytest.raises(NotChangeable, match="60 changes at most"):
        scenarios.add(scenario.pk, LEFT, seen=1)

    def won(number: int) -> CustomersWon:
        return CustomersWon(
            number=number,
            workloads=("teams",),
            option="CPOR",
            seats=9,
            users=9,
            users_at_start=9,
        )

    other = scenarios.make(scenario.partner, by=admin, changes=[won(300), won(200)])
    with pytest.raises(NotChangeable, match="500 new customers at most"):
        scenarios.add(other.pk, won(1), seen=1)

    monkeypatch.setattr(scenarios, "MOST_OF_A_FIRM", 2)
    with pytest.raises(NotChangeable, match="can keep 2 scenarios"):
        scenarios.make(scenario.partner, by=admin)
    with pytest.raises(NotChangeable, match="can keep 2 scenarios"):
        scenarios.copy(scenario.pk, by=admin)
    assert Scenario.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_changes_and_the_other_is_told() -> None:
    scenario, _admin = begin()
    other = PersonLeft(person="mcp:2")

    results = at_once(
        lambda: scenarios.add(scenario.pk, LEFT, seen=1),
        lambda: scenarios.add(scenario.pk, other, seen=1),
    )

    refused = [one for one in results if isinstance(one, NotChangeable)]
    scenario.refresh_from_db()
    assert len(refused) == 1
    assert len(scenario.changes) == 1
    assert scenario.version == 2


def test_rules_of_both_years_know_the_kinds_of_counts() -> None:
    """The forms name counts by track, metric and option: no key may hold what divides them."""
    for rule_set in rule_sets.all_sets():
        keys = [key for track in rule_set.tracks for key in (track.key, *track.options)]
        assert all(":" not in key for key in [*keys, *rule_set.workloads])
