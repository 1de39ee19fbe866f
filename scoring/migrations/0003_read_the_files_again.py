"""Facts and scores get other tables. All that they hold follows from the files, which are kept:
so they are emptied, and every file that had been imported is queued to be read again, in order.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def queue_again(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    reports = apps.get_model("scoring", "DesignationReport").objects.all()
    documents = list(reports.values_list("document_id", flat=True))
    reports.delete()
    apps.get_model("documents", "Document").objects.filter(pk__in=documents).delete()
    for name in (
        "LedgerEntry",
        "Score",
        "UsageMonth",
        "Association",
        "MonthOfData",
        "Certificate",
        "Tenant",
        "Portfolio",
    ):
        apps.get_model("scoring", name).objects.all().delete()
    apps.get_model("scoring", "PartnerCenterImport").objects.filter(
        state__in=["done", "running"]
    ).update(state="queued", finished_at=None, planned_at=None, claimed_by="", attempts=0)


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0001_initial"),
        ("scoring", "0002_designation_report"),
    ]

    operations = [migrations.RunPython(queue_again, migrations.RunPython.noop)]
