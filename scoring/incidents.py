"""What a check found wrong, kept until another one finds it right."""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from scoring.checking import Difference
from scoring.models import Incident, Portfolio

logger = logging.getLogger(__name__)


@transaction.atomic
def record(portfolio: Portfolio | None, found: Sequence[Difference]) -> list[Incident]:
    """Note what a check of one firm (None: of rows without a firm) found; returns what is open.

    One incident is open per kind: found again, it keeps the day on which it was found first. What
    is no longer found is settled.
    """
    if portfolio is not None:  # two checks of one firm at once would open everything twice
        Portfolio.objects.select_for_update().get(pk=portfolio.pk)
    firm = None if portfolio is None else portfolio.pk
    open_ones = {
        row.code: row for row in Incident.objects.filter(portfolio=portfolio, settled_at=None)
    }
    now = timezone.now()
    still: list[Incident] = []
    for difference in found:
        logger.error("check of firm %s: %s", firm, difference)
        details = {"count": difference.count, **difference.details}
        row = open_ones.pop(difference.code.value, None)
        if row is None:
            row = Incident.objects.create(
                portfolio=portfolio, code=difference.code.value, details=details, found_at=now
            )
        elif row.details != details:
            row.details = details
            row.save(update_fields=["details"])
        still.append(row)
    for row in open_ones.values():
        row.settled_at = now
        row.save(update_fields=["settled_at"])
        logger.warning("check of firm %s: %s is settled", firm, row.code)
    return still
