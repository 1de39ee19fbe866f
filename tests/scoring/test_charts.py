"""The picture of a score: where its parts lie, and what can be read without colour."""

from fractions import Fraction

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string
from django.utils import translation

from documents.rendering import html_to_pdf
from scoring import charts
from tests.documents.pdfs import elements

MAXIMA = (20, 10, 15, 30, 25)


def bar(*points: str, title: str = "SMB", total: str = "58 of 100") -> charts.Bar:
    parts = [
        charts.Part(f"Metric {number}", Fraction(value), maximum)
        for number, (value, maximum) in enumerate(zip(points, MAXIMA, strict=True), start=1)
    ]
    return charts.Bar(title, total, parts)


def draw(*bars: charts.Bar) -> charts.Chart:
    return charts.draw(
        "score", "Both tracks", bars, pass_mark=Fraction(70), pass_mark_label="70 needed"
    )


def svg(chart: charts.Chart) -> BeautifulSoup:
    return BeautifulSoup(render_to_string("scoring/chart.html", {"chart": chart}), "html.parser")


def test_parts_lie_end_to_end_and_add_up_to_the_total() -> None:
    drawn = draw(bar("6", "10", "15", "7.2", "20")).bars[0]

    assert [(part.x, part.width) for part in drawn.segments] == [
        ("0%", "6%"),
        ("6%", "10%"),
        ("16%", "15%"),
        ("31%", "7.2%"),
        ("38.2%", "20%"),
    ]
    assert drawn.end == "58.2%"


def test_a_part_without_points_is_not_drawn() -> None:
    page = svg(draw(bar("20", "10", "15", "0", "25")))

    assert len(page.select("line.chart__gap")) == 4 + 1  # the beginning of four parts, and the end
    assert [text.get_text() for text in page.select("g text[text-anchor=middle]")] == list("1235")


@pytest.mark.parametrize(("points", "has_number"), [("2.49", False), ("2.5", True)])
def test_a_narrow_part_leaves_its_number_to_the_table(points: str, has_number: bool) -> None:
    assert draw(bar(points, "0", "0", "0", "0")).bars[0].segments[0].has_number is has_number


def test_the_five_parts_differ_without_colour() -> None:
    patterns = [part.pattern for part in draw(bar("1", "1", "1", "1", "1")).bars[0].segments]

    assert len(set(patterns)) == 5


def test_both_tracks_and_the_pass_mark_stand_there_in_words() -> None:
    page = svg(
        draw(bar("6", "0", "0", "0", "0", title="Enterprise", total="6 of 100"), bar(*"11111"))
    )

    words = [text.get_text(strip=True) for text in page.select("text")]
    assert {"Enterprise", "6 of 100", "SMB", "58 of 100", "70 needed", "0", "100"} <= set(words)
    assert page.title is not None
    assert page.title.get_text() == "Both tracks"
    marks = page.select("line.chart__mark")
    assert [mark["x1"] for mark in marks] == ["70%", "70%"]


def test_coordinates_are_no_german_numbers() -> None:
    with translation.override("de"):
        page = svg(draw(bar("6.5", "0", "0", "0", "1200.25")))

    assert "," not in " ".join(
        str(value) for tag in page.select("rect, line") for value in tag.attrs.values()
    )
    assert page.select("rect.chart__fill")[-1]["width"] == "6.5%"


def test_names_are_escaped() -> None:
    page = svg(draw(bar("6", "0", "0", "0", "0", title="<script>alert(1)</script>")))

    assert page.select("script") == []
    assert "<script>alert(1)</script>" in page.get_text()


def test_the_picture_needs_no_style_attribute_and_no_script() -> None:
    page = svg(draw(bar("6", "1", "2", "3", "4")))

    assert page.select("[style], style, script") == []


def test_the_same_file_makes_a_tagged_document() -> None:
    picture = render_to_string("scoring/chart.html", {"chart": draw(bar("6", "1", "2", "3", "4"))})

    pdf = html_to_pdf(
        f'<!doctype html><html lang="en"><head><title>x</title></head><body>{picture}</body></html>'
    )

    assert [figure["/Alt"] for figure in elements(pdf, "/Figure")] == ["Both tracks"]


def test_bar_of_today_lies_below_and_moves_the_numbers_down() -> None:
    after = bar("6", "10", "15", "7.2", "20")
    today = bar("4", "10", "0", "7.2", "20").parts
    compared = draw(charts.Bar(after.title, after.total, after.parts, today=today))
    alone = draw(after)

    ghost = compared.bars[0].ghost
    assert [(part.x, part.width) for part in ghost] == [
        ("0%", "4%"),
        ("4%", "10%"),
        ("14%", "0%"),
        ("14%", "7.2%"),
        ("21.2%", "20%"),
    ]
    assert compared.bars[0].segments == alone.bars[0].segments
    assert compared.bars[0].numbers_y - alone.bars[0].numbers_y == charts.GHOST
    assert compared.height - alone.height == charts.GHOST
    assert len(svg(compared).select("rect.chart__ghost")) == 4
    assert svg(alone).select("rect.chart__ghost") == []
