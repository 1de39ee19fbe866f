"""Microsoft as one of the ways in which django-allauth's own pages ask people again."""

from typing import Any

from allauth.account.internal.flows import reauthentication
from django.urls import reverse
from django.utils.translation import gettext as _

from partners.accounts import entra
from partners.models import User

FLOW = "entra"


class AsksMicrosoft:
    """Part of the account adapter: adds Microsoft to the ways of being asked again."""

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)  # type: ignore[misc]
        if any(flow["id"] == FLOW for flow in reauthentication.get_reauthentication_flows(user)):
            methods.append(
                {
                    "id": FLOW,
                    "description": _("Confirm with Microsoft"),
                    "url": reverse("entra_reauthenticate"),
                }
            )
        return methods


def connect() -> None:
    """Let the library know of Microsoft where it looks for ways to ask a person again.

    It knows none for those who sign in elsewhere only, and takes them for just asked, for good
    (``did_recently_reauthenticate``): an open screen would do to change how they get in.
    """
    known = reauthentication.get_reauthentication_flows
    if getattr(known, "knows_microsoft", False):
        return

    def flows(user: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = known(user)
        if isinstance(user, User) and entra.connected(user).exists():
            found.append({"id": FLOW})
        return found

    flows.knows_microsoft = True  # type: ignore[attr-defined]
    reauthentication.get_reauthentication_flows = flows
