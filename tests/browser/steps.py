"""What people do on the pages, step by step, for more than one journey.

Controls are found by ids and names, which are the pages' own contract with htmx, and not by words.
"""

from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect

from cooperation.models import Agreement
from partners.models import Partner


def checklist(agreement: Agreement, show: str = "") -> str:
    return f"/vereinbarung/{agreement.pk}/" + (f"?show={show}" if show else "")


def card(page: Page, key: str) -> Locator:
    """The card of a point."""
    return page.locator(f"#point-{key}")


def state(page: Page, key: str) -> Locator:
    """The tag with the state of a point."""
    return card(page, key).locator(".card__head .tag")


def reach(target: Locator) -> Locator:
    """Unfold what ``target`` is folded away in, as a person has to."""
    expect(target).to_be_attached()
    for summary in target.locator("xpath=ancestor::details[not(@open)]/summary").all():
        summary.click()
    return target


def unfold(page: Page, key: str) -> None:
    """On the fast track a point whose default stands is folded away."""
    folded = card(page, key).locator("details.point__fold:not([open]) > summary")
    if folded.count():
        folded.click()


def open_form(page: Page, key: str, action: str = "answer") -> Locator:
    """Open a form in the card of a point: to answer, for a talk, or that it does not apply."""
    unfold(page, key)
    reach(page.locator(f"#point-{key}-{action}")).click()
    form = page.locator(f"#point-{key}-form")
    expect(form).to_be_visible()
    return form


def submit(page: Page, key: str) -> None:
    """Press the main button of the open form of a point."""
    page.locator(f"#point-{key}-form .form-actions button[type=submit]").click()


def send(page: Page, key: str) -> None:
    """Send the open form of a point and wait until the card shows the answer."""
    submit(page, key)
    expect(page.locator(f"#point-{key}-form")).to_have_count(0)


def refused(page: Page, key: str) -> Locator:
    """Send the open form of a point, which is refused; the form with its sentences."""
    form = page.locator(f"#point-{key}-form")
    submit(page, key)
    expect(form.locator(".errorlist").first).to_be_visible()
    return form


def fill(form: Locator, fields: Mapping[str, str]) -> None:
    """Fill inputs by name; a select takes the key of its option."""
    for name, value in fields.items():
        control = form.locator(f"[name='{name}']")
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def choose(form: Locator, name: str, *values: str) -> None:
    """Choose among radio buttons or boxes; all others are left as they are."""
    for value in values:
        form.locator(f"input[name='{name}'][value='{value}']").check()


def answer(page: Page, key: str, fields: Mapping[str, str]) -> None:
    form = open_form(page, key)
    fill(form, fields)
    send(page, key)


def answer_choice(page: Page, key: str, value: str) -> None:
    form = open_form(page, key)
    choose(form, "choice", value)
    send(page, key)


def contacts(name: str) -> dict[str, str]:
    """The two people each firm has to name: the sponsor in row 0, the project lead in row 2."""
    return {
        "contacts.0.person": f"{name} Probst",
        "contacts.0.email": f"{name.lower()}@firma.example",
        "contacts.0.deputy": "Uwe Stern",
        "contacts.2.person": f"{name} Kurz",
        "contacts.2.phone": "+49 221 1234",
    }


def shares(one: Partner, other: Partner, first: str, second: str) -> dict[str, str]:
    return {f"shares.{one.pk}": first, f"shares.{other.pk}": second}


def confirm(page: Page, key: str) -> None:
    button = page.locator(f"#point-{key}-confirm")
    button.click()
    expect(button).to_have_count(0)


def confirm_all(page: Page) -> int:
    """Press every button to confirm that the page shows, from the top; how many there were."""
    keys = page.locator("button[id^='point-'][id$='-confirm']").evaluate_all(
        "buttons => buttons.map(button => button.id.slice(6, -8))"
    )
    for key in keys:
        confirm(page, key)
    return len(keys)


def sign(page: Page, password: str) -> None:
    """Tick the declaration, enter the password and sign."""
    form = page.locator("form.sign-form")
    form.locator("input[name=authority][value=managing_director]").check()
    form.locator("input[name=agreed]").check()
    form.locator("input[name=password]").fill(password)
    form.locator("button[type=submit]").click()
