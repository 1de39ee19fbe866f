"""What another firm may see of a designation, and whether it is true today: no database, no clock.

[I] A badge says that a firm holds the designation. It is true while the firm is enrolled, by its
own word, and the anniversary has not passed; or while the newest score meets the requirements, was
computed in the last days, and nobody who counted in it has stopped to count since. Of an enrolled
firm it says no more than that, whatever the score does: what is left out would tell of a drop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import months, results
from scoring.enrolments import MODERN_WORK
from scoring.presentation import figure, month_name, unit, value_text
from scoring.results import TrackResult
from scoring.status import Standing

# Every night brings a score of the new day. When nights are missed the last one stands in so long.
STANDS_FOR = timedelta(days=7)


class Hidden(TextChoices):
    """Why a badge is not shown, for the firm's own people only."""

    NO_SCORE = "no_score", gettext_lazy("There is no score by the rules in force today yet.")
    NOT_PROVABLE = (
        "not_provable",
        gettext_lazy("The comparison month is missing in your data, so the score proves nothing."),
    )
    NOT_MET = "not_met", gettext_lazy("Your newest score does not meet the requirements.")
    OLD = "old", gettext_lazy("Your newest score is more than a week old.")
    EXPIRED = (
        "expired",
        gettext_lazy(
            "A certificate that counted has expired since your newest score; the next one decides."
        ),
    )


# What a dated score says of the requirements; nothing where it may have been overtaken.
IS_MET = {None: True, Hidden.NOT_MET: False}


@dataclass(frozen=True)
class Computed:
    """The newest score of a firm by the rules of the day, as far as it matters here."""

    as_of: date
    last_month: int | None
    designated: bool
    is_provable: bool
    has_expired: bool  # somebody who counted in it has stopped to count since
    result: Mapping[str, Any]  # as it is stored, see results.py
    track: str

    @cached_property
    def tracks(self) -> Sequence[TrackResult]:
        """Read where figures are shown: a directory full of badges needs none."""
        return results.read(self.result, shown=self.track)

    @property
    def shown(self) -> TrackResult:
        """The track that stands for the score."""
        return next(track for track in self.tracks if track.is_shown)

    @property
    def month(self) -> str:
        return "" if self.last_month is None else month_name(self.last_month)


@dataclass(frozen=True, slots=True)
class Known:
    """What the portal knows of a firm's designation on one day."""

    today: date
    score: Computed | None
    standing: Standing
    recorded_on: date | None  # when the firm last recorded its enrolment

    @property
    def hidden(self) -> Hidden | None:
        """Why the score does not hold the designation today; None when it does."""
        score = self.score
        if score is None:
            return Hidden.NO_SCORE
        if not score.is_provable:
            return Hidden.NOT_PROVABLE
        if not score.designated:
            return Hidden.NOT_MET
        if self.today - score.as_of > STANDS_FOR:
            return Hidden.OLD
        return Hidden.EXPIRED if score.has_expired else None

    @property
    def badge(self) -> "Badge | None":
        if self.standing.is_enrolled and self.recorded_on is not None:
            return Badge(is_enrolled=True, month=months.number(self.recorded_on))
        if self.hidden is None and self.score is not None and self.score.last_month is not None:
            return Badge(is_enrolled=False, month=self.score.last_month)
        return None

    @property
    def why_not(self) -> list[str]:
        """Why there is no badge, in sentences; nothing while there is one."""
        if self.badge is not None:
            return []
        said = [] if self.hidden is None else [str(self.hidden.label)]
        if self.standing.has_lapsed and self.standing.anniversary is not None:
            day = date_format(self.standing.anniversary, "DATE_FORMAT")
            said.append(
                _("The anniversary %(day)s has passed, and no renewal is recorded.") % {"day": day}
            )
        return said

    @property
    def designation(self) -> "Designation":
        score = self.score
        is_said = score is not None and score.is_provable and score.last_month is not None
        shown = score.shown if score is not None and is_said else None
        return Designation(
            status=str(self.standing.status.label),
            track=shown.title if shown else "",
            points=figure(shown.shown) if shown else "",
            is_met=IS_MET.get(self.hidden),
            month=score.month if score is not None and shown else "",
            as_of=score.as_of if score is not None and shown else None,
        )

    def metric(self, track: str, metric: str) -> "Metric | None":
        """One metric of the newest score; None for one that the rules of today do not have."""
        score = self.score
        if score is None or not score.is_provable or score.last_month is None:
            return Metric.unknown()
        for one in score.tracks:
            for result in one.metrics:
                if (one.key, result.key) == (track, metric):
                    return Metric(
                        title=f"{one.title}: {result.title}",
                        points=figure(result.shown),
                        most=figure(result.max),
                        value=f"{value_text(metric, result.value)} {unit(metric, result.value)}",
                        month=score.month,
                        as_of=score.as_of,
                    )
        return None


# ---- What is seen --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Badge:
    """That a firm holds the designation: true, and without any number of its score."""

    is_enrolled: bool  # by the firm's own word; else its newest score meets the requirements
    month: int  # in which that was recorded, or of the data

    @property
    def words(self) -> str:
        month = {"month": month_name(self.month)}
        if self.is_enrolled:
            return _("enrolled, as the firm recorded in %(month)s") % month
        return _("requirements met, as computed by this portal from data of %(month)s") % month


@dataclass(frozen=True, slots=True)
class Designation:
    """Where a firm stands, for one that it chose to show it to; also while nothing is met."""

    status: str
    track: str  # empty while no score can be proved, as are the next three
    points: str  # of 100, rounded as Partner Center shows them
    is_met: bool | None  # None: it was when the score was made, and may not be any more
    month: str
    as_of: date | None

    @property
    def words(self) -> str:
        if not self.track:
            return _("%(status)s; there is no score that proves more at the moment") % {
                "status": self.status
            }
        words = {"status": self.status, "track": self.track, "points": self.points}
        if self.is_met is None:
            return _("%(status)s; %(track)s stood at %(points)s of 100 points") % words
        if self.is_met:
            return _("%(status)s; requirements met, %(track)s at %(points)s of 100 points") % words
        return _("%(status)s; requirements not met, %(track)s at %(points)s of 100 points") % words


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of the newest score; without a title while no score can be proved."""

    title: str
    points: str  # with one decimal, as Partner Center shows them
    most: str
    value: str
    month: str
    as_of: date | None

    @classmethod
    def unknown(cls) -> "Metric":
        return cls("", "", "", "", "", None)

    @property
    def words(self) -> str:
        if not self.title:
            return _("there is no score that proves this metric at the moment")
        return _("%(title)s, %(points)s of %(most)s points (%(value)s)") % {
            "title": self.title,
            "points": self.points,
            "most": self.most,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """All that one firm may see of another one. At least one of the three is there."""

    badge: Badge | None = None
    designation: Designation | None = None
    metric: Metric | None = None

    @property
    def dated(self) -> "Designation | Metric | None":
        return self.designation or self.metric

    @property
    def lines(self) -> list[str]:
        """All of it in words, one line each."""
        found = []
        if (own := self.designation or self.badge) is not None:
            found.append(f"{MODERN_WORK}: {own.words}")
        if self.metric is not None:
            found.append(self.metric.words)
        return found

    @property
    def basis(self) -> str:
        """What the figures rest on; empty where there are none."""
        own = self.dated
        if own is None or own.as_of is None:
            return ""
        return _("Data of %(month)s, computed by this portal for %(day)s.") % {
            "month": own.month,
            "day": date_format(own.as_of, "SHORT_DATE_FORMAT"),
        }
