"""The agreement as a letter: made from the frozen text and the signatures, from nothing else."""

from datetime import date, datetime
from typing import Any

from django.utils import translation

from cooperation import annexes, evidence, frozen, holding, marks, reading
from cooperation.evidence import moment
from cooperation.models import AgreementDocument, AgreementVersion, SignatureSlot
from cooperation.working_days import day_of
from documents.models import Document
from documents.originals import groups
from documents.rendering import render_pdf
from partners.models import Partner


def render(document: Document) -> bytes:
    """The PDF that was ordered with ``document``."""
    rows = AgreementDocument.objects.select_related("version", "partner")
    row = rows.get(document=document)
    return render_version(
        row.version, language=row.language, partner=row.partner, document=document
    )


def render_version(
    version: AgreementVersion,
    *,
    language: str,
    partner: Partner | None = None,
    document: Document | None = None,
) -> bytes:
    """The version in ``language``, with the annexes of ``partner``; without, with those of all.

    With ``document`` it is an original: with files, identifier, and where to check it. The same
    version and signatures give the same bytes.
    """
    slots = list(version.slots.prefetch_related("signatures"))
    with translation.override(language):
        values = context(version, slots, language, partner)
        text = values["text"]
        signatures = [given for slot in slots for given in slot.signatures.all()]
        until = document.trail_seq if document else None
        values["record"] = evidence.record(version, text, signatures, until=until)
        if document is None:
            return render_pdf("cooperation/agreement_pdf.html", values, language=language)
        original = evidence.original(document, version, text)
        return render_pdf(
            "cooperation/agreement_pdf.html",
            values | {"original": original},
            language=language,
            files=original.files,
            identifier=original.identifier,
        )


def context(
    version: AgreementVersion,
    slots: list[SignatureSlot],
    language: str,
    partner: Partner | None = None,
) -> dict[str, Any]:
    """What the pages before the record of evidence show."""
    known = annexes.known_to_all(version) if partner is None else annexes.known_to(version, partner)
    text = reading.read(frozen.content(version.payload), language, known)
    roles = {party["id"]: party for party in text.parties}
    return {
        "text": text,
        "version": version,
        "fingerprint": groups(version.sha256),
        "copy_for": roles[str(partner.pk)]["name"] if partner else "",
        "mark": marks.signed(text),
        "fixed_at": moment(datetime.fromisoformat(text.frozen_at)),
        "in_force_at": moment(version.in_force_at) if version.in_force_at else "",
        "holds_from": _holds_from(version),
        "original": None,
        "places": [
            {
                "party": roles[str(slot.partner_id)],
                "signatures": [
                    {"given": given, "at": moment(given.signed_at)}
                    for given in slot.signatures.all()
                ],
            }
            for slot in slots
        ],
    }


def _holds_from(version: AgreementVersion) -> date | None:
    """The first day on which it holds: not before the last signature. None for a first version."""
    if version.effective_on is None or version.in_force_at is None:
        return version.effective_on
    signed_on = day_of(version.in_force_at)
    return holding.Signed(version.number, signed_on, version.effective_on).from_day
