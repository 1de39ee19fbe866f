"""People and workers at once where a firm plans: nothing lost, nothing twice, nothing half."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import time_machine

from partners.models import Partner, User
from scoring import bulk, claim_list, computed_tables, efforts, history, scenarios, scores
from scoring.claim_list import Noted, NotNotable
from scoring.models import (
    ComputedTable,
    EffortWeights,
    MonthAhead,
    MonthResult,
    Portfolio,
    Scenario,
    UnclaimedWork,
)
from scoring.scenario_changes import CountChanged
from scoring.scenarios import NotChangeable
from tests.factories import PartnerFactory, member
from tests.racing import at_once
from tests.scoring.stage import hand_in
from tests.scoring.test_plans import WORLD, row
from tests.scoring.worlds import AS_OF, guid, office_usage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(AS_OF.isoformat() + "T09:00Z", tick=True):
        yield


@pytest.fixture
def partner() -> Partner:
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage(WORLD))
    scores.compute(partner, AS_OF)
    history.refresh(partner.portfolio.pk)
    return partner


@pytest.fixture
def people(partner: Partner) -> list[User]:
    return [member(partner, "manager"), member(partner, "specialist")]


def stored(partner: Partner) -> tuple[Any, ...]:
    """All that the job keeps of a firm."""
    portfolio = Portfolio.objects.get(partner=partner)
    tables = ComputedTable.objects.filter(portfolio=portfolio).order_by("name")
    outcomes = [
        list(
            model.objects.filter(portfolio=portfolio)
            .order_by("month")
            .values_list("month", "rule_set", "result", "qualified")
        )
        for model in (MonthResult, MonthAhead)
    ]
    return (
        portfolio.history_version == portfolio.version,
        [(one.name, bytes(one.columns)) for one in tables],
        *outcomes,
    )


# ---- The months ----------------------------------------------------------------------------------


def test_two_refreshes_at_once_come_to_the_same(partner: Partner) -> None:
    before = stored(partner)
    Portfolio.objects.update(history_version=0)
    pk = partner.portfolio.pk
    results = at_once(lambda: history.refresh(pk), lambda: history.refresh(pk))
    assert results == [0, 0]  # no month has changed
    assert stored(partner) == before


def test_a_refresh_while_a_file_comes_in_never_keeps_the_older_facts(partner: Partner) -> None:
    later = office_usage([row("Nah", (50, 12), (50, 45))])
    pk = partner.portfolio.pk
    Portfolio.objects.update(history_version=0)
    imported, refreshed = at_once(lambda: hand_in(partner, later), lambda: history.refresh(pk))
    assert imported.state == "done"
    assert refreshed in (0, 1)
    history.refresh(pk)
    found = stored(partner)
    assert found[0]
    Portfolio.objects.update(history_version=0)
    history.refresh(pk)
    assert stored(partner) == found


class Killed(BaseException):
    """Stands for a worker that dies: nothing of the product catches it and goes on."""


@pytest.mark.parametrize("place", ["write", "tables", "settle"])
def test_a_killed_refresh_leaves_the_tables_of_before(
    place: str, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(partner, office_usage([row("Nah", (50, 12), (50, 45))]))
    before = stored(partner)
    assert not before[0]

    def die(*_given: Any, **_named: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if place == "write":
            patch.setattr(bulk, "write", die)
        elif place == "tables":
            patch.setattr(ComputedTable.objects, "bulk_create", die)
        else:
            patch.setattr(claim_list, "settle", die)
        with pytest.raises(Killed):
            history.refresh(partner.portfolio.pk)
    assert stored(partner) == before
    assert history.refresh(partner.portfolio.pk) == 1
    share = computed_tables.read(partner.portfolio, [computed_tables.NEAR_SHARE])
    assert stored(partner)[0]
    assert share[computed_tables.NEAR_SHARE].num_rows


# ---- Scenarios, notes, weights -------------------------------------------------------------------


def change(number: int) -> CountChanged:
    return CountChanged(track="smb", metric="usage_growth", option="CPOR", change=number)


def test_of_two_people_on_one_scenario_the_second_is_told(
    partner: Partner, people: list[User]
) -> None:
    scenario = scenarios.make(partner, "Plan", by=people[0])
    results = at_once(
        *[lambda n=n: scenarios.add(scenario.pk, change(n), seen=1) for n in (1, 2, 3)]
    )
    assert sorted(type(one).__name__ for one in results) == [
        "NotChangeable",
        "NotChangeable",
        "Scenario",
    ]
    scenario.refresh_from_db()
    assert (len(scenario.changes), scenario.version) == (1, 2)


def test_deleting_and_changing_at_once_is_one_of_both(partner: Partner, people: list[User]) -> None:
    scenario = scenarios.make(partner, "Plan", by=people[0])
    deleted, added = at_once(
        lambda: scenarios.delete(scenario.pk, seen=1),
        lambda: scenarios.add(scenario.pk, change(1), seen=1),
    )
    assert [isinstance(one, NotChangeable) for one in (deleted, added)].count(True) == 1
    assert Scenario.objects.exists() == isinstance(deleted, NotChangeable)


def test_a_firm_never_keeps_one_scenario_too_many(partner: Partner, people: list[User]) -> None:
    for number in range(scenarios.MOST_OF_A_FIRM - 1):
        scenarios.make(partner, str(number), by=people[0])
    first = Scenario.objects.first()
    assert first is not None
    results = at_once(
        lambda: scenarios.make(partner, "x", by=people[0]),
        lambda: scenarios.copy(first.pk, by=people[1]),
    )
    assert sum(isinstance(one, NotChangeable) for one in results) == 1
    assert Scenario.objects.count() == scenarios.MOST_OF_A_FIRM


def test_two_who_note_the_same_work_make_one_note(partner: Partner, people: list[User]) -> None:
    work = Noted("Neu", 5, 50, 10, tenant_id=UUID(guid("Unbekannt")))
    results = at_once(
        *[lambda by=by: claim_list.note(partner, work, by=by) for by in people],
    )
    assert sum(isinstance(one, NotNotable) for one in results) == 1
    row_pk = UnclaimedWork.objects.get().pk
    assert sorted(at_once(*[lambda: claim_list.close(row_pk)] * 2)) == [False, True]


def test_two_who_set_the_first_weights_leave_one_set_whole(
    partner: Partner, people: list[User]
) -> None:
    sets = [dict.fromkeys(efforts.NAMES, Decimal(number)) for number in (3, 4)]
    results = at_once(
        *[
            lambda by=by, values=values: efforts.change(partner, values, by=by)
            for by, values in zip(people, sets, strict=True)
        ]
    )
    assert all(isinstance(one, EffortWeights) for one in results), results
    kept = EffortWeights.objects.get(partner=partner)
    values = {name: getattr(kept, name) for name in efforts.NAMES}
    assert values == sets[people.index(kept.changed_by)]  # type: ignore[arg-type]
