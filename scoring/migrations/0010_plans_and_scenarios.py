import uuid
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0002_federal_state"),
        ("scoring", "0009_outlook"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Scenario",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name of the scenario")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                ("changes", models.JSONField(default=list)),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "changed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "made_by",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scenarios",
                        to="partners.partner",
                    ),
                ),
            ],
            options={
                "verbose_name": "scenario",
                "verbose_name_plural": "scenarios",
                "ordering": ["-changed_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="EffortWeights",
            fields=[
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="effort_weights",
                        serialize=False,
                        to="partners.partner",
                    ),
                ),
                (
                    "intermediate",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("5"),
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="one person with an intermediate certification",
                    ),
                ),
                (
                    "advanced",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("10"),
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="one person with an advanced certification",
                    ),
                ),
                (
                    "tenant",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("15"),
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="one tenant won",
                    ),
                ),
                (
                    "user",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.1"),
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="one active user gained",
                    ),
                ),
                (
                    "claim",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("1"),
                        max_digits=9,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="one claim filed",
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
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
            ],
            options={
                "verbose_name": "effort weights",
                "verbose_name_plural": "effort weights",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("advanced__gte", 0),
                            ("claim__gte", 0),
                            ("intermediate__gte", 0),
                            ("tenant__gte", 0),
                            ("user__gte", 0),
                        ),
                        name="efforts_are_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UnclaimedWork",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("customer_name", models.CharField(max_length=200, verbose_name="customer")),
                ("tenant_id", models.UUIDField(blank=True, null=True, verbose_name="tenant")),
                ("workload", models.PositiveSmallIntegerField(verbose_name="workload")),
                ("seats", models.PositiveIntegerField(verbose_name="seats")),
                ("users", models.PositiveIntegerField(verbose_name="active users")),
                (
                    "users_a_month",
                    models.PositiveIntegerField(
                        default=0, verbose_name="active users gained a month"
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "portfolio",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unclaimed_work",
                        to="scoring.portfolio",
                    ),
                ),
            ],
            options={
                "verbose_name": "unclaimed work",
                "verbose_name_plural": "unclaimed work",
                "ordering": ["-made_at", "pk"],
                "indexes": [
                    models.Index(fields=["portfolio", "closed_at"], name="unclaimed_work_of_firm")
                ],
            },
        ),
    ]
