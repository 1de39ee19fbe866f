"""Buttons that lead to Microsoft; nothing where the portal is not registered there."""

from typing import Any

from django import template
from django.template.context import RequestContext

from partners.accounts import entra

register = template.Library()


@register.inclusion_tag("socialaccount/snippets/microsoft_button.html", takes_context=True)
def microsoft_sign_in(context: RequestContext, back: str | None = "") -> dict[str, Any]:
    """``{% microsoft_sign_in back %}``: sign in with Microsoft, then to ``back``, if it is own."""
    return _button(context, "login", back)


@register.inclusion_tag("socialaccount/snippets/microsoft_button.html", takes_context=True)
def microsoft_connect(context: RequestContext, back: str | None = "") -> dict[str, Any]:
    """``{% microsoft_connect back %}``: connect an identity with the account that is signed in."""
    return _button(context, "connect", back)


def _button(context: RequestContext, process: str, back: str | None) -> dict[str, Any]:
    return {
        "is_available": entra.is_available(),
        "provider": entra.PROVIDER,
        "process": process,
        "back": back or "",
        "csrf_token": context.get("csrf_token", ""),
    }
