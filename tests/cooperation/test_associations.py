"""A table of associations: what does not go together in it, and what it gives to a firm."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cooperation import associations, rule_books
from cooperation.associations import Wanted
from cooperation.book import Book, Party, Point
from scoring import rule_sets, what_if
from tests.cooperation import books
from tests.cooperation.worlds import some_parties

PARTIES = some_parties(3)
A, B, C = (party.key for party in PARTIES)
CPOR_ON_TEAMS = (
    "%s are named for CPOR on Teams. Microsoft accepts one CPOR claim for a workload of a customer."
)


def newest() -> Book:
    return rule_books.packaged()


def table(book: Book | None = None) -> Point:
    return (book or newest()).point("ms_associations")


def older() -> Point:
    """The table of the first rule book: names as typed, and no kinds of associations."""
    return table(books.read(books.FIRST_KODEX))


def row(workload: str = "teams", firm: str = "", kind: str = "", csp: str = "") -> dict[str, str]:
    return {"workload": workload, "association": firm, "association_type": kind, "csp": csp}


def said(*rows: Any, point: Point | None = None, parties: tuple[Party, ...] = PARTIES) -> list[Any]:
    """(row numbers, sentence) of what does not go together, in English."""
    with translation.override("en"):
        found = associations.clashes(point or table(), {"rows": list(rows)}, parties)
        return [(clash.numbers, clash.sentence) for clash in found]


# ---- What does not go together -------------------------------------------------------------------


def test_two_firms_for_one_cpor_claim() -> None:
    rows = [row(firm=A, kind="cpor"), row("exchange", A, "cpor"), row(firm=B, kind="cpor")]

    assert said(*rows) == [("1, 3", CPOR_ON_TEAMS % "Firma 1 and Firma 2")]
    assert said(*rows, row(firm=C, kind="cpor"), row(firm=A, kind="cpor")) == [
        ("1, 3, 4, 5", CPOR_ON_TEAMS % "Firma 1, Firma 2 and Firma 3")
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(firm=A, kind="cpor"), row(firm=A, kind="cpor")],  # said twice
        [row(firm=A, kind="cpor"), row("exchange", B, "cpor")],
        [row(firm=A, kind="cpor"), row(firm=B, kind="pal"), row(firm=C, kind="dpor")],
        [row(firm=A, kind="cpor"), row(firm=B)],  # not said of which kind
        [row(firm=A, kind="cpor"), row(firm="", kind="cpor")],
        [row("", A, "cpor"), row("", B, "cpor")],
        [row(csp=A), row("exchange", csp=A), row("intune")],
    ],
)
def test_what_goes_together(rows: list[dict[str, str]]) -> None:
    assert said(*rows) == []


def test_two_csp_firms_at_one_customer() -> None:
    rows = [row(csp=A), row("exchange", csp=B), row("intune", csp=A), row("intune", csp=A)]

    assert said(*rows) == [
        (
            "1, 2, 3, 4",
            "More than one firm is named for CSP with this customer: Firma 1 (Teams, Intune) and "
            "Firma 2 (Exchange). A CSP partner may not resell online services to another CSP "
            "partner's tenant.",
        )
    ]


def test_older_table_does_not_say_which_kind() -> None:
    point = older()
    rows = [row("Teams ", A), row("teams", B), row("Exchange", A)]

    assert said(*rows, point=point) == [
        (
            "1, 2",
            "Firma 1 and Firma 2 are named for Teams. If you mean CPOR: Microsoft accepts one "
            "CPOR claim for a workload of a customer.",
        )
    ]
    assert said(row("Teams", A), row("Exchange", B), point=point) == []
    assert associations.wanted(point, {"rows": rows}, A) == (
        Wanted("Teams", ""),
        Wanted("Exchange", ""),
    )


@pytest.mark.parametrize("typed", ["CPOR", "cpor", " Cpor "])
def test_types_may_be_typed(typed: str) -> None:
    """A book may ask for the type in free text: then it has no options."""
    point = table()
    columns = tuple(
        replace(one, options=()) if one.key == associations.TYPE else one for one in point.columns
    )
    free = replace(point, columns=columns)
    rows = [row(firm=A, kind=typed), row(firm=B, kind="CPOR")]

    assert said(*rows, point=free) == [("1, 2", CPOR_ON_TEAMS % "Firma 1 and Firma 2")]
    assert associations.wanted(free, {"rows": rows}, A) == (Wanted("teams", "CPOR"),)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"rows": None},
        {"rows": "x"},
        {"rows": [None, 7, "x", []]},
        {"rows": [{"workload": ["teams"], "association": {}, "csp": 3}]},
        {"rows": [row("skype", A, "cpor"), row("skype", B, "cpor")]},
        {"rows": [row(firm="stranger", kind="cpor"), row(firm=A, kind="cpor")]},
        {"rows": [row(csp="stranger"), row(csp=A)]},
    ],
)
def test_what_a_form_may_hold_is_no_error(value: Any) -> None:
    assert associations.clashes(table(), value, PARTIES) == ()
    associations.wanted(table(), value, A)
    associations.workloads(table(), value)


def test_other_points_are_not_looked_at() -> None:
    value = {"rows": [row(firm=A, kind="cpor", csp=A), row(firm=B, kind="cpor", csp=B)]}
    others = [point for point in newest().points.values() if point.key != "ms_associations"]

    assert len(others) > 60
    for point in others:
        assert not associations.is_table(point)
        assert associations.clashes(point, value, PARTIES) == ()
        assert associations.wanted(point, value, A) == ()


cells = st.sampled_from(["", "teams", "exchange", "skype", A, B, C, "cpor", "pal", "Ü", " x "])
rows_of_a_form = st.lists(st.dictionaries(st.sampled_from([*row()]), cells), max_size=8)


@given(rows_of_a_form)
def test_clashes_name_the_rows_that_clash(rows: list[dict[str, str]]) -> None:
    point = table()
    found = associations.clashes(point, {"rows": rows}, PARTIES)

    for clash in found:
        cpor = {rows[place].get("association") for place in clash.rows}
        csp = {rows[place].get("csp") for place in clash.rows}
        assert len(cpor & {A, B, C}) > 1 or len(csp & {A, B, C}) > 1
        without = [one for place, one in enumerate(rows) if place not in clash.rows]
        again = associations.clashes(point, {"rows": without}, PARTIES)
        assert len(again) < len(found)


# ---- What it gives to a firm ---------------------------------------------------------------------


def test_table_gives_associations_to_a_firm() -> None:
    value = {
        "rows": [
            row(firm=A, kind="cpor", csp=B),
            row("exchange", B, "pal", A),
            row("exchange", A),
            row(firm=A, kind="cpor"),
        ]
    }

    assert associations.wanted(table(), value, A) == (
        Wanted("teams", "CPOR"),
        Wanted("exchange", "CSP"),
        Wanted("exchange", ""),
    )
    assert associations.wanted(table(), value, B) == (
        Wanted("teams", "CSP"),
        Wanted("exchange", "PAL"),
    )
    assert associations.wanted(table(), value, C) == ()
    assert associations.workloads(table(), value) == ("teams", "exchange")


# ---- The rule book and the rule set speak of the same workloads ----------------------------------


def test_workloads_to_choose_are_those_that_count() -> None:
    """The newest packaged rule book against the newest rule set, both ways."""
    column = next(column for column in table().columns if column.key == "workload")
    newest_rules = rule_sets.all_sets()[-1]

    assert [option.key for option in column.options] == list(newest_rules.workloads)
    assert [one.key for one in what_if.workloads(newest_rules.valid_from)] == list(
        newest_rules.workloads
    )


def test_types_to_choose_are_known_associations() -> None:
    column = next(column for column in table().columns if column.key == "association_type")
    options = set(rule_sets.all_sets()[-1].options)

    kinds = {option.key.upper() for option in column.options}
    assert kinds - options == {"PAL"}  # which counts for nothing here, and the page says so
    assert options - kinds == {"CSP"}  # which is a column of its own


@pytest.mark.parametrize("language", ["de", "en"])
def test_labels_are_in_the_language_of_the_request(language: str) -> None:
    with translation.override(language):
        assert associations.labels(table())["teams_meetings"] == (
            "Teams-Besprechungen" if language == "de" else "Teams Meetings"
        )
        assert associations.labels(older()) == {}
