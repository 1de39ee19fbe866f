from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from partners.accounts import demands
from partners.models import Partner


class SignInRuleForm(forms.Form):
    """What a firm demands. The tenant is the one that the admin came in through, never typed."""

    rule = forms.ChoiceField(
        label=_("Our people sign in with"),
        choices=Partner.SignInRule.choices,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, firm: Partner, had: demands.Shown, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"rule": firm.sign_in_rule})
        super().__init__(*args, **kwargs)
        self.firm, self.had = firm, had

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["tenant"] = None
        if cleaned.get("rule") == Partner.SignInRule.ENTRA:
            cleaned["tenant"] = self._tenant()
        return cleaned

    def _tenant(self) -> UUID:
        if self.firm.entra_tenant in self.had.tenants:
            return self.firm.entra_tenant
        if not self.had.tenants:
            raise ValidationError(
                _("Please sign in with Microsoft first: then the portal knows your organisation.")
            )
        return min(self.had.tenants)
