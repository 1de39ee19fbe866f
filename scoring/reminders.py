"""Reminds a firm of certificates that expire: 90, 60 and 30 days ahead, each step once.

A step is a row (``ReminderStep``) that is written together with the letters, under the firm's lock:
whoever runs this twice, or at the same time, tells nothing twice. Only the nearest step of a
certificate is told, also when earlier ones were missed; all that is due for one reader on one day
is one letter.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from partners.models import Membership
from scoring import certified, facts, notices, renewals, rule_sets, rules
from scoring.certified import Holding, Person
from scoring.models import Certificate, Correction, Portfolio, ReminderChoice, ReminderStep

if TYPE_CHECKING:
    from partners.models import Partner, User

logger = logging.getLogger(__name__)

STEPS = (90, 60, 30)  # days ahead
KINDS = {days: f"certificate_{days}" for days in STEPS}


@dataclass(frozen=True, slots=True)
class Due:
    """A certificate whose step is to be told."""

    person: str  # the key that stands for the person
    said_person: str  # the key that the file has for this certificate
    name: str
    emails: frozenset[str]
    certification: str
    title: str
    completed_on: date
    expires_on: date
    step: int
    is_renewable: bool  # free of charge, on Microsoft Learn


def step_of(days_left: int) -> int | None:
    """The nearest step that has been reached; None before the first and after the last day."""
    if days_left < 0:
        return None
    return min((days for days in STEPS if days_left <= days), default=None)


def due(people: Iterable[Person], rule_set: rules.RuleSet, today: date) -> list[Due]:
    """What there is to be reminded of on ``today``, told or not; the next to expire first."""
    found = []
    for person in people:
        if person.has_left:
            continue
        for one in person.holdings:
            step = _step(one, person.holdings, rule_set, today)
            if step is not None and one.counts.expires_on is not None:
                found.append(
                    Due(
                        person=person.key,
                        said_person=one.said.person,
                        name=person.name or person.label,
                        emails=frozenset(mail.casefold() for mail in person.emails),
                        certification=one.said.certification,
                        title=one.title,
                        completed_on=one.said.completed_on,
                        expires_on=one.counts.expires_on,
                        step=step,
                        is_renewable=_is_renewable(one, rule_set, today),
                    )
                )
    return sorted(found, key=lambda one: (one.expires_on, one.name, one.title))


def _step(one: Holding, own: Sequence[Holding], rule_set: rules.RuleSet, today: date) -> int | None:
    """The step of a certificate whose expiry costs something and was not put off already."""
    certification = rule_set.certifications.get(one.counts.certification)
    expires_on = one.counts.expires_on
    if certification is None or not certification.expires or expires_on is None:
        return None
    if one.state not in ("valid", "soon") or certified.renewed(one, own, today):
        return None
    # Points for it end before it does: nothing is lost by its expiry.
    if certification.counts_until is not None and certification.counts_until <= expires_on:
        return None
    return step_of((expires_on - today).days)


def _is_renewable(one: Holding, rule_set: rules.RuleSet, today: date) -> bool:
    certification = rule_set.certifications[one.counts.certification]
    expires_on = one.counts.expires_on or date.max
    return renewals.renewal_window(certification, expires_on, today)[2] == renewals.Window.OPEN


# ---- Whom to tell --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reader:
    """A member of the firm, and what of the firm they want to be reminded of."""

    member: Membership
    wants_all: bool
    wants_own: bool


def readers(partner: "Partner") -> list[Reader]:
    """Partner managers and admins unless they chose otherwise, and whoever has a certificate."""
    members = Membership.objects.active().filter(partner=partner).select_related("user", "partner")
    chosen = dict(ReminderChoice.objects.filter(partner=partner).values_list("user_id", "wants"))
    return [
        Reader(
            member=member,
            wants_all=chosen.get(
                member.user_id, bool(member.is_partner_manager or member.is_admin)
            ),
            wants_own=chosen.get(member.user_id, True),
        )
        for member in members
    ]


def wants(user: "User", partner: "Partner") -> bool:
    """Whether somebody gets the reminders of a firm's certificates. One query, or two."""
    choice = ReminderChoice.objects.filter(user=user, partner=partner).first()
    if choice is not None:
        return choice.wants
    return (
        Membership.objects.active()
        .filter(Q(is_partner_manager=True) | Q(is_admin=True), user=user, partner=partner)
        .exists()
    )


def choose(user: "User", partner: "Partner", *, wants: bool) -> None:
    """Switch the reminders of a firm on or off, for oneself."""
    ReminderChoice.objects.update_or_create(
        user=user, partner=partner, defaults={"wants": wants, "changed_at": timezone.now()}
    )


# ---- Telling -------------------------------------------------------------------------------------


def remind_all(today: date) -> int:
    """Remind every firm that has something to be reminded of; returns the steps that were told.

    A firm that fails keeps no other waiting: it is logged, and tried again the next day.
    """
    last = today + timedelta(days=max(STEPS))
    soon = Certificate.objects.filter(expires_on__range=(today, last)).values("portfolio")
    corrected = Correction.objects.standing().filter(value_day__range=(today, last))
    wanted = Q(pk__in=soon) | Q(pk__in=corrected.values("portfolio"))
    told = 0
    for portfolio in Portfolio.objects.filter(wanted, partner__is_active=True).select_related(
        "partner"
    ):
        try:
            told += remind(portfolio.partner, today)
        except Exception:
            logger.exception("firm %s was not reminded of its certificates", portfolio.partner_id)
    return told


@transaction.atomic
def remind(partner: "Partner", today: date) -> int:
    """Tell what is due for one firm and was not told; returns the number of steps."""
    portfolio = facts.lock(partner)
    rule_set = rule_sets.for_day(today)
    people = certified.people_of(portfolio, rule_set, today)
    told = _told(portfolio, today)
    fresh = [one for one in due(people, rule_set, today) if not _is_told(one, told)]
    if not fresh:
        return 0
    ReminderStep.objects.bulk_create(
        [
            ReminderStep(
                portfolio=portfolio,
                person_key=one.said_person,
                certification=one.certification,
                completed_on=one.completed_on,
                expires_on=one.expires_on,
                days=one.step,
            )
            for one in fresh
        ]
    )
    # The rows above say what was told; the key only has to differ from that of any other letter.
    newest = ReminderStep.objects.filter(portfolio=portfolio).latest("pk").pk
    for reader in readers(partner):
        _tell(partner, reader, fresh, newest)
    return len(fresh)


CertificateKey = tuple[str, str, date]
Told = dict[CertificateKey, list[tuple[date, int]]]  # expiry and step


def _told(portfolio: Portfolio, today: date) -> Told:
    """What was told of expiries that are still near."""
    since = today - timedelta(days=max(STEPS))
    rows = ReminderStep.objects.filter(portfolio=portfolio, expires_on__gte=since)
    found: Told = {}
    for person, certification, completed_on, expires_on, days in rows.values_list(
        "person_key", "certification", "completed_on", "expires_on", "days"
    ):
        found.setdefault((person, certification, completed_on), []).append((expires_on, days))
    return found


def _is_told(one: Due, told: Told) -> bool:
    """Whether this step, or a nearer one, was told: of this expiry, or of one that was put off.

    An import that moves an expiry a little later is no news; one that brings it nearer is.
    """
    key = (one.said_person, one.certification, one.completed_on)
    return any(
        timedelta(0) <= one.expires_on - expires_on < timedelta(days=max(STEPS))
        and days <= one.step
        for expires_on, days in told.get(key, ())
    )


def _tell(partner: "Partner", reader: Reader, fresh: Sequence[Due], newest: int) -> None:
    own = [one for one in fresh if reader.member.user.email.casefold() in one.emails]
    about = list(fresh) if reader.wants_all else own if reader.wants_own else []
    if not about:
        return
    first = about[0]
    notices.tell(
        partner,
        KINDS[first.step],
        [reader.member],
        key=str(newest),
        path=f"{reverse('scoring:people')}#expiring",
        person=first.name,
        certification=first.title,
        day=first.expires_on.isoformat(),
        more=len(about) - 1,
        own=int(about == own),
        renewable=int(all(one.is_renewable for one in about)),
    )
