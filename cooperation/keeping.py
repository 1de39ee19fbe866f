"""How long this room keeps what: rules of the retention."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperation import erasing, trail
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Answer,
    Comment,
    Confirmation,
    Notice,
    OutsideInvitation,
    Proposal,
    TalkRequest,
)
from partners.privacy.retention import YEAR, Rule


def _ended(now: datetime) -> "QuerySet[Agreement]":
    """Agreements whose time as evidence is over: the day after ``retain_until``."""
    today: date = timezone.localdate(now)
    return Agreement.objects.filter(retain_until__lt=today).filter(_says_something())


def _given_up(now: datetime) -> "QuerySet[Agreement]":
    """Agreements that nobody pursued, three years after the last step."""
    last = Agreement.objects.filter(status=Agreement.Status.ABANDONED).annotate(
        last=Max("events__at")
    )
    return last.filter(last__lte=now - 3 * YEAR).filter(_says_something())


def _says_something() -> Q:
    """A log of which an event still says what it was."""
    events = AgreementEvent.objects.filter(agreement=OuterRef("pk"), erased_at=None)
    return Q(Exists(events))


def _forget(due: "QuerySet[Any]") -> int:
    """Erase what was said; that something was agreed, between whom and when, stays provable."""
    count = 0
    for agreement in Agreement.objects.filter(pk__in=due.values("pk")).select_for_update():
        events = AgreementEvent.objects.filter(agreement=agreement, erased_at=None)
        for event in events.iterator():
            trail.erase(event)
        own = {"agreement": agreement}
        TalkRequest.objects.filter(**own).update(comment="–")
        for model in (Comment, Confirmation, Proposal, Answer):
            model._default_manager.filter(**own).delete()
        count += 1
    return count


def _settled_invitations(now: datetime) -> "QuerySet[Any]":
    """Invitations by mail, 90 days after they were accepted, taken back or ran out."""
    before = now - timedelta(days=90)
    over = Q(accepted_at__lte=before) | Q(withdrawn_at__lte=before) | Q(expires_at__lte=before)
    return OutsideInvitation.objects.filter(over)


def _old_letters(now: datetime) -> "QuerySet[Any]":
    before = now - timedelta(days=180)
    settled = Notice.objects.exclude(state=Notice.State.QUEUED).exclude(data={})
    told = settled.filter(created_at__lte=before)
    return told.exclude(data__has_key="head")


def _forget_letters(due: "QuerySet[Any]") -> int:
    return sum(erasing.forget_letter(letter) for letter in due)


def frozen_texts(now: datetime) -> "QuerySet[AgreementVersion]":
    """Texts that could go: the database does not let them, the operator has to decide."""
    return AgreementVersion.objects.filter(agreement__retain_until__lt=timezone.localdate(now))


RULES = (
    Rule(
        "ended_agreements",
        _("What was said in agreements that are evidence no longer"),
        timedelta(0),
        _ended,
        _forget,
    ),
    Rule(
        "given_up_projects",
        _("What was said in projects that nobody pursued"),
        3 * YEAR,
        _given_up,
        _forget,
    ),
    Rule(
        "outside_invitations",
        _("Invitations by mail into projects that were accepted, taken back or ran out"),
        timedelta(days=90),
        _settled_invitations,
    ),
    Rule(
        "letters",
        _("What mails about agreements said"),
        timedelta(days=180),
        _old_letters,
        _forget_letters,
    ),
)
