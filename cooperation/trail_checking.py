"""Whether the log of an agreement is whole, and everything that it vouches for as it says.

Three things are held against each other: the chain of the events; the heads of it that are kept
elsewhere (in sealed PDFs, in mails, on paper); and the rows that events tell of: versions, annexes,
places to sign, signatures. So a row that was changed while its event holds is found as well.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from cooperation import frozen, trail
from cooperation.models import (
    Agreement,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Notice,
    Signature,
)
from support import checking
from support.checking import Report
from support.trails import DIFFERS, MISSING, Break, Head

Kind = AgreementEvent.Kind
State = AgreementVersion.State
CLOSED = {state: Kind(state.value) for state in (State.DECLINED, State.WITHDRAWN, State.EXPIRED)}
# Of these, what an event says is compared with rows.
VOUCHING = (Kind.FROZEN, Kind.SIGNED, Kind.IN_FORCE, *CLOSED.values())
SAME_STEP = timedelta(minutes=1)  # row and event of one step have each taken their own time


@dataclass(frozen=True, slots=True)
class _Said:
    """What an event vouches for; kept while the log streams by."""

    seq: int
    kind: str
    version: int | None
    at: Any
    by: Any
    partner: Any
    data: dict[str, Any]


@transaction.atomic
def check(agreement_id: UUID, *, heads: Iterable[Head] = ()) -> Report:
    """Read one agreement's log from end to end and compare it; the agreement is locked meanwhile.

    Events are streamed: a long log needs no more memory than a short one. Raises
    ``Agreement.DoesNotExist``.
    """
    agreement = Agreement.objects.select_for_update(of=("self",)).get(pk=agreement_id)
    log = _Log(agreement)
    witnesses = [*heads, *_witnesses(agreement)]
    checking.read(log.report, log.noted(), trail.link, witnesses)
    if not log.report.events:
        log.find(None, MISSING, "the whole log")
    for version in agreement.versions.order_by("number").iterator(chunk_size=1):
        _check_version(log, version)
    for said in log.said.values():
        if said.kind == Kind.FROZEN:
            log.find(said.seq, MISSING, f"version {said.version}")
        elif said.kind == Kind.SIGNED:
            log.find(said.seq, MISSING, f"signature in version {said.version}")
    return log.report


def _witnesses(agreement: Agreement) -> Iterator[Head]:
    told = AgreementDocument.objects.filter(
        version__agreement=agreement, document__trail_seq__isnull=False
    )
    for seq, head, code in told.values_list(
        "document__trail_seq", "document__trail_hash", "document__code"
    ):
        yield Head(seq or 0, head, f"document {code}")
    notices = Notice.objects.filter(agreement=agreement, data__has_key="head")
    for pk, data in notices.values_list("pk", "data"):
        yield Head(data.get("seq", 0), data["head"], f"notice {pk}")


class _Log:
    """The events of one agreement, read once."""

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.report = Report(str(agreement.pk))
        self.find = self.report.find
        self.said: dict[int, _Said] = {}  # by number, until something answers to it
        self.erased = Counter[str]()  # events that can no longer vouch, by kind
        self.effective: list[int] = []  # numbers of the versions that came into force

    def noted(self) -> Iterator[AgreementEvent]:
        """The events as they come, each kept as far as it vouches for something."""
        rows = AgreementEvent.objects.filter(agreement=self.agreement).select_related("pair")
        for event in rows.order_by("seq").iterator(chunk_size=500):
            self._note(event)
            yield event

    def _note(self, event: AgreementEvent) -> None:
        self.report.events += 1
        if event.erased_at is not None:
            self.report.erased += 1
            self.erased[event.kind] += 1
            if event.salt or event.data != {}:
                self.find(event.seq, Break.CHANGED, "erased event that says something")
        elif event.kind in VOUCHING:
            data = event.data if isinstance(event.data, dict) else {}
            self.said[event.seq] = _Said(
                event.seq,
                event.kind,
                data.get("version"),
                event.at,
                event.by_id,
                event.partner_id,
                data,
            )
            if event.kind == Kind.IN_FORCE:
                self.effective.append(data.get("version", 0))

    def take(
        self, kind: str, version: int, fits: Callable[[_Said], bool] = lambda _said: True
    ) -> _Said | None:
        """The event of ``kind`` on a version; it answers for one thing only."""
        for each in self.said.values():
            if (each.kind, each.version) == (kind, version) and fits(each):
                return self.said.pop(each.seq)
        return None

    def lost(self, kind: str, about: str) -> None:
        """Nothing vouches for ``about``: a fault, unless an erased event of the kind may have."""
        if self.erased[kind] > 0:
            self.erased[kind] -= 1
        else:
            self.find(None, MISSING, f"event {kind} of {about}")


def _check_version(log: _Log, version: AgreementVersion) -> None:
    about = f"version {version.number}"
    payload = bytes(version.payload)
    own = frozen.sha256(payload)
    said = log.take(Kind.FROZEN, version.number)
    if said is None:
        log.lost(Kind.FROZEN, about)
    expected = said.data.get("sha256", own) if said else version.sha256
    seq = said.seq if said else None
    if not own == version.sha256 == expected:
        log.find(seq, DIFFERS, f"{about}: text")
    else:
        _check_frozen(log, version, frozen.content(payload), seq)
    if said and (said.by, said.partner) != (version.frozen_by_id, version.frozen_by_partner_id):
        log.find(seq, DIFFERS, f"{about}: who froze it")
    _check_state(log, version)
    _check_signatures(log, version)
    documents = AgreementDocument.objects.filter(version=version)
    for code, content in documents.values_list("document__code", "document__content_sha256"):
        if content not in ("", version.sha256):
            log.find(None, DIFFERS, f"{about}: document {code} is of another text")


def _check_frozen(
    log: _Log, version: AgreementVersion, text: dict[str, Any], seq: int | None
) -> None:
    """The columns and rows beside a text that is whole, against what it says."""
    about = f"version {version.number}"
    columns = (str(version.agreement_id), version.number, frozen.instant(version.frozen_at))
    if columns != (text["agreement"], text["version"], text["frozen_at"]):
        log.find(seq, DIFFERS, f"{about}: number or date")
    stored = dict[tuple[str, ...], str]()
    for annex in version.annexes.select_related("pair__first", "pair__second"):
        pair = (str(annex.pair.first_id), str(annex.pair.second_id))
        payload = bytes(annex.payload)
        if not payload and not (annex.pair.first.is_active or annex.pair.second.is_active):
            # Of two closed firms, from the archive of a third, which never had the text.
            stored[pair] = annex.sha256
            continue
        stored[pair] = frozen.sha256(payload)
        if stored[pair] != annex.sha256:
            log.find(seq, DIFFERS, f"{about}: hash of annex {annex.pk}")
    named = {tuple(annex["parties"]): annex["sha256"] for annex in text.get("annexes", [])}
    for firms in sorted(named.keys() | stored.keys()):
        if firms not in stored:
            log.find(seq, MISSING, f"{about}: annex of {' and '.join(firms)}")
        elif stored[firms] != named.get(firms):
            log.find(seq, DIFFERS, f"{about}: annex of {' and '.join(firms)}")
    places = {
        party["id"]: (position, party.get("signatures_needed"))
        for position, party in enumerate(text["parties"], start=1)
    }
    slots = {
        str(partner): (position, needed)
        for partner, position, needed in version.slots.values_list("partner", "position", "needed")
    }
    if slots != places:
        log.find(seq, DIFFERS, f"{about}: places to sign")


def _check_state(log: _Log, version: AgreementVersion) -> None:
    about, number = f"version {version.number}", version.number
    if version.state in (State.IN_FORCE, State.SUPERSEDED):
        said = log.take(Kind.IN_FORCE, number)
        if said is None:
            log.lost(Kind.IN_FORCE, about)
            return
        in_force_at = version.in_force_at
        if in_force_at is None or abs(in_force_at - said.at) > SAME_STEP:
            log.find(said.seq, DIFFERS, f"{about}: when it came into force")
        if said.data.get("sha256", version.sha256) != version.sha256:
            log.find(said.seq, DIFFERS, f"{about}: text that came into force")
        is_last = not any(later > number for later in log.effective)
        if is_last != (version.state == State.IN_FORCE):
            log.find(said.seq, DIFFERS, f"{about}: state")
    elif version.state in CLOSED:
        kind = CLOSED[State(version.state)]
        said = log.take(kind, number)
        if said is None:
            log.lost(kind, about)
            return
        if said.data.get("reason", version.reason) != version.reason:
            log.find(said.seq, DIFFERS, f"{about}: reason")
        if (said.by, said.partner) != (version.closed_by_id, version.closed_by_partner_id):
            log.find(said.seq, DIFFERS, f"{about}: who closed it")
    for kind in (Kind.IN_FORCE, *CLOSED.values()):
        if (more := log.take(kind, number)) is not None:
            log.find(more.seq, DIFFERS, f"{about}: state")


def _check_signatures(log: _Log, version: AgreementVersion) -> None:
    rows = Signature.objects.filter(slot__version=version).select_related("slot")
    by_slot = dict[int, list[Signature]]()
    for signature in rows.order_by("slot__position", "position"):
        by_slot.setdefault(signature.slot_id, []).append(signature)
        about = f"signature {signature.pk} in version {version.number}"
        said = log.take(Kind.SIGNED, version.number, partial(_is_of, signature))
        if said is None:
            log.lost(Kind.SIGNED, about)
        elif wrong := _differences(version, signature, said):
            log.find(said.seq, DIFFERS, f"{about}: {', '.join(wrong)}")
    for slot in version.slots.all():
        signed = by_slot.get(slot.pk, [])
        completed = signed[-1].signed_at if len(signed) == slot.needed else None
        if slot.completed_at != completed:
            log.find(None, DIFFERS, f"version {version.number}: place {slot.position} to sign")


def _is_of(signature: Signature, said: _Said) -> bool:
    if "signature" in said.data:
        return bool(said.data["signature"] == str(signature.pk))
    own = (signature.slot.partner_id, signature.position)  # events did not always name it
    return own == (said.partner, said.data.get("position"))


def _differences(version: AgreementVersion, signature: Signature, said: _Said) -> list[str]:
    """Names of what the row says otherwise than its event."""
    row = trail.of_signature(signature, version.number)
    wrong = [key for key, value in said.data.items() if row.get(key) != value]
    if signature.signer_id != said.by:
        wrong.append("signer")
    if signature.slot.partner_id != said.partner:
        wrong.append("partner")
    apart = abs(signature.signed_at - said.at)
    if apart > (timedelta(0) if "signature" in said.data else SAME_STEP):
        wrong.append("signed_at")
    return sorted(wrong)
