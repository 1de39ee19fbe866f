from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scoring", "0009_outlook")]

    operations: list[migrations.operations.base.Operation] = []
