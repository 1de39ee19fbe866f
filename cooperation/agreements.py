"""What every verb on an agreement begins with: the lock, the acting firm, the record of events."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import firm_events, holding, last_days, trail
from cooperation.book import Value
from cooperation.models import Agreement, AgreementEvent, AgreementVersion, Pair, Participation
from cooperation.points import Given
from cooperation.working_days import day_of
from partners.models import Partner, User


class NotPossible(Exception):
    """The step cannot be taken now; ``str(error)`` is a translated sentence for the user."""


class StalePoint(NotPossible):
    """Somebody changed the point since the form was made. Nothing was written.

    ``mine``: what was to be written (None: only a confirmation); ``theirs``: what stands there now;
    ``revision``: of what stands there now, for the next try.
    """

    def __init__(
        self, point_key: str, *, mine: Value | None, theirs: Given | None, revision: int
    ) -> None:
        self.point_key, self.mine, self.theirs, self.revision = point_key, mine, theirs, revision
        super().__init__(
            _("Somebody changed this point in the meantime. Please compare both answers.")
        )


def lock(pk: UUID) -> Agreement:
    """The agreement, locked: answers, firms and versions stand still under the checks.

    If its last day is over, that is written first: no verb needs the clock to have been there.
    """
    rows = Agreement.objects.select_for_update(of=("self",)).select_related("project")
    agreement = rows.get(pk=pk)
    last_days.settle(agreement, timezone.now(), record)
    return agreement


def require_draft(agreement: Agreement) -> None:
    if not agreement.is_draft:
        raise NotPossible(
            _("This agreement is no longer in negotiation, so its points cannot be changed.")
        )


def require_party(agreement: Agreement, partner: Partner) -> None:
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    if not places.filter(partner=partner).exists():
        raise NotPossible(_("Your firm does not take part in this project."))


def record(
    agreement: Agreement,
    kind: AgreementEvent.Kind,
    *,
    by: User | None,
    partner: Partner | None,
    pair: Pair | None = None,
    at: datetime | None = None,
    **data: Any,
) -> AgreementEvent:
    """Append an event. The agreement must be locked: that is what keeps the numbers gap-free.

    Without ``by`` a deadline did it, ``at`` the instant it ran out. An event of a ``pair`` is read
    by that pair only; it, too, says what happened and never a value.
    """
    event = AgreementEvent(
        agreement=agreement,
        kind=kind,
        at=at or timezone.now(),
        by=by,
        partner=partner,
        pair=pair,
        data=data,
    )
    trail.append(event)
    firm_events.point_to(event)
    return event


def signed_versions(versions: "QuerySet[AgreementVersion]") -> list[holding.Signed]:
    """Those of ``versions`` that all firms signed, for ``holding``; without their texts."""
    signed = versions.filter(in_force_at__isnull=False).order_by("number")
    return [
        holding.Signed(number, day_of(in_force_at), effective_on)
        for number, in_force_at, effective_on in signed.values_list(
            "number", "in_force_at", "effective_on"
        )
        if in_force_at is not None
    ]


def effective_version(agreement: Agreement, day: date) -> AgreementVersion | None:
    """The version that holds on ``day``, without its text: two queries.

    It may be an older one than the version in force, whose day has not come yet. None: on that day
    nothing was in force yet. Whether the agreement has ended by then is for ``standing`` to say.
    """
    found = holding.on(signed_versions(agreement.versions.all()), day)
    if found is None:
        return None
    return agreement.versions.defer("payload").get(number=found.number)
