"""Every text field of every form that the scenes of the access tables show, with every payload."""

from collections import Counter
from typing import Any

import pytest
from celery import current_app
from django.core import mail
from django.db import transaction

from cooperation import notices as cooperation_notices
from documents import rendering
from documents.models import Document
from partners.models import User
from scoring import notices as scoring_notices
from tests import blank
from tests.attacks import looking
from tests.attacks.crawling import Form, Reached, browser, opened, send
from tests.attacks.payloads import REFUSED, texts
from tests.test_attacks import Portal

pytestmark = [pytest.mark.django_db, pytest.mark.walk]
ROUNDS = 1  # in each, every field holds other payloads for good, and everything is looked at
MOST = 400  # characters of a field that names no limit
# Their texts are secrets or addresses of the own account: looked at in the tests of signing in.
APART = ("account_", "mfa_", "socialaccount_", "usersessions_", "set_language")


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The HTML that would have become a PDF."""
    pages: list[str] = []

    def keep(html: str, **options: Any) -> bytes:
        pages.append(html)
        return blank.instead_of_html(html, **options)

    monkeypatch.setattr(rendering, "html_to_pdf", keep)
    return pages


@pytest.fixture
def addresses(printed: list[str]) -> list[tuple[User, str]]:
    portal = Portal()
    mail.outbox.clear()
    return [(portal.owner(name), url) for name, url in portal.addresses()]


def writable(reached: Reached) -> list[Form]:
    return [f for f in reached.forms.values() if f.texts and not f.name.startswith(APART)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_no_payload_is_more_than_text_anywhere(
    addresses: list[tuple[User, str]], printed: list[str], round_: int
) -> None:
    """All fields at once, for good; then everything that can be opened, sent and printed."""
    wrong: list[Any] = []
    figures = Counter[str]()
    for number, form in enumerate(writable(opened(addresses))):
        fitting = {}
        for place, field in enumerate(form.free):
            choice = [text for text, _ in texts(form.texts[field] or MOST) if text not in REFUSED]
            fitting[field] = choice[(number * 5 + place * 3 + round_ * 7) % len(choice)]
        with transaction.atomic():
            answer = send(browser(form.who), form, **fitting)
        figures["stored"] += answer.status_code == 302
        if answer.status_code >= 500:
            wrong.append((form.name, fitting, answer.status_code))
    for (who, path), response in opened(addresses).pages.items():
        figures["pages"] += 1
        found = looking.in_answer(response)
        if response.status_code >= 500:
            found.append(str(response.status_code))
        wrong += [(who, path, what) for what in found]

    current_app.loader.import_default_modules()
    for document in Document.objects.unfinished():
        current_app.tasks[document.task](str(document.pk))
    for html in printed:
        wrong += [("printed", what) for what in looking.in_page(html.encode(), printed=True)]
    cooperation_notices.send_due()
    scoring_notices.send_due()
    for letter in mail.outbox:
        wrong += [(letter.subject, what) for what in looking.in_letter(letter)]
    figures |= Counter({"printed": len(printed), "letters": len(mail.outbox)})
    print(dict(figures))  # noqa: T201
    assert wrong == []
    assert figures["stored"] > 15
    assert figures["pages"] > 150
    assert figures["letters"] > 10


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<p><script>zqx()</script></p>", ["an inline script"]),
        ('<p onclick="zqx()">x</p>', ["p[onclick]"]),
        ("<zqx-element>x</zqx-element>", ["<zqx-element>"]),
        ('<a href="java\tscript:zqx()">x</a>', ["a[href=javascript:zqx()]"]),
        ("<p>a\u202eb</p>", ["hidden character 202e"]),
        ("<p>zqx49</p>", ["a template was evaluated"]),
        ("<p>&lt;script&gt;zqx()&lt;/script&gt;</p>", []),
    ],
)
def test_the_look_sees_what_it_looks_for(page: str, what: list[str]) -> None:
    assert looking.in_page(page.encode()) == what


def test_the_look_sees_formulas() -> None:
    assert looking.in_table(b"a,b\r\n=1+1,-5\r\n@x,+5\r\n'=1,-x\r\n") == ["=1+1", "@x", "-x"]
