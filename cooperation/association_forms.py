"""What a firm takes for given of a customer, to reckon what an association would be worth."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy

from cooperation.association_worth import Assumptions
from scoring import what_if
from scoring.what_if import Named

MOST_SEATS = 1_000_000
SEATS_OF = "seats_"  # begins the name of a field for one workload's seats


def _number(label: Any, most: int, *, needed: Any = "") -> forms.IntegerField:
    """``needed`` is the sentence for whoever leaves it empty; without it one may."""
    widget = forms.NumberInput(attrs={"class": "input-num", "inputmode": "numeric"})
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=most,
        required=bool(needed),
        error_messages={"required": needed} if needed else {},
        widget=widget,
    )


class AssumptionsForm(forms.Form):
    """Read from the query of a page: an address that can be kept and handed on within the firm."""

    seats = _number(
        gettext_lazy("Paid seats"),
        MOST_SEATS,
        needed=gettext_lazy("Please say how many seats the customer pays for."),
    )
    active = _number(
        gettext_lazy("In use at the beginning, in percent"),
        100,
        needed=gettext_lazy("Please say how many of them are in use, 0 if none."),
    )
    later = _number(gettext_lazy("In use later on, in percent"), 100)
    tenant = forms.UUIDField(
        label=gettext_lazy("Tenant ID of the customer"),
        required=False,
        help_text=gettext_lazy(
            "If your own data know the customer, they are taken in place of assumptions."
        ),
    )

    def __init__(self, query: QueryDict, workloads: Sequence[Named]) -> None:
        self.workloads = workloads
        is_asked = any(query.get(name, "").strip() for name in self.base_fields)
        super().__init__(query if is_asked else None)
        if query.get("tenant", "").strip():  # the firm's own data may say it all
            self.fields["seats"].required = self.fields["active"].required = False
        for workload in workloads:
            self.fields[SEATS_OF + workload.key] = _number(workload.title, MOST_SEATS)

    @property
    def single_fields(self) -> list[forms.BoundField]:
        """The fields for the seats of single workloads."""
        return [self[SEATS_OF + workload.key] for workload in self.workloads]

    @property
    def has_single(self) -> bool:
        """Some workload has seats of its own, or tried to."""
        return any(field.value() for field in self.single_fields)

    @property
    def names_tenant(self) -> bool:
        return self.is_valid() and self.cleaned_data["tenant"] is not None

    @property
    def assumptions(self) -> Assumptions | None:
        """What was entered; None while nothing was, or where it cannot be taken."""
        if not self.is_valid():
            return None
        given = self.cleaned_data
        return Assumptions(
            seats=given["seats"],
            active=given["active"],
            later=given["later"],
            tenant=given["tenant"],
            seats_of=self._seats_of(given),
        )

    def _seats_of(self, given: Mapping[str, Any]) -> dict[str, int]:
        found = {one.key: given.get(SEATS_OF + one.key) for one in self.workloads}
        return {key: seats for key, seats in found.items() if seats is not None}

    @property
    def given(self) -> dict[str, str]:
        """The assumptions as a query has them; nothing where they cannot be taken."""
        if not self.is_valid():
            return {}
        found = self.cleaned_data.items()
        return {name: str(value) for name, value in found if value is not None}


def assumed(query: QueryDict) -> AssumptionsForm | None:
    """The assumptions in a query, if it has some that can be taken."""
    if "seats" not in query and "tenant" not in query:
        return None
    form = AssumptionsForm(query, what_if.workloads(timezone.localdate()))
    return form if form.is_valid() else None
