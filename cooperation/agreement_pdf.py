"""The agreement as a letter: made from the frozen text and the signatures, from nothing else."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import translation

from cooperation import annexes, frozen, holding, marks, reading
from cooperation.models import AgreementDocument, AgreementVersion, SignatureSlot
from cooperation.working_days import day_of
from documents.models import Document
from documents.rendering import render_pdf
from partners.models import Partner

BERLIN = ZoneInfo("Europe/Berlin")


def render(document: Document) -> bytes:
    """The PDF that was ordered with ``document``."""
    rows = AgreementDocument.objects.select_related("version", "partner")
    row = rows.get(document=document)
    return render_version(row.version, language=row.language, partner=row.partner)


def render_version(
    version: AgreementVersion, *, language: str, partner: Partner | None = None
) -> bytes:
    """The version in ``language``, with the annexes of ``partner``; without, with those of all.

    The same version and signatures give the same bytes.
    """
    slots = version.slots.prefetch_related("signatures")
    with translation.override(language):
        values = context(version, list(slots), language, partner)
    return render_pdf("cooperation/agreement_pdf.html", values, language=language)


def context(
    version: AgreementVersion,
    slots: list[SignatureSlot],
    language: str,
    partner: Partner | None = None,
) -> dict[str, Any]:
    known = annexes.known_to_all(version) if partner is None else annexes.known_to(version, partner)
    text = reading.read(frozen.content(version.payload), language, known)
    roles = {party["id"]: party for party in text.parties}
    return {
        "text": text,
        "version": version,
        "copy_for": roles[str(partner.pk)]["name"] if partner else "",
        "mark": marks.signed(text),
        "fixed_at": moment(datetime.fromisoformat(text.frozen_at)),
        "in_force_at": moment(version.in_force_at) if version.in_force_at else "",
        "holds_from": _holds_from(version),
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


def moment(at: datetime) -> str:
    """An instant in both zones, each named: "21.11.2026 17:05:09 UTC (18:05:09 Europe/Berlin)"."""
    utc, berlin = at.astimezone(UTC), at.astimezone(BERLIN)
    day = "" if utc.date() == berlin.date() else f"{berlin:%d.%m.%Y} "
    return f"{utc:%d.%m.%Y %H:%M:%S} UTC ({day}{berlin:%H:%M:%S} Europe/Berlin)"
