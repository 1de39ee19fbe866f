"""Who may open the pages of a rule book: everybody. Columns as in ``tests/test_access.py``."""

import pytest
from django.test import Client
from django.urls import reverse

from cooperation import checklist_pdf, rule_books
from partners.models import Membership, User
from tests.cooperation import books
from tests.cooperation.access import WHO
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

OPEN = (200,) * 10
ACCESS: dict[str, tuple[str, tuple[int, ...]]] = {
    "cooperation:rule_book": ("get", OPEN),
    "cooperation:rule_book_checklist": ("get", OPEN),
    "cooperation:rule_book_checklist_status": ("get", OPEN),
}


def people() -> dict[str, User]:
    two = world()
    firm, other = two.firms
    found = {
        "manager": member(firm, "manager", "signer"),
        "lead": member(firm, "lead"),
        "observer": member(firm, "observer"),
        "signer_b": member(other, "signer"),
        "invited": member(PartnerFactory.create(), "manager"),
        "stranger": member(PartnerFactory.create(), "admin", "manager", "signer"),
        "former": member(firm, "admin", "manager", "signer"),
        "loner": UserFactory.create(),
        "operator": UserFactory.create(is_staff=True, is_superuser=True),
    }
    Membership.objects.filter(user=found["former"]).update(left_at="2035-01-01T00:00Z")
    return found


def test_access() -> None:
    row = books.load(books.NORDPAKT)
    checklist_pdf.ensure(row)
    checklist_pdf.ensure(rule_books.load_packaged())
    everybody = people()
    table = {}
    for name, (method, _expected) in ACCESS.items():
        arguments = [row.key, row.version, *([] if name.endswith("rule_book") else ["short"])]
        url, told = reverse(name, args=arguments), []
        for who in WHO:
            client = Client()
            if who != "nobody":
                client.force_login(everybody[who])
            told.append(getattr(client, method)(url).status_code)
            assert client.post(url).status_code == 405
        table[name] = (method, tuple(told))
    assert table == ACCESS


@pytest.mark.parametrize("version", ["9.9", "1.0%20", "%3Cb%3E", "1%E2%80%AE", "%00", "x" * 500])
def test_unknown_version_is_not_found(version: str) -> None:
    books.load(books.NORDPAKT)
    for more in ("", "checkliste/full/", "checkliste/full/stand/"):
        url = f"/regelwerk/nordpakt/{version}/{more}"
        assert Client().get(url).status_code == 404
