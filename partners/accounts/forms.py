"""The forms of the sign-in pages: django-allauth's, in the portal's words and with its limits."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from allauth.account import forms as account
from allauth.account.adapter import get_adapter
from allauth.core import context
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners import guessing
from partners.accounts import tries

LONGEST_PASSWORD = 1000  # characters: hashing a megabyte would keep a server busy
CODE = {"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false"}


class Worded(forms.Form):
    """Labels in the portal's words, no placeholders, and help only where it helps."""

    words: ClassVar[Mapping[str, str | Promise]] = {}
    helps: ClassVar[Mapping[str, str | Promise]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = cast(Any, self.words.get(name, field.label))
            field.help_text = cast(Any, self.helps.get(name, ""))
            if isinstance(field.widget, forms.PasswordInput):
                _at_most(field, LONGEST_PASSWORD)


PASSWORDS = {
    "password": _("Password"),
    "oldpassword": _("Present password"),
    "password1": _("New password"),
    "password2": _("New password, once more"),
}


class _NewPassword(Worded):
    words = PASSWORDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = password_validation.password_validators_help_text_html()
        self.fields["password1"].help_text = rules


class SignInForm(Worded, account.LoginForm):  # type: ignore[misc]
    words = {"login": _("E-mail address"), **PASSWORDS}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autofocus": True}


class PasswordLinkForm(Worded, account.ResetPasswordForm):  # type: ignore[misc]
    words = {"email": _("E-mail address")}


class ChangePasswordForm(_NewPassword, account.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(_NewPassword, account.SetPasswordForm):  # type: ignore[misc]
    pass


class ChoosePasswordForm(_NewPassword, account.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(Worded, account.ReauthenticateForm):  # type: ignore[misc]
    words = PASSWORDS


class AddressForm(Worded, account.AddEmailForm):  # type: ignore[misc]
    words = {"email": _("New e-mail address")}
    helps = {"email": _("A code goes there. Until you enter it the present address stays.")}


class AskForCodeForm(Worded, account.RequestLoginCodeForm):  # type: ignore[misc]
    words = {"email": _("E-mail address")}


class _MailedCode(Worded):
    words = {"code": _("Code from the mail")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"autocomplete": "one-time-code", "spellcheck": "false"}


class SignInCodeForm(_MailedCode, account.ConfirmLoginCodeForm):  # type: ignore[misc]
    pass


class AddressCodeForm(_MailedCode, account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    pass


# ---- The second factor ---------------------------------------------------------------------------


class _Code(Worded):
    """A code of an app, or a recovery code; the limits are ``tries.CODE``."""

    words = {"code": _("Code")}
    user: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= CODE
        _at_most(self.fields["code"], 40)

    def clean_code(self) -> str:
        try:
            counted = tries.begin(tries.CODE, context.request, self.user.email)
        except guessing.TooMany as error:
            raise get_adapter().validation_error("rate_limited") from error
        code: str = super().clean_code()  # type: ignore[misc]
        counted.good()
        return code


class CodeForm(_Code, mfa.AuthenticateForm):  # type: ignore[misc]
    helps = {"code": _("Six digits of your app, or one of your recovery codes.")}


class CodeAgainForm(_Code, mfa.ReauthenticateForm):  # type: ignore[misc]
    helps = {"code": _("Six digits of your app, or one of your recovery codes.")}


class AppForm(_Code, totp.ActivateTOTPForm):  # type: ignore[misc]
    words = {"code": _("Code that the app shows")}


class _Passkey(Worded):
    """Whatever a browser sends: what is no passkey's answer is refused, and never a crash."""

    def clean_credential(self) -> Authenticator:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._refused() from error

    @staticmethod
    def _refused() -> ValidationError:
        sentence = _("The passkey was not confirmed. Please try again.")
        return ValidationError(sentence, code="no_passkey")


class PasskeySignInForm(_Passkey, webauthn.LoginWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeySecondForm(_Passkey, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class PasskeyAgainForm(_Passkey, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


NAME = pgettext_lazy("of a passkey", "Name")


class AddPasskeyForm(_Passkey, webauthn.AddWebAuthnForm):  # type: ignore[misc]
    """Every passkey knows its owner and asks for a finger, a face or a PIN: it is both factors."""

    words = {"name": NAME}
    helps = {"name": _("So that you know later which device it is, for example: phone.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("passwordless", None)
        _at_most(self.fields["name"], 60)

    def clean_credential(self) -> Any:
        return self.cleaned_data["credential"]

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        try:
            cleaned: dict[str, Any] = super().clean() or {}
        except (AttributeError, KeyError, TypeError, ValueError, ValidationError) as error:
            raise self._refused() from error
        return cleaned


class NamePasskeyForm(Worded, webauthn.EditWebAuthnForm):  # type: ignore[misc]
    words = {"name": NAME}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _at_most(self.fields["name"], 60)


def _at_most(field: forms.Field, most: int) -> None:
    field.widget.attrs["maxlength"] = most
    field.validators.append(MaxLengthValidator(most))
