"""Naming the columns of a file nobody documents, and forgetting the names again."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from partners.middleware import PortalRequest
from scoring import import_files, imports, perms
from scoring.import_forms import ColumnsForm
from scoring.models import ColumnMapping, PartnerCenterImport
from scoring.reading.columns import FIELDS
from scoring.views.importing import visible

Kind = PartnerCenterImport.Kind


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Say which column is what; the file is read again then."""
    item = get_object_or_404(visible(request), pk=pk)
    if not perms.can_import(request.user, item.partner):
        raise PermissionDenied
    if not imports.waits_for_columns(item):
        messages.info(request, _("The columns of this file are settled."))
        return redirect("scoring:import", pk=item.pk)
    asked = request.POST.get("kind") or request.GET.get("kind") or item.kind
    kind = asked if asked in FIELDS else str(Kind.OFFICE_USAGE)
    form = ColumnsForm(
        request.POST if request.method == "POST" else None,
        kind=kind,
        columns=import_files.columns_of(item),
        guesses=import_files.guesses(item)[kind],
    )
    if form.is_valid():
        if not imports.name_columns(item.pk, kind, form.mapping, by=request.user):
            messages.info(request, _("Somebody has decided about this file already."))
        return redirect("scoring:import", pk=item.pk)
    context = {
        "tab": "imports",
        "item": item,
        "partner": item.partner,
        "form": form,
        "kind": kind,
        "kinds": [(key, Kind(key).label) for key in FIELDS],
        "columns": import_files.columns_of(item),
    }
    return render(request, "scoring/import_columns.html", context)


@require_POST
def forget(request: PortalRequest, pk: int) -> HttpResponse:
    """Ask again when the next file with these columns comes."""
    if not request.partner:
        raise PermissionDenied
    mapping = get_object_or_404(ColumnMapping, pk=pk, partner=request.partner)
    if not perms.can_import(request.user, mapping.partner):
        raise PermissionDenied
    mapping.delete()
    messages.success(request, _("Forgotten: the next such file asks for its columns again."))
    return redirect("scoring:imports")
