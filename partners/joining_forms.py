"""Forms of people who come in: into a firm that invited them, or with a firm of their own."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners import domains
from partners.models import User
from partners.plain import PlainText


def _password() -> forms.CharField:
    return forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters; a few words in a row are good and easy to remember."),
    )


class _ChoosesPassword(PlainText, forms.Form):
    """A form with a password: it stays as it was typed, whatever is done to other texts."""

    address = ""  # known from elsewhere, or a field of the form

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data.get("password", "")
        cleaned: dict[str, Any] = super().clean()
        if typed:
            cleaned["password"] = typed
            email = self.address or cleaned.get("email", "")
            user = User(email=email, name=cleaned.get("person_name", ""))
            try:
                password_validation.validate_password(typed, user)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class NewcomerForm(_ChoosesPassword):
    """Whoever was invited and has no account."""

    person_name = forms.CharField(
        label=pgettext_lazy("of a person", "Your name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("First name and surname; they stand on what you sign."),
    )
    password = _password()

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address


class CodeForm(forms.Form):
    """The code of a mail."""

    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}
        ),
        help_text=_("Eight letters; small letters and blanks do no harm."),
    )


class RegistrationForm(_ChoosesPassword):
    """A firm, and the person who becomes its first admin."""

    name = forms.CharField(
        label=_("Name in daily use"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        help_text=_("As your partners call you."),
    )
    legal_name = forms.CharField(
        label=_("Legal name"),
        max_length=200,
        help_text=_("As in the register; it stands on agreements."),
    )
    website = forms.URLField(label=_("Website"), max_length=200, assume_scheme="https")
    person_name = forms.CharField(
        label=pgettext_lazy("of a person", "Your name"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("Your e-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_(
            "In the domain of your firm: the code that we send there proves that it is yours."
        ),
    )
    password = _password()
    # Machines fill in every field they find. People do not see it, or are told to leave it.
    fax = forms.CharField(
        label=_("Please leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, signed_in: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signed_in = signed_in
        if signed_in:
            self.address = signed_in.email
            for field in ("person_name", "email", "password"):
                del self.fields[field]

    @property
    def is_machine(self) -> bool:
        return bool(self.cleaned_data.get("fax"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        where = None if self.signed_in else "email"
        address = self.address or cleaned.get("email")
        if not address:
            return cleaned
        try:
            domain = domains.of_address(address)
        except domains.NotADomain:
            self.add_error(
                where,
                _("Please write the domain of the address with the letters a to z (xn--…)."),
            )
            return cleaned
        if domains.is_shared(domain):
            self.add_error(
                where,
                _("Anybody can have an address there. Please use one in the domain of your firm."),
            )
            return cleaned
        # Two spellings of a domain with umlauts are one address.
        cleaned["email"] = f"{address.rpartition('@')[0]}@{domain}"
        cleaned["domain"] = domain
        if website := cleaned.get("website"):
            self._compare(website, domain)
        return cleaned

    def _compare(self, website: str, domain: str) -> None:
        try:
            host = domains.of_website(website)
        except domains.NotADomain:
            self.add_error("website", _("Please enter the address of your website."))
            return
        if not domains.holds(domain, host):
            self.add_error(
                "website",
                _(
                    "Website and e-mail address have to be in the same domain. Please use an "
                    "address that ends like your website."
                ),
            )
