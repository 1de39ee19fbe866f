"""Until when a version is signed, who is reminded, and what everybody is told when a round ends."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from cooperation import notices, signing, signing_reminders, signing_rounds
from cooperation.agreements import NotPossible
from cooperation.models import AgreementEvent, AgreementVersion, Notice
from cooperation.signing import NotSignable
from partners.models import User
from tests.cooperation.browsers import Browser
from tests.cooperation.worlds import World, world
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2027, 3, 1, 10, tzinfo=BERLIN)


def sign(two: World, version: AgreementVersion, firm: int) -> None:
    signing.sign(
        version.pk,
        seen=version.sha256,
        language="de",
        authority="managing_director",
        **two.acting(firm),
    )


def told(kind: str) -> list[str]:
    rows = Notice.objects.filter(kind=kind).order_by("created_at", "person__email")
    return list(rows.values_list("person__name", flat=True))


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


# ---- The last day ------------------------------------------------------------------------------


def test_round_is_open_for_thirty_days_unless_somebody_chooses_another_day() -> None:
    with at(MONDAY):
        usual = world().freeze()
        two = world()
        two.fill()
        chosen = signing.freeze(two.agreement.pk, expires_on=date(2027, 3, 2), **two.acting(0))
    assert usual.expires_on == date(2027, 3, 31)
    assert chosen.expires_on == date(2027, 3, 2)


@pytest.mark.parametrize("day", [date(2027, 2, 28), date(2027, 3, 1), date(2027, 9, 1)])
def test_last_day_is_between_tomorrow_and_half_a_year_from_now(day: date) -> None:
    two = world()
    two.fill()
    with at(MONDAY), pytest.raises(NotPossible, match="between tomorrow and half a year"):
        signing.freeze(two.agreement.pk, expires_on=day, **two.acting(0))
    assert not AgreementVersion.objects.exists()


def test_last_day_counts_whole_in_berlin() -> None:
    two = world()
    with at(MONDAY):
        version = two.freeze()
    with at(datetime(2027, 3, 31, 23, 59, tzinfo=BERLIN)):
        sign(two, version, 0)
    with (
        at(datetime(2027, 4, 1, 0, 0, tzinfo=BERLIN)),
        pytest.raises(NotSignable, match="time to sign this version is over"),
    ):
        sign(two, version, 1)  # nothing has run since: the day alone decides


def test_round_that_is_over_is_closed_on_the_day_it_was_due_however_late_the_clock_wakes() -> None:
    two = world()
    with at(MONDAY):
        version = two.freeze()
        sign(two, version, 0)
    late = MONDAY + timedelta(days=90)

    with at(late):
        signing_reminders.run(late)
        signing_reminders.run(late)

    version.refresh_from_db()
    two.agreement.refresh_from_db()
    assert version.state == "expired"
    assert version.closed_at == datetime(2027, 4, 1, tzinfo=BERLIN)
    assert (version.closed_by, version.closed_by_partner) == (None, None)
    assert two.agreement.status == "draft"
    assert AgreementEvent.objects.filter(kind="expired", by=None, partner=None).count() == 1
    assert sorted(told("expired")) == sorted(person.name for person in two.people)
    assert told("reminder") == []  # nobody is reminded of what is over
    assert signing.freeze(two.agreement.pk, **two.acting(0)).number == 2


def test_round_that_is_open_is_not_closed() -> None:
    two = world()
    with at(MONDAY):
        version = two.freeze()
        with pytest.raises(NotSignable):
            signing.expire(version.pk, now=timezone.now())
    version.refresh_from_db()
    assert version.state == "signing"


def test_page_of_a_round_that_is_over_offers_no_signature() -> None:
    two = world()
    with at(MONDAY):
        version = two.freeze()
    with at(MONDAY + timedelta(days=31)):
        page = Browser(two.people[0]).get("version", version.pk)
        again = Browser(two.people[0]).post("sign", version.pk)
    assert page.soup.select("#sign") == []
    assert "The last day to sign this version was" in page.text()
    assert again.status == 302


def test_round_that_is_over_can_still_be_taken_back() -> None:
    two = world()
    with at(MONDAY):
        version = two.freeze()
    with at(MONDAY + timedelta(days=31)):
        signing.withdraw(version.pk, **two.acting(1))
    version.refresh_from_db()
    assert version.state == "withdrawn"


# ---- Reminders ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "now", "due"),
    [
        ("", datetime(2027, 3, 3, 23, 59, tzinfo=BERLIN), 0),
        ("", datetime(2027, 3, 4, 0, 0, tzinfo=BERLIN), 3),
        ("", datetime(2027, 3, 9, 12, tzinfo=BERLIN), 3),
        ("", datetime(2027, 3, 10, 0, 0, tzinfo=BERLIN), 7),
        # International Women's Day, 8 March, is a holiday in Berlin only.
        ("BE", datetime(2027, 3, 10, 12, tzinfo=BERLIN), 3),
        ("BE", datetime(2027, 3, 11, 12, tzinfo=BERLIN), 7),
    ],
)
def test_reminders_are_due_after_three_and_seven_working_days_of_the_firm(
    state: str, now: datetime, due: int
) -> None:
    assert signing_rounds.reminder_due(MONDAY, state, now) == due


def test_reminders_go_to_whom_is_waited_for_and_stop_with_the_signature() -> None:
    two = world()
    managing = member(two.firms[1], "manager")
    with at(MONDAY):
        version = two.freeze()
        sign(two, version, 0)
    for days in (2, 3, 4, 5, 9, 10, 20):
        now = MONDAY + timedelta(days=days)
        with at(now):
            signing_reminders.run(now)
            signing_reminders.run(now)
    assert told("reminder") == [two.people[1].name] * 2
    assert managing.name not in told("reminder")  # who may not sign is not asked to
    assert list(
        Notice.objects.filter(kind="reminder")
        .order_by("created_at")
        .values_list("data__days", flat=True)
    ) == [3, 7]

    with at(MONDAY + timedelta(days=21)):
        sign(two, version, 1)
    assert set(Notice.objects.filter(kind="reminder").values_list("state", flat=True)) == {
        "dropped"
    }
    before = Notice.objects.filter(kind="reminder").count()
    signing_reminders.run(MONDAY + timedelta(days=22))
    assert Notice.objects.filter(kind="reminder").count() == before


def test_after_a_standstill_only_the_latest_reminder_is_sent() -> None:
    two = world()
    with at(MONDAY):
        two.freeze()
    now = MONDAY + timedelta(days=20)
    with at(now):
        signing_reminders.run(now)
    assert told("reminder") == [person.name for person in two.people]
    assert set(Notice.objects.filter(kind="reminder").values_list("data__days", flat=True)) == {7}


def test_second_signer_of_a_firm_is_reminded_and_the_first_is_not() -> None:
    two = world(signing_rule="two_jointly")
    seconds = [member(firm, "signer") for firm in two.firms]
    with at(MONDAY):
        version = two.freeze()
        sign(two, version, 0)
    now = MONDAY + timedelta(days=4)
    with at(now):
        signing_reminders.run(now)
    assert sorted(told("reminder")) == sorted(
        [seconds[0].name, seconds[1].name, two.people[1].name]
    )


# ---- Everybody is told -------------------------------------------------------------------------


def test_everybody_is_told_of_the_round_its_end_and_its_success() -> None:
    two = world()
    version = two.freeze()
    assert told("round_opened") == [two.people[1].name]  # who began it knows

    signing.decline(version.pk, reason="Noch nicht", **two.acting(1))
    assert told("declined") == [two.people[0].name]
    assert set(Notice.objects.filter(kind="round_opened").values_list("state", flat=True)) == {
        "dropped"
    }

    again = signing.freeze(two.agreement.pk, **two.acting(0))
    signing.withdraw(again.pk, reason="Tippfehler", **two.acting(0))
    assert told("withdrawn") == [two.people[1].name]

    last = signing.freeze(two.agreement.pk, **two.acting(0))
    sign(two, last, 1)
    sign(two, last, 0)
    # Everybody, the last signer too: this mail is a witness.
    assert told("in_force") == [person.name for person in two.people[:2]]
    written = [str(row.data) + row.path for row in Notice.objects.all()]
    assert not any("Tippfehler" in text or "Noch nicht" in text for text in written)


def test_mails_bear_witness_to_the_text_and_the_head_of_its_log(mailoutbox: Any) -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)
    sign(two, version, 1)
    User.objects.update(language="en")
    notices.send_due()
    letters = {letter.extra_headers["Message-ID"][1:37]: letter.body for letter in mailoutbox}
    for about, kind in (("frozen", "round_opened"), ("in_force", "in_force")):
        event = AgreementEvent.objects.get(kind=about)
        rows = Notice.objects.filter(kind=kind, state="sent")
        assert rows
        for row in rows:
            body = letters.pop(str(row.pk))
            assert f"Fingerprint of the text (SHA-256): {version.sha256}\n" in body
            assert f"log of evidence up to event {event.seq}: {event.hash}\n" in body
    assert not any("SHA-256" in body for body in letters.values())
