"""The pages of a change, of contacts noted, of leaving; and what others show of them."""

from typing import Any

import pytest
import time_machine
from django.core.cache import cache

from cooperation import amendments, blind, leaving, points, projects, signing, waiting
from cooperation.models import Amendment, ContactNote, Participation
from tests.cooperation.amended import (
    REASON,
    begin,
    freeze,
    in_days,
    in_force,
    sign_all,
    status,
    version,
)
from tests.cooperation.browsers import Browser, Page, fields, plain
from tests.cooperation.test_amendments import RATES, change, first_talk, joined, pairwise
from tests.cooperation.worlds import World, another, world
from tests.factories import PASSWORD, PartnerFactory, member

pytestmark = pytest.mark.django_db

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _forgotten_tries() -> None:
    cache.clear()


def lines(page: Page, selector: str) -> list[str]:
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(selector)]


# ---- Begin -------------------------------------------------------------------------------------


def test_a_change_is_begun_from_the_project() -> None:
    two = in_force()
    browser = Browser(two.people[0])
    page = browser.get("project_detail", two.agreement.project_id)
    link = page.one("#change .btn")
    assert link["href"] == f"/vereinbarung/{two.agreement.pk}/aendern/"

    form = browser.get("amend", two.agreement.pk)
    data = fields(form.one("main form")) | {"reason": REASON, "effective_on": in_days(30)}
    done = browser.follow("amend", two.agreement.pk, **data)

    amendment = Amendment.objects.get()
    assert (amendment.reason, amendment.effective_on) == (REASON, in_days(30))
    assert done.messages() == [
        "The draft is there. Now change the points that are to be different."
    ]
    assert "A change of version 1" in done.text(".amendment-bar")
    assert "Nothing has changed yet compared with version 1." in done.text("#summary")


def test_what_is_wrong_is_said_at_the_field_and_kept() -> None:
    two = in_force()
    browser = Browser(two.people[0])

    page = browser.post("amend", two.agreement.pk, reason=REASON, effective_on="2001-01-01")

    assert page.status == 422
    assert len(page.errors()) == 1
    assert page.errors()[0].startswith("The change can hold from")
    assert page.one("#id_reason").get_text().strip() == REASON
    page = browser.post("amend", two.agreement.pk, reason=" ", effective_on="nonsense")
    assert page.errors() == [
        "Please say in a sentence why the agreement is to be changed.",
        "Please enter a valid date.",
    ]
    assert status(two) == "in_force"


def test_going_deeper_is_offered_where_there_is_more_to_ask() -> None:
    two = in_force()  # on the fast track
    browser = Browser(two.people[0])
    assert browser.get("amend", two.agreement.pk).one("[name=deeper]")
    data = {"reason": REASON, "effective_on": in_days(0), "deeper": "on"}

    browser.follow("amend", two.agreement.pk, **data)

    two.agreement.refresh_from_db()
    assert two.agreement.depth == "full"
    for blocker in points.blockers(two.sheet):  # what the fast track had left out is asked now
        assert blocker.point is not None
        assert blocker.point.fast_track == "skip"
    full = in_force()
    answers_all_asked(full)
    page = Browser(full.people[0]).get("amend", full.agreement.pk)
    assert page.soup.select("[name=deeper]") == []


def answers_all_asked(some: World) -> None:
    """Go on with the full checklist in a version 2."""
    begin(some, deeper=True)
    change(some)
    sign_all(some, freeze(some))


def test_the_form_leads_on_where_nothing_can_be_begun() -> None:
    two = in_force()
    browser = Browser(two.people[0])
    begin(two)
    assert browser.get("amend", two.agreement.pk).response.url.endswith("/aenderung/")
    draft = another(two)
    answer = browser.get("amend", draft.agreement.pk)
    assert answer.response.url == f"/projekte/{draft.agreement.project_id}/"
    assert browser.get("amendment", draft.agreement.pk).status == 302


def test_two_that_begin_at_the_same_time_hear_of_each_other() -> None:
    two = in_force()
    browser = Browser(two.people[1])
    begin(two)

    answer = browser.post("amend", two.agreement.pk, reason=REASON, effective_on=in_days(0))

    assert answer.response.url.endswith("/aenderung/")
    assert Amendment.objects.count() == 1


# ---- What differs ------------------------------------------------------------------------------


def test_the_page_shows_each_point_as_it_was_and_as_it_is_to_be() -> None:
    two = in_force()
    begin(two, reason=SCRIPT, effective_on=in_days(30))
    two.propose(0, "regular_meetings", {"choice": "monthly"})
    two.propose(0, "own_interests", {"text": "Eine Referenz"})
    two.propose(0, "exit_notice", {"number": 14, "unit": "days"})
    page = Browser(two.people[1]).get("amendment", two.agreement.pk)

    assert lines(page, ".diff__rule") == ["1 Partnership", "2 Communication"]
    assert lines(page, ".diff__question") == [
        "1.3 What does each partner want to get out of the cooperation for itself?",
        "1.10 How much notice does a partner give before leaving?",
        "2.2 How often do we talk to each other?",
    ]
    assert lines(page, ".diff__pair") == [
        "so far: 30 days → new: 14 days",
        "so far: Weekly (project leads), monthly (sponsors) → new: Monthly",
    ]
    assert lines(page, ".diff__state") == ["Proposed"] * 3
    assert page.text("#why blockquote") == SCRIPT
    assert SCRIPT not in page.response.content.decode()
    links = [tag["href"] for tag in page.soup.select(".diff__question a")]
    assert links[2] == f"/vereinbarung/{two.agreement.pk}/#point-regular_meetings"


def test_what_no_longer_applies_and_what_was_not_asked_is_told_apart() -> None:
    two = in_force()
    begin(two)
    two.propose(0, "non_solicitation", {"answer": "no", "note": "Nicht nötig."})
    two.propose(0, "commercial_model", {"choice": "milestone"})
    two.propose(0, "payment_days", {"number": 20, "unit": "days"})
    page = Browser(two.people[1]).get("amendment", two.agreement.pk)

    gone = [tag for tag in page.soup.select(".diff") if "no longer applies" in tag.get_text()]
    assert len(gone) == 3  # period, exceptions, remedy
    added = page.one("#since-1 details")
    assert "20 days" in added.get_text()
    assert added.select_one("summary") is not None


def test_a_pair_sees_its_own_changes_and_nobody_elses() -> None:
    three = world(3)
    three.fill()
    pairwise(three)
    sign_all(three, freeze(three))
    begin(three)
    dearer = {**RATES, "rows": [{**row, "amount": "1234.56"} for row in RATES["rows"]]}
    three.propose(1, "day_rates", dearer, other=2)

    seen = Browser(three.people[2]).get("amendment", three.agreement.pk)
    hidden = Browser(three.people[0]).get("amendment", three.agreement.pk)

    assert f"between you and {three.firms[1].name}" in seen.text("#since-1")
    assert "1,234.56" in seen.text("#since-1")
    assert hidden.soup.select(".diff") == []
    assert "1,234.56" not in hidden.response.content.decode()
    card = Browser(three.people[0]).get("agreement_detail", three.agreement.pk)
    assert "1,234.56" not in card.response.content.decode()


def test_a_firm_that_joins_is_shown_no_earlier_answer() -> None:
    two = in_force()
    begin(two)
    two.propose(0, "exit_notice", {"number": 14, "unit": "days"})
    three = joined(two)
    told = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)
    assert "30 days" in told.text("#point-exit_notice .before")

    browser = Browser(three.people[2])
    for name in ("agreement_detail", "amendment"):
        page = browser.get(name, two.agreement.pk)
        assert page.soup.select(".before, .diff") == []
    page = browser.get("amendment", two.agreement.pk)
    assert "Your firm joins with this change." in page.text()
    assert page.soup.select(f"a[href='/fassung/{version(two, 1).pk}/']") == []
    project = browser.get("project_detail", two.agreement.project_id)
    assert "your firm joins it with this change" in project.text("#change")
    assert REASON not in project.text("#change")


def test_a_card_says_what_stood_there_before() -> None:
    two = in_force()
    begin(two)
    browser = Browser(two.people[0], htmx=True)
    two.propose(1, "exit_notice", {"number": 14, "unit": "days"})

    card = browser.get("point", two.agreement.pk, "exit_notice")
    page = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)

    assert card.text(".before") == "So far (version 1): 30 days"
    assert plain(card.one("#point-exit_notice")) == plain(page.one("#point-exit_notice"))
    assert len(page.soup.select(".before")) == 1


def test_a_second_draft_is_compared_with_the_text_that_was_not_signed() -> None:
    two = world()
    first = two.freeze()
    signing.decline(first.pk, reason="Zu oft", **two.acting(1))
    change(two)
    browser = Browser(two.people[0])

    checklist = browser.get("agreement_detail", two.agreement.pk)
    page = browser.get("amendment", two.agreement.pk)

    assert "In version 1, which was not signed:" in checklist.text(".before")
    assert "See what differs from version 1" in checklist.text(".amendment-bar")
    assert page.text("h1") == "What has changed"
    assert len(page.soup.select(".diff__pair")) == 1


def test_a_second_draft_of_a_change_is_compared_with_both() -> None:
    two = in_force()
    begin(two)
    change(two)
    second = freeze(two)
    signing.decline(second.pk, reason="Zu selten", **two.acting(1))
    two.propose(0, "regular_meetings", {"choice": "biweekly"})
    browser = Browser(two.people[0])

    page = browser.get("amendment", two.agreement.pk)

    assert lines(page, "main section[id^=since] h2") == [
        "What differs from version 1",
        "What differs from version 2, which was not signed",
    ]
    card = browser.get("agreement_detail", two.agreement.pk).one("#point-regular_meetings")
    assert len(card.select(".before")) == 2
    # A change that is dropped takes its round along: the next one begins from what is in force.
    amendments.drop(Amendment.objects.get().pk, **two.acting(0))
    begin(two)
    page = browser.get("amendment", two.agreement.pk)
    assert lines(page, "main section[id^=since] h2") == ["What differs from version 1"]


def test_reason_and_day_are_said_anew() -> None:
    two = in_force()
    begin(two)
    browser = Browser(two.people[1])
    form = fields(browser.get("amendment", two.agreement.pk).one("#restate"))

    done = browser.follow("amendment_restate", two.agreement.pk, **form | {"reason": "Genauer"})
    stale = browser.follow("amendment_restate", two.agreement.pk, **form | {"reason": "Anders"})

    assert done.messages() == ["Reason and day are noted."]
    assert Amendment.objects.get().reason == "Genauer"
    assert stale.status == 422
    assert "Somebody changed the reason or the day" in stale.errors()[0]
    again = fields(stale.one("#restate"))
    assert again["reason"] == "Anders"  # what was typed in is kept, and can be sent once more
    browser.follow("amendment_restate", two.agreement.pk, **again)
    assert Amendment.objects.get().reason == "Anders"


def test_a_change_is_dropped_from_its_page() -> None:
    two = in_force()
    begin(two)
    browser = Browser(two.people[1])

    done = browser.follow("amendment_drop", two.agreement.pk, reason="Hat sich erledigt")
    again = browser.follow("amendment_drop", two.agreement.pk)

    assert done.messages() == ["The change is dropped. The agreement stays as it was signed."]
    assert "The change was dropped. Version 1 stays as it was signed." in done.text(".timeline")
    assert again.messages() == ["This change is signed or dropped already."]
    assert status(two) == "in_force"


def test_while_the_text_is_signed_the_change_cannot_be_touched() -> None:
    two = in_force()
    begin(two)
    change(two)
    second = freeze(two)
    browser = Browser(two.people[0])

    assert browser.get("amendment", two.agreement.pk).response.url.endswith("/unterschreiben/")
    dropped = browser.follow("amendment_drop", two.agreement.pk, reason="")
    assert dropped.messages()[0].startswith("The changed text is being signed.")
    page = browser.get("version", second.pk)
    assert "Monthly" in page.text()
    assert status(two) == "signing"


# ---- Which version holds -----------------------------------------------------------------------


def test_pages_say_which_version_holds_until_when() -> None:
    with time_machine.travel("2035-11-05T09:00:00Z"):
        two = in_force()
        begin(two, effective_on=in_days(57))
        change(two)
        second = sign_all(two, freeze(two))
        browser = Browser(two.people[0])

        project = browser.get("project_detail", two.agreement.project_id)
        old = browser.get("version", version(two, 1).pk)
        new = browser.get("version", second.pk)

    sentence = "Version 2 holds from 1 January 2036; until then version 1 holds."
    assert sentence in project.text("#change")
    assert "This version still holds until 31 December 2035." in old.text()
    assert "This version holds from 1 January 2036." in new.text()
    with time_machine.travel("2036-01-01T09:00:00Z"):
        browser = Browser(two.people[0])  # the session has run out by then
        assert sentence not in browser.get("project_detail", two.agreement.project_id).text()
        old = browser.get("version", version(two, 1).pk)
        assert "This version held until 31 December 2035." in old.text()


def test_a_late_signature_is_told_on_the_page() -> None:
    with time_machine.travel("2035-11-05T09:00:00Z"):
        two = in_force()
        begin(two, effective_on=in_days(2))
        change(two)
    with time_machine.travel("2035-11-20T09:00:00Z"):
        page = Browser(two.people[0]).get("amendment", two.agreement.pk)
        assert "That day has passed. The change holds from the last signature." in page.text("#why")
        second = sign_all(two, freeze(two))
        page = Browser(two.people[0]).get("version", second.pk)
    assert (
        "Version 2 was to hold from 7 November 2035. The last firm signed later, so it holds from "
        "that day: 20 November 2035."
    ) in page.text()


# ---- Contacts ----------------------------------------------------------------------------------


def test_contacts_are_noted_below_the_signed_ones() -> None:
    two = in_force()
    first = version(two, 1)
    browser = Browser(two.people[1])
    assert f"/fassung/{first.pk}/kontakte/contacts/" in [
        tag["href"] for tag in browser.get("version", first.pk).soup.select("a[href*=kontakte]")
    ]
    data = fields(browser.get("contacts_note", first.pk, "contacts").one("main form"))
    data |= {"contacts.0.person": SCRIPT, "reason": "Ada ist in Elternzeit.", "save": "1"}

    done = browser.follow("contacts_note", first.pk, "contacts", **data)

    assert done.messages() == ["Noted. Nobody has to sign for that, and all firms can see it."]
    other = Browser(two.people[0]).get("version", first.pk)
    noted = other.text(".noted")
    assert noted.startswith(f"Contacts of {two.firms[1].name} today noted by")
    assert SCRIPT in noted
    assert "Ada ist in Elternzeit." in noted
    assert SCRIPT not in other.response.content.decode()
    assert "Ada Probst" in other.text("#point-contacts")


def test_a_row_is_added_and_wrong_input_is_kept() -> None:
    two = in_force()
    first = version(two, 1)
    browser = Browser(two.people[1])
    data = fields(browser.get("contacts_note", first.pk, "contacts").one("main form"))

    more = browser.post("contacts_note", first.pk, "contacts", **data | {"add": "contacts"})
    wrong = browser.post(
        "contacts_note", first.pk, "contacts", **data | {"contacts.0.email": "x", "save": "1"}
    )

    rows = "[name$='.person']"
    before = len(browser.get("contacts_note", first.pk, "contacts").soup.select(rows))
    assert len(more.soup.select(rows)) == before + 1
    assert wrong.status == 422
    assert "Please check the e-mail address." in wrong.errors()
    assert not ContactNote.objects.exists()


def test_a_stale_form_of_contacts_says_so() -> None:
    two = in_force()
    first = version(two, 1)
    browser = Browser(two.people[1])
    data = fields(browser.get("contacts_note", first.pk, "contacts").one("main form"))
    browser.post("contacts_note", first.pk, "contacts", **data | {"contacts.0.person": "Cleo"})

    late = browser.post(
        "contacts_note", first.pk, "contacts", **data | {"contacts.0.person": "Dora"}
    )

    assert late.status == 409
    assert "A colleague noted other contacts in the meantime." in late.text(".notice--warn")
    assert ContactNote.objects.count() == 1


def test_no_note_beside_other_points() -> None:
    two = in_force()
    browser = Browser(two.people[1])
    for key in ("contributions", "publicity", "nothing"):
        assert browser.get("contacts_note", version(two, 1).pk, key).status == 404


def test_who_has_left_reads_no_contacts_noted_later() -> None:
    three = in_force(3)
    first = version(three, 1)
    leaving.leave(three.agreement.pk, reason="Keine Leute", **three.acting(2))
    browser = Browser(three.people[1])
    data = fields(browser.get("contacts_note", first.pk, "contacts").one("main form"))
    browser.post("contacts_note", first.pk, "contacts", **data | {"contacts.0.person": "Cleo Neu"})

    left = Browser(three.people[2]).get("version", first.pk)

    assert "Cleo Neu" in Browser(three.people[0]).get("version", first.pk).text()
    assert "Cleo Neu" not in left.response.content.decode()
    assert "Your firm left the project on" in left.text()
    assert left.soup.select("a[href*='/projekte/'][href$='/']:not([href='/projekte/'])") == []


# ---- Leaving -----------------------------------------------------------------------------------


def test_the_page_says_what_leaving_means_and_does_it() -> None:
    with time_machine.travel("2035-03-02T09:00:00Z"):
        three = in_force(3)
        browser = Browser(three.people[2])
        page = browser.get("leave", three.agreement.project_id)
        assert "Version 1 binds your firm until 30 April 2035" in page.text()
        data = fields(page.one("main form")) | {"reason": "Keine Leute"}

        wrong = browser.post("leave", three.agreement.project_id, **data | {"password": "falsch"})
        assert wrong.errors() == ["This is not your password. Please try again."]
        done = browser.follow("leave", three.agreement.project_id, **data | {"password": PASSWORD})

    assert done.messages() == ["Your firm has left the project. The others are told."]
    assert "bound until 30/04/2035" in done.text("section[aria-labelledby=former-heading]")
    place = Participation.objects.get(partner=three.firms[2])
    assert place.state == "left"
    others = Browser(three.people[0]).get("project_detail", three.agreement.project_id)
    assert "bound until 30/04/2035" in others.text()
    assert (
        "The firm left the project. What it signed binds it until 30 April 2035." in others.text()
    )


def test_a_draft_is_left_without_a_password() -> None:
    three = world(3)
    browser = Browser(three.people[2])
    page = browser.get("leave", three.agreement.project_id)
    assert page.soup.select("[name=password]") == []
    data = fields(page.one("main form"))

    empty = browser.post("leave", three.agreement.project_id, **data | {"reason": " "})
    done = browser.follow("leave", three.agreement.project_id, **data | {"reason": "Keine Leute"})

    assert empty.status == 422
    assert done.messages() == ["Your firm has left the project. The others are told."]
    assert done.soup.select("section[aria-labelledby=former-heading]") == []


def test_two_firms_find_the_way_to_the_end() -> None:
    two = in_force()
    page = Browser(two.people[0]).get("leave", two.agreement.project_id)

    assert "Between two firms, leaving is the end of the agreement." in page.text()
    assert page.soup.select("main form") == []
    assert page.one("main .btn--primary")["href"] == f"/vereinbarung/{two.agreement.pk}/ende/"


def test_the_only_firm_finds_the_way_to_give_up() -> None:
    two = world()
    leaving.leave(two.agreement.pk, reason="Keine Leute", **two.acting(1))
    page = Browser(two.people[0]).get("leave", two.agreement.project_id)

    assert str(page.one("main .btn--primary")["href"]).endswith("/nicht-weiterverfolgen/")


def test_what_leaving_means_may_change_under_the_form() -> None:
    three = world(3)
    first = three.freeze()
    browser = Browser(three.people[2])
    data = fields(browser.get("leave", three.agreement.project_id).one("main form"))
    sign_all(three, first)

    done = browser.follow("leave", three.agreement.project_id, **data | {"reason": "Keine Leute"})

    assert Participation.objects.get(partner=three.firms[2]).state == "accepted"
    assert "binds your firm until" in done.text()


def test_a_first_round_can_be_left() -> None:
    three = world(3)
    blind.open_round(three.agreement.pk, **three.acting(0))

    assert Browser(three.people[2]).get("leave", three.agreement.project_id).status == 200


# ---- What waits --------------------------------------------------------------------------------


def told(some: World, number: int) -> list[tuple[str, str, str, bool]]:
    found = waiting.for_user(some.people[number])
    return [(line.title, line.detail, line.kind, line.mine) for line in found]


@pytest.mark.usefixtures("english")
def test_a_change_is_named_where_it_waits() -> None:
    two = in_force()
    begin(two)
    title = "Neuer Arbeitsplatz: change of the agreement"
    begun = f"{two.firms[0].name} has begun a change. Nothing in it differs yet."
    assert (title, begun, "amendment", True) in told(two, 1)
    assert [kind for _title, _detail, kind, _mine in told(two, 1)].count("freeze") == 0

    two.propose(0, "regular_meetings", {"choice": "monthly"})
    waits = "1 point waits for your firm's answer or confirmation."
    assert (title, waits, "answer", True) in told(two, 1)

    two.confirm(1, "regular_meetings")
    ready = "Everything is agreed. The agreement can be signed."
    assert (title, ready, "freeze", True) in told(two, 1)

    second = freeze(two)
    signs = f"Version 2 waits for your signature for {two.firms[1].name}."
    assert (title, signs, "sign", True) in told(two, 1)

    signing.decline(second.pk, reason="Zu selten", **two.acting(1))
    refused = f"{two.firms[1].name} has not signed version 2: “Zu selten”"
    assert (title, refused, "closed", True) in told(two, 0)

    amendments.drop(Amendment.objects.get().pk, **two.acting(0))
    assert [kind for _title, _detail, kind, _mine in told(two, 0)] == ["in_force"]
    begin(two)
    assert "closed" not in [kind for _title, _detail, kind, _mine in told(two, 0)]


def test_the_list_says_that_a_change_is_under_way() -> None:
    two = in_force()
    begin(two)
    browser = Browser(two.people[0])
    assert "In force, a change is negotiated" in browser.get("project_list").text()
    change(two)
    freeze(two)
    assert "In force, a change is being signed" in browser.get("project_list").text()


def test_ready_says_that_nothing_has_changed_yet() -> None:
    two = in_force()
    begin(two)
    browser = Browser(two.people[0])

    page = browser.get("ready", two.agreement.pk)
    done = browser.follow("freeze", two.agreement.pk, expires_on=in_days(20))

    assert "Nothing has changed yet compared with version 1." in page.text()
    assert page.soup.select("main form") == []
    assert done.messages() == ["Nothing has changed yet compared with version 1."]


def test_a_first_talk_goes_deeper_on_its_own_checklist() -> None:
    two = first_talk()
    begin(two)
    page = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)
    assert [tag["value"] for tag in page.soup.select("[name=depth]")] == ["full"]


# ---- Queries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [1, 3])
def test_the_checklist_of_a_change_asks_no_query_per_card(
    changed: int, django_assert_num_queries: Any
) -> None:
    two = in_force()
    begin(two)
    for key in ("exit_notice", "early_warning", "payment_days")[:changed]:
        if points.is_visible(two.sheet, two.point(key)):
            two.propose(0, key, {"number": 9, "unit": "days"})
    browser = Browser(two.people[0])
    browser.get("agreement_detail", two.agreement.pk)
    with django_assert_num_queries(16):
        browser.get("agreement_detail", two.agreement.pk)
    with django_assert_num_queries(17):
        browser.get("amendment", two.agreement.pk)


@pytest.mark.parametrize("left", [1, 3])
def test_projects_left_ask_no_query_each(left: int, django_assert_num_queries: Any) -> None:
    three = in_force(3)
    worlds = [three, *(another(three) for _each in range(left - 1))]
    for some in worlds[1:]:
        sign_all(some, some.freeze())
    for some in worlds:
        leaving.leave(some.agreement.pk, reason="Keine Leute", **some.acting(2))
    browser = Browser(three.people[2])
    with django_assert_num_queries(7):
        page = browser.get("project_list")
    assert len(page.soup.select("section[aria-labelledby=former-heading] li")) == left


def test_the_way_to_let_a_firm_join_is_named() -> None:
    two = in_force()
    firm = PartnerFactory.create()
    member(firm, "manager")
    browser = Browser(two.people[0])

    page = browser.post("project_invite", two.agreement.project_id, firm=firm.pk)

    assert "A further firm joins with a new version" in page.errors()[0]
    begin(two)
    project = browser.get("project_detail", two.agreement.project_id)
    assert project.soup.select(f"a[href='/projekte/{two.agreement.project_id}/einladen/']")
    projects.invite(two.agreement.pk, firm, **two.acting(0))
