"""Rows that stand: triggers of the database that refuse to change or delete what is evidence.

They hold against everything that goes through the database: the admin, ``QuerySet.update``, raw
SQL, a cascade. There is no switch that the portal could use to get around them.

Each room tells in ``guards.py`` which of its tables stand, and registers them. The triggers are
made from that after every ``migrate``, whenever one is missing or reads differently: on SQLite a
migration that alters a table makes it anew and drops its triggers without a word. What the triggers
cannot hold off, an owner of the tables who drops them, ``manage.py verify_trail`` finds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is allowed: of these columns only, and if ``when`` holds.

    Conditions are SQL over ``OLD`` and ``NEW`` that SQLite and PostgreSQL understand alike. One
    that is unknown (NULL) does not hold.
    """

    columns: tuple[str, ...]
    when: str


@dataclass(frozen=True, slots=True)
class Guard:
    """What may happen to the rows of a table, besides being written once."""

    table: str
    why: str  # the end of the sentence that whoever tries it gets to read
    changes: tuple[Change, ...] = ()
    once: str = "TRUE"  # when a row stands: before that it may change
    kept: str = "TRUE"  # when a row may not be deleted

    @property
    def refusal(self) -> str:
        return f"{self.table} stands: {self.why}"


@dataclass(frozen=True, slots=True)
class Room:
    """The guards of an app, and the migration from which on its tables are as they say."""

    since: str
    guards: Sequence[Guard]


_rooms: dict[str, Room] = {}  # by label of the app


def register(app: AppConfig, *, since: str, guards: Sequence[Guard]) -> None:
    """Keep the tables of ``app`` guarded after every ``migrate`` that leaves ``since`` applied."""
    _rooms[app.label] = Room(since, guards)
    connection_created.connect(_see_replaced_rows)
    post_migrate.connect(_after_migrate, sender=app, dispatch_uid=f"guards of {app.label}")


def registered() -> list[Guard]:
    """The guards of all rooms."""
    return [guard for room in _rooms.values() for guard in room.guards]


def lacking(connection: BaseDatabaseWrapper) -> list[str]:
    """Registered tables whose triggers are not there, are switched off or read differently."""
    return [guard.table for guard in _lacking(connection, registered())]


def restore(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing, for all rooms whose migration is applied."""
    applied = MigrationRecorder(connection).applied_migrations()
    for label, room in _rooms.items():
        if (label, room.since) in applied:
            _install(connection, room.guards)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers. For tests and migrations; nothing in the portal may call it."""
    drop = _sqlite_drop if connection.vendor == "sqlite" else _postgres_drop
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            connection.check_constraints()  # no trigger goes while checks of its table wait
        for guard in registered():
            for statement in drop(guard):
                cursor.execute(statement)


def _see_replaced_rows(connection: BaseDatabaseWrapper, **_rest: Any) -> None:
    """Without this ``INSERT OR REPLACE`` deletes a row on SQLite and no trigger hears of it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA recursive_triggers = ON")


def _after_migrate(sender: AppConfig, using: str, **_rest: Any) -> None:
    restore(connections[using])


def _install(connection: BaseDatabaseWrapper, guards: Iterable[Guard]) -> None:
    missing = _lacking(connection, guards)
    if not missing:
        return
    drop = _sqlite_drop if connection.vendor == "sqlite" else _postgres_drop
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            connection.check_constraints()
        for guard in missing:
            for statement in (*drop(guard), *_statements(connection, cursor, guard)):
                cursor.execute(statement)


def _statements(connection: BaseDatabaseWrapper, cursor: Any, guard: Guard) -> list[str]:
    if connection.vendor == "sqlite":
        return list(_sqlite(guard, _columns(cursor, guard.table)).values())
    return _postgres(guard)


def _lacking(connection: BaseDatabaseWrapper, guards: Iterable[Guard]) -> list[Guard]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            there = dict(cursor.fetchall())
            return [
                guard
                for guard in guards
                if any(
                    there.get(name) != statement
                    for name, statement in _sqlite(guard, _columns(cursor, guard.table)).items()
                )
            ]
        guards = list(guards)
        cursor.execute(
            "SELECT relname, tgname, tgenabled, tgtype, prosrc FROM pg_trigger"
            " JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE NOT tgisinternal AND tgqual IS NULL AND cardinality(tgattr::int2[]) = 0"
            " AND pg_table_is_visible(tgrelid) AND relname = ANY(%s)",
            [[guard.table for guard in guards]],
        )
        found = {(row[0], row[1]): tuple(row[2:]) for row in cursor.fetchall()}
        return [
            guard
            for guard in guards
            if found.get((guard.table, "stands")) != ("A", _ROWS, _body(guard))
            or found.get((guard.table, "stands_whole")) != ("A", _WHOLE, _body(guard))
        ]


# ---- SQLite ------------------------------------------------------------------------------------


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(f'PRAGMA table_info("{table}")')
    return [row[1] for row in cursor.fetchall()]


def _sqlite(guard: Guard, columns: Iterable[str]) -> dict[str, str]:
    """``CREATE TRIGGER`` by name, as ``sqlite_master`` keeps it."""
    columns = list(columns)
    allowed = " OR ".join(
        " AND ".join(
            [
                f"({change.when})",
                *(f'OLD."{c}" IS NEW."{c}"' for c in columns if c not in change.columns),
            ]
        )
        for change in guard.changes
    )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{guard.refusal}'); END"
    update, delete = _sqlite_names(guard)
    return {
        update: f'CREATE TRIGGER "{update}" BEFORE UPDATE ON "{guard.table}" FOR EACH ROW'
        f" WHEN ({guard.once}) IS TRUE AND ({allowed or 'FALSE'}) IS NOT TRUE {refuse}",
        delete: f'CREATE TRIGGER "{delete}" BEFORE DELETE ON "{guard.table}" FOR EACH ROW'
        f" WHEN ({guard.kept}) IS TRUE {refuse}",
    }


def _sqlite_names(guard: Guard) -> tuple[str, str]:
    return f"{guard.table}_stands_update", f"{guard.table}_stands_delete"


def _sqlite_drop(guard: Guard) -> list[str]:
    return [f'DROP TRIGGER IF EXISTS "{name}"' for name in _sqlite_names(guard)]


# ---- PostgreSQL --------------------------------------------------------------------------------

_ROWS, _WHOLE = 1 + 2 + 8 + 16, 2 + 32  # pg_trigger.tgtype: row before delete, update; truncate


def _body(guard: Guard) -> str:
    refuse = f"RAISE integrity_constraint_violation USING MESSAGE = '{guard.refusal}';"
    allowed = " OR ".join(
        f"(({change.when}) AND to_jsonb(OLD) - ARRAY[{_quoted(change.columns)}]"
        f" = to_jsonb(NEW) - ARRAY[{_quoted(change.columns)}])"
        for change in guard.changes
    )
    return f"""
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    {refuse}
  ELSIF TG_OP = 'DELETE' THEN
    IF ({guard.kept}) IS TRUE THEN {refuse} END IF;
    RETURN OLD;
  ELSIF ({guard.once}) IS TRUE THEN
    IF ({allowed or "FALSE"}) IS NOT TRUE THEN {refuse} END IF;
  END IF;
  RETURN NEW;
END
"""


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(f"'{column}'" for column in columns)


def _postgres(guard: Guard) -> list[str]:
    table, function = f'"{guard.table}"', f'"{guard.table}_stands"'
    return [
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql"
        f" SET search_path = pg_catalog, pg_temp AS $guard${_body(guard)}$guard$",
        f"CREATE TRIGGER stands BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"CREATE TRIGGER stands_whole BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
        # Also for a session that plays a replica, which others skip triggers for.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER stands",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER stands_whole",
    ]


def _postgres_drop(guard: Guard) -> list[str]:
    return [
        f'DROP TRIGGER IF EXISTS stands ON "{guard.table}"',
        f'DROP TRIGGER IF EXISTS stands_whole ON "{guard.table}"',
        f'DROP FUNCTION IF EXISTS "{guard.table}_stands"()',
    ]
