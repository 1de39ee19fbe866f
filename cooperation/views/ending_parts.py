"""What the pages show of an end: where it stands, what follows from it, the closing list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cooperation import ending_waiting, endings, perms, standing, terms
from cooperation.models import (
    Agreement,
    AgreementEvent,
    ClosingItem,
    Ending,
    EndingConsent,
    Participation,
)
from cooperation.standing import Standing
from cooperation.terms import Terms
from partners.models import Membership, Partner

Key = ClosingItem.Key


@dataclass(frozen=True, slots=True)
class Step:
    """One day on the way out."""

    title: str
    day: date | None
    detail: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """One firm, and whether it has agreed."""

    firm: Partner
    agreed: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """The end on the page of the project."""

    found: Standing
    own_open: int  # items of the closing list that wait for the own firm
    items: int  # of the list, for each firm
    retain_until: date | None
    may_abandon: bool
    may_archive: bool
    archived: bool
    abandoned: AgreementEvent | None

    @property
    def urges(self) -> bool:
        """The closing list is to be done now, and no longer just ahead."""
        return self.days_left <= ending_waiting.SOON.days

    @property
    def days_left(self) -> int:
        """Days up to and including the last one."""
        return 0 if self.found.last_day is None else (self.found.last_day - self.found.today).days


def panel(found: Standing, places: Iterable[Participation], membership: Membership | None) -> Panel:
    """``found`` as ``standing.bring_up_to_date`` returns it; ``places``: of all firms."""
    agreement = found.agreement
    own = None if membership is None else membership.partner_id
    archived = any(place.partner_id == own and place.archived_at for place in places)
    abandoned = None
    if agreement.status == Agreement.Status.ABANDONED:
        events = agreement.events.select_related("by", "partner")
        abandoned = events.filter(kind=AgreementEvent.Kind.ABANDONED).last()
    unsigned = agreement.in_force_at is None and not agreement.is_closed
    return Panel(
        found=found,
        own_open=_own_open(found, own),
        items=len(Key),
        retain_until=found.retain_until,
        may_abandon=unsigned and perms.can_abandon(membership, agreement),
        may_archive=agreement.is_closed and perms.can_hand_in(membership, agreement),
        archived=archived,
        abandoned=abandoned,
    )


def _own_open(found: Standing, own: UUID | None) -> int:
    if not found.is_ending or own not in {firm.pk for firm in standing.firms(found)}:
        return 0
    done = 0 if found.ending is None else found.ending.items.filter(partner=own).count()
    return len(Key) - done


# ---- What was agreed, and what follows ---------------------------------------------------------


def follows(text: Terms, last_day: date, firms: Sequence[Partner], today: date) -> list[Step]:
    """The days from the last one on."""
    calendar = endings.calendar(firms)
    returned = terms.due(text, Key.DATA, last_day, calendar)
    wound_up = terms.due(text, Key.ACCESS, last_day, calendar)
    steps = [
        Step(
            _("Last day"),
            last_day,
            _("Until then everything goes on as agreed."),
            done=last_day < today,
        )
    ]
    if wound_up is not None:
        detail = _("Access, accounts, handover: each firm ticks off its closing list.")
        steps.append(Step(_("Wound up"), wound_up, detail, done=wound_up < today))
    if returned is not None:
        detail = _("Documents and data are returned or deleted, and confirmed here.")
        steps.append(Step(_("Data returned or deleted"), returned, detail, done=returned < today))
    secret = text.periods.get("confidentiality_period")
    if secret is not None:
        until = terms.follows(secret, last_day, calendar)
        if until is not None:
            steps.append(Step(_("Until then confidentiality lasts"), until, done=until < today))
    kept = terms.retained_until(last_day, settings.RETENTION_YEARS)
    detail = _("Agreement, log and closing list stay readable for your firms.")
    steps.append(Step(_("Until then it is kept as evidence"), kept, detail, done=kept < today))
    return sorted(steps, key=lambda step: step.day or last_day)


def voices(
    ending: Ending, to: EndingConsent.To, firms: Sequence[Partner], own: UUID | None
) -> list[Voice]:
    agreed = endings.consents(ending, to)
    return [Voice(firm, firm.pk in agreed, firm.pk == own) for firm in firms]


# ---- The closing list --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """What one firm has said about one item; ``item`` None: not yet."""

    firm: Partner
    item: ClosingItem | None


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the closing list."""

    key: str
    title: str
    help: str
    agreed: str  # what the text says about it, in words; may be empty
    point: str  # number of that point
    note: str  # what the firms added to it
    due: date | None
    overdue: bool
    own: Cell | None  # None: the reader's firm is no party
    cells: tuple[Cell, ...]


def helps() -> dict[str, str]:
    return {
        Key.ACCESS: _("Accounts, admin rights (GDAP too), VPN, keys and shared channels."),
        Key.DATA: _("What you must keep by law stays protected; say so in the note."),
        Key.ACCOUNTS: _("Invoices between the firms, commissions, deposits."),
        Key.REFERENCE: _("Whether and how this project may be named in public."),
        Key.KNOW_HOW: _("Documents, passwords, open tasks: the others can go on without you."),
    }


def rows(found: Standing, text: Terms, firms: Sequence[Partner], own: UUID | None) -> list[Row]:
    """The list as it stands, for each item the firms in their order."""
    done: dict[tuple[UUID, str], ClosingItem] = {}
    if found.ending is not None:
        for item in found.ending.items.select_related("by"):
            done[item.partner_id, item.key] = item
    language, calendar, words = get_language() or "de", endings.calendar(firms), helps()
    table = []
    for key in Key:
        said = terms.said(text, key)
        due = None if found.last_day is None else terms.due(text, key, found.last_day, calendar)
        cells = tuple(Cell(firm, done.get((firm.pk, key.value))) for firm in firms)
        mine = next((cell for cell in cells if cell.firm.pk == own), None)
        waits = mine is not None and mine.item is None
        table.append(
            Row(
                key=key.value,
                title=str(key.label),
                help=words[key],
                agreed="" if said is None else said.said(language),
                point="" if said is None else said.number,
                note="" if said is None else said.note,
                due=due,
                overdue=waits and due is not None and due < found.today,
                own=mine,
                cells=cells,
            )
        )
    return table
