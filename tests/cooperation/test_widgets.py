"""Every kind of answer through its inputs: out as HTML, back as a POST, and the same value."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import translation

from cooperation import kinds, rule_books, widgets
from cooperation.kinds import InvalidAnswer
from cooperation.widgets.controls import unflatten
from tests.cooperation.browsers import fields
from tests.cooperation.worlds import some_parties

BOOK = rule_books.packaged()
PARTIES = some_parties(3)

VALUES: dict[str, Any] = {
    "cooperation_model": {"choice": "joint_bid", "note": "Zwei Lose"},
    "customer_lead": {"choice": "p2"},
    "contract_party": {"choice": "each_own"},
    "channels": {"choices": ["teams", "phone"], "note": "Teams gehört Firma 2"},
    "fair_conduct": {"answer": "no", "note": "Wir klären das mündlich."},
    "shared_goal": {"text": "Erster Absatz.\n\n<b>Zweiter</b> & dritter."},
    "contacts": {
        "contacts": [
            {"role": "sponsor", "person": "Ada", "email": "a@firma.example"},
            {"role": "project_lead", "person": "Ben", "phone": "+49 221 1", "deputy": "Uwe"},
            {"role": "project_lead", "person": "Cem", "email": "c@firma.example"},
        ]
    },
    "raci": {
        "rows": [
            {"key": "pm", "cells": {"p1": "AR", "p2": "C", "p3": "-"}},
            {"label": "Umzug <i>", "cells": {"p1": "A", "p2": "R", "p3": "I"}},
        ],
        "note": "Vorläufig",
    },
    "revenue_split": {"shares": {"p1": "33.34", "p2": "33.33", "p3": "33.33"}},
    "fee_or_margin": {"percent": "12.50", "note": "auf Dienste"},
    "contract_value": {"currency": "CHF", "amount": "1234567.89"},
    "day_rates": {
        "currency": "EUR",
        "rows": [{"key": "consultant", "amount": "1200.00"}, {"label": "Test", "amount": "0.50"}],
    },
    "exit_notice": {"number": 6, "unit": "weeks", "note": ""},
    "escalation": {
        "steps": [
            {"key": "management", "who_role": "sponsor", "deadline": 3, "unit": "working_days"},
            {"label": "Beirat", "who_role": "neutral", "deadline": 9, "unit": "calendar_days"},
        ]
    },
    "term": {"start": "2026-12-01", "end": "2027-11-30", "review": None, "note": "x"},
    "ms_associations": {
        "rows": [
            {"workload": "teams", "association": "p3", "association_type": "pal", "csp": "p1"},
            {"workload": "exchange", "admin_access": "p2"},
        ]
    },
}


def test_every_kind_is_tried() -> None:
    assert {BOOK.point(key).kind for key in VALUES} == set(kinds.KINDS)


def through_the_inputs(key: str, value: Any, language: str) -> Any:
    point = BOOK.point(key)
    with translation.override(language):
        raw = widgets.initial(point, PARTIES, value, {})
        widget = widgets.build(point, PARTIES, raw)
        html = render_to_string(widget.template, {"widget": widget, "point_key": key})
        data = QueryDict(mutable=True)
        for name, sent in fields(BeautifulSoup(html, "html.parser")).items():
            data.setlist(name, sent if isinstance(sent, list) else [sent])
        return widgets.judged(point, PARTIES, widgets.read(point, data), {})


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("key", VALUES)
def test_value_comes_back_from_its_inputs(key: str, language: str) -> None:
    value = kinds.clean(VALUES[key], BOOK.point(key), PARTIES)

    assert through_the_inputs(key, value, language) == value


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_default_comes_back_from_its_inputs(language: str) -> None:
    answers = {"customer_lead": {"choice": "p2", "note": ""}}
    for point in BOOK.points.values():
        default = kinds.default_value(point)
        if default is None:
            continue
        with translation.override(language):
            raw = widgets.initial(point, PARTIES, None, answers)
            widget = widgets.build(point, PARTIES, raw)
            html = render_to_string(widget.template, {"widget": widget, "point_key": point.key})
            data = QueryDict(mutable=True)
            for name, sent in fields(BeautifulSoup(html, "html.parser")).items():
                data.setlist(name, sent if isinstance(sent, list) else [sent])
            value = widgets.judged(point, PARTIES, widgets.read(point, data), answers)
        assert kinds.is_default(value, point, PARTIES, answers), point.key


def test_untouched_lead_table_stays_a_rule() -> None:
    point, answers = BOOK.point("raci"), {"customer_lead": {"choice": "p2", "note": ""}}
    raw = widgets.initial(point, PARTIES, {"rule": "lead", "rows": [], "note": ""}, answers)

    assert widgets.judged(point, PARTIES, raw, answers) == {"rule": "lead", "rows": [], "note": ""}


def test_every_input_has_a_label_and_an_id_of_its_own() -> None:
    for key in VALUES:
        point = BOOK.point(key)
        widget = widgets.build(point, PARTIES, widgets.initial(point, PARTIES, None, {}))
        html = render_to_string(widget.template, {"widget": widget, "point_key": key})
        page = BeautifulSoup(html, "html.parser")
        ids = [tag["id"] for tag in page.select("[id]")]
        assert len(ids) == len(set(ids)), key
        for field in page.select("input:not([type=hidden]), select, textarea"):
            label = page.select_one(f"label[for='{field['id']}']")
            assert label is not None, field
            assert label.get_text(strip=True), field


def post(**data: Any) -> QueryDict:
    sent = QueryDict(mutable=True)
    for name, value in data.items():
        sent[name] = value
    return sent


def refused(key: str, data: dict[str, Any]) -> dict[str, list[str]]:
    point = BOOK.point(key)
    sent = QueryDict(mutable=True)
    for name, value in data.items():
        sent[name] = value
    with translation.override("en"), pytest.raises(InvalidAnswer) as error:
        widgets.judged(point, PARTIES, widgets.read(point, sent), {})
    return error.value.errors


def test_split_of_9999_is_refused_with_its_sum() -> None:
    assert refused(
        "revenue_split", {"shares.p1": "33,33", "shares.p2": "33,33", "shares.p3": "33,33"}
    ) == {"": ["The shares must add up to 100.00 percent; now they are 99.99%."]}


def test_row_with_two_accountable_says_so_at_the_row() -> None:
    data = {"rows.0.key": "pm", "rows.0.cells.p1": "A", "rows.0.cells.p2": "AR"}
    point = BOOK.point("raci")
    errors = refused("raci", data)
    assert errors == {"rows.0": ["Exactly one firm is accountable (A) in each row; here 2 are."]}
    raw = {"rows": [{"key": "pm", "cells": {"p1": "A", "p2": "AR"}}]}
    row = widgets.build(point, PARTIES, raw, errors).rows[0]
    assert row.errors == tuple(errors["rows.0"])
    assert all(control.invalid for control in row.controls)


def test_date_and_no_date_at_once_are_refused() -> None:
    errors = refused("term", {"review": "2027-01-01", "no_review": "1"})
    assert errors == {"review": ["Please enter a date or choose that there is none, not both."]}


@pytest.mark.parametrize(
    ("button", "value", "order"),
    [
        ("up", "1", ["b", "a", "c"]),
        ("down", "1", ["a", "c", "b"]),
        ("remove", "0", ["b", "c"]),
        ("add", "1", ["a", "b", "c", None]),
        ("up", "0", ["a", "b", "c"]),
        ("remove", "99", ["a", "b", "c"]),
        ("remove", "x", ["a", "b", "c"]),
    ],
)
def test_buttons_change_rows(button: str, value: str, order: list[str | None]) -> None:
    raw = {"steps": [{"label": "a"}, {"label": "b"}, {"label": "c"}]}

    edited = widgets.edit_rows(BOOK.point("escalation"), raw, post(**{button: value}))

    assert edited is not None
    assert [row.get("label") for row in edited["steps"]] == order


def test_rows_do_not_grow_without_end() -> None:
    point = BOOK.point("ms_associations")
    raw: dict[str, Any] | None = {"rows": [{}] * 40}

    raw = widgets.edit_rows(point, raw or {}, post(add="1"))

    assert raw is not None
    assert len(raw["rows"]) == 40


def test_saving_is_not_a_button_of_rows() -> None:
    assert widgets.edit_rows(BOOK.point("raci"), {"rows": []}, post(save="1")) is None
    assert widgets.edit_rows(BOOK.point("term"), {}, post(add="1")) is None


def test_names_make_trees_and_contradictions_are_left_out() -> None:
    assert unflatten(
        [("rows.10.a", "z"), ("rows.2.a", "y"), ("note", "n"), ("note.x", "1"), ("a.b", "c")]
    ) == {"rows": [{"a": "y"}, {"a": "z"}], "note": "n", "a": {"b": "c"}}


@pytest.mark.parametrize("key", VALUES)
def test_tampered_input_is_refused_and_shown_again(key: str) -> None:
    point = BOOK.point(key)
    sent = QueryDict(
        "rows=x&steps.0=y&contacts.0.0=z&shares=1&choices.a=b&choice.x=1&answer.x=1&text.x=1"
        "&number.0=1&percent.x=2&amount.x=3&start.x=1&note.x=1"
    )
    raw = widgets.read(point, sent)
    with pytest.raises(InvalidAnswer) as error:
        widgets.judged(point, PARTIES, raw, {})
    widget = widgets.build(point, PARTIES, raw, error.value.errors)
    html = render_to_string(widget.template, {"widget": widget, "point_key": key})
    assert html
