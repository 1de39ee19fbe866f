from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring import efforts
from scoring.models import EffortWeights


def _weight(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_value=efforts.LARGEST,
        max_digits=9,
        decimal_places=2,
        localize=True,
        widget=forms.TextInput(
            attrs={"class": "input-num", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )


class EffortForm(forms.Form):
    """What one step of each sort costs, with the reader's decimal sign."""

    intermediate = _weight(_("A person certified, intermediate"))
    advanced = _weight(_("A person certified, advanced"))
    tenant = _weight(_("A customer won"))
    user = _weight(_("An active user gained"))
    claim = _weight(_("A claim filed"))

    @classmethod
    def of(cls, row: EffortWeights) -> "EffortForm":
        return cls(initial=_short({name: getattr(row, name) for name in efforts.NAMES}))


def _short(values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Without zeros at the end: 5 and 0.1, not 5.00 and 0.10."""
    return {
        name: value.normalize() if value % 1 else value.quantize(Decimal(1))
        for name, value in values.items()
    }
