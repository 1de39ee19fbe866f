"""The record of evidence in an agreement's PDF: what was signed, by whom, how; the files inside.

Told from the log of the agreement and the signatures; a person or a firm that took another name
since changes nothing in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cooperation import trail_files
from cooperation.models import AgreementEvent, AgreementVersion, Signature
from cooperation.reading import AgreementText
from documents import originals
from documents.models import Document
from documents.originals import Original, groups
from documents.rendering import File

BERLIN = ZoneInfo("Europe/Berlin")


def moment(at: datetime) -> str:
    """An instant in both zones, each named: "21.11.2026 17:05:09 UTC (18:05:09 Europe/Berlin)"."""
    utc, berlin = at.astimezone(UTC), at.astimezone(BERLIN)
    day = "" if utc.date() == berlin.date() else f"{berlin:%d.%m.%Y} "
    return f"{utc:%d.%m.%Y %H:%M:%S} UTC ({day}{berlin:%H:%M:%S} Europe/Berlin)"


# ---- What the page says --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Something that was signed: what it is called here, its hash, and its file if it is inside."""

    name: str
    sha256: str
    file: str


@dataclass(frozen=True, slots=True)
class Step:
    """An event of the version's signing round. ``details``: pairs of a heading and what it says."""

    number: int
    title: str
    who: str
    at: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    fingerprints: tuple[Fingerprint, ...]
    steps: tuple[Step, ...]
    before: int  # events of the log before the round
    head: int  # number of the event that the document tells last
    head_hash: str


def record(
    version: AgreementVersion,
    text: AgreementText,
    signatures: Iterable[Signature],
    *,
    until: int | None,
) -> Record:
    """The record up to event ``until`` of the log, up to its end if that is None."""
    rows = version.agreement.events.all()
    if until is not None:
        rows = rows.filter(seq__lte=until)
    head = rows.order_by("seq").last()
    found = rows.filter(kind__in=trail_files.TOLD, data__version=version.number, pair=None)
    events = list(found.order_by("seq"))
    given = {str(signature.pk): signature for signature in signatures}
    names = {party["id"]: party["legal_name"] for party in text.parties}
    people = {signature.signer_id: signature.signer_name for signature in given.values()}
    return Record(
        fingerprints=tuple(_fingerprints(version, text)),
        steps=tuple(_step(event, given, names, people) for event in events),
        before=events[0].seq - 1 if events else 0,
        head=head.seq if head else 0,
        head_hash=groups(head.hash) if head else "",
    )


def _fingerprints(version: AgreementVersion, text: AgreementText) -> Iterable[Fingerprint]:
    yield Fingerprint(
        _("The text with all answers, in both languages"), groups(version.sha256), "agreement.json"
    )
    for annex in text.annexes:
        said = _("Annex %(number)s, %(firms)s") % {"number": annex.number, "firms": annex.between}
        file = annex_name(annex.number) if annex.is_readable else ""
        yield Fingerprint(said, groups(annex.sha256), file)


def _step(
    event: AgreementEvent,
    given: dict[str, Signature],
    names: dict[str, str],
    people: dict[UUID, str],
) -> Step:
    firm = names.get(str(event.partner_id), "")
    # The log says who as it was; earlier ones did not, so a signature of the same person helps.
    person = event.data.get("name") or (people.get(event.by_id, "") if event.by_id else "")
    who = ", ".join(filter(None, (person, firm)))
    titles = {
        AgreementEvent.Kind.FROZEN: _("Text fixed, open for signing"),
        AgreementEvent.Kind.IN_FORCE: _("In force: all firms have signed"),
    }
    kind = AgreementEvent.Kind(event.kind)
    signature = given.get(event.data.get("signature", ""))
    if signature is None:
        title = titles.get(kind) or str(kind.label)
        if kind == AgreementEvent.Kind.IN_FORCE:
            who = ""  # it follows from the last signature: nobody did it
        return Step(event.seq, title, who, moment(event.at))
    return Step(
        number=event.seq,
        title=_("Signed"),
        who=f"{signature.signer_name}, {signature.partner_legal_name}",
        at=moment(event.at),
        details=_circumstances(signature),
    )


def _circumstances(signature: Signature) -> tuple[tuple[str, str], ...]:
    unknown = _("not recorded")
    position = signature.signer_title or unknown
    authority = signature.get_authority_display() if signature.authority else unknown
    return (
        (_("Position"), position),
        (_("Declared authority"), authority),
        (_("Text shown"), moment(signature.shown_at) if signature.shown_at else unknown),
        (_("Method"), signature.get_method_display()),
        (_("Network"), signature.network or unknown),
    )


# ---- The files inside ----------------------------------------------------------------------------


def original(document: Document, version: AgreementVersion, text: AgreementText) -> Original:
    """``text`` was read with the annexes that the reader may see: only these are inside."""
    files = _files(document, version, text)
    return originals.original(document, files, made_at=version.in_force_at or version.frozen_at)


def annex_name(number: int) -> str:
    return f"annex-{number}.json"


def _files(document: Document, version: AgreementVersion, text: AgreementText) -> Iterable[File]:
    fixed_at = version.frozen_at
    yield File(
        "agreement.json",
        bytes(version.payload),
        _("The text that was signed, byte for byte"),
        "Source",
        fixed_at,
    )
    stored = {annex.sha256: bytes(annex.payload) for annex in version.annexes.all()}
    for annex in text.own_annexes:
        yield File(
            annex_name(annex.number),
            stored[annex.sha256],
            _("Annex %(number)s, byte for byte") % {"number": annex.number},
            "Source",
            fixed_at,
        )
    if document.trail_seq is not None:
        yield File(
            "event-log.json",
            trail_files.event_log(version, until=document.trail_seq),
            _("The log of the agreement: the events of this signing round, of others the hashes"),
            "Data",
            version.in_force_at or fixed_at,
        )
