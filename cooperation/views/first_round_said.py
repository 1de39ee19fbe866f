"""What was said in a first round, where people work on afterwards: at the card of a point.

Only firms that took part in the round are told; everything begins with ``opened``.
"""

from collections.abc import Mapping

from django.utils.translation import get_language

from cooperation import first_rounds
from cooperation.book import Point
from cooperation.first_round import Entry, Outcome, Reply
from cooperation.models import Agreement, BlindRound
from partners.models import Partner


def opened(agreement: Agreement, partner: Partner | None) -> BlindRound | None:
    """The round of the agreement if it was opened to all, and ``partner`` took part in it."""
    if partner is None or getattr(agreement, "blind_round", None) is None:
        return None
    rounds = BlindRound.objects.revealed_to(partner).filter(agreement=agreement)
    return rounds.select_related("agreement__project").first()


def at_points(agreement: Agreement, partner: Partner | None) -> Mapping[str, Entry]:
    """By point key: what the firms said where it did not come out the same.

    Empty for a firm that was no part of the round, and once nothing is negotiated any more.
    """
    found = opened(agreement, partner) if agreement.is_draft else None
    if found is None:
        return {}
    agenda, language = first_rounds.agenda(found), get_language() or "de"
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
    found = opened(agreement, partner) if firm else None
    if found is None or firm is None or point.per_partner:
        return None
    return first_rounds.agenda(found).handed_in.get(firm, {}).get(point.key)
