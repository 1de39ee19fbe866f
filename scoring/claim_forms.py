from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.claim_list import Noted, Wish
from scoring.claim_states import COUNTING, ClaimState
from scoring.reading.cells import LARGEST
from scoring.rules import RuleSet
from scoring.unclaimed import Kind


class ClaimListForm(forms.Form):
    """Which rows of the list to show; what it does not know is left out, never an error."""

    words = forms.CharField(
        label=_("Search"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("Everything")), *Kind.choices]
    )
    state = forms.ChoiceField(
        label=_("Claim"),
        required=False,
        choices=[
            ("", _("In any state")),
            *((state.value, state.label) for state in ClaimState if state not in COUNTING),
        ],
    )
    workload = forms.ChoiceField(label=_("Workload"), required=False)

    def __init__(self, *args: Any, rule_set: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["workload"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = [("", _("All workloads")), *_workloads(rule_set)]

    @property
    def wish(self) -> Wish:
        """What was understood of the wishes."""
        self.is_valid()
        said = self.cleaned_data
        numbers = {name: int(said.get(name) or 0) for name in ("kind", "state", "workload")}
        return Wish(words=said.get("words", ""), **numbers)


class NoteForm(forms.Form):
    """Work that no file shows. Whether it can be noted is for ``claim_list`` to say."""

    customer_name = forms.CharField(label=_("Customer"), max_length=200)
    tenant_id = forms.UUIDField(
        label=_("Tenant ID"),
        required=False,
        help_text=_("With it the note closes by itself once your data know the customer."),
    )
    workload = forms.TypedChoiceField(label=_("Workload"), coerce=int)
    seats = forms.IntegerField(label=_("Seats bought"), min_value=0, max_value=LARGEST)
    users = forms.IntegerField(label=_("Active users"), min_value=0, max_value=LARGEST)
    users_a_month = forms.IntegerField(
        label=_("Active users gained a month"),
        min_value=0,
        max_value=LARGEST,
        required=False,
    )
    note = forms.CharField(
        label=_("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, rule_set: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "note-%s"
        field = self.fields["workload"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = _workloads(rule_set)
        for name in ("seats", "users", "users_a_month"):
            self.fields[name].widget.attrs["class"] = "input-num"

    @property
    def noted(self) -> Noted:
        data = self.cleaned_data
        return Noted(**data | {"users_a_month": data["users_a_month"] or 0})


def _workloads(rule_set: RuleSet) -> list[tuple[int, str]]:
    return [(workload.number, workload.title) for workload in rule_set.workloads.values()]
