"""Support: a firm's admin lets an operator read the firm's data, and takes it back at any time.

It begins with the consent (``grant``), then with a step of the operator's own (``begin``): from
then on, until one of them ends it or time is up, they see what an observer of the firm sees and
nothing else of the portal. They write nothing: ``support_requests`` refuses every other request,
and there is no membership that any verb could accept. Each page goes to the firm's log.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partners import firm_log, perms
from partners.models import FirmEvent, Partner, SupportAccess, SupportVisit, User
from partners.people import NotPossible

firm_log.register(
    {
        "support_granted": gettext_lazy("Support access allowed"),
        "support_ended": gettext_lazy("Support access ended"),
        "support_begun": gettext_lazy("Support began to read"),
        "support_stopped": gettext_lazy("Support stopped reading"),
        "support_page": gettext_lazy("Support opened a page"),
    }
)
ONCE = timedelta(hours=1)  # a page that is opened again within it is not noted again
LONGEST_PATH = 300


# ---- What the firm does --------------------------------------------------------------------------


@transaction.atomic
def grant(
    partner: Partner, *, operator: User | None, reason: str, hours: int, by: User
) -> SupportAccess:
    """Let ``operator``, or any operator, read what the firm reads, for ``hours`` from now on.

    Raises ``NotPossible`` for a second one at the same time.
    """
    partner = _lock(partner, by)
    if not reason.strip() or not 1 <= hours <= SupportAccess.LONGEST:
        raise NotPossible(_("Please give a reason and a time of 1 to 72 hours."))
    if operator is not None and not (operator.is_staff and operator.is_active):
        raise NotPossible(_("This person is not an operator of the portal."))
    if SupportAccess.objects.running().filter(partner=partner).exists():
        raise NotPossible(_("There is a support access already. Please end it first."))
    now = timezone.now()
    access = SupportAccess.objects.create(
        partner=partner,
        operator=operator,
        reason=reason,
        hours=hours,
        granted_by=by,
        granted_at=now,
        until=now + timedelta(hours=hours),
    )
    firm_log.record(
        partner,
        "support_granted",
        by=by,
        about=operator,
        personal={"reason": reason},  # people write names into it
        access=str(access.pk),
        hours=hours,
        until=access.until.isoformat(),
    )
    return access


@transaction.atomic
def end(pk: UUID, *, by: User) -> SupportAccess:
    """End the access at once, also for pages that are open; ending twice changes nothing."""
    partner_id = SupportAccess.objects.values_list("partner_id", flat=True).get(pk=pk)
    partner = _lock(Partner.objects.get(pk=partner_id), by)
    access = SupportAccess.objects.select_for_update().get(pk=pk)
    if access.ended_at is not None:
        return access
    access.ended_at, access.ended_by = timezone.now(), by
    access.save(update_fields=["ended_at", "ended_by"])
    access.visits.filter(ended_at=None).update(ended_at=access.ended_at)
    firm_log.record(partner, "support_ended", by=by, access=str(pk))
    return access


def _lock(partner: Partner, by: User) -> Partner:
    """The firm, locked, if ``by`` is still one of its admins."""
    locked = Partner.objects.select_for_update().get(pk=partner.pk)
    if not perms.can_allow_support(by, locked):
        raise NotPossible(_("You are no longer an admin of this firm."))
    return locked


# ---- What the operator does ----------------------------------------------------------------------


@transaction.atomic
def begin(pk: UUID, *, operator: User) -> SupportVisit:
    """Start to read the firm's data; reading another firm's ends with it.

    Raises ``NotPossible`` when the access is not open to ``operator`` any more.
    """
    operator = User.objects.select_for_update().get(pk=operator.pk)  # one visit at a time
    access = SupportAccess.objects.open_to(operator).filter(pk=pk).select_related("partner").first()
    if access is None:
        raise NotPossible(_("This support access has ended."))
    running = current(operator)
    if running is not None and running.access_id == access.pk:
        return running
    _stop(operator)
    visit = SupportVisit.objects.create(access=access, operator=operator)
    firm_log.record(access.partner, "support_begun", by=operator, access=str(access.pk))
    return visit


@transaction.atomic
def stop(operator: User) -> None:
    """Stop reading; doing so twice changes nothing."""
    _stop(User.objects.select_for_update().get(pk=operator.pk))


def _stop(operator: User) -> None:
    rows = SupportVisit.objects.filter(operator=operator, ended_at=None)
    for visit in rows.select_related("access__partner"):
        visit.ended_at = timezone.now()
        visit.save(update_fields=["ended_at"])
        firm_log.record(
            visit.access.partner, "support_stopped", by=operator, access=str(visit.access_id)
        )


def current(user: Any) -> SupportVisit | None:
    """The visit in which ``user`` reads a firm's data at this moment."""
    if not (user.is_authenticated and user.is_staff):
        return None
    visits = SupportVisit.objects.running().filter(operator=user)
    return visits.select_related("access__partner", "operator").first()


@transaction.atomic
def note_page(visit: SupportVisit, *, page: str, path: str) -> bool:
    """Write on the firm's log that the operator opened ``path``; once per page and hour."""
    partner, path = visit.access.partner, path[:LONGEST_PATH]
    noted = FirmEvent.objects.filter(
        partner=partner,
        kind="support_page",
        by=visit.operator,
        at__gt=timezone.now() - ONCE,
        data__path=path,
    )
    if noted.exists():
        return False
    firm_log.record(
        partner,
        "support_page",
        by=visit.operator,
        access=str(visit.access_id),
        page=page,
        path=path,
    )
    return True
