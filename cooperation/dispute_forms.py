"""What is typed in about a point to settle. What may happen now is for the verbs to say."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperation.kinds.base import NAME_LIMIT, NOTE_LIMIT, TEXT_LIMIT
from partners.models import Partner, User
from partners.plain import PlainText


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class DayInput(forms.DateInput):
    """The browser's own calendar, whatever the language writes days like."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class OpenForm(PlainText, forms.Form):
    """A new point to settle: what it is about, how the firm sees it, with whom."""

    subject = forms.CharField(
        label=_("What is it about?"),
        max_length=NAME_LIMIT,
        help_text=_("In a few words, as a heading. For example: hours in the second sprint"),
        error_messages={"required": _("Please say in a few words what it is about.")},
    )
    description = forms.CharField(
        label=_("How do you see it?"),
        max_length=TEXT_LIMIT,
        widget=_lines(8),
        help_text=_(
            "What happened, what you expected, and what would help you. Write as you would say it "
            "at one table: what you noticed, not what somebody meant."
        ),
        error_messages={"required": _("Please describe how you see it.")},
    )
    others = forms.MultipleChoiceField(
        label=_("With whom would you like to settle it?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only the firms you choose learn of it."),
        error_messages={
            "required": _("Please choose with which firms you would like to settle this."),
        },
    )

    def __init__(
        self, *args: Any, firms: Sequence[Partner], of_pair: bool = False, **kwargs: Any
    ) -> None:
        """``firms``: the others that may be involved. ``of_pair``: one of them at a time."""
        super().__init__(*args, **kwargs)
        choices = [(str(firm.pk), firm.name) for firm in firms]
        if len(firms) == 1:  # nothing to choose
            del self.fields["others"]
            return
        if of_pair:
            self.fields["others"] = forms.ChoiceField(
                label=_("With whom would you like to settle it?"),
                choices=choices,
                widget=forms.RadioSelect,
                help_text=_("This point is settled between two firms. The others learn nothing."),
                error_messages={
                    "required": _(
                        "This point is settled between two firms. Please say with which firm."
                    ),
                },
            )
            return
        self.fields["others"].choices = choices  # type: ignore[attr-defined]
        self.fields["others"].initial = [key for key, _name in choices]

    @property
    def chosen(self) -> list[str] | None:
        """Ids of the firms chosen; None: there is only one."""
        chosen = self.cleaned_data.get("others")
        return [chosen] if isinstance(chosen, str) else chosen


class EntryForm(PlainText, forms.Form):
    text = forms.CharField(
        label=_("What would you like to say?"),
        max_length=TEXT_LIMIT,
        widget=_lines(5),
        error_messages={"required": _("Please write something first.")},
    )


class FailForm(PlainText, forms.Form):
    """The next level is to be called before the time is over."""

    level = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("A word about it"),
        max_length=NOTE_LIMIT,
        required=False,
        widget=_lines(3),
        help_text=_("All who take part here read it."),
    )


class OutcomeForm(PlainText, forms.Form):
    revision = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.CharField(
        label=_("What would you like to agree on?"),
        max_length=TEXT_LIMIT,
        widget=_lines(6),
        help_text=_("Who does what, until when. It counts once every firm involved confirms it."),
        error_messages={"required": _("Please write down what you would like to agree on.")},
    )


class GuestForm(PlainText, forms.Form):
    """A neutral person and the last day on which she may read and write here."""

    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=200)
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("A mail goes there as soon as every firm involved has agreed."),
    )
    language = forms.ChoiceField(label=_("Language of mails"), choices=User.Language.choices)
    until = forms.DateField(label=_("Last day"), widget=DayInput())

    DAYS = 30  # what a neutral person usually needs

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"until": today + timedelta(days=self.DAYS), "language": "de"}


class ExtendForm(forms.Form):
    until = forms.DateField(label=_("New last day"), widget=DayInput())
