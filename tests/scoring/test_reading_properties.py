"""What holds for every file, not only for the ones somebody thought of."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import months, rule_sets
from scoring.claim_states import ClaimState
from scoring.reading import cells, originals, parsing, tables
from scoring.reading.parsing import AssociationSaid, Said
from scoring.reading.tables import Batch
from tests.scoring.test_properties import worlds
from tests.scoring.worlds import Row, claims_export, ems, guid, office_usage

TODAY = date(2025, 3, 25)
NAMES = rule_sets.vocabulary()


def parse(content: bytes, kind: str = parsing.AUTO) -> Said:
    return parsing.read(io.BytesIO(content), today=TODAY, kind=kind)


def what(said: Said) -> object:
    """All that was said, without the numbers that tenants have in the file."""
    guids = [tenant for tenant, _ in said.tenants]
    return (
        sorted(said.tenants),
        sorted((guids[row.pop("tenant")], *sorted(row.items())) for row in said.usage.to_pylist()),
        {(guids[key[0]], *key[1:]): value for key, value in said.associations.items()},
        said.certificates,
    )


def everything(said: Said) -> object:
    """All that was said, to the letter."""
    return (
        said.kind,
        said.rows,
        said.merged,
        said.tenants,
        said.usage.to_pylist(),
        said.associations,
        said.certificates,
        said.unused,
        said.rejected,
        said.rejected_count,
        said.rows_by_month,
    )


@settings(max_examples=60, deadline=None)
@given(worlds.filter(bool), st.randoms(use_true_random=False))
def test_shuffled_and_repeated_lines_say_the_same(world: list[Row], chance: random.Random) -> None:
    header, *lines = office_usage(world).splitlines(keepends=True)
    again = chance.sample(lines, len(lines)) + chance.choices(lines, k=3)
    one, other = parse(header + b"".join(lines)), parse(header + b"".join(again))
    assert what(one) == what(other)
    assert set(one.unused) == set(other.unused)
    assert one.rejected == other.rejected == []
    assert other.merged - one.merged + other.unused_count - one.unused_count == 3


@settings(max_examples=40, deadline=None)
@given(worlds.filter(bool), st.randoms(use_true_random=False))
def test_shuffled_subscriptions_say_the_same(world: list[Row], chance: random.Random) -> None:
    header, *lines = ems(world).splitlines(keepends=True)
    again = chance.sample(lines, len(lines))
    assert what(parse(header + b"".join(lines))) == what(parse(header + b"".join(again)))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    header = b"CustomerTenantId,WorkloadName,Month,PaidAvailableUnits,MonthlyActiveUsers,"
    for data in (content, header + b"PartnerAttributionType\n" + content):
        try:
            said = parse(data)
        except parsing.NotReadable:
            continue
        assert said.rejected_count + said.unused_count <= said.rows


@given(st.text(max_size=30))
def test_any_text_is_a_count_or_rejected(text: str) -> None:
    try:
        number = cells.parse_count(text)
    except cells.Wrong:
        return
    assert 0 <= number <= cells.LARGEST


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_form_of_a_day_is_read(day: date) -> None:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d", "%B %d, %Y"):
        assert cells.parse_day(day.strftime(form)) == day
    for form in ("%Y-%m", "%b-%Y", "%Y%m", "%m/%Y"):
        assert cells.parse_day(day.strftime(form)) == day.replace(day=1)


# ---- Column by column is row by row --------------------------------------------------------------

CELLS = {
    "CustomerTenantId": [guid("A"), guid("B"), guid("B").upper(), "nobody", ""],
    "WorkloadName": ["Exchange", "EXO", "Teams", "Power BI", " Teams "],
    "Month": ["2025-01", "2024-02-29", "soon", "2026-01", ""],
    "PaidAvailableUnits": ["5", "1,234", "", "-1", "7.0"],
    "MonthlyActiveUsers": ["5", "0", "300", "x"],
    "PartnerAttributionType": ["CPOR", "CSP Tier 1", "CSP Tier 2", "Advisor", ""],
    "CustomerName": ["A", "B", "", "  "],
    "DateAssociated": ["", "2024-05-03", "2023-01-01", "2026-01-01", "NA"],
    "DateEnded": ["", "2024-05-31", "2023-06-30", "never"],
    "ClaimStatus": ["", "Approved", "Rejected", "Draft"],
}
random_rows = st.lists(
    st.tuples(*(st.sampled_from([*good, good[0], good[0]]) for good in CELLS.values())),
    min_size=1,
    max_size=25,
)


def plain(rows: list[tuple[str, ...]]) -> object:
    """A second opinion, row by row, sharing no step with the product but what a cell means."""
    tenants: dict[str, str] = {}
    usage: dict[tuple[int, str, int, int], tuple[int, int]] = {}
    states: dict[tuple[str, int, int], list[ClaimState]] = {}
    unused: Counter[tuple[str, str]] = Counter()
    rejected = []
    for line, row in enumerate(rows, 2):
        cell = dict(zip(CELLS, map(str.strip, row), strict=True))
        workload = NAMES.workload(cell["WorkloadName"])
        if workload is None:
            unused["workload", cell["WorkloadName"]] += 1
            continue
        if not cell["PartnerAttributionType"]:
            rejected.append((line, "PartnerAttributionType"))
            continue
        option = NAMES.option(cell["PartnerAttributionType"])
        if option is None:
            unused["association", cell["PartnerAttributionType"]] += 1
            continue
        wrong = [
            name
            for name, bad in (
                ("CustomerTenantId", ("nobody", "")),
                ("Month", ("soon", "2026-01", "")),
                ("PaidAvailableUnits", ("-1",)),
                ("MonthlyActiveUsers", ("x",)),
                ("DateAssociated", ("2026-01-01",)),
                ("DateEnded", ("never",)),
            )
            if cell[name] in bad
        ]
        if wrong:
            rejected.append((line, wrong[0]))
            continue
        if (cell["DateAssociated"], cell["DateEnded"]) == ("2024-05-03", "2023-06-30"):
            rejected.append((line, "DateEnded"))
            continue
        tenant = cell["CustomerTenantId"].lower().replace("-", "")
        tenants[tenant] = cell["CustomerName"] or tenants.get(tenant, "")
        key = (months.parse_label(cell["Month"][:7]), tenant, workload, option)
        figures = (
            cells.parse_count(cell["PaidAvailableUnits"]),
            cells.parse_count(cell["MonthlyActiveUsers"]),
        )
        old = usage.get(key, (0, 0))
        usage[key] = (max(old[0], figures[0]), max(old[1], figures[1]))
        if cell["ClaimStatus"]:
            state = {"A": ClaimState.APPROVED, "R": ClaimState.REJECTED, "D": ClaimState.DRAFT}
            states.setdefault(key[1:], []).append(state[cell["ClaimStatus"][0]])
            if cell["ClaimStatus"] != "Approved":
                unused["claim state", cell["ClaimStatus"]] += 1
    said = {
        key: ClaimState.APPROVED if ClaimState.APPROVED in all_of_it else all_of_it[-1]
        for key, all_of_it in states.items()
    }
    return list(tenants.items()), usage, said, unused, rejected


def as_plain(said: Said) -> object:
    guids = [tenant for tenant, _ in said.tenants]
    return (
        said.tenants,
        {
            (row["month"], guids[row["tenant"]], row["workload"], row["option"]): (
                row["seats"],
                row["users"],
            )
            for row in said.usage.to_pylist()
        },
        {
            (guids[tenant], workload, option): association.state
            for (tenant, workload, option), association in said.associations.items()
            if association.state
        },
        said.unused,
        [(bad.line, bad.column) for bad in said.rejected],
    )


def written(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([tuple(CELLS), *rows])
    return text.getvalue().encode()


@settings(max_examples=200, deadline=None)
@given(random_rows)
def test_columns_say_what_rows_say(rows: list[tuple[str, ...]]) -> None:
    assert as_plain(parse(written(rows), "office-usage")) == plain(rows)


@contextmanager
def batches_of_few() -> Iterator[None]:
    with mock.patch.object(tables, "CHUNK", 150), mock.patch.object(originals, "ROW_GROUP", 3):
        yield


@settings(max_examples=100, deadline=None)
@given(random_rows)
def test_where_a_batch_ends_does_not_matter(rows: list[tuple[str, ...]]) -> None:
    whole = parse(written(rows), "office-usage")
    with batches_of_few():
        assert everything(parse(written(rows), "office-usage")) == everything(whole)


# ---- The kept original says the same -------------------------------------------------------------


def read_and_keep(content: bytes, path: Path, kind: str = parsing.AUTO) -> tuple[Said, list[Batch]]:
    table = tables.open_table(io.BytesIO(content))
    keeper = originals.Keeper(path, table.header)
    batches: list[Batch] = []

    def keep(batch: Batch) -> None:
        batches.append(batch)
        keeper.add(batch)

    said = parsing.read_table(table, today=TODAY, kind=kind, keep=keep)
    keeper.close()
    return said, batches


@settings(max_examples=60, deadline=None)
@given(random_rows)
def test_a_kept_original_says_what_the_file_said(rows: list[tuple[str, ...]]) -> None:
    with TemporaryDirectory() as folder, batches_of_few():
        path = Path(folder, "original.parquet")
        said, _ = read_and_keep(written(rows), path, "office-usage")
        original = originals.open_original(path)
        again = parsing.read_table(original, today=TODAY, kind="office-usage")
        assert everything(again) == everything(said)
        csv_again = "".join(originals.as_csv(path)).encode()
        assert what(parse(csv_again, "office-usage")) == what(said)


# Anything that a cell, a header and a row may be.
anything = st.text(st.characters(codec="utf-8"), max_size=8)
titles = anything | st.sampled_from(["", "a", "A ", "__line__", "column", "a (2)"])
tables_of_anything = st.tuples(
    st.lists(titles, min_size=1, max_size=6),
    st.lists(st.lists(anything, min_size=1, max_size=8), max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(tables_of_anything, st.integers(1, 5))
def test_every_cell_is_kept_as_it_stood(
    table: tuple[list[str], list[list[str]]], size: int
) -> None:
    header, rows = table
    lines = [3 * number + 2 for number in range(len(rows))]
    with TemporaryDirectory() as folder, mock.patch.object(originals, "ROW_GROUP", 4):
        path = Path(folder, "original.parquet")
        keeper = originals.Keeper(path, header)
        for start in range(0, len(rows), size):
            keeper.add(Batch(lines[start : start + size], rows[start : start + size]))
        keeper.close()
        original = originals.open_original(path)
        assert (original.header, original.rows) == (header, len(rows))
        for _ in range(2):  # it can be read again
            batches = list(original.batches())
            assert [line for batch in batches for line in batch.lines] == lines
            assert [row for batch in batches for row in batch.rows] == rows
        with io.StringIO("".join(originals.as_csv(path)), newline="") as text:
            assert list(csv.reader(text)) == [header, *rows]


@settings(max_examples=30, deadline=None)
@given(worlds.filter(bool), st.sampled_from([office_usage, ems, claims_export]))
def test_originals_of_every_kind(world: list[Row], export: object) -> None:
    assert callable(export)
    with TemporaryDirectory() as folder:
        path = Path(folder, "original.parquet")
        said, _ = read_and_keep(export(world), path)
        again = parsing.read_table(originals.open_original(path), today=TODAY)
        assert everything(again) == everything(said)


@pytest.mark.parametrize("kind", ["claims", "ems", "office-usage"])
def test_the_worlds_have_something_to_say(kind: str) -> None:
    world = [Row(usage={"2025-01": (5, 3)}, begins_on=date(2024, 5, 3))]
    export = {"claims": claims_export, "ems": ems, "office-usage": office_usage}[kind]
    said = parse(export(world))
    assert said.kind == kind
    if kind != "claims":
        assert said.usage.num_rows == 1
    if kind != "ems":
        assert list(said.associations.values()) == [
            AssociationSaid([(date(2024, 5, 3), None)], int(kind == "claims"))
        ]
