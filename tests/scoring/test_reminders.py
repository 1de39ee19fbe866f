"""Reminders of certificates: which step is due, told once, to whom, and in one letter."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import call_command
from django.utils import timezone

from partners.models import Membership, Partner
from scoring import corrections, imports, notices, reminders, tasks
from scoring.corrections import OfCertificate, OfPerson
from scoring.models import Notice, ReminderChoice, ReminderStep
from scoring.people import Certificate
from tests.factories import PartnerFactory, member
from tests.racing import at_once
from tests.scoring.stage import hand_in
from tests.scoring.worlds import training

TODAY = date(2026, 11, 22)
DONE = date(2025, 1, 5)


def ada(days: int, certification: str = "MS-700", **fields: Any) -> Certificate:
    row = Certificate(
        "mcp:1",
        "Ada Ohm",
        "ada@firma.example",
        certification,
        DONE,
        TODAY + timedelta(days=days),
    )
    return row._replace(**fields)


# ---- Pure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "step"),
    [(91, None), (90, 90), (61, 90), (60, 60), (31, 60), (30, 30), (0, 30), (-1, None)],
)
def test_the_nearest_step_is_due(days: int, step: int | None) -> None:
    assert reminders.step_of(days) == step


# ---- Telling -------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2026-11-22 05:40:00Z", tick=True):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern & Co")


def bring(firm: Partner, *rows: Certificate) -> None:
    assert hand_in(firm, training(rows), name="people.csv").state == "done"


def told() -> list[tuple[str, str, str, int, int]]:
    """Reader, kind, person, how many more, whether it is their own."""
    rows = Notice.objects.order_by("person__name", "created_at")
    return [
        (row.person.name, row.kind, row.data["person"], row.data["more"], row.data["own"])
        for row in rows.select_related("person")
    ]


pytestmark = pytest.mark.django_db


def test_each_step_is_told_once_and_in_its_time(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    bring(firm, ada(100))
    days = [9, 10, 11, 39, 40, 41, 69, 70, 71, 99, 100, 101]
    kinds = []
    for day in days:
        before = Notice.objects.count()
        reminders.remind_all(TODAY + timedelta(days=day))
        reminders.remind_all(TODAY + timedelta(days=day))
        new = Notice.objects.count() - before
        kinds += [(day, row.kind) for row in Notice.objects.order_by("-created_at")[:new]]
    assert kinds == [(10, "certificate_90"), (40, "certificate_60"), (70, "certificate_30")]


def test_steps_that_were_missed_are_not_made_up_for(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    bring(firm, ada(20))
    assert reminders.remind_all(TODAY) == 1
    for day in range(1, 25):
        assert reminders.remind_all(TODAY + timedelta(days=day)) == 0
    assert told() == [("Mara", "certificate_30", "Ada Ohm", 0, 0)]


def test_several_certificates_of_a_day_are_one_letter(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    bo = Certificate("mcp:2", "Bo Ek", "", "SC-300", DONE, TODAY + timedelta(days=80))
    bring(firm, ada(55), ada(25, "MD-102"), bo)
    assert reminders.remind_all(TODAY) == 3
    assert told() == [("Mara", "certificate_30", "Ada Ohm", 2, 0)]

    notices.send_due()
    [letter] = mail.outbox
    assert "MD-102" not in str(letter.body)
    assert "Endpoint Administrator Associate" in str(letter.body)
    assert "/designation/personen/#expiring" in str(letter.body)


def test_managers_admins_and_the_person_are_told(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    member(firm, "admin", name="Anton")
    member(firm, "specialist", name="Ada", email="ada@firma.example")
    member(firm, "specialist", "observer", "signer", name="Sam")
    other = PartnerFactory.create()
    member(other, "manager", name="Otto")
    bo = Certificate("mcp:2", "Bo Ek", "", "SC-300", DONE, TODAY + timedelta(days=80))
    bring(firm, ada(20), bo)
    reminders.remind_all(TODAY)
    assert told() == [
        ("Ada", "certificate_30", "Ada Ohm", 0, 1),
        ("Anton", "certificate_30", "Ada Ohm", 1, 0),
        ("Mara", "certificate_30", "Ada Ohm", 1, 0),
    ]


def test_a_person_who_has_left_the_portal_is_not_told(firm: Partner) -> None:
    gone = member(firm, "specialist", name="Ada", email="ada@firma.example")
    Membership.objects.filter(user=gone).update(left_at=timezone.now())
    member(PartnerFactory.create(), "specialist", name="Elsewhere", email="bo@firma.example")
    bring(firm, ada(20), ada(20, person="mcp:2", name="Bo Ek", email="bo@firma.example"))
    assert reminders.remind_all(TODAY) == 2
    assert told() == []


@pytest.mark.parametrize(
    "row",
    [
        ada(20, is_linked=False),
        ada(20, "AB-900"),  # Fundamentals do not expire
        ada(20, "MS-203"),  # gives no points under the rules of today
        ada(20, expires_on=None),
        ada(-1),
        ada(91),
    ],
)
def test_what_costs_nothing_is_not_told(firm: Partner, row: Certificate) -> None:
    member(firm, "manager")
    bring(firm, row)
    assert reminders.remind_all(TODAY) == 0


def test_points_that_end_before_the_certificate_are_no_reason(firm: Partner) -> None:
    member(firm, "manager")
    day = date(2027, 11, 1)
    bring(firm, ada(0, "MS-102", expires_on=date(2027, 12, 15)))
    with time_machine.travel("2027-11-01 09:00:00Z"):
        assert reminders.remind_all(day) == 0
    bring(firm, ada(0, "MS-102", expires_on=date(2027, 11, 15)))
    with time_machine.travel("2027-11-01 09:00:00Z"):
        assert reminders.remind_all(day) == 1


@pytest.mark.parametrize(
    ("certification", "renewable"),
    [("MS-700", 1), ("MS-102", 0), ("teams-meeting-rooms-assessment", 0)],
)
def test_a_letter_promises_no_renewal_that_there_is_not(
    firm: Partner, certification: str, renewable: int
) -> None:
    member(firm, "manager")
    with time_machine.travel("2026-12-01 09:00:00Z"):  # the exam MS-102 is retired
        bring(firm, ada(60, certification))
        reminders.remind_all(date(2026, 12, 1))
    assert Notice.objects.get().data["renewable"] == renewable


def test_a_renewed_certificate_is_not_told(firm: Partner) -> None:
    member(firm, "manager")
    bring(firm, ada(20), ada(380, completed_on=date(2026, 11, 1)))
    assert reminders.remind_all(TODAY) == 0


def test_a_renewal_that_lasts_no_longer_is_none(firm: Partner) -> None:
    member(firm, "manager")
    bring(firm, ada(20), ada(10, completed_on=date(2026, 11, 1)))
    assert reminders.remind_all(TODAY) == 1  # the longer one


def test_a_file_that_puts_an_expiry_off_sends_nothing(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    bring(firm, ada(20))
    assert reminders.remind_all(TODAY) == 1
    for days in (25, 385):
        bring(firm, ada(days))
        assert reminders.remind_all(TODAY) == 0
    assert reminders.remind_all(TODAY + timedelta(days=385 - 90)) == 1  # a year later, as usual


def test_a_file_that_brings_an_expiry_nearer_is_news(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    bring(firm, ada(85))
    assert reminders.remind_all(TODAY) == 1
    bring(firm, ada(80))
    assert reminders.remind_all(TODAY) == 1


def test_a_corrected_expiry_counts(firm: Partner) -> None:
    member(firm, "manager", name="Mara")
    bring(firm, ada(400))
    aim = OfCertificate("mcp:1", "MS-700", DONE)
    day = TODAY + timedelta(days=30)
    corrections.make(firm, "expires_on", aim, day, reason="so im Profil", by=None)
    assert reminders.remind_all(TODAY) == 1
    assert Notice.objects.get().data["day"] == day.isoformat()


def test_whoever_left_by_a_correction_is_not_told(firm: Partner) -> None:
    member(firm, "manager")
    bring(firm, ada(20))
    corrections.make(firm, "left", OfPerson("mcp:1"), reason="weg", by=None)
    assert reminders.remind_all(TODAY) == 0


def test_an_undone_file_is_not_told(firm: Partner) -> None:
    member(firm, "manager")
    row = hand_in(firm, training([ada(20)]), name="people.csv")
    imports.undo(row.pk, by=None)
    imports.run(row.pk)
    assert reminders.remind_all(TODAY) == 0


def test_the_day_is_that_of_berlin(firm: Partner) -> None:
    member(firm, "manager")
    bring(firm, ada(90))
    with time_machine.travel("2026-11-21 22:59:00Z"):  # 23:59 in Berlin
        tasks.remind_of_certificates()
    assert not Notice.objects.exists()
    with time_machine.travel("2026-11-21 23:00:00Z"):
        tasks.remind_of_certificates()
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(("begin", "day"), [("2027-03-28", 0), ("2026-10-25", 0)])
def test_a_change_of_the_clock_moves_no_step(firm: Partner, begin: str, day: int) -> None:
    member(firm, "manager")
    today = date.fromisoformat(begin)
    expires_on = today + timedelta(days=90)
    bring(firm, ada(0, expires_on=expires_on))
    assert reminders.remind_all(today - timedelta(days=1)) == 0
    assert reminders.remind_all(today + timedelta(days=day)) == 1


def test_who_switched_them_off_gets_none_and_who_switched_them_on_all(firm: Partner) -> None:
    off = member(firm, "manager", name="Off", email="ada@firma.example")
    on = member(firm, "specialist", name="On")
    member(firm, "admin", name="Default")
    reminders.choose(off, firm, wants=False)
    reminders.choose(on, firm, wants=True)
    reminders.choose(on, PartnerFactory.create(), wants=False)  # another firm is another matter
    bring(firm, ada(20))
    reminders.remind_all(TODAY)
    assert [reader for reader, *_rest in told()] == ["Default", "On"]
    assert ReminderChoice.objects.filter(user=on).count() == 2
    assert [reminders.wants(user, firm) for user in (off, on)] == [False, True]


def test_a_firm_that_fails_keeps_no_other_waiting(
    firm: Partner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    second = PartnerFactory.create()
    for each in (firm, second):
        member(each, "manager")
        bring(each, ada(20))
    remind = reminders.remind

    def broken(partner: Partner, today: date) -> int:
        if partner == firm:
            raise ValueError("broken")
        return remind(partner, today)

    monkeypatch.setattr(reminders, "remind", broken)
    assert reminders.remind_all(TODAY) == 1
    assert f"firm {firm.pk} was not reminded" in caplog.text


def test_a_closed_firm_is_not_told(firm: Partner) -> None:
    member(firm, "manager")
    bring(firm, ada(20))
    Partner.objects.update(is_active=False)
    assert reminders.remind_all(TODAY) == 0


def test_a_run_that_breaks_off_is_run_again(firm: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    member(firm, "manager")
    bring(firm, ada(20))
    with monkeypatch.context() as patch:
        patch.setattr(notices, "tell", lambda *_a, **_k: (_ for _ in ()).throw(SystemExit(9)))
        with pytest.raises(SystemExit):
            reminders.remind_all(TODAY)
    assert not ReminderStep.objects.exists()
    assert reminders.remind_all(TODAY) == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_tell_once(firm: Partner) -> None:
    member(firm, "manager")
    bring(firm, ada(20), ada(80, "SC-300"))
    results = at_once(lambda: reminders.remind_all(TODAY), lambda: reminders.remind_all(TODAY))
    assert sorted(results) == [0, 2]
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_certificates(
    firm: Partner, count: int, django_assert_num_queries: Any
) -> None:
    member(firm, "manager")
    bring(firm, *(ada(20, person=f"mcp:{n}", name=f"Person {n}") for n in range(count)))
    # savepoint 2, lock, certificates, corrections, told; steps 2, readers 2, letter
    with django_assert_num_queries(11):
        assert reminders.remind(firm, TODAY) == count


def test_operators_send_by_command(firm: Partner, capsys: pytest.CaptureFixture[str]) -> None:
    member(firm, "manager")
    bring(firm, ada(20))
    call_command("send_score_notices", "--remind")
    assert capsys.readouterr().out == (
        "1 certificates reminded of\n1 sent, 0 no longer needed, 0 not sent, 0 waiting\n"
    )
    Notice.objects.update(state="failed", sent_at=None)
    call_command("send_score_notices", "--again")
    assert capsys.readouterr().out.startswith("1 to be tried again\n1 sent")
