"""Many rows into one table, quickly, on both databases; rows that are there get the new values.

``bulk_create`` builds an object, a field list and a placeholder per value; here rows stay tuples.
On SQLite one prepared statement runs over them, on PostgreSQL one statement takes whole columns.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models

SQLITE_ROWS = 2_000  # a transaction: about 10 ms, so that another writer never waits long
POSTGRESQL_ROWS = 20_000  # a statement: the arrays of one travel in one message


def rows_per_transaction() -> int | None:
    """How many rows one transaction may write; None: all of them.

    SQLite has one writer, so a long transaction stops everybody else's. PostgreSQL has not.
    """
    return SQLITE_ROWS if connection.vendor == "sqlite" else None


def chunks(
    rows: Sequence[tuple[Any, ...]], size: int | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    if size is None:
        if rows:
            yield rows
        return
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def write(
    model: type[models.Model], fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows of ``fields``; rows whose primary key exists get the new values instead."""
    if not rows:
        return
    options = model._meta
    columns: list[Any] = [options.get_field(name) for name in fields]
    quote = connection.ops.quote_name
    names = [str(column.column) for column in columns]
    keys = [str(field.column) for field in options.pk_fields]
    updates = ", ".join(
        f"{quote(name)} = excluded.{quote(name)}" for name in names if name not in keys
    )
    target = f"INSERT INTO {quote(options.db_table)} ({', '.join(map(quote, names))})"
    conflict = f"ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {updates}"
    converters = [_converter(column) for column in columns]
    prepared = list(rows)
    if any(converters):
        prepared = [
            tuple(
                value if convert is None or value is None else convert(value)
                for convert, value in zip(converters, row, strict=True)
            )
            for row in rows
        ]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(names))
            cursor.executemany(f"{target} VALUES ({marks}) {conflict}", prepared)
            return
        arrays = ", ".join(f"%s::{_array_type(column)}[]" for column in columns)
        casts = ", ".join(
            f"v.{quote(name)}::{column.db_type(connection)}"
            for name, column in zip(names, columns, strict=True)
        )
        # Names come from the models, values travel as parameters.
        source = f"SELECT {casts} FROM unnest({arrays}) AS v ({', '.join(map(quote, names))})"  # noqa: S608
        remaining = iter(prepared)
        while part := list(islice(remaining, POSTGRESQL_ROWS)):
            cursor.execute(
                f"{target} {source} {conflict}",
                [list(values) for values in zip(*part, strict=True)],
            )


def _converter(column: Any) -> Callable[[Any], Any] | None:
    if isinstance(column, models.JSONField):
        return lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    is_uuid = isinstance(column, models.UUIDField) or isinstance(
        getattr(column, "target_field", None), models.UUIDField
    )
    if is_uuid and not connection.features.has_native_uuid_field:
        return lambda value: UUID(str(value)).hex
    if isinstance(column, models.DateField) and connection.vendor == "sqlite":
        return connection.ops.adapt_datefield_value
    if isinstance(column, models.DateTimeField) and connection.vendor == "sqlite":
        return connection.ops.adapt_datetimefield_value
    return None


def _array_type(column: Any) -> str:
    if isinstance(column, models.JSONField):
        return "text"
    return str(column.db_type(connection)).split("(")[0].removesuffix(" CHECK")
