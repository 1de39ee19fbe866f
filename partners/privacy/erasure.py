"""Erasing a person: what can go goes at once, what is evidence stays and says why.

Each room adds its part. Before anything happens a page shows what stands in the way, what goes and
what stays; afterwards the account is a number without a name (``N. N.``), which only keeps together
what one person did. Irreversible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from partners import firm_log
from partners.models import (
    Erasure,
    FirmEvent,
    Invitation,
    Invited,
    Membership,
    NamedContact,
    Partner,
    PartnerContact,
    Registration,
    User,
)
from partners.people import NotPossible

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAMELESS = "N. N."  # nomen nescio: what a business letter calls somebody without a name
NOWHERE = "erased.invalid"  # RFC 2606: no mail ever goes there


@dataclass(frozen=True, slots=True)
class Stays:
    """What is kept, and why."""

    what: "StrOrPromise"
    why: "StrOrPromise"
    until: "StrOrPromise" = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What erasing a person would mean now."""

    obstacles: Sequence[str] = ()  # what has to be done first, as sentences
    goes: Sequence[str] = ()
    stays: Sequence[Stays] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One room's part of an erasure.

    ``erase`` returns how many rows it changed or deleted, by what they are.
    """

    plan: Callable[[User], Plan]
    erase: Callable[[User], dict[str, int]]


@dataclass(slots=True)
class _Parts:
    rooms: list[Part] = field(default_factory=list)


_parts = _Parts()


def register(part: Part) -> None:
    if part not in _parts.rooms:
        _parts.rooms.append(part)


def plan(user: User) -> Plan:
    """What stands in the way, what goes and what stays. Reads only."""
    own = _own_plan(user)
    all_plans = [own, *(part.plan(user) for part in _parts.rooms)]
    return Plan(
        obstacles=[each for one in all_plans for each in one.obstacles],
        goes=[each for one in all_plans for each in one.goes],
        stays=[each for one in all_plans for each in one.stays],
    )


@transaction.atomic
def erase(user: User, *, by: User | None, on_own_request: bool = True) -> Erasure:
    """Erase the person behind ``user`` now and for good, or raise ``NotPossible``.

    ``by``: the admin who asks for somebody that has left; the person; None for the retention.
    """
    firms = list(Partner.objects.filter(memberships__user=user).order_by("pk").distinct())
    for firm in firms:  # the lock of all verbs on people: nobody becomes the last admin meanwhile
        Partner.objects.select_for_update().get(pk=firm.pk)
    locked = User.objects.select_for_update().get(pk=user.pk)
    if Erasure.objects.filter(person=locked.pk).exists():
        raise NotPossible(_("This account was erased already."))
    if obstacles := plan(locked).obstacles:
        raise NotPossible(obstacles[0])
    counts: dict[str, int] = {}
    for part in _parts.rooms:
        counts |= part.erase(locked)
    counts |= _erase_own(locked)
    row = Erasure.objects.create(person=locked.pk, on_own_request=on_own_request, counts=counts)
    actor = by if by is not None and by.pk != locked.pk else None
    for firm in firms:  # without the person: the log must not learn the name again
        firm_log.record(firm, "person_erased", by=actor, on_own_request=on_own_request)
    return row


# ---- This room -----------------------------------------------------------------------------------


def _own_plan(user: User) -> Plan:
    obstacles = []
    if user.is_staff:
        obstacles.append(
            _("This is an operator's account. Another operator takes that right away first.")
        )
    admin_of = Membership.objects.active().filter(user=user, is_admin=True)
    for place in admin_of.select_related("partner").order_by("partner__name"):
        others = Membership.objects.active().filter(partner=place.partner, is_admin=True)
        if not others.exclude(user=user).exists():
            obstacles.append(
                _(
                    "You are the only admin of %(firm)s. Please make somebody else an admin first,"
                    " or ask the operator to close the firm."
                )
                % {"firm": place.partner.name}
            )
    goes = [
        _("Your name, your e-mail address and your language; the account is closed."),
        _("Passwords, passkeys, authenticator apps, linked Microsoft accounts and all sessions."),
        _("Your place in your firms, your position and your roles."),
        _("Contacts with your address in the profiles of your firms, and invitations to you."),
        _("Your name in the logs of your firms: what happened stays there, without a name."),
    ]
    stays = []
    if NamedContact.objects.filter(email=user.email).exclude(objected_at=None).exists():
        stays.append(
            Stays(
                _("That you objected to being named as a contact, with your e-mail address."),
                _("So that the firm cannot name you again."),
            )
        )
    return Plan(obstacles, goes, stays)


def _erase_own(user: User) -> dict[str, int]:
    now = timezone.now()
    email = user.email
    keys = list(UserSession.objects.filter(user=user).values_list("session_key", flat=True))
    counts = {
        "sessions": Session.objects.filter(session_key__in=keys).delete()[0],
        "user_sessions": UserSession.objects.filter(user=user).delete()[0],
        "addresses": EmailAddress.objects.filter(user=user).delete()[0],
        "authenticators": Authenticator.objects.filter(user=user).delete()[0],
        "social_accounts": SocialAccount.objects.filter(user=user).delete()[0],
        "named_contacts": _forget_contacts(email),
        "contacts": PartnerContact.objects.filter(
            email__iexact=email, partner__memberships__user=user
        ).delete()[0],
        "memberships": Membership.objects.filter(user=user, left_at=None).update(left_at=now),
    }
    rights: dict[str, bool] = dict.fromkeys((*Membership.ROLES, "may_sign"), False)
    Membership.objects.filter(user=user).update(title="", **rights)
    counts["invitations"] = forget_invitations(Invitation, user, name=NAMELESS)
    counts["registrations"] = Registration.objects.filter(email=email).delete()[0]
    counts["admin_log"] = _forget_admin_log(user)
    events = FirmEvent.objects.filter(_names(user), erased_at=None)
    counts["firm_events"] = sum(firm_log.erase(event) for event in events.iterator())
    user.groups.clear()
    user.user_permissions.clear()
    user.name, user.email, user.language = NAMELESS, f"{uuid4().hex}@{NOWHERE}", "de"
    user.is_active, user.is_superuser, user.last_login = False, False, None
    user.set_unusable_password()
    user.save()
    return counts


def _names(user: User) -> Q:
    """Events of firms that name the person, also from before there was an account."""
    by_address = Q(personal__invited__email=user.email) | Q(personal__contact__email=user.email)
    return Q(by=user) | Q(about=user) | by_address


def _forget_contacts(email: str) -> int:
    """Objections stay, with the address that they are about; nothing else does."""
    rows = NamedContact.objects.filter(email=email)
    return rows.filter(objected_at=None).delete()[0] + rows.update(name="")


def _forget_admin_log(user: User) -> int:
    """What was changed, and by whom, stays; the name of whose account it was goes."""
    about = Q(object_id=str(user.pk), content_type=ContentType.objects.get_for_model(User))
    return LogEntry.objects.filter(about).update(object_repr=NAMELESS)


def forget_invitations(kind: type[Invited], user: User, **forgotten: str) -> int:
    """Forget whom invitations of a kind were for, if that was ``user``; withdraw open ones."""
    found = kind._default_manager.filter(Q(email=user.email) | Q(accepted_by=user))
    count = 0
    for invitation in found:
        invitation.email = f"{uuid4().hex}@{NOWHERE}"
        if invitation.accepted_at is None and invitation.withdrawn_at is None:
            invitation.withdrawn_at = timezone.now()
        for name, value in forgotten.items():
            setattr(invitation, name, value)
        invitation.save()
        count += 1
    return count
