"""Which rows of a ledger to show; what a form does not know is left out, never an error."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import rules
from scoring.ledger_filters import Baseline, Counts, Facets, Filters, Why
from scoring.ledgers import Show
from scoring.presentation import figure


class LedgerForm(forms.Form):
    """Each choice says how many rows of the whole metric it has; those without any are left out."""

    words = forms.CharField(
        label=gettext_lazy("Search"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    show = forms.ChoiceField(label=gettext_lazy("Show"), required=False)
    why = forms.ChoiceField(label=gettext_lazy("Reason"), required=False)
    workload = forms.ChoiceField(label=gettext_lazy("Workload"), required=False)
    baseline = forms.ChoiceField(label=gettext_lazy("Baseline"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any],
        counts: Counts,
        facets: Facets,
        workloads: Iterable[rules.Workload],
    ) -> None:
        super().__init__(data)
        self._offer("show", [(show.value, show.label, counts.shows) for show in Show if show])
        self._offer("why", [(why.value, why.label, counts.whys) for why in Why])
        rows = facets.of_workloads()
        by_title = sorted(workloads, key=lambda one: one.title)
        own = {one.key: rows.get(one.number, 0) for one in by_title}
        self._offer("workload", [(one.key, one.title, own) for one in by_title])
        kinds = facets.of_baselines()
        self._offer("baseline", [(kind.value, kind.label, kinds) for kind in Baseline])

    def _offer(self, name: str, choices: Iterable[tuple[str, Any, Mapping[str, int]]]) -> None:
        """What has rows, and what is chosen already; without a choice the field goes."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        offered = [
            (key, _("%(choice)s (%(rows)s)") % {"choice": label, "rows": figure(rows.get(key, 0))})
            for key, label, rows in choices
            if rows.get(key) or self.data.get(name) == key
        ]
        field.choices = [("", _("All rows")), *offered]
        if not offered:
            field.widget = forms.HiddenInput()

    @property
    def wish(self) -> dict[str, str]:
        """What was asked for, as far as it is known."""
        self.is_valid()
        return {name: str(self.cleaned_data.get(name, "")) for name in self.fields}

    @property
    def filters(self) -> Filters:
        wish = self.wish
        return Filters(wish["workload"], wish["baseline"], wish["why"])
