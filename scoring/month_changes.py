"""What changes from one month of a firm to another: months that were, and months to come.

A metric's value is a sum over tenants or people, so the changes of those add up to the change of
the value, exactly. What is not shown one by one is told as a sum. The verdicts of both months are
kept with the history; the words are made from the facts of the tenants that are shown.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from scoring import (
    claims,
    computed_tables,
    differences,
    explaining,
    facts,
    history,
    ledgers,
    months,
    people,
)
from scoring.computed_tables import Figures, Verdicts
from scoring.differences import TrackChange
from scoring.explaining import Explainer
from scoring.history import JudgedMonth
from scoring.models import Association, MonthAhead, MonthResult, Portfolio, Tenant
from scoring.models.scores import MonthOutcome
from scoring.people import Certificate, Standing
from scoring.presentation import PEOPLE
from scoring.reasons import Reason, sentence
from scoring.rules import RuleSet

MOST = 12  # rows of a metric that are shown one by one
ALL = 100  # rows of the one metric that is looked at whole, a page of them
FEW = 5_000  # associations up to which two months are judged while somebody waits: 0.2 s


class LiesBehind(Exception):
    """The months are being worked out anew, and are too large to be judged in a request."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one tenant or person adds to a metric in both months, and why."""

    name: str
    guid: str  # of a tenant
    before: int
    now: int
    reason: str  # of the later month
    reason_before: str

    @property
    def value(self) -> int:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Wish:
    """One metric of one track, looked at whole: rows from ``start`` on, and of no other metric."""

    track: str
    metric: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class MetricRows:
    """The largest changes of one metric, and the rest as one sum."""

    track: str
    metric: str
    option: str
    rows: Sequence[Row]
    others: int  # that changed too
    others_value: int

    @property
    def value(self) -> int:
        """The change of the metric's value: all rows, shown or not."""
        return sum(row.value for row in self.rows) + self.others_value


@dataclass(frozen=True)
class MonthChanges:
    """A month beside an earlier one, both as they are known today."""

    now: MonthOutcome
    before: MonthOutcome | None  # None: the first month with data
    following: int | None  # the next month with data
    tracks: Sequence[TrackChange]
    rows: Sequence[MetricRows]

    def rows_of(self, track: str, metric: str) -> MetricRows | None:
        return next((row for row in self.rows if (row.track, row.metric) == (track, metric)), None)


def of_month(portfolio: Portfolio, month: int, *, wish: Wish | None = None) -> MonthChanges | None:
    """A month and what changed since the imported month before it; None for one without data.

    Raises ``LiesBehind``.
    """
    known = _Known.of(portfolio)
    if month not in known.imported:
        return None
    earlier = max((one for one in known.imported if one < month), default=None)
    following = min((one for one in known.imported if one > month), default=None)
    return _changes(known, earlier, month, following, wish)


def of_month_ahead(
    portfolio: Portfolio, month: int, *, wish: Wish | None = None
) -> MonthChanges | None:
    """A month to come and what changes until then against the newest data.

    None before there are data, and for a month that is not worked out. Raises ``LiesBehind``.
    """
    known = _Known.of(portfolio)
    if month not in history.months_ahead(known.imported):
        return None
    return _changes(known, known.imported[-1], month, None, wish)


def _changes(
    known: "_Known", earlier: int | None, month: int, following: int | None, wish: Wish | None
) -> MonthChanges:
    wanted = [month] if earlier is None else [earlier, month]
    found = _looked_at(known, wanted)
    now = found[-1]
    if earlier is None:
        tracks = differences.compare(now.outcome.tracks, now.outcome.tracks)
        return MonthChanges(now.outcome, None, following, tracks, ())
    before = found[0]
    tracks = differences.compare(before.outcome.tracks, now.outcome.tracks)
    rows = _all_rows(_Pair(before, now), tracks, wish)
    return MonthChanges(now.outcome, before.outcome, following, tracks, rows)


# ---- One month, as it is stored or judged anew ---------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """What every month of a firm is made of."""

    portfolio: Portfolio
    imported: Sequence[int]
    corrections: claims.Corrections
    certificates: Sequence[Certificate]

    @classmethod
    def of(cls, portfolio: Portfolio) -> "_Known":
        known = claims.corrections(portfolio)
        return cls(
            portfolio,
            sorted(facts.imported_months(portfolio)),
            known,
            claims.certificates(portfolio, known),
        )

    def judge(self, month: int, tenants: Collection[int] | None = None) -> JudgedMonth:
        is_ahead = month > self.imported[-1]
        return history.judge_month(
            self.portfolio,
            month,
            self.imported,
            self.corrections,
            data_month=self.imported[-1] if is_ahead else None,
            tenants=tenants,
        )


@dataclass
class _Month:
    known: _Known
    month: int
    outcome: MonthOutcome
    verdicts: Verdicts | None  # None: they are to be judged
    judged: JudgedMonth | None = None  # all tenants, or those that were explained
    standings: list[Standing] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Who counts on the last day on which the data of the month count.
        last = history.days_of(self.month).last
        self.standings = list(people.judge_people(self.known.certificates, self.rule_set, last))

    @property
    def rule_set(self) -> RuleSet:
        return history.rule_set_of(self.month)

    def figures(self, track: str, metric: str, option: str) -> dict[int, Figures]:
        numbers = ledgers.numbers_of(self.rule_set, track, metric, option)
        if numbers is None:
            return {}
        if self.verdicts is not None:
            return self.verdicts.figures(metric, *numbers)
        assert self.judged is not None  # noqa: S101 -- one of the two is there
        return {
            tenant: Figures(*map(int, explaining.figures(metric, verdict)))
            for tenant, own in self.judged.verdicts.items()
            for verdict in own
            if (verdict.track, verdict.option) == numbers
        }

    def explain(self, tenants: Collection[int]) -> None:
        """Read what is known of these tenants, so that ``reason`` can be asked for them."""
        if self.verdicts is not None:
            self.judged = self.known.judge(self.month, tenants)

    def reason(self, track: str, metric: str, option: str, tenant: int) -> str:
        assert self.judged is not None  # noqa: S101 -- ``explain`` comes first
        numbers = ledgers.numbers_of(self.rule_set, track, metric, option)
        own = self.judged.verdicts.get(tenant, [])
        verdict = next((one for one in own if (one.track, one.option) == numbers), None)
        if verdict is None:
            return sentence(Reason.NO_DATA_NOW, {"now": months.label(self.month)})
        explainer = Explainer(self.rule_set, self.judged.pair)
        return ledgers.reason(explainer.line(metric, verdict, self.judged.claims[tenant]))


def _looked_at(known: _Known, wanted: Sequence[int]) -> list[_Month]:
    """These months as they are stored, or judged anew where the history lies behind the facts."""
    portfolio = known.portfolio
    if portfolio.history_version == portfolio.version:
        names = {computed_tables.verdicts_name(month): month for month in wanted}
        tables = {
            names[name]: Verdicts(table)
            for name, table in computed_tables.read(portfolio, names).items()
        }
        rows: dict[int, MonthOutcome] = {}
        for model in (MonthResult, MonthAhead):
            for row in model.objects.filter(portfolio=portfolio, month__in=wanted):
                rows[row.month] = row
        if all(month in tables and month in rows for month in wanted):
            return [_Month(known, month, rows[month], tables[month]) for month in wanted]
    if Association.objects.filter(portfolio=portfolio).count() > FEW:
        raise LiesBehind
    found = []
    for month in wanted:
        judged = known.judge(month)
        outcome = MonthResult(
            portfolio=portfolio, month=month, **history.outcome(judged, known.certificates)
        )
        found.append(_Month(known, month, outcome, None, judged))
    return found


# ---- Rows ----------------------------------------------------------------------------------------

Values = dict[int | str, int]  # by tenant or person


@dataclass(frozen=True)
class _Pair:
    """Two months, and what each tenant and person adds in them."""

    before: _Month
    now: _Month

    def values(self, track: str, metric: str, option: str) -> tuple[Values, Values]:
        if metric in PEOPLE:
            return (
                _person_values(self.before.standings, metric),
                _person_values(self.now.standings, metric),
            )
        return (
            _tenant_values(self.before.figures(track, metric, option)),
            _tenant_values(self.now.figures(track, metric, option)),
        )

    def explain(self, tenants: Collection[int]) -> None:
        for month in (self.before, self.now):
            month.explain(tenants)

    def reasons(self, track: str, metric: str, option: str, key: int | str) -> tuple[str, str]:
        """Why the tenant or person adds what it does: in the earlier month, in the later one."""
        if metric in PEOPLE:
            return (
                _person_reason(self.before.standings, self.before.rule_set, metric, key),
                _person_reason(self.now.standings, self.now.rule_set, metric, key),
            )
        return (
            self.before.reason(track, metric, option, int(key)),
            self.now.reason(track, metric, option, int(key)),
        )

    def person_name(self, metric: str, key: int | str) -> str:
        for found in (self.now.standings, self.before.standings):
            for one in found:
                if (one.metric, one.person) == (metric, key):
                    return one.name or _("Unnamed")
        return _("Unnamed")


def _tenant_values(figures: dict[int, Figures]) -> Values:
    return {tenant: own.now - own.then for tenant, own in figures.items()}


def _person_reason(
    found: Iterable[Standing], rule_set: RuleSet, metric: str, key: int | str
) -> str:
    for one in found:
        if (one.metric, one.person) == (metric, key):
            return sentence(one.reason, explaining.person_params(one, rule_set))
    return "–"  # under the rules of that month the certification is none


def _person_values(found: Iterable[Standing], metric: str) -> Values:
    return {one.person: one.counts for one in found if one.metric == metric}


@dataclass(frozen=True, slots=True)
class _Found:
    """The changes of one metric in numbers: (tenant or person, before, now), the largest first."""

    track: str
    metric: str
    option: str
    changed: Sequence[tuple[int | str, int, int]]


def _all_rows(pair: _Pair, tracks: Iterable[TrackChange], wish: Wish | None) -> list[MetricRows]:
    found = [
        _Found(track.key, metric.key, metric.option, changed)
        for track in tracks
        for metric in track.metrics
        if wish is None or (track.key, metric.key) == (wish.track, wish.metric)
        if (changed := _changed(*pair.values(track.key, metric.key, metric.option)))
    ]
    stretch = slice(0, MOST) if wish is None else slice(wish.start, wish.start + ALL)
    shown = {
        int(key)
        for one in found
        if one.metric not in PEOPLE
        for key, _before, _now in one.changed[stretch]
    }
    pair.explain(shown)
    named = _named(shown)
    return [_rows(pair, one, named, stretch) for one in found]


def _changed(before: Values, now: Values) -> list[tuple[int | str, int, int]]:
    changed = [
        (key, old, new)
        for key in before.keys() | now.keys()
        if (old := before.get(key, 0)) != (new := now.get(key, 0))
    ]
    return sorted(changed, key=lambda row: (-abs(row[2] - row[1]), row[1] > row[2], str(row[0])))


def _named(tenants: Collection[int]) -> Callable[[int | str], tuple[str, str]]:
    rows = Tenant.objects.filter(pk__in=tenants).values_list("pk", "name", "tenant_id")
    known = {pk: (name or str(guid), str(guid)) for pk, name, guid in rows}
    return lambda key: known[int(key)]


def _rows(
    pair: _Pair, one: _Found, named: Callable[[int | str], tuple[str, str]], stretch: slice
) -> MetricRows:
    rows = []
    for key, before, now in one.changed[stretch]:
        is_person = one.metric in PEOPLE
        name, guid = (pair.person_name(one.metric, key), "") if is_person else named(key)
        reason_before, reason = pair.reasons(one.track, one.metric, one.option, key)
        rows.append(Row(name, guid, before, now, reason, reason_before))
    whole = sum(now - before for _key, before, now in one.changed)
    return MetricRows(
        one.track,
        one.metric,
        one.option,
        rows,
        len(one.changed) - len(rows),
        whole - sum(row.value for row in rows),
    )
