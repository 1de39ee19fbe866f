from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scoring", "0012_report_lengths_and_schedule")]

    operations: list[migrations.operations.base.Operation] = []
