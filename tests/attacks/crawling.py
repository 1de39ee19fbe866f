"""Pages as people open them, and the forms that they find there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import Tag
from django.http import QueryDict
from django.test import Client
from django.urls import Resolver404, resolve

from partners.models import User
from tests.attacks import looking
from tests.parsing import parsed

TEXTS = {"", "text", "search", "tel", "url", "email"}


@dataclass
class Form:
    who: User
    page: str
    action: str
    name: str  # of the address it is sent to
    data: dict[str, Any]
    texts: dict[str, int]  # names of fields for text, with the most characters or 0
    free: list[str]  # of these, those that are no mail or web address

    def filled(self, **texts: str) -> dict[str, Any]:
        return {**self.data, **texts}


@dataclass
class Reached:
    pages: dict[tuple[str, str], Any] = field(default_factory=dict)  # by e-mail and path
    forms: dict[tuple[str, str], Form] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        return {resolve(urlsplit(path).path).view_name for _, path in self.pages}


def browser(who: User) -> Client:
    client = Client(headers={"accept-language": "de"}, raise_request_exception=False)
    client.force_login(who)
    return client


def route(path: str) -> str:
    """The name of the address, or "" if it is none of the portal's."""
    parts = urlsplit(path)
    if parts.netloc or parts.scheme or not parts.path.startswith("/"):
        return ""
    try:
        return resolve(parts.path).view_name
    except Resolver404:
        return ""


def opened(addresses: Iterable[tuple[User, str]]) -> Reached:
    """The pages at these addresses, and the forms on them."""
    reached = Reached()
    clients: dict[str, Client] = {}
    for who, path in addresses:
        client = clients.setdefault(who.email, browser(who))
        response = client.get(path)
        reached.pages[who.email, path] = response
        looking.body(response)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code == 200 and is_page and not response.streaming:
            for form in parsed(response.content).select("form[method=post]"):
                keep(reached, who, path, form)
    return reached


def keep(reached: Reached, who: User, page: str, form: Tag) -> None:
    action = urljoin(page, str(form.get("action") or page))
    name = route(action)
    if not name:
        return
    data, texts, free = fields(form)
    # One of a kind: the same fields of the same address.
    reached.forms.setdefault(
        (name, " ".join(sorted(data))), Form(who, page, action, name, data, texts, free)
    )


def fields(form: Tag) -> tuple[dict[str, Any], dict[str, int], list[str]]:
    """What a browser would send, with something in each field that must not be empty."""
    data: dict[str, Any] = {}
    texts: dict[str, int] = {}
    free: list[str] = []
    for tag in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(tag["name"]), str(tag.get("type", "")).lower()
        if name == "csrfmiddlewaretoken" or tag.has_attr("disabled") or kind == "file":
            continue
        if tag.name == "select":
            options = tag.select("option")
            chosen = (
                tag.select("option[selected]")
                or [option for option in options if option.get("value")][:1]
            )
            data[name] = [str(option.get("value", "")) for option in chosen]
        elif tag.name == "textarea" or kind in TEXTS:
            value = tag.get_text() if tag.name == "textarea" else str(tag.get("value", ""))
            data[name] = value or ("ada@firma.example" if kind == "email" else "Text")
            texts[name] = int(str(tag.get("maxlength", "")) or 0)
            if kind not in ("email", "url"):
                free.append(name)
        elif kind in ("checkbox", "radio"):
            if tag.has_attr("checked") or (tag.has_attr("required") and name not in data):
                data.setdefault(name, []).append(str(tag.get("value", "on")))
        elif kind == "number":
            data[name] = str(tag.get("value") or tag.get("min") or "1")
        elif kind == "date":
            data[name] = str(tag.get("value") or tag.get("min") or "2027-06-30")
        elif kind == "month":
            data[name] = str(tag.get("value") or "2026-06")
        else:
            data[name] = str(tag.get("value", ""))
    button = form.select_one("button[name], input[type=submit][name]")
    if button is not None:
        data[str(button["name"])] = str(button.get("value", ""))
    return data, texts, free


def encoded(data: dict[str, Any]) -> str:
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query.urlencode()


def send(client: Client, form: Form, **texts: str) -> Any:
    return client.post(
        form.action,
        encoded(form.filled(**texts)),
        content_type="application/x-www-form-urlencoded",
    )
