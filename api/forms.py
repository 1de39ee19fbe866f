import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from api import keys
from partners.plain import PlainText


class KeyForm(PlainText, forms.Form):
    DAYS = [
        (30, _("30 days")),
        (keys.USUAL, _("90 days")),
        (180, _("180 days")),
        (keys.LONGEST, _("365 days")),
    ]

    name = forms.CharField(
        label=_("What the key is for"),
        max_length=80,
        help_text=_("So that you recognise it later, such as: reporting in our data warehouse."),
    )
    days = forms.TypedChoiceField(
        label=_("How long it is valid"), choices=DAYS, coerce=int, initial=keys.USUAL
    )
    once = forms.UUIDField(widget=forms.HiddenInput)  # the same form sent twice makes one key

    @classmethod
    def blank(cls) -> "KeyForm":
        return cls(initial={"once": uuid.uuid4()})
