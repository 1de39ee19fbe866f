"""Taking an import out again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partners.middleware import PortalRequest
from scoring import import_findings, import_words, imports, perms, undoing
from scoring.import_files import NotKept
from scoring.models import Correction, PartnerCenterImport
from scoring.presentation import figure
from scoring.views.importing import visible

State = PartnerCenterImport.State


@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Say what undoing would change, and do it when it was read."""
    item = get_object_or_404(visible(request), pk=pk)
    if not perms.can_import(request.user, item.partner):
        raise PermissionDenied
    if request.method == "POST":
        if not imports.undo(item.pk, by=request.user):
            messages.info(request, _("This import is being undone already, or is not in."))
        return redirect("scoring:import", pk=item.pk)
    if not imports.can_be_undone(item):
        messages.info(request, _("This import is being undone already, or is not in."))
        return redirect("scoring:import", pk=item.pk)
    context: dict[str, Any] = {"tab": "imports", "item": item, "partner": item.partner}
    return render(request, "scoring/import_undo.html", context | _expected(item))


def _expected(item: PartnerCenterImport) -> dict[str, Any]:
    corrections = Correction.objects.filter(portfolio__partner=item.partner).standing().count()
    found: dict[str, Any] = {
        "corrections": corrections,
        "made": None,
        "gone_original": "",
        "at_most": item.rows_new + item.rows_changed,
    }
    try:
        made = undoing.expected(item)
    except NotKept as gone:
        return found | {"gone_original": gone.row.file_name}
    if made is None:
        return found
    return found | {
        "made": made,
        "figures": {
            "gone": figure(len(made.gone_usage)),
            "changed": figure(sum(table.num_rows for table in made.changed_usage)),
            "associations": figure(len(import_findings.touched_claims(made))),
            "certificates": figure(len(made.certificates) + len(made.gone_certificates)),
        },
        "by_month": [
            line
            for line in import_words.by_month(import_findings.by_month(made))
            if line.has_changes
        ],
    }
