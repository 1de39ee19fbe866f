"""Pages about the own firm."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Field
from django.forms import BaseInlineFormSet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from partners import firm_log, perms
from partners.cards import Place
from partners.forms import ContactForm, ContactFormSet, ProfileForm
from partners.middleware import PortalRequest
from partners.models import Membership, Partner, PartnerContact, User
from partners.views.parts import added, own_partner

Contacts = BaseInlineFormSet[PartnerContact, Partner, ContactForm]


@require_GET
def profile(request: PortalRequest) -> HttpResponse:
    firm = own_partner(request)
    signers = Membership.objects.active().filter(partner=firm, may_sign=True).count()
    more = added(request, Place.PROFILE, [firm])
    context = {
        "firm": firm,
        "cards": more.of(firm),
        "stylesheets": more.stylesheets,
        "contacts": firm.contacts.all(),
        "can_edit": perms.can_edit_profile(request.user, firm),
        "signers": signers,
        "signers_missing": signers < firm.signatures_needed,
    }
    return render(request, "partners/profile.html", context)


@require_http_methods(["GET", "POST"])
def profile_edit(request: PortalRequest) -> HttpResponse:
    firm = own_partner(request)
    if not perms.can_edit_profile(request.user, firm):
        raise PermissionDenied
    form = ProfileForm(request.POST or None, instance=firm)
    contacts = ContactFormSet(request.POST or None, instance=firm, prefix="contacts")
    if request.method == "POST" and form.is_valid() and contacts.is_valid():
        with transaction.atomic():
            form.save()
            contacts.save()
            _log(firm, form, contacts, request.user)
        messages.success(request, _("The profile is saved."))
        if "more" in request.POST:
            return redirect("partners:profile_edit")
        return redirect("partners:profile")
    context = {
        # The page keeps the firm's stored name in its head, whatever was typed into the form.
        "firm_name": Partner.objects.values_list("name", flat=True).get(pk=firm.pk),
        "form": form,
        "contacts": contacts,
    }
    return render(request, "partners/profile_edit.html", context)


def _log(firm: Partner, form: ProfileForm, contacts: Contacts, by: User) -> None:
    """Which fields changed, and how many contacts: what they say now stands in the profile."""
    if form.changed_data:
        firm_log.record(firm, "profile_changed", by=by, fields=sorted(form.changed_data))
    new, gone = len(contacts.new_objects), len(contacts.deleted_objects)
    changed = len(contacts.changed_objects)
    if new or changed or gone:
        firm_log.record(firm, "contacts_changed", by=by, new=new, changed=changed, gone=gone)


def _fields(data: Mapping[str, Any]) -> str:
    named = [Partner._meta.get_field(name) for name in data["fields"]]
    return ", ".join(str(field.verbose_name) for field in named if isinstance(field, Field))


firm_log.register(
    {
        "profile_changed": gettext_lazy("Profile changed"),
        "contacts_changed": gettext_lazy("Contacts changed"),
    },
    details={"profile_changed": _fields},
)
