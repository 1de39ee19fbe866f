"""What lies ahead of a firm's people: what expires, who is one exam away, who came and left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dates import MONTHS_3
from django.utils.http import urlencode
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST

from partners.middleware import PortalRequest
from partners.models import Partner
from scoring import certified, heads, moves, one_exam, perms, reminders, renewals, rules, scores
from scoring.certified import Person
from scoring.heads import Effect
from scoring.models import PersonMove, Portfolio
from scoring.one_exam import MetricSteps, Step, Why
from scoring.presentation import day_text, whole
from scoring.renewals import Ending, Expiry, Window
from scoring.results import Metric, TrackResult
from scoring.rule_sets import PREFIXES

PEOPLE_A_PAGE = 50
MOST_EXPIRIES, MOST_STEPS, MOST_MOVES = 12, 6, 8


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the sections are made of; words are made of it here, decisions are not."""

    everybody: Sequence[Person]
    rule_set: rules.RuleSet
    today: date
    tracks: Sequence[TrackResult]  # of the newest score under the same rules


def context(
    partner: Partner,
    portfolio: Portfolio,
    everybody: Sequence[Person],
    rule_set: rules.RuleSet,
    today: date,
    *,
    whole_list: str = "",
) -> dict[str, Any]:
    """The three sections; ``whole_list`` names the one that is shown to its end."""
    score = scores.latest(partner)
    tracks = score.tracks if score is not None and score.rule_set == rule_set.key else ()
    ahead = Ahead(everybody, rule_set, today, tracks)
    return {
        "expiring": _expiring(ahead, is_whole=whole_list == "expiring"),
        "exams": _exams(ahead, is_whole=whole_list == "exams"),
        "moves": _moves(
            ahead, moves.recent(portfolio, everybody, today), is_whole=whole_list == "moves"
        ),
    }


@require_POST
def switch(request: PortalRequest) -> HttpResponse:
    """Switch the reminders of the firm's certificates on or off, for oneself."""
    partner = request.partner
    if not partner or not perms.can_see(request.user, partner):
        raise PermissionDenied
    reminders.choose(request.user, partner, wants=request.POST.get("wants") == "on")
    if not request.htmx:
        return redirect(f"{reverse('scoring:people')}#expiring")
    return render(
        request,
        "scoring/people_ahead.html#reminders",
        {"wants_reminders": reminders.wants(request.user, partner)},
    )


# ---- What expires next ---------------------------------------------------------------------------


def _expiring(ahead: Ahead, *, is_whole: bool) -> dict[str, Any]:
    found = renewals.expiries(ahead.everybody, ahead.rule_set, ahead.today)
    ends = renewals.endings(ahead.everybody, ahead.rule_set, ahead.today)
    shown = found if is_whole else found[:MOST_EXPIRIES]
    upcoming = [one for one in found if one.days_left >= 0]
    return {
        "rows": [_expiry(one, ahead) for one in shown],
        "left_out": len(found) - len(shown),
        "chart": renewals.draw(
            _chart_title(upcoming),
            [(one, _in_picture(one, ahead), _day(one.until_on)) for one in found],
            ahead.today,
            MONTHS_3,
        ),
        "endings": [_ending(one, ahead) for one in ends],
        "outlook": _outlook(ahead),
        "last_exams": _last_exams(ahead),
        "open": sum(one.window == Window.OPEN for one in found),
    }


def _chart_title(upcoming: Sequence[Expiry]) -> str:
    if not upcoming:
        return ""
    return ngettext(
        "%(number)s certificate expires in the next twelve months, on %(day)s. The table below "
        "says the same.",
        "%(number)s certificates expire in the next twelve months, the first on %(day)s. The table "
        "below says the same.",
        len(upcoming),
    ) % {"number": len(upcoming), "day": _day(upcoming[0].until_on)}


def _in_picture(one: Expiry, ahead: Ahead) -> str:
    """Short enough for a phone: letters in a picture do not wrap."""
    exam = code(ahead.rule_set.certifications[one.certification])
    return f"{Truncator(one.name).chars(28)} · {Truncator(exam).chars(16)}"


def _expiry(one: Expiry, ahead: Ahead) -> dict[str, Any]:
    return {
        "name": one.name,
        "url": _url(one.name, one.anchor, ahead),
        "title": _title(one.certification, ahead),
        "day": _day(one.until_on),
        "left": _left(one),
        "window": _window(one, ahead),
        "tag": "warn" if _closes_early(one) else _WINDOW_TAGS[one.window],
        "cost": _cost(one),
        "effects": [] if one.kept_by or not one.counts else _effects(one.effects),
        "is_costly": one.cost > 0,
        "warning": _warning(one, ahead),
    }


_WINDOW_TAGS = {
    Window.OPEN: "ok",
    Window.TO_OPEN: "open",
    Window.CLOSED: "bad",
    Window.NONE: "warn",
}


def _closes_early(one: Expiry) -> bool:
    """Whether the exam is retired before the certificate expires, while it can be renewed."""
    if one.window != Window.OPEN or one.closes_on is None:
        return False
    return one.closes_on < one.until_on


def _left(one: Expiry) -> str:
    if one.days_left < 0:
        return _("expired")
    if one.days_left == 0:
        return _("today")
    return ngettext("in %(number)s day", "in %(number)s days", one.days_left) % {
        "number": one.days_left
    }


def _window(one: Expiry, ahead: Ahead) -> str:
    certification = ahead.rule_set.certifications[one.certification]
    if one.window == Window.CLOSED:
        if one_exam.can_be_earned(certification, ahead.today):
            return _("Expired: to be passed again.")
        return _("Expired, and no longer offered.")
    if one.window == Window.NONE:
        if certification.is_assessment:
            return _("None: an assessment is passed again.")
        return _("None: Microsoft no longer offers it.")
    if one.window == Window.TO_OPEN:
        return _("Opens on %(day)s.") % {"day": _day(one.opens_on)}
    if _closes_early(one):
        return _("Open, but only until %(day)s: then the exam is retired.") % {
            "day": _day(one.closes_on)
        }
    return _("Open since %(day)s.") % {"day": _day(one.opens_on)}


def _cost(one: Expiry) -> str:
    if not one.counts:
        return _("Gives no points any more.")
    if one.kept_by:
        return _("Nothing: “%(title)s” lasts longer.") % {"title": short(one.kept_by)}
    if one.cost == 0:
        return ngettext(
            "Nothing today: %(heads)s person counts, more than are needed.",
            "Nothing today: %(heads)s people count, more than are needed.",
            one.effects[0].heads if one.effects else 0,
        ) % {"heads": one.effects[0].heads if one.effects else 0}
    return ""


def _effects(found: Sequence[Effect]) -> list[dict[str, str]]:
    """What a change does, track by track, with why it does nothing."""
    return [
        {
            "track": one.title,
            "points": points(one.points),
            "why": ""
            if one.points
            else ngettext(
                "%(heads)s counts; the maximum needs %(needed)s",
                "%(heads)s count; the maximum needs %(needed)s",
                one.heads,
            )
            % {"heads": one.heads, "needed": one.for_max},
        }
        for one in found
    ]


def _warning(one: Expiry, ahead: Ahead) -> str:
    lost = {effect.track: -effect.points for effect in one.effects}
    titles = [
        ahead.rule_set.track(track.key).title
        for track in ahead.tracks
        if renewals.loses_pass(track, one.metric, lost.get(track.key, Fraction(0)), ahead.rule_set)
    ]
    if not titles:
        return ""
    return _("Without it %(tracks)s would no longer pass.") % {"tracks": _joined(titles)}


def _ending(one: Ending, ahead: Ahead) -> dict[str, Any]:
    words = _("“%(title)s” gives points until %(day)s only, whoever holds it.") % {
        "title": _title(one.certification, ahead),
        "day": _day(one.until_on),
    }
    own = ngettext(
        "%(people)s of your people has it.", "%(people)s of your people have it.", one.people
    ) % {"people": one.people}
    if one.heads:
        then = ngettext(
            "%(heads)s counts by nothing that lasts longer.",
            "%(heads)s count by nothing that lasts longer.",
            one.heads,
        ) % {"heads": one.heads}
    else:
        then = _("All of them count by something that lasts longer as well.")
    return {
        "words": f"{words} {own} {then}",
        "metric": str(Metric(one.metric).label),
        "effects": _effects(one.effects) if one.heads else [],
    }


def _outlook(ahead: Ahead) -> list[str]:
    """Per metric: who counts today, and who would in a year without any renewal."""
    now = renewals.heads_of(ahead.everybody)
    end = renewals.months_after(ahead.today, renewals.AHEAD)
    then = renewals.heads_on(ahead.everybody, ahead.rule_set, end)
    return [
        _("%(metric)s: %(now)s today, %(then)s on %(day)s if nobody renews or passes anything.")
        % {
            "metric": Metric(metric).label,
            "now": now[metric],
            "then": then[metric],
            "day": _day(end),
        }
        for metric in heads.metrics(ahead.rule_set)
    ]


def _last_exams(ahead: Ahead) -> list[str]:
    """Exams that can soon be taken no more: the last chance to pass or to renew."""
    end = renewals.months_after(ahead.today, renewals.AHEAD)
    return [
        _("“%(title)s” can be passed and renewed until %(day)s only.")
        % {"title": label(one), "day": _day(one.exam_until)}
        for one in ahead.rule_set.certifications.values()
        if one.exam_until is not None and ahead.today <= one.exam_until <= end
    ]


# ---- One exam away -------------------------------------------------------------------------------


def _exams(ahead: Ahead, *, is_whole: bool) -> dict[str, Any]:
    counting = renewals.heads_of(ahead.everybody)
    found = one_exam.steps(ahead.everybody, ahead.rule_set, counting, ahead.today)
    return {
        "metrics": [_metric(one, ahead, is_whole=is_whole) for one in found],
        "people": len({step.person for one in found for step in one.steps}),
    }


def _metric(one: MetricSteps, ahead: Ahead, *, is_whole: bool) -> dict[str, Any]:
    steps = one.steps if is_whole else one.steps[:MOST_STEPS]
    return {
        "key": one.metric,
        "title": str(Metric(one.metric).label),
        "today": ngettext(
            "%(heads)s person counts today.", "%(heads)s people count today.", one.heads
        )
        % {"heads": one.heads},
        "is_full": one.is_full,
        "effects": _effects(one.effects),
        "steps": [_step(step, ahead) for step in steps],
        "number": len(one.steps),
        "left_out": len(one.steps) - len(steps),
        "further": ngettext(
            "%(number)s more person needs more than one exam.",
            "%(number)s more people need more than one exam.",
            one.further,
        )
        % {"number": one.further}
        if one.further
        else "",
    }


def _step(step: Step, ahead: Ahead) -> dict[str, Any]:
    first, *others = step.options
    return {
        "name": step.name,
        "url": _url(step.name, step.anchor, ahead),
        "exam": label(first),
        "deadline": _("until %(day)s only") % {"day": _day(first.exam_until)}
        if first.exam_until
        else "",
        "others": _("or: %(exams)s") % {"exams": ", ".join(code(one) for one in others)}
        if others
        else "",
        "why": _why(step),
    }


def _why(step: Step) -> str:
    names = {"title": short(step.base), "day": _day(step.day)}
    if step.why == Why.AGAIN:
        return _("“%(title)s” expired on %(day)s: the exam is to be passed again.") % names
    if step.why == Why.NEXT and step.day is not None:
        return _("The prerequisite is there: “%(title)s”, valid until %(day)s.") % names
    if step.why == Why.NEXT:
        return _("The prerequisite is there: “%(title)s”.") % names
    if step.why == Why.ASSESSMENT:
        return _("A technical assessment, without a prerequisite.")
    return _("Any of these exams is enough, none has a prerequisite.")


# ---- Joiners and leavers -------------------------------------------------------------------------


def _moves(ahead: Ahead, found: Sequence[moves.Move], *, is_whole: bool) -> dict[str, Any]:
    shown = found if is_whole else found[:MOST_MOVES]
    return {
        "rows": [
            {
                "kind": one.kind,
                "name": one.name,
                "url": _url(one.name, one.anchor, ahead) if one.anchor else "",
                "day": _day(one.day),
                "tag": _MOVE_TAGS[one.kind],
                "title": _MOVES[one.kind](),
                "effect": _effect(one),
                "source": _source(one),
            }
            for one in shown
        ],
        "left_out": len(found) - len(shown),
    }


_MOVE_TAGS = {"joined": "ok", "returned": "ok", "left": "na"}
_MOVES = {
    PersonMove.Kind.JOINED.value: lambda: pgettext("of a person", "joined"),
    PersonMove.Kind.LEFT.value: lambda: pgettext("of a person", "left"),
    PersonMove.Kind.RETURNED.value: lambda: pgettext("of a person", "came back"),
}


def _effect(one: moves.Move) -> str:
    metrics = _joined([str(Metric(metric).label) for metric in one.counted])
    if one.kind == PersonMove.Kind.LEFT:
        if not metrics:
            return _("Counted in no metric.")
        return _("One person less in: %(metrics)s.") % {"metrics": metrics}
    if not metrics:
        return _("Counted in no metric at that time.")
    return _("One person more in: %(metrics)s.") % {"metrics": metrics}


def _source(one: moves.Move) -> str:
    if one.file:
        return _("as the file %(name)s shows") % {"name": one.file}
    return _("corrected by %(name)s") % {"name": one.by} if one.by else _("corrected")


# ---- Words ---------------------------------------------------------------------------------------


def short(title: str) -> str:
    """A title without what all of Microsoft's titles begin with."""
    for prefix in PREFIXES:
        title = title.removeprefix(prefix)
    return title


def code(one: rules.Certification) -> str:
    """How people call it: by the exam, where there is one."""
    return one.exam_codes[0] if one.exam_codes else short(one.title)


def label(one: rules.Certification) -> str:
    title = short(certified.title(one.key))
    return f"{one.exam_codes[0]} {title}" if one.exam_codes else title


def _title(certification: str, ahead: Ahead) -> str:
    return label(ahead.rule_set.certifications[certification])


def points(change: Fraction) -> str:
    """A change in points: ``+2.5``, ``0`` or ``−7.5``."""
    if not change:
        return "0"
    return ("+" if change > 0 else "\N{MINUS SIGN}") + whole(abs(change))


def _url(name: str, anchor: str, ahead: Ahead) -> str:
    """Where the person stands: on this page, or on the one that a search for them gives."""
    if len(ahead.everybody) <= PEOPLE_A_PAGE:
        return f"#{anchor}"
    return f"?{urlencode({'words': name})}#{anchor}"


def _day(day: date | None) -> str:
    return day_text(day.isoformat()) if day else ""


def _joined(words: Sequence[str]) -> str:
    return ", ".join(words)
