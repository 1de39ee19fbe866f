"""What a new version says differently, told so that its author finds the place."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from cooperation import rule_books
from cooperation.models import BlankChecklist, RuleBook
from cooperation.rule_books import changes, loading
from cooperation.rule_books.changes import Difference, What
from tests.cooperation import books

pytestmark = pytest.mark.usefixtures("english")

Content = dict[str, Any]


def nord() -> Content:
    return copy.deepcopy(rule_books.parse_file(books.NORDPAKT.read_bytes())[1])


def as_file(content: Content) -> bytes:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode()


def later(version: str = "1.1", **entries: Any) -> Content:
    return {**nord(), "version": version, **entries}


def points(content: Content, rule: int) -> list[Content]:
    found: list[Content] = content["rules"][rule - 1]["points"]
    return found


def test_the_same_text_under_another_version_differs_in_nothing() -> None:
    assert changes.between(nord(), later()) == []
    assert changes.counted([]) == "0 new points, 0 points gone, 0 points changed"


def test_points_that_are_new_gone_and_changed_are_told_apart() -> None:
    new = later()
    friday = points(new, 2).pop(1)
    del friday["visible_if"]
    points(new, 3).append({**friday, "key": "cash", "question_en": "Who brings the cash?"})
    points(new, 3)[0]["default"]["value"]["number"] = 21
    points(new, 3)[0]["help_en"] = "From the day of the invoice."

    found = changes.between(nord(), new)

    assert [(c.what, c.number, c.key, c.title.en) for c in found] == [
        (What.CHANGED, "3.1", "days_to_pay", "How fast do we pay each other?"),
        (What.ADDED, "3.2", "cash", "Who brings the cash?"),
        (What.REMOVED, "2.2", "friday_place", "Where do we meet on Friday?"),
    ]
    assert found[0].differences == (
        Difference("help_en", "From the invoice.", "From the day of the invoice."),
        Difference("default.value.number", "14", "21"),
    )
    assert changes.counted(found) == "1 new point, 1 point gone, 1 point changed"


def test_kind_and_condition_and_options_are_told_by_their_entry() -> None:
    new = later()
    day, place = points(new, 2)[:2]
    day["options"].append({"key": "never", "de": "Nie", "en": "Never"})
    day["options"][0]["en"] = "Mondays"
    place["kind"] = "yes_no_note"
    place["visible_if"] = {"point": "meeting_day", "in": ["friday", "never"]}
    place["required"] = False

    found = changes.between(nord(), new)

    assert [(c.key, c.differences) for c in found] == [
        (
            "meeting_day",
            (
                Difference("options.monday.en", "Monday", "Mondays"),
                Difference("options.never", None, "Nie / Never"),
            ),
        ),
        (
            "friday_place",
            (
                Difference("kind", "text", "yes_no_note"),
                Difference("required", "true", "false"),
                Difference("visible_if.in", None, '["friday", "never"]'),
                Difference("visible_if.equals", "friday", None),
            ),
        ),
    ]


def test_number_and_truth_are_not_the_same() -> None:
    """In Python 1 == True; in a rule book it is another answer."""
    assert [d.after for c in changes.between(later(x=1), later(x=True)) for d in c.differences] == [
        "true"
    ]


def test_other_order_is_a_change_of_its_rule() -> None:
    new = later()
    points(new, 2).reverse()
    new["roles"].reverse()

    found = changes.between(nord(), new)

    assert [(c.key, c.is_point, c.differences) for c in found] == [
        ("nordpakt", False, (Difference("roles (order)", "boss, foreman", "foreman, boss"),)),
        (
            "site",
            False,
            (
                Difference(
                    "points (order)",
                    "meeting_day, friday_place, machines",
                    "machines, friday_place, meeting_day",
                ),
            ),
        ),
    ]
    assert changes.counted(found) == (
        "0 new points, 0 points gone, 0 points changed, 2 changes beside the points"
    )


def test_point_that_moves_to_another_rule_says_from_where() -> None:
    new = later()
    points(new, 5).insert(0, points(new, 3).pop())
    points(new, 3).append({**points(new, 1)[0], "key": "rest"})

    found = {c.key: c for c in changes.between(nord(), new)}

    assert found["days_to_pay"].differences == (
        Difference("rule", "money (3.1)", "people_on_site (5.1)"),
    )
    assert "crew" not in found  # it only counts from another place now


def test_rules_and_what_stands_above_them_are_compared() -> None:
    new = later(title_en="Northern pact")
    new["preamble"]["en"] = "Another sense."
    new["rules"][4] |= {"key": "crew_rule", "title_en": "The crew"}

    found = changes.between(nord(), new)

    assert [(c.what, c.number, c.key, c.is_point) for c in found] == [
        (What.CHANGED, "", "nordpakt", False),
        (What.ADDED, "5", "crew_rule", False),
        (What.REMOVED, "5", "people_on_site", False),
        (What.CHANGED, "5.1", "crew", True),
    ]
    assert found[0].differences[0] == Difference("title_en", "Nordpakt", "Northern pact")


def test_every_entry_of_a_book_is_compared() -> None:
    """Change each single value of the file, one at a time: none goes unnoticed."""

    def values(inner: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if isinstance(inner, dict):
            return [p for k, v in inner.items() for p in values(v, (*path, k))]
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            return [p for k, v in enumerate(inner) for p in values(v, (*path, k))]
        return [path]

    old = nord()
    unnoticed = []
    paths = values(old)
    for path in paths:
        new = copy.deepcopy(old)
        here: Any = new
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = "something else"
        if path != ("version",) and not changes.between(old, new):
            unnoticed.append(path)
    assert len(paths) > 150
    assert unnoticed == []


# ---- Looking, then loading ---------------------------------------------------------------------


@pytest.mark.django_db
def test_preview_compares_with_the_newest_version_of_the_same_key() -> None:
    books.load(books.FIRST_KODEX)
    first = loading.preview(books.NORDPAKT.read_bytes())
    assert (first.compared_with, first.changes, first.is_loaded) == (None, (), False)

    books.load(books.NORDPAKT)
    newer = loading.preview(as_file(later("1.10")))
    assert newer.compared_with is not None
    assert (newer.compared_with.version, newer.is_newest) == ("1.0", True)
    loading.load(as_file(later("1.10")))
    older = loading.preview(as_file(later("1.9", title_en="Other")))
    assert older.compared_with is not None
    assert (older.compared_with.version, older.is_newest) == ("1.10", False)
    assert [c.key for c in older.changes] == ["nordpakt"]


@pytest.mark.django_db
def test_only_what_was_looked_at_is_loaded() -> None:
    seen = loading.preview(books.NORDPAKT.read_bytes()).seen

    with pytest.raises(loading.Moved, match="not the file"):
        loading.load(as_file(later()), seen=seen)
    loading.load(as_file(later("0.9")))
    with pytest.raises(loading.Moved, match="Another version was loaded meanwhile"):
        loading.load(books.NORDPAKT.read_bytes(), seen=seen)

    assert [row.version for row in RuleBook.objects.all()] == ["0.9"]


@pytest.mark.django_db
def test_loading_orders_the_blank_checklists_once() -> None:
    row, created = loading.load(books.NORDPAKT.read_bytes())
    again, anew = loading.load(books.NORDPAKT.read_bytes())

    assert (created, anew, again.pk) == (True, False, row.pk)
    assert BlankChecklist.objects.filter(rule_book=row).count() == 4


@pytest.mark.django_db
def test_what_is_loaded_meanwhile_by_somebody_else_is_loaded_already() -> None:
    data = books.NORDPAKT.read_bytes()
    seen = loading.preview(data).seen
    loading.load(data)

    assert loading.load(data, seen=seen)[1] is False


# ---- The command -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_command_prints_the_differences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books.load(books.NORDPAKT)
    new = later()
    points(new, 3)[0]["default"]["value"]["number"] = 21
    del points(new, 2)[2]
    path = tmp_path / "new.yaml"
    path.write_bytes(as_file(new))

    call_command("load_rule_book", path)

    assert capsys.readouterr().out == (
        "nordpakt 1.1: 5 rules, 7 points, valid, not written\n"
        "Compared with 1.0: 0 new points, 1 point gone, 1 point changed\n"
        "  Changed: 3.1 days_to_pay: How fast do we pay each other?\n"
        "    default.value.number: 14 -> 21\n"
        "  Gone: 2.3 machines: Who brings which machine?\n"
    )
    assert RuleBook.objects.count() == 1


@pytest.mark.django_db
def test_command_tells_all_mistakes_in_english(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    text = books.NORDPAKT.read_text().replace("value: monday", "value: sunday")
    path.write_text(text.replace("kind: text", "kind: txt", 1))

    with pytest.raises(CommandError) as refused:
        call_command("load_rule_book", path, write=True)

    assert str(refused.value).splitlines()[1:] == [
        "line 41: rules.aims.points.what_we_build.kind: “txt” is not one of choice, multi_choice, "
        "yes_no_note, text, contacts, raci, percent_split, percent, money, duration, escalation, "
        "date_range, table.",
        "line 87: rules.site.points.meeting_day.default.value: Please choose one of the answers.",
    ]
    assert not RuleBook.objects.exists()
