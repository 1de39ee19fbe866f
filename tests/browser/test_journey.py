"""The whole way of two firms in a real browser, from the sign-in to both downloaded PDFs."""

import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from config.demo import usage
from config.demo.firms import MS102, MS700
from config.demo.usage import Certified, Customer, Service
from cooperation.models import Agreement, AgreementVersion, Participation, Signature
from partners.models import Partner
from scoring.models import PartnerCenterImport
from tests.browser import steps
from tests.browser.conftest import sign_in
from tests.browser.steps import state
from tests.factories import PASSWORD, PartnerFactory, member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GOAL = "Alle Filialen der Bäckerei arbeiten bis Ostern ohne Papier."


def text_of(content: bytes) -> str:
    """All words of a PDF, hyphenated ones put together again."""
    pages = PdfReader(io.BytesIO(content)).pages
    return "\n".join(page.extract_text() for page in pages)


def without_blanks(text: str) -> str:
    return re.sub(r"[\s\u00ad\u200b-]", "", text)


def download(page: Page, link: Locator) -> bytes:
    with page.expect_download() as started:
        link.click()
    return Path(started.value.path()).read_bytes()


def stay(page: Page) -> None:
    """Leave a mark in the page that a reload would wipe out."""
    page.evaluate("window.isStillTheSamePage = true")


def assert_stayed(page: Page) -> None:
    assert page.evaluate("window.isStillTheSamePage === true")


@pytest.mark.usefixtures("worker")
def test_two_firms_from_the_invitation_to_the_signed_pdf(open_browser: Callable[..., Page]) -> None:
    nord = PartnerFactory.create(name="Nordlicht IT", legal_name="Nordlicht IT GmbH")
    rhein = PartnerFactory.create(name="Rheinwerk", legal_name="Rheinwerk Cloud AG")
    anna = member(nord, "manager", "signer", name="Anna Ahrens")
    bodo = member(rhein, "manager", "signer", name="Bodo Blum")

    # Nordlicht begins a project and invites Rheinwerk.
    desk = open_browser()
    sign_in(desk, anna)
    desk.locator(".site-nav a[href='/projekte/']").click()
    desk.locator("main a[href='/projekte/neu/']").click()
    form = desk.locator("main form")
    steps.fill(
        form,
        {
            "name": "Papierlose Bäckerei",
            "customer_name": "Bäckerei Korn",
            "description": "Vierzig Filialen ziehen nach Microsoft 365.",
            "message": "Ihr kennt Intune am besten. Macht ihr mit?",
        },
    )
    steps.choose(form, "firms", str(rhein.pk))
    form.locator("button[type=submit]").click()
    expect(desk).to_have_url(re.compile(r"/projekte/[0-9a-f-]{36}/$"))
    agreement = Agreement.objects.get()
    project_url = f"/projekte/{agreement.project_id}/"

    # Rheinwerk sees the invitation and nothing else, and accepts.
    phone = open_browser(phone=True)
    sign_in(phone, bodo)
    place = Participation.objects.get(partner=rhein)
    phone.locator(f"main .list__action a[href='/einladung/{place.pk}/']").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Papierlose Bäckerei")
    expect(phone.locator("main")).to_contain_text("Ihr kennt Intune am besten.")
    expect(phone.locator("main")).not_to_contain_text("Bäckerei Korn")
    for hidden in (project_url, steps.checklist(agreement)):
        assert phone.request.get(hidden).status == 404
    phone.locator("form[action$='/annehmen/'] button").click()
    phone.wait_for_url(f"**{project_url}")
    expect(phone.locator("main")).to_contain_text("Bäckerei Korn")

    # Nordlicht takes the defaults in one sentence and answers what only Nordlicht can answer.
    desk.goto(steps.checklist(agreement))
    desk.get_by_role("button", name="Wir machen es im Sinne vom Kodex").click()
    desk.wait_for_url("**?show=mine")
    stay(desk)
    steps.answer(desk, "shared_goal", {"text": GOAL})
    steps.answer(desk, "contributions", {"text": "Zugang zum Kunden und Projektleitung"})
    steps.answer_choice(desk, "cooperation_model", "prime_sub")
    steps.answer(desk, "contacts", steps.contacts("Ada"))
    steps.answer_choice(desk, "customer_lead", str(nord.pk))
    steps.answer_choice(desk, "contract_party", str(nord.pk))
    expect(steps.card(desk, "revenue_split")).to_be_empty()
    steps.answer_choice(desk, "commercial_model", "fixed_share")
    steps.answer(desk, "revenue_split", steps.shares(nord, rhein, "62,5", "37,50"))
    expect(steps.card(desk, "revenue_split")).to_contain_text("62,50 %")
    assert_stayed(desk)

    # Rheinwerk, on the phone: the sentence, its own answers, and a yes to the others.
    phone.goto(steps.checklist(agreement))
    phone.get_by_role("button", name="Wir machen es im Sinne vom Kodex").click()
    phone.wait_for_url("**?show=mine")
    steps.answer(phone, "contributions", {"text": "Intune, Sicherheit, drei Menschen"})
    steps.answer(phone, "contacts", steps.contacts("Bea"))
    expect(steps.card(phone, "shared_goal")).to_contain_text(GOAL)
    assert steps.confirm_all(phone) == 6  # the joint points without a default
    expect(state(phone, "shared_goal")).to_have_class(re.compile("tag--agreed"))

    # What Rheinwerk said meanwhile waits for Nordlicht's yes; then nothing blocks.
    desk.goto(steps.checklist(agreement, "mine"))
    assert steps.confirm_all(desk) == 2
    desk.locator(f"#summary a[href='/vereinbarung/{agreement.pk}/unterschreiben/']").click()
    desk.locator("form[action$='/festschreiben/'] button").click()
    desk.wait_for_url("**/fassung/**")
    version = AgreementVersion.objects.get()

    # Rheinwerk reads and signs, at first with a wrong password.
    phone.goto("/start/")
    phone.locator(f"main .list__action a[href^='/fassung/{version.pk}/']").click()
    expect(phone.locator("main")).to_contain_text(GOAL)
    expect(phone.locator(".hash code")).to_have_text(version.sha256)
    steps.sign(phone, "nicht mein Kennwort")
    expect(phone.locator("form.sign-form [aria-invalid='true']")).to_be_visible()
    expect(phone.locator("form.sign-form .errorlist")).not_to_be_empty()
    assert not Signature.objects.exists()
    steps.sign(phone, PASSWORD)
    expect(phone.locator("form.sign-form")).to_have_count(0)
    assert Signature.objects.get().signer == bodo

    # With Nordlicht's signature it is in force, and the PDF comes while one looks on.
    steps.sign(desk, PASSWORD)
    expect(desk.locator("form.sign-form")).to_have_count(0)
    assert Signature.objects.count() == 2
    agreement.refresh_from_db()
    assert agreement.status == Agreement.Status.IN_FORCE
    stay(desk)
    links = desk.locator("#pdf a[download]")
    expect(links).to_have_count(2, timeout=60_000)
    assert_stayed(desk)
    words = without_blanks(
        text_of(download(desk, desk.locator("#pdf a[download][href*='/pdf/de/']")))
    )
    for said in ("Nordlicht IT GmbH", "Rheinwerk Cloud AG", "Anna Ahrens", "Bodo Blum", GOAL):
        assert without_blanks(said) in words
    assert version.sha256 in words


CUSTOMERS = (
    Customer("Bäckerei Korn", (Service("Exchange", "CPOR", seats=50, then=10, now=40),)),
    Customer("Praxis am Markt", (Service("Teams", "CPOR", seats=100, then=20, now=60, since=6),)),
    Customer("Kiosk Süd", (Service("Teams", "CPOR", seats=5, then=1, now=5),)),
)
CERTIFIED = (
    Certified("Ada Ohm", "ada@nordlicht.example", MS700, days_ago=90),
    Certified("Bo Ek", "bo@nordlicht.example", MS102, days_ago=120),
)


def export(firm: Partner) -> list[dict[str, object]]:
    """The three files as they are chosen in the browser, newest month the one before today's."""
    today = timezone.localdate()
    number = today.year * 12 + today.month - 2
    last = date(number // 12, number % 12 + 1, 1)
    files = {
        "OfficeUsage.csv": usage.office_usage(
            CUSTOMERS, last=last, mpn_id="1234567", partner=firm.name
        ),
        "CPOR-M365.csv": usage.cpor_claims(CUSTOMERS, last=last, mpn_id="1234567"),
        "TrainingCompletions.csv": usage.training_completions(
            CERTIFIED, today=today, mpn_id="1234567", partner=firm.name
        ),
    }
    return [
        {"name": name, "mimeType": "text/csv", "buffer": content} for name, content in files.items()
    ]


@pytest.mark.usefixtures("worker")
def test_a_firm_from_its_partner_center_files_to_the_report(
    open_browser: Callable[..., Page],
) -> None:
    firm = PartnerFactory.create(name="Nordlicht IT", legal_name="Nordlicht IT GmbH")
    page = open_browser()
    sign_in(page, member(firm, "manager"))

    # Without data the page says what to do; the files are read while one looks on.
    page.locator(".site-nav a[href='/designation/']").click()
    page.locator("main .actions a[href='/designation/daten/']").click()
    page.locator("input[name=uploads]").set_input_files(export(firm))  # type: ignore[arg-type]
    page.locator("form[enctype='multipart/form-data'] button[type=submit]").click()
    stay(page)
    expect(page.locator("#files .list__item .tag--ok")).to_have_count(3, timeout=60_000)
    expect(page.locator("#files[hx-get]")).to_have_count(0)  # and no longer asks
    assert_stayed(page)
    kinds = PartnerCenterImport.objects.order_by("kind").values_list("kind", "rows_rejected")
    assert list(kinds) == [("cpor", 0), ("office-usage", 0), ("training", 0)]

    # SMB: one tenant more 2, certificates 5 and 15, 70 users more 4.2, two deployed 10: 36.2.
    page.locator(".site-nav a[href='/designation/']").click()
    smb = page.locator("section.track").filter(has=page.locator("#track-smb"))
    expect(smb.locator(".figure")).to_have_text("36")
    expect(smb.locator(".track__sum")).to_contain_text("36,2")

    # The ledger of a metric: who counts with what, who does not, and it adds up.
    smb.locator("a[href$='/smb/usage_growth/']").click()
    rows = page.locator("table.ledger tbody tr")
    expect(rows).to_have_count(3)
    contributions = {
        row.locator(".ledger__name").inner_text(): row.locator("td").nth(2).inner_text()
        for row in rows.all()
    }
    assert contributions == {"Bäckerei Korn": "+30", "Praxis am Markt": "+40", "Kiosk Süd": "0"}
    expect(page.locator("table.ledger tbody tr.is-out")).to_contain_text("Kiosk Süd")
    expect(page.locator("table.ledger tfoot td").nth(2)).to_have_text("+70")

    # The report is ordered, made and downloaded.
    page.go_back()
    stay(page)
    page.locator("#report select[name=length]").select_option("full")
    page.locator("#report-order").click()
    link = page.locator("#report a[download]")
    expect(link).to_be_visible(timeout=60_000)
    assert_stayed(page)
    report = text_of(download(page, link))
    words = without_blanks(report)
    for said in ("Nordlicht IT GmbH", "Bäckerei Korn", "Praxis am Markt", "36,2"):
        assert without_blanks(said) in words
