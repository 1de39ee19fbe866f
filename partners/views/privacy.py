"""Data protection: what the portal holds, one's own data, exports of a firm, erasure, contacts."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partners import perms, reauthentication
from partners.middleware import PortalRequest
from partners.models import Erasure, FirmExport, Membership, Partner
from partners.people import NotPossible
from partners.privacy import (
    archive_jobs,
    erasure,
    named_contacts,
    personal_export,
    registry,
    retention,
)
from partners.privacy.forms import ErasureForm
from partners.views.parts import own_partner

SHOWN = 20  # exports of the past


# ---- For everybody -------------------------------------------------------------------------------


@login_not_required
@require_GET
def privacy(request: PortalRequest) -> HttpResponse:
    """What the portal does with data about people, and what they can ask for."""
    context = {"operator": named_contacts.operator(), "activities": registry.activities()}
    return render(request, "partners/privacy/privacy.html", context)


@login_not_required
@require_GET
def processing(request: PortalRequest) -> HttpResponse:
    """The records of processing (Art. 30 GDPR), and how long each kind of data is kept."""
    context = {"activities": registry.activities(), "rules": retention.rules()}
    return render(request, "partners/privacy/processing.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def named_contact(request: PortalRequest, token: str) -> HttpResponse:
    """What a firm entered about whoever has the link of the mail, and the objection."""
    contact = named_contacts.by_token(token)
    if contact is None:
        raise Http404
    if request.method == "POST":
        named_contacts.object_to(contact)
        return redirect("partners:named_contact", token=token)
    context = {"contact": contact, "places": named_contacts.told(contact)}
    return render(request, "partners/privacy/named_contact.html", context)


# ---- One's own data ------------------------------------------------------------------------------


@require_GET
def my_data(request: PortalRequest) -> HttpResponse:
    return render(request, "partners/privacy/my_data.html")


@never_cache
@require_POST
def my_data_export(request: PortalRequest) -> HttpResponse:
    """All that the portal holds about the reader, as a file."""
    response = HttpResponse(personal_export.dump(request.user), content_type="application/json")
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="handschlag-{day}.json"'
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def erase_me(request: PortalRequest) -> HttpResponse:
    """What erasing the own account would mean, and the form that does it."""
    purpose = f"erase {request.user.pk}"
    asked = reauthentication.asked(request, purpose, back=request.path)
    form = ErasureForm(request.POST or None, asked=asked)
    if request.method == "POST" and form.is_valid():
        try:
            reauthentication.check(asked, request, form.cleaned_data)
            erasure.erase(request.user, by=request.user)
        except reauthentication.Refused as error:
            form.add_error(error.field, str(error))
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            logout(request)
            return redirect("partners:privacy")
    context = {"plan": erasure.plan(request.user), "form": form, "person": request.user}
    return render(request, "partners/privacy/erase.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def person_erase(request: PortalRequest, pk: UUID) -> HttpResponse:
    """For somebody who has left the firm and belongs to no other: the admin asks for it."""
    firms = Partner.objects.of(request.user)
    places = Membership.objects.filter(partner__in=firms, left_at__isnull=False)
    place = get_object_or_404(places.select_related("user", "partner"), pk=pk)
    if not perms.can_manage_people(request.user, place.partner):
        raise PermissionDenied
    person = place.user
    elsewhere = Membership.objects.active().filter(user=person).exists()
    if elsewhere or Erasure.objects.filter(person=person.pk).exists():
        raise Http404  # theirs to ask for, or done
    purpose = f"erase {person.pk}"
    asked = reauthentication.asked(request, purpose, firm=place.partner, back=request.path)
    form = ErasureForm(request.POST or None, asked=asked)
    if request.method == "POST" and form.is_valid():
        try:
            reauthentication.check(asked, request, form.cleaned_data)
            erasure.erase(person, by=request.user, on_own_request=False)
        except reauthentication.Refused as error:
            form.add_error(error.field, str(error))
        except NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The account is erased."))
            return redirect("partners:people")
    context = {"plan": erasure.plan(person), "form": form, "person": person}
    return render(request, "partners/privacy/erase.html", context)


# ---- All data of a firm --------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def exports(request: PortalRequest) -> HttpResponse:
    """The exports of the firm; ordering one."""
    firm = own_partner(request)
    if not perms.can_export(request.user, firm):
        raise PermissionDenied
    if request.method == "POST":
        try:
            archive_jobs.order(firm, by=request.user)
        except NotPossible as error:
            messages.warning(request, str(error))
        return redirect("partners:exports")
    ordered = FirmExport.objects.filter(partner=firm).select_related("requested_by")[:SHOWN]
    left = Membership.objects.filter(
        partner=firm, left_at__isnull=False, user__is_active=True
    ).exclude(user__in=Membership.objects.active().values("user"))
    context = {
        "firm": firm,
        "exports": list(ordered),
        "left": left.select_related("user").order_by("user__name"),
    }
    return render(request, "partners/privacy/exports.html", context)


@require_GET
def export_status(request: PortalRequest, pk: UUID) -> HttpResponse:
    """One export as the page shows it, for as long as it is being made."""
    export = get_object_or_404(
        FirmExport.objects.visible_to(request.user).select_related("requested_by"), pk=pk
    )
    if not request.htmx:
        return redirect("partners:exports")
    return render(request, "partners/privacy/exports.html#export", {"export": export})


@never_cache
@require_GET
def export_download(request: PortalRequest, pk: UUID) -> HttpResponseBase:
    export = get_object_or_404(
        FirmExport.objects.visible_to(request.user).select_related("partner"), pk=pk
    )
    if not export.is_ready or (export.expires_at and export.expires_at <= timezone.now()):
        raise Http404
    day = timezone.localdate(export.created_at).isoformat()
    name = f"handschlag-{export.partner.slug}-{day}.zip"
    return FileResponse(
        export.file.open("rb"), as_attachment=True, filename=name, content_type="application/zip"
    )
