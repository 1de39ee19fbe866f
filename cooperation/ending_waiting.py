"""What waits for a person on the way out. A fixed number of queries, however many projects."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import retrospectives, standing
from cooperation.models import (
    Agreement,
    AgreementEvent,
    ClosingItem,
    Ending,
    EndingConsent,
    Participation,
    RetrospectivePart,
    SignatureSlot,
)
from cooperation.standing import Standing
from cooperation.working_days import start_of
from partners.models import Membership, Partner, User
from partners.waiting import Waiting

NEWS = timedelta(days=7)
SOON = timedelta(days=7)  # so long before the last day the closing list begins to wait
REMEMBERED = timedelta(days=365)  # what a firm has left lying for so long, it leaves for good

To = EndingConsent.To


@dataclass(frozen=True)
class _Rows:
    """What the lines are made from, by agreement or by end."""

    firms: dict[UUID, list[Partner]] = field(default_factory=lambda: defaultdict(list))
    consents: dict[UUID, list[EndingConsent]] = field(default_factory=lambda: defaultdict(list))
    items: dict[UUID, Counter[UUID]] = field(default_factory=lambda: defaultdict(Counter))
    parts: dict[UUID, list[RetrospectivePart]] = field(default_factory=lambda: defaultdict(list))


def lines(user: User, memberships: dict[UUID, Membership]) -> list[Waiting]:
    """For the person; ``memberships`` by firm."""
    found = standing.bring_up_to_date(_agreements(user, memberships), standing.today())
    standings = [each for each in found.values() if each.is_ending or each.proposed is not None]
    told = _abandoned(user, memberships)
    if not standings:
        return told
    rows = _rows(standings)
    for each in standings:
        membership = next(
            (
                memberships[firm.pk]
                for firm in rows.firms[each.agreement.pk]
                if firm.pk in memberships
            ),
            None,
        )
        if membership is not None:
            told += _lines(each, rows, membership)
    return told


def _agreements(user: User, memberships: Iterable[UUID]) -> list[Agreement]:
    """Signed by all, and not long over or put away by the own firm."""
    away = Participation.objects.filter(partner__in=list(memberships), archived_at__isnull=False)
    recent = Q(ended_on=None) | Q(ended_on__gte=standing.today() - REMEMBERED)
    signed = Agreement.objects.visible_to(user).filter(recent, in_force_at__isnull=False)
    over = Q(status=Agreement.Status.ENDED, project__in=away.values("project"))
    return list(signed.exclude(over).select_related("project"))


def _rows(standings: list[Standing]) -> _Rows:
    rows = _Rows()
    versions = {each.version.pk: each for each in standings if each.version is not None}
    slots = SignatureSlot.objects.filter(version__in=versions).select_related("partner")
    projects = [each.agreement.project_id for each in standings]
    places = Participation.objects.accepted().filter(project__in=projects)
    there = set(places.values_list("project", "partner"))
    for slot in slots.order_by("position", "pk"):
        agreement = versions[slot.version_id].agreement
        if (agreement.project_id, slot.partner_id) in there:
            rows.firms[agreement.pk].append(slot.partner)
    endings = [row.pk for each in standings for row in (each.ending, each.proposed) if row]
    for consent in EndingConsent.objects.filter(ending__in=endings):
        rows.consents[consent.ending_id].append(consent)
    for ending, partner in ClosingItem.objects.filter(ending__in=endings).values_list(
        "ending", "partner"
    ):
        rows.items[ending][partner] += 1
    agreements = [each.agreement.pk for each in standings]
    # Only that a part was handed in or opened is read here, never what it says or when.
    parts = RetrospectivePart.objects.filter(agreement__in=agreements, handed_in_at__isnull=False)
    for part in parts.only("agreement", "partner", "revealed_at"):
        rows.parts[part.agreement_id].append(part)
    return rows


def _lines(found: Standing, rows: _Rows, membership: Membership) -> Iterator[Waiting]:
    firms = rows.firms[found.agreement.pk]
    if found.runs and found.proposed is not None and found.proposed.ends_on >= found.today:
        yield _proposed(found, found.proposed, firms, rows, membership)
    if not found.is_ending or found.last_day is None:
        return
    if found.runs:
        yield from _announced(found, firms, rows, membership)
    yield from _closing(found, firms, rows, membership)
    yield from _looking_back(found, firms, rows, membership)


def _line(
    found: Standing, page: str, said: str, action: str, *, since: datetime | None, mine: bool
) -> Waiting:
    return Waiting(
        title=found.agreement.project.name,
        project_id=found.agreement.project_id,
        detail=said,
        url=reverse(f"cooperation:{page}", args=[found.agreement.pk]),
        action=action,
        kind=page,
        since=since,
        mine=mine,
    )


def _names(firms: Iterable[Partner]) -> str:
    return ", ".join(firm.name for firm in firms)


def _proposed(
    found: Standing,
    proposed: Ending,
    firms: list[Partner],
    rows: _Rows,
    membership: Membership,
) -> Waiting:
    agreed = {each.partner_id for each in rows.consents[proposed.pk] if each.to == To.END}
    missing = [firm for firm in firms if firm.pk not in agreed]
    mine = membership.may_sign and membership.partner in missing
    day = date_format(proposed.ends_on)
    if mine and proposed.given_by_partner is not None:
        said = _("%(firm)s proposes %(day)s as the last day.") % {
            "firm": proposed.given_by_partner.name,
            "day": day,
        }
    else:
        said = _("An end on %(day)s is proposed. Waits for %(firms)s.") % {
            "day": day,
            "firms": _names(missing),
        }
    action = _("Answer the proposal") if mine else _("See the proposal")
    return _line(found, "ending", said, action, since=proposed.given_at, mine=mine)


def _announced(
    found: Standing, firms: list[Partner], rows: _Rows, membership: Membership
) -> Iterator[Waiting]:
    """That it ends is news for a while; that somebody would rather go on, until it is answered."""
    if found.last_day is None:
        return
    decides = membership.is_partner_manager or membership.may_sign
    day, ending = date_format(found.last_day), found.ending
    if found.way == Ending.Way.TERM:
        said = _("The agreed term runs out on %(day)s.") % {"day": day}
        since = start_of(found.last_day - standing.AHEAD)
        yield _line(found, "ending", said, _("See the end"), since=since, mine=decides)
        return
    if ending is None:
        return
    consents = rows.consents[ending.pk]
    go_on = {each.partner_id for each in consents if each.to == To.GO_ON}
    if go_on:
        would = [firm for firm in firms if firm.pk in go_on]
        said = _("%(firms)s would go on after all.") % {"firms": _names(would)}
        mine = membership.may_sign and membership.partner_id not in go_on
        since = min(each.at for each in consents if each.to == To.GO_ON)
        action = _("Answer") if mine else _("See the end")
        yield _line(found, "ending", said, action, since=since, mine=mine)
        return
    since = max([ending.given_at, *(each.at for each in consents)])
    if since < timezone.now() - NEWS or ending.given_by_id == membership.user_id:
        return
    if ending.way == Ending.Way.NOTICE and ending.given_by_partner is not None:
        said = _("%(firm)s gave notice. The last day is %(day)s.") % {
            "firm": ending.given_by_partner.name,
            "day": day,
        }
    else:
        said = _("All firms agreed on the end. The last day is %(day)s.") % {"day": day}
    yield _line(found, "ending", said, _("See what follows"), since=since, mine=decides)


def _works_on_it(membership: Membership) -> bool:
    return (
        membership.is_partner_manager
        or membership.is_project_lead
        or membership.is_specialist
        or membership.may_sign
    )


def _closing(
    found: Standing, firms: list[Partner], rows: _Rows, membership: Membership
) -> Iterator[Waiting]:
    if found.last_day is None or found.today < found.last_day - SOON:
        return
    done = Counter[UUID]() if found.ending is None else rows.items[found.ending.pk]
    left = {firm: len(ClosingItem.Key) - done[firm.pk] for firm in firms}
    since = start_of(found.last_day) if found.is_over else None
    own = left.get(membership.partner, 0)
    mine = bool(own) and _works_on_it(membership)
    if mine:
        said = ngettext(
            "%(count)s item of the closing list waits for your firm.",
            "%(count)s items of the closing list wait for your firm.",
            own,
        ) % {"count": own}
        action = _("To the closing list")
        yield _line(found, "closing", said, action, since=since, mine=True)
    waited = [firm for firm, open_items in left.items() if open_items]
    if mine:
        waited = [firm for firm in waited if firm != membership.partner]
    if waited and found.is_over:
        said = _("The closing list waits for %(firms)s.") % {"firms": _names(waited)}
        action = _("See the closing list")
        yield _line(found, "closing", said, action, since=since, mine=False)


def _looking_back(
    found: Standing, firms: list[Partner], rows: _Rows, membership: Membership
) -> Iterator[Waiting]:
    """Who has handed in is said, and never when: the line dates from the end."""
    if found.last_day is None:
        return
    parts = rows.parts[found.agreement.pk]
    revealed = [part.revealed_at for part in parts if part.revealed_at is not None]
    if revealed:
        if max(revealed) >= timezone.now() - NEWS:
            said, action = _("The look back is open to all firms."), _("Read it")
            since = max(revealed)
            yield _line(found, "retrospective", said, action, since=since, mine=True)
        return
    if not found.is_over:
        return
    there = {part.partner_id for part in parts}
    missing = [firm for firm in firms if firm.pk not in there]
    since = start_of(found.last_day)
    speaks = membership.is_partner_manager or membership.may_sign
    if membership.partner in missing and _works_on_it(membership):
        said = (
            _("Your firm has not handed in its look back yet.")
            if speaks
            else _("Your firm has not looked back yet.")
        )
        action = _("Look back")
        yield _line(found, "retrospective", said, action, since=since, mine=True)
        missing = [firm for firm in missing if firm != membership.partner]
    elif membership.partner not in missing and speaks and retrospectives.may_close(found):
        said = _("The time to hand in is over: you can open the look back without %(firms)s.") % {
            "firms": _names(missing)
        }
        action = _("To the look back")
        yield _line(found, "retrospective", said, action, since=since, mine=True)
        return
    if missing:
        said = _("The look back waits for %(firms)s.") % {"firms": _names(missing)}
        action = _("See the look back")
        yield _line(found, "retrospective", said, action, since=since, mine=False)


def _abandoned(user: User, memberships: dict[UUID, Membership]) -> list[Waiting]:
    """That another firm gave a project up, for a while."""
    events = AgreementEvent.objects.filter(
        kind=AgreementEvent.Kind.ABANDONED,
        at__gte=timezone.now() - NEWS,
        agreement__in=Agreement.objects.visible_to(user),
    )
    related = events.exclude(by=user).select_related("agreement__project", "partner")
    return [
        Waiting(
            title=event.agreement.project.name,
            project_id=event.agreement.project_id,
            detail=_("%(firm)s does not pursue the project any further.")
            % {"firm": event.partner.name if event.partner else ""},
            url=reverse("cooperation:project_detail", args=[event.agreement.project_id]),
            action=_("See the project"),
            kind="abandoned",
            since=event.at,
            mine=any(
                membership.is_partner_manager or membership.may_sign
                for membership in memberships.values()
            ),
        )
        for event in related
    ]
