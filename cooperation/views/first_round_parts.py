"""What other pages show of a first round: the project's page and the list of projects."""

from dataclasses import dataclass

from cooperation import blind, first_round, first_rounds, perms, rule_books
from cooperation.book import Party
from cooperation.models import Agreement, BlindRound
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


def panel(agreement: Agreement, membership: Membership | None) -> Panel:
    """The number of queries depends on the state of the round, not on what the firms do in it."""
    if membership is None:
        return Panel()
    begun = BlindRound.objects.filter(agreement=agreement).first()
    if begun is None:
        may_begin = (
            agreement.is_draft
            and perms.can_lead_first_round(membership, agreement)
            and not blind.why_not(agreement)
        )
        return Panel(may_begin=may_begin)
    if not begun.is_open:
        took_part = begun.parts.filter(partner=membership.partner_id).exists()
        return Panel(is_revealed=took_part)
    if not agreement.is_draft:
        return Panel()
    firms = first_rounds.places(agreement)
    key = str(membership.partner_id)
    return Panel(
        is_open=True,
        answered=len(first_rounds.replies(agreement, membership.partner)),
        total=len(first_round.asked(rule_books.by_id(agreement.rule_book_id))),
        mine=any(place.party.key == key and not place.has_handed_in for place in firms),
        missing=tuple(place.party for place in firms if not place.has_handed_in),
    )
