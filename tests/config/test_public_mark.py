"""The seven-part mark: told without colour, literal, the same in page and document."""

from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string

STATES = ["agreed", "mixed", "proposed", "talk", "open", "na"]
SVG = "{http://www.w3.org/2000/svg}"


def mark(states: list[str], label: str = "Stand") -> ElementTree.Element:
    segments = [{"state": state, "title": f"{i}: {state} <&>"} for i, state in enumerate(states)]
    html = render_to_string("portal/mark.html", {"segments": segments, "label": label})
    return ElementTree.fromstring(html)


def stones(svg: ElementTree.Element) -> list[ElementTree.Element]:
    return svg.findall(f"{SVG}g")


def test_mark_has_seven_stones_from_left_to_right() -> None:
    svg = mark(["agreed"] * 7)
    turns = [float(stone.attrib["transform"].split("(")[1].split()[0]) for stone in stones(svg)]
    assert turns == pytest.approx([index * 180 / 7 for index in range(7)], abs=0.001)


def test_mark_says_in_words_what_it_shows() -> None:
    svg = mark(["open"] * 7, label='Zwei von sieben <b>"Regeln"</b>')
    assert svg.attrib["role"] == "img"
    assert svg[0].tag == f"{SVG}title"
    assert svg[0].text == 'Zwei von sieben <b>"Regeln"</b>'
    assert [stone[0].text for stone in stones(svg)] == [f"{i}: open <&>" for i in range(7)]


def test_states_differ_in_form_not_only_in_colour() -> None:
    """Without any colour, fill or outline and shape alone, each state still looks its own."""
    colours = {"#0f4c3f", "#9a3c12", "#7b827d", "#fff"}

    def shape(state: str) -> str:
        stone = stones(mark([state]))[0]
        return repr(
            [
                (
                    part.tag,
                    sorted(
                        (name, "ink" if value in colours else value)
                        for name, value in part.attrib.items()
                        if name != "class"
                    ),
                )
                for part in stone[1:]
            ]
        )

    assert len({shape(state) for state in STATES}) == len(STATES)


@pytest.mark.parametrize("state", STATES)
def test_mark_needs_no_style(state: str) -> None:
    for element in mark([state] * 7).iter():
        assert "style" not in element.attrib
        if element.tag in {f"{SVG}path", f"{SVG}circle"}:
            assert "fill" in element.attrib
