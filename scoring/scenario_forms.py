"""One form a kind of change. A valid form gives the change; what it does is for outcomes to say."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring import scenario_changes as kinds
from scoring.holdings import Holdings
from scoring.presentation import figure
from scoring.reading.cells import LARGEST
from scoring.results import Metric
from scoring.rules import RuleSet
from scoring.scenario_changes import MOST_PEOPLE, MOST_WON, Change
from scoring.scenarios import NAME_LENGTH, NOTE_LENGTH

Choices = list[tuple[str, str]]
EVERY = ""  # the option that means each of them


def _number(label: Any, most: int = LARGEST, least: int = 0, **more: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"class": "input-num", "inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=most, widget=widget, **more)


def _name(label: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=kinds.NAME_LENGTH, required=False)


class SeenForm(forms.Form):
    """Which version of a scenario somebody was shown. A hidden field."""

    seen = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_LENGTH)
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class NewScenarioForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=NAME_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Teams at three customers")}),
    )
    # From a page that knows what to try: a plan, a customer
    changes = forms.CharField(max_length=60_000, required=False, widget=forms.HiddenInput)
    tenant = forms.UUIDField(required=False, widget=forms.HiddenInput)
    workload = forms.SlugField(max_length=60, required=False, widget=forms.HiddenInput)

    def clean_changes(self) -> list[Change]:
        text = self.cleaned_data["changes"]
        try:
            loaded = kinds.load_all(json.loads(text) if text else [])
        except (ValueError, RecursionError):  # no JSON, or brackets without end
            loaded = (kinds.Broken(""),)
        changes = list(kinds.readable(loaded))
        if len(changes) < len(loaded):
            raise forms.ValidationError(_("These changes cannot be read."))
        return changes


class ChangeForm(forms.Form):
    """What all kinds have in common: ids of their own, and the first field gets the focus."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "change-%s"  # one form is open on a page at a time
        if first := next(iter(self.fields.values()), None):
            first.widget.attrs |= {"data-focus": "", "autofocus": True}

    def change(self) -> Change:
        """What a valid form asks for; each kind says so itself."""
        raise NotImplementedError

    def _choose(self, name: str, choices: Choices) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = choices


class CustomerForm(ChangeForm):
    """A change of one known customer."""

    def __init__(
        self, *args: Any, tenant: UUID, customer: str, holdings: Holdings, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.tenant, self.customer, self.holdings = tenant, customer, holdings

    @property
    def subject(self) -> dict[str, Any]:
        return {"tenant": self.tenant, "customer": self.customer}

    def _held(self) -> Choices:
        """What is held now, each workload with several options also as a whole."""
        found: Choices = []
        held = self.holdings.holds_now()
        rule_set = self.holdings.rule_set
        for workload, option in held:
            title = rule_set.workloads[workload].title
            known = self.holdings.known_figures(workload)
            options = [one for own, one in held if own == workload]
            if len(options) > 1 and option == options[0]:
                found.append(
                    (f"{workload}:{EVERY}", _in_use(_("%(title)s, every option"), title, "", known))
                )
            words = _in_use(_("%(title)s by %(option)s"), title, option, known)
            found.append((f"{workload}:{option}", words))
        return found


def _in_use(template: str, title: str, option: str, known: Any) -> str:
    words = template % {"title": title, "option": option}
    if known is None:
        return words
    return _("%(association)s: %(users)s of %(seats)s seats in use") % {
        "association": words,
        "users": figure(known.users),
        "seats": figure(known.seats),
    }


class FiguresForm(CustomerForm):
    association = forms.ChoiceField(label=gettext_lazy("Workload"))
    users = _number(gettext_lazy("Active users then"), required=False)
    seats = _number(
        gettext_lazy("Paid seats then"),
        required=False,
        help_text=gettext_lazy("Leave empty what stays as it is."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("association", self._held())

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        given = (data.get("users"), data.get("seats"))
        if not self.errors and given == (None, None):
            raise forms.ValidationError(_("Please say how many seats or users it is to be."))
        return data

    def change(self) -> Change:
        data = self.cleaned_data
        workload, _colon, option = data["association"].partition(":")
        return kinds.NewFigures(
            **self.subject,
            workload=workload,
            option=option,
            seats=data["seats"],
            users=data["users"],
        )


class BegunForm(CustomerForm):
    workload = forms.ChoiceField(label=gettext_lazy("Workload"))
    option = forms.ChoiceField(label=gettext_lazy("Option"))
    seats = _number(gettext_lazy("Paid seats"), required=False)
    users = _number(gettext_lazy("Active users then"), required=False)
    users_at_start = _number(
        gettext_lazy("Active users at the beginning"),
        required=False,
        help_text=gettext_lazy(
            "Empty fields: the figures of your own data count, and nothing has grown yet."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("workload", _workloads(self.holdings.rule_set))
        self._choose("option", _options(self.holdings.rule_set))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            _both_or_neither(data)
        return data

    def change(self) -> Change:
        return kinds.AssociationBegun(**self.subject, **self.cleaned_data)


def _both_or_neither(data: dict[str, Any]) -> None:
    given = [data["seats"] is not None, data["users"] is not None]
    if any(given) != all(given) or (data["users_at_start"] is not None and not all(given)):
        raise forms.ValidationError(_("Please say both, seats and active users, or neither."))


class EndedForm(CustomerForm):
    association = forms.ChoiceField(label=gettext_lazy("Association"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("association", self._held())

    def change(self) -> Change:
        workload, _colon, option = self.cleaned_data["association"].partition(":")
        return kinds.AssociationEnded(**self.subject, workload=workload, option=option)


class LostForm(CustomerForm):
    def change(self) -> Change:
        return kinds.CustomerLost(**self.subject)


class WonForm(ChangeForm):
    number = _number(gettext_lazy("How many customers alike?"), MOST_WON, 1, initial=1)
    seats = _number(gettext_lazy("Paid seats of each workload"))
    users = _number(gettext_lazy("Active users then"))
    users_at_start = _number(
        gettext_lazy("Active users at the beginning"),
        required=False,
        help_text=gettext_lazy("Growth counts from here. Empty: as many as then."),
    )
    option = forms.ChoiceField(label=gettext_lazy("Option"))
    workloads = forms.MultipleChoiceField(
        label=gettext_lazy("Workloads"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "scenario-workloads"}),
        error_messages={"required": gettext_lazy("Please choose one workload at least.")},
    )
    name = _name(gettext_lazy("Name"))

    def __init__(self, *args: Any, rule_set: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("option", _options(rule_set))
        self._choose("workloads", _workloads(rule_set))

    def change(self) -> Change:
        data = self.cleaned_data
        start = data["users_at_start"]
        return kinds.CustomersWon(
            **data
            | {
                "workloads": tuple(data["workloads"]),
                "users_at_start": data["users"] if start is None else start,
            }
        )


class CountForm(ChangeForm):
    count = forms.ChoiceField(label=gettext_lazy("Which number?"))
    change_by = _number(
        gettext_lazy("How many more?"),
        least=-LARGEST,
        help_text=gettext_lazy("With a minus sign: how many less."),
    )

    def __init__(self, *args: Any, rule_set: RuleSet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("count", _counts(rule_set))

    def change(self) -> Change:
        track, metric, option = self.cleaned_data["count"].split(":")
        change = self.cleaned_data["change_by"]
        return kinds.CountChanged(track=track, metric=metric, option=option, change=change)


# ---- People --------------------------------------------------------------------------------------


class CertifiedForm(ChangeForm):
    """Somebody known passes, or with ``person`` empty new colleagues."""

    certification = forms.ChoiceField(label=gettext_lazy("Certification"))
    number = _number(gettext_lazy("How many people?"), MOST_PEOPLE, 1, initial=1)
    name = _name(gettext_lazy("Name"))

    def __init__(
        self, *args: Any, rule_set: RuleSet, person: str = "", name: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.known_name = person, name
        self._choose(
            "certification",
            [
                (one.key, f"{one.key} {one.title}" if one.exam_codes else one.title)
                for one in rule_set.certifications.values()
            ],
        )
        if person:
            del self.fields["number"], self.fields["name"]

    def change(self) -> Change:
        data = self.cleaned_data
        return kinds.PersonCertified(
            person=self.person,
            name=self.known_name if self.person else data["name"],
            certification=data["certification"],
            number=data.get("number", 1),
        )


class PersonForm(ChangeForm):
    def __init__(
        self, *args: Any, person: str, name: str, own: Iterable[str], rule_set: RuleSet, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.person, self.known_name = person, name
        self.own, self.rule_set = list(own), rule_set

    @property
    def subject(self) -> dict[str, Any]:
        return {"person": self.person, "name": self.known_name}


class NotRenewedForm(PersonForm):
    certification = forms.ChoiceField(label=gettext_lazy("Certificate"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = self.rule_set.certifications
        self._choose("certification", [(key, known[key].title) for key in self.own if key in known])

    def change(self) -> Change:
        return kinds.NotRenewed(**self.subject, certification=self.cleaned_data["certification"])


class LeftForm(PersonForm):
    def change(self) -> Change:
        return kinds.PersonLeft(**self.subject)


# ---- What there is to choose from ----------------------------------------------------------------


def _workloads(rule_set: RuleSet) -> Choices:
    return [(one.key, one.title) for one in rule_set.workloads.values()]


def _options(rule_set: RuleSet) -> Choices:
    return [(one.key, f"{one.key} ({one.title})") for one in rule_set.options.values()]


def _counts(rule_set: RuleSet) -> Choices:
    found: Choices = []
    for track in rule_set.tracks:
        for metric in track.metrics:
            label = Metric(metric.key).label if metric.key in Metric else metric.key
            for scale in metric.scales:
                words = {"track": track.title, "metric": label, "option": scale.option}
                template = (
                    _("%(track)s: %(metric)s by %(option)s")
                    if scale.option
                    else _("%(track)s: %(metric)s")
                )
                found.append((f"{track.key}:{metric.key}:{scale.option}", template % words))
    return found


# ---- The question of a page ----------------------------------------------------------------------


class WishForm(forms.Form):
    """What a page is asked to open; what it does not know is left out, never an error."""

    add = forms.SlugField(max_length=20, required=False)
    tenant = forms.UUIDField(required=False)
    workload = forms.SlugField(max_length=60, required=False)
    person = forms.CharField(max_length=kinds.NAME_LENGTH, required=False)
    words = forms.CharField(max_length=100, required=False)

    @classmethod
    def of(cls, query: Any) -> dict[str, Any]:
        form = cls(query)
        form.is_valid()
        return {name: form.cleaned_data.get(name) or "" for name in form.fields}


class ComparisonForm(forms.Form):
    """Up to three scenarios beside today."""

    a = forms.UUIDField(required=False)
    b = forms.UUIDField(required=False)
    c = forms.UUIDField(required=False)

    @classmethod
    def chosen(cls, query: Any) -> Sequence[UUID]:
        form = cls(query)
        form.is_valid()
        found = (form.cleaned_data.get(name) for name in form.fields)
        return list(dict.fromkeys(one for one in found if one))
