"""What two rule sets say differently, in sentences: why a score may move without new data.

No database. Only what can change a score is told, in the reader's language.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from scoring.presentation import figure
from scoring.results import Metric
from scoring.rules import Certification, RuleSet, Track, Workload


def sentences(before: RuleSet, after: RuleSet) -> list[str]:
    """What is different under ``after``; empty where both score alike."""
    return list(_all(before, after))


def _all(before: RuleSet, after: RuleSet) -> Iterator[str]:
    if before.pass_mark != after.pass_mark:
        yield _("A track passes with %(after)s points, before with %(before)s.") % {
            "before": figure(before.pass_mark),
            "after": figure(after.pass_mark),
        }
    if before.deployed_share != after.deployed_share:
        yield _("A workload is deployed from %(after)s of its seats in use, before %(before)s.") % {
            "before": _percent(before.deployed_share),
            "after": _percent(after.deployed_share),
        }
    old = {track.key: track for track in before.tracks}
    for track in after.tracks:
        if track.key in old:
            yield from _track(old[track.key], track)
        else:
            yield _("%(track)s is a new track.") % {"track": track.title}
    kept = {track.key for track in after.tracks}
    for track in before.tracks:
        if track.key not in kept:
            yield _("%(track)s is no longer a track.") % {"track": track.title}
    yield from _workloads(before.workloads, after.workloads)
    yield from _certifications(before.certifications, after.certifications)


def _track(before: Track, after: Track) -> Iterator[str]:
    if (before.seats_from, before.seats_to) != (after.seats_from, after.seats_to):
        yield _("%(track)s looks at tenants with %(after)s seats, before with %(before)s.") % {
            "track": after.title,
            "before": _band(before),
            "after": _band(after),
        }
    if after.keeps_promoted and not before.keeps_promoted:
        yield _(
            "%(track)s: a tenant that was eligible a year ago and has grown above the limit stays "
            "eligible."
        ) % {"track": after.title}
    if before.keeps_promoted and not after.keeps_promoted:
        yield _("%(track)s: a tenant that has grown above the limit is no longer eligible.") % {
            "track": after.title
        }
    yield from _accepted(before, after)
    old = {metric.key: metric for metric in before.metrics}
    for metric in after.metrics:
        words = {"track": after.title, "metric": _title(metric.key)}
        if metric.key not in old:
            yield _("%(track)s: %(metric)s is a new metric.") % words
            continue
        if metric.max != old[metric.key].max:
            yield _("%(track)s: %(metric)s gives up to %(after)s points, before %(before)s.") % {
                **words,
                "before": figure(old[metric.key].max),
                "after": figure(metric.max),
            }
        scales = {scale.option: scale.value_for_max for scale in old[metric.key].scales}
        for scale in metric.scales:
            known = scales.get(scale.option)
            if known in (None, scale.value_for_max):
                continue
            if scale.option:
                words["metric"] = f"{_title(metric.key)} ({scale.option})"
            yield _("%(track)s: %(metric)s has full points at %(after)s, before %(before)s.") % {
                **words,
                "before": figure(known or 0),
                "after": figure(scale.value_for_max),
            }
    kept = {metric.key for metric in after.metrics}
    for metric in before.metrics:
        if metric.key not in kept:
            yield _("%(track)s: %(metric)s is no longer a metric.") % {
                "track": after.title,
                "metric": _title(metric.key),
            }


def _accepted(before: Track, after: Track) -> Iterator[str]:
    """Associations that count in one of the two only."""
    if more := _only(after.options, before.options):
        yield _("%(track)s: associations by %(options)s count now.") % {
            "track": after.title,
            "options": more,
        }
    if fewer := _only(before.options, after.options):
        yield _("%(track)s: associations by %(options)s no longer count.") % {
            "track": after.title,
            "options": fewer,
        }


def _workloads(before: Mapping[str, Workload], after: Mapping[str, Workload]) -> Iterator[str]:
    if more := _titles(after, before):
        yield _("Workloads that count now: %(names)s.") % {"names": more}
    if fewer := _titles(before, after):
        yield _("Workloads that no longer count: %(names)s.") % {"names": fewer}
    for key in sorted(before.keys() & after.keys()):
        if before[key].counts_for != after[key].counts_for:
            yield _("%(workload)s counts for %(after)s, before for %(before)s.") % {
                "workload": after[key].title,
                "before": _metrics(before[key]),
                "after": _metrics(after[key]),
            }


def _certifications(
    before: Mapping[str, Certification], after: Mapping[str, Certification]
) -> Iterator[str]:
    if more := _titles(after, before):
        yield _("Certifications that count now: %(names)s.") % {"names": more}
    if fewer := _titles(before, after):
        yield _("Certifications that no longer count: %(names)s.") % {"names": fewer}
    for key in sorted(before.keys() & after.keys()):
        old, new = before[key], after[key]
        if old.metric != new.metric:
            yield _("%(name)s counts for %(after)s, before for %(before)s.") % {
                "name": new.title,
                "before": _title(old.metric),
                "after": _title(new.metric),
            }
        if old.counts_until == new.counts_until:
            continue
        if new.counts_until is None:
            yield _("%(name)s gives points without an end.") % {"name": new.title}
        else:
            yield _("%(name)s gives points until %(day)s.") % {
                "name": new.title,
                "day": date_format(new.counts_until, "SHORT_DATE_FORMAT"),
            }


# ---- Names ---------------------------------------------------------------------------------------


def _title(metric: str) -> str:
    return str(Metric(metric).label) if metric in Metric else metric


def _titles(
    of: Mapping[str, Workload] | Mapping[str, Certification],
    without: Mapping[str, Workload] | Mapping[str, Certification],
) -> str:
    return ", ".join(of[key].title for key in of if key not in without)


def _only(options: Iterable[str], without: Iterable[str]) -> str:
    return ", ".join(option for option in options if option not in set(without))


def _metrics(workload: Workload) -> str:
    return ", ".join(str(metric.label) for metric in Metric if metric in workload.counts_for)


def _band(track: Track) -> str:
    if track.seats_to is None:
        return _("%(first)s or more") % {"first": figure(track.seats_from)}
    return _("%(first)s to %(last)s") % {
        "first": figure(track.seats_from),
        "last": figure(track.seats_to),
    }


def _percent(share: Fraction) -> str:
    return f"{figure(share * 100)} %"
