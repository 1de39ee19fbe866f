from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from cooperation import kinds, rule_books
from cooperation.book import Point
from cooperation.kinds import words
from tests.cooperation import books
from tests.cooperation.worlds import CONTACTS, some_parties

TWO = some_parties(2)
BOOK = rule_books.packaged()


def clean(key: str, value: Any, count: int = 2) -> dict[str, Any]:
    return kinds.clean(value, BOOK.point(key), some_parties(count))


def errors(key: str, value: Any, count: int = 2, language: str = "en") -> dict[str, list[str]]:
    with translation.override(language), pytest.raises(kinds.InvalidAnswer) as refused:
        clean(key, value, count)
    return refused.value.errors


def lines(key: str, value: Any, language: str = "de", count: int = 2) -> tuple[str, ...]:
    point, parties = BOOK.point(key), some_parties(count)
    cleaned = kinds.clean(value, point, parties)
    return kinds.describe(cleaned, point, parties, language).lines


# ---- Choices -----------------------------------------------------------------------------------


def test_choice_takes_an_option() -> None:
    assert clean("regular_meetings", {"choice": "weekly"}) == {"choice": "weekly", "note": ""}


@pytest.mark.parametrize(
    "value", [{"choice": "daily"}, {"choice": ["weekly"]}, {}, {"choice": None}]
)
def test_choice_refuses_anything_else(value: Any) -> None:
    assert errors("regular_meetings", value) == {"choice": ["Please choose one of the answers."]}


def test_choice_among_partners_has_the_firms_and_the_extra_options() -> None:
    options = BOOK.point("contract_party").choices(TWO)

    assert [option.key for option in options] == ["p1", "p2", "each_own"]
    assert lines("contract_party", "p2") == ("Firma 2",)
    assert lines("contract_party", "each_own", "en") == ("Each partner for its own part",)
    assert errors("contract_party", "p3") == {"choice": ["Please choose one of the answers."]}


def test_other_choice_needs_its_note() -> None:
    assert errors("neutral_third", {"choice": "other"}) == {
        "note": ["Please say more about this choice in the note."]
    }
    assert clean("neutral_third", {"choice": "other", "note": "Frau Dr. Lenz"})["note"]


def test_multi_choice_comes_in_the_order_of_the_book() -> None:
    assert clean("channels", {"choices": ["email", "portal", "email"]}) == {
        "choices": ["portal", "email"],
        "note": "",
    }


def test_multi_choice_needs_a_choice_or_a_note() -> None:
    assert errors("channels", {"choices": []}) == {
        "choices": ["Please choose at least one answer, or say in the note what applies."]
    }
    assert lines("channels", {"choices": [], "note": "Nur Briefe"}) == ("Nichts davon",)


def test_yes_no_needs_a_note_where_it_differs_from_the_default() -> None:
    assert clean("customer_protection", {"answer": "yes"}) == {"answer": "yes", "note": ""}
    assert errors("customer_protection", {"answer": "no"}) == {
        "note": ["This differs from the Kodex default. Please say why in the note."]
    }
    assert clean("customer_protection", {"answer": "no", "note": "Rahmenvertrag"})["answer"] == "no"


# ---- Text --------------------------------------------------------------------------------------


def test_text_is_only_text() -> None:
    html = "<script>alert(1)</script> <b>fett</b>"

    assert clean("shared_goal", html) == {"text": html}


def test_text_is_trimmed_and_composed() -> None:
    assert clean("shared_goal", "  U\u0308ber\r\nuns \n")["text"] == "Über\nuns"


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1b[31m", "a\x85b", "price \u202e001", "\ud800"])
def test_text_refuses_control_characters(bad: str) -> None:
    assert errors("shared_goal", bad) == {
        "text": ["The text contains invisible control characters. Please type it in again."]
    }


def test_text_may_have_emoji_and_right_to_left_marks() -> None:
    text = "שלום\u200f 🤝 zusammen"

    assert clean("shared_goal", text)["text"] == text


def test_text_is_limited() -> None:
    assert len(clean("shared_goal", "x" * 5000)["text"]) == 5000
    assert errors("shared_goal", "x" * 5001) == {
        "text": ["Please shorten this to 5000 characters (now 5001)."]
    }


@pytest.mark.parametrize("value", ["", "  \n", {"text": None}])
def test_text_cannot_be_empty(value: Any) -> None:
    assert errors("shared_goal", value) == {"text": ["Please write an answer."]}


# ---- Figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("10", "10.00"),
        ("12,5", "12.50"),
        ("12.50", "12.50"),
        (" 7,25 ", "7.25"),
        (100, "100.00"),
        ("-0", "0.00"),
    ],
)
def test_percent_is_stored_exactly(written: Any, stored: str) -> None:
    assert clean("fee_or_margin", {"percent": written}) == {"percent": stored, "note": ""}


@pytest.mark.parametrize(
    "written",
    ["", "viel", "1e1", "NaN", "Infinity", "1_0", "１０", 10.5, True, None, "1,2,3", "--1"],
)
def test_percent_refuses_what_is_no_number(written: Any) -> None:
    assert errors("fee_or_margin", {"percent": written}) == {"percent": ["Please enter a number."]}


@pytest.mark.parametrize("written", ["-0.01", "100,01"])
def test_percent_is_from_0_to_100(written: str) -> None:
    assert errors("fee_or_margin", {"percent": written}) == {
        "percent": ["Please enter a percentage from 0 to 100."]
    }


def test_percent_refuses_a_third_decimal() -> None:
    assert errors("fee_or_margin", {"percent": "33,333"}) == {
        "percent": ["Please give no more than two decimals and no thousands separators."]
    }


@pytest.mark.parametrize(
    ("written", "stored"),
    [("1.234,50", "1234.50"), ("1,234.50", "1234.50"), ("1 234,5", "1234.50"), ("0", "0.00")],
)
def test_money_reads_german_and_english_figures(written: str, stored: str) -> None:
    assert clean("contract_value", {"amount": written}) == {
        "currency": "EUR",
        "amount": stored,
        "note": "",
    }


def test_money_refuses_ambiguous_and_negative_amounts_and_unknown_currencies() -> None:
    assert list(errors("contract_value", {"amount": "1.234"})) == ["amount"]
    assert list(errors("contract_value", {"amount": "12.34,50"})) == ["amount"]
    assert list(errors("contract_value", {"amount": "-1"})) == ["amount"]
    assert list(errors("contract_value", {"amount": "1000000000000"})) == ["amount"]
    assert list(errors("contract_value", {"amount": "1", "currency": "XYZ"})) == ["currency"]


def test_money_reads_in_both_languages() -> None:
    assert lines("contract_value", {"amount": "120000"}) == ("120.000,00 EUR netto",)
    assert lines("contract_value", {"amount": "120000"}, "en") == ("120,000.00 EUR net",)


def test_money_rows_leave_out_what_is_empty() -> None:
    rows = [
        {"key": "consultant", "amount": "1200"},
        {"key": "architect", "amount": ""},
        {"label": "Trainer", "amount": "900,50"},
    ]

    cleaned = clean("day_rates", {"rows": rows})

    assert cleaned["rows"] == [
        {"key": "consultant", "label": "", "amount": "1200.00"},
        {"key": "", "label": "Trainer", "amount": "900.50"},
    ]
    assert lines("day_rates", cleaned) == (
        "Beratung: 1.200,00 EUR netto",
        "Trainer: 900,50 EUR netto",
    )
    assert errors("day_rates", {"rows": []}) == {"": ["Please give at least one amount."]}


# ---- Shares ------------------------------------------------------------------------------------


def test_split_of_99_99_is_refused_and_the_sum_named() -> None:
    assert errors("revenue_split", {"shares": {"p1": "50", "p2": "49,99"}}) == {
        "": ["The shares must add up to 100.00 percent; now they are 99.99%."]
    }


def test_split_of_100_is_taken() -> None:
    assert clean("revenue_split", {"shares": {"p1": "66,67", "p2": "33,33"}})["shares"] == {
        "p1": "66.67",
        "p2": "33.33",
    }


def test_split_knows_only_the_parties() -> None:
    assert list(errors("revenue_split", {"shares": {"p1": "50", "p9": "50"}})) == [""]
    assert list(errors("revenue_split", {"shares": {"p1": "-10", "p2": "110"}})) == [
        "shares.p1",
        "shares.p2",
    ]


def test_equal_split_of_three_gives_the_cent_to_the_first() -> None:
    assert kinds.equal_shares(some_parties(3)) == {"p1": "33.34", "p2": "33.33", "p3": "33.33"}
    assert lines("settlement_costs", "equal", "de", 3) == (
        "Zu gleichen Teilen",
        "Firma 1: 33,34 %",
        "Firma 2: 33,33 %",
        "Firma 3: 33,33 %",
    )


@given(count=st.integers(1, 60))
def test_equal_shares_sum_to_100_and_differ_by_a_cent(count: int) -> None:
    shares = [Decimal(share) for share in kinds.equal_shares(some_parties(count)).values()]

    assert sum(shares) == 100
    assert max(shares) - min(shares) <= Decimal("0.01")
    assert shares == sorted(shares, reverse=True)


def test_typed_in_equal_shares_are_the_default() -> None:
    point = BOOK.point("settlement_costs")
    typed = clean("settlement_costs", {"shares": {"p1": "50", "p2": "50"}})

    assert kinds.is_default(typed, point, TWO, {})
    assert not kinds.is_default({**typed, "note": "mit Vorschuss"}, point, TWO, {})
    assert kinds.same_as_default({**typed, "note": "mit Vorschuss"}, point, TWO, {})


# ---- RACI --------------------------------------------------------------------------------------


def raci(*cells: dict[str, str]) -> dict[str, Any]:
    return {"rows": [{"label": f"Zeile {n}", "cells": row} for n, row in enumerate(cells, 1)]}


def test_raci_row_with_two_a_is_refused() -> None:
    assert errors("raci", raci({"p1": "AR", "p2": "A"})) == {
        "rows.0": ["Exactly one firm is accountable (A) in each row; here 2 are."]
    }


def test_raci_row_needs_an_a_and_an_r() -> None:
    assert errors("raci", raci({"p1": "AR"}, {"p1": "A", "p2": "C"}, {"p1": "R"})) == {
        "rows.1": ["Each row needs at least one firm that does the work (R)."],
        "rows.2": ["Exactly one firm is accountable (A) in each row; here 0 are."],
    }


def test_raci_row_is_the_books_or_named() -> None:
    rows = [
        {"key": "pm", "cells": {"p1": "A", "p2": "R"}},
        {"key": "nonsense", "label": "Migration", "cells": {"p2": "AR"}},
    ]

    assert clean("raci", {"rows": rows}) == {
        "rule": "",
        "rows": [
            {"key": "pm", "label": "", "cells": {"p1": "A", "p2": "R"}},
            {"key": "", "label": "Migration", "cells": {"p1": "-", "p2": "AR"}},
        ],
        "note": "",
    }
    assert errors("raci", {"rows": [{"cells": {"p1": "AR"}}]}) == {
        "rows.0.label": ["Please name this row."]
    }
    assert list(errors("raci", {"rows": [rows[0], rows[0]]})) == [""]
    assert list(errors("raci", raci({"p1": "AR", "p9": "C"}))) == ["rows.0"]
    assert list(errors("raci", raci({"p1": "X"}))) == ["rows.0"]


def test_raci_default_gives_the_lead_everything_and_the_contract_party_its_rows() -> None:
    point = BOOK.point("raci")
    default = kinds.default_value(point)
    assert default == {"rule": "lead", "rows": [], "note": ""}
    answers = {"customer_lead": {"choice": "p1"}, "contract_party": {"choice": "p2"}}

    resolved = kinds.resolve(default, point, TWO, answers)

    assert resolved is not None
    cells = {row["key"]: row["cells"] for row in resolved["rows"]}
    assert cells["offer"] == cells["invoicing"] == {"p1": "R", "p2": "A"}
    assert [key for key, row in cells.items() if row == {"p1": "AR", "p2": "-"}] == [
        option.key for option in point.rows if option.key not in ("offer", "invoicing")
    ]
    assert kinds.clean(resolved, point, TWO) == resolved
    assert kinds.is_default(resolved, point, TWO, answers)
    assert not kinds.is_default(resolved, point, TWO, {"customer_lead": {"choice": "p2"}})


def test_raci_default_waits_for_the_lead() -> None:
    point = BOOK.point("raci")
    default = kinds.default_value(point)
    assert default is not None

    assert kinds.resolve(default, point, TWO, {}) is None
    assert kinds.resolve(default, point, TWO, {"customer_lead": {"choice": "gone"}}) is None
    assert kinds.describe(default, point, TWO, "en").lines == (
        "The lead is accountable and responsible for all rows until they are spread out; "
        "the contract partner is accountable for the rows of its contract.",
    )


def test_raci_reads_as_lines_and_as_a_grid() -> None:
    point = BOOK.point("raci")
    value = clean("raci", {"rows": [{"key": "pm", "cells": {"p1": "AR", "p2": "C"}}]})

    said = kinds.describe(value, point, TWO, "de")

    assert said.lines == (
        "Projektleitung: Firma 1 A/R (verantwortet und erledigt), Firma 2 C (berät)",
    )
    assert said.grid is not None
    assert said.grid.head == ("Aufgabe", "Firma 1", "Firma 2")
    assert said.grid.rows == (("Projektleitung", "A/R", "C"),)


# ---- Time --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "unit", "fits"),
    [
        (24, "months", True),
        (2, "years", True),
        (730, "days", True),
        (104, "weeks", True),
        (25, "months", False),
        (731, "days", False),
        (3, "years", False),
        (105, "weeks", False),
    ],
)
def test_non_solicitation_lasts_two_years_at_most(number: int, unit: str, fits: bool) -> None:
    value = {"number": number, "unit": unit}
    if fits:
        assert clean("non_solicitation_period", value) == {**value, "note": ""}
        return
    (sentence,) = errors("non_solicitation_period", value)["number"]
    assert sentence.startswith("Please choose no more than 24 months. According to the BGH")


@pytest.mark.parametrize(
    ("number", "unit", "fits"),
    [
        (72, "hours", True),
        (3, "days", True),
        (1, "working_days", True),  # over a weekend: three days
        (2, "working_days", False),
        (73, "hours", False),
    ],
)
def test_incident_notice_counts_weekends_between_working_days(
    number: int, unit: str, fits: bool
) -> None:
    value = {"number": number, "unit": unit}
    if fits:
        assert clean("incident_notice", value)["unit"] == unit
    else:
        assert list(errors("incident_notice", value)) == ["number"]


@pytest.mark.parametrize("number", [0, -1, "0", 1001, "viel", None, 1.5, True, "²"])
def test_duration_needs_a_whole_number(number: Any) -> None:
    assert list(errors("response_time", {"number": number, "unit": "days"})) == ["number"]


def test_duration_reads_in_words() -> None:
    assert lines("response_time", {"number": "1", "unit": "working_days"}) == ("1 Arbeitstag",)
    assert lines("response_time", {"number": 2, "unit": "weeks"}, "en") == ("2 weeks",)
    assert list(errors("response_time", {"number": 1, "unit": "moons"})) == ["unit"]


def test_term_default_is_in_words() -> None:
    default = kinds.default_value(BOOK.point("term"))
    assert default is not None

    assert lines("term", default) == (
        "Beginn: mit der letzten Unterschrift",
        "Ende: Ende des Projekts",
        "Erste gemeinsame Prüfung: drei Monate nach Beginn",
    )


@pytest.mark.parametrize(
    ("signed", "review"),
    [(date(2026, 1, 15), date(2026, 4, 15)), (date(2026, 11, 30), date(2027, 2, 28))],
)
def test_first_review_is_three_months_after_the_last_signature(signed: date, review: date) -> None:
    default = kinds.default_value(BOOK.point("term"))
    assert default is not None

    assert kinds.review_on(default, signed) == review


def test_term_takes_days_in_their_order() -> None:
    value = {"start": "2026-02-01", "end": "2026-12-31", "review": "2026-05-01"}

    assert clean("term", value) == {**value, "note": ""}
    assert lines("term", value, "en") == (
        "Start: 1 Feb 2026",
        "End: 31 Dec 2026",
        "First joint review: 1 May 2026",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"end": "2026-01-31"}, "end"),
        ({"review": "2026-01-01"}, "review"),
        ({"review": "2027-01-01"}, "review"),
        ({"start": "31.12.2026"}, "start"),
        ({"end": "2026-02-30"}, "end"),
        ({"start": "1999-12-31"}, "start"),
        ({"end": "start_plus_3_months"}, "end"),
        ({"start": 20260201}, "start"),
    ],
)
def test_term_refuses_days_out_of_order(change: dict[str, Any], field: str) -> None:
    value = {"start": "2026-02-01", "end": "2026-12-31", "review": "2026-05-01", **change}

    assert field in errors("term", value)


# ---- Rows --------------------------------------------------------------------------------------


def step(**change: Any) -> dict[str, Any]:
    plain = {"label": "Chefs", "who_role": "sponsor", "deadline": "5", "unit": "working_days"}
    return plain | change


def test_escalation_default_has_the_books_names() -> None:
    default = kinds.default_value(BOOK.point("escalation"))
    assert default is not None

    assert lines("escalation", default)[0] == (
        "Stufe 1: Projektleitungen (Projektleitung), 5 Arbeitstage"
    )
    assert len(default["steps"]) == 4


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([], ""),
        ([step()], ""),
        ([step(), step(deadline=0)], "steps.1.deadline"),
        ([step(), step(deadline="-3")], "steps.1.deadline"),
        ([step(), step(unit="years")], "steps.1.unit"),
        ([step(label=""), step()], "steps.0.label"),
        ([step(who_role="boss"), step()], "steps.0.who_role"),
        ([step(level=2), step(level=1)], "steps.0"),
        ([step(key="management"), step(key="management")], ""),
        ([step()] * 11, ""),
    ],
)
def test_escalation_refuses(steps: list[dict[str, Any]], field: str) -> None:
    assert field in errors("escalation", {"steps": steps})


def test_contacts_need_sponsor_and_project_lead() -> None:
    assert errors("contacts", CONTACTS[:1]) == {"": ["Please name a person for: Project lead."]}
    assert lines("contacts", CONTACTS) == (
        "Geschäftsführung (Sponsor): Ada Probst, ada@firma.example, Vertretung: Uwe",
        "Projektleitung: Ben Kurz, +49 221 1234",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "ada"}, "contacts.0.email"),
        ({"email": ""}, "contacts.0.email"),
        ({"person": ""}, "contacts.0.person"),
        ({"role": "king"}, "contacts.0.role"),
        ({"person": 5}, "contacts.0.person"),
    ],
)
def test_contacts_refuse(change: dict[str, Any], field: str) -> None:
    assert field in errors("contacts", [CONTACTS[0] | change, CONTACTS[1]])


def test_table_names_firms_and_options_in_the_columns_that_ask_for_them() -> None:
    rows = [
        {"workload": "exchange", "association": "p2", "association_type": "cpor", "csp": "p1"},
        {"csp": ""},
    ]

    cleaned = clean("ms_associations", {"rows": rows})

    assert cleaned["rows"] == [
        {
            "workload": "exchange",
            "association": "p2",
            "association_type": "cpor",
            "csp": "p1",
            "admin_access": "",
            "incentives": "",
        }
    ]
    assert lines("ms_associations", cleaned) == (
        "Dienst (Workload): Exchange; Zugeordneter Partner: Firma 2; Art der Zuordnung: CPOR; "
        "CSP-Bezug über: Firma 1",
    )
    point = BOOK.point("ms_associations")
    said = kinds.describe(
        clean("ms_associations", {"rows": [{"workload": "teams_rooms"}]}), point, TWO, "de"
    )
    assert said.grid is not None
    assert said.grid.rows == (("Teams Rooms-Geräte", "–", "–", "–", "–", "–"),)
    assert said.text == "Dienst (Workload): Teams Rooms-Geräte"


@pytest.mark.parametrize(
    ("rows", "field", "sentence"),
    [
        ([{"workload": "teams", "csp": "p7"}], "rows.0.csp", "Please choose one of the firms."),
        ([{"workload": "Teams"}], "rows.0.workload", "Please choose from the list."),
        ([{"workload": ["teams"]}], "rows.0.workload", "Please choose from the list."),
        (
            [{"workload": "teams", "association_type": "csp"}],
            "rows.0.association_type",
            "Please choose from the list.",
        ),
        ([{"csp": "p1"}], "rows.0.workload", "Please fill in this cell."),
        ([], "", "Please fill in at least one row."),
        ([{"workload": "teams"}] * 61, "", "No more than 60 rows are possible here."),
    ],
)
def test_table_refuses_what_cannot_be_chosen(rows: Any, field: str, sentence: str) -> None:
    assert errors("ms_associations", {"rows": rows}) == {field: [sentence]}


def test_option_that_the_book_does_not_have_is_no_longer_valid() -> None:
    point = BOOK.point("ms_associations")
    stored = clean("ms_associations", {"rows": [{"workload": "teams"}]})
    assert kinds.still_valid(stored, point, TWO)

    stored["rows"][0]["workload"] = "skype"

    assert not kinds.still_valid(stored, point, TWO)
    # Whatever it is called: it is told, not hidden.
    assert kinds.describe(stored, point, TWO, "en").lines == ("Service (workload): skype",)


def test_table_of_the_first_kodex_takes_its_words_as_they_are_typed() -> None:
    point = books.read(books.FIRST_KODEX).point("ms_associations")
    rows = [{"workload": "Exchange und Teams", "csp": "p1", "association": "p2"}, {"csp": ""}]

    cleaned = kinds.clean({"rows": rows}, point, TWO)

    assert cleaned["rows"] == [
        {
            "workload": "Exchange und Teams",
            "csp": "p1",
            "association": "p2",
            "admin_access": "",
            "incentives": "",
        }
    ]
    assert kinds.describe(cleaned, point, TWO, "de").lines == (
        "Dienst oder Arbeitslast: Exchange und Teams; CSP-Bezug über: Firma 1; "
        "Zuordnung (PAL, CPOR, DPOR): Firma 2",
    )


def test_errors_are_in_the_language_of_the_reader() -> None:
    assert errors("revenue_split", {"shares": {"p1": "50", "p2": "49,99"}}, language="de") == {
        "": ["Die Anteile müssen zusammen 100,00 Prozent ergeben; jetzt sind es 99,99 %."]
    }


# ---- All kinds, with anything ------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def plausible(draw: st.DrawFn, point: Point, count: int) -> Any:
    """Values of the right shape, with contents that may be right or wrong."""
    parties = some_parties(count)
    text = st.text(max_size=30)
    note = draw(st.just("") | text)
    keys = [option.key for option in point.choices(parties)] or ["x"]
    party = st.sampled_from([party.key for party in parties])
    figure = st.decimals(0, 200, places=2).map(str) | text
    rows = st.sampled_from([option.key for option in point.rows] or [""])
    roles = st.sampled_from([role.key for role in point.roles] or [""])
    units = st.sampled_from(words.DURATION_UNITS + words.DEADLINE_UNITS)
    day = st.dates(date(1990, 1, 1), date(2120, 1, 1)).map(str)
    shapes: dict[str, st.SearchStrategy[dict[str, Any]]] = {
        "choice": st.fixed_dictionaries({"choice": st.sampled_from(keys)}),
        "multi_choice": st.fixed_dictionaries({"choices": st.lists(st.sampled_from(keys))}),
        "yes_no_note": st.fixed_dictionaries({"answer": st.sampled_from(["yes", "no"])}),
        "text": st.fixed_dictionaries({"text": text}),
        "contacts": st.fixed_dictionaries(
            {
                "contacts": st.lists(
                    st.fixed_dictionaries(
                        {"role": roles, "person": text, "phone": text, "deputy": text}
                    ),
                    max_size=4,
                )
            }
        ),
        "raci": st.fixed_dictionaries(
            {
                "rows": st.lists(
                    st.fixed_dictionaries(
                        {
                            "key": rows,
                            "label": text,
                            "cells": st.dictionaries(party, st.sampled_from(["A", "R", "AR", "-"])),
                        }
                    ),
                    max_size=2,
                )
            }
        ),
        "percent_split": st.fixed_dictionaries({"shares": st.dictionaries(party, figure)})
        | st.just({"rule": "equal"})
        | st.just({"shares": kinds.equal_shares(parties)}),
        "percent": st.fixed_dictionaries({"percent": figure}),
        "money": st.fixed_dictionaries(
            {
                "currency": st.sampled_from(["EUR", "chf", "?"]),
                "amount": figure,
                "rows": st.lists(
                    st.fixed_dictionaries({"key": rows, "label": text, "amount": figure}),
                    max_size=3,
                ),
            }
        ),
        "duration": st.fixed_dictionaries({"number": st.integers(-1, 60), "unit": units}),
        "escalation": st.fixed_dictionaries(
            {
                "steps": st.lists(
                    st.fixed_dictionaries(
                        {
                            "label": text,
                            "who_role": roles,
                            "deadline": st.integers(0, 30),
                            "unit": units,
                        }
                    ),
                    min_size=1,
                    max_size=4,
                )
            }
        ),
        "date_range": st.fixed_dictionaries(
            {"start": day, "end": st.none() | day, "review": st.none() | day}
        ),
        "table": st.fixed_dictionaries(
            {
                "rows": st.lists(
                    st.fixed_dictionaries(
                        {c.key: party if c.of_partners else text for c in point.columns}
                    ),
                    max_size=3,
                )
            }
        ),
    }
    return draw(shapes[point.kind]) | {"note": note}


KEYS = sorted(
    {"contract_value", "day_rates", "contacts"}
    | set({point.kind: key for key, point in BOOK.points.items()}.values())
)


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data(), count=st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_cleaning_twice_changes_nothing_and_describing_never_fails(
    key: str, data: st.DataObject, count: int
) -> None:
    point, parties = BOOK.point(key), some_parties(count)
    value = data.draw(plausible(point, count) | JSON)
    try:
        cleaned = kinds.clean(value, point, parties)
    except kinds.InvalidAnswer as refused:
        errors = refused.errors
    else:
        errors = {}
    if errors:
        assert all(line for sentences in errors.values() for line in sentences)
        return

    assert kinds.clean(cleaned, point, parties) == cleaned
    assert not _floats(cleaned)
    for others in (parties, some_parties(1)):  # also when firms have left meanwhile
        for language in ("de", "en"):
            said = kinds.describe(cleaned, point, others, language)
            assert said.lines
            assert all(said.lines)


def _floats(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_floats(inner) for inner in value.values())
    if isinstance(value, list):
        return any(_floats(inner) for inner in value)
    return isinstance(value, float)


@pytest.mark.parametrize("key", list(BOOK.points))
def test_every_default_is_its_own_default_and_reads_in_both_languages(key: str) -> None:
    point = BOOK.point(key)
    default = kinds.default_value(point)
    if default is None:
        assert kinds.starting_value(replace(point, kind="text"), TWO, {}) is None
        return
    answers = {"customer_lead": {"choice": "p1"}, "contract_party": {"choice": "p2"}}

    assert kinds.clean(default, point, TWO) == default
    assert kinds.is_default(default, point, TWO, answers)
    assert kinds.still_valid(default, point, some_parties(3))
    assert all(
        kinds.describe(default, point, TWO, language, answers).lines for language in "de en".split()
    )
