"""From the bytes of a file to rows and their lines: text and workbooks."""

import gc
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from scoring.reading import tables
from scoring.reading.cells import NotReadable
from scoring.reading.tables import open_table
from scoring.reasons import Fault
from tests.scoring.worlds import Cell, xlsx

HEADER = ["CustomerTenantId", "WorkloadName", "Month"]
HEAD = ",".join(HEADER)


def lines(content: bytes | str) -> list[tuple[int, list[str]]]:
    """Every row with its line."""
    table = open_table(io.BytesIO(content.encode() if isinstance(content, str) else content))
    batches = list(table.batches())
    assert all(len(batch.lines) == len(batch.rows) <= tables.BATCH for batch in batches)
    return [pair for batch in batches for pair in zip(*batch, strict=True)]


def fault(content: bytes | str) -> tuple[Fault, dict[str, object]]:
    with pytest.raises(NotReadable) as caught:
        lines(content)
    return caught.value.fault, caught.value.params


@pytest.fixture(params=[60, 1 << 16], ids=["small pieces", "one piece"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """What is read at a time must not matter."""
    monkeypatch.setattr(tables, "CHUNK", request.param)
    return request.param  # type: ignore[no-any-return]


pieces = pytest.mark.usefixtures("chunk")


# ---- Text ----------------------------------------------------------------------------------------


@pieces
def test_rows_keep_the_lines_a_person_sees() -> None:
    text = f'sep=,\r\n\r\n{HEAD}\r\na,b,c\r\n\r\n   \r\n"d\r\ne",f,g\r\nh,i\r\nj,k,l,m\r\n'
    assert lines(text) == [
        (4, ["a", "b", "c"]),
        (7, ["d\r\ne", "f", "g"]),
        (9, ["h", "i"]),
        (10, ["j", "k", "l", "m"]),
    ]


@pieces
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_and_ends_of_lines(encoding: str, end: str) -> None:
    rows = [f"ü{number},€,{number}" for number in range(50)]
    content = end.join([HEAD, *rows]).encode(encoding)
    assert lines(content) == [(2 + number, row.split(",")) for number, row in enumerate(rows)]


@pieces
def test_files_strung_together_are_one() -> None:
    one = f"\ufeff{HEAD}\na,b,c\n"
    assert lines(one * 3) == [(2, ["a", "b", "c"]), (4, ["a", "b", "c"]), (6, ["a", "b", "c"])]
    quoted = f'\ufeff"{HEAD.replace(",", chr(34) + "," + chr(34))}"\na,b,c\n'
    assert lines(quoted * 2) == [(2, ["a", "b", "c"]), (4, ["a", "b", "c"])]


def test_a_mark_of_byte_order_inside_a_line_stays() -> None:
    assert lines(f"{HEAD}\na,\ufeffb,c\n") == [(2, ["a", "\ufeffb", "c"])]


@pieces
def test_a_quotation_mark_in_the_middle_of_a_cell_is_one() -> None:
    assert lines(f'{HEAD}\n5" disk,b "c" d,e\n"x"y,b,c\nf,g,h\n') == [
        (2, ['5" disk', 'b "c" d', "e"]),
        (3, ["xy", "b", "c"]),
        (4, ["f", "g", "h"]),
    ]


@pieces
def test_a_wrong_quotation_mark_swallows_no_rows() -> None:
    rows = "".join(f"a,b,{number}\n" for number in range(30))
    assert fault(f'{HEAD}\n{rows}a,"b,c\n{rows}') == (Fault.BROKEN_CSV, {"line": 32})
    assert fault(f'{HEAD}\n{rows}a,"b,c\n{rows}d,"e",f\n') == (Fault.BROKEN_CSV, {"line": 32})
    assert lines(f'{HEAD}\n{rows}a,b,"c')[-1] == (32, ["a", "b", "c"])  # nothing to swallow


@pieces
def test_a_cell_over_many_lines_is_a_cell() -> None:
    cell = "\n".join("line" for _ in range(100))
    assert lines(f'{HEAD}\na,b,c\n"{cell}",b,c\nd,e,f\n') == [
        (2, ["a", "b", "c"]),
        (3, [cell, "b", "c"]),
        (103, ["d", "e", "f"]),
    ]


@pieces
def test_nul_in_the_middle_stays_in_its_cell() -> None:
    rows = "".join(f"a,b,{number}\n" for number in range(200))
    assert lines(f"{HEAD}\n{rows}a,b\x00b,c\n")[-1] == (202, ["a", "b\x00b", "c"])
    assert lines(f"{HEAD}\na,b\x00b,c\nd,e,f\n")[0] == (2, ["a", "b\x00b", "c"])


@pieces
def test_bytes_that_are_no_text_are_named_with_their_line() -> None:
    rows = b"".join(b"a,b,c\n" for _ in range(100))
    content = HEAD.encode() + b"\n" + rows + "ü,b,c\n".encode("latin-1")
    assert fault(content) == (Fault.NOT_UTF8, {"line": 102})
    assert fault("ü,b".encode("latin-1")) == (Fault.NOT_UTF8, {"line": 1})


def test_short_lines_make_batches_of_limited_length() -> None:
    content = "a,b\n" + "1,2\n" * 30_000
    table = open_table(io.BytesIO(content.encode()))
    sizes = [len(batch.rows) for batch in table.batches()]
    assert sum(sizes) == 30_000
    assert max(sizes) <= tables.BATCH


def test_the_stream_stays_open_whether_or_not_it_is_read() -> None:
    stream = io.BytesIO(f"{HEAD}\na,b,c\n".encode())
    table = open_table(stream)
    assert (table.header, table.format) == (HEADER, "csv")
    del table
    gc.collect()
    assert not stream.closed
    stream.seek(0)
    list(open_table(stream).batches())
    gc.collect()
    assert not stream.closed


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x1f\x8b\x08", (Fault.NOT_TEXT, {"format": "GZIP"})),
        (b"\x00\x01\x02\x03" * 50, (Fault.BINARY, {})),
        (b"\xff\xfe", (Fault.EMPTY_FILE, {})),
        (b"\xd0\xcf\x11\xe0" + bytes(2_000), (Fault.OLD_WORKBOOK, {})),
        (
            b"\xd0\xcf\x11\xe0" + bytes((1 << 20) - 10) + "EncryptedPackage".encode("utf-16-le"),
            (Fault.PROTECTED, {}),
        ),
    ],
    ids=["gzip", "binary", "mark only", "xls", "xlsx with a password"],
)
def test_what_is_no_table(content: bytes, expected: tuple[Fault, dict[str, object]]) -> None:
    assert fault(content) == expected


# ---- Workbooks -----------------------------------------------------------------------------------


def test_cells_of_a_workbook_are_the_text_of_a_csv() -> None:
    midnight, noon = (datetime.fromisoformat(f"2025-02-01 {time}") for time in ("00:00", "12:30"))
    row: list[Cell] = ["Exchange", 50, 20.0, 2.5, date(2025, 2, 1), midnight, True, None, "ü & <"]
    content = xlsx({"Data": [[*HEADER, *"abcdef"], row, [noon, 0.1, -3, 1e15, False]]})
    table = open_table(io.BytesIO(content))
    assert (table.header, table.format) == ([*HEADER, *"abcdef"], "xlsx")
    assert lines(content) == [
        (2, ["Exchange", "50", "20", "2.5", "2025-02-01", "2025-02-01", "TRUE", "", "ü & <"]),
        (3, ["2025-02-01 12:30:00", "0.1", "-3", "1000000000000000", "FALSE", "", "", "", ""]),
    ]


def test_the_sheet_with_a_known_header_is_taken_wherever_it_begins() -> None:
    content = xlsx(
        {
            "Info": [["Report", "of", "March"], ["made", "by", "Ada"]],
            "Data": [
                ["Usage report"],
                [],
                [None, None, *HEADER],
                [None, None, "a", "b", "c"],
                [],
                [None, None, *HEADER],
                [None, "note", "d", "e", "f"],
            ],
            "More": [HEADER, ["x", "y", "z"]],
        }
    )
    assert open_table(io.BytesIO(content)).header == ["", "", *HEADER]
    assert lines(content) == [(4, ["", "", "a", "b", "c"]), (7, ["", "note", "d", "e", "f"])]


def test_without_a_known_header_the_first_full_row_is_offered() -> None:
    content = xlsx(
        {"Empty": [], "Data": [["Export of 3 May"], [], ["Kunde", "Dienst", "Wann"], [1, 2, 3]]}
    )
    assert open_table(io.BytesIO(content)).header == ["Kunde", "Dienst", "Wann"]
    assert lines(content) == [(4, ["1", "2", "3"])]


def test_a_workbook_may_be_read_again_and_closes_its_files(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx({"Data": [HEADER, *([["a", "b", str(n)] for n in range(1_200)])]}))
    with path.open("rb") as stream:
        table = open_table(stream)
        once, again = list(table.batches()), list(table.batches())
    assert once == again
    assert [line for batch in once for line in batch.lines] == list(range(2, 1_202))
    del table
    gc.collect()


def packed(*parts: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts:
            package.writestr(name, data)
    return content.getvalue()


def test_damaged_workbooks_are_refused_with_a_sentence() -> None:
    whole = xlsx({"Data": [HEADER, ["a", "b", "c"]]})
    for cut in (4, 30, 200, len(whole) // 2, len(whole) - 10):
        assert fault(whole[:cut]) == (Fault.BROKEN_WORKBOOK, {})
    assert fault(xlsx({"Data": []}, parts={"xl/workbook.xml": "<workbook"})) in [
        (Fault.BROKEN_WORKBOOK, {}),
        (Fault.EMPTY_FILE, {}),
    ]
    assert fault(packed(("report.csv", b"a,b"))) == (Fault.NOT_TEXT, {"format": "ZIP"})
    assert fault(xlsx({"Data": [], "More": [[None, " "]]})) == (Fault.EMPTY_FILE, {})


def test_a_protected_package_is_named_as_that() -> None:
    content = bytearray(xlsx({"Data": [HEADER]}))
    for start in (content.find(b"PK\x03\x04"), content.find(b"PK\x01\x02")):
        content[start + (6 if content[start + 2] == 3 else 8)] |= 1
    assert fault(bytes(content)) == (Fault.PROTECTED, {})


TOO_BIG = (Fault.UNPACKS_TOO_BIG, {"limit": 400})


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    sheet = "xl/worksheets/s1.xml"
    assert fault(xlsx({"Data": []}, parts={sheet: " " * (100 << 20)})) == TOO_BIG  # by its ratio


def test_a_directory_that_lies_about_the_size_is_not_believed() -> None:
    honest = xlsx({"Data": []}, parts={"xl/worksheets/s1.xml": " " * (33 << 20)})
    size = (33 << 20).to_bytes(4, "little")
    assert honest.count(size) == 2  # before the part, and in the directory
    assert fault(honest.replace(size, (1_000).to_bytes(4, "little"))) == (Fault.BROKEN_WORKBOOK, {})


def test_two_far_cells_make_no_grid_of_billions() -> None:
    far = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    assert fault(xlsx({"Data": []}, parts={"xl/worksheets/s1.xml": far})) == TOO_BIG


def test_a_web_process_starts_without_the_libraries_for_files() -> None:
    code = (
        "import sys, django; django.setup(); import config.urls, scoring.reading.parsing\n"
        "from scoring.reading import columns, originals, tables, workbooks\n"
        "print(sorted({'pyarrow', 'python_calamine'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


TITLES = ["Report: OfficeUsage", "Exported on 2025-03-20;by Ada", "", '"A title, with a comma"']


@pytest.mark.parametrize("count", [1, 2, 4, tables.TITLE_LINES])
def test_titles_above_a_header_are_passed_over(count: int, chunk: int) -> None:
    titles = (TITLES * 3)[:count]
    content = "\r\n".join([*titles, HEAD, "a,Exchange,2025-02", '"b\nc",Teams,2025-02', "d,e,f"])
    table = open_table(io.BytesIO(content.encode()))

    assert table.header == HEADER
    assert lines(content) == [
        (count + 2, ["a", "Exchange", "2025-02"]),
        (count + 3, ["b\nc", "Teams", "2025-02"]),
        (count + 5, ["d", "e", "f"]),
    ]


def test_titles_may_be_divided_otherwise_than_the_table() -> None:
    content = "Bericht;;;;\nStand;20.03.2025;;;\nCustomerTenantId\tWorkloadName\tMonth\na\tb\tc\n"
    table = open_table(io.BytesIO(content.encode()))

    assert table.header == HEADER
    assert lines(content) == [(4, ["a", "b", "c"])]


def test_too_many_titles_are_no_header() -> None:
    content = "\n".join([*["Titel"] * (tables.TITLE_LINES + 1), HEAD, "a,b,c"])

    assert open_table(io.BytesIO(content.encode())).header == ["Titel"]


def test_a_header_nobody_knows_stays_the_first_line(chunk: int) -> None:
    content = "Mandant,Produkt\nx,y\nz,w\n"
    table = open_table(io.BytesIO(content.encode()))

    assert table.header == ["Mandant", "Produkt"]
    assert lines(content) == [(2, ["x", "y"]), (3, ["z", "w"])]
