"""Whether the log of a firm is whole, and what it vouches for as it says.

The chain is read from end to end; then it is held against the heads that others keep (an export, a
mail), and against the consents to support access, each of which has its event.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from partners import firm_log
from partners.models import FirmEvent, Partner, SupportAccess
from support import trails
from support.trails import MISSING, Break, Head


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written. ``seq``: of the event, if it is about one."""

    firm: str
    seq: int | None
    what: str  # a word of ``Break``, or "missing" or "differs" of ``about``
    about: str


@dataclass(slots=True)
class Report:
    events: int = 0
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)


@transaction.atomic
def check(partner_id: UUID, *, heads: Iterable[Head] = ()) -> Report:
    """Read one firm's log and compare it; no event is added meanwhile.

    Events are streamed: a long log needs no more memory than a short one. Raises
    ``Partner.DoesNotExist``.
    """
    partner = Partner.objects.select_for_update(no_key=True).get(pk=partner_id)
    log = _Log(partner)
    log.read(list(heads))
    granted = SupportAccess.objects.filter(partner=partner).values_list("pk", flat=True)
    for access in granted:
        if str(access) not in log.granted:
            log.find(None, MISSING, f"event support_granted of support access {access}")
    return log.report


class _Log:
    """The events of one firm, read once."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.report = Report()
        self.granted = set[str]()  # support accesses that events tell of

    def find(self, seq: int | None, what: str, about: str) -> None:
        self.report.findings.append(Finding(str(self.partner.pk), seq, what, about))

    def read(self, heads: list[Head]) -> None:
        wanted, there = {head.seq for head in heads}, dict[int, str]()
        kinds = dict[int, str]()
        last = 0

        def links() -> Iterator[trails.Link]:
            nonlocal last
            rows = FirmEvent.objects.filter(partner=self.partner).order_by("seq")
            for event in rows.iterator(chunk_size=500):
                self._note(event)
                kinds.clear()
                kinds[event.seq] = event.kind
                last = event.seq
                if event.seq in wanted:
                    there[event.seq] = event.hash
                yield firm_log.link(event)

        for each in trails.breaks(str(self.partner.pk), links()):
            self.find(each.seq, each.what, f"event {kinds.get(each.seq, '')}".strip())
        for head in sorted(heads, key=lambda head: head.seq):
            if head.seq in there:
                if there[head.seq] != head.hash:
                    self.find(head.seq, Break.REWRITTEN, f"after {head.witness}")
            elif head.seq > last:
                self.find(last, Break.CUT, f"{head.witness} knows event {head.seq}")
            else:
                self.find(head.seq, MISSING, f"event that {head.witness} knows")

    def _note(self, event: FirmEvent) -> None:
        self.report.events += 1
        if event.kind == "support_granted" and isinstance(event.data, dict):
            self.granted.add(str(event.data.get("access")))
        if event.erased_at is not None:
            self.report.erased += 1
            names = (event.by_id, event.about_id)
            if event.personal != {} or event.personal_salt or any(names):
                self.find(event.seq, Break.CHANGED, "erased event that names somebody")
        elif not firm_log.personal_fits(event):
            self.find(event.seq, Break.CHANGED, f"who event {event.kind} names")
