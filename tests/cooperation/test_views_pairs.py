"""The pages of pairwise points: a card per firm, many at once, versions, PDFs; two to twelve."""

import io
from typing import Any
from uuid import uuid4

import pytest
from bs4 import Tag
from pypdf import PdfReader

from cooperation import agreement_pdf, answers, depth, points
from cooperation.models import AgreementDocument, Answer, TalkRequest
from documents import jobs
from partners.models import Membership
from tests.cooperation.browsers import Browser, Page, fields, plain
from tests.cooperation.pairing import (
    ROWS,
    all_settled,
    paired,
    rates,
    settle,
    signed,
    state_between,
    talk,
)
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db

KEY = "day_rates"
CHECKLIST_QUERIES, READY_QUERIES, VERSION_QUERIES = 12, 12, 17


def card(several: World, other: int) -> str:
    return f"#point-{KEY}--{several.firms[other].pk}"


def mit(several: World, other: int) -> str:
    return f"?mit={several.firms[other].pk}"


def url(tag: Tag) -> str:
    """Where the form or link leads, with the firm that it names."""
    return str(tag.get("hx-post") or tag.get("hx-get"))


def amounts(number: str) -> dict[str, str]:
    return {f"rows.{index}.amount": number for index in range(len(ROWS))}


def send(browser: Browser, address: str, data: dict[str, Any]) -> Page:
    return Page(browser.client.post(address, data, headers=browser.htmx))


# ---- Cards ---------------------------------------------------------------------------------------


def test_each_other_firm_has_a_card_and_other_pairs_one_line() -> None:
    four = paired(4)
    settle(four, 2, 3)
    page = Browser(four.people[0]).get("agreement_detail", four.agreement.pk)

    group = page.one(f"#point-{KEY}")
    assert [tag["id"] for tag in group.select("article")] == [
        card(four, other)[1:] for other in (1, 2, 3)
    ]
    names = [firm.name for firm in four.firms]
    assert [" ".join(tag.get_text().split()) for tag in group.select("h4")] == [
        f"5.5 Which day rates apply (net, per 8 hours)?: Between you and {name} "
        "only the two of you see it"
        for name in names[1:]
    ]
    assert page.text(f"#point-{KEY}-others") == (
        f"2 other pairs of firms have still to settle it: {names[1]} – {names[2]}, "
        f"{names[1]} – {names[3]}."
    )
    assert len(page.soup.select(f"#point-{KEY} h3")) == 1


def test_two_firms_have_one_card_that_says_who_sees_it() -> None:
    two = paired(2)
    page = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)
    shown = page.text(f"#point-{KEY}")
    assert page.one(f"#point-{KEY}").name == "article"
    assert f"Only you and {two.firms[1].name} see this." in shown
    assert "All firms of this project" not in shown
    assert page.soup.select(".pairwise") == []


def test_one_firm_alone_is_told_that_it_needs_another() -> None:
    one = world(1)
    one.propose(0, "commercial_model", "day_rates")
    browser = Browser(one.people[0])
    page = browser.get("agreement_detail", one.agreement.pk)
    assert "As soon as another firm takes part" in page.text(f"#point-{KEY}")
    assert browser.get("point", one.agreement.pk, KEY).status == 200
    assert browser.get("point_answer", one.agreement.pk, KEY).status == 404


def test_answer_confirm_and_talk_go_through_the_card_of_the_firm() -> None:
    three = paired()
    mine, theirs = Browser(three.people[0], htmx=True), Browser(three.people[1], htmx=True)
    page = Browser(three.people[0]).get("agreement_detail", three.agreement.pk)

    form = Page(mine.client.get(url(page.one(f"{card(three, 1)}-answer")), headers=mine.htmx))
    done = send(mine, url(form.one("form")), {**fields(form.one("form")), **amounts("950")})
    assert "950.00" in done.text(card(three, 1))

    form = theirs.get("point_answer", three.agreement.pk, KEY, query=mit(three, 0))
    send(theirs, url(form.one("form")), {**fields(form.one("form")), **amounts("850")})
    page = Browser(three.people[0]).get("agreement_detail", three.agreement.pk)
    confirm = page.one(f"form:has({card(three, 1)}-confirm)")
    done = send(mine, url(confirm), fields(confirm))
    assert state_between(three, 0, 1) == "agreed"
    assert state_between(three, 0, 2) == "open"

    ask = mine.get("point_talk", three.agreement.pk, KEY, query=mit(three, 2))
    assert f"Only {three.firms[2].name} and your firm see this." in ask.text("form")
    done = send(mine, url(ask.one("form")), {"comment": "Reisezeiten?"})
    assert done.one("#announce").get_text() == f"{three.firms[2].name} sees that you want to talk."
    assert state_between(three, 0, 2) == "needs_talk"
    resolve = done.one(".notice--needs-you form")
    send(Browser(three.people[2], htmx=True), url(resolve), {})
    assert state_between(three, 0, 2) == "open"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("point_answer", amounts("900") | {"revision": "0", "currency": "EUR"}),
        ("point_not_applicable", {"revision": "0", "note": "Nur Kaffee"}),
        ("point_talk", {"comment": "Bitte sprechen"}),
    ],
)
def test_fragment_of_a_pair_is_what_a_reload_shows(name: str, data: dict[str, str]) -> None:
    three = paired()
    if name == "point_answer":
        form = Browser(three.people[0]).get(name, three.agreement.pk, KEY, query=mit(three, 2))
        data = fields(form.one(".point__form form")) | amounts("900")
    browser = Browser(three.people[0], htmx=True)
    address = f"/vereinbarung/{three.agreement.pk}/punkt/{KEY}/"
    parts = {"point_answer": "antworten", "point_not_applicable": "entfaellt"}
    fragment = send(browser, f"{address}{parts.get(name, 'gespraech')}/{mit(three, 2)}", data)
    reload = Browser(three.people[0]).get("agreement_detail", three.agreement.pk)

    assert fragment.status == 200
    heads = (f"#point-{KEY}-head", f"#point-{KEY}-others", "#summary", "#rules")
    for selector in (card(three, 2), *heads):
        assert plain(fragment.one(selector)) == plain(reload.one(selector)), selector
    in_band = [tag for tag in fragment.soup.find_all(recursive=False) if not tag.get("hx-swap-oob")]
    assert [tag["id"] for tag in in_band] == [card(three, 2)[1:]]


def test_group_appears_and_goes_with_the_answer_it_hangs_on() -> None:
    three = world(3)
    browser = Browser(three.people[0], htmx=True)
    shown = browser.post(
        "point_answer",
        three.agreement.pk,
        "commercial_model",
        revision="0",
        choice="day_rates",
        note="",
    )
    reload = Browser(three.people[0]).get("agreement_detail", three.agreement.pk)
    assert plain(shown.one(f"#point-{KEY}")) == plain(reload.one(f"#point-{KEY}"))
    assert shown.one(f"#point-{KEY}").name == "section"
    # What is swapped as a whole must not hold parts that would be swapped by themselves.
    assert shown.soup.select(f"#point-{KEY} [hx-swap-oob]") == []

    gone = browser.post(
        "point_answer",
        three.agreement.pk,
        "commercial_model",
        revision="1",
        choice="own_invoices",
        note="",
    )
    assert gone.one(f"#point-{KEY}")["class"] == ["point-place"]


@pytest.mark.parametrize("whom", ["oneself", "stranger", "nobody", "nonsense", "empty"])
def test_wrong_firm_is_not_found(whom: str) -> None:
    three = paired()
    named = {
        "oneself": str(three.firms[0].pk),
        "stranger": str(PartnerFactory.create().pk),
        "nobody": str(uuid4()),
        "nonsense": "<script>",
        "empty": "",
    }[whom]
    browser = Browser(three.people[0])
    for name in ("point", "point_answer", "point_talk", "point_not_applicable"):
        assert browser.get(name, three.agreement.pk, KEY, query=f"?mit={named}").status == 404
    base = f"/vereinbarung/{three.agreement.pk}/punkt/{KEY}/"
    for last in ("antworten", "standard", "bestaetigen", "entfaellt", "gespraech"):
        page = browser.client.post(f"{base}{last}/?mit={named}", {"comment": "x", "revision": "0"})
        assert page.status_code == 404
    page = browser.client.post(f"{base}nichts-zwischen-uns/", {"mit": [named]})
    assert page.status_code in (404, 422)
    assert not Answer.objects.filter(point_key=KEY).exists()
    assert not TalkRequest.objects.exists()


@pytest.mark.parametrize("firms", [2, 3])
def test_form_that_names_no_firm_is_sent_to_nobody(firms: int) -> None:
    """While it was open, the other firm may have left and another have come."""
    several = paired(firms)
    several.propose(1, KEY, rates("900"), other=0)
    browser = Browser(several.people[0])
    assert browser.post("point_answer", several.agreement.pk, KEY, **amounts("5")).status == 404
    assert browser.post("point_confirm", several.agreement.pk, KEY, revision="1").status == 404
    assert browser.get("point", several.agreement.pk, KEY).status == 200


def test_talk_of_another_pair_is_not_found() -> None:
    three = paired()
    asked = talk(three, 0, 1, "Nur wir zwei")
    assert Browser(three.people[2]).post("talk_resolve", three.agreement.pk, asked.pk).status == 404
    asked.refresh_from_db()
    assert asked.resolved_at is None
    assert Browser(three.people[1]).post("talk_resolve", three.agreement.pk, asked.pk).status == 302


def test_filters_show_the_pairs_that_fit() -> None:
    four = paired(4)
    settle(four, 0, 1)
    four.propose(0, KEY, rates("900"), other=2)

    def shown(firm: int, show: str) -> list[str]:
        page = Browser(four.people[firm]).get(
            "agreement_detail", four.agreement.pk, query=f"?show={show}"
        )
        cards = page.soup.select(f"#point-{KEY} article")
        assert all(f"show={show}" in str(tag) for tag in cards)
        return [str(tag["id"]).split("--")[1] for tag in cards]

    keys = [str(firm.pk) for firm in four.firms]
    assert shown(0, "mine") == [keys[3]]
    assert shown(0, "open") == [keys[2], keys[3]]
    assert shown(2, "mine") == [keys[0], keys[1], keys[3]]


def test_open_filter_names_other_pairs_when_the_own_are_settled() -> None:
    three = paired()
    settle(three, 0, 1)
    settle(three, 0, 2)
    page = Browser(three.people[0]).get("agreement_detail", three.agreement.pk, query="?show=open")
    assert page.soup.select(f"#point-{KEY} article") == []
    assert "1 other pair of firms has still to settle it" in page.text(f"#point-{KEY}")


def test_observer_reads_the_pairs_of_the_own_firm_and_changes_nothing() -> None:
    three = paired()
    settle(three, 0, 1, "901")
    settle(three, 1, 2, "777")
    page = Browser(member(three.firms[0], "observer")).get("agreement_detail", three.agreement.pk)
    assert "901.00" in page.text(card(three, 1))
    assert "777.00" not in page.response.content.decode()
    assert page.soup.select("main form") == []
    assert page.soup.select(".point__actions") == []


def test_person_of_two_firms_acts_for_one_of_them() -> None:
    """Both take part: one's own two firms do not read each other's pairs on one page."""
    three = paired()
    settle(three, 0, 2, "901")
    settle(three, 1, 2, "777")
    both = three.people[0]
    Membership.objects.create(user=both, partner=three.firms[1], is_partner_manager=True)
    page = Browser(both).get("agreement_detail", three.agreement.pk)
    assert "901.00" in page.response.content.decode()
    assert "777.00" not in page.response.content.decode()


def test_firm_that_left_meanwhile_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    three = paired()
    place = three.agreement.project.participations.get(partner=three.firms[1])
    ask = answers.propose

    def too_late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(answers, "propose", ask)
        type(place).objects.filter(pk=place.pk).update(state="declined")
        return ask(*args, **kwargs)

    monkeypatch.setattr(answers, "propose", too_late)
    browser = Browser(three.people[0], htmx=True)
    form = browser.get("point_answer", three.agreement.pk, KEY, query=mit(three, 1))
    data = fields(form.one("form")) | amounts("900")
    page = send(browser, url(form.one("form")), data)

    assert page.response.headers["HX-Redirect"].startswith(f"/vereinbarung/{three.agreement.pk}/")
    assert not Answer.objects.filter(point_key=KEY).exists()


# ---- A page that is no longer true ---------------------------------------------------------------


@pytest.mark.parametrize("htmx", [True, False])
def test_answer_is_saved_and_not_confirmed_while_another_part_is_unread(htmx: bool) -> None:
    three = paired()
    three.propose(1, KEY, rates("800"), other=0)
    browser = Browser(three.people[0], htmx=htmx)
    form = browser.get("point_answer", three.agreement.pk, KEY, query=mit(three, 1))
    data = fields(form.one(".point__form form")) | amounts("900")
    three.propose(1, KEY, rates("2000"), other=0)

    action = str(form.one(".point__form form")["action"])
    done = send(browser, action, data)

    said = (
        "Your answer is saved. It is not confirmed for your firm yet, because another firm "
        "changed its part in the meantime. Please read it and confirm."
    )
    if htmx:
        assert done.one("#announce").get_text() == said
        assert "2,000.00" in done.text(card(three, 1))
    else:
        page = browser.get("agreement_detail", three.agreement.pk)
        assert page.messages() == [said]
    pair = three.sheet.between(str(three.firms[0].pk), str(three.firms[1].pk))
    assert str(three.firms[0].pk) in points.unconfirmed(pair, pair.book.point(KEY))
    assert pair.given(pair.book.point(KEY), str(three.firms[0].pk)) is not None


def test_not_applicable_is_not_confirmed_either() -> None:
    two = world()
    two.propose(1, "contributions", "Zwei Leute")
    browser = Browser(two.people[0], htmx=True)
    form = browser.get("point_not_applicable", two.agreement.pk, "contributions")
    data = fields(form.one(".point__form form"))
    two.propose(1, "contributions", "Niemand mehr")

    done = browser.post("point_not_applicable", two.agreement.pk, "contributions", **data)

    assert done.one("#announce").get_text().startswith("Proposed: this point does not apply. It is")
    assert two.state("contributions") == "proposed"


STALE: dict[str, tuple[Any, Any, dict[str, Any], str, str]] = {
    # By question: what stood, what stands now, what is sent; words of both on the page.
    "shared_goal": ("Erst so", "Dann so", {"text": "Ganz anders"}, "Dann so", "Ganz anders"),
    "exclusivity": (
        "customer",
        {"choice": "none", "note": "Zimt"},
        {"choice": "customer", "note": "Anis"},
        "Zimt",
        "Anis",
    ),
    "customer_protection": (
        "yes",
        {"answer": "no", "note": "Zimt"},
        {"answer": "no", "note": "Anis"},
        "Zimt",
        "Anis",
    ),
    "exit_notice": (
        {"number": 30, "unit": "days"},
        {"number": 45, "unit": "days"},
        {"number": "60", "unit": "days", "note": ""},
        "45 days",
        "60",
    ),
    "term": (
        {"start": "2026-12-01", "end": None, "review": None},
        {"start": "2026-12-02", "end": None, "review": None},
        {"start": "2026-12-03", "end": "", "note": "Anis"},
        "2 Dec 2026",
        "2026-12-03",
    ),
    "contract_value": (
        {"currency": "EUR", "amount": "100"},
        {"currency": "EUR", "amount": "200"},
        {"currency": "EUR", "amount": "300", "note": ""},
        "200.00",
        "300",
    ),
    "fee_or_margin": (
        {"percent": "10"},
        {"percent": "11"},
        {"percent": "12", "note": ""},
        "11.00",
        "12",
    ),
}


@pytest.mark.parametrize("point", STALE)
def test_stale_form_shows_both_and_asks(point: str) -> None:
    stood, stands, sent, theirs, mine = STALE[point]
    two = world()
    two.propose(0, "commercial_model", "referral_fee")
    two.propose(1, point, stood)
    browser = Browser(two.people[0])
    form = browser.get("point_answer", two.agreement.pk, point)
    old = fields(form.one(".point__form form"))
    two.propose(1, point, stands)

    page = send(browser, str(form.one(".point__form form")["action"]), {**old, **sent})

    assert page.status == 409
    assert theirs in page.text(".point__form .notice")
    kept = fields(page.one(".point__form form"))
    assert mine in [value for value in kept.values() if isinstance(value, str)]
    two.propose(1, point, stands)  # nothing was overwritten: this confirms what stands there
    again = send(browser, str(page.one(".point__form form")["action"]), kept)
    assert again.status == 302


def test_stale_form_of_tables_shows_both() -> None:
    two = world()
    table = {"rows": [{"label": "Zimt", "cells": {str(two.firms[0].pk): "AR"}}]}
    two.propose(1, "raci", table)
    browser = Browser(two.people[0])
    form = browser.get("point_answer", two.agreement.pk, "raci")
    data = fields(form.one(".point__form form"))
    table["rows"][0]["label"] = "Muskat"
    two.propose(1, "raci", table)
    page = browser.post("point_answer", two.agreement.pk, "raci", **data)
    assert page.status == 409
    assert "Muskat" in page.text(".point__form .notice")
    assert "Zimt" in str(page.one(".point__form form"))


# ---- Nothing between us --------------------------------------------------------------------------


def test_nothing_page_lists_the_firms_it_fits_and_tells_what_it_did() -> None:
    four = paired(4)
    settle(four, 0, 1)
    nothing_said = four.firms[3]
    answers.mark_not_applicable(
        four.agreement.pk, KEY, revision=0, other=four.firms[0], **four.acting(3)
    )
    browser = Browser(four.people[0])
    page = browser.get("point_nothing", four.agreement.pk, KEY)
    labels = [" ".join(tag.get_text().split()) for tag in page.soup.select("fieldset label")]
    assert labels == [four.firms[2].name, f"{nothing_said.name} has said so already"]

    address = page.response.request["PATH_INFO"]
    boxes = [str(tag["value"]) for tag in page.soup.select("[name=mit]")]
    done = browser.client.post(address, {"mit": boxes, "note": "Nur Kaffee"}, follow=True)
    assert Page(done).messages() == [
        f"Noted: nothing between you and {four.firms[2].name}, {nothing_said.name}. "
        "Each of them sees only its own part."
    ]
    assert [state_between(four, 0, other) for other in (1, 2, 3)] == [
        "agreed",
        "proposed",
        "not_applicable",
    ]


def test_nothing_page_asks_for_a_firm_and_keeps_the_words() -> None:
    three = paired()
    browser = Browser(three.people[0])
    page = browser.post("point_nothing", three.agreement.pk, KEY, note="Nur <b>Kaffee</b>")
    assert page.status == 422
    assert page.errors() == ["Please choose at least one firm."]
    assert page.one("textarea").get_text().strip() == "Nur <b>Kaffee</b>"

    chosen = str(three.firms[1].pk)
    page = browser.post("point_nothing", three.agreement.pk, KEY, mit=[chosen], note="x" * 2001)
    assert page.status == 422
    assert page.one(f"#with-{chosen}").has_attr("checked")
    assert not Answer.objects.filter(point_key=KEY).exists()


def test_nothing_page_tells_of_an_answer_that_came_meanwhile() -> None:
    three = paired()
    browser = Browser(three.people[0])
    three.propose(1, KEY, rates("900"), other=0)
    page = browser.follow(
        "point_nothing", three.agreement.pk, KEY, mit=[str(firm.pk) for firm in three.firms[1:]]
    )
    assert page.messages() == [
        f"Noted: nothing between you and {three.firms[2].name}. "
        "Each of them sees only its own part.",
        f"With {three.firms[1].name} an answer stands there meanwhile. Please look at it.",
    ]


def test_nothing_page_is_for_points_of_many_pairs() -> None:
    three, two = paired(), paired(2)
    assert Browser(three.people[0]).get("point_nothing", three.agreement.pk, "raci").status == 404
    assert Browser(two.people[0]).get("point_nothing", two.agreement.pk, KEY).status == 404
    lead = member(three.firms[0], "lead")  # of rules two to four
    assert Browser(lead).get("point_nothing", three.agreement.pk, KEY).status == 403


# ---- What is missing, lists ----------------------------------------------------------------------


def test_missing_page_gathers_the_pairs_of_a_point() -> None:
    four = paired(4)
    settle(four, 0, 1)
    page = Browser(four.people[0]).get("ready", four.agreement.pk)
    names = [firm.name for firm in four.firms]
    assert len(page.soup.select(".list__item")) == 1
    assert [" ".join(tag.get_text().split()) for tag in page.soup.select(".list__meta")] == [
        f"{names[0]} and {names[2]}: Nobody has answered this point yet.",
        f"{names[0]} and {names[3]}: Nobody has answered this point yet.",
        f"3 other pairs of firms have still to settle this: {names[1]} – {names[2]}, "
        f"{names[1]} – {names[3]}, {names[2]} – {names[3]}.",
    ]
    assert page.text(".lead").startswith("3 things are still open.")


def test_project_page_shows_the_log_of_the_own_pairs() -> None:
    three = paired()
    settle(three, 0, 1)
    between = f"{three.firms[0].name} – {three.firms[1].name}"
    for firm, shown in ((0, True), (1, True), (2, False)):
        page = Browser(three.people[firm]).get("project_detail", three.agreement.project_id)
        assert (f"Only read by {between}" in page.text("main")) is shown


# ---- Versions and PDFs ---------------------------------------------------------------------------


def test_version_shows_own_annexes_and_the_fingerprints_of_all() -> None:
    three = all_settled(amount="901", note="Halbe Reisezeit")
    version = signed(three)
    hashes = sorted(version.annexes.values_list("sha256", flat=True))
    for firm, reads in ((0, True), (1, True), (2, False)):
        page = Browser(three.people[firm]).get("version", version.pk)
        body = page.response.content.decode()
        assert ("901.00" in body) is reads
        assert ("Halbe Reisezeit" in body) is reads
        assert sorted(tag.get_text() for tag in page.soup.select("#annexes code")) == hashes


def test_each_firm_downloads_its_own_pdf_and_no_other() -> None:
    three = all_settled(amount="901.23")
    version = signed(three)
    for row in AgreementDocument.objects.filter(version=version, language="de"):
        jobs.build(row.document_id, agreement_pdf.render)
    for firm, reads in ((0, True), (1, True), (2, False)):
        got = Browser(three.people[firm]).get("document", version.pk, "de")
        assert got.status == 200
        pages = PdfReader(io.BytesIO(got.body)).pages
        text = " ".join(page.extract_text() for page in pages)
        assert ("901,23" in text) is reads
        squeezed = text.replace("\n", "").replace(" ", "")
        assert all(annex.sha256 in squeezed for annex in version.annexes.all())
        assert f"Ausfertigungfür{three.firms[firm].name.replace(' ', '')}" in squeezed


def test_firm_that_left_keeps_what_it_signed_and_who_joined_later_sees_nothing_of_it() -> None:
    three = all_settled(amount="901")
    version = signed(three)
    project = three.agreement.project
    project.participations.filter(partner=three.firms[1]).update(
        state="left", left_at="2026-11-22T10:00Z", left_by=three.people[1]
    )
    late = PartnerFactory.create()
    person = member(late, "manager", "signer")
    project.participations.create(
        partner=late,
        state="accepted",
        invited_by=three.people[0],
        invited_by_partner=three.firms[0],
        responded_by=person,
        responded_at="2026-11-22T10:00Z",
        position=9,
    )

    kept = Browser(three.people[1]).get("version", version.pk)
    assert kept.status == 200
    assert "901.00" in kept.response.content.decode()
    assert Browser(three.people[1]).get("agreement_detail", three.agreement.pk).status == 404
    newcomer = Browser(person)
    assert newcomer.get("version", version.pk).status == 404
    assert newcomer.get("document", version.pk, "de").status == 404
    assert newcomer.get("document_status", version.pk, "de").status == 404
    assert newcomer.post("document_retry", version.pk, "de").status == 404
    for name, pk in (
        ("project_detail", project.pk),
        ("agreement_detail", three.agreement.pk),
        ("project_list", None),
    ):
        body = newcomer.get(name, *([pk] if pk else [])).response.content.decode()
        assert str(version.pk) not in body
        assert version.sha256 not in body
        assert "901.00" not in body


# ---- As many queries, however many firms ---------------------------------------------------------


def busy(firms: int) -> World:
    several = paired(firms)
    several.propose(0, KEY, rates("900"), other=1)
    talk(several, 1, 0, "Hm")
    return several


@pytest.mark.parametrize("firms", [2, 12])
def test_pages_of_twelve_firms_ask_as_many_queries_as_those_of_two(
    firms: int, django_assert_num_queries: Any
) -> None:
    several = busy(firms)
    browser = Browser(several.people[0])
    pages = {
        "agreement_detail": CHECKLIST_QUERIES,
        "ready": READY_QUERIES,
    }
    for name, number in pages.items():
        browser.get(name, several.agreement.pk)
        with django_assert_num_queries(number):
            page = browser.get(name, several.agreement.pk)
        assert page.status == 200
    several.agreement.refresh_from_db()
    page = browser.get("agreement_detail", several.agreement.pk)
    cards = page.soup.select(f"#point-{KEY} article, article#point-{KEY}")
    assert len(cards) == firms - 1


def test_version_of_twelve_firms_asks_as_many_queries_as_that_of_three(
    django_assert_num_queries: Any,
) -> None:
    for firms in (3, 12):
        several = all_settled(firms)
        version = signed(several)
        browser = Browser(several.people[firms - 1])
        browser.get("version", version.pk)
        with django_assert_num_queries(VERSION_QUERIES):
            page = browser.get("version", version.pk)
        assert len(page.soup.select("#annexes tbody tr")) == firms * (firms - 1) // 2


def test_full_checklist_of_five_firms_is_one_page_of_few_queries(
    django_assert_max_num_queries: Any,
) -> None:
    five = paired(5)
    for other in range(1, 5):
        five.propose(0, KEY, rates("900"), other=other)
    answers.ask_to_talk(five.agreement.pk, "publicity", "Hm", **five.acting(0))

    depth.change(five.agreement.pk, "full", **five.acting(0))
    browser = Browser(five.people[0])
    browser.get("agreement_detail", five.agreement.pk)
    with django_assert_max_num_queries(15):
        page = browser.get("agreement_detail", five.agreement.pk)
    assert len(page.soup.select(".checklist > .rule > :is(article, .pairwise, .point-place)")) == 68
