"""Forms of data protection."""

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.reauthentication_forms import ConfirmedForm


class ErasureForm(ConfirmedForm):
    """Erasing cannot be undone: it is said, and who says it is asked once more."""

    understood = forms.BooleanField(
        label=_("I have read what goes and what stays, and know that this cannot be undone."),
        error_messages={"required": _("Please confirm that you have read it.")},
    )

    field_order = ["understood"]
