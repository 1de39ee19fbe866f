from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cooperation import kinds, rule_books
from cooperation.models import RuleBook

pytestmark = pytest.mark.usefixtures("english")

TEXT = rule_books.PACKAGED.read_text(encoding="utf-8")


HANGS = "The point hangs on itself: it would never be asked."


def problems(text: str) -> list[str]:
    with pytest.raises(rule_books.InvalidRuleBook) as refused:
        rule_books.parse(text)
    return [str(problem) for problem in refused.value.problems]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_packaged_book_has_seven_rules_and_68_points() -> None:
    book = rule_books.packaged()

    assert [rule.number for rule in book.rules] == [1, 2, 3, 4, 5, 6, 7]
    assert len(book.points) == 68
    assert sum(point.stage == "exploratory" for point in book.points.values()) == 14
    assert [p.key for p in book.points.values() if p.fast_track == "ask"] == [
        "shared_goal",
        "contributions",
        "cooperation_model",
        "contacts",
        "customer_lead",
        "contract_party",
        "commercial_model",
        "revenue_split",
        "day_rates",
    ]


def test_packaged_book_uses_every_kind() -> None:
    assert {point.kind for point in rule_books.packaged().points.values()} == set(kinds.KINDS)


def test_book_says_what_is_the_portals_own_wording() -> None:
    book = rule_books.packaged()

    assert "eigene Formulierungen dieses Portals" in book.provenance.de
    assert "this portal's own wording" in book.provenance.en


def test_every_default_point_has_a_default() -> None:
    points = rule_books.packaged().points.values()

    assert all(p.default_value is not None for p in points if p.fast_track == "default")


def broken(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "kind: raci",
            "kind: racy",
            "rules.responsibilities.points.raci.kind: “racy” is not one of",
        ),
        (
            "visible_if: {point: customer_protection, equals: ",
            "visible_if: {point: nowhere, equals: ",
            "visible_if.point: There is no point “nowhere”.",
        ),
        (
            'visible_if: {point: customer_protection, equals: "yes"}',
            "visible_if: {point: customer_protection, equals: perhaps}",
            "visible_if: “perhaps” is not an answer to “customer_protection”.",
        ),
        (
            'visible_if: {point: customer_protection, equals: "yes"}',
            "visible_if: {point: customer_protection_period, equals: x}",
            "A point can hang on a joint choice or a joint yes or no, on nothing else.",
        ),
        ("value: weekly,", "value: daily,", "regular_meetings.default.value: "),
        ("value: {number: 24, unit: hours}", "value: {number: 96, unit: hours}", "72"),
        (
            "required_roles: [sponsor, project_lead]",
            "required_roles: [sponsor, trainer]",
            "contacts.required_roles.1: “trainer” is not a role of this point.",
        ),
        (
            "lead_from: customer_lead",
            "lead_from: exclusivity",
            "lead_rule.lead_from: This has to be a choice among the firms.",
        ),
        ("who_role: sponsor, deadline: 10", "who_role: sponsor, deadline: 0", "deadline"),
        ("basis: [S3, S4]", "basis: [S3, S99]", "The source “S99” is not in the list of sources."),
        (
            "  - key: own_interests",
            "  - key: shared_goal",
            "The point “shared_goal” exists already.",
        ),
        ("number: 2\n", "number: 3\n", "This has to be 2: rules are numbered in their order."),
        ("required: true", "required: perhaps", "required: This has to be true or false."),
        (
            "    scope: joint",
            "    scop: joint",
            "scop: There is no such entry here. Is it misspelt?",
        ),
    ],
)
def test_mistake_is_named_with_line_and_place(old: str, new: str, message: str) -> None:
    text = broken(old, new)

    found = [problem for problem in problems(text) if message in problem]

    assert len(found) == 1
    assert found[0].startswith("line ")


def test_line_is_the_line_of_the_mistake() -> None:
    text = broken("kind: raci", "kind: racy")

    assert problems(text)[0].startswith(f"line {line_of(text, 'kind: racy')}: ")


def test_cycle_is_found() -> None:
    # The model hangs on exclusivity, which hangs on the model.
    text = broken(
        "  - key: exclusivity\n    kind: choice\n",
        "  - key: exclusivity\n    kind: choice\n"
        "    visible_if: {point: cooperation_model, equals: referral}\n",
    ).replace(
        "  - key: cooperation_model\n    kind: choice\n",
        "  - key: cooperation_model\n    kind: choice\n"
        "    visible_if: {point: exclusivity, equals: none}\n",
    )

    found = problems(text)

    assert [problem.partition(": ")[2] for problem in found] == [
        f"rules.partnership.points.cooperation_model.visible_if: {HANGS}",
        f"rules.partnership.points.exclusivity.visible_if: {HANGS}",
    ]


@pytest.mark.parametrize("text", ["", "[]", "a: [", "just words", "- 1\n- 2"])
def test_what_is_no_rule_book_is_refused(text: str) -> None:
    assert problems(text)


def test_key_given_twice_is_refused() -> None:
    text = broken("kind: raci", "kind: raci\n    kind: text")

    assert problems(text) == [
        f"line {line_of(text, 'kind: raci') + 1}: The key “kind” stands here twice."
    ]


@pytest.mark.django_db
def test_command_checks_without_writing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_rule_book")

    assert capsys.readouterr().out == "p2p-kodex 2026.1: 7 rules, 68 points, valid, not written\n"
    assert not RuleBook.objects.exists()


@pytest.mark.django_db
def test_command_loads_once(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_rule_book", write=True)
    call_command("load_rule_book", write=True)

    assert capsys.readouterr().out == (
        "p2p-kodex 2026.1: 7 rules, 68 points, loaded\n"
        "p2p-kodex 2026.1: 7 rules, 68 points, was loaded already\n"
    )
    assert RuleBook.objects.count() == 1


@pytest.mark.django_db
def test_same_version_with_other_content_is_refused(tmp_path: Path) -> None:
    call_command("load_rule_book", write=True)
    other = tmp_path / "other.yaml"
    other.write_text(broken("Zwei bis drei Sätze", "Drei Sätze"), encoding="utf-8")

    with pytest.raises(CommandError, match="A version never changes"):
        call_command("load_rule_book", other, write=True)

    assert RuleBook.objects.get().content["rules"][0]["points"][0]["help_de"].startswith("Zwei bis")


@pytest.mark.django_db
def test_command_names_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.yaml"):
        call_command("load_rule_book", tmp_path / "missing.yaml")


@pytest.mark.django_db
def test_stored_book_is_the_book() -> None:
    row = rule_books.load_packaged()

    assert rule_books.by_id(row.pk) == rule_books.packaged()
