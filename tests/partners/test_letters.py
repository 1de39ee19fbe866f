"""What every outbox has in common; each room's tests send real letters."""

from typing import Any

import pytest

from partners import letters
from partners.letter_models import Letter
from scoring.models import Notice
from tests.factories import MembershipFactory, UserFactory


def test_a_letter_is_no_table_of_its_own() -> None:
    assert Letter._meta.abstract
    assert Notice._meta.get_field("key").unique


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "x/", "", "/" * 301])
def test_a_letter_leads_into_the_portal_only(path: str) -> None:
    with pytest.raises(ValueError, match="not a page of the portal"):
        letters.check_path(path)
    letters.check_path("/designation/")


@pytest.mark.parametrize(
    ("fact", "plain"),
    [
        (7, 7),
        ("Ada\r\nOhm", "Ada Ohm"),
        ("https://evil.example", "https: //evil.example"),
        ("x" * 121, "x" * 119 + "…"),
        ("x" * 120, "x" * 120),
    ],
)
def test_facts_are_short_and_plain(fact: Any, plain: Any) -> None:
    assert letters.plain(fact) == plain


@pytest.mark.django_db
def test_the_key_is_completed_by_the_person() -> None:
    place, person = MembershipFactory.create(), UserFactory.create()
    rows = [
        letters.addressed(Notice, to, kind="k", key="a:", data={}, path="/x/")
        for to in (place, person)
    ]
    assert [(row.key, row.person, row.partner) for row in rows] == [
        (f"a:{place.user_id}", place.user, place.partner),
        (f"a:{person.pk}", person, None),
    ]
    with pytest.raises(ValueError, match="too long"):
        letters.addressed(Notice, person, kind="k", key="x" * 165, data={}, path="/x/")
