"""The administration: each of its addresses, whatever it registers, for operators only."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from partners.models import User
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
SIGNING_IN = {"admin:login", "admin:logout"}


def names(resolver: URLResolver) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from names(entry)
        elif entry.name:
            yield f"admin:{entry.name}", entry


def urls() -> dict[str, str]:
    """Every address of the administration, with made-up ids."""
    (site,) = (
        entry
        for entry in get_resolver().url_patterns
        if isinstance(entry, URLResolver) and entry.app_name == "admin"
    )
    found = {}
    words = {"object_id": str(uuid4()), "app_label": "partners", "url": "x", "content_type_id": 1}
    for name, pattern in names(site):
        keys = pattern.pattern.converters or pattern.pattern.regex.groupindex
        try:
            found[name] = reverse(name, kwargs={key: words.get(key, uuid4()) for key in keys})
        except NoReverseMatch:  # leads on from the addresses of an old Django
            continue
    return found


def people() -> dict[str, User]:
    firm = PartnerFactory.create()
    return {
        "everything in a firm": member(firm, "admin", "manager", "lead", "specialist", "signer"),
        "no firm": UserFactory.create(),
        "staff no longer active": UserFactory.create(is_staff=True, is_active=False),
    }


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_but_operators_gets_in(method: str) -> None:
    everybody = people()
    addresses = urls()
    told = {}
    for name, url in addresses.items():
        if name in SIGNING_IN:
            continue
        for who in (*everybody, "nobody"):
            client = Client()
            if who in everybody:
                client.force_login(everybody[who])
            status = getattr(client, method)(url).status_code
            if status not in {302, 403}:
                told[name, who] = status
    assert told == {}
    assert len(addresses) > 20


def test_operators_get_in() -> None:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    assert client.get(reverse("admin:index")).status_code == 200


def test_every_list_of_the_administration_is_among_them() -> None:
    lists = {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        for model in admin.site._registry
    }
    assert lists - {*urls()} == set()
