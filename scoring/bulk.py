"""Many rows into one table, quickly, on both databases.

``bulk_create`` builds an object, a field list and a placeholder per value; here rows stay tuples.
On SQLite one prepared statement runs over them; PostgreSQL takes whole columns in one statement, or
a stream of rows (COPY).
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models

SQLITE_ROWS = 2_000  # a transaction: about 10 ms, so that another writer never waits long
FEW_ROWS = 200  # up to here one statement is quicker than COPY, which asks the server twice
POSTGRESQL_ROWS = 20_000  # a statement: the arrays of one travel in one message


def rows_per_transaction() -> int | None:
    """How many rows one transaction may write; None: all of them.

    SQLite has one writer, so a long transaction stops everybody else's. PostgreSQL has not.
    """
    return SQLITE_ROWS if connection.vendor == "sqlite" else None


# Who waits for SQLite's lock looks again after 1, 2, 5, 10, 15, 20, 25, 25, 25, 50 ms: transactions
# that follow each other closely can be missed in between for long, a pause of 25 ms cannot.
STRETCH = 0.06  # seconds of writing
PAUSE = 0.025


class Pace:
    """Leaves gaps between the transactions of a long writing, where there is one writer only."""

    def __init__(self) -> None:
        self._makes_others_wait = rows_per_transaction() is not None
        self._began = time.monotonic()

    def step(self) -> None:
        """To be called before each transaction; waits when others have had no turn for long."""
        if self._makes_others_wait and time.monotonic() - self._began > STRETCH:
            time.sleep(PAUSE)
            self._began = time.monotonic()


def chunks(
    rows: Sequence[tuple[Any, ...]], size: int | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    if size is None:
        if rows:
            yield rows
        return
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def fetch(statement: str, params: Any) -> list[tuple[Any, ...]]:
    """All rows of one SQL statement: a fifth of the time that a queryset takes to build it."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def stored_id(value: UUID) -> UUID | str:
    """A UUID as the database keeps it."""
    return value if connection.features.has_native_uuid_field else value.hex


def instant(value: datetime) -> datetime:
    """An instant as ``fetch`` gives it: SQLite's have no zone and are UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def insert(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of ``fields`` whose primary keys are known to be new."""
    if not rows:
        return
    table = _Table(model, fields)
    prepared = table.prepare(rows)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(f"{table.target} VALUES ({table.marks})", prepared)
            return
        if len(prepared) <= FEW_ROWS:
            cursor.execute(
                f"{table.target} {table.select}",
                [list(values) for values in zip(*prepared, strict=True)],
            )
            return
        copy = f"COPY {table.name} ({table.columns}) FROM STDIN"
        with cursor.cursor.copy(copy) as stream:
            for row in prepared:
                stream.write_row(row)


def write(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of ``fields``; rows whose primary key exists get the new values instead."""
    if not rows:
        return
    table = _Table(model, fields)
    prepared = table.prepare(rows)
    conflict = f"ON CONFLICT ({table.keys}) DO UPDATE SET {table.updates}"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(f"{table.target} VALUES ({table.marks}) {conflict}", prepared)
            return
        remaining = iter(prepared)
        while part := list(islice(remaining, POSTGRESQL_ROWS)):
            cursor.execute(
                f"{table.target} {table.select} {conflict}",
                [list(values) for values in zip(*part, strict=True)],
            )


def delete(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Delete the rows whose ``fields`` have these values."""
    if not rows:
        return
    table = _Table(model, fields)
    prepared = table.prepare(rows)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            condition = " AND ".join(f"{name} = %s" for name in table.names)
            cursor.executemany(f"DELETE FROM {table.name} WHERE {condition}", prepared)  # noqa: S608
            return
        condition = " AND ".join(f"{table.name}.{name} = d.{name}" for name in table.names)
        remaining = iter(prepared)
        while part := list(islice(remaining, POSTGRESQL_ROWS)):
            cursor.execute(
                f"DELETE FROM {table.name} USING ({table.select}) AS d WHERE {condition}",  # noqa: S608
                [list(values) for values in zip(*part, strict=True)],
            )


def close(
    model: type[models.Model],
    fields: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    ledger: int,
    revision: int,
) -> None:
    """Let the standing rows of a ledger that have these values end with ``revision``."""
    if not rows:
        return
    table = _Table(model, fields)
    prepared = table.prepare(rows)
    stands = "ledger_id = %s AND until = 2147483647"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            condition = " AND ".join(f"{name} = %s" for name in table.names)
            cursor.executemany(
                f"UPDATE {table.name} SET until = %s WHERE {stands} AND {condition}",  # noqa: S608
                [(revision, ledger, *row) for row in prepared],
            )
            return
        condition = " AND ".join(f"{table.name}.{name} = d.{name}" for name in table.names)
        cursor.execute(
            f"UPDATE {table.name} SET until = %s FROM ({table.select}) AS d "  # noqa: S608
            f"WHERE {stands} AND {condition}",
            [revision, *(list(values) for values in zip(*prepared, strict=True)), ledger],
        )


class _Table:
    """The names of a table's columns in SQL. They come from the models; values are parameters."""

    def __init__(self, model: type[models.Model], fields: Sequence[str]) -> None:
        options = model._meta
        quote = connection.ops.quote_name
        self.fields: list[Any] = [options.get_field(name) for name in fields]
        self.names = [quote(str(field.column)) for field in self.fields]
        self.name = quote(options.db_table)
        keys = [quote(str(field.column)) for field in options.pk_fields]
        self.keys = ", ".join(keys)
        self.columns = ", ".join(self.names)
        self.target = f"INSERT INTO {self.name} ({self.columns})"
        self.marks = ", ".join(["%s"] * len(self.names))
        self.updates = ", ".join(
            f"{name} = excluded.{name}" for name in self.names if name not in keys
        )

    @property
    def select(self) -> str:
        """PostgreSQL: rows from one array a column."""
        arrays = ", ".join(f"%s::{_array_type(field)}[]" for field in self.fields)
        casts = ", ".join(
            f"v.{name}::{_cast(field)} AS {name}"
            for name, field in zip(self.names, self.fields, strict=True)
        )
        return f"SELECT {casts} FROM unnest({arrays}) AS v ({self.columns})"  # noqa: S608

    def prepare(self, rows: Sequence[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        converters = [_converter(field) for field in self.fields]
        if not any(converters):
            return rows
        return [
            tuple(
                value if convert is None or value is None else convert(value)
                for convert, value in zip(converters, row, strict=True)
            )
            for row in rows
        ]


def _converter(column: Any) -> Callable[[Any], Any] | None:
    if isinstance(column, models.JSONField):
        return lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    is_uuid = isinstance(column, models.UUIDField) or isinstance(
        getattr(column, "target_field", None), models.UUIDField
    )
    if is_uuid and not connection.features.has_native_uuid_field:
        return lambda value: UUID(str(value)).hex
    if isinstance(column, models.DateTimeField) and connection.vendor == "sqlite":
        return connection.ops.adapt_datetimefield_value
    if isinstance(column, models.DateField) and connection.vendor == "sqlite":
        return connection.ops.adapt_datefield_value
    return None


def _cast(column: Any) -> str:
    return str(column.db_type(connection))


def _array_type(column: Any) -> str:
    if isinstance(column, models.JSONField):
        return "text"
    return _cast(column).split("(")[0].removesuffix(" CHECK")
