import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperation", "0008_methods_of_signing"),
        ("partners", "0004_invitations"),
    ]

    operations = [
        migrations.AlterField(
            model_name="agreementevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("created", "Agreement begun"),
                    ("invited", "Firm invited"),
                    ("accepted", "Invitation accepted"),
                    ("invitation_declined", "Invitation declined"),
                    ("invitation_withdrawn", "Invitation taken back"),
                    ("outside_invited", "Firm invited by mail"),
                    ("outside_withdrawn", "Invitation by mail taken back"),
                    ("proposed", "Answer proposed"),
                    ("not_applicable", "Marked as not applicable"),
                    ("confirmed", "Point confirmed"),
                    ("defaults", "Kodex defaults of a rule confirmed"),
                    ("fast_track", "In the spirit of the Kodex"),
                    ("talk", "Asked for a talk"),
                    ("talk_resolved", "Talk settled"),
                    ("frozen", "Ready to sign"),
                    ("signed", "Signed"),
                    ("declined", "Signature declined"),
                    ("withdrawn", "Signing round taken back"),
                    ("expired", "Signing round expired"),
                    ("in_force", "In force"),
                    ("depth", "Depth changed"),
                    ("blind_opened", "First round begun"),
                    ("blind_revealed", "First round opened to all"),
                    ("reused", "Answers taken over"),
                    ("amendment", "Amendment begun"),
                    ("amendment_dropped", "Amendment dropped"),
                    ("contacts_noted", "Contacts changed by a note"),
                    ("left", "Firm left"),
                    ("reviewed", "Review held"),
                    ("dispute_opened", "Point to settle opened"),
                    ("dispute_level", "Next level called"),
                    ("dispute_guest", "Neutral person invited"),
                    ("dispute_settled", "Point settled"),
                    ("dispute_withdrawn", "Point taken back"),
                    ("ending", "End announced"),
                    ("ending_withdrawn", "End taken back"),
                    ("closing", "Closing list"),
                    ("ended", "Ended"),
                    ("retrospective", "Retrospective opened to all"),
                    ("abandoned", "Not pursued"),
                ],
                max_length=30,
            ),
        ),
        migrations.CreateModel(
            name="OutsideInvitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                (
                    "language",
                    models.CharField(
                        choices=[("de", "German"), ("en", "English")],
                        default="de",
                        max_length=2,
                        verbose_name="language",
                    ),
                ),
                ("token_sha256", models.CharField(max_length=64, unique=True)),
                (
                    "invited_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="invited at"
                    ),
                ),
                (
                    "sent_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="sent at"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "role",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="role in the project"
                    ),
                ),
                ("message", models.TextField(blank=True, max_length=1000, verbose_name="message")),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "participation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cooperation.participation",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="partners.partner",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outside_invitations",
                        to="cooperation.customerproject",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation by mail",
                "verbose_name_plural": "invitations by mail",
                "ordering": ["-invited_at", "pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at", None), ("withdrawn_at", None), _connector="OR"
                        ),
                        name="outsideinvitation_settled_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at", None), ("accepted_by", None)),
                            models.Q(
                                ("accepted_at__isnull", False), ("accepted_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="outsideinvitation_accepted_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("sent_at"))),
                        name="outsideinvitation_expires_after_sending",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("withdrawn_at", None)),
                        fields=("project", "email"),
                        name="one_outside_invitation_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at", None), ("participation", None)),
                            models.Q(
                                ("accepted_at__isnull", False), ("participation__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="outside_accepted_iff_firm_named",
                    ),
                ],
            },
        ),
    ]
