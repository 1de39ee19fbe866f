"""An agreement, what the firms said to each point, and the log."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.projects import CustomerProject
from cooperation.models.rule_books import RuleBook
from partners.models import Partner

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


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
        ABANDONED = "abandoned", _("Not pursued")

    class Depth(models.TextChoices):
        """How much of the rule book is asked. Going deeper keeps every answer."""

        EXPLORATORY = "exploratory", _("First talk")
        FAST_TRACK = "fast_track", _("Fast track")
        FULL = "full", _("Full checklist")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        CustomerProject, on_delete=models.PROTECT, related_name="agreements"
    )
    rule_book = models.ForeignKey(RuleBook, on_delete=models.PROTECT, related_name="agreements")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    depth = models.CharField(_("depth"), max_length=12, choices=Depth, default=Depth.FULL)
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
    in_force_at = models.DateTimeField(null=True)  # of the first version that all firms signed
    ended_on = models.DateField(null=True)  # last day on which the agreement holds
    retain_until = models.DateField(null=True)  # kept as evidence up to and including this day

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project"],
                condition=~Q(status__in=["ended", "abandoned"]),
                name="one_living_agreement",
            ),
            models.CheckConstraint(
                name="in_force_iff_dated",
                # A draft with a date is an amendment of what is in force.
                condition=Q(status__in=["draft", "signing"])
                | Q(status="abandoned", in_force_at=None)
                | Q(status__in=["in_force", "ended"], in_force_at__isnull=False),
            ),
            models.CheckConstraint(
                name="ended_iff_dated",
                condition=Q(status="ended", ended_on__isnull=False)
                | (~Q(status="ended") & Q(retain_until=None)),
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

    @property
    def is_closed(self) -> bool:
        """Nothing can be negotiated or signed any more."""
        return self.status in (self.Status.ENDED, self.Status.ABANDONED)

    @property
    def status_words(self) -> "StrOrPromise":
        """Where it stands, also while a change of what is in force is under way."""
        if not self.is_amended:
            return self.get_status_display()
        if self.is_draft:
            return _("In force, a change is negotiated")
        return _("In force, a change is being signed")

    @property
    def is_amended(self) -> bool:
        """A version is in force, and its successor is negotiated or signed."""
        return self.in_force_at is not None and self.status in (
            self.Status.DRAFT,
            self.Status.SIGNING,
        )


class PairQuerySet(models.QuerySet["Pair"]):
    def of(self, partner: Partner) -> Self:
        """Pairs that ``partner`` is one of."""
        return self.filter(Q(first=partner) | Q(second=partner))

    def visible_to(self, user: Any) -> Self:
        own = Partner.objects.of(user)
        return self.filter(Q(first__in=own) | Q(second__in=own))


class Pair(models.Model):
    """Two firms of an agreement, and what only they may know: fees, day rates.

    ``first`` stands before ``second`` in the order of the participations.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="pairs")
    first = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")

    objects = PairQuerySet.as_manager()

    class Meta:
        verbose_name = _("pair of firms")
        verbose_name_plural = _("pairs of firms")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "first", "second"], name="one_pair_of_two"
            ),
            models.CheckConstraint(
                name="pair_of_two_firms", condition=~Q(first=models.F("second"))
            ),
        ]


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
        FIRST_ROUND = "first_round", _("Same answer in the first round")
        PREVIOUS = "previous", _("From an earlier agreement of these firms")
        FRAME = "frame", _("From the frame agreement")
        PREFERENCE = "preference", _("From the firm's own preferences")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="answers")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(  # whose answer; none for a joint one
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pair = models.ForeignKey(  # of a point that is settled between two firms at a time
        Pair, on_delete=models.PROTECT, null=True, blank=True, related_name="answers"
    )
    resolution = models.CharField(max_length=20, choices=Resolution, default=Resolution.VALUE)
    value = models.JSONField(null=True, blank=True)  # canonical, see ``kinds``
    note = models.TextField(_("note"), max_length=2000, blank=True)  # why it is not applicable
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.PROPOSED)
    source = models.JSONField(default=dict, blank=True)  # what the origin is, see ``reuse.py``
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
                condition=Q(partner=None, pair=None),
                name="one_joint_answer_per_point",
            ),
            models.UniqueConstraint(
                fields=["agreement", "point_key", "partner"],
                condition=Q(partner__isnull=False, pair=None),
                name="one_answer_per_point_and_firm",
            ),
            models.UniqueConstraint(
                fields=["agreement", "point_key", "pair"],
                condition=Q(partner=None, pair__isnull=False),
                name="one_joint_answer_per_pair",
            ),
            models.UniqueConstraint(
                fields=["agreement", "point_key", "pair", "partner"],
                condition=Q(partner__isnull=False, pair__isnull=False),
                name="one_answer_per_pair_and_firm",
            ),
            models.CheckConstraint(
                name="value_unless_not_applicable",
                condition=Q(resolution="value", value__isnull=False)
                | Q(resolution="not_applicable", value__isnull=True),
            ),
            models.CheckConstraint(name="revision_from_one", condition=Q(revision__gte=1)),
        ]


class Proposal(models.Model):
    """What was said to a point at one time. Append-only: the course of a negotiation."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="proposals")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(  # whose answer; none for a joint one
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    pair = models.ForeignKey(
        Pair, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    value = models.JSONField(null=True, blank=True)  # none: does not apply
    note = models.TextField(max_length=2000, blank=True)
    origin = models.CharField(max_length=12, choices=Answer.Origin)
    source = models.JSONField(default=dict, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["agreement", "point_key"], name="proposals_of_a_point")]


class Confirmation(models.Model):
    """A firm agrees with what stands at a point now. A change of the answer deletes it."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="confirmations")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    pair = models.ForeignKey(
        Pair, on_delete=models.PROTECT, null=True, blank=True, related_name="confirmations"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "point_key", "partner"],
                condition=Q(pair=None),
                name="one_confirmation_per_firm",
            ),
            models.UniqueConstraint(
                fields=["agreement", "point_key", "pair", "partner"],
                condition=Q(pair__isnull=False),
                name="one_confirmation_per_pair_and_firm",
            ),
        ]


class TalkRequest(models.Model):
    """ "Let us talk about this": keeps a point from being agreed until it is resolved."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="talks")
    point_key = models.CharField(max_length=50)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    pair = models.ForeignKey(
        Pair, on_delete=models.PROTECT, null=True, blank=True, related_name="talks"
    )
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


class AgreementEventQuerySet(models.QuerySet["AgreementEvent"]):
    def known_to(self, partner: Partner) -> Self:
        """The log as one firm may read it: without what two other firms settle between them."""
        own = Q(pair=None) | Q(pair__first=partner) | Q(pair__second=partner)
        return self.filter(own).exclude(kind=AgreementEvent.WITHHELD)


class AgreementEvent(models.Model):
    """What happened, gap-free per agreement. Written by ``agreements.record``, never changed.

    The database refuses changes, and each event holds the hash of the one before.

    An event of a pair is read by that pair only, and even so it holds no value.
    """

    # The kind of an event that the archive of a firm held no more of than its hashes: it was not
    # told to that firm. See ``archive_tables.py``.
    WITHHELD = "withheld"

    class Kind(models.TextChoices):
        CREATED = "created", _("Agreement begun")
        INVITED = "invited", _("Firm invited")
        ACCEPTED = "accepted", _("Invitation accepted")
        INVITATION_DECLINED = "invitation_declined", _("Invitation declined")
        INVITATION_WITHDRAWN = "invitation_withdrawn", _("Invitation taken back")
        OUTSIDE_INVITED = "outside_invited", _("Firm invited by mail")
        OUTSIDE_WITHDRAWN = "outside_withdrawn", _("Invitation by mail taken back")
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
        EXPIRED = "expired", _("Signing round expired")
        IN_FORCE = "in_force", _("In force")
        DEPTH = "depth", _("Depth changed")
        BLIND_OPENED = "blind_opened", _("First round begun")
        BLIND_REVEALED = "blind_revealed", _("First round opened to all")
        REUSED = "reused", _("Answers taken over")
        AMENDMENT = "amendment", _("Amendment begun")
        AMENDMENT_DROPPED = "amendment_dropped", _("Amendment dropped")
        CONTACTS_NOTED = "contacts_noted", _("Contacts changed by a note")
        LEFT = "left", _("Firm left")
        REVIEWED = "reviewed", _("Review held")
        DISPUTE_OPENED = "dispute_opened", _("Point to settle opened")
        DISPUTE_LEVEL = "dispute_level", _("Next level called")
        DISPUTE_GUEST = "dispute_guest", _("Neutral person invited")
        DISPUTE_SETTLED = "dispute_settled", _("Point settled")
        DISPUTE_WITHDRAWN = "dispute_withdrawn", _("Point taken back")
        ENDING = "ending", _("End announced")
        ENDING_WITHDRAWN = "ending_withdrawn", _("End taken back")
        CLOSING = "closing", _("Closing list")
        ENDED = "ended", _("Ended")
        RETROSPECTIVE = "retrospective", _("Retrospective opened to all")
        ABANDONED = "abandoned", _("Not pursued")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="events")
    pair = models.ForeignKey(
        Pair, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=30, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(  # nobody: a deadline ran out
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    data = models.JSONField(default=dict)
    # The chain, see ``support.trails``; the content it is over is made by ``trail.content``.
    salt = models.CharField(max_length=64, blank=True)  # blank: erased with the content
    digest = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    erased_at = models.DateTimeField(null=True)

    objects = AgreementEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["agreement", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "seq"], name="one_event_per_number")
        ]
