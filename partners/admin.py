"""What an operator sees of people and firms, and the few things there are to do.

Who belongs to a firm and who may sign for it is the firm's business: an operator reads it and
changes nothing of it. No passwords, no permissions, no acting as somebody else.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partners import closing, joining_mails, registrations
from partners.models import Membership, Partner, Registration, User
from partners.people import NotPossible
from support.operating import ReadOnly


class MembershipInline(ReadOnly, admin.TabularInline[Membership, Any]):
    model = Membership
    extra = 0
    can_delete = False
    fields = ("user", "partner", "is_admin", "may_sign", "joined_at", "left_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "partner")


def apply(
    site_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    step: Callable[[Any], bool],
    word: str,
) -> None:
    """Take ``step`` for each of ``rows``; note what was done and say how many it were."""
    done = 0
    for row in rows:
        try:
            changed = step(row)
        except NotPossible as error:
            site_admin.message_user(request, f"{row}: {error}", messages.ERROR)
            continue
        if changed:
            site_admin.log_change(request, row, word)
            done += 1
    told = ngettext("%(count)s changed.", "%(count)s changed.", done) % {"count": done}
    site_admin.message_user(request, told, messages.SUCCESS if done else messages.WARNING)


@admin.register(Partner)
class PartnerAdmin(ReadOnly, admin.ModelAdmin[Partner]):
    list_display = ["name", "legal_name", "city", "domain", "sign_in_rule", "is_active"]
    list_filter = ["is_active", "federal_state"]
    search_fields = ["name", "legal_name", "city", "domain"]
    fields = (
        "name",
        "legal_name",
        "city",
        "domain",
        "signing_rule",
        "sign_in_rule",
        "is_active",
        "created_at",
    )
    readonly_fields = fields
    inlines = [MembershipInline]
    actions = ["activate", "deactivate"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_partner")

    @admin.action(description=_("Close these firms"), permissions=["operate"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Partner]) -> None:
        apply(self, request, queryset, _firm_step(request, is_active=False), "Closed.")

    @admin.action(description=_("Open these firms again"), permissions=["operate"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Partner]) -> None:
        apply(self, request, queryset, _firm_step(request, is_active=True), "Opened again.")


@admin.register(User)
class UserAdmin(ReadOnly, admin.ModelAdmin[User]):
    list_display = ["email", "name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "name"]
    fields = ("email", "name", "language", "is_active", "is_staff", "joined_at", "last_login")
    readonly_fields = fields
    inlines = [MembershipInline]
    actions = ["close", "reopen"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_user")

    @admin.action(description=_("Close these accounts"), permissions=["operate"])
    def close(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        by = _operator(request)
        apply(self, request, queryset, lambda row: closing.close_account(row.pk, by=by), "Closed.")

    @admin.action(description=_("Open these accounts again"), permissions=["operate"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        by = _operator(request)
        apply(
            self,
            request,
            queryset,
            lambda row: closing.reopen_account(row.pk, by=by),
            "Opened again.",
        )


@admin.register(Registration)
class RegistrationAdmin(ReadOnly, admin.ModelAdmin[Registration]):
    """Firms that registered themselves; those that wait are let in or not."""

    list_display = ["name", "domain", "state", "registered_at", "decided_at"]
    list_filter = ["state"]
    search_fields = ["name", "legal_name", "domain"]
    fields = (
        "name",
        "legal_name",
        "website",
        "domain",
        "person_name",
        "email",
        "state",
        "registered_at",
        "decided_at",
        "decided_by",
    )
    readonly_fields = fields
    actions = ["approve", "refuse"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_registration")

    @admin.action(description=_("Let these firms in"), permissions=["operate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        by = _operator(request)

        def step(row: Registration) -> bool:
            decided = registrations.approve(row.pk, by=by)
            joining_mails.send_approved(
                to=decided.email, language=decided.language, firm=decided.name
            )
            return True

        apply(self, request, queryset, step, "Let in.")

    @admin.action(description=_("Do not let these firms in"), permissions=["operate"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        by = _operator(request)

        def step(row: Registration) -> bool:
            to, language = row.email, row.language
            decided = registrations.refuse(row.pk, by=by)
            joining_mails.send_refused(to=to, language=language, firm=decided.name)
            return True

        apply(self, request, queryset, step, "Not let in.")


def _firm_step(request: HttpRequest, *, is_active: bool) -> Callable[[Partner], bool]:
    by = _operator(request)
    return lambda firm: closing.set_firm(firm.pk, is_active=is_active, by=by)


def _operator(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("an action of somebody who is not signed in")
    return request.user
