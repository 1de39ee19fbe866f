from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy

from partners.models import Membership
from scoring.models import Length


class SubscriptionForm(forms.Form):
    """Which report somebody gets each month; for whom is asked only of those who may choose."""

    membership = forms.ChoiceField(label=gettext_lazy("For whom"))
    length = forms.ChoiceField(label=gettext_lazy("Length of the report"), choices=Length.choices)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the report"), choices=settings.LANGUAGES
    )

    def __init__(self, people: Iterable[Membership], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["membership"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for the type checker
        field.choices = [(str(one.pk), str(one.user)) for one in people]
        if len(field.choices) == 1:
            field.widget = forms.HiddenInput()

    @classmethod
    def for_reader(cls, people: Iterable[Membership], own: UUID | None) -> "SubscriptionForm":
        first = {"membership": str(own or ""), "length": Length.SHORT, "language": get_language()}
        return cls(people, initial=first)
