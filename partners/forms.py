from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partners.models import Membership, Partner, PartnerContact, User
from partners.people import RIGHTS
from partners.plain import PlainText
from partners.privacy import named_contacts


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
        email = data.get("email") or ""
        if named_contacts.objected(self.instance.partner_id, [email]):
            self.add_error("email", named_contacts.refusal(email))
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


class InvitationForm(RoleForm):
    """A person who is invited into the firm."""

    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=200)
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("The link works only together with this mailbox."),
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
