"""What changed from one month of a firm's history to the next: computed from the facts, not stored.

A metric's value is a sum over tenants or people, so the changes of those add up to the change of
the value, exactly. What is not shown one by one is told as a sum.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from scoring import claims, differences, explaining, facts, history, ledgers, months, people
from scoring.differences import TrackChange
from scoring.explaining import Explainer
from scoring.history import JudgedMonth
from scoring.models import MonthResult, Portfolio, Tenant
from scoring.people import Certificate, Standing
from scoring.presentation import PEOPLE
from scoring.reasons import Reason, sentence
from scoring.rules import RuleSet

MOST = 12  # rows of a metric that are shown one by one


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


@dataclass(frozen=True, slots=True)
class MonthChanges:
    """A month beside the one before it, both as they are known today."""

    now: MonthResult
    before: MonthResult | None  # None: the first month with data
    following: int | None  # the next month with data
    tracks: Sequence[TrackChange]
    rows: Sequence[MetricRows]

    def rows_of(self, track: str, metric: str) -> MetricRows | None:
        return next((row for row in self.rows if (row.track, row.metric) == (track, metric)), None)


def of_month(portfolio: Portfolio, month: int) -> MonthChanges | None:
    """A month and what changed since the imported month before it; None for one without data."""
    imported = sorted(facts.imported_months(portfolio))
    if month not in imported:
        return None
    known = claims.corrections(portfolio)
    certificates = claims.certificates(portfolio, known)
    earlier = max((one for one in imported if one < month), default=None)
    following = min((one for one in imported if one > month), default=None)
    now = history.judge_month(portfolio, month, imported, known)
    now_result = history.result_of(now, portfolio, certificates)
    if earlier is None:
        tracks = differences.compare(now_result.tracks, now_result.tracks)
        return MonthChanges(now_result, None, following, tracks, ())
    before = history.judge_month(portfolio, earlier, imported, known)
    before_result = history.result_of(before, portfolio, certificates)
    tracks = differences.compare(before_result.tracks, now_result.tracks)
    return MonthChanges(
        now_result,
        before_result,
        following,
        tracks,
        _all_rows(_Pair(before, now, certificates), tracks),
    )


# ---- Rows ----------------------------------------------------------------------------------------

Values = dict[int | str, int]  # by tenant or person


class _Pair:
    """Two judged months, and what each tenant and person adds in them."""

    def __init__(
        self, before: JudgedMonth, now: JudgedMonth, certificates: Sequence[Certificate]
    ) -> None:
        self.before, self.now = before, now
        self._people = [_standings(month, certificates) for month in (before, now)]
        self._explainers = [Explainer(month.rule_set, month.pair) for month in (before, now)]

    def values(self, track: str, metric: str, option: str) -> tuple[Values, Values]:
        if metric in PEOPLE:
            before, now = self._people
            return _person_values(before, metric), _person_values(now, metric)
        return (
            _tenant_values(self.before, track, metric, option),
            _tenant_values(self.now, track, metric, option),
        )

    def reasons(self, track: str, metric: str, option: str, key: int | str) -> tuple[str, str]:
        """Why the tenant or person adds what it does: in the earlier month, in the later one."""
        if metric in PEOPLE:
            before, now = (
                _person_reason(found, month.rule_set, metric, key)
                for found, month in zip(self._people, (self.before, self.now), strict=True)
            )
        else:
            before, now = (
                _tenant_reason(month, explainer, track, metric, option, int(key))
                for month, explainer in zip((self.before, self.now), self._explainers, strict=True)
            )
        return before, now

    def person_name(self, metric: str, key: int | str) -> str:
        for found in reversed(self._people):
            for one in found:
                if (one.metric, one.person) == (metric, key):
                    return one.name or _("Unnamed")
        return _("Unnamed")


def _tenant_reason(
    month: JudgedMonth, explainer: Explainer, track: str, metric: str, option: str, tenant: int
) -> str:
    numbers = ledgers.numbers_of(month.rule_set, track, metric, option)
    own = month.verdicts.get(tenant, [])
    verdict = next((one for one in own if (one.track, one.option) == numbers), None)
    if verdict is None:
        return sentence(Reason.NO_DATA_NOW, {"now": months.label(month.month)})
    return ledgers.reason(explainer.line(metric, verdict, month.claims[tenant]))


def _person_reason(
    found: Iterable[Standing], rule_set: RuleSet, metric: str, key: int | str
) -> str:
    for one in found:
        if (one.metric, one.person) == (metric, key):
            return sentence(one.reason, explaining.person_params(one, rule_set))
    return "–"  # under the rules of that month the certification is none


def _standings(month: JudgedMonth, certificates: Sequence[Certificate]) -> list[Standing]:
    """Who counts on the last day on which the data of ``month`` count."""
    return list(people.judge_people(certificates, month.rule_set, month.days.last))


def _person_values(found: Iterable[Standing], metric: str) -> Values:
    return {one.person: one.counts for one in found if one.metric == metric}


def _tenant_values(month: JudgedMonth, track: str, metric: str, option: str) -> Values:
    numbers = ledgers.numbers_of(month.rule_set, track, metric, option)
    values: Values = {}
    for tenant, own in month.verdicts.items():
        for verdict in own:
            if (verdict.track, verdict.option) == numbers:
                now, then, _reason = explaining.figures(metric, verdict)
                values[tenant] = now - then
    return values


@dataclass(frozen=True, slots=True)
class _Found:
    """The changes of one metric in numbers: (tenant or person, before, now), the largest first."""

    track: str
    metric: str
    option: str
    changed: Sequence[tuple[int | str, int, int]]


def _all_rows(pair: _Pair, tracks: Iterable[TrackChange]) -> list[MetricRows]:
    found = [
        _Found(track.key, metric.key, metric.option, changed)
        for track in tracks
        for metric in track.metrics
        if (changed := _changed(*pair.values(track.key, metric.key, metric.option)))
    ]
    shown = {
        int(key)
        for one in found
        if one.metric not in PEOPLE
        for key, _before, _now in one.changed[:MOST]
    }
    named = _named(shown)
    return [_rows(pair, one, named) for one in found]


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


def _rows(pair: _Pair, one: _Found, named: Callable[[int | str], tuple[str, str]]) -> MetricRows:
    rows = []
    for key, before, now in one.changed[:MOST]:
        is_person = one.metric in PEOPLE
        name, guid = (pair.person_name(one.metric, key), "") if is_person else named(key)
        reason_before, reason = pair.reasons(one.track, one.metric, one.option, key)
        rows.append(Row(name, guid, before, now, reason, reason_before))
    others = one.changed[MOST:]
    return MetricRows(
        one.track,
        one.metric,
        one.option,
        rows,
        len(others),
        sum(now - before for _key, before, now in others),
    )
