"""Customer projects, their agreements, and what the firms said to each point."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from documents.models import Document
from partners.models import Partner


class RuleBook(models.Model):
    """One version of a rule book. Never changes: agreements are made under it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(_("key"), max_length=50)
    version = models.CharField(_("version"), max_length=40)
    content = models.JSONField(_("content"))  # as ``rule_books.build`` takes it
    sha256 = models.CharField(max_length=64)  # of the content as RFC 8785 canonical JSON
    loaded_at = models.DateTimeField(_("loaded at"), default=timezone.now)

    class Meta:
        verbose_name = _("rule book")
        verbose_name_plural = _("rule books")
        constraints = [
            models.UniqueConstraint(fields=["key", "version"], name="one_rule_book_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


# ---- Projects and who takes part ---------------------------------------------------------------


class CustomerProjectQuerySet(models.QuerySet["CustomerProject"]):
    def visible_to(self, user: Any) -> Self:
        """Projects of firms that take part and that ``user`` belongs to.

        A firm that was invited and has not accepted sees its ``Participation`` only.
        """
        own = Participation.objects.accepted().filter(partner__in=Partner.objects.of(user))
        return self.filter(pk__in=own.values("project"))


class CustomerProject(models.Model):
    """A shared project for one customer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("project"), max_length=200)
    customer_name = models.CharField(_("customer"), max_length=200)
    customer_is_alias = models.BooleanField(_("the customer's name is an alias"), default=False)
    description = models.TextField(_("what it is about"), max_length=5000, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CustomerProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer project")
        verbose_name_plural = _("customer projects")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="project_and_customer_named", condition=~Q(name="") & ~Q(customer_name="")
            )
        ]

    def __str__(self) -> str:
        return self.name


class ParticipationQuerySet(models.QuerySet["Participation"]):
    def accepted(self) -> Self:
        return self.filter(state=Participation.State.ACCEPTED)

    def invited(self) -> Self:
        return self.filter(state=Participation.State.INVITED)

    def visible_to(self, user: Any) -> Self:
        """Invitations to the user's firms, and everybody in projects that they take part in.

        Who declined, or whose invitation was taken back, sees nothing any more.
        """
        own = Partner.objects.of(user)
        projects = Participation.objects.accepted().filter(partner__in=own).values("project")
        return self.filter(
            Q(project__in=projects) | Q(partner__in=own, state=Participation.State.INVITED)
        )


class Participation(models.Model):
    """A firm's place in a project. ``state`` changes only in ``projects.py``."""

    class State(models.TextChoices):
        INVITED = "invited", _("Invited")
        ACCEPTED = "accepted", _("Takes part")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Invitation taken back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        CustomerProject, on_delete=models.PROTECT, related_name="participations"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="participations")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.INVITED)
    role = models.CharField(_("role in the project"), max_length=200, blank=True)
    message = models.TextField(_("message"), max_length=1000, blank=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    responded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    responded_at = models.DateTimeField(null=True)
    position = models.PositiveSmallIntegerField()  # order of the firms: as they were invited

    objects = ParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = _("participation")
        verbose_name_plural = _("participations")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["project", "partner"], name="one_place_per_firm"),
            models.UniqueConstraint(fields=["project", "position"], name="one_firm_per_position"),
            models.CheckConstraint(
                name="answered_iff_dated",
                condition=(
                    Q(state="invited", responded_at=None, responded_by=None)
                    | (
                        ~Q(state="invited")
                        & Q(responded_at__isnull=False, responded_by__isnull=False)
                    )
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} ({self.get_state_display()})"


# ---- The agreement -----------------------------------------------------------------------------


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def visible_to(self, user: Any) -> Self:
        """Agreements of the projects ``user`` takes part in; all others are a 404."""
        return self.filter(project__in=CustomerProject.objects.visible_to(user))


class Agreement(models.Model):
    """What the firms of a project agree on. ``status`` changes only in ``signing.py``.

    Every verb locks this row first, so answers and parties stand still under its checks.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("In negotiation")
        SIGNING = "signing", _("Being signed")
        IN_FORCE = "in_force", _("In force")
        ENDED = "ended", _("Ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        CustomerProject, on_delete=models.PROTECT, related_name="agreements"
    )
    rule_book = models.ForeignKey(RuleBook, on_delete=models.PROTECT, related_name="agreements")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    # "Wir machen es im Sinne vom Kodex": who said it first, and for which firm.
    fast_track = models.BooleanField(default=False)
    fast_track_at = models.DateTimeField(null=True)
    fast_track_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    fast_track_partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    in_force_at = models.DateTimeField(null=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"], condition=~Q(status="ended"), name="one_living_agreement"
            ),
            models.CheckConstraint(
                name="in_force_iff_dated",
                condition=Q(status__in=["draft", "signing"], in_force_at=None)
                | Q(status__in=["in_force", "ended"], in_force_at__isnull=False),
            ),
            models.CheckConstraint(
                name="fast_track_iff_dated",
                condition=Q(
                    fast_track=True,
                    fast_track_at__isnull=False,
                    fast_track_by__isnull=False,
                    fast_track_partner__isnull=False,
                )
                | Q(
                    fast_track=False,
                    fast_track_at=None,
                    fast_track_by=None,
                    fast_track_partner=None,
                ),
            ),
        ]

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT


class Answer(models.Model):
    """What was said to one point, jointly or by one firm. Changes only in ``answers.py``.

    ``revision`` grows with every change, so that a form made from an older one is noticed.
    """

    class Resolution(models.TextChoices):
        VALUE = "value", _("Answered")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")

    class Origin(models.TextChoices):
        DEFAULT = "default", _("Kodex default")
        PROPOSED = "proposed", _("Own proposal")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="answers")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(  # whose answer; none for a joint one
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    resolution = models.CharField(max_length=20, choices=Resolution, default=Resolution.VALUE)
    value = models.JSONField(null=True, blank=True)  # canonical, see ``kinds``
    note = models.TextField(_("note"), max_length=2000, blank=True)  # why it is not applicable
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PROPOSED)
    revision = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    updated_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "point_key"],
                condition=Q(partner=None),
                name="one_joint_answer_per_point",
            ),
            models.UniqueConstraint(
                fields=["agreement", "point_key", "partner"],
                condition=Q(partner__isnull=False),
                name="one_answer_per_point_and_firm",
            ),
            models.CheckConstraint(
                name="value_unless_not_applicable",
                condition=Q(resolution="value", value__isnull=False)
                | Q(resolution="not_applicable", value__isnull=True),
            ),
            models.CheckConstraint(name="revision_from_one", condition=Q(revision__gte=1)),
        ]


class Confirmation(models.Model):
    """A firm agrees with what stands at a point now. A change of the answer deletes it."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="confirmations")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "point_key", "partner"], name="one_confirmation_per_firm"
            )
        ]


class TalkRequest(models.Model):
    """ "Let us talk about this": keeps a point from being agreed until it is resolved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="talks")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    comment = models.TextField(_("what we would like to talk about"), max_length=2000)
    at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("request to talk")
        verbose_name_plural = _("requests to talk")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="talk_resolved_iff_dated",
                condition=Q(resolved_at=None, resolved_by=None)
                | Q(resolved_at__isnull=False, resolved_by__isnull=False),
            ),
            models.CheckConstraint(name="talk_says_why", condition=~Q(comment="")),
        ]


class AgreementEvent(models.Model):
    """What happened, gap-free per agreement. Written by ``events.record``, never changed."""

    class Kind(models.TextChoices):
        CREATED = "created", _("Agreement begun")
        INVITED = "invited", _("Firm invited")
        ACCEPTED = "accepted", _("Invitation accepted")
        INVITATION_DECLINED = "invitation_declined", _("Invitation declined")
        INVITATION_WITHDRAWN = "invitation_withdrawn", _("Invitation taken back")
        PROPOSED = "proposed", _("Answer proposed")
        NOT_APPLICABLE = "not_applicable", _("Marked as not applicable")
        CONFIRMED = "confirmed", _("Point confirmed")
        DEFAULTS = "defaults", _("Kodex defaults of a rule confirmed")
        FAST_TRACK = "fast_track", _("In the spirit of the Kodex")
        TALK = "talk", _("Asked for a talk")
        TALK_RESOLVED = "talk_resolved", _("Talk settled")
        FROZEN = "frozen", _("Ready to sign")
        SIGNED = "signed", _("Signed")
        DECLINED = "declined", _("Signature declined")
        WITHDRAWN = "withdrawn", _("Signing round taken back")
        IN_FORCE = "in_force", _("In force")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["agreement", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "seq"], name="one_event_per_number")
        ]


# ---- Versions and signatures -------------------------------------------------------------------


class AgreementVersionQuerySet(models.QuerySet["AgreementVersion"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(agreement__in=Agreement.objects.visible_to(user))


class AgreementVersion(models.Model):
    """A frozen agreement: the exact bytes everybody signs. ``state`` changes in ``signing.py``."""

    class State(models.TextChoices):
        SIGNING = "signing", _("Being signed")
        IN_FORCE = "in_force", _("In force")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Taken back")
        SUPERSEDED = "superseded", _("Replaced by a later version")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    payload = models.BinaryField()  # RFC 8785 canonical JSON, see ``frozen.py``
    sha256 = models.CharField(max_length=64, validators=[MinLengthValidator(64)])
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SIGNING)
    frozen_at = models.DateTimeField(default=timezone.now)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    frozen_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    in_force_at = models.DateTimeField(null=True)
    # Who declined or took the round back, for which firm, and why.
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_by_partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(_("reason"), max_length=2000, blank=True)

    objects = AgreementVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement version")
        verbose_name_plural = _("agreement versions")
        ordering = ["agreement", "number"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="one_version_per_number"),
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="signing"), name="one_round_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["agreement"], condition=Q(state="in_force"), name="one_version_in_force"
            ),
            models.CheckConstraint(
                name="version_in_force_iff_dated",
                condition=Q(state__in=["in_force", "superseded"], in_force_at__isnull=False)
                | (~Q(state__in=["in_force", "superseded"]) & Q(in_force_at=None)),
            ),
            models.CheckConstraint(
                name="round_closed_iff_dated",
                condition=Q(
                    state__in=["declined", "withdrawn"],
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    closed_by_partner__isnull=False,
                )
                | (
                    ~Q(state__in=["declined", "withdrawn"])
                    & Q(closed_at=None, closed_by=None, closed_by_partner=None)
                ),
            ),
            models.CheckConstraint(
                name="decline_has_reason", condition=~Q(state="declined") | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} v{self.number}"


class SignatureSlot(models.Model):
    """The place where one firm signs a version, with one or two people."""

    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="slots")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()  # order of the firms, as in the text
    needed = models.PositiveSmallIntegerField()  # from the firm's signing rule at the freeze
    completed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("place to sign")
        verbose_name_plural = _("places to sign")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["version", "partner"], name="one_slot_per_firm"),
            models.CheckConstraint(name="one_or_two_signatures", condition=Q(needed__in=[1, 2])),
        ]

    @property
    def is_open(self) -> bool:
        return self.completed_at is None


class Signature(models.Model):
    """A person signed for a firm. Copies what must not change with the person or the firm."""

    class Method(models.TextChoices):
        PASSWORD = "password", _("Password entered again")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slot = models.ForeignKey(SignatureSlot, on_delete=models.PROTECT, related_name="signatures")
    position = models.PositiveSmallIntegerField()  # first or second of the firm
    signer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="signatures"
    )
    signer_name = models.CharField(max_length=200)
    signer_title = models.CharField(max_length=120, blank=True)
    partner_legal_name = models.CharField(max_length=200)
    payload_sha256 = models.CharField(max_length=64)
    signed_at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=20, choices=Method, default=Method.PASSWORD)
    intent = models.TextField()  # the sentence the person agreed to, in ``language``
    language = models.CharField(max_length=2)

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        ordering = ["slot", "position"]
        constraints = [
            models.UniqueConstraint(fields=["slot", "signer"], name="one_signature_per_person"),
            models.UniqueConstraint(fields=["slot", "position"], name="one_signature_per_place"),
            models.CheckConstraint(
                name="first_or_second_signature", condition=Q(position__in=[1, 2])
            ),
        ]


class AgreementDocument(models.Model):
    """A PDF of a version in one language."""

    version = models.ForeignKey(
        AgreementVersion, on_delete=models.PROTECT, related_name="documents"
    )
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("agreement document")
        verbose_name_plural = _("agreement documents")
        constraints = [
            models.UniqueConstraint(fields=["version", "language"], name="one_pdf_per_language")
        ]


class BlankChecklist(models.Model):
    """The checklist to print and fill in by hand: one PDF per rule book, language and length."""

    class Length(models.TextChoices):
        SHORT = "short", _("Short list")
        FULL = "full", _("Full checklist")

    rule_book = models.ForeignKey(RuleBook, on_delete=models.PROTECT, related_name="checklists")
    language = models.CharField(max_length=2, choices=settings.LANGUAGES)
    length = models.CharField(max_length=10, choices=Length)
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("blank checklist")
        verbose_name_plural = _("blank checklists")
        constraints = [
            models.UniqueConstraint(
                fields=["rule_book", "language", "length"], name="one_checklist_per_length"
            )
        ]
