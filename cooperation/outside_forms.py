"""The form with which a firm is invited that is not here yet."""

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.models import User
from partners.plain import PlainText


class OutsideForm(PlainText, forms.Form):
    """A mailbox of the firm, and what it is to do."""

    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("Of the person who decides about it in the firm. The link works for it only."),
    )
    language = forms.ChoiceField(
        label=_("Language of the mail"), choices=User.Language.choices, initial="de"
    )
    role = forms.CharField(
        label=_("What this firm does in it"),
        max_length=200,
        required=False,
        help_text=_("For example: lead, implementation, licences"),
    )
    message = forms.CharField(
        label=_("A word to the firm"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("They read it once they have named their firm; it is not in the mail."),
    )
