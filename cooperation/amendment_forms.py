"""What is typed in to change what is in force, to note contacts, and to leave."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cooperation.forms import ReasonForm
from partners.plain import PlainText
from partners.reauthentication_forms import ConfirmedForm


class AmendmentForm(PlainText, forms.Form):
    """Why the agreement changes, and from when."""

    reason = forms.CharField(
        label=_("Why it changes"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One or two sentences. They are part of the text that all firms sign."),
        error_messages={
            "required": _("Please say in a sentence why the agreement is to be changed.")
        },
    )
    effective_on = forms.DateField(
        label=_("Holds from"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_(
            "What is signed now holds until the day before. If the last firm signs later, the "
            "change holds from that signature."
        ),
        error_messages={
            "required": _("Please choose the day from which the change holds."),
            "invalid": _("Please enter a valid date."),
        },
    )

    def limit(self, earliest: Any, latest: Any) -> None:
        """What the calendar of the browser offers; the verb decides."""
        attrs = self.fields["effective_on"].widget.attrs
        for name, day in (("min", earliest), ("max", latest)):
            if day is not None:
                attrs[name] = day.isoformat()


class BeginForm(AmendmentForm):
    """A new change; of an agreement that asked only part of the checklist, also more of it."""

    deeper = forms.BooleanField(
        label=_("Go deeper: ask the full checklist from now on"),
        required=False,
        help_text=_("Every answer is kept. The points that were not asked so far are added."),
    )

    def __init__(self, *args: Any, may_go_deeper: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_go_deeper:
            del self.fields["deeper"]


class RestateForm(AmendmentForm):
    """Reason and day of an open change once more."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=16, required=False)


class DropForm(ReasonForm):
    """Why a change is not pursued."""


class ContactsReasonForm(PlainText, forms.Form):
    """Why the contacts change; the contacts themselves come from the point's own widget."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For example: on parental leave until autumn"),
    )


class LeaveForm(PlainText, ConfirmedForm):
    """Why a firm leaves; who declares it is asked again where it leaves what it signed."""

    reason = forms.CharField(
        label=_("Why your firm leaves"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The other firms read it."),
        error_messages={
            "required": _("Please say in a sentence why your firm leaves, so that the others know.")
        },
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
