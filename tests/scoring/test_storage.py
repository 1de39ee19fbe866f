"""What the tables promise: narrow rows on SQLite, partitions by month on PostgreSQL."""

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from scoring import imports, scores
from scoring.models import Association, UsageMonth
from tests.factories import PartnerFactory
from tests.scoring.stage import OLD
from tests.scoring.worlds import AS_OF, Row, office_usage

WORLD = [
    Row(f"Kunde {n}", usage={"2024-02": (50, 10), "2025-01": (50, 20), "2025-02": (50, 25 + n)})
    for n in range(5)
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "table",
    [
        "scoring_usagemonth",
        "scoring_association",
        "scoring_tenantfacts",
        "scoring_contribution",
        "scoring_personcontribution",
    ],
)
def test_large_tables_have_no_row_ids_on_sqlite(table: str) -> None:
    """A migration that remakes one of them has to leave the row ids out again (see 0006)."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no such tables")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
        assert cursor.fetchone()[0].endswith("WITHOUT ROWID")


@pytest.mark.django_db
@pytest.mark.parametrize("model", [UsageMonth, Association])
def test_facts_have_no_index_but_their_key(model: type[UsageMonth | Association]) -> None:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, model._meta.db_table)
    assert [
        found["columns"] for found in constraints.values() if found["index"] or found["primary_key"]
    ] == [[field.column for field in model._meta.pk_fields]]


# As docs/setup.md tells an operator with many millions of rows to do.
PARTITION = """
ALTER TABLE scoring_usagemonth RENAME TO scoring_usagemonth_whole;
CREATE TABLE scoring_usagemonth (LIKE scoring_usagemonth_whole INCLUDING ALL)
    PARTITION BY RANGE (month);
CREATE TABLE scoring_usagemonth_2024 PARTITION OF scoring_usagemonth
    FOR VALUES FROM (2024 * 12) TO (2025 * 12);
CREATE TABLE scoring_usagemonth_rest PARTITION OF scoring_usagemonth DEFAULT;
INSERT INTO scoring_usagemonth SELECT * FROM scoring_usagemonth_whole;
DROP TABLE scoring_usagemonth_whole;
"""


@pytest.mark.postgres
@pytest.mark.django_db
def test_usage_can_be_partitioned_by_month() -> None:
    partner, other = PartnerFactory.create_batch(2)
    content = office_usage(WORLD)
    imports.run_now(other, [("usage.csv", ContentFile(content))], as_of=AS_OF)
    with connection.cursor() as cursor:
        cursor.execute(PARTITION)
    imports.run_now(partner, [("usage.csv", ContentFile(content))], as_of=AS_OF)
    changed = [
        Row(row.tenant, usage={**row.usage, "2025-02": (50, 40)}, begins_on=OLD) for row in WORLD
    ]
    imports.run_now(partner, [("usage.csv", ContentFile(office_usage(changed)))], as_of=AS_OF)
    values = [
        {
            (track.key, metric.key): metric.value
            for track in scores.compute(firm, AS_OF).tracks
            for metric in track.metrics
        }["smb", "usage_growth"]
        for firm in (other, partner)
    ]
    assert values == [sum(15 + n for n in range(5)), 5 * 30]
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM scoring_usagemonth_2024")
        assert cursor.fetchone()[0] == 10
