"""The archive of a firm: a ZIP that people can read and another portal can take in.

Format ``handschlag-firm/1``:

* ``manifest.json``: the firm, the state of the tables (``schema``), and size and SHA-256 of every
  other file;
* ``data/<Model>.jsonl``: one row a line. Numbers of the database are numbered anew from 1, so the
  same content makes the same bytes whichever database it comes from;
* ``files/...``: PDFs and originals of imports, by the name that their row has;
* ``logs/firm.jsonl``: the chained log of the firm with the words of each event.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.db import connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone, translation

from partners import firm_log
from partners.models import FirmEvent, Partner
from partners.privacy import archive_tables
from partners.privacy.archive_tables import Row, Scope, Table
from partners.privacy.plain_rows import plain
from support import trails

FORMAT = "handschlag-firm/1"
MANIFEST = "manifest.json"
ROOMS = ("partners", "documents", "scoring", "cooperation")
CHUNK = 1 << 20
EPOCH = (1980, 1, 1, 0, 0, 0)  # a ZIP knows no earlier time; the manifest says when

README = """Handschlag: alle Daten einer Firma / all data of a firm

manifest.json  Inhalt mit Größe und SHA-256 / contents with size and SHA-256
data/          Tabellen, eine Zeile je Datensatz (JSON) / tables, one row a line (JSON)
files/         Dokumente und importierte Dateien / documents and imported files
logs/          Protokoll der Firma / the log of the firm

Einlesen / take in:  manage.py import_firm ARCHIVE.zip
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an archive: where it lies, and what is in it."""

    path: Path
    sha256: str
    size: int
    rows: Mapping[str, int]


@dataclass(slots=True)
class _Writer:
    """One archive being written."""

    scope: Scope
    archive: zipfile.ZipFile
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    numbers: dict[type[models.Model], dict[Any, int]] = field(default_factory=dict)
    pointed: dict[type[models.Model], set[Any]] = field(default_factory=dict)

    # ---- files ----

    @contextmanager
    def entry(self, name: str) -> Iterator["_Entry"]:
        info = zipfile.ZipInfo(name, EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self.archive.open(info, "w", force_zip64=True) as raw:
            entry = _Entry(raw)
            yield entry
        self.files[name] = {"size": entry.size, "sha256": entry.hash.hexdigest()}

    def put(self, name: str, content: bytes) -> None:
        with self.entry(name) as entry:
            entry.write(content)

    # ---- rows ----

    def write(self, table: Table, rows: "models.QuerySet[Any]") -> None:
        columns = table.columns
        names = [one.attname for one in columns]
        pk, files = table.table._meta.pk, list[tuple[str, str]]()
        with self.entry(f"data/{table.model}.jsonl") as entry:
            count = 0
            for values in rows.order_by("pk").values_list(*names).iterator(chunk_size=2000):
                row: Row = {
                    one.attname: self._value(table, one, pk, value)
                    for one, value in zip(columns, values, strict=True)
                }
                if table.change is not None:
                    row = table.change(row, self.scope)
                self._note(columns, row)
                files.extend((name, row[name]) for name in table.files if row[name])
                entry.write(_line(row))
                count += 1
        self.rows[table.model] = count
        for name, stored in files:  # an archive takes one file at a time
            self._file(table, name, stored)

    def _value(self, table: Table, one: "models.Field[Any, Any]", pk: Any, value: Any) -> Any:
        if one is pk and table.is_numbered:
            return self._number(table.table, value)
        target = one.related_model
        if value is not None and isinstance(target, type) and _is_numbered(target):
            return self._number(target, value)
        return plain(value)

    def _number(self, model: type[models.Model], pk: Any) -> int:
        numbers = self.numbers.setdefault(model, {})
        return numbers.setdefault(pk, len(numbers) + 1)

    def _note(self, columns: "list[models.Field[Any, Any]]", row: Row) -> None:
        """What the row points to comes along, once all rows are written."""
        for one in columns:
            target = one.related_model
            if isinstance(target, type) and row[one.attname] is not None:
                self.pointed.setdefault(target, set()).add(row[one.attname])

    def _file(self, table: Table, field_name: str, stored: str) -> None:
        name = f"files/{stored}"
        if name in self.files:
            return
        storage = table.table._meta.get_field(field_name).storage  # type: ignore[union-attr]
        with storage.open(stored, "rb") as source, self.entry(name) as entry:
            while chunk := source.read(CHUNK):
                entry.write(chunk)

    def referred(self, table: Table) -> "models.QuerySet[Any]":
        manager = table.table._default_manager
        if table.follows:
            followed: Any = table.table._meta.get_field(table.follows).related_model
            return manager.filter(**{f"{table.follows}__in": self.pointed.get(followed, set())})
        known = self.pointed.get(table.table, set())
        if table.is_numbered:
            by_number = {n: pk for pk, n in self.numbers.get(table.table, {}).items()}
            known = {by_number[n] for n in known}
        return manager.filter(pk__in=known)


class _Entry:
    """A file of the archive, counted and hashed while it is written."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw, self.size, self.hash = raw, 0, hashlib.sha256()

    def write(self, content: bytes) -> None:
        self.raw.write(content)
        self.hash.update(content)
        self.size += len(content)


def _line(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _is_numbered(model: type[models.Model]) -> bool:
    return isinstance(model._meta.pk, models.AutoField)


def load_order(tables: list[Table]) -> list[Table]:
    """``tables`` so that each comes after those that it points to."""
    ordered: list[Table] = []
    models_left = {table.table for table in tables}
    left = list(tables)
    while left:
        ready = [
            table
            for table in left
            if not {
                one.related_model for one in table.columns if one.related_model is not table.table
            }
            & models_left
        ]
        for table in ready:
            ordered.append(table)
            left.remove(table)
            models_left.discard(table.table)
    return ordered


def schema() -> dict[str, str]:
    """The last migration of each room: an archive fits a portal with the same ones."""
    loader = MigrationLoader(connection)
    return {
        room: max(name for app, name in loader.applied_migrations if app == room) for room in ROOMS
    }


@contextmanager
def snapshot() -> Iterator[None]:
    """One state of the database for all that is read, without stopping anybody who writes."""
    if connection.in_atomic_block:  # a test
        yield
    elif connection.vendor == "sqlite":
        usual = connection.transaction_mode  # type: ignore[attr-defined]
        connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
        try:
            block = transaction.atomic()
            block.__enter__()
        finally:
            connection.transaction_mode = usual  # type: ignore[attr-defined]
        try:
            yield
        finally:
            block.__exit__(None, None, None)
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def write(partner: Partner, folder: Path | None = None, *, at: datetime | None = None) -> Written:
    """Write the archive of ``partner`` into a new file; the caller removes it."""
    handle, name = tempfile.mkstemp(suffix=".zip", dir=folder)
    os.close(handle)
    path = Path(name)
    try:
        with snapshot(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            rows = _write(partner, archive, at or timezone.now())
        with path.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Written(path, sha256, path.stat().st_size, rows)


def _write(partner: Partner, archive: zipfile.ZipFile, at: datetime) -> dict[str, int]:
    writer = _Writer(Scope(partner), archive)
    for table in archive_tables.own():
        if table.rows is not None:
            writer.write(table, table.rows(writer.scope))
    writer.pointed.setdefault(Partner, set()).add(str(partner.pk))
    for table in reversed(load_order(archive_tables.pointed())):
        writer.write(table, writer.referred(table))
    with writer.entry("logs/firm.jsonl") as entry:
        for line in log_lines(partner):
            entry.write(line)
    writer.put("README.txt", README.encode())
    manifest = {
        "format": FORMAT,
        "made_at": trails.instant(at),
        "firm": {"id": str(partner.pk), "name": partner.name},
        "schema": schema(),
        "rows": writer.rows,
        "files": writer.files,
    }
    content = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    archive.writestr(zipfile.ZipInfo(MANIFEST, EPOCH), content)
    return writer.rows


def log_lines(partner: Partner) -> Iterator[bytes]:
    """The log of the firm, one event a line: as people read it, with what proves it."""
    events = FirmEvent.objects.filter(partner=partner).order_by("seq")
    for event in events.iterator():
        with translation.override("en"):
            words = str(firm_log.KINDS.get(event.kind, event.kind))
        yield _line(
            {
                "content": firm_log.content(event),
                "words": words,
                "personal": event.personal,
                "personal_salt": event.personal_salt,
                "salt": event.salt,
                "previous": event.previous_hash,
                "digest": event.digest,
                "hash": event.hash,
            }
        )
