"""Where a firm stands: its newest score, as everything starts from that asks what would follow."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from scoring import overlays, rule_sets, rules
from scoring.judging import Months
from scoring.models import Score
from scoring.overlays import Counts
from scoring.reasons import Caution

if TYPE_CHECKING:
    from partners.models import Partner


class Nothing(TextChoices):
    """Why nothing can be said at all."""

    NOT_ALLOWED = "not_allowed", _("You do not belong to this firm, so its score is not for you.")
    NO_SCORE = "no_score", _("There is no score of your firm yet.")
    NO_USAGE = "no_usage", _("Your firm's score has no usage data yet.")


@dataclass(frozen=True)
class Position:
    """A firm's newest score, ready to have something laid over it."""

    score: Score
    rule_set: rules.RuleSet
    pair: Months
    counts: Counts
    is_provable: bool  # without its comparison month no track passes

    @property
    def portfolio(self) -> int:
        return self.score.ledger.portfolio_id

    @property
    def as_of(self) -> date:
        return self.score.as_of

    def scored(self) -> dict[str, rules.TrackScore]:
        """The tracks as they stand."""
        return overlays.scored(self.rule_set, self.counts)


def of(partner: "Partner", day: date) -> Position | Nothing:
    """The newest score of a firm up to ``day`` under the rules of that day, or why there is none.

    One query. Who may see it is for the caller to ask.
    """
    rule_set = rule_sets.for_day(day)
    own = Score.objects.filter(partner=partner, rule_set=rule_set.key, as_of__lte=day)
    score = own.select_related("ledger").order_by("-as_of", "-computed_at").first()
    if score is None:
        return Nothing.NO_SCORE
    if score.last_month is None or score.comparison_month is None:
        return Nothing.NO_USAGE
    return Position(
        score=score,
        rule_set=rule_set,
        pair=Months(score.last_month, score.comparison_month),
        counts={
            track.key: {
                metric.key: {option.key: option.value for option in metric.options}
                for metric in track.metrics
            }
            for track in score.tracks
        },
        is_provable=all(
            note["code"] != Caution.COMPARISON_MONTH_MISSING for note in score.cautions
        ),
    )
