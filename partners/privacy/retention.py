"""How long each kind of data is kept: rules that a nightly job applies, and a report before.

A rule says which rows are over at an instant and what becomes of them. Rooms add theirs.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailConfirmation
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partners import firm_log
from partners.models import (
    Erasure,
    FirmEvent,
    FirmExport,
    Invitation,
    Membership,
    NamedContact,
    Registration,
    RetentionRun,
    SupportAccess,
    SupportVisit,
    User,
)
from partners.people import NotPossible
from partners.privacy import archive_jobs, erasure, mentions

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

logger = logging.getLogger(__name__)

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Rule:
    """``due``: the rows whose time is over at an instant. ``apply`` ends them, one transaction a
    row or for all; it returns how many it ended. Without it they are deleted.
    """

    key: str
    what: "StrOrPromise"
    kept: timedelta
    due: Callable[[datetime], "models.QuerySet[Any]"]
    apply: Callable[["models.QuerySet[Any]"], int] | None = None


_rules: list[Rule] = []


def register(rules: Sequence[Rule]) -> None:
    _rules.extend(rule for rule in rules if rule not in _rules)


def rules() -> list[Rule]:
    return list(_rules)


def report(now: datetime | None = None) -> dict[str, int]:
    """How many rows each rule would end. Reads only."""
    at = now or timezone.now()
    return {rule.key: rule.due(at).count() for rule in rules()}


def run(now: datetime | None = None) -> RetentionRun:
    """Apply all rules. One that fails, counted as -1, leaves the others their night."""
    at = now or timezone.now()
    counts: dict[str, int] = {}
    for rule in rules():
        try:
            counts[rule.key] = _apply(rule, at)
        except Exception:
            logger.exception("the retention rule %s failed", rule.key)
            counts[rule.key] = -1
    return RetentionRun.objects.create(ran_at=at, counts=counts)


def _apply(rule: Rule, at: datetime) -> int:
    with transaction.atomic():
        due = rule.due(at)
        if rule.apply is not None:
            return rule.apply(due)
        deleted: Mapping[str, int] = due.delete()[1]
        return deleted.get(due.model._meta.label, 0)


# ---- This room -----------------------------------------------------------------------------------


def _older(manager: Any, path: str, kept: timedelta, **more: Any) -> Callable[[datetime], Any]:
    """Rows whose instant at ``path`` lies at least ``kept`` back."""
    return lambda now: manager.filter(**{f"{path}__lte": now - kept}, **more)


def _sessions_of_nobody(now: datetime) -> "models.QuerySet[Any]":
    """What is noted of sessions (network address, browser) that are over."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    found: models.QuerySet[Any] = UserSession.objects.filter(~Exists(alive))
    return found


def _settled_invitations(now: datetime) -> "models.QuerySet[Any]":
    before = now - timedelta(days=90)
    over = Q(accepted_at__lte=before) | Q(withdrawn_at__lte=before) | Q(expires_at__lte=before)
    return Invitation.objects.filter(over)


def _unused_accounts(now: datetime) -> "models.QuerySet[Any]":
    """Accounts of nobody's, unused for a year: the last membership over as long as that."""
    before = now - YEAR
    place = Membership.objects.filter(user=OuterRef("pk"))
    recent = place.filter(Q(left_at=None, partner__is_active=True) | Q(left_at__gt=before))
    erased = Erasure.objects.filter(person=OuterRef("pk"))
    return User.objects.filter(
        ~Exists(recent),
        ~Exists(erased),
        Q(last_login=None) | Q(last_login__lte=before),
        joined_at__lte=before,
        is_staff=False,
    ).exclude(email__endswith="@imported.invalid")


def _erase_accounts(due: "models.QuerySet[Any]") -> int:
    count = 0
    for user in due:
        try:
            with transaction.atomic():
                erasure.erase(user, by=None, on_own_request=False)
        except NotPossible as error:  # an open round; the next night asks again
            logger.info("account %s is kept: %s", user.pk, error)
        else:
            count += 1
    return count


def _expire_exports(due: "models.QuerySet[Any]") -> int:
    return sum(archive_jobs.expire(pk) for pk in list(due.values_list("pk", flat=True)))


def _erase_names(due: "models.QuerySet[Any]") -> int:
    return sum(firm_log.erase(event) for event in due.iterator())


def _unnamed_contacts(now: datetime) -> "models.QuerySet[Any]":
    """Contacts that no firm names any more. Who objected stays: nobody names them again."""
    named = {(each.partner, each.email) for each in mentions.listed()}
    rows = NamedContact.objects.filter(objected_at=None, created_at__lte=now - timedelta(days=1))
    over = [
        pk
        for pk, partner, email in rows.values_list("pk", "partner", "email")
        if (partner, email) not in named
    ]
    return NamedContact.objects.filter(pk__in=over)


THREE_YEARS = 3 * YEAR

register(
    [
        Rule(
            "sessions",
            _("Sessions that are over"),
            timedelta(0),
            _older(Session.objects, "expire_date", timedelta(0)),
        ),
        Rule(
            "user_sessions",
            _("Network addresses and browsers of sessions that are over"),
            timedelta(0),
            _sessions_of_nobody,
        ),
        Rule(
            "confirmations",
            _("Codes and links that proved an address"),
            timedelta(days=3),
            _older(EmailConfirmation.objects, "created", timedelta(days=3)),
        ),
        Rule(
            "invitations",
            _("Invitations that were accepted, taken back or ran out"),
            timedelta(days=90),
            _settled_invitations,
        ),
        Rule(
            "registrations",
            _("Registrations that were decided, or that nobody decided"),
            timedelta(days=90),
            _older(Registration.objects, "registered_at", timedelta(days=90)),
        ),
        Rule(
            "export_files",
            _("Files of exports"),
            timedelta(days=7),
            _older(FirmExport.objects, "expires_at", timedelta(0), state="ready"),
            _expire_exports,
        ),
        Rule(
            "exports",
            _("That an export was ordered"),
            YEAR,
            _older(FirmExport.objects, "created_at", YEAR, state__in=["expired", "failed"]),
        ),
        Rule(
            "unused_accounts",
            _("Accounts without a firm that nobody uses"),
            YEAR,
            _unused_accounts,
            _erase_accounts,
        ),
        Rule(
            "memberships",
            _("Memberships that have ended"),
            THREE_YEARS,
            _older(Membership.objects, "left_at", THREE_YEARS),
        ),
        Rule(
            "names_in_logs",
            _("Names in the logs of firms"),
            THREE_YEARS,
            _older(FirmEvent.objects.exclude(personal={}), "at", THREE_YEARS, erased_at=None),
            _erase_names,
        ),
        Rule(
            "named_contacts",
            _("Contacts that no firm names any more"),
            timedelta(days=1),
            _unnamed_contacts,
        ),
        Rule(
            "support_visits",
            _("Visits of support"),
            THREE_YEARS,
            _older(SupportVisit.objects, "begun_at", THREE_YEARS, ended_at__isnull=False),
        ),
        Rule(
            "support",
            _("Support access that a firm allowed"),
            THREE_YEARS,
            _older(SupportAccess.objects.filter(visits=None), "until", THREE_YEARS),
        ),
        Rule(
            "admin_log",
            _("Log of the operator's pages"),
            YEAR,
            _older(LogEntry.objects, "action_time", YEAR),
        ),
        Rule(
            "erasures",
            _("Numbers of erased accounts"),
            THREE_YEARS,
            _older(Erasure.objects, "erased_at", THREE_YEARS),
        ),
        Rule(
            "runs",
            _("Reports of this job"),
            THREE_YEARS,
            _older(RetentionRun.objects, "ran_at", THREE_YEARS),
        ),
    ]
)
