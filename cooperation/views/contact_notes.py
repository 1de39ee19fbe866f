"""Noting contacts that changed after the signature."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cooperation import contact_notes, frozen, kinds, perms, rule_books, standing, widgets
from cooperation.agreements import NotPossible
from cooperation.amendment_forms import ContactsReasonForm
from cooperation.book import Party, Point
from cooperation.models import AgreementVersion
from cooperation.views.desk import act_in
from partners.middleware import PortalRequest


@require_http_methods(["GET", "POST"])
def contacts_note(request: PortalRequest, pk: UUID, key: str) -> HttpResponse:
    """The own firm's contacts of today, beside the version in force."""
    versions = AgreementVersion.objects.visible_to(request.user)
    version = get_object_or_404(versions.select_related("agreement__project"), pk=pk)
    agreement = version.agreement
    act_in(request, agreement.project_id)
    standing.bring_up_to_date([agreement], standing.today())
    content = frozen.content(version.payload)
    point = _point(version, content, key)
    membership = request.membership or None
    if membership is None or not perms.can_note_contacts(membership, version, point):
        raise PermissionDenied
    partner = membership.partner
    parties = tuple(Party(party["id"], party["name"]) for party in content["parties"])
    stamp = contact_notes.stamp(version, partner, key)
    form = ContactsReasonForm(request.POST or None, auto_id="note_%s")
    errors: dict[str, list[str]] = {}
    refused, status = "", 200
    if request.method == "GET":
        given = contact_notes.current(version, content, key, partner)
        raw = widgets.initial(point, parties, given, {})
    else:
        raw = widgets.read(point, request.POST)
        edited = widgets.edit_rows(point, raw, request.POST)
        if edited is not None:
            raw = edited
            form = ContactsReasonForm(initial={"reason": request.POST.get("reason", "")})
        elif form.is_valid():
            try:
                contact_notes.note(
                    pk,
                    key,
                    widgets.judged(point, parties, raw, {}),
                    by=request.user,
                    partner=partner,
                    reason=form.cleaned_data["reason"],
                    seen=request.POST.get("seen", ""),
                )
            except kinds.InvalidAnswer as error:
                errors, status = error.errors, 422
            except NotPossible as error:
                refused, status = str(error), 409
            else:
                messages.success(
                    request, _("Noted. Nobody has to sign for that, and all firms can see it.")
                )
                return redirect(reverse("cooperation:version", args=[pk]) + f"#contacts-{key}")
        else:
            status = 422
    context = {
        "version": version,
        "agreement": agreement,
        "project": agreement.project,
        "point": point,
        "firm": partner.name,
        "widget": widgets.build(point, parties, raw, errors),
        "point_key": key,
        "reason_form": form,
        "refused": refused,
        "seen": stamp,
    }
    return render(request, "cooperation/contacts_note.html", context, status=status)


def _point(version: AgreementVersion, content: dict[str, object], key: str) -> Point:
    """A point of contacts that the text asks, or 404."""
    book = rule_books.by_id(version.agreement.rule_book_id)
    point = book.points.get(key)
    rules = content["rules"]
    asked = {each["key"] for rule in rules for each in rule["points"]}  # type: ignore[attr-defined]
    if point is None or key not in asked or not contact_notes.is_notable(point):
        raise Http404
    return point
