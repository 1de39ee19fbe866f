"""The pages of a first round: answering alone, handing in, the agenda, and what comes after."""

import io
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from cooperation import blind, first_round, first_round_pdf, first_rounds
from cooperation.models import Agreement, BlindAnswer, BlindRound, FirstRoundDocument
from documents import jobs
from tests.cooperation.browsers import Browser, Page, fields, plain
from tests.cooperation.rounds import GOAL, LEAD, Game, game
from tests.cooperation.worlds import another, world
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db

NASTY = '<script>alert("x")</script><b>fett</b> & „so“ {{ 7|add:1 }}'


def card(key: str) -> str:
    return f"#point-{key}"


def open_page(begun: Game, firm: int = 0) -> Page:
    return Browser(begun.world.people[firm]).get("first_round", begun.agreement.pk)


# ---- Beginning ---------------------------------------------------------------------------------


def test_a_project_can_begin_with_a_first_round() -> None:
    person = member(PartnerFactory.create(), "manager")
    browser = Browser(person)
    form = browser.get("project_create").one("main form")

    data = {**fields(form), "name": "Neu", "customer_name": "Werft", "depth": "first_round"}
    done = browser.follow("project_create", **data)

    agreement = Agreement.objects.get()
    assert (agreement.depth, agreement.blind_round.state) == ("exploratory", "open")
    assert "0 of 14" in done.text(".summary__next")
    assert [e.get_text() for e in done.soup.select(".timeline p:first-child")] == [
        "The first round began: each firm answers alone.",
        "The project was begun.",
    ]


def test_an_untouched_project_offers_a_first_round_to_its_managers() -> None:
    two = world()
    offered = Browser(two.people[1]).get("project_detail", two.agreement.project_id)
    observer = Browser(member(two.firms[0], "observer"))
    assert offered.soup.find("a", string="Begin with a first round")
    page = observer.get("project_detail", two.agreement.project_id)
    assert not page.soup.find("a", string="Begin with a first round")

    begin = Browser(two.people[1]).get("first_round", two.agreement.pk)
    assert len(begin.soup.select(".first-round-questions li")) == 14
    done = Browser(two.people[1]).follow("first_round_begin", two.agreement.pk)

    assert done.messages() == ["The first round has begun. Each firm answers alone."]
    assert len(done.soup.select("article.point")) == 14
    again = Browser(two.people[1]).follow("first_round_begin", two.agreement.pk)
    assert again.messages() == ["This agreement has its first round already."]


def test_a_touched_project_says_why_there_is_no_first_round() -> None:
    two = world()
    two.propose(0, GOAL, "Ein Ziel")

    page = Browser(two.people[0]).get("first_round", two.agreement.pk)

    assert "only as long as no firm has answered" in page.text(".notice")
    assert not page.soup.select("main form")
    project = Browser(two.people[0]).get("project_detail", two.agreement.project_id)
    assert not project.soup.find("a", string="Begin with a first round")


# ---- Answering ---------------------------------------------------------------------------------


def test_the_page_asks_the_short_list_rule_by_rule() -> None:
    begun = game()
    page = open_page(begun)

    numbers = [tag.get_text() for tag in page.soup.select(".point__number")]
    assert numbers == [point.number for point in first_round.asked(begun.world.sheet.book)]
    assert len(page.soup.select("section.rule")) == 7
    assert page.text(".summary__figure") == "0 of 14 answered"


@pytest.mark.parametrize("htmx", [False, True])
def test_answering_by_form(htmx: bool) -> None:
    begun = game()
    browser = Browser(begun.world.people[0], htmx=htmx)
    form = browser.get("first_round_answer", begun.agreement.pk, GOAL)
    data = fields(form.one(".point__form form"))

    done = browser.post(
        "first_round_answer", begun.agreement.pk, GOAL, **{**data, "text": "Ein Ziel"}
    )

    assert done.status == (200 if htmx else 302)
    assert BlindAnswer.objects.get().value == {"text": "Ein Ziel"}
    page = open_page(begun)
    assert "Ein Ziel" in page.text(card(GOAL))
    assert page.text(".summary__figure") == "1 of 14 answered"
    if htmx:
        assert done.text("#announce") == "Saved. Only your firm sees it."
    else:
        assert done.response.headers["Location"].endswith(f"/erste-runde/#point-{GOAL}")


STEPS: dict[str, dict[str, Any]] = {
    "first_round_answer": {"revision": "0", "answer": "yes", "note": ""},
    "first_round_default": {"revision": "0"},
    "first_round_not_applicable": {"revision": "0", "note": "Kommt nicht vor"},
    "first_round_clear": {"revision": "0"},
}


@pytest.mark.parametrize("name", STEPS)
def test_a_fragment_is_what_a_reload_shows(name: str) -> None:
    begun = game()
    browser = Browser(begun.world.people[0], htmx=True)

    fragment = browser.post(name, begun.agreement.pk, "speak_up", **STEPS[name])

    page = open_page(begun)
    for selector in (card("speak_up"), "#state", "#hand-in"):
        assert plain(fragment.one(selector)) == plain(page.one(selector))
    swapped = fragment.soup.select("[hx-swap-oob]")
    assert [tag["id"] for tag in swapped] == ["state", "hand-in", "announce"]


def test_cancel_puts_the_card_back() -> None:
    begun = game()
    begun.say(0, GOAL, "Ein Ziel")

    back = Browser(begun.world.people[0], htmx=True).get(
        "first_round_point", begun.agreement.pk, GOAL
    )

    assert plain(back.one(card(GOAL))) == plain(open_page(begun).one(card(GOAL)))


@pytest.mark.parametrize("htmx", [False, True])
def test_bad_input_is_explained_at_its_place_and_kept(htmx: bool) -> None:
    begun = game()
    browser = Browser(begun.world.people[0], htmx=htmx)
    why = "This differs from the Kodex default. Please say why in the note."
    for key, data, sentence in (
        ("own_interests", {"text": ""}, "Please write an answer."),
        ("speak_up", {"answer": "no"}, why),
        (LEAD, {"choice": "nobody"}, "Please choose one of the answers."),
    ):
        page = browser.post("first_round_answer", begun.agreement.pk, key, revision=0, **data)
        assert page.status == 422
        assert page.errors() == [sentence]
        assert page.soup.select(f"{card(key)} .point__form")
    long = browser.post(
        "first_round_not_applicable", begun.agreement.pk, GOAL, revision=0, note="a" * 2001
    )
    assert long.status == 422
    assert long.errors() == ["Please shorten this to 2000 characters (now 2001)."]
    assert "a" * 2001 in long.one("textarea[name=note]").get_text()
    assert not BlindAnswer.objects.exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_a_stale_form_shows_both_and_asks(htmx: bool) -> None:
    begun = game()
    begun.say(0, GOAL, "Von der Kollegin")
    browser = Browser(member(begun.world.firms[0], "specialist"), htmx=htmx)

    page = browser.post("first_round_answer", begun.agreement.pk, GOAL, revision=0, text="Von mir")

    assert page.status == (422 if htmx else 409)
    assert "Von der Kollegin" in page.text(f"{card(GOAL)} .notice")
    form = page.one(".point__form form")
    assert fields(form) == {"revision": "1", "text": "Von mir"}
    browser.post("first_round_answer", begun.agreement.pk, GOAL, **fields(form))
    assert BlindAnswer.objects.get().value == {"text": "Von mir"}
    for name, more in (("first_round_not_applicable", {"note": "x"}), ("first_round_clear", {})):
        stale = browser.post(name, begun.agreement.pk, GOAL, revision=1, **more)
        assert stale.status == (422 if htmx else 409)
    assert BlindAnswer.objects.get().value == {"text": "Von mir"}


@pytest.mark.parametrize("revision", ["", "-1", "x", "9" * 30, "²"])
def test_a_forged_revision_is_an_old_one(revision: str) -> None:
    begun = game()
    begun.say(0, GOAL, "Da")

    page = Browser(begun.world.people[0]).post(
        "first_round_answer", begun.agreement.pk, GOAL, revision=revision, text="Neu"
    )

    assert page.status == 409
    assert BlindAnswer.objects.get().value == {"text": "Da"}


def test_rows_grow_without_javascript() -> None:
    begun = game()
    browser = Browser(begun.world.people[0])
    form = browser.get("first_round_answer", begun.agreement.pk, "contacts").one(
        ".point__form form"
    )
    before = len(form.select("tbody tr"))

    page = browser.post(
        "first_round_answer", begun.agreement.pk, "contacts", **{**fields(form), "add": "1"}
    )

    assert len(page.one(".point__form form").select("tbody tr")) == before + 1
    assert not BlindAnswer.objects.exists()


def test_html_in_an_answer_is_text_everywhere() -> None:
    begun = game()
    for firm in (0, 1):
        begun.say(firm, GOAL, f"{NASTY} {firm}")
        begun.say(firm, LEAD, {"choice": str(begun.world.firms[firm].pk), "note": NASTY})
    assert NASTY in open_page(begun).text(card(GOAL))
    begun.hand_in(0, 1)

    for page in (
        open_page(begun),
        Browser(begun.world.people[0]).get("agreement_detail", begun.agreement.pk),
        Browser(begun.world.people[0]).get("point", begun.agreement.pk, GOAL),
    ):
        assert NASTY in page.text(card(GOAL))
        assert not page.soup.find("b", string="fett")
        assert "alert" not in "".join(tag.get_text() for tag in page.soup.select("script"))


def test_an_observer_reads_and_a_project_lead_answers_own_rules() -> None:
    begun = game()
    begun.say(0, GOAL, "Ein Ziel")
    observer = Browser(member(begun.world.firms[0], "observer"))
    lead = Browser(member(begun.world.firms[0], "lead"))

    page = observer.get("first_round", begun.agreement.pk)
    assert "Ein Ziel" in page.text(card(GOAL))
    assert not page.soup.select("main form, .point__actions")
    page = lead.get("first_round", begun.agreement.pk)
    editable = {tag["id"] for tag in page.soup.select("article:has(.point__actions)")}
    assert editable == {
        "point-contacts",
        "point-customer_lead",
        "point-contract_party",
        "point-non_solicitation",
    }
    assert lead.post("first_round_answer", begun.agreement.pk, GOAL, text="x").status == 403


# ---- Handing in --------------------------------------------------------------------------------


def test_handing_in_and_taking_back() -> None:
    begun = game()
    begun.say(0, GOAL, "Ein Ziel")
    browser = Browser(begun.world.people[0])
    page = open_page(begun)
    assert "13 questions are still open" in page.text("#hand-in")
    assert not page.soup.select("#hand-in .notice")

    page = browser.follow("first_round_hand_in", begun.agreement.pk)

    assert page.messages() == [
        "Handed in. Nobody sees your answers before all firms have handed in."
    ]
    assert not page.soup.select(".point__actions")
    late = browser.post("first_round_answer", begun.agreement.pk, GOAL, revision=1, text="Neu")
    assert late.status == 409
    assert "Your firm has handed in." in late.text(f"{card(GOAL)} .notice")
    page = browser.follow("first_round_take_back", begun.agreement.pk)
    assert page.messages() == ["Your answers are back with your firm. Nobody has seen them."]
    assert len(page.soup.select(".point__actions")) == 14


def test_nothing_to_hand_in_is_said() -> None:
    begun = game()

    page = Browser(begun.world.people[0]).follow("first_round_hand_in", begun.agreement.pk)

    assert page.messages() == [
        "Please answer at least one question. What you leave out is shown as open."
    ]


def test_the_last_firm_is_told_before_and_sees_the_agenda_after() -> None:
    begun = game()
    begun.say(0, GOAL, "Ein Ziel")
    begun.say(1, GOAL, "Ein anderes Ziel")
    begun.hand_in(0)
    assert "nothing can be taken back" in open_page(begun, 1).text("#hand-in .notice")

    page = Browser(begun.world.people[1]).follow("first_round_hand_in", begun.agreement.pk)

    assert page.messages() == ["All firms have handed in. Here is what to talk about."]
    assert page.text("h1") == "Agenda for the first talk"
    again = Browser(begun.world.people[1]).follow("first_round_hand_in", begun.agreement.pk)
    assert again.messages() == ["The first round is over: it has been opened to all firms."]


def test_an_open_form_leads_to_the_agenda_once_the_round_is_over() -> None:
    begun = game()
    begun.say(0, GOAL, "Eins")
    begun.say(1, GOAL, "Zwei")
    begun.hand_in(0, 1)
    address = f"/vereinbarung/{begun.agreement.pk}/erste-runde/"

    for htmx in (False, True):
        browser = Browser(begun.world.people[0], htmx=htmx)
        late = browser.post("first_round_answer", begun.agreement.pk, GOAL, revision=1, text="Spät")
        told = late.response.headers.get("HX-Redirect") or late.response.headers["Location"]
        assert told == address
        assert browser.get("first_round_answer", begun.agreement.pk, GOAL).status in (200, 302)
    assert not BlindAnswer.objects.filter(value={"text": "Spät"}).exists()


def test_ending_early_needs_all() -> None:
    begun = game()
    one, other = (Browser(person) for person in begun.world.people)

    page = one.follow("first_round_close", begun.agreement.pk, wish="1")
    assert page.messages() == ["Noted. The first round ends as soon as all firms agree."]
    assert "Would like to end the round" in open_page(begun, 1).text("#state")
    page = one.follow("first_round_close", begun.agreement.pk, wish="0")
    assert page.messages() == ["The first round goes on."]
    one.follow("first_round_close", begun.agreement.pk, wish="1")
    page = other.follow("first_round_close", begun.agreement.pk, wish="1")

    assert page.messages() == ["All firms agreed: the first round is over."]
    assert begun.world.firms[0].name in page.text(".first-round-note")


def test_a_firm_reads_its_own_notes_after_an_early_end() -> None:
    begun = game()
    begun.say(0, GOAL, "Nur für uns")
    begun.say(1, GOAL, "Für alle")
    begun.hand_in(1)
    begun.wish(0, 1)

    own, other = open_page(begun, 0), open_page(begun, 1)

    assert "Not handed in, only your firm sees it: Nur für uns" in own.text(card(GOAL))
    assert "Nur für uns" not in other.text()
    assert "Für alle" in own.text(card(GOAL))


# ---- While it is open --------------------------------------------------------------------------

CHECKLIST: dict[str, tuple[str, tuple[str, ...]]] = {
    "agreement_detail": ("get", ()),
    "ready": ("get", ()),
    "point": ("get", (GOAL,)),
    "point_answer": ("get", (GOAL,)),
    "point_not_applicable": ("get", (GOAL,)),
    "point_talk": ("post", (GOAL,)),
    "point_confirm": ("post", (GOAL,)),
    "point_default": ("post", ("speak_up",)),
    "rule_defaults": ("post", ("communication",)),
    "fast_track": ("post", ()),
    "freeze": ("post", ()),
}


@pytest.mark.parametrize("name", CHECKLIST)
def test_the_checklist_leads_to_the_round(name: str) -> None:
    begun = game()
    method, more = CHECKLIST[name]
    address = f"/vereinbarung/{begun.agreement.pk}/erste-runde/"
    for htmx in (False, True):
        browser = Browser(begun.world.people[0], htmx=htmx)
        page = getattr(browser, method)(name, begun.agreement.pk, *more)
        told = page.response.headers.get("HX-Redirect") or page.response.headers["Location"]
        assert told == address
        if method == "post" and not htmx:
            after = browser.get("first_round", begun.agreement.pk)
            assert after.messages()[0].startswith(
                "The first round is open: each firm answers alone"
            )


def test_a_project_that_was_given_up_keeps_its_round_closed() -> None:
    begun = game()
    begun.say(0, GOAL, "Nur für uns")
    begun.hand_in(0)
    Agreement.objects.filter(pk=begun.agreement.pk).update(status="abandoned")

    own, other = open_page(begun, 0), open_page(begun, 1)

    assert "Nur für uns" in own.text(card(GOAL))
    assert "Nur für uns" not in other.text()
    for page in (own, other):
        assert "given up before the first round was opened" in page.text("#hand-in .notice")
        assert not page.soup.select("main form, .point__actions")
    late = Browser(begun.world.people[1]).follow("first_round_hand_in", begun.agreement.pk)
    assert late.status == 403
    assert not blind.reconsider(Agreement.objects.get(pk=begun.agreement.pk))
    assert Browser(begun.world.people[1]).get("agreement_detail", begun.agreement.pk).status == 200


def test_project_pages_and_what_waits_tell_where_the_round_stands() -> None:
    begun = game()
    begun.say(0, GOAL, "Ein Ziel")
    browser = Browser(begun.world.people[0])
    names = [firm.name for firm in begun.world.firms]
    project = lambda: browser.get("project_detail", begun.agreement.project_id)  # noqa: E731
    line = lambda: browser.get("project_list").text(".project-line")  # noqa: E731
    home = lambda: Page(browser.client.get("/start/")).text()  # noqa: E731
    assert "your firm has answered 1 of 14 questions" in project().text(".summary__next")
    assert f"Waits for you and {names[1]}" in line()
    assert "First round: 1 of 14 questions answered for your firm." in home()
    assert f"The first round waits for {names[1]}." in home()

    begun.hand_in(0)

    assert f"The first round waits for {names[1]}." in project().text(".summary__next")
    assert f"Waits for {names[1]}" in line()
    assert "answered for your firm" not in home()
    begun.say(1, GOAL, "Ein Ziel")
    begun.hand_in(1)
    assert (
        "The first round was opened to all: 0 different answers, 13 points open, 1 same answer."
        in (project().text("main"))
    )
    assert project().soup.find("a", string="Agenda for the first talk")


# ---- The agenda --------------------------------------------------------------------------------


def test_the_agenda_begins_with_the_differences() -> None:
    begun = game()
    begun.play()
    page = open_page(begun)

    assert [tag["id"] for tag in page.soup.select(".first-round-part")] == [
        "difference",
        "open",
        "match",
        "each_own",
    ]
    assert [
        tag.get_text(" ", strip=True) for tag in page.soup.select(".first-round-counts li")
    ] == [
        "1 Different answers",
        "11 Still open",
        "1 Same answer",
        "1 Each firm for itself",
    ]
    assert [t.get_text() for t in page.soup.select("#difference .point__number")] == ["2.5"]
    said = [t.get_text(" ", strip=True) for t in page.soup.select("#difference .compare > div")]
    names = [firm.name for firm in begun.world.firms]
    assert said == [
        f"{names[0]} (your firm) {names[0]} Propose this answer : 2.5, {names[0]}",
        f"{names[1]} {names[1]} Propose this answer : 2.5, {names[1]}",
    ]
    assert "Ein schneller Start" in page.text("#match")
    assert page.text("#match .tag") == "Agreed"


def test_the_agenda_shows_where_each_point_stands_today() -> None:
    begun = game()
    begun.play()
    begun.world.propose(0, LEAD, str(begun.world.firms[0].pk))
    begun.world.confirm(1, LEAD)

    page = open_page(begun)

    assert page.text(f"{card(LEAD)} .tag") == "Agreed"
    assert not page.soup.select(f"{card(LEAD)} .compare__action")


def proposal_links(page: Page, key: str) -> list[str]:
    links = page.soup.select(f"{card(key)} a[href*='first_round=']")
    return [str(link["href"]) for link in links]


def test_an_answer_of_the_round_can_be_proposed_from_card_and_agenda() -> None:
    begun = game()
    begun.say(0, GOAL, "Ein Ziel")
    begun.say(1, GOAL, "Ein anderes Ziel")
    begun.skip(0, "speak_up", "Versteht sich")
    begun.say(1, "speak_up", "yes")
    begun.hand_in(0, 1)
    browser = Browser(begun.world.people[0])
    checklist = browser.get("agreement_detail", begun.agreement.pk)
    assert "Ein anderes Ziel" in checklist.text(f"{card(GOAL)} .first-round-said")

    for page in (checklist, open_page(begun)):
        links = proposal_links(page, GOAL)
        assert len(links) == 2
        form = Page(browser.client.get(links[1])).one(".point__form form")
        assert fields(form)["text"] == "Ein anderes Ziel"
        skipped = Page(browser.client.get(proposal_links(page, "speak_up")[0]))
        assert fields(skipped.one(".point__form form"))["note"] == "Versteht sich"
    browser.client.post(str(form["action"]), fields(form))
    begun.world.confirm(1, GOAL)

    assert begun.world.state(GOAL) == "agreed"
    settled = browser.get("agreement_detail", begun.agreement.pk)
    assert not settled.soup.select(f"{card(GOAL)} .first-round-said")


def test_links_at_a_card_keep_the_filter() -> None:
    begun = game()
    begun.play()
    browser = Browser(begun.world.people[0])

    page = browser.get("agreement_detail", begun.agreement.pk, query="?show=mine")

    firm = begun.world.firms[0].pk
    assert proposal_links(page, LEAD)[0].endswith(f"?first_round={firm}&show=mine")


def test_a_proposal_link_tells_nobody_more_than_the_agenda() -> None:
    begun = game()
    begun.say(0, GOAL, "Nie abgegeben")
    begun.say(1, GOAL, "Für alle")
    begun.hand_in(1)
    begun.wish(0, 1)
    foreign = Game(another(begun.world))
    blind.open_round(foreign.agreement.pk, **foreign.world.acting(0))
    foreign.say(1, GOAL, "Anderes Projekt")
    third = begun.join()

    def text(person: Any, firm: Any, agreement: Any = begun.agreement) -> str:
        browser = Browser(person)
        page = browser.get("point_answer", agreement.pk, GOAL, query=f"?first_round={firm}")
        return str(fields(page.one(".point__form form"))["text"])

    one, other = begun.world.people[:2]
    firms = begun.world.firms
    assert text(one, firms[1].pk) == "Für alle"
    assert text(other, firms[0].pk) == ""  # never handed in
    assert text(begun.world.people[third], firms[1].pk) == ""  # was no part of the round
    for nonsense in ("", "x", "'", firms[third].pk, GOAL):
        assert text(one, nonsense) == ""


@pytest.mark.parametrize("firms", [2, 5])
def test_queries_do_not_grow_with_the_firms(firms: int, django_assert_num_queries: Any) -> None:
    begun = game(firms)
    browser = Browser(begun.world.people[0])
    browser.get("first_round", begun.agreement.pk)
    # Session, user, agreement, memberships; two rights; firms to name, places, parts, answers.
    with django_assert_num_queries(10):
        browser.get("first_round", begun.agreement.pk)
    begun.play()
    with django_assert_num_queries(15):
        browser.get("first_round", begun.agreement.pk)


@pytest.mark.parametrize("rows", [1, 3])
def test_queries_of_lists_do_not_grow_with_the_rounds(rows: int) -> None:
    begun = game()
    for _row in range(rows - 1):
        more = another(begun.world)
        blind.open_round(more.agreement.pk, **more.acting(0))
    agreements = list(Agreement.objects.select_related("blind_round"))

    with CaptureQueriesContext(connection) as pending:
        found = first_rounds.pending(agreements)
    with CaptureQueriesContext(connection) as counted:
        first_rounds.answered(found, [begun.world.firms[0].pk])

    assert len(found) == rows
    assert (len(pending), len(counted)) == (2, 1)


# ---- As PDF ------------------------------------------------------------------------------------


def read(opened: BlindRound, language: str) -> tuple[str, bytes]:
    row = FirstRoundDocument.objects.get(round=opened, language=language)
    jobs.build(row.document_id, first_round_pdf.render)
    row.document.refresh_from_db()
    with row.document.file.open("rb") as file:
        pdf = file.read()
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages), pdf


def test_the_agenda_as_pdf_in_both_languages() -> None:
    begun = game()
    opened = begun.play()

    german, pdf = read(opened, "de")
    english, _other = read(opened, "en")

    for text, words in (
        (german, ["Welcher Partner führt das Gespräch mit dem Kunden?", "2.5"]),
        (
            english,
            [
                "Agenda for the first talk",
                "Different answers",
                "What we say together",
                "Which partner leads the conversation with the customer?",
            ],
        ),
    ):
        assert [word for word in words if word not in text] == []
        for firm in begun.world.firms:
            assert firm.name in text
        assert "Ein schneller Start" in text
    places = [english.index(word) for word in ("Different answers", "Still open", "Same answer")]
    assert places == sorted(places)
    assert pdf == first_round_pdf.render_round(begun.round, language="de")  # the same bytes


def test_the_pdf_is_watched_and_handed_out() -> None:
    begun = game()
    opened = begun.play()
    browser = Browser(begun.world.people[1], htmx=True)
    waiting = browser.get("first_round_pdf_status", begun.agreement.pk, "en")
    assert waiting.one("[hx-trigger]")
    assert browser.get("first_round_pdf", begun.agreement.pk, "en").status == 404

    _text, pdf = read(opened, "en")

    ready = browser.get("first_round_pdf_status", begun.agreement.pk, "en")
    assert not ready.soup.select("[hx-trigger]")
    url = str(ready.one("a[download]")["href"])
    answer = browser.client.get(url)
    assert b"".join(answer) == pdf
    assert "first-talk-neuer-arbeitsplatz-en.pdf" in answer.headers["Content-Disposition"]


def test_a_failed_pdf_can_be_tried_again() -> None:
    begun = game()
    opened = begun.play()
    row = FirstRoundDocument.objects.get(round=opened, language="de")
    type(row.document).objects.filter(pk=row.document_id).update(state="failed", error="x")
    browser = Browser(begun.world.people[0])
    assert browser.get("first_round", begun.agreement.pk).soup.find("button", string="Try again")

    browser.post("first_round_pdf_retry", begun.agreement.pk, "de")

    row.document.refresh_from_db()
    assert row.document.state == "queued"


def test_html_and_long_words_in_the_pdf_are_text() -> None:
    begun = game()
    nasty = '<img src="http://127.0.0.1:9/x"><b>fett</b> ' + "x" * 300
    for firm in (0, 1):
        begun.say(firm, GOAL, f"{nasty} {firm}")
    opened = begun.hand_in(0, 1)

    text, _pdf = read(opened, "de")

    assert "<b>fett</b>" in text
    assert "127.0.0.1:9/x" in text.replace(" ", "")


def test_five_firms_and_tables_fit_on_paper() -> None:
    begun = game(5)
    for firm in range(5):
        begun.say(
            firm,
            "contacts",
            [
                {"role": "sponsor", "person": f"Ada {firm}", "email": "ada@firma.example"},
                {"role": "project_lead", "person": f"Ben {firm}", "phone": "+49 221 1234"},
            ],
        )
    opened = begun.play()

    text, _pdf = read(opened, "en")

    for firm in range(5):
        assert f"Ada {firm}" in text
        assert begun.world.firms[firm].name in text


def test_a_firm_that_left_reads_nothing_any_more() -> None:
    begun = game(3)
    begun.play()
    person = begun.world.people[2]
    assert Browser(person).get("first_round", begun.agreement.pk).status == 200

    place = begun.agreement.project.participations.get(partner=begun.world.firms[2])
    type(place).objects.filter(pk=place.pk).update(
        state="left", left_at=place.invited_at, left_by=person
    )

    assert Browser(person).get("first_round", begun.agreement.pk).status == 404
    assert Browser(person).get("first_round_pdf", begun.agreement.pk, "de").status == 404
