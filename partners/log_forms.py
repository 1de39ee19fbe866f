"""Forms of the firm's log and of support access."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partners import firm_log
from partners.models import FirmEvent, Partner, SupportAccess, User
from partners.plain import PlainText

HOURS = [
    (1, _("1 hour")),
    (4, _("4 hours")),
    (8, _("8 hours")),
    (24, _("1 day")),
    (48, _("2 days")),
    (SupportAccess.LONGEST, _("3 days")),
]


class LogFilter(forms.Form):
    """What of the log is shown; anything that is not understood is left out."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    person = forms.ModelChoiceField(
        label=_("Who"), queryset=User.objects.none(), required=False, empty_label=_("Everybody")
    )
    day = forms.DateField(
        label=_("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any, *, partner: Partner) -> None:
        super().__init__(data)
        events = FirmEvent.objects.filter(partner=partner)
        kinds = events.order_by("kind").values_list("kind", flat=True).distinct()
        named = sorted((str(firm_log.KINDS.get(kind, kind)), kind) for kind in kinds)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            ("", _("Everything")),
            *((kind, words) for words, kind in named),
        ]
        self.fields["person"].queryset = User.objects.filter(  # type: ignore[attr-defined]
            Q(pk__in=events.values("by")) | Q(pk__in=events.values("about"))
        ).order_by("name", "pk")

    def condition(self) -> Q:
        """On events. ``is_valid`` was called."""
        given, wanted = self.cleaned_data, Q()
        if given.get("kind"):
            wanted &= Q(kind=given["kind"])
        if given.get("person"):
            wanted &= Q(by=given["person"]) | Q(about=given["person"])
        if given.get("day"):
            wanted &= Q(at__date=given["day"])
        return wanted


class SupportForm(PlainText, forms.Form):
    """For what, to whom and for how long a firm lets an operator read."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What support shall look at, for example: our import of May shows no tenants."),
    )
    operator = forms.ModelChoiceField(
        label=_("Who may look"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("Any operator of the portal"),
    )
    hours = forms.TypedChoiceField(
        label=_("For how long"), choices=HOURS, coerce=int, initial=4, empty_value=None
    )
    consent = forms.BooleanField(
        label=_("Yes, support may read our data for this time."),
        error_messages={"required": _("Without your consent nobody may look.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        operators = User.objects.filter(is_staff=True, is_active=True)
        self.fields["operator"].queryset = operators.order_by("name", "pk")  # type: ignore[attr-defined]
