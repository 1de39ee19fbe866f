# ruff: noqa: S608 -- the statements are made of names of tables and columns
"""Tampering on purpose: what somebody could do who owns the tables and drops their triggers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, models, transaction
from django.db import connection as default
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, ProtectedError
from django.utils import timezone

from support import guarding


@contextmanager
def lifted(connection: BaseDatabaseWrapper = default) -> Iterator[None]:
    """The triggers are gone inside, and there again afterwards."""
    guarding.lift(connection)
    try:
        yield
    finally:
        guarding.restore(connection)


def attempts(row: Model) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every way that leads to a row of the database, each as a name and a step that takes it."""
    model = type(row)
    rows, table = model._default_manager.filter(pk=row.pk), model._meta.db_table
    key = model._meta.pk
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    for field in fields:
        value = other(field, field.value_from_object(row))
        yield f"update {field.name}", partial(rows.update, **{field.name: value})
    changed, field = copy(row), fields[0]
    setattr(changed, field.attname, other(field, field.value_from_object(row)))
    yield "save", changed.save
    yield "bulk_update", partial(model._default_manager.bulk_update, [changed], [field.name])
    yield "delete", copy(row).delete
    yield "QuerySet.delete", rows.delete
    yield "QuerySet._raw_delete", partial(rows._raw_delete, rows.db)
    columns = ", ".join(f'"{each.column}"' for each in model._meta.concrete_fields)
    where, stored = f'WHERE "{key.column}" = %s', [key.get_db_prep_value(row.pk, default)]
    by_hand = [
        ("UPDATE", f'UPDATE "{table}" SET "{field.column}" = NULL {where}'),
        ("DELETE", f'DELETE FROM "{table}" {where}'),
        (
            "ON CONFLICT",
            f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM "{table}" {where}'
            f' ON CONFLICT ("{key.column}") DO UPDATE SET "{field.column}" = NULL',
        ),
    ]
    if default.vendor == "sqlite":
        by_hand += [
            ("REPLACE", f'REPLACE INTO "{table}" SELECT * FROM "{table}" {where}'),
            ("UPDATE OR IGNORE", f'UPDATE OR IGNORE "{table}" SET "{field.column}" = 7 {where}'),
            ("rename", f'UPDATE "{table}" SET "{key.column}" = 77 {where}'),
        ]
    else:
        by_hand += [
            ("TRUNCATE", f'TRUNCATE "{table}" CASCADE'),
            ("TRUNCATE of firms", "TRUNCATE partners_partner, partners_user CASCADE"),
        ]
    for name, statement in by_hand:
        yield name, partial(_execute, statement, stored if "%s" in statement else None)


def _execute(statement: str, params: list[Any] | None) -> None:
    with default.cursor() as cursor:
        cursor.execute(statement, params)


def other(field: Any, value: Any) -> Any:
    """Another value that the column could hold."""
    kind = field.target_field if field.is_relation else field
    if isinstance(kind, models.UUIDField):
        return uuid4()
    if isinstance(kind, models.BooleanField):
        return not value
    if isinstance(kind, models.DateTimeField):
        return (value or timezone.now()) + timedelta(days=1)
    if isinstance(kind, models.DateField):
        return (value or timezone.localdate()) + timedelta(days=1)
    if isinstance(kind, models.IntegerField | models.AutoField):
        return (value or 0) + 1
    if isinstance(kind, models.BinaryField):
        return bytes(value) + b"x"
    if isinstance(kind, models.JSONField):
        return {**value, "more": 1}
    text = str(value or "")
    return ("z" if text[:1] != "z" else "y") + text[1:]


def ways_in(row: Model) -> list[str]:
    """The ways in which ``row`` can be changed or deleted; none for one that stands.

    Nothing of it stays.
    """
    default.check_constraints()
    found, sentence = [], f"{type(row)._meta.db_table} stands: "
    for name, attempt in attempts(row):
        try:
            with transaction.atomic():
                attempt()
                default.check_constraints()
                transaction.set_rollback(True)
        except ProtectedError:
            if "elete" not in name:  # there Django's own door comes before the database's
                raise
        except IntegrityError as error:
            if (" stands: " if name == "TRUNCATE of firms" else sentence) not in str(error):
                found.append(f"{name}: {error}")
        else:
            found.append(name)
    return found
