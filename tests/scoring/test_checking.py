from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, models
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partners.models import Partner
from scoring import checking, imports, incidents, ledger_rows, scores
from scoring.checking import BeingWritten, Code, Difference
from scoring.models import (
    Association,
    Incident,
    Ledger,
    MonthOfData,
    PartnerCenterImport,
    Portfolio,
    Score,
    UsageMonth,
)
from tests.factories import PartnerFactory
from tests.scoring.stage import PEOPLE, hand_in, tenants
from tests.scoring.worlds import AS_OF, office_usage, training

pytestmark = pytest.mark.django_db


def scored() -> Score:
    """A firm with three tenants and two people, scored once."""
    partner: Partner = PartnerFactory.create()
    files = [("usage.csv", office_usage(tenants(3))), ("people.csv", training(PEOPLE))]
    imports.run_now(partner, [(name, ContentFile(content)) for name, content in files], as_of=AS_OF)
    return Score.objects.get(partner=partner)


@pytest.fixture
def score() -> Score:
    return scored()


def own(score: Score) -> Portfolio:
    return score.ledger.portfolio


def codes(portfolio: Portfolio) -> dict[str, int]:
    return {found.code.value: found.count for found in checking.check(portfolio)}


def test_what_was_computed_follows_from_the_facts(score: Score) -> None:
    assert checking.check(own(score)) == []


def test_firm_without_anything_is_in_order() -> None:
    partner: Partner = PartnerFactory.create()
    portfolio = Portfolio.objects.create(partner=partner)
    assert checking.check(portfolio) == []
    scores.compute(partner, AS_OF)
    assert checking.check(portfolio) == []


def test_check_writes_nothing(score: Score) -> None:
    with CaptureQueriesContext(connection) as queries:
        checking.check(own(score))
    words = {query["sql"].split()[0] for query in queries.captured_queries}
    assert words <= {"SELECT", "WITH", "SAVEPOINT", "RELEASE", "SET", "DECLARE"}


def first(rows: "models.QuerySet[Any]", **values: Any) -> None:
    """Change the first of these rows behind the back of everybody."""
    row = rows.order_by("pk").first()
    assert row is not None
    rows.model._default_manager.filter(pk=row.pk).update(**values)


def again(rows: "models.QuerySet[Any]", **values: Any) -> None:
    """The last of these rows once more, with other values."""
    row = rows.order_by("pk").last()
    assert row is not None
    for name, value in values.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def another_result(score: Score) -> None:
    score.result["tracks"][0]["metrics"][0]["options"][0]["value"] += 1
    Score.objects.filter(pk=score.pk).update(result=score.result)


def another_month(score: Score) -> None:
    assert score.last_month is not None
    UsageMonth.objects.filter(month=score.last_month).update(month=score.last_month - 1)


def month_without_data(score: Score) -> None:
    MonthOfData.objects.create(portfolio=own(score), month=24000, imported_at=timezone.now())


WRONG: dict[str, tuple[Callable[[Score], object], dict[str, int]]] = {
    # what somebody did, and what the check says
    "a figure changed": (
        lambda score: first(UsageMonth.objects.filter(month=score.last_month or 0), users=26),
        {"tenant_facts": 1, "contributions": 1, "sums": 1, "result": 1},
    ),
    "a contribution changed": (
        lambda score: first(score.ledger.contributions.all(), eligible_now=7),
        {"contributions": 1, "sums": 1, "earlier_scores": 1},
    ),
    "a reason changed": (
        lambda score: first(score.ledger.contributions.all(), reason=4),
        {"contributions": 1},
    ),
    "contributions are gone": (
        lambda score: score.ledger.contributions.filter(track=2, users_now=25).delete(),
        {"contributions": 3, "sums": 1, "earlier_scores": 1},
    ),
    "a contribution too many": (
        lambda score: again(score.ledger.contributions.all(), tenant_id=10_000),
        {"contributions": 1, "sums": 1, "earlier_scores": 1},
    ),
    "a contribution twice": (
        lambda score: again(score.ledger.contributions.all(), since=0),
        {"contributions": 1, "sums": 1, "earlier_scores": 1},
    ),
    "what was known of a tenant changed": (
        lambda score: first(score.ledger.tenant_facts.all(), claims="[]"),
        {"tenant_facts": 1},
    ),
    "an undated claim too many": (
        lambda score: first(score.ledger.tenant_facts.all(), derived=1),
        {"tenant_facts": 1, "sums": 1},
    ),
    "a person too many": (
        lambda score: again(
            score.ledger.person_contributions.filter(person="mcp:1"), person="mcp:9"
        ),
        {"people": 1, "sums": 1, "earlier_scores": 1},
    ),
    "a person of another name": (
        lambda score: score.ledger.person_contributions.update(name="X"),
        {"people": 3},
    ),
    "the result changed": (another_result, {"result": 1, "earlier_scores": 1}),
    "the designation changed": (
        lambda score: Score.objects.filter(pk=score.pk).update(designated=True),
        {"result": 1, "earlier_scores": 1},
    ),
    "a month of usage is another": (another_month, {"months": 1, "months_of_data": 2}),
    "a revision that never became valid": (
        lambda score: again(score.ledger.tenant_facts.all(), since=score.revision + 1),
        {"leftovers": 1},
    ),
    "a row that ends with such a revision": (
        lambda score: first(score.ledger.contributions.all(), until=score.revision + 1),
        {"leftovers": 1},
    ),
    "a baseline changed": (
        lambda score: first(Association.objects.all(), baseline_users=3),
        {"baselines": 1, "tenant_facts": 1},
    ),
    "a month that has no data": (month_without_data, {"months_of_data": 1}),
    "an association without its tenant": (
        lambda score: first(Association.objects.all(), tenant_id=10_000),
        {"unowned": 2, "baselines": 1, "tenant_facts": 1, "contributions": 4, "sums": 1},
    ),
    "no score": (lambda score: Score.objects.all().delete(), {"not_scored": 1}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_check_finds(score: Score, wrong: str) -> None:
    change, expected = WRONG[wrong]
    change(score)
    found = codes(own(score))
    assert {code: found[code] for code in expected} == expected
    allowed = set(expected) | ({"result"} if "baseline" in wrong or "without" in wrong else set())
    assert set(found) <= allowed


# ---- Incidents -----------------------------------------------------------------------------------


def test_difference_becomes_one_incident_until_it_is_gone(score: Score, caplog: Any) -> None:
    portfolio = own(score)
    [*_others, row] = score.ledger.contributions.order_by("-pk")
    first(score.ledger.contributions.all(), reason=4)
    [incident] = incidents.record(portfolio, checking.check(portfolio))
    assert (incident.code, incident.settled_at) == ("contributions", None)
    assert incident.details == {
        "count": 1,
        "tenants": [row.tenant_id],
        "ledger": score.ledger_id,
    }
    assert [record.levelname for record in caplog.records] == ["ERROR"]

    first(score.ledger.contributions.filter(track=2), reason=4)
    assert incidents.record(portfolio, checking.check(portfolio)) == [incident]
    incident.refresh_from_db()
    assert incident.details["count"] == 2

    checking.repair(portfolio, checking.check(portfolio))
    assert incidents.record(portfolio, checking.check(portfolio)) == []
    incident.refresh_from_db()
    assert incident.settled_at is not None
    assert Incident.objects.count() == 1


def test_incident_names_no_person_and_no_customer(score: Score) -> None:
    score.ledger.person_contributions.update(name="X")
    score.ledger.tenant_facts.update(claims="[]")
    found = incidents.record(own(score), checking.check(own(score)))
    text = str([row.details for row in found])
    assert {row.code for row in found} == {"people", "tenant_facts"}
    assert not any(word in text for word in ("Ada", "mcp", "Kunde", "X"))


def test_two_firms_have_their_own_incidents(score: Score) -> None:
    other = scored()
    score.ledger.tenant_facts.update(claims="[]")
    for portfolio in (own(score), own(other)):
        incidents.record(portfolio, checking.check(portfolio))
    assert [row.portfolio for row in Incident.objects.all()] == [own(score)]


def test_rows_of_no_firm_are_found(score: Score) -> None:
    assert checking.check_unowned() == []
    again(score.ledger.contributions.all(), ledger_id=10_000)
    again(UsageMonth.objects.all(), portfolio_id=10_000)
    [found] = checking.check_unowned()
    assert found == Difference(
        Code.UNOWNED, 2, {"scoring_contribution": 1, "scoring_usagemonth": 1}
    )
    [incident] = incidents.record(None, [found])
    assert incident.portfolio is None
    assert incidents.record(None, []) == []


# ---- Repair --------------------------------------------------------------------------------------

NOT_OF_THE_LEDGER = {
    "a baseline changed",
    "a month that has no data",
    "an association without its tenant",
    "a month of usage is another",
}


@pytest.mark.parametrize("wrong", sorted(WRONG.keys() - NOT_OF_THE_LEDGER))
def test_repair_leads_to_a_new_revision_that_is_right(score: Score, wrong: str) -> None:
    change, _expected = WRONG[wrong]
    change(score)
    portfolio = own(score)
    earlier = list(Score.objects.order_by("pk").values())
    repaired = checking.repair(portfolio, checking.check(portfolio))
    assert repaired is not None
    assert (repaired.partner, repaired.revision >= score.revision) == (portfolio.partner, True)
    left = {found.code for found in checking.check(portfolio)}
    assert left <= {Code.EARLIER_SCORES}
    # What was stored before is as it was.
    assert list(Score.objects.exclude(pk=repaired.pk).order_by("pk").values()) == [
        row for row in earlier if row["id"] != repaired.pk
    ]


def test_repair_has_nothing_to_do_where_the_ledger_is_right(score: Score) -> None:
    month_without_data(score)
    found = checking.check(own(score))
    assert [difference.code for difference in found] == [Code.MONTHS_OF_DATA]
    assert checking.repair(own(score), found) is None
    assert checking.repair(own(score), []) is None


def test_repair_keeps_the_rows_of_the_wrong_revision(score: Score) -> None:
    """A proof is never rewritten, not even a wrong one."""
    first(score.ledger.contributions.all(), eligible_now=7)
    before = ledger_rows.sums(score.ledger_id, score.revision)
    checking.repair(own(score), checking.check(own(score)))
    assert ledger_rows.sums(score.ledger_id, score.revision) == before


# ---- Somebody writes meanwhile -------------------------------------------------------------------


def test_check_waits_for_no_import(score: Score) -> None:
    row = PartnerCenterImport.objects.order_by("created_at").last()
    assert row is not None
    PartnerCenterImport.objects.filter(pk=row.pk).update(
        state=PartnerCenterImport.State.RUNNING, finished_at=None
    )
    with pytest.raises(BeingWritten, match="import"):
        checking.check(own(score))


def test_check_is_made_again_when_facts_change_meanwhile(
    score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checking._differences
    calls: list[int] = []

    def interrupted(portfolio: Portfolio) -> Any:
        calls.append(len(calls))
        if len(calls) == 1:
            hand_in(portfolio.partner, office_usage(tenants(5)))
        return real(portfolio)

    monkeypatch.setattr(checking, "_differences", interrupted)
    assert checking.check(own(score)) == []
    assert len(calls) == 2


def test_check_gives_up_when_facts_change_all_the_time(
    score: Score, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(portfolio: Portfolio) -> Any:
        Portfolio.objects.filter(pk=portfolio.pk).update(version=F("version") + 1)
        return []

    monkeypatch.setattr(checking, "_differences", changing)
    with pytest.raises(BeingWritten, match="all the time"):
        checking.check(own(score))


def test_rows_being_written_are_no_difference(score: Score) -> None:
    again(score.ledger.tenant_facts.all(), since=score.revision + 1)
    Ledger.objects.filter(pk=score.ledger_id).update(writer="x")
    assert checking.check(own(score)) == []


def test_score_of_rules_that_are_gone_is_named(score: Score) -> None:
    scores.compute(own(score).partner, AS_OF + timedelta(1))
    Score.objects.filter(pk=score.pk).update(rule_set="modern-work-1999")
    [found] = checking.check(own(score))
    assert (found.code, found.details) == (Code.EARLIER_SCORES, {"scores": [str(score.pk)]})


def test_every_code_has_its_sentence() -> None:
    assert all(code.label for code in Code)
    assert max(len(code.value) for code in Code) <= 40  # what an incident's column takes
