"""What was said in a first round, where people work on afterwards: at the card of a point.

Only firms that took part in the round are told, see ``first_rounds.agenda_for``.
"""

from collections.abc import Mapping

from django.utils.translation import get_language

from cooperation import first_rounds
from cooperation.book import Point
from cooperation.first_round import Entry, Outcome, Reply
from cooperation.models import Agreement
from partners.models import Partner


def at_points(agreement: Agreement, partner: Partner | None) -> Mapping[str, Entry]:
    """By point key: what the firms said where it did not come out the same.

    Empty for a firm that was no part of the round, and once the first agreement is reached.
    """
    if partner is None or not agreement.is_draft or agreement.in_force_at is not None:
        return {}
    agenda, language = first_rounds.agenda_for(partner, agreement), get_language() or "de"
    if agenda is None:
        return {}
    return {
        entry.topic.point.key: entry
        for outcome in (Outcome.DIFFERENCE, Outcome.OPEN)
        for entry in agenda.entries(outcome, language)
        if entry.topic.given and not entry.topic.point.per_partner
    }


def proposed(
    agreement: Agreement, partner: Partner, point: Point, firm: str | None
) -> Reply | None:
    """The answer of ``firm`` (an id from the address) to begin a form with; None for any other."""
    agenda = first_rounds.agenda_for(partner, agreement) if firm else None
    if agenda is None or firm is None or point.per_partner:
        return None
    return agenda.handed_in.get(firm, {}).get(point.key)
