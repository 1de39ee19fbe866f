"""What people do between the portal and Microsoft, for the tests."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, Window
from tests.parsing import parsed

MIA = "11111111-2222-4333-8444-555555555555"


def configure(settings: Any, provider: Provider) -> None:
    settings.ENTRA_AUTHORITY = provider.authority
    settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.ENTRA_TENANTS = []


class Person:
    """Somebody with a browser: ``client`` is its side at the portal, ``window`` at Microsoft."""

    def __init__(self, user: Any = None) -> None:
        self.client = Client(headers={"accept-language": "en"})
        self.window = Window()
        if user is not None:
            self.client.force_login(user)

    def begin(self, process: str = "login", back: str = "") -> Any:
        url = reverse("openid_connect_login", args=["microsoft"])
        return self.client.post(url, {"process": process, "next": back})

    def go(self, login: str, process: str = "login", back: str = "", **how: Any) -> Any:
        """All the way to Microsoft and back: the portal's answer."""
        return self.come_back(self.begin(process, back), login, **how)

    def come_back(self, page: Any, login: str, **how: Any) -> Any:
        return self.client.get(self.window.visit(way_out(page), login, **how))

    @property
    def is_in(self) -> bool:
        return "_auth_user_id" in self.client.session

    @property
    def records(self) -> list[dict[str, Any]]:
        return list(self.client.session.get("account_authentication_methods", []))

    def prove_password(self) -> None:
        """As if the password had been entered again a moment ago."""
        import time

        session = self.client.session
        record = {"method": "password", "at": time.time(), "reauthenticated": True}
        session["account_authentication_methods"] = [record]
        session["account_authentication_methods_user"] = session["_auth_user_id"]
        session.save()


def way_out(page: Any) -> str:
    """Where the page that leads on to Microsoft leads to; by itself and by its link."""
    assert page.status_code == 200, (page.status_code, page.get("Location"))
    document = parsed(page.content)
    link = document.select_one("main a.btn--primary")
    refresh = document.select_one("meta[http-equiv=refresh]")
    assert link is not None
    assert refresh is not None
    address = str(link["href"])
    assert refresh["content"] == f"0;url={address}"
    return address


def heading(page: Any) -> str:
    found = parsed(page.content).select_one("h1")
    return found.get_text(strip=True) if found else ""
