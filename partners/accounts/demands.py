"""What firms demand of the sign-in of their people, and whether a session meets it.

A demand is looked at with every request, so it holds for sessions that were open before it was set,
and for somebody who joins a firm while signed in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.http import HttpResponseClientRedirect

from partners import firm_log, perms
from partners.accounts import entra
from partners.models import Partner, User
from partners.people import NotPossible

Rule = Partner.SignInRule

# Beside the pages of one's account: what answers while a demand is not met.
# To know what is held about oneself, and to leave, is everybody's right.
OPEN = frozenset(
    {
        "account_demands",
        "account_logout",
        "set_language",
        "partners:my_data",
        "partners:my_data_export",
        "partners:erase_me",
        "partners:passkey_challenge",
    }
)
ACCOUNT = "konto/"  # where the pages of one's account are

firm_log.register({"sign_in_rule_changed": gettext_lazy("Demand on signing in changed")})


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody has shown in a session."""

    second_factor: bool = False
    tenants: frozenset[UUID] = frozenset()

    def meets(self, rule: str, tenant: UUID | None) -> bool:
        if rule == Rule.SECOND_FACTOR:
            return self.second_factor
        if rule == Rule.ENTRA:
            return tenant in self.tenants
        return True


def shown(request: HttpRequest) -> Shown:
    """What the person of ``request`` has shown, by the records that signing in left.

    A passkey is two factors by itself: the device, and the finger, face or PIN that it asks for. A
    code comes after something else. Microsoft counts as two if it says so itself (``amr``): what an
    organisation asks of its people there, the portal cannot know.
    """
    if not isinstance(request.user, User):
        return Shown()
    second, tenants = False, set()
    for record in get_authentication_records(request, request.user):
        method = record.get("method")
        if method == "mfa" or (method == entra.METHOD and "mfa" in (record.get("amr") or ())):
            second = True
        if method == entra.METHOD and record.get("tid"):
            tenants.add(UUID(record["tid"]))
    return Shown(second, frozenset(tenants))


def lacks_operators_factor(request: HttpRequest) -> bool:
    """Whether an operator has to show a second factor first: they reach everybody's accounts."""
    is_operator = isinstance(request.user, User) and request.user.is_staff
    return is_operator and settings.OPERATORS_SECOND_FACTOR and not shown(request).second_factor


def unmet(request: HttpRequest) -> list[Partner]:
    """The firms of the reader whose demand this session does not meet."""
    memberships: Sequence[Any] = getattr(request, "memberships", ())
    firms = [each.partner for each in memberships if each.partner.sign_in_rule != Rule.ANY]
    if not firms:
        return []
    had = shown(request)
    if getattr(request, "support", None):
        # An operator who helps has no account in the firm's organisation, but a second factor.
        return [] if had.second_factor else firms
    return [firm for firm in firms if not had.meets(firm.sign_in_rule, firm.entra_tenant)]


class DemandsMiddleware:
    """Let a session that does not meet every demand see the pages of the account only.

    Stands behind what puts the memberships on the request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not request.user.is_authenticated or is_open(request):
            return None
        if not unmet(request) and not lacks_operators_factor(request):
            return None
        page = reverse("account_demands")
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(page)
        return redirect(page)


def is_open(request: HttpRequest) -> bool:
    match = request.resolver_match
    if match is None:
        return False
    return match.view_name in OPEN or str(match.route).startswith(ACCOUNT)


@transaction.atomic
def demand(partner: Partner, rule: str, *, tenant: UUID | None, had: Shown, by: User) -> None:
    """Set what ``partner`` demands of the sign-in of its people, or raise ``NotPossible``.

    ``had``: what ``by`` has shown in their session. Whoever sets a demand meets it at that moment,
    so that nobody locks themselves out, and the firm keeps an admin who gets in.
    """
    # Every verb on a firm's people takes this lock first; the right is checked under it.
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    if not perms.can_manage_people(by, partner):
        raise NotPossible(_("You are no longer an admin of this firm."))
    tenant = tenant if rule == Rule.ENTRA else partner.entra_tenant
    if not had.meets(rule, tenant):
        raise NotPossible(
            _("Please sign in yourself first in the way that you want to demand of your people.")
        )
    if (rule, tenant) == (partner.sign_in_rule, partner.entra_tenant):
        return
    before = partner.sign_in_rule
    partner.sign_in_rule, partner.entra_tenant = rule, tenant
    partner.save(update_fields=["sign_in_rule", "entra_tenant"])
    firm_log.record(
        partner,
        "sign_in_rule_changed",
        by=by,
        before=before,
        after=rule,
        tenant=str(tenant) if rule == Rule.ENTRA else None,
    )
