import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0005_support_access"),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("person", models.UUIDField(unique=True)),
                ("erased_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("on_own_request", models.BooleanField(default=True)),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "erased account",
                "verbose_name_plural": "erased accounts",
                "ordering": ["-erased_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ran_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "run of the retention",
                "verbose_name_plural": "runs of the retention",
                "ordering": ["-ran_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="FirmExport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "In progress"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                            ("expired", "No longer kept"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("claimed_by", models.CharField(blank=True, max_length=60)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.TextField(blank=True, verbose_name="error")),
                (
                    "file",
                    models.FileField(
                        blank=True, max_length=200, upload_to="exports/%Y/%m", verbose_name="file"
                    ),
                ),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("size", models.PositiveBigIntegerField(null=True, verbose_name="size in bytes")),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exports",
                        to="partners.partner",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "export of a firm",
                "verbose_name_plural": "exports of firms",
                "ordering": ["-created_at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("expires_at__isnull", False),
                                ("size__isnull", False),
                                ("state", "ready"),
                                models.Q(("file", ""), _negated=True),
                            ),
                            models.Q(models.Q(("state", "ready"), _negated=True), ("file", "")),
                            _connector="OR",
                        ),
                        name="export_ready_iff_file",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=("partner",),
                        name="one_export_of_a_firm_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NamedContact",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("name", models.CharField(blank=True, max_length=200)),
                (
                    "language",
                    models.CharField(
                        choices=[("de", "German"), ("en", "English")], default="de", max_length=2
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "To be sent"),
                            ("sent", "Sent"),
                            ("failed", "Could not be sent"),
                            ("known", "Not needed"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("error", models.TextField(blank=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("objected_at", models.DateTimeField(null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="named_contacts",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact named by a firm",
                "verbose_name_plural": "contacts named by firms",
                "ordering": ["-created_at", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partner", "email"), name="an_address_is_told_once"
                    )
                ],
            },
        ),
    ]
