"""What is typed in on the way out."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperation.forms import ReasonForm
from cooperation.models import RetrospectiveAnswer
from partners.plain import PlainText
from partners.reauthentication_forms import ConfirmedForm


class DeclareForm(PlainText, ConfirmedForm):
    """Something that binds the firm: who declares it is asked again, as for a signature."""


class EndForm(DeclareForm):
    """A last day, for a notice or a proposal."""

    ends_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": _("Please choose the last day."),
            "invalid": _("Please enter a valid date."),
        },
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("All firms read it."),
    )

    field_order = ["ends_on", "reason"]

    def limit(self, earliest: Any, latest: Any) -> None:
        """What the calendar of the browser offers; the verb decides."""
        attrs = self.fields["ends_on"].widget.attrs
        for name, day in (("min", earliest), ("max", latest)):
            if day is not None:
                attrs[name] = day.isoformat()


class NoteForm(PlainText, forms.Form):
    """A word with an item of the closing list."""

    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AbandonForm(ReasonForm):
    """Why a project is not pursued."""


RATINGS = (
    ("5", _("went very well")),
    ("4", _("went well")),
    ("3", _("partly")),
    ("2", _("rather not well")),
    ("1", _("did not work")),
)
NO_JUDGEMENT = ("0", _("we cannot say"))


class RuleForm(PlainText, forms.Form):
    """What a firm says about one rule."""

    rating = forms.ChoiceField(
        label=_("How it went"),
        choices=(*RATINGS, NO_JUDGEMENT),
        widget=forms.RadioSelect(attrs={"class": "choice-list--inline"}),
        error_messages={
            "required": _("Please choose one of the answers."),
            "invalid_choice": _("Please choose one of the answers."),
        },
    )
    good = forms.CharField(
        label=_("What went well"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    better = forms.CharField(
        label=_("What we would change"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    @classmethod
    def of(cls, answer: RetrospectiveAnswer | None, **options: Any) -> "RuleForm":
        """The form as it stands; empty where nothing was said yet."""
        if answer is None:
            return cls(**options)
        said = {"rating": str(answer.rating or 0), "good": answer.good, "better": answer.better}
        return cls(initial=said, **options)

    @property
    def rated(self) -> int | None:
        """1 to 5, None for no judgement. Of a valid form."""
        return int(self.cleaned_data["rating"]) or None


class AgainForm(forms.Form):
    """Whether the firm would do it again."""

    again = forms.TypedChoiceField(
        label=_("Would you do it again?"),
        choices=(("yes", _("Yes, again")), ("no", _("Rather not"))),
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect(attrs={"class": "choice-list--inline"}),
        error_messages={"required": _("Please choose one of the answers.")},
    )
