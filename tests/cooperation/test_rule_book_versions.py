"""Versions side by side: the newest for what begins, the own one for what has begun."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import translation

from cooperation import (
    agreement_pdf,
    checklist_pdf,
    frozen,
    kinds,
    marks,
    points,
    projects,
    rule_books,
    sheets,
)
from cooperation.models import Agreement, CustomerProject, RuleBook
from scoring import rule_sets
from tests.cooperation import books
from tests.cooperation.browsers import Browser, fields
from tests.cooperation.worlds import World, world

FIRST_SHA256 = "e8d1682c285e57774d30af03be77c41e404a72f0cb7428a37c3f183a6ec2b8c7"
AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def later_nord(version: str) -> RuleBook:
    content = rule_books.parse_file(books.NORDPAKT.read_bytes())[1] | {"version": version}
    return rule_books.save(rule_books.build(content), content)[0]


# ---- The two versions of the Kodex -------------------------------------------------------------


def test_first_kodex_is_what_it_was() -> None:
    """Agreements rest on it: whatever else changes, its content and its meaning do not."""
    book, content = rule_books.parse_file(books.FIRST_KODEX.read_bytes())

    assert rule_books.fingerprint(content) == FIRST_SHA256
    assert [rule.number for rule in book.rules if rule.for_leads] == [2, 3, 4]
    assert [column.is_free for column in book.point("ms_associations").columns] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert rule_books.build(json.loads(json.dumps(content))) == book


def test_both_versions_ask_the_same_points() -> None:
    first, newest = books.read(books.FIRST_KODEX), rule_books.packaged()

    assert newest.version == "2026.1"
    assert list(newest.points) == list(first.points)
    assert len(newest.points) == 68
    same = {key: point for key, point in newest.points.items() if key != "ms_associations"}
    assert same == {key: point for key, point in first.points.items() if key in same}
    assert [rule.for_leads for rule in newest.rules] == [rule.for_leads for rule in first.rules]
    assert newest.origin == first.origin
    assert newest.point("ms_associations").warning == first.point("ms_associations").warning


def test_workloads_of_the_table_are_those_that_count() -> None:
    columns = {
        column.key: column for column in rule_books.packaged().point("ms_associations").columns
    }
    eligible = rule_sets.for_day(date(2026, 11, 22)).workloads

    assert list(columns) == [
        "workload",
        "association",
        "association_type",
        "csp",
        "admin_access",
        "incentives",
    ]
    assert [option.key for option in columns["association_type"].options] == ["pal", "cpor", "dpor"]
    assert [key for key, column in columns.items() if column.of_partners] == [
        "association",
        "csp",
        "admin_access",
        "incentives",
    ]
    assert {o.key: o.label.en for o in columns["workload"].options} == {
        key: workload.title for key, workload in eligible.items()
    }


# ---- Which one is taken ------------------------------------------------------------------------


@pytest.mark.django_db
def test_empty_portal_begins_with_the_packaged_kodex() -> None:
    assert rule_books.newest_of_each() == []
    assert rule_books.newest(rule_books.KODEX) is None

    row = rule_books.current()

    assert (row.key, row.version) == ("p2p-kodex", "2026.1")
    assert rule_books.newest_of_each() == [row]


@pytest.mark.django_db
def test_newest_is_by_number_whenever_it_was_loaded() -> None:
    newest = rule_books.load_packaged()
    books.load(books.FIRST_KODEX)
    for version in ("1.10", "1.9", "1.2-b", "1.2"):
        later_nord(version)

    assert rule_books.current() == newest
    assert [(row.key, row.version) for row in rule_books.newest_of_each()] == [
        ("p2p-kodex", "2026.1"),
        ("nordpakt", "1.10"),
    ]
    assert rule_books.current("nordpakt").version == "1.10"
    with pytest.raises(RuleBook.DoesNotExist):
        rule_books.current("none")


@pytest.mark.django_db
def test_portal_of_another_community_works_with_its_own_book() -> None:
    own = books.load(books.NORDPAKT)

    assert rule_books.current() == own
    assert RuleBook.objects.count() == 1


@pytest.mark.django_db
def test_which_is_newest_takes_one_query(django_assert_num_queries: Any) -> None:
    for version in ("1.0", "1.1", "1.2"):
        later_nord(version)
    with django_assert_num_queries(1):
        rule_books.newest_of_each()


# ---- An agreement keeps its version ------------------------------------------------------------


def project_under_the_first() -> World:
    two = world(rule_book=books.load(books.FIRST_KODEX))
    two.fill()
    two.propose(0, "ms_associations", {"rows": [{"workload": "Exchange und Teams"}]})
    two.confirm(1, "ms_associations")
    return two


def shown(two: World) -> dict[str, Any]:
    """Everything that is made of the agreement, as it stands."""
    agreement = Agreement.objects.select_related("project", "rule_book").get(pk=two.agreement.pk)
    sheet = sheets.load(agreement)
    with translation.override("de"):
        return {
            "book": sheet.book,
            "frozen": frozen.payload(agreement, sheet, number=1, at=AT),
            "blockers": [blocker.sentence for blocker in points.blockers(sheet)],
            "mark": marks.mark(points.summary(sheet)),
            "answers": {
                key: kinds.describe(value, sheet.book.point(key), sheet.parties, "de", sheet.joint)
                for key, value in sheet.joint.items()
            },
        }


@pytest.mark.django_db
def test_loading_a_version_changes_no_agreement_under_an_older_one() -> None:
    two = project_under_the_first()
    before = shown(two)

    rule_books.load_packaged()
    rule_books.by_id.cache_clear()

    assert shown(two) == before
    assert before["book"].version == "2025.1"
    assert json.loads(before["frozen"])["rule_book"]["sha256"] == FIRST_SHA256


@pytest.mark.django_db
def test_pages_of_an_older_project_go_on_with_its_version() -> None:
    two = project_under_the_first()
    rule_books.load_packaged()
    browser = Browser(two.people[0])

    checklist = browser.get("agreement_detail", two.agreement.pk)
    form = browser.get("point_answer", two.agreement.pk, "ms_associations")
    project = browser.get("project_detail", two.agreement.project_id)
    ready = browser.get("ready", two.agreement.pk)

    workload = form.one("[name='rows.0.workload']")
    assert (workload.name, workload["value"]) == ("input", "Exchange und Teams")
    for page in (checklist, form, ready):
        assert "P2P Kodex 2025.1" in page.text(".provenance")
    assert {link["href"] for link in project.soup.select("a[href*='/checkliste/']")} == {
        "/regelwerk/p2p-kodex/2025.1/checkliste/short/",
        "/regelwerk/p2p-kodex/2025.1/checkliste/full/",
    }
    sent = fields(form.one(".point__form form")) | {"rows.1.workload": "SharePoint"}
    assert browser.post("point_answer", two.agreement.pk, "ms_associations", **sent).status == 302
    assert [row["workload"] for row in two.sheet.joint["ms_associations"]["rows"]] == [
        "Exchange und Teams",
        "SharePoint",
    ]


@pytest.mark.django_db
def test_signed_text_and_pdf_of_an_older_project_name_its_version() -> None:
    two = world(rule_book=books.load(books.FIRST_KODEX))
    rule_books.load_packaged()

    version = two.freeze()

    page = Browser(two.people[0]).get("version", version.pk)
    context = agreement_pdf.context(version, list(version.slots.all()), "de")
    assert "P2P Kodex 2025.1" in page.text()
    assert (context["text"].book["version"], context["text"].book["sha256"]) == (
        "2025.1",
        FIRST_SHA256,
    )


@pytest.mark.django_db
def test_new_project_takes_the_newest_version() -> None:
    two = project_under_the_first()
    rule_books.load_packaged()
    browser = Browser(two.people[0])

    assert not browser.get("project_create").soup.select("[name=rule_book]")
    sent = fields(browser.get("project_create").one("main form"))
    page = browser.post("project_create", **sent | {"name": "Neu", "customer_name": "Werft"})

    assert page.status == 302
    agreement = Agreement.objects.get(project=CustomerProject.objects.get(name="Neu"))
    assert agreement.rule_book.version == "2026.1"
    assert two.sheet.book.version == "2025.1"


@pytest.mark.django_db
def test_blank_checklists_of_every_version_stay() -> None:
    for path in (books.FIRST_KODEX, rule_books.PACKAGED):
        checklist_pdf.ensure(books.load(path))
    browser = Browser(None)

    first = browser.get("rule_book_checklist", "p2p-kodex", "2025.1", "full")
    newest = browser.get("blank_checklist", "full")

    assert first.one(".page-head a")["href"] == "/regelwerk/p2p-kodex/2025.1/"
    assert "Version 2025.1" in first.text(".page-head")
    assert "Version 2026.1" in newest.text(".page-head")


@pytest.mark.django_db
def test_projects_create_goes_by_the_book_that_is_given() -> None:
    two = world(rule_book=books.load(books.NORDPAKT))
    rule_books.load_packaged()

    other = projects.create(
        name="Zwei", customer_name="Hafen", by=two.people[0], partner=two.firms[0]
    )

    assert (two.sheet.book.key, other.rule_book.key) == ("nordpakt", "p2p-kodex")
