"""Points of a signed agreement that firms have to settle, with the ladder they agreed on."""

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation.models.agreements import Agreement, Pair
from cooperation.models.projects import Participation
from cooperation.models.versions import AgreementVersion, SignatureSlot
from partners.models import Membership, Partner


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, user: Any) -> Self:
        """Those of the firms involved, and the one a neutral person is invited to, in its time."""
        if not user.is_authenticated:
            return self.none()
        own = DisputeParty.objects.filter(partner__in=Partner.objects.of(user))
        guest = DisputeGuest.objects.active(timezone.now()).filter(user=user)
        return self.filter(Q(pk__in=own.values("dispute")) | Q(pk__in=guest.values("dispute")))


class Dispute(models.Model):
    """Something to settle. Level and deadline are computed from what is stored here.

    Changes only in ``disputes.py`` and ``neutral_people.py``, under the agreement's lock.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Being settled")
        SETTLED = "settled", _("Settled")
        WITHDRAWN = "withdrawn", _("Taken back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="disputes")
    version = models.ForeignKey(AgreementVersion, on_delete=models.PROTECT, related_name="+")
    point_key = models.CharField(max_length=50)
    # As signed, for lists: {"number": "5.3", "question": {"de", "en"}}.
    about = models.JSONField()
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, null=True, related_name="+")
    subject = models.CharField(_("what it is about"), max_length=200)
    description = models.TextField(_("how we see it"), max_length=5000)
    ladder = models.JSONField(default=list)  # the steps of the version, as ``ladder.agreed``
    states = models.JSONField(default=list)  # federal states of the firms on the day it was opened
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    # The proposed outcome; a new one needs everybody's word again.
    outcome = models.TextField(_("what we agreed on"), max_length=5000, blank=True)
    outcome_revision = models.PositiveIntegerField(default=0)
    outcome_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    outcome_by_partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, related_name="+"
    )
    outcome_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    told_level = models.PositiveSmallIntegerField(default=0)  # up to which level people were told

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("point to settle")
        verbose_name_plural = _("points to settle")
        ordering = ["-opened_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="dispute_closed_iff_dated",
                condition=Q(state="open", closed_at=None)
                | (~Q(state="open") & Q(closed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="settled_with_an_outcome", condition=~Q(state="settled") | ~Q(outcome="")
            ),
            models.CheckConstraint(
                name="outcome_iff_dated",
                condition=Q(
                    outcome="",
                    outcome_revision=0,
                    outcome_by=None,
                    outcome_by_partner=None,
                    outcome_at=None,
                )
                | (
                    ~Q(outcome="")
                    & Q(
                        outcome_revision__gte=1,
                        outcome_by__isnull=False,
                        outcome_by_partner__isnull=False,
                        outcome_at__isnull=False,
                    )
                ),
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class DisputeParty(models.Model):
    """A firm involved; ``agreed_revision`` is the outcome it has confirmed."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="parties")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    agreed_revision = models.PositiveIntegerField(default=0)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("firm involved")
        verbose_name_plural = _("firms involved")
        ordering = ["pk"]  # as in the signed text
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "partner"], name="one_place_per_firm_involved"
            )
        ]


class DisputeFailure(models.Model):
    """A firm declared that a level has not led to a result: the next one starts."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="failures")
    level = models.PositiveSmallIntegerField()  # from 1
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(_("reason"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("level without a result")
        verbose_name_plural = _("levels without a result")
        ordering = ["level"]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "level"], name="one_failure_per_level")
        ]


class DisputeEntry(models.Model):
    """What somebody wrote or did on the way. Never changed.

    The whole trail is here: a point between some of the firms leaves none in the common log.
    """

    class Kind(models.TextChoices):
        WRITTEN = "written", _("Written")
        FAILED = "failed", _("Level without a result")
        PROPOSED = "proposed", _("Outcome proposed")
        CONFIRMED = "confirmed", _("Outcome confirmed")
        SETTLED = "settled", _("Point settled")
        WITHDRAWN = "withdrawn", _("Point taken back")
        GUEST_INVITED = "guest_invited", _("Neutral person invited")
        GUEST_AGREED = "guest_agreed", _("Consent to a neutral person")
        GUEST_EXTENDED = "guest_extended", _("Time of a neutral person extended")
        GUEST_ENDED = "guest_ended", _("Invitation of a neutral person ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="entries")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(  # none: the neutral person
        Partner, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=14, choices=Kind, default=Kind.WRITTEN)
    text = models.TextField(_("entry"), max_length=5000, blank=True)
    data = models.JSONField(default=dict)  # number of a level, name and last day of a guest

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="entry_says_something",
                condition=~Q(kind__in=["written", "proposed"]) | ~Q(text=""),
            )
        ]


class DisputeGuestQuerySet(models.QuerySet["DisputeGuest"]):
    def active(self, now: Any) -> Self:
        """Invited, wanted by every firm involved, within the time, and neutral still.

        Who has gone to work for a firm of the agreement meanwhile reads nothing as a third person.
        """
        own = Membership.objects.active().filter(user=OuterRef("user"))
        signed = SignatureSlot.objects.filter(
            version__agreement=OuterRef(OuterRef("dispute__agreement"))
        )
        places = Participation.objects.accepted().filter(
            project=OuterRef(OuterRef("dispute__agreement__project"))
        )
        of_a_firm = own.filter(
            Q(partner__in=signed.values("partner")) | Q(partner__in=places.values("partner"))
        )
        running = self.filter(admitted_at__lte=now, until__gt=now, ended_at=None)
        return running.exclude(Exists(of_a_firm))


class DisputeGuest(models.Model):
    """A neutral person invited to this one dispute; sees nothing else of the portal's firms."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="guests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    invited_by_partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(_("may read until"))
    admitted_at = models.DateTimeField(null=True)  # every firm involved has agreed to this person
    ended_at = models.DateTimeField(null=True)

    objects = DisputeGuestQuerySet.as_manager()

    class Meta:
        verbose_name = _("neutral person")
        verbose_name_plural = _("neutral people")
        ordering = ["invited_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "user"],
                condition=Q(ended_at=None),
                name="invited_once_at_a_time",
            )
        ]


class DisputeGuestConsent(models.Model):
    """A firm involved agrees to the neutral person."""

    guest = models.ForeignKey(DisputeGuest, on_delete=models.PROTECT, related_name="consents")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("consent to a neutral person")
        verbose_name_plural = _("consents to neutral people")
        constraints = [
            models.UniqueConstraint(fields=["guest", "partner"], name="one_consent_per_firm")
        ]
