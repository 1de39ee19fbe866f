"""Forms on the way to and from Microsoft."""

from typing import Any

from allauth.socialaccount.forms import DisconnectForm as LibrarysDisconnectForm
from django import forms
from django.utils.translation import gettext_lazy as _

from partners.accounts import entra


class BeginForm(forms.Form):
    """What the buttons that lead to Microsoft say: why, and where the person wants to be then."""

    SIGN_IN, CONNECT = "login", "connect"

    process = forms.ChoiceField(
        choices=[(SIGN_IN, SIGN_IN), (CONNECT, CONNECT)], required=False, initial=SIGN_IN
    )
    next = forms.CharField(required=False, max_length=2000)

    def clean_process(self) -> str:
        return self.cleaned_data["process"] or self.SIGN_IN

    def clean_next(self) -> str:
        return entra.own_path(self.cleaned_data["next"])


class DisconnectForm(LibrarysDisconnectForm):  # type: ignore[misc]
    """Take one identity away, but never the last way in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].error_messages["invalid_choice"] = _(
            "This connection does not exist any more."
        )

    def clean(self) -> dict[str, Any]:
        # Not the library's own check: that one knows of passwords only.
        cleaned: dict[str, Any] = forms.Form.clean(self) or self.cleaned_data
        if account := cleaned.get("account"):
            entra.require_another_way_in(account)
        return cleaned
