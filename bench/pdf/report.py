"""One report of four pages, for all who set it: the same words, figures, rows and two charts."""

import random
from dataclasses import dataclass
from pathlib import Path

FONTS = Path(__file__).resolve().parents[2] / "documents" / "fonts"
COLUMNS = ("Customer", "Workload", "Last month", "Comparison", "Contribution")
WIDTHS = (34, 20, 15, 15, 16)  # percent
GREEN, LINE = "#0f4c3f", "#d8d8d1"


@dataclass(frozen=True, slots=True)
class Report:
    title: str
    paragraphs: list[str]
    bars: list[list[int]]  # two charts of twelve months
    rows: list[tuple[str, str, int, int, int]]


def report(number: int) -> Report:
    """Report ``number``: of the same length as all others, with words and figures of its own."""
    chance = random.Random(number)
    customers = ["Stadtwerke", "Reederei", "Molkerei", "Klinikum", "Spedition", "Brauerei"]
    workloads = ["Exchange", "Teams", "SharePoint", "Intune", "Purview", "Defender"]
    rows = []
    for row in range(60):
        now, then = chance.randrange(20, 900), chance.randrange(20, 900)
        name = f"{chance.choice(customers)} {chance.choice('ABCDEFGH')}{row:02d} GmbH & Co. KG"
        rows.append((name, chance.choice(workloads), now, then, now - then))
    words = ["Partner", "measure", "months", "tenants", "licences", "together", "growth", "points"]
    paragraphs = [
        " ".join(chance.choice(words) for _ in range(110)).capitalize() + "." for _ in range(7)
    ]
    bars = [[chance.randrange(10, 100) for _ in range(12)] for _ in range(2)]
    return Report(f"Designation report {number}", paragraphs, bars, rows)


def chart(values: list[int], title: str) -> str:
    """A bar chart as SVG, 480 x 120."""
    bars = "".join(
        f'<rect x="{20 + 38 * at}" y="{110 - value}" width="26" height="{value}" fill="{GREEN}"/>'
        f'<text x="{33 + 38 * at}" y="119" font-size="8" text-anchor="middle">{at + 1}</text>'
        for at, value in enumerate(values)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="120" viewBox="0 0 480 120" '
        f'role="img"><title>{title}</title>{bars}</svg>'
    )


def html(given: Report, style: str = "", *, fixed: bool = True) -> str:
    """The report as a page; ``style`` is put into its head. ``fixed``: with column widths."""
    columns = "".join(f'<col style="width:{width}%">' for width in WIDTHS) if fixed else ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    rows = "".join(
        f'<tr><th scope="row">{name.replace("&", "&amp;")}</th><td>{workload}</td>'
        f'<td class="num">{now}</td><td class="num">{then}</td><td class="num">{value:+}</td></tr>'
        for name, workload, now, then, value in given.rows
    )
    body = "".join(f"<p>{paragraph}</p>" for paragraph in given.paragraphs)
    charts = "".join(
        f"<h2>Track {number}</h2>{chart(values, f'Track {number}, twelve months')}"
        for number, values in enumerate(given.bars, start=1)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{given.title}</title>'
        f"{style}</head><body><h1>{given.title}</h1>{body}{charts}<h2>Ledger</h2>"
        f"<table>{columns}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></body></html>"
    )


def plain_css() -> str:
    """The same style sheet, for who does not have this project's fonts.conf: by @font-face."""
    faces = "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
        f'src: url("{(FONTS / file).as_uri()}"); }}'
        for family, weight, style, file in (
            ("Source Sans 3", 400, "normal", "SourceSans3-Regular.ttf"),
            ("Source Sans 3", 400, "italic", "SourceSans3-It.ttf"),
            ("Source Sans 3", 600, "normal", "SourceSans3-Semibold.ttf"),
            ("Source Sans 3", 600, "italic", "SourceSans3-SemiboldIt.ttf"),
            ("Source Sans 3", 700, "normal", "SourceSans3-Bold.ttf"),
            ("Source Serif 4 Display", 400, "normal", "SourceSerif4Display-Regular.ttf"),
            ("Source Serif 4 Display", 600, "normal", "SourceSerif4Display-Semibold.ttf"),
        )
    )
    sheet = (FONTS.parent / "styles" / "print.css").read_text(encoding="utf-8")
    return faces + sheet.replace("table-layout: fixed;", "")
