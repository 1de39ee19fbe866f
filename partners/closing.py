"""What an operator may do to accounts and firms: close them and open them again.

Nothing that anybody did or signed changes. Each firm that is touched reads it in its log.
"""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners import firm_log
from partners.models import Membership, Partner, User
from partners.people import NotPossible

firm_log.register(
    {
        "account_closed": gettext_lazy("Account closed by the operator"),
        "account_reopened": gettext_lazy("Account opened again by the operator"),
        "firm_deactivated": gettext_lazy("Firm closed by the operator"),
        "firm_activated": gettext_lazy("Firm opened again by the operator"),
    }
)


def close_account(pk: UUID, *, by: User) -> bool:
    """The person no longer gets in, from their next request on. False: so it was already."""
    if pk == by.pk:
        raise NotPossible(_("You cannot close your own account."))
    return _set_account(pk, is_active=False, by=by)


def reopen_account(pk: UUID, *, by: User) -> bool:
    return _set_account(pk, is_active=True, by=by)


@transaction.atomic
def _set_account(pk: UUID, *, is_active: bool, by: User) -> bool:
    _require_operator(by)
    user = User.objects.select_for_update().get(pk=pk)
    if user.is_active == is_active:
        return False
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    kind = "account_reopened" if is_active else "account_closed"
    places = Membership.objects.filter(user=user, left_at=None).select_related("partner")
    for place in places.order_by("partner"):  # in one order, so that two never wait for each other
        firm_log.record(place.partner, kind, by=by, about=user)
    return True


@transaction.atomic
def set_firm(pk: UUID, *, is_active: bool, by: User) -> bool:
    """Close a firm for all its people, or open it again. False: so it was already."""
    _require_operator(by)
    firm = Partner.objects.select_for_update().get(pk=pk)
    if firm.is_active == is_active:
        return False
    firm.is_active = is_active
    firm.save(update_fields=["is_active"])
    firm_log.record(firm, "firm_activated" if is_active else "firm_deactivated", by=by)
    return True


def _require_operator(by: User) -> None:
    if not User.objects.filter(pk=by.pk, is_staff=True, is_active=True).exists():
        raise NotPossible(_("Only operators of the portal may do that."))
