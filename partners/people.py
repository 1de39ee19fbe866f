"""Who belongs to a firm and what they may do there."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners import firm_log
from partners.accounts import addresses
from partners.models import Membership, Partner, User

RIGHTS = (*Membership.ROLES, "may_sign")

firm_log.register(
    {
        "person_joined": gettext_lazy("Person joined"),
        "person_left": gettext_lazy("Person left"),
        "rights_changed": gettext_lazy("Rights changed"),
    }
)


class NotPossible(Exception):
    """A verb on firms, their people or their data is refused now.

    ``str(error)`` is a translated sentence for the user. The room of agreements has its own.
    """


def lock(partner_id: UUID, by: User) -> Partner:
    """Lock the firm and make sure that ``by`` is still its admin.

    Every verb on people takes this lock first. So two admins who remove each other at the same
    instant come one after the other, and the second finds that the right is gone.
    """
    partner = Partner.objects.select_for_update().get(pk=partner_id)
    admins = Membership.objects.active().filter(partner=partner, is_admin=True)
    if not admins.filter(user=by).exists():
        raise NotPossible(_("You are no longer an admin of this firm."))
    return partner


@transaction.atomic
def add(
    partner: Partner,
    *,
    email: str,
    name: str,
    language: str,
    title: str,
    rights: Mapping[str, bool],
    by: User,
) -> Membership:
    """Bring a person into the firm; an account comes into being unless there is one.

    Somebody who has an account keeps its name and language: they belong to the person.
    """
    partner = lock(partner.pk, by)
    user = account(email=email, name=name, language=language)
    if Membership.objects.filter(partner=partner, user=user, left_at=None).exists():
        raise NotPossible(_("This person belongs to your firm already."))
    membership = Membership.objects.create(
        partner=partner, user=user, title=title, **_rights(rights)
    )
    record_joined(membership, by=by, way="added")
    return membership


def record_joined(membership: Membership, *, by: User, way: str) -> None:
    """Note in the firm's log who came, by which way, and what they may do from now on."""
    firm_log.record(
        membership.partner,
        "person_joined",
        by=by,
        about=membership.user,
        rights=rights_of(membership),
        way=way,
    )


def rights_of(membership: Membership) -> list[str]:
    """What the person may do in the firm: names of fields, in their order."""
    return [right for right in RIGHTS if getattr(membership, right)]


def account(*, email: str, name: str, language: str) -> User:
    """The account with this address; without a password and a firm, it comes into being now.

    Raises ``NotPossible`` for one that is closed. Name and language belong to the person, and stay.
    """
    user, created = User.objects.get_or_create(
        email=User.objects.normalize_email(email),
        defaults={"name": name, "language": language, "password": make_password(None)},
    )
    if created:
        addresses.keep(user, verified=False)
    if not user.is_active:
        raise NotPossible(_("This account is closed. Please write to the operator of the portal."))
    return user


@transaction.atomic
def change(pk: UUID, *, title: str, rights: Mapping[str, bool], by: User) -> Membership:
    """Set position, roles and the right to sign of an active person."""
    membership = _locked_membership(pk, by)
    wanted = _rights(rights)
    if membership.user_id == by.pk and not wanted["is_admin"]:
        raise NotPossible(
            _("You cannot take the admin role from yourself. Another admin can do that for you.")
        )
    before = rights_of(membership)
    membership.title = title
    for right, value in wanted.items():
        setattr(membership, right, value)
    membership.save(update_fields=["title", *RIGHTS])
    if (after := rights_of(membership)) != before:
        firm_log.record(
            membership.partner,
            "rights_changed",
            by=by,
            about=membership.user,
            before=before,
            after=after,
        )
    return membership


@transaction.atomic
def leave(pk: UUID, *, by: User) -> Membership:
    """End a membership now. What the person did and signed stays as it is."""
    membership = _locked_membership(pk, by)
    if membership.user_id == by.pk:
        raise NotPossible(
            _("You cannot end your own membership. Another admin can do that for you.")
        )
    membership.left_at = timezone.now()
    membership.save(update_fields=["left_at"])
    firm_log.record(membership.partner, "person_left", by=by, about=membership.user)
    return membership


def _locked_membership(pk: UUID, by: User) -> Membership:
    partner_id = Membership.objects.values_list("partner_id", flat=True).get(pk=pk)
    lock(partner_id, by)
    membership = Membership.objects.select_related("user", "partner").get(pk=pk)
    if membership.left_at is not None:
        raise NotPossible(_("This person has left the firm already."))
    return membership


def _rights(chosen: Mapping[str, bool]) -> dict[str, Any]:
    return {right: bool(chosen.get(right, False)) for right in RIGHTS}
