"""The ledger as a workbook for Excel: a title page, then a sheet for each metric, track and option.

The rows are those of the CSV. Texts are written as texts, whatever they begin with, so no name of a
customer becomes a formula. XlsxWriter keeps one row in memory and the rest on disk.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import IO, TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from scoring import ledgers
from scoring.ledgers import Entry, Reader, Section
from scoring.models import Score
from scoring.presentation import PEOPLE, figure, month_name, score_view

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 60_000  # in one workbook: the ledger of a metric with 50,000 tenants fits
ROWS_OF_A_SHEET = 1_048_575  # Excel's own limit, without the heads
WIDTHS = (13, 24, 8, 34, 38, 16, 16, 14, 80)  # of the columns, in characters
NAME_LENGTH = 31  # of a sheet
NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


class TooLarge(Exception):
    """More rows than a workbook is good for; ``str(error)`` is a translated sentence."""


def write(
    score: Score,
    stream: IO[bytes],
    *,
    track: str | None = None,
    metric: str | None = None,
    option: str | None = None,
) -> None:
    """Write the rows, of one track, metric or option where it is given; may raise ``TooLarge``."""
    from xlsxwriter import Workbook  # noqa: PLC0415 -- a web node rarely needs it

    reader = Reader(score)
    wanted = list(ledgers.sections(reader, track, metric, option))
    rows = [_count(score, section) for section in wanted]
    if sum(rows) > MOST_ROWS or max(rows, default=0) > ROWS_OF_A_SHEET:
        raise TooLarge(
            _(
                "These are %(rows)s rows, more than Excel opens with ease (%(most)s). Please take "
                "the workbook of one metric, or the CSV."
            )
            % {"rows": figure(sum(rows)), "most": figure(MOST_ROWS)}
        )
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(stream, options) as book:
        book.set_properties(
            {
                "title": _title(score),
                "author": score.partner.name,
                # Else it is the moment of the download, and two downloads differ.
                "created": timezone.make_naive(score.computed_at),
            }
        )
        formats = _Formats(book)
        names = list(_sheet_names(wanted))
        _front(book, formats, score, list(zip(wanted, names, rows, strict=True)))
        for section, name in zip(wanted, names, strict=True):
            _sheet(book.add_worksheet(name), formats, reader, section)


class _Formats:
    def __init__(self, book: "Workbook") -> None:
        self.head: Format = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
        self.title: Format = book.add_format({"bold": True, "font_size": 14})
        self.whole: Format = book.add_format({"num_format": "#,##0"})
        self.change: Format = book.add_format({"num_format": "+#,##0;-#,##0;0"})
        self.points: Format = book.add_format({"num_format": "#,##0.0###"})
        self.day: Format = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})


def _count(score: Score, section: Section) -> int:
    return ledgers.entries(score, section.track.key, section.metric, section.option).count()


def _title(score: Score) -> str:
    return _("Ledger of the score: %(firm)s") % {"firm": score.partner.name}


# ---- The title page ------------------------------------------------------------------------------


def _front(
    book: "Workbook",
    formats: _Formats,
    score: Score,
    sheets: Sequence[tuple[Section, str, int]],
) -> None:
    """What this is, and what each sheet adds up to."""
    sheet = book.add_worksheet(_sheet_name(_("About"), set()))
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 34)
    sheet.set_column(2, 6, 16)
    sheet.write_string(0, 0, _title(score), formats.title)
    line = 2
    for label, value in _facts(score):
        sheet.write_string(line, 0, label, formats.head)
        if isinstance(value, datetime):
            sheet.write_datetime(line, 1, value, formats.moment)
        elif isinstance(value, date):
            sheet.write_datetime(line, 1, value, formats.day)  # a day without a time
        else:
            sheet.write_string(line, 1, value)
        line += 1
    line += 1
    heads = [
        _("Sheet"),
        _("Metric"),
        _("Track"),
        _("Option"),
        _("Rows"),
        _("Value"),
        _("Points"),
    ]
    for column, title in enumerate(heads):
        sheet.write_string(line, column, title, formats.head)
    points = _points(score)
    for section, name, rows in sheets:
        line += 1
        amount, earned = points[section.track.key, section.metric, section.option]
        for column, text in enumerate((name, section.title, section.track.title, section.option)):
            sheet.write_string(line, column, text)
        sheet.write_number(line, 4, rows, formats.whole)
        change = formats.whole if section.metric in PEOPLE else formats.change
        sheet.write_number(line, 5, amount, change)
        sheet.write_number(line, 6, earned, formats.points)


def _facts(score: Score) -> Iterator[tuple[str, str | date]]:
    view = score_view(score)
    yield _("Firm"), score.partner.name
    yield _("As of"), score.as_of
    yield _("Computed"), timezone.make_naive(score.computed_at)
    for label, month in (
        (_("Newest month"), score.last_month),
        (_("Comparison month"), score.comparison_month),
    ):
        yield label, "–" if month is None else month_name(month)
    yield _("Rules"), ledgers.rule_set_of(score).title
    for track in view.tracks:
        yield (
            track.title,
            _("%(total)s points. %(standing)s")
            % {"total": track.exact or track.total, "standing": track.standing},
        )
    yield _("Score"), str(score.pk)


def _points(score: Score) -> dict[tuple[str, str, str], tuple[int, float]]:
    """(value, points) by track, metric and option. A cell of Excel knows no fractions."""
    return {
        (track.key, metric.key, option.key): (option.value, float(option.points))
        for track in score.tracks
        for metric in track.metrics
        for option in metric.options
    }


# ---- The rows ------------------------------------------------------------------------------------


def _sheet(sheet: "Worksheet", formats: _Formats, reader: Reader, section: Section) -> None:
    is_people = section.metric in PEOPLE
    heads = ledgers.head(reader.score)
    if is_people:
        heads += [_("Certificate"), _("Completed"), _("Counts until")]
    for column, width in enumerate((*WIDTHS, 40, 13, 13)[: len(heads)]):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, formats.head)
    line = 0
    for line, (entry, words) in enumerate(section.rows(reader), start=1):
        for column, cell in enumerate(section.cells(entry, words)):
            if isinstance(cell, int):
                change = column == CONTRIBUTION and not is_people
                sheet.write_number(line, column, cell, formats.change if change else formats.whole)
            elif cell:
                sheet.write_string(line, column, cell)
        if is_people:
            _certificate(sheet, formats, line, reader, entry)
    sheet.autofilter(0, 0, line, len(heads) - 1)


CONTRIBUTION = 7  # its column


def _certificate(
    sheet: "Worksheet", formats: _Formats, line: int, reader: Reader, entry: Entry
) -> None:
    """The certificate that speaks for a person, with days as days."""
    line_of = ledgers.person_line(entry, "", "", reader.rule_set)
    sheet.write_string(line, 9, str(line_of.params["title"]))
    for column, day in ((10, entry.completed_on), (11, entry.until_on)):
        if day is not None:
            sheet.write_datetime(line, column, day, formats.day)


# ---- The names of sheets -------------------------------------------------------------------------


def _sheet_names(sections: Sequence[Section]) -> Iterator[str]:
    taken = {_sheet_name(_("About"), set()).casefold()}
    for section in sections:
        words = " ".join(
            part for part in (section.track.title, section.option, section.title) if part
        )
        name = _sheet_name(words, taken)
        taken.add(name.casefold())
        yield name


def _sheet_name(words: str, taken: set[str]) -> str:
    """As Excel takes them: short, without some signs, not twice, whatever the capital letters."""
    name = NOT_IN_A_NAME.sub(" ", words).strip().strip("'")[:NAME_LENGTH].strip() or "-"
    number = 1
    plain = name
    while name.casefold() in taken:
        number += 1
        end = f" {number}"
        name = f"{plain[: NAME_LENGTH - len(end)]}{end}"
    return name
