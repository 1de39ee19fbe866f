"""A book of another community beside the Kodex: five rules, its own keys, roles and words."""

import re
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from pypdf import PdfReader

from cooperation import (
    agreement_pdf,
    answers,
    checklist_pdf,
    frozen,
    mark_shape,
    points,
    projects,
    reading,
    rule_books,
    signing,
)
from cooperation.models import Agreement, AgreementVersion, CustomerProject
from cooperation.numerals import in_words
from tests.cooperation import books
from tests.cooperation.browsers import Browser, Page, fields
from tests.cooperation.worlds import World, world
from tests.factories import member

SEVEN = re.compile(r"\b(seven|sieben)\b", re.IGNORECASE)
PROVENANCE = "The five topics and all questions were written by the working group North."
EVIL = "<script>alert(1)</script>"


def nord(firms: int = 2) -> World:
    rule_books.load_packaged()
    return world(firms, rule_book=books.load(books.NORDPAKT))


def answer_all(two: World) -> None:
    for number in range(len(two.firms)):
        two.press(number)
        two.propose(number, "crew", [{"role": "foreman", "person": "Ida Holm", "phone": "1"}])
    lead = str(two.firms[0].pk)
    two.propose(0, "what_we_build", "Ein Bootshaus.")
    two.propose(0, "who_leads", lead)
    two.propose(0, "machines", {"rows": [{"machine": "crane", "owner": lead, "days": "3"}]})
    for firm in range(len(two.firms)):
        for key in ("what_we_build", "who_leads", "machines", "crew"):
            sheet = two.sheet
            if str(two.firms[firm].pk) in points.unconfirmed(sheet, sheet.book.point(key)):
                two.confirm(firm, key)


def frozen_version(two: World) -> AgreementVersion:
    answer_all(two)
    return signing.freeze(two.agreement.pk, **two.acting(0))


def stones(page: Page) -> int:
    return len(page.soup.select("main svg.mark")[0].select("g"))


# ---- Choosing it -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_one_book_is_not_asked_for() -> None:
    two = world()
    assert not Browser(two.people[0]).get("project_create").soup.select("[name=rule_book]")


@pytest.mark.django_db
def test_several_books_are_asked_for_with_title_version_and_provenance() -> None:
    two = nord()
    page = Browser(two.people[0]).get("project_create")

    told = [
        (label.select_one("input")["value"], " ".join(label.get_text(" ").split()))  # type: ignore[index]
        for label in page.soup.select("label:has([name=rule_book])")
    ]
    kodex = rule_books.packaged()
    assert told == [
        ("p2p-kodex", f"P2P Kodex Version 2026.1 {kodex.provenance.en}"),
        ("nordpakt", f"Nordpakt Version 1.0 {PROVENANCE}"),
    ]
    assert page.one("[name=rule_book][checked]")["value"] == "p2p-kodex"


@pytest.mark.django_db
@pytest.mark.parametrize(("sent", "key"), [("nordpakt", "nordpakt"), ("p2p-kodex", "p2p-kodex")])
def test_project_is_made_under_the_book_that_was_chosen(sent: str, key: str) -> None:
    two = nord()
    browser = Browser(two.people[0])
    form = fields(browser.get("project_create").one("main form"))

    page = browser.post(
        "project_create",
        **form | {"name": "Bootshaus", "customer_name": "Verein", "rule_book": sent},
    )

    assert page.status == 302
    project = CustomerProject.objects.get(name="Bootshaus")
    assert Agreement.objects.get(project=project).rule_book.key == key


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["", "none", "1.0", EVIL])
def test_book_that_is_not_there_is_refused(sent: str) -> None:
    two = nord()
    browser = Browser(two.people[0])
    form = fields(browser.get("project_create").one("main form"))

    page = browser.post(
        "project_create",
        **form | {"name": "Bootshaus", "customer_name": "Verein", "rule_book": sent},
    )

    assert page.status == 200
    assert len(page.errors()) == 1
    assert b"<script>alert" not in page.response.content
    assert not CustomerProject.objects.filter(name="Bootshaus").exists()


# ---- Its pages ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_page_of_a_project_goes_by_its_book() -> None:
    two = nord()
    answer_all(two)
    browser = Browser(two.people[0])
    pk = two.agreement.pk
    pages = {
        "list": browser.get("project_list"),
        "project": browser.get("project_detail", two.agreement.project_id),
        "checklist": browser.get("agreement_detail", pk),
        "point": browser.get("point", pk, "who_leads"),
        "ready": browser.get("ready", pk),
    }
    version = signing.freeze(pk, **two.acting(0))
    pages["signing"] = browser.get("version", version.pk)

    for name, page in pages.items():
        assert page.status == 200, name
        assert not SEVEN.search(page.text()), name
        if name != "point":
            assert stones(page) == 5, name
        if name not in ("list", "project"):
            assert PROVENANCE in page.text(), name
    assert "five rules, point by point" in pages["checklist"].text(".page-head")
    assert len(pages["checklist"].soup.select("main section.rule")) == 5
    assert "points along five rules" in pages["ready"].text()
    assert "Crane" in pages["checklist"].text("#point-machines")
    links = {str(a["href"]) for a in pages["project"].soup.select("a[href*=checkliste]")}
    assert links == {f"/regelwerk/nordpakt/1.0/checkliste/{x}/" for x in ("short", "full")}


@pytest.mark.django_db
def test_invited_firm_reads_the_rules_of_the_book() -> None:
    two = nord()
    guest = member(world(1).firms[0], "manager")
    firm = guest.memberships.get().partner
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    page = Browser(guest).get("invitation", place.pk)

    assert [item.get_text(" ", strip=True) for item in page.soup.select(".rule-list li")] == [
        "1 Common aims",
        "2 On site",
        "3 All about money",
        "4 When there is friction",
        "5 Our people",
    ]
    assert page.one("aside a")["href"] == "/regelwerk/nordpakt/1.0/"


@pytest.mark.django_db
def test_project_lead_works_on_the_rules_the_book_says() -> None:
    two = nord()
    lead = member(two.firms[0], "lead")
    browser = Browser(lead)

    status = {
        key: browser.get("point_answer", two.agreement.pk, key).status
        for key in ("what_we_build", "meeting_day", "machines", "days_to_pay", "ladder", "crew")
    }

    assert status == {
        "what_we_build": 403,
        "meeting_day": 200,
        "machines": 200,
        "days_to_pay": 403,
        "ladder": 403,
        "crew": 403,
    }


@pytest.mark.django_db
def test_column_with_options_is_a_choice_in_the_form() -> None:
    two = nord()
    browser = Browser(two.people[0])
    page = browser.get("point_answer", two.agreement.pk, "machines")

    select = page.one("[name='rows.0.machine']")
    assert [(o["value"], o.text) for o in select.select("option")] == [
        ("", "–"),
        ("crane", "Crane"),
        ("digger", "Digger"),
    ]
    sent = fields(page.one(".point__form form"))
    good = {"rows.0.machine": "digger", "rows.0.days": "2"}
    bad = browser.post(
        "point_answer", two.agreement.pk, "machines", **sent | good | {"rows.0.machine": EVIL}
    )
    assert bad.status == 422
    assert bad.errors() == ["Please choose from the list."]
    assert b"<script>alert" not in bad.response.content
    assert browser.post("point_answer", two.agreement.pk, "machines", **sent | good).status == 302
    assert two.sheet.joint["machines"]["rows"] == [{"machine": "digger", "owner": "", "days": "2"}]


@pytest.mark.django_db
def test_condition_of_the_book_holds() -> None:
    two = nord()
    browser = Browser(two.people[0])
    assert browser.get("point", two.agreement.pk, "friday_place").status == 404

    two.propose(0, "meeting_day", "friday")

    assert browser.get("point", two.agreement.pk, "friday_place").status == 200


# ---- Signed ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_cover_carries_the_first_question_in_the_words_of_the_book() -> None:
    version = frozen_version(nord())
    text = reading.read(frozen.content(version.payload), "en")

    assert text.goal == reading.Goal("What do we build together?", "Ein Bootshaus.")


@pytest.mark.django_db
def test_cover_of_the_kodex_carries_the_goal() -> None:
    version = world().freeze()
    text = reading.read(frozen.content(version.payload), "de")

    assert text.goal == reading.Goal(
        "Was wollen wir gemeinsam für den Kunden erreichen?", "A quick start with Teams."
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "provenance"),
    [
        ("en", PROVENANCE),
        ("de", "Die fünf Themen und alle Fragen hat der Arbeitskreis Nord selbst geschrieben."),
    ],
)
def test_pdf_of_the_agreement_is_that_of_the_book(language: str, provenance: str) -> None:
    version = frozen_version(nord())

    text = pdf_text(agreement_pdf.render_version(version, language=language))

    assert provenance in text
    assert "nordpakt 1.0" in text.lower()
    assert "Ein Bootshaus." in text
    assert not SEVEN.search(text)


def pdf_text(data: bytes) -> str:
    pages = (page.extract_text() for page in PdfReader(BytesIO(data)).pages)
    return " ".join(" ".join(pages).split()).replace("\u2010", "-")  # as it is typed


# ---- Open to the world -------------------------------------------------------------------------


@pytest.mark.django_db
def test_public_page_of_the_book_is_its_own() -> None:
    nord()
    page = Browser(None).get("rule_book", "nordpakt", "1.0")

    assert page.text("h1") == "Five rules for working together"
    assert page.text(".page-head .eyebrow") == "Nordpakt · Version 1.0"
    assert [tag.get_text() for tag in page.soup.select(".kodex__points h3")] == [
        "What do we build together?",
        "Who leads?",
    ]
    aside = page.text(".kodex__aside")
    assert PROVENANCE in aside
    assert "The Nordpakt applies." in aside
    assert page.one("a[href='https://arbeitskreis-nord.example/pakt']").text == "Arbeitskreis Nord"
    assert page.one(".kodex__aside li a")["href"] == "/regelwerk/p2p-kodex/2026.1/"
    assert not SEVEN.search(page.text())


@pytest.mark.django_db
def test_public_page_of_the_kodex_stays_its_own_and_names_the_other() -> None:
    nord()
    page = Browser(None).get("kodex")

    assert page.text("h1") == "Seven rules for working together"
    assert page.text(".page-head .eyebrow") == "P2P Kodex · Version 2026.1"
    assert page.text(".kodex__aside ul") == "Nordpakt Version 1.0"
    assert rule_books.packaged().provenance.en in page.text()


@pytest.mark.django_db
def test_older_version_points_to_the_newer_one() -> None:
    nord()
    content = rule_books.parse_file(books.NORDPAKT.read_bytes())[1] | {"version": "1.1"}
    rule_books.save(rule_books.build(content), content)

    old = Browser(None).get("rule_book", "nordpakt", "1.0")
    new = Browser(None).get("rule_book", "nordpakt", "1.1")

    assert "New agreements are made under version 1.1." in old.text("main > .notice")
    assert old.one("main > .notice a")["href"] == "/regelwerk/nordpakt/1.1/"
    assert not new.soup.select("main .notice")


@pytest.mark.django_db
def test_checklists_of_one_book_are_never_those_of_another() -> None:
    nord()
    for row in rule_books.newest_of_each():
        checklist_pdf.ensure(row)
    browser = Browser(None)

    kodex = browser.get("blank_checklist", "short")
    other = browser.get("rule_book_checklist", "nordpakt", "1.0", "short")

    assert kodex.one("[hx-get]")["hx-get"] == "/kodex/checkliste/short/stand/?lang=en"
    assert other.one("[hx-get]")["hx-get"] == (
        "/regelwerk/nordpakt/1.0/checkliste/short/stand/?lang=en"
    )
    assert "P2P Kodex" in kodex.text(".page-head")
    assert "Nordpakt" in other.text(".page-head")
    assert browser.get("rule_book_checklist_status", "nordpakt", "1.0", "short").status == 200
    assert browser.get("rule_book_checklist_status", "nordpakt", "1.0", "long").status == 404
    assert browser.get("rule_book_checklist", "nordpakt", "1.0", "long").status == 404


@pytest.mark.parametrize("length", ["short", "full"])
def test_blank_checklist_is_that_of_the_book(length: str) -> None:
    book = books.read(books.NORDPAKT)

    english = pdf_text(checklist_pdf.render_blank(book, length=length, language="en"))
    german = pdf_text(checklist_pdf.render_blank(book, length=length, language="de"))

    assert PROVENANCE in english
    assert "Nordpakt: the" in english
    assert "https://arbeitskreis-nord.example/pakt" in english
    assert not SEVEN.search(english + german)
    assert ("Machine: Crane · Digger" in english) == (length == "full")
    assert ("Maschine: Kran · Bagger" in german) == (length == "full")


def test_blank_checklist_of_the_kodex_lists_what_can_be_chosen() -> None:
    sheet = checklist_pdf.sheet(
        rule_books.packaged().point("ms_associations"), rule_books.packaged(), "de"
    )
    assert sheet.legend[0].startswith(
        "Dienst (Workload): Intune · Exchange · Microsoft 365 Apps · "
    )
    assert sheet.legend[1:] == ("Art der Zuordnung: PAL · CPOR · DPOR",)


def test_blank_checklist_of_the_kodex_says_whose_words_they_are() -> None:
    book = rule_books.packaged()
    text = pdf_text(checklist_pdf.render_blank(book, length="short", language="en"))
    assert book.provenance.en in text
    assert "this portal's own wording" in text.replace("’", "'")
    assert "P2P Kodex: the short list" in text
    assert "points along seven rules" in pdf_text(
        checklist_pdf.render_blank(book, length="full", language="en")
    )


# ---- Texts of a book are only texts ------------------------------------------------------------


@pytest.mark.django_db
def test_html_in_every_text_of_a_book_is_shown_literally() -> None:
    def evil(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: f"{inner[:9]}{EVIL}"
                if isinstance(inner, str) and (key in ("de", "en") or key[-3:] in ("_de", "_en"))
                else evil(inner)
                for key, inner in value.items()
            }
        return [evil(item) for item in value] if isinstance(value, list) else value

    content = evil(rule_books.parse_file(books.NORDPAKT.read_bytes())[1])
    row = rule_books.save(rule_books.build(content), content)[0]
    rule_books.load_packaged()
    two = world(rule_book=row)
    browser = Browser(two.people[0])
    forms = [
        browser.get("point_answer", two.agreement.pk, key)
        for key in ("what_we_build", "who_leads", "machines", "days_to_pay", "ladder", "crew")
    ]
    answer_all(two)
    pk = two.agreement.pk
    pages = [
        browser.get("project_create"),
        browser.get("project_list"),
        browser.get("project_detail", two.agreement.project_id),
        browser.get("agreement_detail", pk),
        browser.get("ready", pk),
        browser.get("rule_book", "nordpakt", "1.0"),
        browser.get("kodex"),
    ]
    version = signing.freeze(pk, **two.acting(0))
    pages.append(browser.get("version", version.pk))

    for page in (*forms, *pages):
        assert page.status == 200
        assert b"<script>alert" not in page.response.content
    assert sum(page.soup.get_text().count(EVIL) for page in pages) > 60
    assert EVIL in pdf_text(agreement_pdf.render_version(version, language="de"))
    book = rule_books.by_id(row.pk)
    assert EVIL in pdf_text(checklist_pdf.render_blank(book, length="full", language="de"))


# ---- As many stones as rules -------------------------------------------------------------------


def test_arch_of_seven_is_drawn_as_ever() -> None:
    shape = mark_shape.shape(7)

    assert shape.block == ("M3.02 58.5A57 57 0 0 1 8.01 36.63L27.84 46.18A35 35 0 0 0 25.03 58.5Z")
    assert shape.outline == (
        "M4.06 57.5A56 56 0 0 1 8.51 37.98L26.56 46.67A36 36 0 0 0 24.09 57.5Z"
    )
    assert shape.half == "M14.02 58.5A46 46 0 0 1 17.93 41.4L27.84 46.18A35 35 0 0 0 25.03 58.5Z"
    assert shape.middle == "M14.1 57A46 46 0 0 1 17.34 42.79"
    assert shape.dot == ("15.15", "49.76", "3.6")
    assert [mark_shape.turn(place, 7) for place in range(7)] == [
        "0",
        "25.714",
        "51.429",
        "77.143",
        "102.857",
        "128.571",
        "154.286",
    ]


@pytest.mark.parametrize("count", range(1, 13))
def test_arch_has_a_stone_per_rule_and_none_leaves_its_place(count: int) -> None:
    segments = [{"state": "proposed", "title": f"Rule {n}"} for n in range(count)]
    svg = ElementTree.fromstring(
        render_to_string("portal/mark.html", {"segments": segments, "label": "x"})
    )
    groups = svg.findall("{http://www.w3.org/2000/svg}g")
    turns = [float(group.attrib["transform"].split("(")[1].split()[0]) for group in groups]

    assert turns == pytest.approx([n * 180 / count for n in range(count)], abs=0.001)
    shape = mark_shape.shape(count)
    for path in (shape.block, shape.outline, shape.half):
        numbers = [float(x) for x in re.findall(r"-?\d+\.?\d*", path)]
        assert all(0 <= number <= 120 for number in numbers)
    assert 1 <= float(shape.dot[2]) <= 3.6


@pytest.mark.parametrize(
    ("number", "german", "english"),
    [
        (1, "eine", "one"),
        (5, "fünf", "five"),
        (7, "sieben", "seven"),
        (12, "zwölf", "twelve"),
        (13, "13", "13"),
    ],
)
def test_small_numbers_are_written_out(number: int, german: str, english: str) -> None:
    with translation.override("de"):
        assert in_words(number) == german
    with translation.override("en"):
        assert in_words(number) == english


@pytest.mark.django_db
def test_talk_and_confirmation_work_in_another_book() -> None:
    """The verbs know no point of the Kodex by name."""
    two = nord(3)
    answer_all(two)
    answers.ask_to_talk(two.agreement.pk, "ladder", "Zu knapp", **two.acting(1))

    assert two.state("ladder") == "needs_talk"
    assert [b.point and b.point.key for b in points.blockers(two.sheet)] == ["ladder"]
