import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("documents", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SealCertificate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("chain", models.TextField()),
                ("subject", models.CharField(max_length=300, verbose_name="subject")),
                ("not_before", models.DateTimeField(verbose_name="valid from")),
                ("not_after", models.DateTimeField(verbose_name="valid until")),
                (
                    "first_used_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="first used"
                    ),
                ),
            ],
            options={
                "verbose_name": "seal certificate",
                "verbose_name_plural": "seal certificates",
                "ordering": ["-first_used_at"],
            },
        ),
        migrations.AddField(
            model_name="document",
            name="code",
            field=models.CharField(default="", editable=False, max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="document",
            name="content_sha256",
            field=models.CharField(blank=True, db_index=True, max_length=64),
        ),
        migrations.AddField(
            model_name="document",
            name="not_before",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="document",
            name="step",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("rendering", "Being set"),
                    ("sealing", "Being sealed"),
                    ("seal", "Seal pending"),
                    ("timestamp", "Timestamp pending"),
                ],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="superseded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="document",
            name="to_seal",
            field=models.BooleanField(default=False, verbose_name="gets the portal's seal"),
        ),
        migrations.AddField(
            model_name="document",
            name="trail_hash",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="document",
            name="trail_seq",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="document",
            name="waits",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="document",
            name="sha256",
            field=models.CharField(blank=True, db_index=True, max_length=64),
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="seal",
                        serialize=False,
                        to="documents.document",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("B-B", "seal"),
                            ("B-T", "seal with timestamp"),
                            ("B-LT", "seal with timestamp and revocation data"),
                        ],
                        max_length=4,
                        verbose_name="level",
                    ),
                ),
                ("sealed_at", models.DateTimeField(verbose_name="sealed")),
                ("timestamp_at", models.DateTimeField(null=True, verbose_name="timestamp")),
                ("body_sha256", models.CharField(max_length=64)),
                ("made_with", models.JSONField()),
                (
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="documents.sealcertificate",
                    ),
                ),
            ],
            options={
                "verbose_name": "seal",
                "verbose_name_plural": "seals",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("level", "B-B"), ("timestamp_at", None)),
                            models.Q(
                                models.Q(("level", "B-B"), _negated=True),
                                ("timestamp_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="timestamp_iff_dated",
                    )
                ],
            },
        ),
    ]
