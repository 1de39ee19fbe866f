"""The kept original: whatever was in the file, in few bytes, and back as a CSV."""

import csv
import io
import random
from datetime import date
from pathlib import Path

import pytest

from scoring.people import Certificate
from scoring.reading import originals, parsing, tables
from scoring.reading.originals import Keeper, as_csv, open_original
from scoring.reading.parsing import Said
from scoring.reading.tables import Batch
from tests.scoring.test_reading_properties import everything, read_and_keep
from tests.scoring.worlds import Row, guid, office_usage, training, xlsx

TODAY = date(2025, 3, 25)


def again(path: Path) -> Said:
    return parsing.read_table(open_original(path), today=TODAY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "original.parquet"


def test_bad_rows_are_rejected_again_with_their_lines(path: Path) -> None:
    head = "CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers"
    good = f"{guid('Contoso')},Exchange,2025-01,50,20,CPOR"
    content = "\n".join(
        [
            "sep=,",
            f"{head},PartnerAttributionType",
            good,
            "",
            good.replace("50", "fifty"),
            f"{good},surplus",
            f"{good},,",
            good.replace(",", ";"),
            good.removesuffix(",CPOR"),
            good.replace("Exchange", '"Ex\nchange"'),
            f"{good},,, ",
            good.replace("CPOR", "C\x00POR"),
        ]
    )
    said, _ = read_and_keep(content.encode(), path)
    assert [bad.line for bad in said.rejected] == [5, 6, 8, 9]
    assert everything(again(path)) == everything(said)


def test_original_of_training_and_of_a_workbook(path: Path) -> None:
    people = [Certificate("mcp:77", "Ada Ohm", "a@x.example", "MS-700", date(2024, 1, 31))]
    said, _ = read_and_keep(training(people), path)
    assert len(said.certificates) == 1
    assert everything(again(path)) == everything(said)

    rows = list(csv.reader(io.StringIO(office_usage([Row(usage={"2025-01": (5, 3)})]).decode())))
    said, _ = read_and_keep(xlsx({"Data": [["Title"], *rows]}), path)
    assert said.usage.num_rows == 1
    assert everything(again(path)) == everything(said)
    assert [line for batch in open_original(path).batches() for line in batch.lines] == [3]


def test_headers_that_no_column_may_have_are_kept(path: Path) -> None:
    header = ["a", "A", "", "", "a (2)", "__line__", "x\x00", " "]
    keeper = Keeper(path, header)
    keeper.add(Batch([2], [list("12345678")]))
    keeper.close()
    original = open_original(path)
    assert (original.header, original.format) == (header, "parquet")
    assert [batch.rows for batch in original.batches()] == [[list("12345678")]]


def test_a_very_wide_table_is_kept(path: Path) -> None:
    width = 100_000
    header = [f"c{number}" for number in range(width)]
    rows = [[str(number) for number in range(width)], ["short"], ["long"] * (width + 5)]
    keeper = Keeper(path, header)
    keeper.add(Batch([2, 3, 4], rows))
    keeper.close()
    original = open_original(path)
    assert original.header == header
    assert [row for batch in original.batches() for row in batch.rows] == rows


def test_a_header_without_rows_is_kept(path: Path) -> None:
    keeper = Keeper(path, ["a", "b"])
    keeper.add(Batch([], []))
    keeper.close()
    assert list(open_original(path).batches()) == []
    assert "".join(as_csv(path)) == "a,b\r\n"


def test_audit_download_has_every_cell(path: Path) -> None:
    content = 'a;b\n"x;""y""";\n=1+1; z \n1;2;3\n'
    table = tables.open_table(io.BytesIO(content.encode()))
    keeper = Keeper(path, table.header)
    for batch in table.batches():
        keeper.add(batch)
    keeper.close()
    assert "".join(as_csv(path)) == 'a,b\r\n"x;""y""",\r\n=1+1, z \r\n1,2,3\r\n'


def test_large_cells_are_packed_a_few_at_a_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "GROUP_BYTES", 1 << 20)
    keeper = Keeper(path, ["a"])
    rows = [[str(number) * 100_000] for number in range(30)]
    for number, row in enumerate(rows):
        keeper.add(Batch([number], [row]))
        assert keeper.waiting_bytes < 2 << 20
    keeper.close()
    assert [row for batch in open_original(path).batches() for row in batch.rows] == rows


def test_an_export_takes_few_bytes_a_row(path: Path) -> None:
    chance = random.Random(7)
    tenants = [str(number) for number in range(150)]
    world = [
        Row(
            tenant,
            workload,
            option,
            usage={
                f"2024-{month:02d}": (seats := chance.randrange(5, 600), chance.randrange(seats))
                for month in range(1, 13)
            },
        )
        for tenant in tenants
        for workload, option in (("Exchange", "CPOR"), ("Teams", "CSP"), ("SharePoint", "CSP"))
    ]
    content = office_usage(world)
    said, _ = read_and_keep(content, path)
    assert said.rows == 5_400
    assert path.stat().st_size / said.rows < 10  # the GUIDs of tenants weigh more in a small file
