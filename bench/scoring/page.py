"""docs/performance.md: what the command measured, between two markers of the page."""

import datetime
import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

from bench.scoring.databases import ROOT
from bench.scoring.figures import Figure, shown, table

PAGE = ROOT / "docs" / "performance.md"


class Part(NamedTuple):
    """A part of the page that the command writes, by its markers."""

    begin: str
    end: str


MAIN = Part("<!-- measured: begin -->", "<!-- measured: end -->")
LARGE = Part("<!-- large: begin -->", "<!-- large: end -->")


def machine() -> str:
    """The processor and how much else it has to do, in one sentence."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GB, {platform.system()}"


def render(results: dict[str, Any], sheet: dict[str, Any] | str, asked: str) -> str:
    """What was measured, as Markdown. ``sheet`` is the spreadsheet's part, or why there is none."""
    lines = [*_heading(results, asked), ""]
    for result in results.values():
        figures = [Figure(**stored) for stored in result["figures"]]
        lines += [
            f"### {result['version']}",
            "",
            f"{result['firms']} firms and those that were imported anew:"
            f" {result['usage_rows']:,} usage rows.",
            "",
            table(figures),
            "",
            _growth(result["growth"]),
        ]
        if result["waiting"]:
            lines += ["", _waiting(result["waiting"])]
        lines.append("")
    lines += ["### A spreadsheet", ""]
    if isinstance(sheet, str):
        lines.append(sheet)
    else:
        lines += [
            f"{sheet['version']} takes {shown(sheet['seconds'], 's')} to recalculate size"
            f" {sheet['size']} ({sheet['rows']:,} rows) with COUNTIFS and its kin, and comes to the"
            " same integers: "
            + ", ".join(
                f"{sheet['seconds'] / seconds:,.0f} times the {shown(seconds, 's')} of the engine"
                f" on {vendor}"
                for vendor, seconds in sheet["engine"].items()
            )
            + ".",
        ]
    return "\n".join(lines).strip() + "\n"


def render_large(results: dict[str, Any], asked: str) -> str:
    lines = _heading(results, asked)
    for result in results.values():
        lines += [
            "",
            f"{result['version']}, {result['usage_rows']:,} usage rows:",
            "",
            "| Firms imported by one process | Seconds a firm | Its memory |",
            "| --: | --: | --: |",
        ]
        lines += [
            f"| {step['firms']:,} | {step['each']:.3f} | {step['memory'] / 1024**2:,.0f} MB |"
            for step in result["imported"]
        ]
        lines += [
            "",
            _under_200(max(step["memory"] for step in result["imported"])),
            "",
            _growth(result["growth"]),
        ]
    return "\n".join(lines) + "\n"


def _under_200(memory: float) -> str:
    megabytes = memory / 1024**2
    verdict = "met" if megabytes < 200 else f"missed by {megabytes - 200:,.0f} MB"
    return f"Under 200 MB a worker: {verdict}."


def _heading(results: dict[str, Any], asked: str) -> list[str]:
    versions = ", ".join(result["version"] for result in results.values())
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [
        f"Measured on {datetime.datetime.now(datetime.UTC):%Y-%m-%d} by `{asked}`: {machine()},"
        f" load {load} at the end, Python {platform.python_version()}, {versions}."
    ]


def _growth(steps: list[dict[str, float]]) -> str:
    lines = ["| Firms scored by one worker | Seconds a firm | Its memory |", "| --: | --: | --: |"]
    lines += [
        f"| {step['firms']:,} | {step['seconds'] / step['firms']:.3f}"
        f" | {step['memory'] / 1024**2:,.0f} MB |"
        for step in steps
    ]
    each = [step["seconds"] / step["firms"] for step in steps]
    linear = max(each) / min(each)
    most = max(step["memory"] for step in steps)
    lines += [
        "",
        f"{_under_200(most)} Time a firm differs by a factor of {linear:.2f} between"
        f" {steps[0]['firms']:,} and {steps[-1]['firms']:,} firms: "
        + ("linear." if linear < 1.5 else "not linear."),
    ]
    return "\n".join(lines)


def _waiting(found: dict[str, float]) -> str:
    verdict = "met" if found["longest"] <= 0.1 else "missed"
    return (
        f"While {found['rows']:,.0f} rows of one firm were imported and scored"
        f" ({found['seconds']:.1f} s), another process wrote every 5 ms ({found['writes']:,.0f}"
        f" times): median {shown(found['median'], 's')}, 99 of 100 within"
        f" {shown(found['most'], 's')}, the longest {shown(found['longest'], 's')}. Nobody waits"
        f" longer than 100 ms: {verdict}."
    )


def write(text: str, part: Part) -> None:
    """Put the figures into the page, between the markers."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(part.begin)
    _old, _, tail = rest.partition(part.end)
    PAGE.write_text(f"{head}{part.begin}\n\n{text}\n{part.end}{tail}", encoding="utf-8")
