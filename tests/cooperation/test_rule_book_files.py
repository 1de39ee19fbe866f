"""What a file may be: anything comes in, a rule book or the list of its mistakes comes out."""

import random
from typing import Any

import pytest

from cooperation import rule_books
from cooperation.rule_books import checks, yaml_file
from cooperation.rule_books.problems import MOST, Problem
from tests.cooperation import books

pytestmark = pytest.mark.usefixtures("english")

KODEX = rule_books.PACKAGED.read_bytes()
NORD = books.NORDPAKT.read_text(encoding="utf-8")


def refused(data: bytes | str) -> list[Problem]:
    with pytest.raises(rule_books.InvalidRuleBook) as error:
        rule_books.parse_file(data if isinstance(data, bytes) else data.encode())
    return error.value.problems


def said(data: bytes | str) -> list[str]:
    return [str(problem) for problem in refused(data)]


def changed(old: str, new: str, count: int = 1) -> str:
    assert old in NORD
    return NORD.replace(old, new, count)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


# ---- Bytes -------------------------------------------------------------------------------------


def test_file_with_a_mark_of_its_byte_order_is_read() -> None:
    book, _content = rule_books.parse_file(b"\xef\xbb\xbf" + NORD.encode())
    assert book.key == "nordpakt"


def test_file_of_windows_lines_has_the_same_fingerprint() -> None:
    _book, content = rule_books.parse_file(NORD.encode())
    _same, windows = rule_books.parse_file(NORD.replace("\n", "\r\n").encode())
    assert rule_books.fingerprint(windows) == rule_books.fingerprint(content)


def test_file_that_is_not_utf8_names_the_line() -> None:
    data = NORD.encode("latin-1")
    line = data[: data.index("ü".encode("latin-1"))].count(b"\n") + 1
    assert said(data) == [f"line {line}: The file is not UTF-8 here. Please save it as UTF-8."]
    assert said(NORD.encode("utf-16")) == [
        "line 1: The file is not UTF-8 here. Please save it as UTF-8."
    ]


def test_file_that_is_too_large_is_not_even_decoded() -> None:
    data = b"#" * (yaml_file.MOST_BYTES + 1)
    assert said(data) == ["The file is larger than 1024 KB. Is it a rule book?"]
    padded = KODEX + b"#" * (yaml_file.MOST_BYTES - len(KODEX))
    assert rule_books.parse_file(padded)[0].version == "2026.1"


# ---- YAML --------------------------------------------------------------------------------------

BOMB = "a: &a [x, x]\n" + "\n".join(
    f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}]" for n in range(40)
)


def test_aliases_are_refused_before_they_can_grow() -> None:
    found = refused(BOMB)
    assert {problem.reason for problem in found} == {
        "Anchors and aliases (& and *) are not used in a rule book."
    }
    assert [problem.line for problem in found[:2]] == [1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: !!python/object/apply:os.system [ls]",
            "line 1: Tags (!) are not used in a rule book.",
        ),
        ("a: !x 1", "line 1: Tags (!) are not used in a rule book."),
        ("a: 1\nb: 2\na: 3", "line 3: The key “a” stands here twice."),
        ("a:\n  ? [1, 2]\n  : x", "line 2: A key has to be a word."),
        ("[" * 200_000, "line 1: This is nested too deeply."),
        ("{a: " * 3000, "line 1: This is nested too deeply."),
        ("a: 1\nb: [", "line 3: This cannot be read as YAML: "),
        ("a: \x00", "line 1: This cannot be read as YAML: "),
        ("a: 1\n---\nb: 2", "This cannot be read as YAML: "),
        ("a: 2026-02-30\nkey: 1.5", "line 2: key: A number with decimals has to be in quotes."),
        ("a: .nan", "line 1: a: A number with decimals has to be in quotes."),
        ("a: 9007199254740993", "line 1: a: This number is too large."),
        ("1: x", "The key 1 has to be in quotes."),
        ("a: {yes: x}", "line 1: a: The key True has to be in quotes."),
        ('a: "x\\0y"', "line 1: a: The text contains invisible control characters."),
        ('a: "x\\u202Ey"', "line 1: a: The text contains invisible control characters."),
        ('"x\\u202Ey": 1', "The text contains invisible control characters."),
        ("a: !!binary aGFsbG8=", "line 1: Tags (!) are not used in a rule book."),
    ],
)
def test_what_yaml_can_do_beyond_plain_data_is_refused(text: str, expected: str) -> None:
    assert any(expected in problem for problem in said(text)), said(text)


def test_days_stay_text() -> None:
    content, _lines = yaml_file.read(b"a: 2026-11-30\nb: 2026-11-30 12:00:00\n")
    assert content == {"a": "2026-11-30", "b": "2026-11-30 12:00:00"}


@pytest.mark.parametrize("data", [b"", b"[]", b"just words", b"- 1", b"null", b"rules: [{}]"])
def test_what_is_no_rule_book_is_refused(data: bytes) -> None:
    assert refused(data)


def test_a_broken_file_never_breaks_more() -> None:
    """Bytes changed, lines gone, lines twice: a book or a list of problems, nothing else."""
    chance = random.Random(7)
    lines = NORD.splitlines(keepends=True)
    outcomes = set()
    for _attempt in range(300):
        mixed = list(lines)
        for _change in range(chance.randint(1, 3)):
            place = chance.randrange(len(mixed))
            match chance.randrange(4):
                case 0:
                    del mixed[place]
                case 1:
                    mixed.insert(place, mixed[chance.randrange(len(mixed))])
                case 2:
                    mixed[place] = mixed[place].replace(":", chance.choice(["", ": [", ": {a: "]))
                case _:
                    mixed[place] = mixed[place][: chance.randrange(len(mixed[place]) + 1)] + "\n"
        try:
            rule_books.parse_file("".join(mixed).encode())
            outcomes.add("book")
        except rule_books.InvalidRuleBook as error:
            outcomes.add("problems" if error.problems else "nothing said")
    assert outcomes == {"book", "problems"}


def test_an_answer_of_any_shape_is_a_default_that_does_not_fit() -> None:
    odd: list[Any] = ["{a: b}", "[[1]]", "[{}]", "7", "true", '""', "{rows: {}}", "[null]"]
    for old in ("value: monday", "value: {number: 14, unit: days}"):
        for value in odd:
            found = refused(changed(old, f"value: {value}"))
            assert [problem.place.rpartition(".default")[2] for problem in found] == [".value"]


# ---- Everything at once ------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    text = (
        NORD.replace("kind: duration", "kind: duraton")
        .replace("    scope: joint\n    stage: exploratory", "    scop: joint\n    stage: early", 1)
        .replace("equals: friday", "equals: sunday")
        .replace("required_roles: [foreman]", "required_roles: [cook]")
        .replace('url: "https://', 'url: "javascript:https://')
    )
    found = refused(text)

    assert [(problem.place, problem.reason) for problem in found] == [
        ("sources.N1.url", "An address has to begin with https:// or http://."),
        ("rules.aims.points.what_we_build.scope", "This is missing."),
        (
            "rules.aims.points.what_we_build.scop",
            "There is no such entry here. Is it misspelt?",
        ),
        (
            "rules.aims.points.what_we_build.stage",
            "This has to be one of: exploratory, agreement, project.",
        ),
        (
            "rules.site.points.friday_place.visible_if",
            "“sunday” is not an answer to “meeting_day”.",
        ),
        (
            "rules.money.points.days_to_pay.kind",
            "“duraton” is not one of choice, multi_choice, yes_no_note, text, contacts, raci, "
            "percent_split, percent, money, duration, escalation, date_range, table.",
        ),
        (
            "rules.people_on_site.points.crew.required_roles.0",
            "“cook” is not a role of this point.",
        ),
    ]
    for problem in found:
        last = problem.place.rpartition(".")[2]
        line = text.splitlines()[(problem.line or 0) - 1]
        assert last == "scope" or last in line or last == "0"


def test_a_point_out_of_shape_hides_no_other_and_blames_none_that_hang_on_it() -> None:
    text = changed(
        "kind: choice\n    options:\n    - {key: monday",
        "kin: choice\n    options:\n    - {key: monday",
    )
    assert [problem.place for problem in refused(text)] == [
        "rules.site.points.meeting_day.kind",
        "rules.site.points.meeting_day.kin",
    ]


def test_endless_mistakes_are_cut_off_and_counted() -> None:
    points = "\n".join(f"  - {{key: p{n}}}" for n in range(150))
    text = NORD[: NORD.index("- number: 2")].replace("  points:\n", f"  points:\n{points}\n")
    with pytest.raises(rule_books.InvalidRuleBook) as error:
        rule_books.parse_file(text.encode())
    assert len(error.value.problems) == MOST
    assert error.value.more > 1000


# ---- What does not fit together ----------------------------------------------------------------

LEVELS = NORD[NORD.index("      value:\n      - {key: on_site") : NORD.index("- number: 5")]

CASES: dict[str, tuple[str, str, str, str]] = {
    "visible_if of nothing": (
        "point: meeting_day, equals",
        "point: meeting, equals",
        "rules.site.points.friday_place.visible_if.point",
        "There is no point “meeting”.",
    ),
    "visible_if of itself": (
        "visible_if: {point: meeting_day, equals: friday}",
        "visible_if: {point: friday_place, equals: friday}",
        "rules.site.points.friday_place.visible_if.point",
        "A point can hang on a joint choice or a joint yes or no, on nothing else.",
    ),
    "visible_if with two conditions": (
        "equals: friday}",
        "equals: friday, in: [monday]}",
        "rules.site.points.friday_place.visible_if",
        "This needs exactly one of equals, in and not_in.",
    ),
    "escalation without levels": (
        LEVELS,
        "      value: []\n",
        "rules.quarrel.points.ladder.default.value",
        "Please keep at least two levels.",
    ),
    "escalation without a default": (
        LEVELS,
        "      value: null\n",
        "rules.quarrel.points.ladder.default.value",
        "A point taken by default needs a default value.",
    ),
    "level for nobody": (
        "who_role: boss, deadline: 5",
        "who_role: judge, deadline: 5",
        "rules.quarrel.points.ladder.default.value",
        "Please choose who is called at this level.",
    ),
    "default above the maximum": (
        "value: {number: 14, unit: days}",
        "value: {number: 14, unit: weeks}",
        "rules.money.points.days_to_pay.default.value",
        "Please choose no more than 60 days.",
    ),
    "default that is no option": (
        "value: monday",
        "value: sunday",
        "rules.site.points.meeting_day.default.value",
        "Please choose one of the answers.",
    ),
    "column with options twice": (
        "{key: digger, de",
        "{key: crane, de",
        "rules.site.points.machines.columns.machine.options.crane.key",
        "“crane” stands here twice.",
    ),
    "column of firms and options": (
        '      en: "Machine"\n',
        '      en: "Machine"\n      options_from: partners\n',
        "rules.site.points.machines.columns.machine.options",
        "Either options of its own or options_from, not both.",
    ),
    "option of a column that wants a note": (
        '{key: crane, de: "Kran", en: "Crane"}',
        '{key: crane, de: "Kran", en: "Crane", needs_note: true}',
        "rules.site.points.machines.columns.machine.options.crane.needs_note",
        "There is no such entry here. Is it misspelt?",
    ),
    "key with capitals": (
        "{key: crane, de",
        "{key: Crane, de",
        "rules.site.points.machines.columns.machine.options.Crane.key",
        "A key has lower-case letters, digits and underscores, begins with a letter",
    ),
    "entry for another kind": (
        "    kind: duration\n",
        "    kind: duration\n    roles: [boss]\n",
        "rules.money.points.days_to_pay.roles",
        "This says nothing for a point of the kind “duration”.",
    ),
    "options beside the firms": (
        "    options_from: partners\n    scope",
        '    options_from: partners\n    options: [{key: all, de: "a", en: "a"}]\n    scope',
        "rules.aims.points.who_leads.options",
        "Either options of its own or options_from, not both.",
    ),
    "more options without firms": (
        'en: "Friday"}\n',
        'en: "Friday"}\n    extra_options: [{key: x, de: y, en: z}]\n',
        "rules.site.points.meeting_day.extra_options",
        "These go with options_from only; otherwise they belong to the options.",
    ),
    "warning in one language": (
        "    kind: table\n",
        "    kind: table\n    warning_de: Achtung\n",
        "rules.site.points.machines.warning_de",
        "This text is there in one language only.",
    ),
    "topic of an unknown source": (
        "title_basis: N1",
        "title_basis: N7",
        "rules.aims.title_basis",
        "The source “N7” is not in the list of sources.",
    ),
    "long short name": (
        'short_de: "Ziele"',
        f'short_de: "{"Ziel" * 11}"',
        "rules.aims.short_de",
        "Please shorten this to 40 characters (now 44).",
    ),
    "deadline beyond a year": (
        "deadline: 2,",
        "deadline: 366,",
        "rules.quarrel.points.ladder.default.value.on_site.deadline",
        "This can be no more than 365.",
    ),
    "number of a rule": (
        "- number: 2",
        "- number: 4",
        "rules.site.number",
        "This has to be 2: rules are numbered in their order.",
    ),
    "same point twice": (
        "key: friday_place",
        "key: who_leads",
        "rules.site.points.who_leads.key",
        "The point “who_leads” exists already.",
    ),
    "text that is a number": (
        'question_de: "Wer führt?"',
        "question_de: 7",
        "rules.aims.points.who_leads.question_de",
        "This has to be text; in quotes, if it looks like a number.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_is_named_with_line_and_place(case: str) -> None:
    old, new, place, reason = CASES[case]
    text = changed(old, new)

    found = [problem for problem in refused(text) if problem.place == place]

    assert [reason in problem.reason for problem in found] == [True], said(text)
    line = text.splitlines()[(found[0].line or 0) - 1]
    assert any(part in line for part in place.split(".")[-2:]), line


def test_points_that_hang_on_each_other_in_a_ring_are_found() -> None:
    text = changed(
        '    question_de: "An welchem',
        '    visible_if: {point: gate, equals: "yes"}\n    question_de: "An welchem',
    ).replace(
        "  - key: friday_place",
        "  - key: gate\n    kind: yes_no_note\n    scope: joint\n    stage: agreement\n"
        "    required: false\n    fast_track: ask\n"
        "    visible_if: {point: meeting_day, not_in: [friday]}\n"
        "    question_de: a\n    question_en: a\n    help_de: a\n    help_en: a\n"
        "    default: {value: null, text_de: a, text_en: a}\n  - key: friday_place",
    )
    assert [(p.place, p.line) for p in refused(text)] == [
        (f"rules.site.points.{key}.visible_if", line)
        for key, line in (
            ("meeting_day", line_of(text, "visible_if: {point: gate")),
            ("gate", line_of(text, "visible_if: {point: meeting_day, not_in")),
        )
    ]


def test_an_escalation_needs_somebody_to_call() -> None:
    start, end = NORD.index("roles:\n- {key: boss"), NORD.index("fast_track:\n")
    text = NORD[:start] + NORD[end:]
    assert (
        "rules.quarrel.points.ladder.kind",
        "An escalation needs roles in the list of the book.",
    ) in [(problem.place, problem.reason) for problem in refused(text)]


def test_a_book_has_a_size_that_a_mark_and_a_page_can_bear() -> None:
    start = NORD.index("- number: 5")
    rule = NORD[start:]
    rules = "".join(
        rule.replace("number: 5", f"number: {n}")
        .replace("key: people_on_site", f"key: rule_{n}")
        .replace("key: crew", f"key: crew_{n}")
        for n in range(5, checks.MOST_RULES + 2)
    )
    assert said(NORD[:start] + rules) == [
        f"line {line_of(NORD, 'rules:' + chr(10))}: rules: "
        "No more than 12 entries are possible here; now there are 13."
    ]


def test_what_was_loaded_once_is_not_judged_by_later_checks() -> None:
    """A stored version is built whatever new versions have to keep today."""
    _book, content = rule_books.parse_file(NORD.encode())
    content["sources"]["N1"]["url"] = "ftp://old.example"
    content["rules"][0]["short_de"] = "x" * 60
    content["rules"][2]["points"][0]["roles"] = ["boss"]

    assert rule_books.build(content).key == "nordpakt"
