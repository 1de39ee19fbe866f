"""Finished documents and seals in the database: nothing changes them, whichever way it comes."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.models.signals import post_migrate
from django.utils import timezone

from documents import jobs
from documents.models import Document, Seal, SealCertificate
from support import guarding
from tests import blank
from tests.evidence import lifted, ways_in
from tests.factories import UserFactory


def made(*, seal: bool = True) -> Document:
    document = jobs.create(
        kind="test",
        task="documents.tasks.sweep",
        language="de",
        title="Probe",
        by=None,
        seal=seal,
    )
    assert jobs.build(document.pk, blank.pdf)
    document.refresh_from_db()
    return document


ROWS: dict[str, Callable[[], models.Model]] = {
    "documents_document": made,
    "documents_seal": lambda: Seal.objects.get(document=made()),
    "documents_sealcertificate": lambda: SealCertificate.objects.get(pk=made().seal.certificate_id),
}


@pytest.mark.django_db
@pytest.mark.parametrize("table", ROWS)
def test_row_stands_whichever_way_somebody_comes(table: str) -> None:
    row = ROWS[table]()
    if isinstance(row, Document):
        jobs.supersede(Document.objects.filter(pk=row.pk), at=timezone.now())
        row.refresh_from_db()

    assert ways_in(row) == []
    with lifted():
        assert len(ways_in(row)) > 5  # the ways are ways


@pytest.mark.django_db
def test_document_changes_until_it_is_ready_and_an_unsealed_one_may_go() -> None:
    ordered = jobs.create(kind="test", task="t", language="de", title="Probe", by=None)
    Document.objects.filter(pk=ordered.pk).update(title="Andere", state="failed")
    ordered.refresh_from_db()
    assert ordered.title == "Andere"
    plain = made(seal=False)
    with pytest.raises(IntegrityError, match="a finished document"), transaction.atomic():
        Document.objects.filter(pk=plain.pk).update(state="queued", file="")
    plain.delete()
    assert Document.objects.get() == ordered


@pytest.mark.django_db
def test_document_is_superseded_once() -> None:
    document = made()
    rows = Document.objects.filter(pk=document.pk)

    assert jobs.supersede(rows, at=timezone.now()) == 1

    for value in (None, timezone.now()):
        with pytest.raises(IntegrityError, match="a finished document"), transaction.atomic():
            rows.update(superseded_at=value)


@pytest.mark.django_db
def test_nothing_else_of_a_document_changes_when_it_is_superseded() -> None:
    document = made()
    other = {
        models.BooleanField: False,
        models.DateTimeField: timezone.now(),
        models.ForeignKey: UserFactory.create(),
        models.PositiveIntegerField: 99,
        models.PositiveSmallIntegerField: 99,
        models.UUIDField: uuid.uuid4(),
    }
    tried = 0
    for field in Document._meta.concrete_fields:
        if field.name != "superseded_at":
            changed = {field.name: other.get(type(field), "failed"[: field.max_length])}
            with pytest.raises(IntegrityError, match="a finished document"), transaction.atomic():
                Document.objects.filter(pk=document.pk).update(
                    superseded_at=timezone.now(), **changed
                )
            tried += 1
    assert tried > 20


def evidence() -> set[str]:
    return {guard.table for guard in guarding.registered()}


@pytest.mark.django_db
def test_every_table_of_the_evidence_has_its_triggers() -> None:
    assert evidence() == {
        "cooperation_agreementannex",
        "cooperation_agreementdocument",
        "cooperation_agreementevent",
        "cooperation_agreementversion",
        "cooperation_signature",
        "cooperation_signatureslot",
        "documents_document",
        "documents_seal",
        "documents_sealcertificate",
        "partners_firmevent",
    }
    tables = {model._meta.db_table: model for model in apps.get_models()}
    for guard in guarding.registered():
        columns = {field.column for field in tables[guard.table]._meta.concrete_fields}
        assert all(set(change.columns) <= columns for change in guard.changes)
    assert guarding.lacking(connection) == []
    with lifted():
        assert set(guarding.lacking(connection)) == evidence()


@pytest.mark.django_db(transaction=True)
def test_migrations_drop_and_make_the_triggers() -> None:
    document = made()
    rows = Document.objects.filter(pk=document.pk)

    call_command("migrate", "documents", "0004", verbosity=0)

    assert {table for table in guarding.lacking(connection) if table[0] == "d"} == {*ROWS}
    rows.update(title="Andere")
    assert not any(table[0] == "c" for table in guarding.lacking(connection))
    call_command("migrate", "cooperation", "0006", verbosity=0)
    back = {table for table in evidence() if not table.startswith("partners")}
    assert set(guarding.lacking(connection)) == back

    call_command("migrate", verbosity=0)

    assert guarding.lacking(connection) == []
    with pytest.raises(IntegrityError, match="a finished document"):
        rows.update(title="Dritte")


@pytest.mark.django_db(transaction=True)
def test_table_that_a_migration_makes_anew_gets_its_triggers_back() -> None:
    """On SQLite the triggers go with the old table; on PostgreSQL the table stays."""
    document = made()
    old = Document._meta.get_field("title")
    new = models.CharField(max_length=301)
    new.set_attributes_from_name("title")
    new.model = Document
    with connection.schema_editor() as editor:
        editor.alter_field(Document, old, new, strict=True)
    lost = guarding.lacking(connection)
    assert lost == (["documents_document"] if connection.vendor == "sqlite" else [])

    _after_migrate()

    assert guarding.lacking(connection) == []
    with pytest.raises(IntegrityError, match="a finished document"):
        Document.objects.filter(pk=document.pk).update(title="Andere")
    with connection.schema_editor() as editor:
        editor.alter_field(Document, new, old, strict=True)


def _after_migrate() -> None:
    app = apps.get_app_config("documents")
    options: dict[str, Any] = {"verbosity": 0, "interactive": False, "using": "default"}
    post_migrate.send(sender=app, app_config=app, apps=apps, plan=[], **options)


@pytest.mark.postgres
@pytest.mark.django_db
def test_trigger_that_is_switched_off_or_reads_differently_is_lacking() -> None:
    for statement in (
        "ALTER TABLE documents_seal DISABLE TRIGGER stands",
        "ALTER TABLE documents_seal ENABLE TRIGGER stands",  # no longer for a replica's session
        "CREATE OR REPLACE FUNCTION documents_seal_stands() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
    ):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        assert guarding.lacking(connection) == ["documents_seal"]
        guarding.restore(connection)
        assert guarding.lacking(connection) == []


@pytest.mark.postgres
@pytest.mark.django_db
def test_session_of_a_replica_is_refused_too() -> None:
    seal = Seal.objects.get(document=made())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")

    with pytest.raises(IntegrityError, match="a seal is written once"), transaction.atomic():
        Seal.objects.filter(pk=seal.pk).update(level="B-LT")
