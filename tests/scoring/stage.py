"""A firm with people and imported files, ready to be looked at in the tests of the pages."""

from datetime import date
from typing import Any

from django.core.files.base import ContentFile

from partners.models import Partner
from scoring import imports, rule_sets, scores
from scoring.models import PartnerCenterImport, Score
from scoring.people import Certificate
from tests.scoring.worlds import AS_OF, Row, office_usage, training

OLD = date(2023, 1, 15)
PEOPLE = [
    Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 1, 31), date(2026, 1, 31)),
    Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)),
    Certificate("mcp:2", "Bo Ek", "", "MS-700", date(2023, 1, 31), date(2024, 1, 31)),
]


def tenants(count: int) -> list[Row]:
    """``count`` tenants of fifty seats that are new in SMB, and grow from 2 to 25 users."""
    return [
        Row(f"Kunde {n:03d}", usage={"2024-02": (9, 2), "2025-02": (50, 25)}, begins_on=OLD)
        for n in range(count)
    ]


def hand_in(
    partner: Partner, content: bytes, name: str = "usage.csv", **options: Any
) -> PartnerCenterImport:
    """Upload one file and let the worker read it."""
    row = imports.create(partner, ContentFile(content, name=name), **options)
    imports.run(row.pk)
    row.refresh_from_db()
    return row


def body(response: Any) -> bytes:
    """The bytes of a page or a download; a stream has to be read to its end to be closed."""
    return b"".join(response) if response.streaming else response.content


def stored_score(
    partner: Partner,
    rows: list[Row] | None = None,
    people: list[Certificate] | None = None,
    *,
    as_of: date = AS_OF,
) -> Score:
    """A score under the 2023 rules, from these tenants (three) and people (two)."""
    rows = tenants(3) if rows is None else rows
    if rows:
        hand_in(partner, office_usage(rows))
    certificates = PEOPLE if people is None else people
    if certificates:
        hand_in(partner, training(certificates), name="people.csv")
    return scores.compute(partner, as_of, rule_sets.get("modern-work-2023"))
