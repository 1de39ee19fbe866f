"""Tampering on purpose: what somebody could do who owns the tables and drops their triggers."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection as default
from django.db.backends.base.base import BaseDatabaseWrapper

from documents import guarding


@contextmanager
def lifted(connection: BaseDatabaseWrapper = default) -> Iterator[None]:  # type: ignore[assignment]
    """The triggers are gone inside, and there again afterwards."""
    guarding.lift(connection)
    try:
        yield
    finally:
        guarding.restore(connection)
