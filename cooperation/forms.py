"""The shape of what is typed in. What may happen now is for the verbs to say."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cooperation import rule_books
from cooperation.book import Book
from cooperation.models import CustomerProject, Participation, Signature
from partners.models import Partner, User
from partners.plain import PlainText
from partners.reauthentication_forms import ConfirmedForm


class FirmChoices(forms.ModelMultipleChoiceField[Partner]):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.city}" if obj.city else str(obj.name)


class ProjectForm(PlainText, forms.ModelForm[CustomerProject]):
    """A new project, with the firms to invite."""

    role = forms.CharField(
        label=_("What your firm does in it"),
        max_length=200,
        required=False,
        help_text=_("For example: lead, implementation, licences"),
    )
    rule_book = forms.ChoiceField(
        label=_("Along which rules"),
        widget=forms.RadioSelect,
        help_text=_("This cannot be changed later: the answers belong to the questions."),
    )
    firms = FirmChoices(
        label=_("Firms to invite"),
        queryset=Partner.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "You can also invite them later. Until they accept, they see the project's name and "
            "your words, not the answers."
        ),
    )
    message = forms.CharField(
        label=_("A word to the invited firms"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    depth = forms.ChoiceField(
        label=_("How you want to begin"),
        choices=[
            ("full", _("With the full checklist, point by point")),
            ("exploratory", _("With a first talk: only what has to be said first")),
            ("first_round", _("With a first round: each firm first answers alone")),
            ("fast_track", _("On the fast track: “in the spirit of the Kodex”")),
        ],
        initial="full",
        required=False,
        widget=forms.RadioSelect,
        help_text=_("You can go deeper at any time; every answer is kept."),
    )

    class Meta:
        model = CustomerProject
        fields = ["name", "customer_name", "customer_is_alias", "description"]
        labels = {
            "name": _("Name of the project"),
            "customer_name": _("Customer"),
            "customer_is_alias": _("This is an alias, the customer's name stays with us"),
            "description": _("What it is about"),
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 4})}

    def __init__(
        self, *args: Any, user: User, partner: Partner, is_frame: bool = False, **kwargs: Any
    ) -> None:
        kwargs["instance"] = CustomerProject(is_frame=is_frame)
        super().__init__(*args, **kwargs)
        if is_frame:  # for no customer in particular
            del self.fields["customer_name"], self.fields["customer_is_alias"]
            self.fields["name"].label = _("Name of the frame agreement")
        else:
            self.fields["customer_name"].required = True
        firms = Partner.objects.visible_to(user).exclude(pk=partner.pk)
        self.fields["firms"].queryset = firms  # type: ignore[attr-defined]
        books = rule_books.newest_of_each()
        if len(books) > 1:  # with one book there is nothing to choose
            choices = [(row.key, _about(rule_books.by_id(row.pk))) for row in books]
            self.fields["rule_book"].choices = choices  # type: ignore[attr-defined]
            self.fields["rule_book"].initial = books[0].key
        else:
            del self.fields["rule_book"]


def _about(book: Book) -> str:
    """A book to choose from: its name and version, and where it comes from."""
    return format_html(
        '<span><b>{}</b> <span class="muted">{}</span><br>'
        '<span class="small muted">{}</span></span>',
        book.title,
        _("Version %(number)s") % {"number": book.version},
        book.provenance,
    )


class InviteForm(PlainText, forms.Form):
    """One more firm for a project."""

    firm = forms.ModelChoiceField(
        label=_("Firm"), queryset=Partner.objects.none(), empty_label=_("Please choose")
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
    )

    def __init__(self, *args: Any, user: User, project: CustomerProject, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        states = [Participation.State.ACCEPTED, Participation.State.INVITED]
        there = Participation.objects.filter(project=project, state__in=states)
        firms = Partner.objects.visible_to(user).exclude(pk__in=there.values("partner"))
        self.fields["firm"].queryset = firms  # type: ignore[attr-defined]


class ReviewForm(PlainText, forms.Form):
    """A look at the cooperation itself that was held."""

    due_on = forms.DateField(widget=forms.HiddenInput)
    held_on = forms.DateField(
        label=_("Held on"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    note = forms.CharField(
        label=_("What we noticed, and what we change"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("All firms of the agreement read this."),
    )


class FreezeForm(forms.Form):
    """Until when the firms sign; which days are possible is for the verb to say."""

    expires_on = forms.DateField(
        label=_("To be signed by"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("After this day the round ends by itself, and the points are open again."),
    )


class SignForm(ConfirmedForm):
    """What a signer declares; who it is, is checked by the view."""

    authority = forms.ChoiceField(
        label=_("I sign as"),
        choices=Signature.Authority.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please say by which right you sign.")},
    )

    agreed = forms.BooleanField(
        error_messages={"required": _("Please tick the box if you want to sign.")},
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=500)
    # The sentence is kept in the language it was shown in, whatever is chosen in another window.
    language = forms.ChoiceField(
        choices=settings.LANGUAGES, required=False, widget=forms.HiddenInput
    )


class ReasonForm(PlainText, forms.Form):
    """Why a firm does not take part, or takes the round back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class DeclineForm(ReasonForm):
    """Why a firm does not sign: the others have to be able to respond."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Please say why, so that the others can respond.")},
    )
