"""The role that web server and workers have on PostgreSQL: it can do its work and nothing else."""

import io
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from cooperation import signing, trail, trail_checking
from cooperation.models import AgreementEvent, AgreementVersion, SignatureSlot
from documents import jobs
from documents.models import Document
from support import guarding
from tests import blank
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import world

ROLE = "handschlag_app_of_a_test"
EVIDENCE = sorted({guard.table for guard in guarding.registered()})
NO_RIGHT = "permission denied|must be owner|must be superuser"


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def refused(statement: str) -> bool:
    """Whether the role is refused by PostgreSQL itself, before any trigger."""
    with pytest.raises(ProgrammingError, match=NO_RIGHT), transaction.atomic():
        execute(statement)
    return True


@pytest.fixture
def app_role(db: None) -> Iterator[str]:
    """The connection acts as the role until the end of the test, which takes the role with it."""
    execute(f"CREATE ROLE {ROLE}")
    call_command("grant_app_role", ROLE, stdout=io.StringIO())
    execute(f"SET LOCAL ROLE {ROLE}")
    yield ROLE
    execute("RESET ROLE")


@pytest.mark.postgres
def test_role_can_do_all_the_work(app_role: str) -> None:
    three = all_settled()
    version = signing.freeze(three.agreement.pk, **three.acting(0))
    signing.decline(version.pk, reason="Noch nicht", **three.acting(1))
    version = signed(three)
    for document in Document.objects.all():
        assert jobs.build(document.pk, blank.pdf)
    jobs.supersede(Document.objects.all(), at=timezone.now())
    trail.erase(AgreementEvent.objects.order_by("seq")[0])
    AgreementVersion.objects.filter(pk=version.pk).update(state="superseded")
    AgreementVersion.objects.select_for_update().get(pk=version.pk)
    plain = jobs.create(kind="test", task="t", language="de", title="Probe", by=None)
    plain.delete()

    report = trail_checking.check(three.agreement.pk)
    assert [finding.about for finding in report.findings] == ["version 2: state"]


@pytest.mark.postgres
@pytest.mark.parametrize("table", EVIDENCE)
def test_role_cannot_touch_evidence_or_its_triggers(app_role: str, table: str) -> None:
    assert refused(f"TRUNCATE {table} CASCADE")
    assert refused(f"ALTER TABLE {table} DISABLE TRIGGER stands")
    assert refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    assert refused(f"ALTER TABLE {table} OWNER TO {ROLE}")
    assert refused(f"DROP TRIGGER stands ON {table}")
    assert refused(f"DROP TABLE {table} CASCADE")
    assert refused(f"DROP FUNCTION {table}_stands() CASCADE")
    assert refused(
        f"CREATE OR REPLACE FUNCTION {table}_stands() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'"
    )
    assert refused("SET session_replication_role = replica")
    assert refused("CREATE TABLE public.another (id int)")
    assert refused("DELETE FROM django_migrations")
    if table == "documents_document":  # one that is not ready changes, and an unsealed one may go
        return
    assert refused(f"DELETE FROM {table}")  # noqa: S608
    column = {"documents_seal": "document_id"}.get(table, "id")
    assert refused(f"UPDATE {table} SET {column} = {column}")  # noqa: S608


@pytest.mark.postgres
def test_role_may_change_only_the_columns_that_may_change(app_role: str) -> None:
    world().freeze()

    assert refused("UPDATE cooperation_agreementversion SET payload = ''")
    assert refused("UPDATE cooperation_signature SET signer_name = 'x'")
    assert refused("UPDATE cooperation_agreementevent SET kind = 'signed'")
    assert SignatureSlot.objects.update(completed_at=timezone.now()) == 2


@pytest.mark.postgres
@pytest.mark.django_db
def test_role_that_could_allow_itself_more_is_refused() -> None:
    with pytest.raises(CommandError, match="There is no role"):
        call_command("grant_app_role", "nobody_of_a_test")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (owner,) = cursor.fetchone()
    with pytest.raises(CommandError, match="is a superuser or owns tables"):
        call_command("grant_app_role", owner)
    execute(f"CREATE ROLE {ROLE}")
    execute(f'GRANT "{owner}" TO {ROLE}')
    with pytest.raises(CommandError, match="is a superuser or owns tables"):
        call_command("grant_app_role", ROLE)


@pytest.mark.postgres
@pytest.mark.django_db
def test_what_would_be_done_can_be_read_first() -> None:
    out = io.StringIO()

    call_command("grant_app_role", "portal", "--print", stdout=out)

    lines = out.getvalue().splitlines()
    assert 'GRANT SELECT, INSERT ON "cooperation_signature" TO "portal";' in lines
    assert (
        'GRANT SELECT, INSERT, UPDATE ("completed_at") ON "cooperation_signatureslot" TO "portal";'
    ) in lines
    assert 'GRANT SELECT, INSERT, UPDATE, DELETE ON "documents_document" TO "portal";' in lines


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has roles")
def test_sqlite_has_no_roles() -> None:
    with pytest.raises(CommandError, match="Only PostgreSQL"):
        call_command("grant_app_role", "portal")
