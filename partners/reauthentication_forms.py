"""The part of a form that asks who is there."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.reauthentication import Asked, Method


class ConfirmedForm(forms.Form):
    """A form that binds: with a field for each way in which the person can show who they are.

    ``template``: ``partners/reauthentication.html``, included where the fields belong. Whether what
    was entered is right is for ``reauthentication.check`` to say, in the view.
    """

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        required=False,  # what is missing is said by the check, which knows the other ways
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("You enter it once more, so that nobody else does this from your open screen."),
        error_messages={"required": _("Please enter your password.")},
    )
    code = forms.CharField(
        label=_("Code of your authenticator app"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text=_("The six digits that it shows now."),
        error_messages={"required": _("Please enter the code of your authenticator app.")},
    )
    credential = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, asked: Asked, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        for name, method in (
            ("password", Method.PASSWORD),
            ("code", Method.TOTP),
            ("credential", Method.PASSKEY),
        ):
            if method not in asked.methods:
                self.fields.pop(name, None)
            elif asked.methods == (method,) and method != Method.PASSKEY:
                self.fields[name].required = True
