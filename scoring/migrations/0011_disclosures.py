import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_federal_state"),
        ("scoring", "0010_plans_and_scenarios"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Disclosure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("nothing", "Nothing"),
                            ("designation", "The designation"),
                            ("metric", "One metric"),
                        ],
                        max_length=20,
                        verbose_name="what is shown",
                    ),
                ),
                ("track", models.CharField(blank=True, max_length=40)),
                ("metric", models.CharField(blank=True, max_length=40)),
                (
                    "changed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="changed at"
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disclosures",
                        to="partners.partner",
                    ),
                ),
                (
                    "to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "disclosure",
                "verbose_name_plural": "disclosures",
                "ordering": ["-changed_at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to__isnull", False),
                            ("what__in", ["nothing", "designation"]),
                            _connector="OR",
                        ),
                        name="disclosure_to_everybody_is_the_designation",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("metric__gt", ""), ("track__gt", ""), ("what", "metric")),
                            models.Q(
                                models.Q(("what", "metric"), _negated=True),
                                ("metric", ""),
                                ("track", ""),
                            ),
                            _connector="OR",
                        ),
                        name="disclosure_names_its_metric",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to__isnull", True),
                            models.Q(("to", models.F("partner")), _negated=True),
                            _connector="OR",
                        ),
                        name="disclosure_to_another_firm",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="score",
            index=models.Index(fields=["partner", "-as_of", "-computed_at"], name="score_of_day"),
        ),
    ]
