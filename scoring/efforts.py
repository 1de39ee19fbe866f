"""What one step costs a firm, in a unit of its own: days, euros, whatever it plans in.

Only the ratio of the weights decides which plan is the cheapest. A firm that said nothing has the
defaults, which are a guess to start from [I].
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from scoring.models import EffortWeights
from scoring.planner import Weights

if TYPE_CHECKING:
    from partners.models import Partner, User

NAMES = Weights._fields
HUNDREDTHS = 100
LARGEST = Decimal(1_000_000)  # of one weight


def defaults() -> dict[str, Decimal]:
    """What the weights are before a firm says otherwise."""
    start = EffortWeights()
    return {name: getattr(start, name) for name in NAMES}


def of(partner: "Partner") -> EffortWeights:
    """The firm's weights; unsaved and without ``changed_by`` when it has said nothing."""
    found = EffortWeights.objects.filter(partner=partner).select_related("changed_by").first()
    return found or EffortWeights(partner=partner)


def is_own(row: EffortWeights) -> bool:
    """Whether the firm said something else than the defaults."""
    return any(getattr(row, name) != value for name, value in defaults().items())


def weights(row: EffortWeights) -> Weights:
    """As the planner takes them: whole hundredths."""
    return Weights(*(int(getattr(row, name) * HUNDREDTHS) for name in NAMES))


@transaction.atomic
def change(partner: "Partner", values: Mapping[str, Decimal], *, by: "User") -> EffortWeights:
    """Set all weights at once; the last one who does so is named beside them."""
    row, _created = EffortWeights.objects.select_for_update().get_or_create(partner=partner)
    for name in NAMES:
        setattr(row, name, values[name])
    row.changed_by, row.changed_at = by, timezone.now()
    row.save(update_fields=[*NAMES, "changed_by", "changed_at"])
    return row
