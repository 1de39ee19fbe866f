"""Databases of the benchmark's own: made for a run, dropped after it, filled from a cache if asked.

The settings take their database from DATABASE_URL, so each is measured in a process of its own.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
# What a filled database follows from, beside the seed and the size.
SOURCES = (
    "bench/scoring/worlds.py",
    "bench/scoring/filling.py",
    "bench/scoring/peers/conventional.py",
    "*/migrations/*.py",
    "scoring/rule_sets/*.toml",
)


@dataclass(frozen=True, slots=True)
class Database:
    vendor: str  # sqlite or postgres
    url: str
    folder: Path  # HANDSCHLAG_VAR: the files kept beside the database
    is_filled: bool  # from the cache

    def environment(self) -> Mapping[str, str]:
        """For a process that works on this database."""
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "HANDSCHLAG_VAR": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LOG_LEVEL": "ERROR",
        }


def fingerprint(*parts: object) -> str:
    """Names a filled database: another one for other parts, migrations, rules or generator."""
    digest = hashlib.sha256(repr(parts).encode())
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Maker:
    """Makes the databases of one run; ``cache`` is a folder that outlives it, or None."""

    def __init__(self, scratch: Path, cache: Path | None, server: str, name: str) -> None:
        self.scratch, self.cache, self.server, self.name = scratch, cache, server, name

    @contextmanager
    def database(self, vendor: str) -> Iterator[Database]:
        """An empty database, or one filled from the cache; gone after the block."""
        folder = self.scratch / vendor
        folder.mkdir()
        files = self.cache / f"{vendor}-{self.name}-files" if self.cache else None
        try:
            if vendor == "sqlite":
                yield self._sqlite(folder, files)
            else:
                with self._postgres(folder, files) as database:
                    yield database
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, database: Database) -> None:
        """Put a database that has just been filled into the cache. No process may have it open."""
        if self.cache is None:
            return
        files = self.cache / f"{database.vendor}-{self.name}-files"
        shutil.rmtree(files, ignore_errors=True)
        self.cache.mkdir(parents=True, exist_ok=True)
        if database.vendor == "sqlite":
            shutil.copytree(database.folder, files)
            return
        shutil.copytree(database.folder, files)
        with self._connect() as connection:
            own, kept = (sql.Identifier(name) for name in (self._own, self._kept))
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(kept))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(kept, own))

    def _sqlite(self, folder: Path, files: Path | None) -> Database:
        is_filled = files is not None and files.exists()
        if files is not None and is_filled:
            shutil.copytree(files, folder, dirs_exist_ok=True)
        return Database("sqlite", f"sqlite:///{folder / 'db.sqlite3'}", folder, is_filled)

    # -- PostgreSQL --

    @property
    def _own(self) -> str:
        return f"handschlag_bench_{os.getpid()}"

    @property
    def _kept(self) -> str:
        return f"handschlag_bench_cache_{self.name}"

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.server, autocommit=True)

    @contextmanager
    def _postgres(self, folder: Path, files: Path | None) -> Iterator[Database]:
        own, kept = sql.Identifier(self._own), sql.Identifier(self._kept)
        with self._connect() as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [self._kept]
            ).fetchone()
            is_filled = files is not None and files.exists() and found is not None
            if files is not None and is_filled:
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(own, kept))
                shutil.copytree(files, folder, dirs_exist_ok=True)
            else:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(own))
        parts = urlsplit(self.server)
        url = urlunsplit(parts._replace(path=f"/{self._own}"))
        try:
            yield Database("postgres", url, folder, is_filled)
        finally:
            with suppress(psycopg.Error), self._connect() as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(own))
