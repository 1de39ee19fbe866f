"""The agreement at work: who does what, reviews, days for the calendar."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import icalendar
import pytest
import time_machine

from cooperation import amendments, contact_notes, reviews, signing, standing
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import AgreementEvent, Notice, Review
from tests.cooperation.browsers import Browser, Page
from tests.cooperation.worlds import CONTACTS, World, world
from tests.factories import PartnerFactory, member
from tests.racing import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

BERLIN = ZoneInfo("Europe/Berlin")
SIGNED = datetime(2027, 1, 11, 10, tzinfo=BERLIN)
TERM = {"start": "signing_date", "end": "2027-12-31", "review": "start_plus_3_months"}


def at(moment: datetime) -> Any:
    return time_machine.travel(moment, tick=False)


def signed(firms: int = 2, **answers: Any) -> World:
    """An agreement signed on 11 January 2027."""
    with at(SIGNED):
        made = world(firms=firms)
        made.fill()
        for key, value in {"term": TERM, **answers}.items():
            made.propose(0, key, value)
            for firm in range(1, firms):
                made.confirm(firm, key)
        version = signing.freeze(made.agreement.pk, **made.acting(0))
        for firm in range(firms):
            signing.sign(
                version.pk,
                seen=version.sha256,
                language="de",
                authority="prokura",
                **made.acting(firm),
            )
    made.agreement.refresh_from_db()
    return made


def page(made: World, firm: int = 0, when: datetime = SIGNED) -> Page:
    with at(when + timedelta(minutes=1)):
        return Browser(made.people[firm]).get("work", made.agreement.pk)


# ---- Who does what -----------------------------------------------------------------------------


def test_page_says_who_leads_whom_to_call_and_what_each_does() -> None:
    made = signed()
    told = page(made)
    lead = made.firms[0].name
    assert told.status == 200
    assert lead in told.text("[aria-labelledby=leads-heading]")
    people = told.text("[aria-labelledby=people-heading]")
    assert "Ada Probst" in people
    assert "Deputy: Uwe" in people
    assert len(told.soup.select(".people-card")) == 4  # two people of two firms
    assert {str(link["href"]) for link in told.soup.select("a[href^='tel:']")} == {"tel:+492211234"}
    ladder = [
        " ".join(item.get_text(" ").split())
        for item in told.soup.select("[aria-labelledby=ladder-heading] li")
    ]
    assert len(ladder) == 4
    assert ladder[0].startswith("Project leads · 5 working days")
    assert "Ben Kurz" in ladder[0]
    assert told.soup.select("[aria-labelledby=table-raci] table")


def test_contacts_of_today_stand_on_the_page_and_say_that_nobody_signed_them() -> None:
    made = signed()
    new = [
        {"role": "sponsor", "person": "Neu Hier", "email": "neu@firma.example", "deputy": "Uwe"},
        CONTACTS[1],
    ]
    with at(SIGNED + timedelta(days=3)):
        contact_notes.note(made.agreement.versions.get().pk, "contacts", new, **made.acting(1))
    told = page(made, when=SIGNED + timedelta(days=4))
    people = told.text("[aria-labelledby=people-heading]")
    assert "Neu Hier" in people
    assert "without a new signature" in people
    ladder = told.text("[aria-labelledby=ladder-heading]")
    assert "Neu Hier" in ladder  # also whom the ladder calls
    assert ladder.count("Ada Probst") == 1  # the other firm's


def test_while_a_change_is_negotiated_the_signed_text_is_at_work() -> None:
    made = signed()
    with at(SIGNED + timedelta(days=5)):
        amendments.begin(
            made.agreement.pk, reason="Neu", effective_on=date(2027, 2, 1), **made.acting(0)
        )
        made.propose(0, "customer_lead", str(made.firms[1].pk))
    told = page(made, when=SIGNED + timedelta(days=6))
    leads = told.text("[aria-labelledby=leads-heading]")
    assert made.firms[1].name not in leads


@pytest.mark.parametrize("who", ["draft", "stranger", "unknown"])
def test_without_a_text_that_holds_there_is_no_such_page(who: str) -> None:
    made = world() if who == "draft" else signed()
    person = member(PartnerFactory.create(), "manager") if who == "stranger" else made.people[0]
    pk = uuid4() if who == "unknown" else made.agreement.pk
    with at(SIGNED + timedelta(minutes=1)):
        browser = Browser(person)
        assert browser.get("work", pk).status == 404
        assert browser.get("calendar", pk).status == 404
        assert browser.post("review_hold", pk).status == 404


@pytest.mark.parametrize("firms", [2, 3])
def test_queries_do_not_grow_with_firms(firms: int, django_assert_num_queries: Any) -> None:
    made = signed(firms=firms)
    with at(SIGNED + timedelta(minutes=1)):
        browser = Browser(made.people[0])
        with django_assert_num_queries(QUERIES):
            browser.get("work", made.agreement.pk)


QUERIES = 15


# ---- Reviews -----------------------------------------------------------------------------------


def hold(made: World, due: date, held: date, firm: int = 0, note: str = "Lief gut.") -> Review:
    return reviews.hold(made.agreement.pk, due, held_on=held, note=note, **made.acting(firm))


def test_reviews_are_planned_from_the_signed_text() -> None:
    made = signed()
    plan = reviews.plan(standing.stands(made.agreement, date(2027, 1, 12)), date(2027, 1, 12))
    assert [due.on for due in plan.dues] == [
        date(2027, 4, 11),  # three months after the signature, as the term says
        date(2027, 7, 7),  # half-time
        date(2027, 12, 31),
    ]


def test_review_that_was_held_is_kept_and_the_next_one_is_due() -> None:
    made = signed()
    with at(SIGNED + timedelta(days=92)):
        hold(made, date(2027, 4, 11), date(2027, 4, 12))
        told = page(made, 1, SIGNED + timedelta(days=92))
    assert "held on 12/04/2027" in told.text("#reviews")
    assert "Lief gut." in told.text("#reviews")
    assert str(told.one("#reviews [name=due_on]")["value"]) == "2027-07-07"
    assert AgreementEvent.objects.filter(kind="reviewed").count() == 1


@pytest.mark.parametrize(
    ("due", "held", "error"),
    [
        (date(2027, 4, 11), date(2027, 4, 20), InvalidAnswer),  # in the future
        (date(2027, 4, 11), date(2027, 1, 10), InvalidAnswer),  # before the signature
        (date(2027, 4, 10), date(2027, 4, 11), NotPossible),  # no review is due on that day
    ],
)
def test_review_that_cannot_be_is_refused(due: date, held: date, error: type[Exception]) -> None:
    made = signed()
    with at(SIGNED + timedelta(days=91)), pytest.raises(error):
        hold(made, due, held)
    assert not Review.objects.exists()


def test_same_review_twice_counts_once() -> None:
    made = signed()
    with at(SIGNED + timedelta(days=92)):
        hold(made, date(2027, 4, 11), date(2027, 4, 12))
        with pytest.raises(NotPossible):
            hold(made, date(2027, 4, 11), date(2027, 4, 11), firm=1)
    assert Review.objects.get().partner == made.firms[0]


@pytest.mark.django_db(transaction=True)
def test_two_firms_that_note_the_same_review_at_once() -> None:
    made = signed()
    with at(SIGNED + timedelta(days=92)):
        results = at_once(
            lambda: hold(made, date(2027, 4, 11), date(2027, 4, 12)),
            lambda: hold(made, date(2027, 4, 11), date(2027, 4, 12), firm=1),
        )
    assert sorted(type(result).__name__ for result in results) == ["NotPossible", "Review"]


def test_people_are_reminded_once_a_week_ahead_and_not_after_it_was_held() -> None:
    made = signed()
    for days in (60, 82, 83, 84, 95):
        now = SIGNED + timedelta(days=days)
        with at(now):
            reviews.run(now)
            reviews.run(now)
    told = Notice.objects.filter(kind="review_due")
    assert {notice.person for notice in told} == set(made.people)
    assert [notice.data["due_on"] for notice in told] == ["2027-04-11"] * 2
    with at(SIGNED + timedelta(days=96)):
        hold(made, date(2027, 4, 11), date(2027, 4, 12))
    assert set(told.values_list("state", flat=True)) == {"dropped"}


def test_form_notes_a_review_and_says_what_is_wrong() -> None:
    made = signed()
    with at(SIGNED + timedelta(days=92)):
        browser = Browser(made.people[0])
        args, good = (made.agreement.pk,), {"due_on": "2027-04-11", "held_on": "2027-04-12"}
        late = browser.post("review_hold", *args, **good | {"held_on": "2027-12-12"})
        odd = browser.post("review_hold", *args, **good | {"due_on": "morgen"})
        done = browser.follow("review_hold", *args, **good, note="<b>Gut</b>")
    assert (late.status, late.errors()) == (422, ["Please enter a day that is not in the future."])
    assert odd.status == 422
    assert done.messages() == ["Noted. All firms see what you noticed."]
    assert "<b>Gut</b>" not in done.response.content.decode()


# ---- Calendar ----------------------------------------------------------------------------------


def test_calendar_file_holds_the_days_and_keeps_their_identity() -> None:
    made = signed()
    with at(SIGNED + timedelta(days=1)):
        browser = Browser(made.people[0])
        first = browser.get("calendar", made.agreement.pk)
        again = browser.get("calendar", made.agreement.pk)
    body = first.body or first.response.content
    assert first.response["Content-Type"].startswith("text/calendar")
    assert 'filename="neuer-arbeitsplatz.ics"' in first.response["Content-Disposition"]
    assert body == (again.body or again.response.content)
    events: list[Any] = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert [(str(event["summary"]), event["dtstart"].dt) for event in events] == [
        ("Review of our cooperation: Neuer Arbeitsplatz", date(2027, 4, 11)),
        ("Review of our cooperation: Neuer Arbeitsplatz", date(2027, 7, 7)),
        ("Review of our cooperation: Neuer Arbeitsplatz", date(2027, 12, 31)),
        ("Last day of the agreement: Neuer Arbeitsplatz", date(2027, 12, 31)),
    ]
    assert len({str(event["uid"]) for event in events}) == 4


def test_calendar_without_days_is_an_empty_file() -> None:
    made = signed(
        term={"start": "signing_date", "end": None, "review": None}, review_rhythm="end_only"
    )
    with at(SIGNED + timedelta(days=1)):
        answer = Browser(made.people[0]).get("calendar", made.agreement.pk)
    assert b"VEVENT" not in answer.response.content
