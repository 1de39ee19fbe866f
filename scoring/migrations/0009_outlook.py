from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scoring", "0008_one_open_incident_of_a_kind")]

    operations: list[migrations.operations.base.Operation] = []
