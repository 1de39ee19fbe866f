from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperation", "0004_pairs_of_answers"),
    ]

    operations = [
        migrations.AddField(
            model_name="agreementevent",
            name="digest",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="agreementevent",
            name="erased_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="agreementevent",
            name="hash",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="agreementevent",
            name="previous_hash",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="agreementevent",
            name="salt",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="signature",
            name="network",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name="signature",
            name="shown_at",
            field=models.DateTimeField(null=True),
        ),
    ]
