from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("scoring", "0006_narrow_tables")]

    operations = [
        migrations.AddField(
            model_name="scoringrun",
            name="is_nightly",
            field=models.BooleanField(default=False, verbose_name="nightly, with a check"),
        ),
        migrations.AlterField(
            model_name="scoringrun",
            name="as_of",
            field=models.DateField(verbose_name="as of"),
        ),
        migrations.AlterField(
            model_name="scoringrun",
            name="created_at",
            field=models.DateTimeField(
                default=timezone.now, editable=False, verbose_name="started at"
            ),
        ),
        migrations.AddConstraint(
            model_name="scoringrun",
            constraint=models.UniqueConstraint(
                condition=Q(("is_nightly", True)), fields=("as_of",), name="one_nightly_run_a_day"
            ),
        ),
        migrations.AddField(
            model_name="scoringrunitem",
            name="started_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="scoringrunitem",
            name="claimed_by",
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name="scoringrunitem",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
