"""What other pages show of a first round: the project's page and the list of projects."""

from dataclasses import dataclass

from cooperation import first_round, first_rounds
from cooperation.book import Party
from cooperation.first_rounds import Pending
from cooperation.models import Agreement
from cooperation.points import Sheet
from partners.models import Membership


@dataclass(frozen=True, slots=True)
class Panel:
    """Where the first round of a project stands, for one reader."""

    is_open: bool = False
    is_revealed: bool = False  # and the reader's firm took part
    may_begin: bool = False
    answered: int = 0  # by the reader's own firm
    total: int = 0
    mine: bool = False  # the reader's firm has not handed in
    missing: tuple[Party, ...] = ()  # all firms that have not

    @property
    def missing_names(self) -> str:
        return ", ".join(party.name for party in self.missing)


def panel(
    agreement: Agreement, sheet: Sheet, membership: Membership | None, pending: Pending | None
) -> Panel:
    """``pending``: the open round of the agreement, if there is one.

    The number of queries depends on the state of the round, not on what the firms do in it.
    """
    if membership is None:
        return Panel()
    begun = first_rounds.of(agreement)
    if begun is None:
        return Panel(may_begin=_may_begin(agreement, sheet, membership))
    if pending is not None:
        own = str(membership.partner_id)
        return Panel(
            is_open=True,
            answered=len(first_rounds.replies(agreement, membership.partner)),
            total=len(first_round.asked(sheet.book)),
            mine=any(party.key == own for party in pending.missing),
            missing=pending.missing,
        )
    took_part = begun.parts.filter(partner=membership.partner_id)
    return Panel(is_revealed=not begun.is_open and took_part.exists())


def _may_begin(agreement: Agreement, sheet: Sheet, membership: Membership) -> bool:
    """Whether to offer it; the page it leads to looks closer, see ``blind.why_not``."""
    touched = {key for key, _party in sheet.answers} | {
        key for key in sheet.talks if sheet.talks[key]
    }
    asked = {point.key for point in first_round.asked(sheet.book)}
    untouched = agreement.is_draft and agreement.in_force_at is None and not agreement.fast_track
    takes_part = any(party.key == str(membership.partner_id) for party in sheet.parties)
    return bool(
        membership.is_partner_manager and takes_part and untouched and asked and not asked & touched
    )
