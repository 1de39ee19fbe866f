from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def keep(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Everybody's address is one they sign in with, and is verified.

    It was proved by the welcome link, or given by the operator: there was no other way in.
    """
    user = apps.get_model("partners", "User")
    address = apps.get_model("account", "EmailAddress")
    kept = address.objects.values("user")
    missing = user.objects.exclude(pk__in=kept).values_list("pk", "email")
    address.objects.bulk_create(
        (
            address(user_id=pk, email=email, verified=True, primary=True)
            for pk, email in missing.iterator()
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0006_privacy"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
