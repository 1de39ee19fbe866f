"""Several who score one firm at once, and those who die over it: nothing is lost, nothing half."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from partners.models import Partner
from scoring import bulk, checking, facts, ledger_rows, scores
from scoring.ledger_rows import Changes, Overtaken
from scoring.models import Association, Ledger, Score, Tenant, TenantFacts, UsageMonth
from tests.factories import PartnerFactory
from tests.scoring.stage import PEOPLE, hand_in
from tests.scoring.test_recomputation import FIRM, NAMES, TODAY, USAGE
from tests.scoring.worlds import Row, office_usage, training

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif(
    "connection.vendor != 'sqlite'", reason="elsewhere a revision is written in one transaction"
)
LATER = office_usage([Row(name, usage=USAGE | {"2025-02": (50, 40)}) for name in NAMES])


class Killed(BaseException):
    """Stands for a worker that dies: nothing of the product catches it and goes on."""


@pytest.fixture
def partner() -> Iterator[Partner]:
    """Six tenants and two people, scored; every write of more than three rows is a large one."""
    partner: Partner = PartnerFactory.create()
    with (
        time_machine.travel(TODAY.isoformat() + "T09:00Z", tick=True),
        pytest.MonkeyPatch.context() as patch,
    ):
        hand_in(partner, office_usage(FIRM))
        hand_in(partner, training(PEOPLE), name="people.csv")
        if connection.vendor == "sqlite":
            patch.setattr(bulk, "SQLITE_ROWS", 3)
            patch.setattr(ledger_rows, "AT_ONCE", 3)
        yield partner


def at_once(*jobs: Callable[[], object]) -> list[BaseException]:
    """Run the jobs in threads that start together; what they raised."""
    barrier = threading.Barrier(len(jobs))
    raised: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            barrier.wait()
            job()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def wrong(partner: Partner) -> list[str]:
    return [str(found) for found in checking.check(facts.portfolio_of(partner))]


def change(partner: Partner, users: int, *tenants: Tenant) -> None:
    """Another figure of the last month, without a score of it."""
    with transaction.atomic():
        portfolio = facts.lock(partner)
        rows = UsageMonth.objects.filter(portfolio=portfolio, month=2025 * 12 + 1)
        if tenants:
            rows = rows.filter(tenant__in=tenants)
        rows.update(users=users)
        facts.touch(portfolio)


def growth(score: Score | None) -> int:
    assert score is not None
    smb = next(track for track in score.tracks if track.key == "smb")
    return next(metric.value for metric in smb.metrics if metric.key == "usage_growth")


# ---- At once -------------------------------------------------------------------------------------


def test_scoring_at_once_comes_to_one_score(partner: Partner) -> None:
    change(partner, 30)
    before = Score.objects.count()
    assert at_once(*[lambda: scores.compute(partner, TODAY)] * 4) == []
    assert Score.objects.count() == before + 1
    assert growth(scores.latest(partner)) == 6 * (30 - 11)
    assert wrong(partner) == []


def test_first_scores_of_another_day_at_once_share_one_ledger(partner: Partner) -> None:
    day = date(2026, 1, 1)  # other rules: a ledger that is not there yet
    assert at_once(*[lambda: scores.compute(partner, day)] * 4) == []
    assert Score.objects.filter(as_of=day).count() == 1
    assert Ledger.objects.filter(rule_set="modern-work-2026").count() == 1
    assert wrong(partner) == []


def test_scoring_while_an_import_writes(partner: Partner) -> None:
    def score_again_and_again() -> None:
        for day in range(1, 6):
            scores.compute(partner, date(2025, 3, day))

    assert at_once(lambda: hand_in(partner, LATER), score_again_and_again) == []
    newest = scores.compute(partner, TODAY)
    assert growth(newest) == 6 * (40 - 11)
    assert wrong(partner) == []


def test_changes_of_different_tenants_at_once_lose_nothing(partner: Partner) -> None:
    tenants = list(Tenant.objects.order_by("pk"))

    def correct(tenant: Tenant) -> None:
        """As a correction does it: the change and its score in one transaction."""
        with transaction.atomic():
            change(partner, 20, tenant)
            scores.touch(partner, [tenant.pk], TODAY)

    assert at_once(*[lambda own=own: correct(own) for own in tenants[:4]]) == []
    assert growth(scores.latest(partner)) == 4 * (20 - 11) + 2 * (25 - 11)
    assert wrong(partner) == []


def test_touching_after_the_change_loses_nothing_either(partner: Partner) -> None:
    tenants = list(Tenant.objects.order_by("pk"))

    def work(tenant: Tenant) -> None:
        change(partner, 20, tenant)
        scores.touch(partner, [tenant.pk], TODAY)

    assert at_once(*[lambda own=own: work(own) for own in tenants[:4]]) == []
    assert growth(scores.latest(partner)) == 4 * (20 - 11) + 2 * (25 - 11)
    assert wrong(partner) == []


def test_checking_while_others_write_finds_nothing(partner: Partner) -> None:
    found: list[object] = []

    def check() -> None:
        for _time in range(3):
            try:
                found.extend(checking.check(facts.portfolio_of(partner)))
            except checking.BeingWritten:
                continue

    def score() -> None:
        for users in (31, 32, 33):
            change(partner, users)
            scores.compute(partner, TODAY)

    # Facts that are changed and not yet scored are a difference, and the only one.
    assert at_once(check, score) == []
    assert {difference.code.value for difference in found} <= {  # type: ignore[attr-defined]
        "tenant_facts",
        "contributions",
        "sums",
        "result",
    }
    assert wrong(partner) == []


# ---- Overtaken -----------------------------------------------------------------------------------


def test_who_is_overtaken_every_time_takes_the_lock_in_the_end(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ledger_rows.people_changes
    calls: list[bool] = []

    def and_somebody_writes(*args: Any) -> bool:
        calls.append(connection.in_atomic_block)
        if not connection.in_atomic_block:
            change(partner, 30 + len(calls))
        return real(*args)

    monkeypatch.setattr(ledger_rows, "people_changes", and_somebody_writes)
    score = scores.compute(partner, TODAY)
    assert calls == [False] * (scores.ATTEMPTS - 1) + [True]
    assert growth(score) == 6 * (33 - 11)
    assert wrong(partner) == []


@on_sqlite
def test_revision_that_others_made_meanwhile_is_not_taken_back(partner: Partner) -> None:
    """Who has read revision 1 and comes to write when 2 is valid, leaves 2 alone."""
    newest = scores.latest(partner)
    assert newest is not None
    stale = Ledger.objects.get(pk=newest.ledger_id)
    change(partner, 30)
    score = scores.compute(partner, TODAY)
    assert score.revision == stale.revision + 1
    facts_of_all = [(pk, "[]", 0, 0) for pk in Tenant.objects.values_list("pk", flat=True)]
    with pytest.raises(Overtaken):
        ledger_rows.write_ahead(stale, Changes(facts=facts_of_all))
    assert wrong(partner) == []
    with pytest.raises(Overtaken), transaction.atomic():
        ledger_rows.complete(stale, Changes(facts=facts_of_all), "")
    assert wrong(partner) == []


def interrupt(
    monkeypatch: pytest.MonkeyPatch, after: int, interruption: Callable[[], object]
) -> None:
    """Let ``interruption`` happen once, after so many parts of the next revision are written."""
    real = ledger_rows._parts
    happened: list[bool] = []

    def parts(*args: Any) -> Iterator[Any]:
        for place, part in enumerate(real(*args)):
            if place == after and not happened:
                happened.append(True)
                interruption()
            yield part

    monkeypatch.setattr(ledger_rows, "_parts", parts)


INTERRUPTIONS: dict[str, Callable[[Partner], object]] = {
    "the same score": lambda partner: scores.compute(partner, TODAY),
    "a score of another day": lambda partner: scores.compute(partner, date(2025, 3, 20)),
    "a tenant that is as it was": lambda partner: scores.touch(
        partner, [Tenant.objects.order_by("-pk")[0].pk], TODAY
    ),
    "one of the tenants": lambda partner: scores.touch(
        partner, [Tenant.objects.order_by("pk")[0].pk], TODAY
    ),
    "another change": lambda partner: change(partner, 44),
    "another change and its score": lambda partner: [
        change(partner, 44),  # type: ignore[func-returns-value]
        scores.compute(partner, TODAY),
    ],
}


@on_sqlite
@pytest.mark.parametrize("after", [1, 4, 6])
@pytest.mark.parametrize("what", INTERRUPTIONS)
def test_writer_that_is_interrupted_leaves_a_whole_ledger(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, what: str, after: int
) -> None:
    change(partner, 40, *Tenant.objects.order_by("pk")[:5])  # the last one stays as it was
    interrupt(monkeypatch, after, lambda: INTERRUPTIONS[what](partner))
    score = scores.compute(partner, TODAY)
    assert growth(score) == (6 * (44 - 11) if "change" in what else 5 * (40 - 11) + (25 - 11))
    assert wrong(partner) == []
    assert not Ledger.objects.exclude(writer="").exists()


# ---- Killed --------------------------------------------------------------------------------------


def die() -> None:
    raise Killed


@pytest.mark.parametrize("after", [0, 1, 3, 5])
def test_killed_writer_leaves_nothing_that_anybody_sees(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    before = scores.latest(partner)
    assert before is not None
    sums = ledger_rows.sums(before.ledger_id, before.revision)
    change(partner, 40)
    with monkeypatch.context() as patch:
        interrupt(patch, after if connection.vendor == "sqlite" else after % 3, die)
        with pytest.raises(Killed):
            scores.compute(partner, TODAY)
    assert scores.latest(partner) == before
    assert ledger_rows.sums(before.ledger_id, before.revision) == sums
    assert Ledger.objects.get(pk=before.ledger_id).revision == before.revision

    score = scores.compute(partner, TODAY)
    assert growth(score) == 6 * (40 - 11)
    assert ledger_rows.sums(before.ledger_id, before.revision) == sums
    assert wrong(partner) == []


@on_sqlite
def test_who_comes_after_a_killed_writer_with_a_small_change_cleans_up(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(partner, 40)
    with monkeypatch.context() as patch:
        interrupt(patch, 5, die)
        with pytest.raises(Killed):
            scores.compute(partner, TODAY)
    ledger = Ledger.objects.exclude(writer="").get()
    left = TenantFacts.objects.filter(ledger=ledger, since__gt=ledger.revision)
    assert left.exists()
    change(partner, 25)  # as it was
    first = Tenant.objects.order_by("pk")[0]
    change(partner, 26, first)
    monkeypatch.setattr(ledger_rows, "AT_ONCE", 1000)
    score = scores.touch(partner, [first.pk], TODAY)
    assert TenantFacts.objects.filter(ledger=ledger, since__gt=ledger.revision).count() == 1
    assert growth(score) == 5 * (25 - 11) + 26 - 11
    assert wrong(partner) == []


def test_killed_between_the_rows_and_the_score(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scores.latest(partner)
    change(partner, 40)
    with monkeypatch.context() as patch:
        patch.setattr(scores, "_store", lambda *_args: die())
        with pytest.raises(Killed):
            scores.compute(partner, TODAY)
    assert scores.latest(partner) == before
    assert growth(scores.compute(partner, TODAY)) == 6 * (40 - 11)
    assert wrong(partner) == []


def test_claim_states_count_at_once(partner: Partner) -> None:
    """A rejection of all claims while somebody scores: either before or after, never in between."""

    def reject() -> None:
        with transaction.atomic():
            portfolio = facts.lock(partner)
            Association.objects.filter(portfolio=portfolio).update(state=6)
            facts.touch(portfolio)
        scores.compute(partner, TODAY)

    assert at_once(reject, *[lambda: scores.compute(partner, TODAY)] * 2) == []
    assert {growth(score) for score in Score.objects.filter(as_of=TODAY)} <= {0, 6 * (25 - 11)}
    assert growth(scores.latest(partner)) == 0
    assert wrong(partner) == []
