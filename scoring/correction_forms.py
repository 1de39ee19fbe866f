from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.corrections import REASON_LENGTH, OfCertificate, OfClaim, OfPerson
from scoring.customers import CORRECTED, LOST, NEW, NONE, UNDATED, WAITING
from scoring.models import Correction
from scoring.reading.cells import LARGEST
from scoring.rules import RuleSet

Field = Correction.Field
OF_CLAIMS = (Field.BEGINS_ON, Field.ENDED_ON, Field.BASELINE)
OF_PEOPLE = (Field.EXPIRES_ON, Field.LEFT, Field.SAME_PERSON)
MONTHS_END = 2**15 - 1


class CorrectionForm(forms.Form):
    """The right value of one fact, and why. Whether it can be is for ``corrections`` to say."""

    reason = forms.CharField(
        label=_("Why?"),
        help_text=_("Everybody in your firm sees this, also in a year."),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, field: str, choices: list[tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "correct-%s"  # one form is open on a page at a time
        if (value := _value(field, choices or [])) is not None:
            self.fields = {"value": value, **self.fields}
        # It opens in place: whoever opened it goes on writing there, with htmx or without.
        next(iter(self.fields.values())).widget.attrs |= {"data-focus": "", "autofocus": True}


def _value(field: str, choices: list[tuple[str, str]]) -> forms.Field | None:
    """The input for the value of a fact; that somebody has left needs none."""
    if field == Field.BASELINE:
        return forms.IntegerField(
            label=_("Active users when the association began"),
            min_value=0,
            max_value=LARGEST,
            widget=forms.NumberInput(attrs={"class": "input-num"}),
        )
    if field == Field.SAME_PERSON:
        return forms.ChoiceField(label=_("Is the same person as"), choices=[("", "—"), *choices])
    if field == Field.LEFT:
        return None
    labels = {
        Field.BEGINS_ON: _("The association began on"),
        Field.ENDED_ON: _("The association ended on"),
        Field.EXPIRES_ON: _("The certification expires on"),
    }
    is_end = field == Field.ENDED_ON
    return forms.DateField(
        label=labels[Field(field)],
        required=not is_end,
        help_text=_("Leave it empty if your firm still holds it.") if is_end else "",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d", "%d.%m.%Y"],
    )


class ClaimTargetForm(forms.Form):
    """Which fact of a tenant's associations is meant: hidden fields, or a link's parameters."""

    field = forms.ChoiceField(choices=[(field.value, field.label) for field in OF_CLAIMS])
    workload = forms.IntegerField(min_value=1, max_value=MONTHS_END)
    option = forms.IntegerField(min_value=1, max_value=MONTHS_END)
    begins = forms.IntegerField(min_value=1, max_value=MONTHS_END)

    def target(self, tenant: int) -> OfClaim:
        data = self.cleaned_data
        return OfClaim(tenant, data["workload"], data["option"], data["begins"])


class PersonTargetForm(forms.Form):
    """Which fact of a person, or of one of their certificates, is meant."""

    field = forms.ChoiceField(choices=[(field.value, field.label) for field in OF_PEOPLE])
    person = forms.CharField(max_length=200)
    certification = forms.CharField(max_length=60, required=False)
    completed_on = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    def target(self) -> OfPerson | OfCertificate:
        data = self.cleaned_data
        if data["field"] != Field.EXPIRES_ON or data["completed_on"] is None:
            return OfPerson(data["person"])
        return OfCertificate(data["person"], data["certification"], data["completed_on"])


# ---- What a list shows; what it does not know is left out, never an error -----------------------


def _words() -> forms.CharField:
    return forms.CharField(
        label=_("Search"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )


class CustomersForm(forms.Form):
    words = _words()
    option = forms.ChoiceField(label=_("Option"), required=False)
    show = forms.ChoiceField(label=_("Show"), required=False)

    def __init__(self, *args: Any, rule_set: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        option, show = self.fields["option"], self.fields["show"]
        assert isinstance(option, forms.ChoiceField)  # noqa: S101 -- for the type checker
        assert isinstance(show, forms.ChoiceField)  # noqa: S101
        option.choices = [
            ("", _("All options")),
            *((str(one.number), one.key) for one in rule_set.options.values()),
        ]
        show.choices = [
            ("", _("All customers")),
            *((track.key, _Eligible(track.title)) for track in rule_set.tracks),
            (NEW, _("Newly eligible")),
            (LOST, _("No longer eligible")),
            (NONE, _("Eligible in no track")),
            (WAITING, _("With a claim that is not approved")),
            (UNDATED, _("Beginning not known")),
            (CORRECTED, _("With corrections")),
        ]


class _Eligible:
    """``Eligible in SMB``, in the language of whoever reads it."""

    def __init__(self, track: str) -> None:
        self.track = track

    def __str__(self) -> str:
        return str(_("Eligible in %(track)s")) % {"track": self.track}


class PeopleForm(forms.Form):
    words = _words()
    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", _("Everybody")),
            ("counts", _("Counts today")),
            ("soon", _("Expires soon")),
            ("out", _("Does not count")),
            ("twice", _("Perhaps one person twice")),
            ("corrected", _("With corrections")),
        ],
    )


class CorrectionsForm(forms.Form):
    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            ("", _("In force")),
            ("withdrawn", _("Withdrawn")),
            ("all", _("All")),
        ],
    )
