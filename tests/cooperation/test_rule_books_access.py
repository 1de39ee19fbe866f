"""Versions of a rule book that there are not."""

import pytest
from django.test import Client

from tests.cooperation import books

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("version", ["9.9", "1.0%20", "%3Cb%3E", "1%E2%80%AE", "%00", "x" * 500])
def test_unknown_version_is_not_found(version: str) -> None:
    books.load(books.NORDPAKT)
    for more in ("", "checkliste/full/", "checkliste/full/stand/"):
        url = f"/regelwerk/nordpakt/{version}/{more}"
        assert Client().get(url).status_code == 404
