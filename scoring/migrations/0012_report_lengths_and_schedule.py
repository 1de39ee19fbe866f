import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

LENGTHS = [("short", "One page"), ("full", "Full, with the ledger")]
LANGUAGES = [("de", "German"), ("en", "English")]


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_federal_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("scoring", "0011_disclosures"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="designationreport", name="report_once_a_score_and_language"
        ),
        migrations.AddField(
            model_name="designationreport",
            name="length",
            field=models.CharField(
                choices=LENGTHS, default="full", max_length=5, verbose_name="length"
            ),
        ),
        migrations.AddField(
            model_name="designationreport",
            name="since",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="scoring.score",
            ),
        ),
        migrations.AddField(
            model_name="designationreport",
            name="snapshot",
            field=models.JSONField(default=dict),
        ),
        migrations.AddConstraint(
            model_name="designationreport",
            constraint=models.UniqueConstraint(
                fields=("score", "language", "length"),
                name="report_once_a_score_language_and_length",
            ),
        ),
        migrations.CreateModel(
            name="ReportSubscription",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "language",
                    models.CharField(choices=LANGUAGES, max_length=2, verbose_name="language"),
                ),
                (
                    "length",
                    models.CharField(choices=LENGTHS, max_length=5, verbose_name="length"),
                ),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_subscriptions",
                        to="partners.membership",
                    ),
                ),
            ],
            options={
                "verbose_name": "subscription of a report",
                "verbose_name_plural": "subscriptions of reports",
                "ordering": ["membership__user__name", "length", "language", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("membership", "language", "length"),
                        name="one_subscription_of_a_report",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MonthlyReport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("month", models.PositiveSmallIntegerField(verbose_name="month")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="monthly_reports",
                        to="partners.partner",
                    ),
                ),
                (
                    "reports",
                    models.ManyToManyField(related_name="monthly", to="scoring.designationreport"),
                ),
                (
                    "score",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scoring.score",
                    ),
                ),
            ],
            options={
                "verbose_name": "monthly report",
                "verbose_name_plural": "monthly reports",
                "ordering": ["-month", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partner", "month"), name="one_monthly_report_of_a_month"
                    )
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at", None)),
                        fields=["created_at"],
                        name="monthly_reports_untold",
                    )
                ],
            },
        ),
    ]
