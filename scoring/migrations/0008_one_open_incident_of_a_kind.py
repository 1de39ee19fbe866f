import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("scoring", "0007_claims_of_a_scoring_run")]

    operations = [
        migrations.AlterField(
            model_name="incident",
            name="portfolio",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="incidents",
                to="scoring.portfolio",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=Q(("settled_at", None)),
                fields=("portfolio", "code"),
                name="one_open_incident_of_a_kind",
            ),
        ),
    ]
