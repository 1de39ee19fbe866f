"""What everybody may read, without an account."""

import pytest

from cooperation import checklist_pdf, public, rule_books
from cooperation.models import BlankChecklist, RuleBook
from documents import jobs
from documents.models import Document
from tests.cooperation.browsers import Browser

pytestmark = pytest.mark.django_db


def test_kodex_explains_the_rules_with_the_questions_of_a_first_talk() -> None:
    page = Browser(None).get("kodex")
    book = rule_books.packaged()
    asked = [p for p in book.points.values() if p.stage == "exploratory"]
    assert page.status == 200
    assert len(page.soup.select("main section.rule")) == 7
    questions = [tag.get_text() for tag in page.soup.select(".kodex__points h3")]
    assert questions == [point.question.en for point in asked]
    assert "this portal's own wording" in page.text()


def test_rules_for_the_landing_page() -> None:
    rules = public.rules()
    assert [rule["number"] for rule in rules] == [1, 2, 3, 4, 5, 6, 7]
    assert set(rules[0]) == {"number", "key", "title", "principle"}


def loaded() -> RuleBook:
    rule_book = rule_books.load_packaged()
    checklist_pdf.ensure(rule_book)
    return rule_book


def test_checklists_are_ordered_once() -> None:
    rule_book = loaded()
    checklist_pdf.ensure(rule_book)
    rows = BlankChecklist.objects.values_list("language", "length")
    assert sorted(rows) == [("de", "full"), ("de", "short"), ("en", "full"), ("en", "short")]
    assert Document.objects.count() == 4


@pytest.mark.parametrize("length", ["short", "full"])
def test_checklist_is_waited_for_and_then_downloaded(length: str) -> None:
    loaded()
    visitor = Browser(None)
    waiting = visitor.get("blank_checklist", length)
    poll = str(waiting.one("main [hx-get]")["hx-get"])
    assert poll == f"/kodex/checkliste/{length}/stand/?lang=en"
    document = BlankChecklist.objects.get(length=length, language="en").document
    jobs.build(document.pk, lambda _document: b"%PDF-1.7 test")

    download = visitor.get("blank_checklist", length)
    response = download.response

    assert response.headers["Content-Type"] == "application/pdf"
    assert download.body == b"%PDF-1.7 test"
    assert f"p2p-kodex-2026.1-{length}-en.pdf" in response.headers["Content-Disposition"]
    assert visitor.get("blank_checklist", length, query="?lang=de").status == 200
    assert visitor.get("blank_checklist", length, query="?lang=de").body == b""
    assert visitor.client.get(poll, headers={"HX-Request": "true"}).status_code == 200


def test_looking_orders_nothing() -> None:
    visitor = Browser(None)
    page = visitor.get("blank_checklist", "full")
    assert "It is not available at the moment" in page.text()
    assert visitor.get("blank_checklist_status", "full").status == 404
    assert visitor.get("blank_checklist", "nonsense").status == 404
    assert visitor.get("blank_checklist", "full", query="?lang=xx").status == 200
    assert not Document.objects.exists()


@pytest.mark.parametrize("name", ["project_list", "project_create"])
def test_everything_else_needs_an_account(name: str) -> None:
    assert Browser(None).get(name).status == 302
