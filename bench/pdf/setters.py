"""Ways to set the report, each a function from its number to the PDF, made by a ``prepare``.

``python -m bench.pdf.setters NAME`` prepares one way and then answers each number on standard
input with a line of JSON: milliseconds, processor milliseconds, bytes, megabytes of the process.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.pdf.report import COLUMNS, FONTS, GREEN, LINE, WIDTHS, html, plain_css, report

Setter = Callable[[int], bytes]
CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def handschlag() -> Setter:
    """This project: PDF/A-3a and PDF/UA-1, parsed styles and fonts kept by the process."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from documents.rendering import html_to_pdf

    return lambda number: html_to_pdf(html(report(number)))


def handschlag_sealed() -> Setter:
    """The same, and the portal's seal on it."""
    set_report = handschlag()
    from documents import sealing

    return lambda number: sealing.seal(set_report(number)).content


def weasyprint() -> Setter:
    """WeasyPrint's plain way: HTML with its style sheet to PDF, no tags, no profile."""
    from weasyprint import HTML

    style = f"<style>{plain_css()}</style>"
    return lambda number: bytes(HTML(string=html(report(number), style, fixed=False)).write_pdf())


def weasyprint_tagged() -> Setter:
    """WeasyPrint's plain way with what it has for archives: PDF/A-3a, tagged."""
    from weasyprint import HTML

    style = f"<style>{plain_css()}</style>"
    return lambda number: bytes(
        HTML(string=html(report(number), style, fixed=False)).write_pdf(pdf_variant="pdf/a-3a")
    )


def chromium() -> Setter:
    """A Chromium kept open, driven by Playwright; tagged."""
    from playwright.sync_api import sync_playwright

    browser = (
        sync_playwright()
        .start()
        .chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM[1:])
    )
    page = browser.new_page()
    style = f"<style>{plain_css()}</style>"

    def set_report(number: int) -> bytes:
        page.set_content(html(report(number), style))
        return bytes(page.pdf(prefer_css_page_size=True, tagged=True, outline=True))

    return set_report


def chromium_cold() -> Setter:
    """A new Chromium for each document, as a command line does it."""
    style = f"<style>{plain_css()}</style>"

    def set_report(number: int) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
            source.write_text(html(report(number), style), encoding="utf-8")
            command = ["chromium", *CHROMIUM, f"--user-data-dir={folder}/profile"]
            subprocess.run(
                [*command, "--no-pdf-header-footer", f"--print-to-pdf={target}", source.as_uri()],
                check=True,
                capture_output=True,
            )
            return target.read_bytes()

    return set_report


def typst() -> Setter:
    """Typst, from its own markup; tagged by itself."""
    import typst as compiler

    folder = tempfile.mkdtemp(prefix="bench-typst-")

    def set_report(number: int) -> bytes:
        source = Path(folder) / "report.typ"
        source.write_text(_typst_source(number), encoding="utf-8")
        return bytes(compiler.compile(str(source), font_paths=[str(FONTS)]))

    return set_report


def _typst_source(number: int) -> str:
    given = report(number)
    charts = []
    for track, values in enumerate(given.bars, start=1):
        bars = "".join(
            f"#place(dx: {20 + 38 * at}pt, dy: {100 - value}pt, rect(width: 26pt, "
            f'height: {value}pt, fill: rgb("{GREEN}"), stroke: none))'
            for at, value in enumerate(values)
        )
        charts.append(f"== Track {track}\n#box(width: 480pt, height: 120pt)[{bars}]\n")
    widths = ", ".join(f"{width}fr" for width in WIDTHS)
    heads = ", ".join(f"[*{name}*]" for name in COLUMNS)
    rows = ",\n".join(
        f"[{name}], [{workload}], [{now}], [{then}], [{value:+}]"
        for name, workload, now, then, value in given.rows
    )
    text = "\n\n".join(given.paragraphs)
    return f"""#set document(title: "{given.title}")
#set page(paper: "a4", margin: 24mm, numbering: "1 / 1")
#set text(font: "Source Sans 3", size: 10pt, lang: "en")
#show heading: set text(font: "Source Serif 4 Display", weight: 600)
= {given.title}
{text}

{"".join(charts)}
== Ledger
#table(columns: ({widths}), stroke: 0.4pt + rgb("{LINE}"), table.header({heads}),
{rows})
"""


def reportlab() -> Setter:
    """ReportLab's Platypus: no tags."""
    import io

    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle
    from reportlab.platypus.flowables import Flowable

    for name, file in (("Sans", "SourceSans3-Regular.ttf"), ("Bold", "SourceSans3-Semibold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / file)))
    text = ParagraphStyle("text", fontName="Sans", fontSize=10, leading=14, spaceAfter=7)
    head = ParagraphStyle("head", fontName="Bold", fontSize=15, leading=20, spaceBefore=20)

    class Chart(Flowable):  # type: ignore[misc]
        def __init__(self, values: list[int]) -> None:
            super().__init__()
            self.values, self.width, self.height = values, 480, 120

        def draw(self) -> None:
            self.canv.setFillColor(colors.HexColor(GREEN))
            for at, value in enumerate(self.values):
                self.canv.rect(20 + 38 * at, 10, 26, value, stroke=0, fill=1)

    def set_report(number: int) -> bytes:
        given, file = report(number), io.BytesIO()
        parts: list[Any] = [Paragraph(given.title, head)]
        parts += [Paragraph(paragraph, text) for paragraph in given.paragraphs]
        for track, values in enumerate(given.bars, start=1):
            parts += [Paragraph(f"Track {track}", head), Chart(values)]
        rows: list[Any] = [[Paragraph(name, text) for name in COLUMNS]]
        rows += [
            [Paragraph(name.replace("&", "&amp;"), text), workload, now, then, f"{value:+}"]
            for name, workload, now, then, value in given.rows
        ]
        room = A4[0] - 47 * mm
        table = Table(rows, [room * width / 100 for width in WIDTHS], repeatRows=1)
        rule = ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor(LINE))
        table.setStyle(TableStyle([("FONT", (0, 0), (-1, -1), "Sans", 9), rule]))
        parts += [Paragraph("Ledger", head), table]
        SimpleDocTemplate(file, pagesize=A4, title=given.title).build(parts)
        return file.getvalue()

    return set_report


SETTERS: dict[str, Callable[[], Setter]] = {
    each.__name__: each
    for each in (
        handschlag,
        handschlag_sealed,
        weasyprint,
        weasyprint_tagged,
        chromium,
        chromium_cold,
        typst,
        reportlab,
    )
}


def megabytes() -> float:
    """Resident memory of this process and its children, in MB."""
    own = os.getpid()
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(stat.parent.name)
        if pid == own or int(fields[1]) == own or int(fields[2]) == os.getpgrp():
            pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def serve(name: str) -> None:
    set_report = SETTERS[name]()
    for line in sys.stdin:
        begun, cpu = time.perf_counter(), time.process_time()
        content = set_report(int(line))
        answer = {
            "ms": (time.perf_counter() - begun) * 1000,
            "cpu": (time.process_time() - cpu) * 1000,
            "bytes": len(content),
            "mb": megabytes(),
        }
        target = os.environ.get("BENCH_PDF_KEEP")
        if target:
            (Path(target) / f"{name}.pdf").write_bytes(content)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    os.setpgrp()  # so that a browser's processes are counted with this one, and no others
    serve(sys.argv[1])
