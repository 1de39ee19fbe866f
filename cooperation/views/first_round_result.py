"""The result of a first round: the agenda of the first talk, on screen and as PDF.

Only firms that took part in the round read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cooperation import first_round, first_rounds, perms, points
from cooperation.book import Point
from cooperation.first_round import Entry, Outcome, Reply
from cooperation.kinds import Description
from cooperation.models import FirstRoundDocument
from cooperation.points import State
from cooperation.views.desk import open_agreement
from documents import downloads, jobs
from partners.middleware import PortalRequest
from partners.plain import file_name

SETTLED = (State.AGREED, State.NOT_APPLICABLE)


# ---- The agenda --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A point of the agenda, with where it stands today."""

    entry: Entry
    state: State
    may_propose: bool
    draft: Description | None = None  # what the own firm wrote and never handed in

    @property
    def point(self) -> Point:
        return self.entry.topic.point


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of the agenda."""

    outcome: Outcome
    rows: tuple[Row, ...]


def result(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What all firms said: first where they differ, then what is open, then where they agree."""
    opened = open_agreement(request, pk)
    agenda = first_rounds.agenda_for(opened.partner, opened.agreement)
    if agenda is None:
        raise Http404
    language = get_language() or "de"
    own = str(opened.partner.pk)
    drafts: Mapping[str, Reply] = {}
    if own not in agenda.handed_in:
        drafts = first_rounds.replies(opened.agreement, opened.partner)

    editable = opened.editor and opened.agreement.is_draft

    def row(entry: Entry) -> Row:
        point = entry.topic.point
        state = points.state(opened.sheet, point)
        reply, own_answers = drafts.get(point.key), first_round.joint(agenda.book, drafts)
        words = (
            first_round.described(reply, point, agenda.parties, language, own_answers)
            if reply
            else None
        )
        open_to_all = state not in SETTLED and not point.per_partner
        may = editable and open_to_all and perms.may_edit_point(opened.membership, point)
        return Row(entry, state, may, words)

    parts = [
        Part(outcome, tuple(row(entry) for entry in agenda.entries(outcome, language)))
        for outcome in Outcome
    ]
    context = {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "agenda": agenda,
        "parts": [part for part in parts if part.rows],
        "own": own,
        "has_drafts": bool(drafts),
        "documents": FirstRoundDocument.objects.filter(round__agreement=opened.agreement)
        .select_related("document")
        .order_by("language"),
    }
    return render(request, "cooperation/first_round_agenda.html", context)


# ---- As PDF ------------------------------------------------------------------------------------


def _document(request: PortalRequest, pk: UUID, language: str) -> FirstRoundDocument:
    rows = FirstRoundDocument.objects.visible_to(request.user)
    own = rows.filter(round__agreement=pk, language=language)
    return get_object_or_404(own.select_related("document", "round__agreement__project"))


@require_GET
def pdf_status(request: PortalRequest, pk: UUID, language: str) -> HttpResponse:
    """The partial that asks for itself until the PDF is there."""
    row = _document(request, pk, language)
    if not request.htmx:
        return redirect("cooperation:first_round", pk=pk)
    context = {
        "document": row.document,
        "poll_url": reverse("cooperation:first_round_pdf_status", args=[pk, language]),
        "download_url": reverse("cooperation:first_round_pdf", args=[pk, language]),
    }
    return render(request, "documents/status.html#document", context)


@require_GET
def pdf(request: PortalRequest, pk: UUID, language: str) -> FileResponse:
    """The agenda as PDF, for members of the firms that took part in the round."""
    row = _document(request, pk, language)
    name = file_name(row.round.agreement.project.name, otherwise="projekt")
    word = _("first-talk")
    return downloads.respond(row.document, filename=f"{word}-{name}-{language}.pdf")


@require_POST
def pdf_retry(request: PortalRequest, pk: UUID, language: str) -> HttpResponse:
    """Try a PDF again that could not be made."""
    row = _document(request, pk, language)
    jobs.retry(row.document_id)
    return redirect(reverse("cooperation:first_round", args=[pk]) + "#pdf")
