from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scoring.enrolments import DESIGNATIONS, MODERN_WORK


def _day(**options: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"],
        **options,
    )


class EnrolmentForm(forms.Form):
    """The shape of what a firm says; whether the days can be is for ``enrolments`` to say."""

    designation = forms.ChoiceField(
        label=_("Designation"), choices=[(name, name) for name in DESIGNATIONS]
    )
    enrolled_on = _day(label=_("Enrolled on"))
    anniversary = _day(
        label=_("Next anniversary"),
        required=False,
        help_text=_(
            "As Partner Center shows it. Left empty: one year after the enrolment, or with a "
            "designation that you hold already."
        ),
    )

    @classmethod
    def for_today(cls) -> "EnrolmentForm":
        today: date = timezone.localdate()
        return cls(initial={"designation": MODERN_WORK, "enrolled_on": today})
