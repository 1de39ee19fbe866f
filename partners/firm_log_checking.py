"""Whether the log of a firm is whole, and what it vouches for as it says.

The chain is read from end to end; then it is held against the heads that others keep (an export, a
mail), and against the consents to support access, each of which has its event.
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db import transaction

from partners import firm_log
from partners.models import FirmEvent, Partner, SupportAccess
from support import checking
from support.checking import Report
from support.trails import MISSING, Break, Head


@transaction.atomic
def check(partner_id: UUID, *, heads: Iterable[Head] = ()) -> Report:
    """Read one firm's log and compare it; no event is added meanwhile.

    Events are streamed: a long log needs no more memory than a short one. Raises
    ``Partner.DoesNotExist``.
    """
    partner = Partner.objects.select_for_update(no_key=True).get(pk=partner_id)
    report, granted = Report(str(partner.pk)), set[str]()
    rows = FirmEvent.objects.filter(partner=partner).order_by("seq").iterator(chunk_size=500)
    checking.read(report, _noted(rows, report, granted), firm_log.link, heads)
    for access in SupportAccess.objects.filter(partner=partner).values_list("pk", flat=True):
        if str(access) not in granted:
            report.find(None, MISSING, f"event support_granted of support access {access}")
    return report


def _noted(rows: Iterable[FirmEvent], report: Report, granted: set[str]) -> Iterator[FirmEvent]:
    """The events as they come; the support accesses they tell of go into ``granted``."""
    for event in rows:
        report.events += 1
        if event.kind == "support_granted" and isinstance(event.data, dict):
            granted.add(str(event.data.get("access")))
        if event.erased_at is not None:
            report.erased += 1
            names = (event.by_id, event.about_id)
            if event.personal != {} or event.personal_salt or any(names):
                report.find(event.seq, Break.CHANGED, "erased event that names somebody")
        elif not firm_log.personal_fits(event):
            report.find(event.seq, Break.CHANGED, f"who event {event.kind} names")
        yield event
