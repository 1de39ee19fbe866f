"""Three firms in three browser windows, and what they do along the life of an agreement."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from cooperation.models import Agreement
from partners.models import Partner, User
from tests.browser import steps
from tests.factories import PASSWORD, PartnerFactory, member


@dataclass
class Desk:
    """One firm: its person, and the window in which that person works."""

    firm: Partner
    person: User
    page: Page

    @property
    def key(self) -> str:
        return str(self.firm.pk)


FIRMS = (
    ("Nordlicht IT", "Nordlicht IT GmbH", "Anna Ahrens"),
    ("Rheinwerk", "Rheinwerk Cloud AG", "Bodo Blum"),
    ("Isar Cloud", "Isar Cloud GmbH & Co. KG", "Cleo Cordes"),
)


def three_firms() -> tuple[list[Partner], list[User]]:
    """Three firms with one person each, who negotiates and signs."""
    firms = [PartnerFactory.create(name=name, legal_name=legal) for name, legal, _who in FIRMS]
    people = [
        member(firm, "manager", "signer", name=who)
        for firm, (_name, _legal, who) in zip(firms, FIRMS, strict=True)
    ]
    return firms, people


def desks(
    open_browser: Callable[..., Page],
    firms: Sequence[Partner],
    people: Sequence[User],
    *,
    english: bool,
) -> list[Desk]:
    """The windows of the three: two at a desk, the third a phone, dark in the evening."""
    looks: tuple[dict[str, bool], ...] = ({}, {}, {"phone": True, "dark": english})
    return [
        Desk(firm, person, open_browser(user=person, english=english, **look))
        for firm, person, look in zip(firms, people, looks, strict=True)
    ]


# ---- Addresses -----------------------------------------------------------------------------------


def project(agreement: Agreement) -> str:
    return f"/projekte/{agreement.project_id}/"


def place(agreement: Agreement, rest: str) -> str:
    return f"/vereinbarung/{agreement.pk}/{rest}"


# ---- Pages ---------------------------------------------------------------------------------------


def press(page: Page, action: str, value: str = "") -> None:
    """Press the button of the form that goes to an address ending like ``action``."""
    chosen = f"[value='{value}']" if value else ""
    steps.reach(page.locator(f"form[action$='{action}'] button[type=submit]{chosen}")).click()


def follow(page: Page, end: str) -> None:
    """Follow a link of the page to an address that ends like ``end``."""
    steps.reach(page.locator(f"main a[href$='{end}']").first).click()


def submit(form: Locator, fields: Mapping[str, str]) -> None:
    """Fill a form by the names of its fields, and send it."""
    steps.fill(steps.reach(form), fields)
    form.locator(".form-actions button[type=submit]").click()


def source(page: Page, *addresses: str) -> str:
    """The source of these pages, as the person gets it, in the language of the window."""
    headers = {"Accept-Language": page.evaluate("navigator.language")}
    return "".join(page.request.get(address, headers=headers).text() for address in addresses)


def download(page: Page, link: Locator) -> bytes:
    with page.expect_download() as started:
        link.click()
    return Path(started.value.path()).read_bytes()


def words(pdf: bytes) -> str:
    """The words of a PDF without blanks and hyphens, which the typesetting sets as it likes."""
    return close_up("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def close_up(text: str) -> str:
    return re.sub(r"[\s\u00ad\u200b-]", "", text)


# ---- Points --------------------------------------------------------------------------------------


def take_default(page: Page, key: str) -> None:
    """Take the Kodex default for a point with one click."""
    page.locator(f"#point-{key}-default").click()
    expect(page.locator(f"#point-{key}-default")).to_have_count(0)


def between(key: str, other: Desk) -> str:
    """The name of the card on which a firm settles a point with one other."""
    return f"{key}--{other.key}"


def sign(desk: Desk, authority: str) -> None:
    """Sign the version on the screen; ``authority`` is what the person declares to be."""
    form = desk.page.locator("form.sign-form")
    steps.choose(form, "authority", authority)
    form.locator("input[name=agreed]").check()
    form.locator("input[name=password]").fill(PASSWORD)
    form.locator("button[type=submit]").click()
    expect(form).to_have_count(0)
