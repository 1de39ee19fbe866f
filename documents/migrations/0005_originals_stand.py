"""From here on the tables of the evidence stand.

The triggers are made after the migrations, from ``guards.py`` and whenever one is missing: a
migration that alters one of these tables on SQLite makes it anew, and its triggers go with the old
one. So there is nothing to do forwards; backwards they are dropped.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES = [
    "documents_document",
    "documents_seal",
    "documents_sealcertificate",
]


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table in TABLES:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{table}_stands_update"')
            schema_editor.execute(f'DROP TRIGGER IF EXISTS "{table}_stands_delete"')
        else:
            schema_editor.execute(f'DROP TRIGGER IF EXISTS stands ON "{table}"')
            schema_editor.execute(f'DROP TRIGGER IF EXISTS stands_whole ON "{table}"')
            schema_editor.execute(f'DROP FUNCTION IF EXISTS "{table}_stands"()')


class Migration(migrations.Migration):
    dependencies = [("documents", "0004_codes_are_unique")]
    operations = [migrations.RunPython(migrations.RunPython.noop, drop)]
