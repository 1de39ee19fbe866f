from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def compute_anew(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Histories made before have no verdicts and no months to come: the sweep makes them again."""
    apps.get_model("scoring", "Portfolio").objects.exclude(history_version=0).update(
        history_version=0
    )


class Migration(migrations.Migration):
    dependencies = [("scoring", "0013_notices_and_moves")]

    operations = [migrations.RunPython(compute_anew, migrations.RunPython.noop)]
