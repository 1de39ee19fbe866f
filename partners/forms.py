import hashlib
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners import guessing
from partners.models import Membership, Partner, PartnerContact, User
from partners.people import RIGHTS
from partners.plain import PlainText


class SignInForm(AuthenticationForm):
    """Sign in with the e-mail address, in any case of letters.

    Wrong passwords are counted per account and place, so that guessing from one place does not
    keep the owner out at another.
    """

    TRIES = 10
    error_messages = {
        "too_many": _("Too many wrong passwords. Please wait a quarter of an hour and try again."),
        "invalid_login": _("E-mail address and password do not match. Please try again."),
        "inactive": _("This account is closed."),
    }

    def clean_username(self) -> str:
        return User.objects.normalize_email(self.cleaned_data["username"])

    def clean(self) -> dict[str, Any]:
        place = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        who = f"{self.cleaned_data.get('username', '')} {place}"
        key = f"sign-in:{hashlib.sha256(who.encode()).hexdigest()}"
        try:
            guessing.count(key, most=self.TRIES)
        except guessing.TooMany as error:
            raise ValidationError(self.error_messages["too_many"], code="too_many") from error
        cleaned: dict[str, Any] = super().clean()
        guessing.forget(key)
        return cleaned


class PasswordLinkForm(PasswordResetForm):
    """Send the link to people too who have no password yet: their first link may have expired."""

    MOST = 3  # mails to one person within a quarter of an hour; more are not sent, and not said

    def save(self, *args: Any, **kwargs: Any) -> None:
        try:
            guessing.count(f"password-link:{self._account()}", most=self.MOST)
        except guessing.TooMany:
            return
        super().save(*args, **kwargs)

    def _account(self) -> str:
        address = User.objects.normalize_email(self.cleaned_data["email"])
        return hashlib.sha256(address.encode()).hexdigest()

    def get_users(self, email: str) -> Any:
        return User.objects.filter(email=User.objects.normalize_email(email), is_active=True)


class PartnerIdsField(forms.CharField):
    """Microsoft partner IDs, one a line or between commas; cleans to a list without repeats."""

    widget = forms.Textarea(attrs={"rows": 3, "inputmode": "numeric", "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        ids = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
        if bad := [entry for entry in ids if not (entry.isascii() and entry.isdigit())]:
            raise ValidationError(
                _("A partner ID has digits only: %(bad)s"), params={"bad": ", ".join(bad)}
            )
        if bad := [entry for entry in ids if not 4 <= len(entry) <= 12]:
            raise ValidationError(
                _("A partner ID has 4 to 12 digits: %(bad)s"), params={"bad": ", ".join(bad)}
            )
        if len(ids) > 20:
            raise ValidationError(_("Please name at most 20 partner IDs."))
        return ids

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class ProfileForm(PlainText, forms.ModelForm[Partner]):
    microsoft_partner_ids = PartnerIdsField(
        label=_("Microsoft partner IDs"),
        required=False,
        help_text=_("One a line. Only people of your firm see them."),
    )
    competences = forms.MultipleChoiceField(
        label=_("Competences"),
        choices=Partner.Competence.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")

    class Meta:
        model = Partner
        fields = (
            "name",
            "legal_name",
            "register_number",
            "city",
            "country",
            "federal_state",
            "website",
            "microsoft_partner_ids",
            "competences",
            "about",
            "signing_rule",
        )
        widgets = {
            "signing_rule": forms.RadioSelect,
            "about": forms.Textarea(attrs={"rows": 5}),
        }
        help_texts = {
            "name": _("As your partners call you; it stands on lists and pages."),
            "legal_name": _("As in the register; it stands on agreements."),
            "register_number": _("For example: Amtsgericht Köln, HRB 12345"),
            "federal_state": _(
                "Where your main office in Germany is. Deadlines run in working days: the state's "
                "public holidays do not count, for any firm of a project."
            ),
            "about": _("What you are good at and what you look for in partners."),
            "signing_rule": _("How many of your authorised people an agreement needs."),
        }


class ContactForm(PlainText, forms.ModelForm[PartnerContact]):
    class Meta:
        model = PartnerContact
        fields = ("purpose", "name", "email", "phone")
        help_texts = {"purpose": _("For example: alliances, projects, data protection")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("email") and not data.get("phone"):
            raise ValidationError(_("Please give an e-mail address or a phone number."))
        return data


class BaseContactFormSet(forms.BaseInlineFormSet[PartnerContact, Partner, ContactForm]):
    def add_fields(self, form: ContactForm, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Remove this contact")


ContactFormSet = forms.inlineformset_factory(
    Partner,
    PartnerContact,
    form=ContactForm,
    formset=BaseContactFormSet,
    extra=1,
    max_num=12,
    validate_max=True,
    can_delete=True,
    can_delete_extra=False,
)

ROLE_HELP = {
    "is_admin": _("People, roles, firm data, imports"),
    "is_partner_manager": _("Creates projects, invites, answers every point"),
    "is_project_lead": _("Communication, responsibilities, people and the running project"),
    "is_specialist": _("The rules assigned to them, for example money or data protection"),
    "is_observer": _("Reads only"),
    "may_sign": _("Signs agreements for the firm, for example as managing director or Prokurist"),
}


class RoleForm(PlainText, forms.ModelForm[Membership]):
    """Position and rights of a person in the firm."""

    class Meta:
        model = Membership
        fields = ("title", *RIGHTS)
        help_texts = {"title": _("For example: Geschäftsführerin"), **ROLE_HELP}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not any(data.get(right) for right in RIGHTS):
            raise ValidationError(_("Please choose at least one role."))
        return data

    @property
    def rights(self) -> dict[str, bool]:
        return {right: self.cleaned_data[right] for right in RIGHTS}


class PersonForm(RoleForm):
    """A new person of the firm."""

    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=200)
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("They get a mail with a link to choose a password."),
    )
    language = forms.ChoiceField(
        label=_("Language of mails"), choices=User.Language.choices, initial="de"
    )

    field_order = ("name", "email", "language", "title", *RIGHTS)


class AccountForm(PlainText, forms.ModelForm[User]):
    """What a person may change about themselves."""

    class Meta:
        model = User
        fields = ("name", "language")
        help_texts = {
            "name": _("It stands on agreements that you sign from now on."),
            "language": _("Of the pages and of your mails."),
        }


class DirectoryForm(forms.Form):
    """What the directory is searched for; anything that is not understood is left out."""

    q = forms.CharField(label=_("Name or city"), required=False, max_length=100)
    competence = forms.ChoiceField(
        label=_("Competence"),
        choices=[("", _("All")), *Partner.Competence.choices],
        required=False,
    )
