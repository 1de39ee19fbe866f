"""What expires next: until when, when it can be renewed free of charge, and what it would cost.

Pure. Microsoft lets holders of associate and expert certifications renew them on Microsoft Learn,
online and free of charge, in the six months before they expire; Fundamentals do not expire, and a
technical assessment is passed again. What has expired is earned anew, by its exam.
"""

import calendar
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from scoring import certified, heads, people, rules
from scoring.certified import Holding, Person
from scoring.charts import percent
from scoring.heads import Effect
from scoring.results import TrackResult

WINDOW = 6  # months before an expiry
AHEAD = 12  # months that are looked at
PAST = timedelta(days=90)  # so long an expired certificate is still shown here


class Window(StrEnum):
    """Where an expiry stands in its free renewal window."""

    TO_OPEN = "to_open"
    OPEN = "open"
    CLOSED = "closed"  # it has expired
    NONE = "none"  # there is no such window: an assessment, or an exam that is retired


@dataclass(frozen=True, slots=True)
class Expiry:
    """The last day of one certificate of one person."""

    person: str  # the key that stands for the person
    name: str
    anchor: str
    certification: str
    title: str
    metric: str
    until_on: date
    days_left: int  # negative once it has expired
    opens_on: date | None  # of the renewal window
    closes_on: date | None  # its last day: the expiry, or the exam's last day before it
    window: Window
    effects: tuple[Effect, ...]  # what it would cost, track by track
    kept_by: str  # the title of another certificate that keeps the person counting
    counts: bool  # the person counts by it today

    @property
    def cost(self) -> Fraction:
        """In the track that loses most."""
        return max((-effect.points for effect in self.effects), default=Fraction(0))


@dataclass(frozen=True, slots=True)
class Ending:
    """A certification that gives nobody points any more from a day on."""

    certification: str
    title: str
    metric: str
    until_on: date
    people: int  # who have it on that day, by what is known today
    heads: int  # of them, who count by nothing that lasts longer
    effects: tuple[Effect, ...]


def months_before(day: date, count: int) -> date:
    """The same day so many months before, or the last day of that month."""
    month = day.year * 12 + day.month - 1 - count
    year, index = divmod(month, 12)
    return date(year, index + 1, min(day.day, calendar.monthrange(year, index + 1)[1]))


def months_after(day: date, count: int) -> date:
    return months_before(day, -count)


def heads_of(everybody: Iterable[Person]) -> Counter[str]:
    """How many count in each metric today."""
    return Counter(one.metric for person in everybody for one in person.speaks if one.counts)


def heads_on(everybody: Iterable[Person], rule_set: rules.RuleSet, day: date) -> Counter[str]:
    """How many count in each metric on a day to come if nobody renews or passes anything."""
    rows = [one.counts._replace(person=each.key) for each in everybody for one in each.holdings]
    return Counter(one.metric for one in people.judge_people(rows, rule_set, day) if one.counts)


def loses_pass(track: TrackResult, metric: str, lost: Fraction, rule_set: rules.RuleSet) -> bool:
    """Whether a track that passes would not, with so many points less in ``metric``."""
    if not track.passes or lost <= 0:
        return False
    own = next((one.points for one in track.metrics if one.key == metric), Fraction(0))
    return track.total - lost < rule_set.pass_mark or own - lost <= 0


def expiries(everybody: Sequence[Person], rule_set: rules.RuleSet, today: date) -> list[Expiry]:
    """Certificates that expire in the next twelve months, or did lately; the first one first.

    One that was renewed, whose person has left, or that gives no points is not among them.
    """
    counting = heads_of(everybody)
    last = months_after(today, AHEAD)
    found = []
    for person in everybody:
        if person.has_left:
            continue
        for one in person.holdings:
            expires_on = one.counts.expires_on
            certification = rule_set.certifications.get(one.counts.certification)
            if certification is None or not certification.expires or expires_on is None:
                continue
            if not one.counts.is_linked or one.counts.completed_on > today:
                continue
            if not today - PAST <= expires_on <= last or certified.renewed(
                one, person.holdings, today
            ):
                continue
            if certification.counts_until is not None and certification.counts_until < expires_on:
                continue  # its points end before it does: see ``endings``
            found.append(_expiry(person, one, expires_on, certification, rule_set, counting, today))
    return sorted(found, key=lambda one: (one.until_on, one.name.casefold(), one.title))


def _expiry(
    person: Person,
    one: Holding,
    expires_on: date,
    certification: rules.Certification,
    rule_set: rules.RuleSet,
    counting: Mapping[str, int],
    today: date,
) -> Expiry:
    metric = certification.metric
    is_over = expires_on < today
    kept_by = _kept_by(person, one, metric, expires_on, rule_set)
    lost = 0 if kept_by or is_over else -1
    opens_on, closes_on, window = renewal_window(certification, expires_on, today)
    return Expiry(
        person=person.key,
        name=person.name or person.label,
        anchor=person.anchor,
        certification=certification.key,
        title=one.title,
        metric=metric,
        until_on=expires_on,
        days_left=(expires_on - today).days,
        opens_on=opens_on,
        closes_on=closes_on,
        window=window,
        effects=tuple(heads.effects(rule_set, metric, counting.get(metric, 0), lost)),
        kept_by=kept_by,
        counts=not is_over,
    )


def renewal_window(
    certification: rules.Certification, expires_on: date, today: date
) -> tuple[date | None, date | None, Window]:
    """First and last day on which it can be renewed free of charge, and where today stands."""
    opens_on, closes_on = months_before(expires_on, WINDOW), expires_on
    if certification.exam_until is not None:
        closes_on = min(closes_on, certification.exam_until)
    if expires_on < today:
        return None, None, Window.CLOSED
    if certification.is_assessment or closes_on < opens_on or closes_on < today:
        return None, None, Window.NONE
    return opens_on, closes_on, Window.OPEN if opens_on <= today else Window.TO_OPEN


def _kept_by(person: Person, one: Holding, metric: str, day: date, rule_set: rules.RuleSet) -> str:
    """The title of the certificate that lasts longest of those that last beyond ``day``."""
    others = [
        other
        for other in person.holdings
        if other is not one
        and other.state in ("valid", "soon")
        and rule_set.certifications[other.counts.certification].metric == metric
        and (other.until_on or date.max) > day
    ]
    return max(others, key=lambda other: other.until_on or date.max).title if others else ""


def endings(everybody: Sequence[Person], rule_set: rules.RuleSet, today: date) -> list[Ending]:
    """Certifications whose points end for everybody in the next twelve months."""
    counting = heads_of(everybody)
    found = []
    for certification in rule_set.certifications.values():
        until_on = certification.counts_until
        if until_on is None or not today <= until_on <= months_after(today, AHEAD):
            continue
        holders = [
            (person, one)
            for person in everybody
            for one in person.holdings
            if one.counts.certification == certification.key
            and one.state in ("valid", "soon")
            and one.until_on == until_on  # others end before, by their own expiry
        ]
        if not holders:
            continue
        metric = certification.metric
        lost = {
            person.key
            for person, one in holders
            if not _kept_by(person, one, metric, until_on, rule_set)
        }
        found.append(
            Ending(
                certification=certification.key,
                title=certified.title(certification.key),
                metric=metric,
                until_on=until_on,
                people=len({person.key for person, _one in holders}),
                heads=len(lost),
                effects=tuple(heads.effects(rule_set, metric, counting.get(metric, 0), -len(lost))),
            )
        )
    return sorted(found, key=lambda one: (one.until_on, one.title))


# ---- The picture ---------------------------------------------------------------------------------

MOST_ROWS = 12
ROW, HEAD, BAR = 34, 26, 10  # pixels


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate: its name above, from today to its last day below."""

    label: str
    day: str
    y: int
    line_y: int
    end: str
    window_x: str
    window_width: str  # empty without a window in the picture
    is_costly: bool


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    rows: Sequence[Row]
    ticks: Sequence[tuple[str, str]]  # where a month begins, and its name
    height: int
    bottom: int
    left_out: int


def draw(
    title: str, shown: Sequence[tuple[Expiry, str, str]], today: date, names: Mapping[int, str]
) -> Chart | None:
    """Lay out what expires from today on; each with the words of its label and of its day.

    ``names`` are the months' short names by number, 1 to 12. None when nothing expires.
    """
    ahead = [each for each in shown if each[0].days_left >= 0]
    if not ahead:
        return None
    end = months_after(today, AHEAD)
    span = (end - today).days

    def place(day: date) -> Fraction:
        return Fraction(min(max((day - today).days, 0), span) * 100, span)

    rows = []
    for number, (one, label, day) in enumerate(ahead[:MOST_ROWS]):
        top = HEAD + ROW * number
        opens, closes = one.opens_on, one.closes_on
        begin = place(opens) if opens else Fraction(0)
        width = place(closes) - begin if opens and closes else Fraction(0)
        rows.append(
            Row(
                label=label,
                day=day,
                y=top + 13,
                line_y=top + 22,
                end=percent(place(one.until_on)),
                window_x=percent(begin),
                window_width=percent(width) if width else "",
                is_costly=one.cost > 0,
            )
        )
    bottom = HEAD + ROW * len(rows)
    firsts = (months_after(today.replace(day=1), count) for count in range(1, AHEAD + 1))
    return Chart(
        title=title,
        rows=rows,
        ticks=[(percent(place(first)), names[first.month]) for first in firsts if first <= end],
        height=bottom + 4,
        bottom=bottom,
        left_out=len(ahead) - len(rows),
    )
