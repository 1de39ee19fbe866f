"""The result of a first round on paper: the agenda of the first talk, with room to write."""

from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cooperation import first_rounds
from cooperation.first_round import Outcome
from cooperation.models import BlindRound, FirstRoundDocument
from documents import jobs
from documents.models import Document
from documents.rendering import render_pdf

TASK = "cooperation.tasks.build_first_round_pdf"
BESIDE = 3  # firms whose answers stand side by side; more of them stand below each other


def order(opened: BlindRound) -> list[FirstRoundDocument]:
    """Order the agenda in every language. The caller holds the agreement's lock."""
    rows = []
    for language, _label in settings.LANGUAGES:
        with translation.override(language):
            title = _("Agenda for the first talk, “%(project)s”") % {
                "project": opened.agreement.project.name
            }
        document = jobs.create(
            kind="first-round", task=TASK, language=language, title=title, by=None
        )
        rows.append(
            FirstRoundDocument.objects.create(round=opened, language=language, document=document)
        )
    return rows


def render(document: Document) -> bytes:
    """The PDF that was ordered with ``document``."""
    rows = FirstRoundDocument.objects.select_related("round__agreement__project")
    row = rows.get(document=document)
    return render_round(row.round, language=row.language)


def render_round(opened: BlindRound, *, language: str) -> bytes:
    """The agenda in ``language``; the same round gives the same bytes."""
    with translation.override(language):
        return render_pdf(
            "cooperation/first_round_pdf.html", context(opened, language), language=language
        )


def context(opened: BlindRound, language: str) -> dict[str, Any]:
    """Everything the agenda shows, from what was opened and nothing else."""
    agenda = first_rounds.agenda(opened)
    assert opened.revealed_at is not None  # noqa: S101 -- the agenda exists, so it was opened
    return {
        "project": opened.agreement.project,
        "day": timezone.localtime(opened.revealed_at).date(),
        "agenda": agenda,
        "beside": len(agenda.parties) <= BESIDE,
        "parts": [
            {"outcome": outcome, "entries": agenda.entries(outcome, language)}
            for outcome in Outcome
            if agenda.of(outcome)
        ],
    }
