from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scoring", "0010_plans_and_scenarios")]

    operations: list[migrations.operations.base.Operation] = []
