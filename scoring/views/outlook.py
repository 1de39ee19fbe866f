"""What is known already: the next month and the next quarter, if every customer stays as it is."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from partners.middleware import PortalRequest
from scoring import certified, month_changes, months, outlook, perms, renewals, rule_sets
from scoring.history_words import picture_ahead, qualified_words, track_lines
from scoring.models import MonthAhead, MonthResult, Portfolio
from scoring.month_changes import LiesBehind
from scoring.month_words import month_tracks, short_month
from scoring.outlook import Anniversary, Near, Nearby
from scoring.presentation import figure, month_name, signed
from scoring.renewals import Expiry
from scoring.rules import RuleSet
from scoring.worth import points_text

LISTS = ("almost_deployed", "barely_deployed", "almost_in", "barely_in")
MANY = 200  # of the one list that is asked for whole


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """The months to come; ``?month=`` says which one is shown tenant by tenant."""
    partner = request.partner
    if not partner:
        return render(request, "scoring/no_firm.html", {"tab": "outlook"})
    portfolio = Portfolio.objects.filter(partner=partner).first()
    newest, ahead = (None, []) if portfolio is None else outlook.outcomes(portfolio)
    context: dict[str, Any] = {
        "tab": "outlook",
        "partner": partner,
        "may_import": perms.can_import(request.user, partner),
        "lies_behind": portfolio is not None and portfolio.history_version != portfolio.version,
    }
    if portfolio is None or newest is None or not ahead:
        return render(request, "scoring/outlook.html", context | {"has_data": False})
    chosen = _chosen(request, ahead)
    try:
        changes = month_changes.of_month_ahead(portfolio, chosen.month)
    except LiesBehind:
        changes = None
    if changes is None:  # data came in or went, and other months are to come
        context |= {"title": month_name(chosen.month), "lies_behind": True}
        return render(request, "scoring/behind_page.html", context)
    today = timezone.localdate()
    rule_set = rule_sets.for_day(today)
    everybody = certified.people_of(portfolio, rule_set, today)
    last_day = months.last_day(ahead[-1].month + 1)
    wanted = request.GET.get("all", "")
    near = outlook.near(portfolio, newest.month, most=MANY if wanted in LISTS else outlook.MOST)
    context |= {
        "has_data": True,
        "newest": month_name(newest.month),
        "picture": picture_ahead(newest, ahead),
        "lines": _lines(newest, ahead),
        "chosen": {
            "label": months.label(chosen.month),
            "name": month_name(chosen.month),
            "counts_in": month_name(chosen.month + 1),
            "comparison": month_name(chosen.month - months.YEAR),
            "rules": _new_rules(newest, chosen),
        },
        "choices": [
            {
                "label": months.label(row.month),
                "name": month_name(row.month),
                "is_chosen": row is chosen,
            }
            for row in ahead
        ],
        "before": month_name(newest.month),
        "before_short": short_month(newest.month),
        "short": short_month(chosen.month),
        "tracks": month_tracks(changes),
        "only_changed": True,
        "label": months.label(chosen.month),
        "expiries": [
            _expiry(one)
            for one in renewals.expiries(everybody, rule_set, today)
            if one.days_left >= 0 and one.until_on <= last_day
        ],
        "last_day": date_format(last_day, "DATE_FORMAT"),
        "anniversaries": [_anniversary(one) for one in outlook.anniversaries(portfolio, ahead)],
        "ends": [
            {"month": month_name(month), "number": figure(number)}
            for month, number in outlook.ends(portfolio, ahead)
        ],
        "lists": [
            _list(key, getattr(near, key), rule_set)
            for key in LISTS
            if wanted not in LISTS or key == wanted
        ],
        "is_one_list": wanted in LISTS,
    }
    return render(request, "scoring/outlook.html", context)


def _chosen(request: PortalRequest, ahead: list[MonthAhead]) -> MonthAhead:
    wanted = request.GET.get("month", "")
    return next((row for row in ahead if months.label(row.month) == wanted), ahead[0])


def _lines(newest: MonthResult, ahead: list[MonthAhead]) -> list[dict[str, Any]]:
    """The table behind the picture: each month with both tracks, and what changes."""
    now = {track.key: track.total for track in newest.tracks}
    rows: list[MonthResult | MonthAhead] = [newest, *ahead]
    return [
        {
            "name": month_name(row.month),
            "label": months.label(row.month),
            "counts_in": month_name(row.month + 1),
            "is_ahead": row is not newest,
            "is_provable": row.is_provable,
            "qualified": qualified_words(row),
            "tracks": [
                {
                    "line": line,
                    "change": _change(row, line.view.key, now) if row is not newest else "",
                }
                for line in track_lines(row)
            ],
        }
        for row in rows
    ]


def _change(row: MonthResult | MonthAhead, key: str, now: dict[str, Any]) -> str:
    total = next(track.total for track in row.tracks if track.key == key)
    return points_text(total - now[key]) if key in now else ""


def _new_rules(newest: MonthResult, chosen: MonthAhead) -> str:
    """The title of the rules when they change until then."""
    return "" if newest.rule_set == chosen.rule_set else rule_sets.get(chosen.rule_set).title


def _expiry(one: Expiry) -> dict[str, Any]:
    days = ngettext("in %(number)s day", "in %(number)s days", one.days_left)
    return {
        "name": one.name or _("Unnamed"),
        "anchor": one.anchor,
        "title": one.title,
        "until_on": one.until_on,
        "days": days % {"number": one.days_left} if one.days_left else _("today"),
        "cost": points_text(-one.cost) if one.cost else "",
        "kept_by": one.kept_by,
    }


def _anniversary(one: Anniversary) -> dict[str, str]:
    return {
        "month": month_name(one.month),
        "began": month_name(one.month - months.YEAR),
        "number": figure(one.number),
        "options": ", ".join(f"{figure(number)} {option}" for option, number in one.counts),
    }


def _list(key: str, nearby: Nearby, rule_set: RuleSet) -> dict[str, Any]:
    return {
        "key": key,
        "title": {
            "almost_deployed": _("Not deployed yet, the nearest first"),
            "barely_deployed": _("Deployed, with few users to lose"),
            "almost_in": _("Just outside the seat band"),
            "barely_in": _("Just inside the seat band"),
        }[key],
        "note": {
            "almost_deployed": _(
                "A tenant counts as deployed from %(share)s of the bought seats on."
            )
            % {"share": rule_set.deployed_percent},
            "barely_deployed": _("Lose more users than this and the tenant is deployed no more."),
            "almost_in": _("A few seats decide whether the tenant counts at all in this track."),
            "barely_in": _("A small change of its contract takes the tenant out of this track."),
        }[key],
        "count": figure(nearby.count),
        "is_cut": nearby.count > len(nearby.rows),
        "rows": [_near(key, row) for row in nearby.rows],
    }


def _near(key: str, row: Near) -> dict[str, Any]:
    number = abs(row.distance)
    if key == "almost_deployed":
        words = ngettext("%(number)s more user", "%(number)s more users", number)
    elif key == "barely_deployed":
        words = (
            ngettext("%(number)s user to lose", "%(number)s users to lose", number)
            if number
            else _("no user to lose")
        )
    elif row.distance > 0:
        words = ngettext("%(number)s more seat", "%(number)s more seats", number)
    else:
        words = ngettext("%(number)s seat fewer", "%(number)s seats fewer", number)
    if key == "almost_in":
        words_after = _("and it counts")
    elif key == "barely_in":
        words_after = _("and it counts no more")
    else:
        words_after = ""
    return {
        "name": row.name,
        "guid": row.guid,
        "track": row.track.title,
        "option": row.option,
        "workload": row.workload,
        "seats": figure(row.seats),
        "users": "" if row.users is None else figure(row.users),
        "words": f"{words % {'number': figure(number)}} {words_after}".strip(),
        "distance": signed(row.distance),
    }
