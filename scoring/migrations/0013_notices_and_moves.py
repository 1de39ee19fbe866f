import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_federal_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("scoring", "0012_report_lengths_and_schedule"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True)),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("data", models.JSONField(default=dict)),
                ("path", models.CharField(max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "To be sent"),
                            ("sent", "Sent"),
                            ("failed", "Could not be sent"),
                            ("dropped", "No longer needed"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="created at"
                    ),
                ),
                (
                    "not_before",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="not before"
                    ),
                ),
                ("claimed_by", models.CharField(blank=True, max_length=40)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, verbose_name="attempts"),
                ),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent at")),
                (
                    "partner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.partner",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "ordering": ["-created_at", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["not_before"],
                        name="scoring_notices_to_send",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("state", "sent")),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at", None)),
                            _connector="OR",
                        ),
                        name="scoring_notice_sent_iff_dated",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonMove",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("person_key", models.CharField(max_length=200)),
                ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("joined", "joined"),
                            ("left", "left"),
                            ("returned", "came back"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "portfolio",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="moves",
                        to="scoring.portfolio",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="scoring.partnercenterimport",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a person's belonging",
                "verbose_name_plural": "changes of people's belonging",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("portfolio", "source", "person_key"),
                        name="one_move_a_file_and_person",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderChoice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("wants", models.BooleanField(verbose_name="reminders of certificates by mail")),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="partners.partner",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "choice about reminders",
                "verbose_name_plural": "choices about reminders",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partner", "user"), name="one_reminder_choice_a_person_and_firm"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReminderStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("person_key", models.CharField(max_length=200)),
                ("certification", models.CharField(max_length=60)),
                ("completed_on", models.DateField()),
                ("expires_on", models.DateField()),
                ("days", models.PositiveSmallIntegerField()),
                ("told_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "portfolio",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scoring.portfolio",
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder of a certificate",
                "verbose_name_plural": "reminders of certificates",
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "portfolio",
                            "person_key",
                            "certification",
                            "completed_on",
                            "expires_on",
                            "days",
                        ),
                        name="one_reminder_a_step",
                    )
                ],
            },
        ),
    ]
