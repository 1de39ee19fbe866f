import threading
from datetime import date, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from celery import current_app
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from config import settings as portal_settings
from partners.models import Partner
from scoring import checking, scores, scoring_runs
from scoring.models import Incident, Portfolio, Score, ScoringRun, ScoringRunItem
from scoring.scoring_runs import ATTEMPTS, LEASE, Progress
from tests.factories import PartnerFactory, UserFactory
from tests.parsing import parsed
from tests.scoring.stage import PEOPLE, hand_in, tenants
from tests.scoring.worlds import AS_OF, office_usage, training

pytestmark = pytest.mark.django_db
TONIGHT = date(2026, 2, 1)  # one day after the certificates of PEOPLE have expired


@pytest.fixture
def firms() -> list[Portfolio]:
    """Three firms with people; a fourth has nothing to be scored."""
    found = []
    for number in range(3):
        partner: Partner = PartnerFactory.create(slug=f"firm-{number}", name=f"Firm {number}")
        hand_in(partner, training(PEOPLE), name="people.csv")
        found.append(Portfolio.objects.get(partner=partner))
    Portfolio.objects.create(partner=PartnerFactory.create())
    return found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(run, firm) of every task that was put into the queue."""
    queue: list[tuple[str, int]] = []

    class Group:
        def __init__(self, tasks: Any) -> None:
            self.tasks = list(tasks)

        def apply_async(self) -> None:
            assert {task.task for task in self.tasks} == {scoring_runs.TASK}
            queue.extend(task.args for task in self.tasks)

    monkeypatch.setattr(scoring_runs, "group", Group)
    return queue


def work(run: ScoringRun, firms: list[Portfolio]) -> list[bool]:
    return [scoring_runs.score_firm(run.pk, firm.pk, message_id="m") for firm in firms]


def broken(_partner: Partner, *_args: Any, **_options: Any) -> Score:
    raise OSError("disk")


def test_every_firm_is_queued_on_commit(
    firms: list[Portfolio], sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = scoring_runs.start(AS_OF)
        assert sent == []
    assert sent == [(str(run.pk), firm.pk) for firm in firms]
    assert scoring_runs.progress(run) == Progress(done=0, failed=0, total=3)


def test_tasks_have_names_that_a_worker_knows() -> None:
    current_app.loader.import_default_modules()
    for name in (
        scoring_runs.TASK,
        *(entry["task"] for entry in portal_settings.CELERY_BEAT_SCHEDULE.values()),
    ):
        assert name in current_app.tasks


def test_group_goes_to_a_broker(
    firms: list[Portfolio], django_capture_on_commit_callbacks: Any
) -> None:
    with (
        current_app.connection_for_write() as broker,
        broker.SimpleQueue("celery") as queue,
    ):
        queue.clear()
        with django_capture_on_commit_callbacks(execute=True):
            run = scoring_runs.start(AS_OF)
        messages = [queue.get(block=False) for _firm in firms]
        assert [message.headers["task"] for message in messages] == [scoring_runs.TASK] * 3
        assert sorted(tuple(message.payload[0]) for message in messages) == sorted(
            (str(run.pk), firm.pk) for firm in firms
        )
        queue.clear()


def test_broker_that_is_away_stops_nobody(
    firms: list[Portfolio],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
    caplog: Any,
) -> None:
    class Away:
        def __init__(self, tasks: Any) -> None:
            list(tasks)

        def apply_async(self) -> None:
            raise ConnectionError("refused")

    monkeypatch.setattr(scoring_runs, "group", Away)
    with django_capture_on_commit_callbacks(execute=True):
        run = scoring_runs.start(AS_OF)
    assert scoring_runs.progress(run).total == 3
    assert "waits for the sweep" in caplog.text


def test_firm_is_scored_once(firms: list[Portfolio]) -> None:
    run = scoring_runs.start(AS_OF)
    before = Score.objects.count()
    assert work(run, firms) == [True, True, True]
    assert work(run, firms) == [False, False, False]
    assert Score.objects.filter(as_of=AS_OF).count() == 3 == Score.objects.count() - before
    assert scoring_runs.progress(run) == Progress(done=3, failed=0, total=3)
    assert scoring_runs.progress(run).is_finished


def test_firm_that_somebody_works_on_is_left_alone(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scoring_runs.start(AS_OF)
    real = scores.compute
    answers: list[bool] = []

    def meanwhile(*args: Any, **options: Any) -> Score:
        answers.append(scoring_runs.score_firm(run.pk, firms[0].pk, message_id="other"))
        return real(*args, **options)

    monkeypatch.setattr(scores, "compute", meanwhile)
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="m") is True
    assert answers == [False]


def test_message_that_comes_again_takes_its_own_claim_over(firms: list[Portfolio]) -> None:
    run = scoring_runs.start(AS_OF)
    items = run.items.filter(portfolio=firms[0])
    items.update(claimed_by="m", started_at=timezone.now(), attempts=1)  # its worker died
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="other") is False
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="m") is True
    assert items.get().attempts == 2


def test_firm_that_kills_its_worker_is_given_up(firms: list[Portfolio]) -> None:
    run = scoring_runs.start(AS_OF)
    items = run.items.filter(portfolio=firms[0])
    items.update(claimed_by="m", started_at=timezone.now(), attempts=ATTEMPTS)
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="m") is False
    assert items.get().error == scoring_runs.GIVEN_UP
    assert scoring_runs.progress(run).failed == 1


def test_failure_is_tried_again_and_named_in_the_end(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scoring_runs.start(AS_OF)
    with monkeypatch.context() as patch:
        patch.setattr(scores, "compute", broken)
        for attempt in range(1, ATTEMPTS + 1):
            assert scoring_runs.score_firm(run.pk, firms[1].pk) is False
            is_last = attempt == ATTEMPTS
            assert scoring_runs.progress(run).failed == int(is_last)
    [item] = scoring_runs.failed(run)
    assert (str(item.portfolio), item.error) == ("Firm 1", "OSError: disk")
    assert scoring_runs.score_firm(run.pk, firms[1].pk) is False


def test_failure_that_passes_leaves_no_trace(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scoring_runs.start(AS_OF)
    with monkeypatch.context() as patch:
        patch.setattr(scores, "compute", broken)
        assert scoring_runs.score_firm(run.pk, firms[1].pk) is False
    assert scoring_runs.score_firm(run.pk, firms[1].pk) is True
    assert scoring_runs.failed(run) == []
    assert run.items.get(portfolio=firms[1]).error == ""


def test_killed_worker_leaves_its_claim_to_the_lease(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    run = scoring_runs.start(AS_OF)
    with monkeypatch.context() as patch:
        patch.setattr(scores, "compute", lambda *_a, **_o: (_ for _ in ()).throw(Killed))
        patch.setattr(scoring_runs, "_fail", lambda *_a, **_o: None)  # it died without a word
        with pytest.raises(Killed):
            scoring_runs.score_firm(run.pk, firms[0].pk, message_id="m")
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="other") is False
    run.items.update(started_at=timezone.now() - LEASE - timedelta(seconds=1))
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="other") is True


def test_worker_that_lost_its_claim_finishes_nothing(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scoring_runs.start(AS_OF)

    def overtaken(*_args: Any, **_options: Any) -> None:
        run.items.update(claimed_by="other", attempts=2)

    monkeypatch.setattr(scores, "compute", overtaken)
    assert scoring_runs.score_firm(run.pk, firms[0].pk, message_id="m") is False
    assert scoring_runs.progress(run).done == 0


def test_run_in_this_process_goes_on_after_a_failure(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch, sent: list[Any]
) -> None:
    real = scores.compute

    def one_is_broken(partner: Partner, *args: Any, **options: Any) -> Score:
        return broken(partner) if partner.slug == "firm-1" else real(partner, *args, **options)

    monkeypatch.setattr(scores, "compute", one_is_broken)
    run = scoring_runs.start(AS_OF, queued=False)
    items = list(scoring_runs.run_here(run))
    assert [(str(item.portfolio), item.error) for item in items] == [
        ("Firm 0", ""),
        ("Firm 1", "OSError: disk"),
        ("Firm 2", ""),
    ]
    assert scoring_runs.progress(run) == Progress(done=3, failed=1, total=3)
    assert sent == []


# ---- At night ------------------------------------------------------------------------------------


def test_night_scores_the_day_and_proves_it(firms: list[Portfolio]) -> None:
    run = scoring_runs.start_nightly(TONIGHT)
    row = Score.objects.get(partner=firms[0].partner).ledger.contributions  # without usage: none
    assert not row.exists()
    assert work(run, firms) == [True, True, True]
    tonight = Score.objects.filter(as_of=TONIGHT)
    assert tonight.count() == 3
    assert {
        metric.value for score in tonight for track in score.tracks for metric in track.metrics
    } == {0}
    assert not Incident.objects.exists()


def test_night_notes_what_is_wrong(firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch) -> None:
    run = scoring_runs.start_nightly(TONIGHT)
    real = scores.compute

    def and_then_broken(*args: Any, **options: Any) -> Score:
        score = real(*args, **options)
        score.ledger.person_contributions.update(reason=80)
        return score

    with monkeypatch.context() as patch:
        patch.setattr(scores, "compute", and_then_broken)
        work(run, firms[:1])
    work(run, firms[1:])
    [incident] = Incident.objects.all()
    assert (incident.code, incident.portfolio) == ("people", firms[0])
    assert scoring_runs.progress(run) == Progress(done=3, failed=0, total=3)


def test_firm_with_a_running_import_is_checked_later(
    firms: list[Portfolio], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_portfolio: Portfolio) -> Any:
        raise checking.BeingWritten("An import of the firm is running.")

    run = scoring_runs.start_nightly(TONIGHT)
    with monkeypatch.context() as patch:
        patch.setattr(checking, "check", busy)
        assert scoring_runs.score_firm(run.pk, firms[0].pk) is False
    assert scoring_runs.score_firm(run.pk, firms[0].pk) is True


def test_night_comes_once_a_day(
    firms: list[Portfolio], sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run = scoring_runs.start_nightly(TONIGHT)
        assert scoring_runs.start_nightly(TONIGHT) == run
        assert scoring_runs.start_nightly(TONIGHT + timedelta(1)) != run
    assert len(sent) == 6


def test_night_notes_rows_of_no_firm_and_lets_old_runs_go(firms: list[Portfolio]) -> None:
    old = scoring_runs.start(AS_OF)
    ScoringRun.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(91))
    row = firms[0].ledgers.get().person_contributions.first()
    assert row is not None
    row.ledger_id = 10_000
    row.save(force_insert=True)
    run = scoring_runs.start_nightly(TONIGHT)
    assert list(ScoringRun.objects.all()) == [run]
    assert ScoringRunItem.objects.count() == 3
    assert [(row.code, row.portfolio) for row in Incident.objects.all()] == [("unowned", None)]


# ---- Lost on the way -----------------------------------------------------------------------------


@pytest.fixture
def swept(sent: list[Any], django_capture_on_commit_callbacks: Any) -> Any:
    """``swept()`` sweeps, and is the firms that were queued again."""

    def sweep() -> list[int]:
        sent.clear()
        with django_capture_on_commit_callbacks(execute=True):
            count = scoring_runs.sweep()
        assert count == len(sent)
        return [firm for _run, firm in sent]

    return sweep


def test_sweep_leaves_a_run_alone_that_moves(firms: list[Portfolio], swept: Any) -> None:
    run = scoring_runs.start(AS_OF)
    assert swept() == []
    long_ago = timezone.now() - timedelta(minutes=30)
    ScoringRun.objects.filter(pk=run.pk).update(created_at=long_ago)
    work(run, firms[:1])
    assert swept() == []  # the others wait for their turn


def test_sweep_queues_a_run_that_stands_still(firms: list[Portfolio], swept: Any) -> None:
    run = scoring_runs.start(AS_OF)
    work(run, firms[:1])
    long_ago = timezone.now() - LEASE - timedelta(seconds=1)
    ScoringRun.objects.filter(pk=run.pk).update(created_at=long_ago)
    run.items.filter(portfolio=firms[0]).update(started_at=long_ago, finished_at=long_ago)
    assert swept() == [firms[1].pk, firms[2].pk]


def test_sweep_queues_what_failed_and_what_a_dead_worker_left(
    firms: list[Portfolio], swept: Any
) -> None:
    run = scoring_runs.start(AS_OF)
    now = timezone.now()
    items = run.items
    items.filter(portfolio=firms[0]).update(attempts=1, started_at=now - timedelta(seconds=21))
    items.filter(portfolio=firms[1]).update(
        attempts=1, claimed_by="m", started_at=now - LEASE - timedelta(seconds=1)
    )
    items.filter(portfolio=firms[2]).update(attempts=1, claimed_by="m", started_at=now)
    assert swept() == [firms[0].pk, firms[1].pk]


def test_sweep_lets_old_runs_rest(firms: list[Portfolio], swept: Any) -> None:
    run = scoring_runs.start(AS_OF)
    ScoringRun.objects.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(3))
    assert swept() == []


# ---- Two at once ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_score_each_firm_once() -> None:
    partners = [PartnerFactory.create() for _ in range(3)]
    for partner in partners:
        hand_in(partner, office_usage(tenants(4)))
    with transaction.atomic():
        run = scoring_runs.start(AS_OF, queued=False)
    barrier = threading.Barrier(2)
    finished: list[bool] = []

    def worker(name: str) -> None:
        try:
            barrier.wait()
            firms = run.items.order_by("portfolio").values_list("portfolio", flat=True)
            finished.extend(
                scoring_runs.score_firm(run.pk, firm, message_id=name) for firm in firms
            )
        finally:
            connection.close()

    workers = [threading.Thread(target=worker, args=(name,)) for name in "ab"]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert finished.count(True) == 3
    assert scoring_runs.progress(run) == Progress(done=3, failed=0, total=3)
    assert Score.objects.filter(as_of=AS_OF).count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_clocks_start_one_night() -> None:
    hand_in(PartnerFactory.create(), training(PEOPLE), name="people.csv")
    barrier = threading.Barrier(2)
    runs: list[ScoringRun] = []

    def clock() -> None:
        try:
            barrier.wait()
            runs.append(scoring_runs.start_nightly(TONIGHT))
        finally:
            connection.close()

    clocks = [threading.Thread(target=clock) for _ in range(2)]
    for thread in clocks:
        thread.start()
    for thread in clocks:
        thread.join()
    assert runs[0] == runs[1]
    assert ScoringRun.objects.count() == 1
    assert ScoringRunItem.objects.count() == 1


# ---- For the operator ----------------------------------------------------------------------------


def test_operator_sees_incidents_and_runs_and_changes_nothing(
    firms: list[Portfolio], sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    browser = sign_in(operator)
    run = scoring_runs.start_nightly(TONIGHT)
    incident = Incident.objects.create(portfolio=firms[0], code="people", details={"count": 2})
    Incident.objects.create(portfolio=None, code="unowned", details={"count": 1})
    with monkeypatch.context() as patch:
        patch.setattr(scores, "compute", broken)
        scoring_runs.score_firm(run.pk, firms[1].pk, attempts=1)

    def page(name: str, *args: object, query: str = "") -> BeautifulSoup:
        response = browser.get(reverse(f"admin:scoring_{name}", args=args) + query)
        assert response.status_code == 200
        return parsed(response.content)

    rows = page("incident_changelist").select("#result_list tbody tr")
    assert {row.select(".field-firm")[0].text for row in rows} == {"Firm 0", "–"}
    assert len(page("incident_changelist", query="?open=1").select("#result_list tbody tr")) == 2
    assert not page("incident_changelist", query="?open=0").select("#result_list tbody tr")
    detail = page("incident_change", incident.pk)
    assert not detail.select("input[type=submit], input[type=text], textarea")
    [row] = page("scoringrun_changelist").select("#result_list tbody tr")
    assert [row.select(f".field-{name}")[0].text for name in ("firms", "scored", "failed")] == [
        "3",
        "0",
        "1",
    ]
    assert "Firm 1: OSError: disk" in page("scoringrun_change", run.pk).text
    for name in ("incident_add", "scoringrun_add"):
        assert browser.get(reverse(f"admin:scoring_{name}")).status_code == 403
    assert (
        browser.post(
            reverse("admin:scoring_incident_delete", args=[incident.pk]), {"post": "yes"}
        ).status_code
        == 403
    )
