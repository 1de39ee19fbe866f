"""Takes the archive of a firm into this portal: all of it, proved, or nothing."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import DatabaseError, models, transaction

from partners import firm_log
from partners.accounts import addresses
from partners.models import Partner, User
from partners.privacy import archive, archive_tables
from partners.privacy.archive_tables import Row, Table, unreachable
from partners.privacy.plain_rows import field_value

MOST_BYTES = 20 << 30  # of everything, unpacked
MOST_FILES = 200_000
MOST_LINE = 64 << 20
MOST_MANIFEST = 64 << 20
DENSEST = 200  # times smaller packed: rows of figures reach about 30
FORGIVEN = 1 << 20  # bytes below which nobody asks how dense a file is
NAME = re.compile(r"(data|files|logs)(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+|README\.txt")
BATCH = 1000


class InvalidArchive(Exception):
    """The archive is not taken in, and nothing was changed; the sentence is for the operator."""


@dataclass(frozen=True, slots=True)
class Imported:
    partner: Partner
    rows: dict[str, int]
    unreachable: list[str]  # names of own people whose address another account has


def load(path: Path) -> Imported:
    """Take in the archive at ``path``, or raise ``InvalidArchive`` and leave all as it was."""
    try:
        with zipfile.ZipFile(path) as opened:
            return _load(_Reader(opened))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise InvalidArchive(f"This is no archive that can be read: {error}") from error


def _load(reader: "_Reader") -> Imported:
    reader.check()
    loader = _Loader(reader)
    try:
        with transaction.atomic():
            partner = loader.load()
    except BaseException as error:
        loader.drop_files()
        if isinstance(error, DatabaseError | ValidationError | ValueError | KeyError | TypeError):
            raise InvalidArchive(f"The rows do not fit: {error}") from error
        raise
    return Imported(partner, loader.rows, loader.unreachable)


# ---- The file ------------------------------------------------------------------------------------


class _Reader:
    """A ZIP that is only believed as far as its manifest, and that only as far as this format."""

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self.opened = opened
        self.manifest: dict[str, Any] = {}
        self.files: dict[str, dict[str, Any]] = {}

    def check(self) -> None:
        infos = self.opened.infolist()
        names = [info.filename for info in infos]
        if len(infos) > MOST_FILES or len(set(names)) != len(names):
            raise InvalidArchive("The archive holds too many files, or one twice.")
        for info in infos:
            self._check_info(info)
        if sum(info.file_size for info in infos) > MOST_BYTES:
            raise InvalidArchive("The archive is larger than a portal takes in.")
        self._read_manifest()
        if {*names} != {archive.MANIFEST, *self.files}:
            raise InvalidArchive("The archive does not hold the files that its manifest names.")
        for name in self.files:  # all of it, before the first row is written
            for _chunk in self.chunks(name):
                pass

    def _check_info(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        if name != archive.MANIFEST and not NAME.fullmatch(name):
            raise InvalidArchive(f"A file has a name that no archive has: {name!r}")
        if info.flag_bits & 0x1 or (info.external_attr >> 16) & 0o170000 == 0o120000:
            raise InvalidArchive(f"A file is encrypted or a link: {name}")
        packed = max(info.compress_size, 1)
        if info.file_size > FORGIVEN and info.file_size // packed > DENSEST:
            raise InvalidArchive(f"A file is packed more densely than any of ours: {name}")

    def _read_manifest(self) -> None:
        try:
            info = self.opened.getinfo(archive.MANIFEST)
            if info.file_size > MOST_MANIFEST:
                raise InvalidArchive("The manifest is too large.")
            manifest = json.loads(self.opened.read(info))
            files = manifest["files"]
            wanted = {name: (int(one["size"]), str(one["sha256"])) for name, one in files.items()}
            told = (manifest["format"], manifest["schema"], manifest["firm"]["id"])
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise InvalidArchive("The manifest cannot be read.") from error
        if told[0] != archive.FORMAT:
            raise InvalidArchive(f"This is not the format {archive.FORMAT}.")
        if told[1] != archive.schema():
            raise InvalidArchive(
                "The archive was made by another version of the portal:"
                f" {_differences(told[1], archive.schema())}."
            )
        self.manifest = manifest
        self.files = {
            name: {"size": size, "sha256": sha256} for name, (size, sha256) in wanted.items()
        }

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file, refused when it is not the one of the manifest."""
        wanted, found, size = self.files[name], hashlib.sha256(), 0
        with self.opened.open(name) as source:
            while chunk := source.read(archive.CHUNK):
                size += len(chunk)
                if size > wanted["size"]:
                    break
                found.update(chunk)
                yield chunk
        if size != wanted["size"] or found.hexdigest() != wanted["sha256"]:
            raise InvalidArchive(f"A file is not the one that the manifest names: {name}")

    def rows(self, table: Table) -> Iterator[Row]:
        names = {one.attname for one in table.columns}
        with self.opened.open(f"data/{table.model}.jsonl") as source:
            while line := source.readline(MOST_LINE):
                row = json.loads(line)
                if not isinstance(row, dict) or row.keys() != names:
                    raise InvalidArchive(f"A row has other columns than {table.model}.")
                yield row


def _differences(theirs: Any, ours: dict[str, str]) -> str:
    if not isinstance(theirs, dict):
        return "it does not say which"
    return ", ".join(
        f"{room} {theirs.get(room)} instead of {name}"
        for room, name in ours.items()
        if theirs.get(room) != name
    )


# ---- The rows ------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Loader:
    reader: _Reader
    rows: dict[str, int] = field(default_factory=dict)
    unreachable: list[str] = field(default_factory=list)
    # By table: what a row is called here, where that is not as in the archive.
    renamed: dict[type[models.Model], dict[Any, Any]] = field(default_factory=dict)
    stored: list[tuple[Any, str]] = field(default_factory=list)

    def load(self) -> Partner:
        firm = self.reader.manifest["firm"]["id"]
        if Partner.objects.filter(pk=firm).exists():
            raise InvalidArchive("This firm is here already.")
        tables = [*archive.load_order(archive_tables.pointed()), *archive_tables.own()]
        expected = {f"data/{table.model}.jsonl" for table in tables}
        if expected != {name for name in self.reader.files if name.startswith("data/")}:
            raise InvalidArchive("The archive does not hold the tables of this portal.")
        for table in tables:
            self._load(table)
        partner = Partner.objects.get(pk=firm)
        for person in User.objects.filter(memberships__partner=partner).distinct():
            addresses.keep(person, verified=False)
        self._check(partner)
        firm_log.record(partner, "data_imported", made_at=self.reader.manifest["made_at"])
        return partner

    def _check(self, partner: Partner) -> None:
        findings = [f"firm log, event {each.seq}: {each.what}" for each in firm_log.breaks(partner)]
        for check in archive_tables.checks():
            findings.extend(check(partner))
        if findings:
            raise InvalidArchive("What was read does not hold together: " + "; ".join(findings[:5]))

    def _load(self, table: Table) -> None:
        batch: list[tuple[Row, models.Model]] = []
        count = 0
        for row in self.reader.rows(table):
            count += 1
            made = self._row(table, row)
            if made is not None:
                batch.append((row, made))
            if len(batch) >= BATCH:
                self._store(table, batch)
                batch = []
        self._store(table, batch)
        self.rows[table.model] = count

    def _store(self, table: Table, batch: list[tuple[Row, models.Model]]) -> None:
        table.table._default_manager.bulk_create([made for _row, made in batch])
        if table.is_numbered:
            names = self.renamed.setdefault(table.table, {})
            for row, made in batch:
                names[row["id"]] = made.pk

    def _row(self, table: Table, row: Row) -> models.Model | None:
        """The row as an object, or None for one that is here already."""
        values = {one.attname: self._value(table, one, row[one.attname]) for one in table.columns}
        if table.same and self._is_here(table, row, values):
            return None
        if table.stays and table.table._default_manager.filter(pk=row["id"]).exists():
            return None
        if table.model == "partners.User":
            values = self._person(values)
        elif table.model == "partners.Partner":
            values["slug"] = self._slug(values)
        for name in table.files:
            if row[name]:
                values[name] = self._file(table, name, row[name])
        made = table.table(**values)
        if isinstance(made, User):
            made.set_unusable_password()
        return made

    def _value(self, table: Table, one: "models.Field[Any, Any]", value: Any) -> Any:
        target = one.related_model
        if value is not None and isinstance(target, type):
            names = self.renamed.get(target, {})
            if value in names:
                return names[value]
            if isinstance(target._meta.pk, models.AutoField):
                raise InvalidArchive(f"{table.model} names a row that is not there.")
            return target._meta.pk.to_python(value)
        if one.primary_key and table.is_numbered:
            return None
        found = field_value(one, value)
        if one.max_length and isinstance(found, str) and len(found) > one.max_length:
            raise InvalidArchive(f"{table.model}.{one.name} is too long.")
        return found

    def _is_here(self, table: Table, row: Row, values: Row) -> bool:
        known = table.table._default_manager.filter(**{name: values[name] for name in table.same})
        there = known.first()
        if there is None:
            return False
        for name in table.equal:
            if getattr(there, name) != values[name]:
                said = ", ".join(str(values[each]) for each in table.same)
                raise InvalidArchive(f"{table.model} {said} is here with another content.")
        self.renamed.setdefault(table.table, {})[row["id"]] = there.pk
        return True

    def _person(self, values: Row) -> Row:
        """An address belongs to one account: who has it already keeps it."""
        if User.objects.filter(email=User.objects.normalize_email(values["email"])).exists():
            self.unreachable.append(values["name"])
            values = values | {"email": unreachable(values["id"]), "is_active": False}
        return values

    def _slug(self, values: Row) -> str:
        slug: str = values["slug"]
        if Partner.objects.filter(slug=slug).exists():
            return f"{slug[:60]}-{str(values['id'])[:8]}"
        return slug

    # ---- files ----

    def _file(self, table: Table, field_name: str, name: str) -> str:
        """Store a file under its own name, or under a new one where that is taken."""
        inside = f"files/{name}"
        if inside not in self.reader.files:
            raise InvalidArchive(f"A file that {table.model} names is not there: {name}")
        storage = table.table._meta.get_field(field_name).storage  # type: ignore[union-attr]
        stream: Any = _Stream(self.reader.chunks(inside))
        stored: str = storage.save(name, File(stream, name=name))
        self.stored.append((storage, stored))
        return stored

    def drop_files(self) -> None:
        for storage, name in self.stored:
            storage.delete(name)


class _Stream:
    """Chunks as the file that a storage reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
