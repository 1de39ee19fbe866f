"""What this room adds to the pages about firms: the badge, and what two firms show each other."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from partners.cards import Card, Reader
from partners.models import Partner, User
from scoring import disclosures, perms
from scoring.disclosure_forms import DisclosureForm
from scoring.enrolments import MODERN_WORK
from scoring.shown import Badge

BADGE = "scoring/badge.html"
BETWEEN = "scoring/between_firms.html"
PROFILE = "scoring/disclosure_profile.html"


def badge_context(badge: Badge) -> dict[str, Any]:
    return {"designation": MODERN_WORK, "badge": badge}


def lines(reader: Reader, firms: Sequence[Partner]) -> Mapping[UUID, Sequence[Card]]:
    """In a list of firms: the badges of those that switched it on, while they are true."""
    found = disclosures.badges(firms, timezone.localdate())
    return {pk: [Card(BADGE, badge_context(badge))] for pk, badge in found.items()}


def firm_page(reader: Reader, firms: Sequence[Partner]) -> Mapping[UUID, Sequence[Card]]:
    """On a firm's page: what it shows to the reader's firm, and what that shows to it."""
    if reader.partner is None:
        return {}
    own = reader.partner
    return {firm.pk: [Card(BETWEEN, between(reader.user, own, firm))] for firm in firms}


def between(
    user: User,
    own: Partner,
    firm: Partner,
    *,
    form: DisclosureForm | None = None,
    done: str = "",
    refused: str = "",
) -> dict[str, Any]:
    """What the page of ``firm`` shows to somebody who acts for ``own``."""
    today = timezone.localdate()
    context: dict[str, Any] = {"firm": firm, "own": own, "designation": MODERN_WORK}
    if own.pk == firm.pk:
        return context | {"is_own": True, "badge": disclosures.badges([own], today).get(own.pk)}
    known = disclosures.known(own, today)
    chosen = disclosures.chosen(own)
    row = chosen.to(firm)
    return context | {
        "is_own": False,
        "theirs": disclosures.shown_to(own, firm, today),
        "row": row,
        "ours": disclosures.as_seen(known, row, known.badge if chosen.is_public else None),
        "may_disclose": perms.can_disclose(user, own),
        "form": form or DisclosureForm(known=known, row=row),
        "done": done,
        "refused": refused,
    }


def profile(reader: Reader, firms: Sequence[Partner]) -> Mapping[UUID, Sequence[Card]]:
    """On the own firm's profile: what it shows, in a sentence, and the way to change it."""
    own = reader.partner
    if own is None:
        return {}
    chosen = disclosures.chosen(own)
    known = disclosures.known(own, timezone.localdate()) if chosen.is_public else None
    context = {
        "designation": MODERN_WORK,
        "is_public": chosen.is_public,
        "badge": known.badge if known else None,
        "firms": len(chosen.firms),
    }
    return {firm.pk: [Card(PROFILE, context)] for firm in firms if firm.pk == own.pk}
