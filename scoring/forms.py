from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from scoring import differences, rule_sets
from scoring.models import Length, Score
from scoring.presentation import figure


class ComputeForm(forms.Form):
    """For which day, and by which rules, a score is computed."""

    as_of = forms.DateField(
        label=gettext_lazy("As of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
    )
    rule_set = forms.ChoiceField(label=gettext_lazy("Rules"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["rule_set"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = [(rule_set.key, rule_set.title) for rule_set in rule_sets.all_sets()]

    @classmethod
    def for_today(cls) -> "ComputeForm":
        today = timezone.localdate()
        return cls(initial={"as_of": today, "rule_set": rule_sets.for_day(today).key})

    def clean_as_of(self) -> date:
        day: date = self.cleaned_data["as_of"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("Please choose today or a day in the past."))
        if day < date(2022, 10, 3):
            raise forms.ValidationError(_("The designations exist since 3 October 2022."))
        return day


class ReportForm(forms.Form):
    length = forms.ChoiceField(label=gettext_lazy("Length of the report"), choices=Length.choices)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the report"), choices=settings.LANGUAGES
    )

    @classmethod
    def for_reader(cls) -> "ReportForm":
        return cls(initial={"length": Length.SHORT, "language": get_language()})


class ComparisonForm(forms.Form):
    """Which other score to put a score beside."""

    other = forms.ChoiceField(label=gettext_lazy("Compare with"))

    def __init__(self, scores: Iterable[Score], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["other"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = [(str(score.pk), _name_of(score)) for score in scores]


def _name_of(score: Score) -> str:
    """``25 March 2025: SMB 46 points (Modern Work 2023)``, and when it was computed."""
    shown = next(track for track in score.tracks if track.is_shown)
    return _("%(day)s: %(track)s %(total)s points (%(rules)s, computed %(moment)s)") % {
        "day": date_format(score.as_of, "DATE_FORMAT"),
        "track": shown.title,
        "total": figure(shown.shown),
        "rules": rule_sets.get(score.rule_set).title,
        "moment": date_format(timezone.localtime(score.computed_at), "SHORT_DATETIME_FORMAT"),
    }


class RowsForm(forms.Form):
    """Which rows of a difference to show; what it does not know is left out, never an error."""

    show = forms.ChoiceField(
        label=gettext_lazy("Show"), choices=differences.Show.choices, required=False
    )
