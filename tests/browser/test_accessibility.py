"""Every main page: free of what axe finds, at 360 pixels, by keyboard, and in one language.

The pages show the demo's story, which has an agreement in every state, long names and long tables.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Page, expect

from cooperation import rule_books
from cooperation.models import Agreement, AgreementVersion, Participation
from documents import rendering
from documents.models import Document
from partners.models import Membership, Partner, User
from scoring import imports, months, scores
from scoring.models import PartnerCenterImport, Scenario, Tenant
from tests import blank
from tests.browser import steps
from tests.cooperation import settling
from tests.cooperation.worlds import world
from tests.scoring.worlds import Row, office_usage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
EVERYTHING = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The story of the demo, without the typesetting of its documents."""
    monkeypatch.setattr(rendering, "html_to_pdf", blank.instead_of_html)
    call_command("load_demo", verbosity=0)


def person(local: str) -> User:
    return User.objects.get(email__startswith=f"{local}@")


# ---- The pages -----------------------------------------------------------------------------------

PUBLIC = ("public", "cooperation:kodex", "account_login", "account_reset_password")
MEMBERS = (
    "home",
    "cooperation:project_list",
    "cooperation:project_create",
    "scoring:overview",
    "scoring:outlook",
    "scoring:plan",
    "scoring:scenarios",
    "scoring:unclaimed",
    "scoring:customers",
    "scoring:people",
    "scoring:history",
    "scoring:corrections",
    "scoring:reports",
    "scoring:disclosures",
    "scoring:imports",
    "partners:directory",
    "partners:profile",
    "partners:profile_edit",
    "partners:people",
    "partners:person_invite",
    "partners:account",
    "account_change_password",
)
FORMS = ("contacts", "raci", "term", "escalation", "ms_associations", "overrun_costs")


def pages_of(user: User) -> dict[str, str]:
    """The address of each main page that ``user``, an admin who negotiates and signs, can open."""
    found = {name: reverse(name) for name in MEMBERS}
    firm = Partner.objects.of(user).get()
    other = Partner.objects.exclude(pk=firm.pk).order_by("slug").first()
    assert other is not None
    member = Membership.objects.filter(partner=firm).exclude(user=user).first()
    assert member is not None
    found["firm"] = reverse("partners:firm_detail", args=[other.pk])
    found["person_edit"] = reverse("partners:person_edit", args=[member.pk])
    invitation = Participation.objects.invited().get(partner=firm)
    found["invitation"] = reverse("cooperation:invitation", args=[invitation.pk])
    for agreement in Agreement.objects.visible_to(user):
        state = agreement.status
        found[f"project {state}"] = reverse(
            "cooperation:project_detail", args=[agreement.project_id]
        )
        if not agreement.is_draft:
            continue
        found["checklist"] = steps.checklist(agreement)
        found["checklist mine"] = steps.checklist(agreement, "mine")
        found["not ready"] = reverse("cooperation:ready", args=[agreement.pk])
        found["project_invite"] = reverse("cooperation:project_invite", args=[agreement.project_id])
        for key in FORMS:
            found[f"form {key}"] = reverse("cooperation:point_answer", args=[agreement.pk, key])
        worth = reverse("cooperation:association_worth", args=[agreement.pk])
        found["worth"], found["worth reckoned"] = worth, f"{worth}?seats=180&active=20&later=65"
        found["talk"] = reverse("cooperation:point_talk", args=[agreement.pk, "overrun_costs"])
    for version in AgreementVersion.objects.filter(
        agreement__in=Agreement.objects.visible_to(user)
    ):
        found[f"version {version.state}"] = reverse("cooperation:version", args=[version.pk])
    score = scores.latest(firm)
    assert score is not None
    assert score.last_month is not None
    for metric in ("usage_growth", "advanced_certifications"):
        found[metric] = reverse("scoring:metric", args=[score.pk, "smb", metric])
    tenant = Tenant.objects.get(portfolio__partner=firm, name="Caritas Wiehltal")
    found["ledger opened"] = found["usage_growth"] + f"?open={tenant.tenant_id}"
    found["month"] = reverse("scoring:history_month", args=[months.label(score.last_month)])
    found["customer"] = reverse("scoring:customer", args=[tenant.tenant_id])
    one, two = Scenario.objects.filter(partner=firm).order_by("name")
    scenario = reverse("scoring:scenario", args=[one.pk])
    found["scenario"] = scenario
    found["scenario search"] = f"{scenario}?add=customer"
    found["scenario figures"] = f"{scenario}?add=figures&tenant={tenant.tenant_id}"
    found["scenario numbers"] = f"{scenario}?add=count"
    found["scenarios compared"] = reverse("scoring:scenario_compare") + f"?a={one.pk}&b={two.pk}"
    found["disclosure"] = reverse("scoring:disclosures") + f"?firm={other.pk}"
    done = PartnerCenterImport.objects.filter(partner=firm).first()
    assert done is not None
    found["import"] = reverse("scoring:import", args=[done.pk])
    found["import rejected"] = reverse("scoring:import", args=[rejected_import(firm).pk])
    return found


def rejected_import(firm: Partner) -> PartnerCenterImport:
    rows = [
        Row("Kanzlei", usage={"2025-02": (50, 30)}),
        Row("Praxis mit einem langen Namen", usage={"2025-02": (-7, 3)}),
    ]
    content = ContentFile(office_usage(rows), name="usage.csv")
    item = imports.create(firm, content, name="OfficeUsage-2025-02-mit-einem-langen-Namen.csv")
    imports.run(item.pk)
    item.refresh_from_db()
    assert item.state == PartnerCenterImport.State.REJECTED
    return item


# ---- What is asked of a page ---------------------------------------------------------------------


class Findings:
    """What is wrong, a line each; none at the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def axe(self, page: Page, name: str, options: dict[str, Any]) -> None:
        result = page.evaluate("options => axe.run(options)", options)
        for rule in result["violations"]:
            for node in rule["nodes"]:
                what = " ".join(node["failureSummary"].split())
                self.lines.append(f"{name}: {rule['id']} {node['target']}: {what}")

    def width(self, page: Page, name: str) -> None:
        wide = page.evaluate(
            """() => {
                const root = document.documentElement;
                if (root.scrollWidth <= window.innerWidth) return null;
                const sticksOut = element =>
                    element.getBoundingClientRect().right > window.innerWidth + 1;
                const out = [...document.body.querySelectorAll("*")].filter(sticksOut);
                return [root.scrollWidth, ...out.slice(0, 3).map(e => e.outerHTML.slice(0, 120))];
            }"""
        )
        if wide:
            self.lines.append(f"{name}: wider than the screen: {wide}")


def examine(page: Page, name: str, findings: Findings, *, closely: bool = True) -> None:
    """Look at the open page, at its width on a small phone; closely: also in dark and all of it."""
    page.evaluate(Axe().axe_script)
    findings.axe(page, name, EVERYTHING)
    if closely:
        paint(page, "dark")
        findings.axe(page, f"{name} (dark)", COLOURS)
        paint(page, "light")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    findings.width(page, name)
    if closely:
        findings.axe(page, f"{name} (phone)", EVERYTHING)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def paint(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")


CLOSELY = {  # between them they have every component
    "home",
    "invitation",
    "project in_force",
    "checklist mine",
    "form raci",
    "form contacts",
    "not ready",
    "version signing",
    "version in_force",
    "scoring:overview",
    "scoring:outlook",
    "scoring:plan",
    "scoring:unclaimed",
    "scoring:people",
    "scoring:reports",
    "scoring:disclosures",
    "scoring:imports",
    "ledger opened",
    "scenario figures",
    "scenarios compared",
    "import rejected",
    "partners:people",
}


@pytest.mark.usefixtures("demo")
def test_the_pages_of_members_are_accessible(open_browser: Callable[..., Page]) -> None:
    jana = person("jana")
    page = open_browser(user=jana)
    findings = Findings()
    for name, url in pages_of(jana).items():
        page.goto(url)
        expect(page.locator("html")).to_have_attribute("lang", "de")
        examine(page, name, findings, closely=name in CLOSELY)
    assert not findings.lines, "\n".join(findings.lines)


def test_the_public_pages_are_accessible(open_browser: Callable[..., Page]) -> None:
    page = open_browser()
    findings = Findings()
    for name in PUBLIC:
        page.goto(reverse(name))
        examine(page, name, findings)
    page.goto("/konto/anmelden/")
    page.locator("input[name=login]").fill("niemand@firma.example")
    page.locator("input[name=password]").fill("falsch")
    page.locator("main form:has(input[name=password]) button[type=submit]").click()
    expect(page.locator("main .errorlist")).to_be_visible()
    examine(page, "sign-in refused", findings)
    assert not findings.lines, "\n".join(findings.lines)


def test_refused_and_changed_cards_are_accessible(open_browser: Callable[..., Page]) -> None:
    firms = world()
    firms.propose(0, "customer_lead", str(firms.firms[0].pk))
    page = open_browser(user=firms.people[0])
    findings = Findings()
    page.goto(steps.checklist(firms.agreement))
    one, other = firms.firms
    form = steps.open_form(page, "raci")
    steps.fill(form, {f"rows.0.cells.{one.pk}": "A", f"rows.0.cells.{other.pk}": "A"})
    steps.refused(page, "raci")
    form = steps.open_form(page, "contacts")
    steps.fill(form, {"contacts.0.person": "Ada", "contacts.0.email": "keine Adresse"})
    steps.refused(page, "contacts")
    form = steps.open_form(page, "settlement_costs")
    steps.fill(form, steps.shares(one, other, "1", "2"))
    steps.refused(page, "settlement_costs")
    steps.open_form(page, "commercial_model")
    steps.refused(page, "commercial_model")
    form = steps.open_form(page, "shared_goal")
    firms.propose(1, "shared_goal", "Das Ziel der anderen")
    steps.fill(form, {"text": "Unser Ziel"})
    steps.submit(page, "shared_goal")
    expect(form.locator(".notice--warn")).to_be_visible()
    examine(page, "refused", findings)

    firms.agreement.answers.all().delete()
    firms.agreement.confirmations.all().delete()
    firms.fill()
    page.goto(reverse("cooperation:ready", args=[firms.agreement.pk]))
    expect(page.locator("form[action$='/festschreiben/']")).to_be_visible()
    examine(page, "ready", findings)
    assert not findings.lines, "\n".join(findings.lines)


def test_documents_that_wait_or_failed_are_accessible(open_browser: Callable[..., Page]) -> None:
    some, version = settling.signed()
    german = version.documents.get(language="de").document
    english = version.documents.get(language="en").document
    page = open_browser(user=some.people[0])
    findings = Findings()
    for step in (Document.Step.SEALING, Document.Step.SEAL, Document.Step.TIMESTAMP):
        Document.objects.filter(pk=german.pk).update(step=step)
        page.goto(reverse("cooperation:version", args=[version.pk]))
        expect(page.locator("#pdf .document")).to_have_count(2)
        examine(page, f"document {step}", findings)
    Document.objects.filter(pk=english.pk).update(state=Document.State.FAILED)
    page.goto(reverse("cooperation:version", args=[version.pk]))
    expect(page.locator("#pdf .tag--warn")).to_be_visible()
    examine(page, "document failed", findings)
    assert not findings.lines, "\n".join(findings.lines)


# ---- By keyboard ---------------------------------------------------------------------------------

STOPS = """() => {
    const able = "a[href], button:not([disabled]), input:not([type=hidden]), select, textarea, "
        + "summary, [tabindex='0']";
    const groups = new Set();
    const isStop = element => {
        const isShown = element.checkVisibility({ visibilityProperty: true });
        if (element.tabIndex < 0 || !isShown) return false;
        if (element.type !== "radio") return true;
        return !groups.has(element.name) && groups.add(element.name);  // a group is one stop
    };
    return [...document.querySelectorAll(able)].filter(isStop).map(
        (element, number) => { element.dataset.stop = number; return number; }
    );
}"""
STOP = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    const isSeen = style.outlineStyle !== "none" || style.boxShadow !== "none";
    return [element.dataset.stop ?? null, isSeen];
}"""


@pytest.mark.usefixtures("demo")
def test_everything_is_reached_by_keyboard_and_shows_it(open_browser: Callable[..., Page]) -> None:
    jana = person("jana")
    pages = pages_of(jana)
    page = open_browser(user=jana)
    for name in ("home", "version signing", "form contacts", "usage_growth"):
        page.goto(pages[name])
        stops = set(page.evaluate(STOPS))
        reached = set()
        for _press in range(len(stops)):
            page.keyboard.press("Tab")
            stop, is_seen = page.evaluate(STOP)
            assert is_seen, f"{name}: the focus is not seen on stop {stop}"
            reached.add(None if stop is None else int(stop))
        assert reached == stops, name


# ---- One language a page -------------------------------------------------------------------------


@cache
def catalogue() -> dict[str, str]:
    """German by English: every whole sentence or word of the pages that differs."""
    found: dict[str, str] = {}
    for file in Path(settings.BASE_DIR).glob("locale/*/de/LC_MESSAGES/django.po"):
        with file.open("rb") as stream:
            for message in read_po(stream):
                if isinstance(message.id, str) and message.id and "%" not in message.id:
                    found[message.id] = str(message.string)
    german = set(found.values())
    return {en: de for en, de in found.items() if en not in german and de not in found}


def book_texts() -> dict[str, str]:
    """The same for the rule book."""
    book = rule_books.packaged()
    texts = [text for rule in book.rules for text in (rule.title, rule.short, rule.principle)]
    for point in book.points.values():
        texts += [point.question, point.help, point.default_text]
        texts += [option.label for option in point.options]
    return {text.en: text.de for text in texts if text.en != text.de}


def words(html: str) -> Iterator[str]:
    """Every text of a page, and what assistive technology reads instead."""
    soup = BeautifulSoup(html, "html.parser")
    for hidden in soup(["script", "style"]):
        hidden.decompose()
    for form in soup.select("form[action='/sprache/']"):
        form.decompose()  # names the other language in its own words
    for quoted in soup.select("[translate=no]"):
        quoted.decompose()  # a file's own words
    yield from (" ".join(text.split()) for text in soup.stripped_strings)
    for attribute in ("aria-label", "title", "placeholder", "alt"):
        for element in soup.select(f"[{attribute}]"):
            yield " ".join(str(element[attribute]).split())


@pytest.mark.usefixtures("demo")
def test_no_page_mixes_the_languages(open_browser: Callable[..., Page]) -> None:
    jana = person("jana")
    page = open_browser(user=jana)
    texts = catalogue() | book_texts()
    foreign = {"de": set(texts), "en": set(texts.values()) - set(texts)}
    foreign["de"] -= set(texts.values())
    foreign["de"] -= set(Partner.Competence.labels)  # Microsoft's names, the same in both
    mixed: dict[str, set[str]] = {}
    for name, url in pages_of(jana).items():
        for language, others in foreign.items():
            response = page.request.get(url, headers={"Accept-Language": language})
            assert response.status == 200
            html = response.text()
            assert f'<html lang="{language}">' in html, name
            said = set(words(html))
            assert said & foreign["en" if language == "de" else "de"], name  # its own are there
            if found := others & said:
                mixed[f"{name} ({language})"] = found
    assert mixed == {}
