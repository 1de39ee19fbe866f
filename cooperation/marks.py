"""The mark of an agreement, an arch with a stone per rule: what it shows, with words beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation.points import RuleSummary, State
from cooperation.reading import AgreementText


@dataclass(frozen=True, slots=True)
class Segment:
    state: str  # open, proposed, mixed, agreed, talk, na: the classes of the mark
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    segments: tuple[Segment, ...]
    settled: int  # rules in which nothing is open any more
    label: str  # the whole in one sentence


def stone(summary: RuleSummary) -> str:
    """How the stone of one rule is drawn."""
    if summary.counts[State.NEEDS_TALK]:
        return "talk"
    if not summary.total:
        return "na"
    if summary.state is State.AGREED:
        return "agreed"
    if summary.settled:
        return "mixed"
    return "proposed" if summary.counts[State.PROPOSED] else "open"


def mark(summaries: Sequence[RuleSummary]) -> Mark:
    words = {
        "open": _("still open"),
        "proposed": _("proposed"),
        "mixed": _("partly agreed"),
        "agreed": _("agreed"),
        "talk": _("needs a talk"),
        "na": _("does not apply"),
    }
    segments, settled = [], 0
    for summary in summaries:
        state = stone(summary)
        settled += state in ("agreed", "na")
        title = _("Rule %(number)s, %(title)s: %(state)s") % {
            "number": summary.rule.number,
            "title": summary.rule.short,
            "state": words[state],
        }
        segments.append(Segment(state, title))
    total = len(segments)
    label = ngettext(
        "%(settled)s of %(total)s rule agreed", "%(settled)s of %(total)s rules agreed", total
    ) % {"settled": settled, "total": total}
    return Mark(tuple(segments), settled, label)


def whole(titles: Sequence[tuple[int, str]]) -> Mark:
    """The mark of a frozen agreement: every rule is settled, else it could not have been frozen."""
    segments = tuple(
        Segment("agreed", _("Rule %(number)s, %(title)s: agreed") % {"number": n, "title": title})
        for n, title in titles
    )
    label = _("All %(total)s rules agreed") % {"total": len(segments)}
    return Mark(segments, len(segments), label)


def signed(text: AgreementText) -> Mark:
    """The mark of a frozen text: full stones where a rule was asked whole, honest ones elsewhere.

    What the first talk leaves for later is not agreed, and the mark does not say so.
    """
    left = {point.number.split(".")[0] for point in text.not_asked}
    words = {"agreed": _("agreed"), "mixed": _("partly agreed"), "na": _("not asked")}
    segments = []
    for rule in text.rules:
        state = "agreed" if str(rule.number) not in left else "mixed" if rule.points else "na"
        said = {"number": rule.number, "title": rule.short, "state": words[state]}
        segments.append(Segment(state, _("Rule %(number)s, %(title)s: %(state)s") % said))
    settled, total = sum(each.state == "agreed" for each in segments), len(segments)
    if settled == total:
        label = _("All %(total)s rules agreed") % {"total": total}
    else:
        label = ngettext(
            "%(number)s point of the first talk agreed",
            "%(number)s points of the first talk agreed",
            text.answered,
        ) % {"number": text.answered}
    return Mark(tuple(segments), settled, label)
