"""The clock asks every subject, whatever becomes of one of them."""

import inspect
import io
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils.module_loading import import_string

from config.celery import app
from cooperation import clock, notices, tasks
from cooperation.agreements import NotPossible
from cooperation.clock import NotAllDone, each
from cooperation.models import AgreementEvent, Notice
from cooperation.working_days import Calendar, day_of
from partners.models import User
from tests.cooperation.worlds import world
from tests.factories import UserFactory
from tests.racing import at_once

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


Faults = dict[str, BaseException | None]


class Asked:
    """Subjects that note when they are asked; some of them fail."""

    def __init__(self, faults: Faults) -> None:
        self.faults, self.calls = faults, list[tuple[str, datetime]]()

    def __getattr__(self, name: str) -> Callable[[datetime], None]:
        def run(now: datetime) -> None:
            self.calls.append((name, now))
            if (fault := self.faults[name]) is not None:
                raise fault

        return run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Asked]:
    """``asked(first=None, second=ValueError())``: these are the subjects, in this order."""

    def set_up(**faults: BaseException | None) -> Asked:
        found = Asked(faults)
        monkeypatch.setitem(sys.modules, "subjects", found)
        monkeypatch.setattr(clock, "SUBJECTS", tuple(f"subjects.{name}" for name in faults))
        return found

    return set_up


def test_every_subject_is_asked_with_the_same_instant(asked: Callable[..., Asked]) -> None:
    found = asked(first=None, second=None)

    assert clock.tick(NOW) == []

    assert found.calls == [("first", NOW), ("second", NOW)]
    with time_machine.travel(NOW, tick=False):
        assert clock.tick() == []
    assert found.calls[2:] == [("first", NOW), ("second", NOW)]


@pytest.mark.parametrize("fault", [ValueError("x"), IntegrityError("x"), NotAllDone("1 of 2")])
def test_a_subject_that_fails_is_logged_and_stops_no_other(
    asked: Callable[..., Asked], caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    found = asked(first=fault, second=None)

    assert clock.tick(NOW) == ["subjects.first"]

    assert [name for name, _ in found.calls] == ["first", "second"]
    (record,) = caplog.records
    assert record.getMessage() == "the clock could not finish subjects.first"
    assert record.exc_info
    assert record.exc_info[1] is fault


def test_one_subject_can_be_run_alone(
    asked: Callable[..., Asked], caplog: pytest.LogCaptureFixture
) -> None:
    found = asked(first=ValueError(), second=None)

    assert clock.run_one("subjects.second", NOW) is True
    assert clock.run_one("subjects.first", NOW) is False
    caplog.clear()
    assert clock.run_one("cooperation.of_another_release.run", NOW) is False
    assert [record.getMessage() for record in caplog.records] == [
        "the clock knows no subject cooperation.of_another_release.run"
    ]
    assert [name for name, _ in found.calls] == ["second", "first"]


def test_the_time_limit_of_a_task_is_no_fault_of_a_subject(asked: Callable[..., Asked]) -> None:
    found = asked(first=SoftTimeLimitExceeded(), second=None)

    with pytest.raises(SoftTimeLimitExceeded):
        clock.tick(NOW)
    assert [name for name, _ in found.calls] == ["first"]


def test_the_worker_runs_each_subject_in_a_task_of_its_own(
    asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(first=ValueError(), second=None)
    sent: list[tuple[str]] = []
    monkeypatch.setattr(tasks.run_subject, "apply_async", lambda args, expires: sent.append(args))

    tasks.tick()

    assert (found.calls, sent) == ([], [("subjects.first",), ("subjects.second",)])
    with time_machine.travel(NOW, tick=False):
        for args in sent:
            tasks.run_subject(*args)
    assert found.calls == [("first", NOW), ("second", NOW)]


def test_every_subject_exists_and_takes_the_instant() -> None:
    assert len(set(clock.SUBJECTS)) == len(clock.SUBJECTS) > 0
    for name in clock.SUBJECTS:
        assert name.startswith("cooperation.")
        assert list(inspect.signature(import_string(name)).parameters) == ["now"]


@pytest.mark.django_db
def test_the_real_subjects_find_nothing_to_do_in_a_fresh_project() -> None:
    world()
    rows = lambda: (AgreementEvent.objects.count(), Notice.objects.count())  # noqa: E731
    before = rows()

    assert clock.tick() == []

    assert rows() == before


def test_the_schedule_names_tasks_that_exist() -> None:
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
    schedule = settings.CELERY_BEAT_SCHEDULE
    assert schedule["cooperation-clock"]["schedule"] == 300.0
    assert schedule["send-notices"]["schedule"] == 60.0


def test_operators_run_it_by_command(asked: Callable[..., Asked]) -> None:
    out = io.StringIO()
    asked(first=None, second=None)
    call_command("tick", stdout=out)
    assert out.getvalue() == "2 subjects asked\n"

    asked(first=None, second=ValueError())
    with pytest.raises(CommandError, match=r"not finished, see the log: subjects\.second"):
        call_command("tick")


# Row by row


def test_each_goes_on_after_a_row_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    done = []

    def step(row: int) -> None:
        if row == 1:
            raise NotPossible("Somebody was quicker.")
        if row == 2:
            raise KeyError("broken")
        done.append(row)

    with pytest.raises(NotAllDone, match="2"):
        each([0, 1, 2, 3], step)

    assert done == [0, 3]
    assert [record.getMessage() for record in caplog.records] == [
        "not due any more: 1: Somebody was quicker.",
        "could not be done: 2",
    ]
    assert each([0, 1, 3], step) == 2
    assert each([], step) == 0


def test_a_row_that_fails_stops_nothing_that_the_subject_does_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = []

    def fail(row: int) -> None:
        raise KeyError(row)

    def run(now: datetime) -> None:
        done.append(each([1, 2], fail))
        done.append(each([3, 4], str))

    monkeypatch.setattr(sys.modules[__name__], "remind", run)
    monkeypatch.setattr(clock, "SUBJECTS", (f"{__name__}.remind",))

    assert clock.tick(NOW) == [f"{__name__}.remind"]

    assert done == [0, 2]
    fault = caplog.records[-1].exc_info
    assert fault
    assert repr(fault[1]) == "NotAllDone('1, 2')"
    with pytest.raises(NotAllDone):  # what a subject left is nobody else's
        each([5], fail)


def test_each_ends_with_the_time_limit() -> None:
    def step(row: int) -> None:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        each([1, 2], step)


# What a subject has to keep to, shown on a small one


def remind(now: datetime) -> None:
    """Tell a person after three working days, with the day on which it was due."""
    opened_at = datetime(2027, 2, 22, 12, tzinfo=UTC)
    due_at = Calendar.of(["NW"]).deadline(opened_at, 3, "working_days")
    if due_at > now:
        return
    (person,) = User.objects.all()
    due_on = day_of(due_at - timedelta(microseconds=1)).isoformat()
    notices.tell(None, "review_due", [person], key="3", path="/x/", project="P", due_on=due_on)


@pytest.mark.django_db
def test_a_standstill_of_weeks_makes_one_change_with_its_own_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    UserFactory.create()
    monkeypatch.setattr(clock, "SUBJECTS", (f"{__name__}.remind",))

    clock.tick(datetime(2027, 2, 25, 22, 59, tzinfo=UTC))
    assert not Notice.objects.exists()
    for days in (30, 30, 31):
        assert clock.tick(datetime(2027, 2, 25, 23, tzinfo=UTC) + timedelta(days=days)) == []

    assert Notice.objects.get().data["due_on"] == "2027-02-25"


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_make_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    UserFactory.create()
    monkeypatch.setattr(clock, "SUBJECTS", (f"{__name__}.remind",))
    ring: Callable[[], Any] = partial(clock.tick, NOW)

    assert at_once(ring, ring, ring) == [[], [], []]

    assert Notice.objects.count() == 1
