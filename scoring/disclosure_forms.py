from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import rule_sets
from scoring.disclosures import metrics
from scoring.models import Disclosure
from scoring.results import Metric
from scoring.shown import Known

What = Disclosure.What
WORDS = [
    (What.NOTHING, gettext_lazy("Nothing")),
    (What.DESIGNATION, gettext_lazy("The designation: status, track and total points")),
    (What.METRIC, gettext_lazy("One metric: its points and its value")),
]


class DisclosureForm(forms.Form):
    """What one firm may see. ``metric`` is ``track:metric``, with its points of today beside it."""

    what = forms.ChoiceField(
        label=gettext_lazy("This firm sees"), choices=WORDS, widget=forms.RadioSelect
    )
    metric = forms.ChoiceField(label=gettext_lazy("Which metric"), required=False)

    def __init__(self, data: Any = None, *, known: Known, row: Disclosure | None = None) -> None:
        has_metric = row is not None and row.what == What.METRIC
        initial = {
            "what": row.what if row is not None else What.NOTHING,
            "metric": f"{row.track}:{row.metric}" if row is not None and has_metric else "",
        }
        super().__init__(data, initial=initial, auto_id="disclosure_%s")
        self.fields["what"].help_text = _("Today, the designation would say: %(words)s.") % {
            "words": known.designation.words
        }
        choices: Any = [("", _("Please choose")), *_by_track(known)]
        self.fields["metric"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("what") == What.METRIC and not given.get("metric"):
            self.add_error("metric", _("Please choose the metric that this firm may see."))
        return given

    @property
    def chosen(self) -> dict[str, str]:
        """What the verb takes."""
        if self.cleaned_data["what"] != What.METRIC:
            return {"what": self.cleaned_data["what"]}
        track, _colon, metric = self.cleaned_data["metric"].partition(":")
        return {"what": What.METRIC, "track": track, "metric": metric}


def _by_track(known: Known) -> list[tuple[str, list[tuple[str, str]]]]:
    found: list[tuple[str, list[tuple[str, str]]]] = []
    titles = {track.key: track.title for track in rule_sets.for_day(known.today).tracks}
    groups: dict[str, list[tuple[str, str]]] = {key: [] for key in titles}
    for track, metric in metrics(known.today):
        groups[track].append((f"{track}:{metric}", _option(known, track, metric)))
    for key, options in groups.items():
        found.append((titles[key], options))
    return found


def _option(known: Known, track: str, metric: str) -> str:
    title = str(Metric(metric).label) if metric in Metric else metric
    seen = known.metric(track, metric)
    if seen is None or not seen.title:
        return title
    return _("%(title)s (today %(points)s of %(most)s points)") % {
        "title": title,
        "points": seen.points,
        "most": seen.most,
    }
