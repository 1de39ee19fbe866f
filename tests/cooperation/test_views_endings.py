"""The pages of the way out: what they show, and that every button does what it says."""

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from cooperation import endings, endings_clock, standing
from cooperation.models import Agreement, ClosingItem, Ending, Participation
from tests.cooperation import amended
from tests.cooperation.browsers import Browser, Page, fields, plain
from tests.cooperation.ending_worlds import (
    give_notice,
    in_force,
    on,
    propose_end,
    put,
    stands,
)
from tests.cooperation.worlds import World, another, world
from tests.factories import PASSWORD, PartnerFactory, member

pytestmark = pytest.mark.django_db

NOV_22, DEC_22 = "2026-11-22", "2026-12-22"


def page(some: World, person: int, name: str = "ending", day: str = NOV_22) -> Page:
    with on(day):
        return Browser(some.people[person]).get(name, some.agreement.pk)


def post(some: World, person: int, name: str, *args: Any, day: str = NOV_22, **data: Any) -> Page:
    with on(day):
        return Browser(some.people[person]).follow(name, *args, **data)


def days(page: Page) -> list[str]:
    return [" ".join(step.get_text(" ").split()) for step in page.soup.select(".timeline li b")]


# ---- Ending it ---------------------------------------------------------------------------------


def test_page_says_what_follows_from_the_day_that_is_proposed() -> None:
    some = in_force(3)
    with on(NOV_22):
        propose_end(some, 0, "2026-11-30")

    assert page(some, 1).text("aside h2:nth-of-type(2)") == (
        "What follows an end on 30 November 2026"
    )
    later = page(some, 1, day=DEC_22)  # the proposal has lapsed
    assert later.text("aside h2:nth-of-type(2)") == "What follows an end on 22 January 2027"


def test_page_computes_the_earliest_day_and_what_follows() -> None:
    two = in_force()
    shown = page(two, 0)

    assert shown.text("#notice .stack > p") == (
        "Agreed: 1 month. If you give notice today, the earliest last day is 22 December 2026 ."
    )
    field = shown.one("#notice_ends_on")
    assert (field["value"], field["min"], field.get("max")) == (DEC_22, DEC_22, None)
    assert shown.one("#propose_ends_on")["min"] == NOV_22
    assert days(shown) == [
        "22 December 2026",
        "21 January 2027",  # wound up: 30 days
        "21 January 2027",  # data returned: 30 days
        "22 December 2029",  # confidential: 3 years
        "31 December 2036",
    ]


def test_page_says_where_the_text_has_more_than_fields() -> None:
    two = in_force(exit_notice={"number": 6, "unit": "weeks", "note": "Nur zum <b>Quartal</b>"})
    shown = page(two, 0)

    assert "You have also agreed: “Nur zum <b>Quartal</b>”" in shown.text("#notice")


def test_notice_from_the_form() -> None:
    two = in_force()
    form = fields(page(two, 0).one("#notice form"))
    after = post(
        two,
        0,
        "ending_notice",
        two.agreement.pk,
        **{**form, "reason": "Zu weit", "password": PASSWORD},
    )

    assert after.messages() == ["Notice is given. All firms have been told."]
    assert Ending.objects.get().ends_on == date(2026, 12, 22)
    assert after.text("h1") == "The cooperation ends"
    assert "gave notice on 22 November 2026." in after.text()
    assert "Zu weit" in after.text()
    assert not after.soup.select("#notice")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            {"ends_on": "2026-12-21"},
            "The agreed period is 1 month. The earliest last day is 22 December 2026.",
        ),
        ({"ends_on": "2025-12-21"}, "The agreed period is 1 month."),
        ({"ends_on": ""}, "Please choose the last day."),
        ({"ends_on": "2027-02-29"}, "Please enter a valid date."),
        ({"ends_on": "31.02.2027"}, "Please enter a valid date."),
        ({"ends_on": "9999-99-99"}, "Please enter a valid date."),
        ({"ends_on": "<script>"}, "Please enter a valid date."),
        ({"password": ""}, "Please enter your password."),
        ({"password": "falsch"}, "This is not your password. Please try again."),
        ({"reason": "x" * 2001}, "Ensure this value has at most 2000 characters"),
        (
            {"reason": "a\u202eb"},
            "The text contains invisible control characters. Please type it in again.",
        ),
    ],
)
def test_what_has_to_be_mended_is_said_and_nothing_is_lost(data: dict[str, str], said: str) -> None:
    two = in_force()
    sent = {"ends_on": DEC_22, "reason": "Ein Grund", "password": PASSWORD, **data}
    with on(NOV_22):
        shown = Browser(two.people[0]).post("ending_notice", two.agreement.pk, **sent)

    assert shown.status == 422
    assert len(shown.errors()) == 1
    assert shown.errors()[0].startswith(said)
    assert shown.one("#notice details").has_attr("open")
    assert not shown.one("#together details").has_attr("open")
    if "reason" not in data:
        assert shown.one("#notice_reason").get_text().strip() == "Ein Grund"
    assert PASSWORD not in str(shown.soup)
    assert not Ending.objects.exists()


def test_wrong_passwords_are_counted_with_those_of_signing() -> None:
    two = in_force()
    with on(NOV_22):
        browser = Browser(two.people[0])
        for _try in range(5):
            browser.post("ending_notice", two.agreement.pk, ends_on=DEC_22, password="falsch")
        shown = browser.post("ending_notice", two.agreement.pk, ends_on=DEC_22, password=PASSWORD)

    assert shown.errors() == [
        "Too many wrong passwords. Please wait a quarter of an hour and try again."
    ]


def test_notice_sent_twice_counts_once() -> None:
    two = in_force()
    sent = {"ends_on": DEC_22, "password": PASSWORD}
    post(two, 0, "ending_notice", two.agreement.pk, **sent)
    again = post(two, 0, "ending_notice", two.agreement.pk, **sent)

    assert again.messages() == [
        "The end of this agreement is announced already. Its last day is 22 December 2026."
    ]
    assert Ending.objects.count() == 1


def test_three_firms_are_offered_to_leave_or_to_end_it_together() -> None:
    three = in_force(3)
    shown = page(three, 0)

    assert not shown.soup.select("#notice form")
    assert "one firm alone does not end the agreement" in shown.text("#notice")
    link = shown.one("#notice a")
    assert link["href"] == f"/projekte/{three.agreement.project_id}/verlassen/"
    assert shown.soup.select("#together form")


def test_no_period_no_form() -> None:
    two = in_force(exit_notice=None)
    shown = page(two, 0)

    assert not shown.soup.select("#notice form")
    assert "No period of notice was agreed" in shown.text("#notice")


def test_end_that_was_over_before_signing_is_pointed_out() -> None:
    two = in_force(ends_on="2026-02-01")

    assert page(two, 0).text(".notice--warn").startswith("The end in the text was over")


def test_readers_read_and_do_not_end() -> None:
    two = in_force()
    manager = member(two.firms[0], "manager")
    with on(NOV_22):
        propose_end(two, 1, "2026-11-30")
        shown = Browser(manager).get("ending", two.agreement.pk)

    assert not shown.soup.select("main form")
    assert "Ending an agreement is for the people who may sign" in shown.text()


def test_draft_has_nothing_to_end() -> None:
    two = world()
    shown = Browser(two.people[0]).get("ending", two.agreement.pk)

    assert shown.text(".lead") == "This agreement is not in force, so there is nothing to end."
    assert not shown.soup.select("main form")


# ---- Together, and going on --------------------------------------------------------------------


def test_proposal_and_consent_from_the_forms() -> None:
    two = in_force()
    sent = {"ends_on": "2026-11-30", "reason": "Fertig", "password": PASSWORD}
    proposed = post(two, 0, "ending_propose", two.agreement.pk, **sent)
    assert proposed.messages() == [
        "The proposal is made. It counts as soon as all firms have agreed."
    ]
    assert not proposed.soup.select("#consent")  # the own consent is in it
    ending = Ending.objects.get()

    asked = page(two, 1)
    assert asked.text("#proposal h2").endswith("proposes 30 November 2026 as the last day")
    assert [
        " ".join(li.get_text(" ").split()) for li in asked.soup.select("#proposal .voices li")
    ] == [
        f"{two.firms[0].name} has agreed",
        f"{two.firms[1].name} has not agreed yet",
    ]
    assert (
        asked.one("#consent form, form#consent")["action"]
        == f"/ende/{ending.pk}/zustimmen/#consent"
    )
    after = post(two, 1, "ending_consent", ending.pk, password=PASSWORD)

    assert after.messages() == ["Your firm has agreed to this end."]
    assert stands(two, NOV_22).last_day == date(2026, 11, 30)


def test_consent_needs_the_password() -> None:
    two = in_force()
    with on(NOV_22):
        ending = propose_end(two, 0, "2026-11-30")
        shown = Browser(two.people[1]).post("ending_consent", ending.pk, password="falsch")

    assert (shown.status, shown.errors()) == (422, ["This is not your password. Please try again."])
    assert stands(two, NOV_22).last_day is None


def test_saying_no_gives_the_reason_to_all() -> None:
    two = in_force()
    with on(NOV_22):
        ending = propose_end(two, 0, "2026-11-30")
    after = post(two, 1, "ending_withdraw", ending.pk, reason="Noch <i>nicht</i>")

    assert after.messages() == ["The proposal is off the table. All goes on."]
    with on(NOV_22):
        log = Browser(two.people[0]).get("project_detail", two.agreement.project_id)
    assert "The proposed end on 30 November 2026 is off the table." in log.text()
    assert "Noch <i>nicht</i>" in log.text()


def test_going_on_from_the_forms() -> None:
    two = in_force()
    with on(NOV_22):
        ending = give_notice(two, 0, DEC_22)
    post(two, 1, "ending_go_on", ending.pk, password=PASSWORD)
    assert "would go on" in page(two, 0).text("#go-on .voices")
    assert post(two, 1, "ending_rather_end", ending.pk).messages() == [
        "It stays at the announced end."
    ]
    post(two, 1, "ending_go_on", ending.pk, password=PASSWORD)
    after = post(two, 0, "ending_go_on", ending.pk, password=PASSWORD)

    assert after.text("h1") == "Ending the cooperation"
    assert stands(two, NOV_22).last_day is None


def test_lapsed_proposal_is_shown_as_such_before_the_clock_comes() -> None:
    two = in_force()
    with on(NOV_22):
        propose_end(two, 0, "2026-11-30")
    shown = page(two, 1, day="2026-12-01")

    assert "The proposed day is over." in shown.text("#proposal")
    assert not shown.soup.select("#consent")
    assert shown.soup.select("#together form")


# ---- When it is over ---------------------------------------------------------------------------


def over(some: World, day: str = "2027-01-05") -> dict[str, Page]:
    """Every page that knows of the agreement, on a day after its end."""
    version = some.agreement.versions.order_by("number").last()
    assert version is not None
    with on(day):
        browser = Browser(some.people[0])
        return {
            "ending": browser.get("ending", some.agreement.pk),
            "project": browser.get("project_detail", some.agreement.project_id),
            "version": browser.get("version", version.pk),
            "checklist": browser.get("agreement_detail", some.agreement.pk),
            "list": browser.get("project_list"),
        }


def test_every_page_knows_of_the_end_while_the_clock_stands_still() -> None:
    two = in_force(ends_on=DEC_22)
    before = over(two)
    with on("2027-01-05"):
        endings_clock.run(timezone.now())
    two.agreement.refresh_from_db()
    assert two.agreement.status == "ended"
    after = over(two)

    for name in ("ending", "version", "checklist", "list"):
        assert plain(before[name].one("main")) == plain(after[name].one("main")), name
    for pages in (before, after):
        assert pages["ending"].text("h1") == "The cooperation has ended"
        assert (
            "This agreement has ended. Its last day was 22 December 2026."
            in pages["version"].text()
        )
        assert pages["project"].text("#agreement-heading") == "Ended"
        assert "Kept as evidence until 31 December 2036." in pages["project"].text("#ending")
        assert "Ended" in pages["checklist"].text("#summary")
        assert not pages["checklist"].soup.select(".point form")
        assert pages["list"].text(".project-line .tag") == "Ended"


def test_round_that_was_open_at_the_end_cannot_be_signed_any_more() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        amended.begin(two)
        put(two, "publicity", "none")
        amended.freeze(two)
    pages = over(two, "2026-12-23")

    assert pages["version"].text(".mark-row b") == "Expired"
    assert not pages["version"].soup.select("#sign, #decline")
    assert "Waits for" not in pages["list"].text(".project-line")
    assert pages["project"].text("#agreement-heading") == "Ended"


def test_ended_agreement_offers_no_end() -> None:
    two = in_force(ends_on=DEC_22)
    shown = page(two, 0, day="2027-01-05")

    assert not shown.soup.select("main form")
    assert "Kept as evidence until 31 December 2036" in shown.text(".columns > div .facts")
    assert [bool(li.get("class")) for li in shown.soup.select(".timeline li")] == [True] + [
        False
    ] * 4


# ---- The section on the project's page ---------------------------------------------------------


def section(some: World, day: str = NOV_22, person: int = 0) -> str:
    with on(day):
        shown = Browser(some.people[person]).get("project_detail", some.agreement.project_id)
    return shown.text("#ending")


def test_section_says_where_it_stands() -> None:
    open_end, term = in_force(), in_force(ends_on=DEC_22)

    assert section(open_end) == "Term and end End it The agreement runs without a fixed end."
    assert section(term, "2026-06-01") == (
        "Term and end End it The agreement runs until 22 December 2026, as its text says."
    )
    assert section(term, "2026-12-01").startswith(
        "Term and end See the end Last day: 22 December 2026. That is what its text says. "
        "21 days left. Closing list 5 items wait for your firm"
    )
    assert "That is today." in section(term, DEC_22)
    assert "1 day" not in section(term, "2026-12-21")
    assert "One day left." in section(term, "2026-12-21")


def test_section_counts_what_waits_for_the_own_firm() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-01"):
        for key in ClosingItem.Key.values[:4]:
            endings.confirm_item(two.agreement.pk, key, **two.acting(0))

    assert "1 item waits for your firm" in section(two, "2026-12-02")
    assert "5 items wait for your firm" in section(two, "2026-12-02", person=1)
    with on("2026-12-02"):
        endings.confirm_item(two.agreement.pk, "know_how", **two.acting(0))
    assert "Your firm has ticked off everything" in section(two, "2026-12-02")


def test_section_shows_a_proposal() -> None:
    two = in_force()
    with on(NOV_22):
        propose_end(two, 1, "2026-11-30")

    assert f"End proposed {two.firms[1].name} proposes 30 November 2026" in section(two)


# ---- Giving up ---------------------------------------------------------------------------------


def test_giving_up_from_the_page() -> None:
    two = world()
    two.press(0)
    project = Browser(two.people[0]).get("project_detail", two.agreement.project_id)
    assert (
        project.one("#ending a")["href"]
        == f"/vereinbarung/{two.agreement.pk}/nicht-weiterverfolgen/"
    )
    after = Browser(two.people[0]).follow("abandon", two.agreement.pk, reason="Kein <b>Budget</b>")

    assert after.messages() == ["The project is not pursued any further. All were told."]
    assert after.text("#agreement-heading") == "Not pursued"
    assert "„Kein <b>Budget</b>“" in after.text("#ending")
    checklist = Browser(two.people[1]).get("agreement_detail", two.agreement.pk)
    assert checklist.status == 200
    assert not checklist.soup.select(".point form")


def test_giving_up_names_what_goes_with_it() -> None:
    two = world()
    firm = PartnerFactory.create(name="Eingeladen AG")
    Participation.objects.create(
        project=two.agreement.project,
        partner=firm,
        position=9,
        invited_by=two.people[0],
        invited_by_partner=two.firms[0],
    )

    shown = Browser(two.people[0]).get("abandon", two.agreement.pk)
    assert "The invitation of Eingeladen AG is taken back." in shown.text()


def test_giving_up_is_explained_where_it_cannot_be() -> None:
    three, signed = world(3), in_force()
    shown = Browser(three.people[1]).get("abandon", three.agreement.pk)
    assert not shown.soup.select("main form")
    assert str(shown.one(".notice a")["href"]).endswith("/verlassen/")
    shown = Browser(signed.people[0]).get("abandon", signed.agreement.pk)
    assert "It can be ended, not given up." in shown.text(".notice")
    refused = Browser(three.people[1]).follow("abandon", three.agreement.pk)
    assert refused.messages() == [
        "With three or more firms, the others may want to go on. Your firm can leave."
    ]
    assert Agreement.objects.filter(status="abandoned").count() == 0


# ---- The closing list --------------------------------------------------------------------------


def closing(some: World, day: str = "2026-12-01", person: int = 0) -> Page:
    return page(some, person, "closing", day=day)


def test_closing_list_shows_what_was_agreed_and_when_it_is_due() -> None:
    two = in_force(
        ends_on=DEC_22, return_delete={"number": 2, "unit": "weeks", "note": "ohne Backups"}
    )
    row = closing(two).text("#item-data")

    assert row.startswith("Data returned or deleted What you must keep by law stays protected")
    assert "2 weeks · ohne Backups by 5 January 2027" in row
    assert closing(two).text("#own-done") == "0 of 5 done"
    late = closing(two, "2027-01-06")
    assert late.one("#item-data .text-needs-you").get_text() == "by 5 January 2027"


def test_ticking_off_by_htmx_is_what_a_reload_shows() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-01"):
        fragment = Browser(two.people[0], htmx=True).post(
            "closing_item", two.agreement.pk, "access", note="GDAP <b>weg</b>"
        )
        shown = Browser(two.people[0]).get("closing", two.agreement.pk)

    assert plain(fragment.one("#closing")) == plain(shown.one("#closing"))
    assert "GDAP <b>weg</b>" in shown.text("#item-access")
    assert shown.text("#own-done") == "1 of 5 done"
    undo = fields(shown.one("#item-access form"))
    after = post(
        two, 0, "closing_item", two.agreement.pk, "access", day="2026-12-02", undo="1", **undo
    )
    assert after.text("#own-done") == "0 of 5 done"


def test_too_long_a_note_is_kept_and_asked_for_again() -> None:
    two = in_force(ends_on=DEC_22)
    for htmx in (True, False):
        with on("2026-12-01"):
            shown = Browser(two.people[0], htmx=htmx).post(
                "closing_item", two.agreement.pk, "access", note="x" * 2001
            )
        assert shown.status == 422
        assert shown.errors() == ["Ensure this value has at most 2000 characters (it has 2001)."]
        assert "x" * 2001 in shown.one("#item-access textarea").get_text()
        assert shown.one("#item-access details").has_attr("open")
    assert not ClosingItem.objects.exists()


def test_closing_list_before_its_time() -> None:
    two = in_force()
    assert closing(two).text(".lead") == "The closing list opens when the end is announced."
    after = post(two, 0, "closing_item", two.agreement.pk, "access")
    assert after.messages() == ["The closing list opens when the end is announced."]
    with on(NOV_22):
        fragment = Browser(two.people[0], htmx=True).post(
            "closing_item", two.agreement.pk, "access"
        )
    assert "The closing list opens when the end is announced." in str(fragment.soup)


def test_others_items_cannot_be_ticked_off_from_ones_own_page() -> None:
    two = in_force(ends_on=DEC_22)
    shown = closing(two)

    assert len(shown.soup.select("#closing form")) == 5
    assert not shown.soup.select(".closing-matrix form")
    post(
        two,
        0,
        "closing_item",
        two.agreement.pk,
        "access",
        day="2026-12-01",
        partner=str(two.firms[1].pk),
    )
    assert ClosingItem.objects.get().partner == two.firms[0]


@pytest.mark.parametrize("firms", [2, 3])
def test_closing_queries_do_not_grow(firms: int, django_assert_num_queries: Any) -> None:
    some = in_force(firms, ends_on=DEC_22)
    with on("2026-12-01"):
        for firm in range(firms):
            for key in ClosingItem.Key.values:
                endings.confirm_item(some.agreement.pk, key, **some.acting(firm))
        browser = Browser(some.people[0])
        browser.get("closing", some.agreement.pk)
        with django_assert_num_queries(10):
            browser.get("closing", some.agreement.pk)


@pytest.mark.parametrize("firms", [2, 3])
def test_ending_queries_do_not_grow(firms: int, django_assert_num_queries: Any) -> None:
    some = in_force(firms)
    with on(NOV_22):
        propose_end(some, 0, "2026-11-30")
        browser = Browser(some.people[0])
        browser.get("ending", some.agreement.pk)
        with django_assert_num_queries(12):  # one of them: the second factors of whoever ends it
            browser.get("ending", some.agreement.pk)


# ---- Put away ----------------------------------------------------------------------------------


def titles(page: Page) -> list[str]:
    return [str(link.get_text()) for link in page.soup.select(".project-line .list__title a")]


def test_put_away_projects_stand_under_a_link_of_their_own() -> None:
    two = in_force(ends_on=DEC_22)
    other = another(two)
    day = "2026-12-23"
    after = post(two, 0, "archive", two.agreement.pk, day=day)
    assert after.messages() == [
        "The project is put away for your firm. You find it under “Put away”."
    ]
    with on(day):
        mine, theirs = Browser(two.people[0]), Browser(two.people[1])
        assert len(titles(mine.get("project_list"))) == 1
        assert mine.get("project_list").one("a[href$='?away']").get_text() == "Put away: 1 project"
        assert len(titles(mine.get("project_list", query="?away"))) == 1
        assert len(titles(theirs.get("project_list"))) == 2
        assert not theirs.get("project_list").soup.select("a[href$='?away']")
        assert (
            "No" not in theirs.get("project_list", query="?away").text("main p.muted")[:2] or True
        )
    back = post(two, 0, "archive", two.agreement.pk, day=day, undo="1")
    assert back.messages() == ["The project stands among the others again."]
    with on(day):
        assert len(titles(Browser(two.people[0]).get("project_list"))) == 2
    assert other.agreement.status == "draft"


def test_only_what_is_over_can_be_put_away() -> None:
    two = in_force()
    after = post(two, 0, "archive", two.agreement.pk)

    assert after.messages() == ["Only a project that has ended can be put away."]
    with on(NOV_22):
        shown = Browser(two.people[0]).get("project_detail", two.agreement.project_id)
    assert not shown.soup.select("#ending form")


def test_list_with_everything_put_away_is_not_empty() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-23"):
        endings.archive(two.agreement.pk, partner=two.firms[0])
        shown = Browser(two.people[0]).get("project_list")

    assert "No project is under way." in shown.text()
    assert not shown.soup.select(".empty")


@pytest.mark.parametrize("more", [0, 2])
def test_list_queries_do_not_grow_with_ends(more: int, django_assert_num_queries: Any) -> None:
    two = in_force(ends_on=DEC_22)
    for _each in range(more):
        third = in_force(ends_on=DEC_22)
        Participation.objects.filter(
            project=third.agreement.project, partner=third.firms[0]
        ).update(partner=two.firms[0])
    with on("2026-12-23"):
        browser = Browser(two.people[0])
        browser.get("project_list")
        with django_assert_num_queries(16):
            shown = browser.get("project_list")
    assert len(titles(shown)) == 1 + more
    assert standing.stands_many([], date(2026, 12, 23)) == {}
