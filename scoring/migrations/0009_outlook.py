import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scoring", "0008_one_open_incident_of_a_kind")]

    operations = [
        migrations.CreateModel(
            name="ComputedTable",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "portfolio_id",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=20)),
                ("columns", models.BinaryField()),
                (
                    "portfolio",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="computed_tables",
                        to="scoring.portfolio",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MonthAhead",
            fields=[
                ("rule_set", models.CharField(max_length=60)),
                ("is_provable", models.BooleanField()),
                ("result", models.JSONField()),
                ("designated", models.BooleanField()),
                ("track", models.CharField(max_length=40)),
                ("qualified", models.JSONField(default=list)),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "portfolio_id",
                        "month",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.PositiveSmallIntegerField()),
                ("data_month", models.PositiveSmallIntegerField()),
                (
                    "portfolio",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="months_ahead",
                        to="scoring.portfolio",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
    ]
