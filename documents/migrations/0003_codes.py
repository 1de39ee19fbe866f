import secrets

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each document from before its code, so that the next migration can make it unique."""
    document = apps.get_model("documents", "Document")
    for pk in document.objects.filter(code="").values_list("pk", flat=True).iterator():
        document.objects.filter(pk=pk).update(code=secrets.token_hex(16))


class Migration(migrations.Migration):
    dependencies = [("documents", "0002_seals")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
