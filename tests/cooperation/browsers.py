"""A browser of one person for the page tests: English, with or without htmx."""

from dataclasses import dataclass
from typing import Any

from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.urls import reverse

from partners.models import User
from tests.parsing import parsed


@dataclass
class Page:
    """A response, read."""

    response: Any
    body: bytes = b""  # of a download

    def __post_init__(self) -> None:
        if self.response.streaming:
            self.body = b"".join(self.response)  # reading to the end closes the file

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def soup(self) -> BeautifulSoup:
        return parsed(self.response.content)

    def one(self, selector: str) -> Tag:
        found = self.soup.select(selector)
        assert len(found) == 1, f"{len(found)} of {selector}"
        return found[0]

    def text(self, selector: str = "main") -> str:
        return " ".join(self.one(selector).get_text(" ").split())

    def errors(self) -> list[str]:
        """The sentences at fields and above forms, in their order."""
        return [" ".join(item.get_text().split()) for item in self.soup.select(".errorlist li")]

    def messages(self) -> list[str]:
        return [" ".join(item.get_text().split()) for item in self.soup.select(".notices .notice")]


class Browser:
    def __init__(self, person: User | None, *, htmx: bool = False) -> None:
        self.client = Client(headers={"accept-language": "en"})
        self.htmx = {"HX-Request": "true"} if htmx else {}
        if person is not None:
            self.client.force_login(person)

    def get(self, name: str, /, *args: Any, query: str = "") -> Page:
        url = reverse(f"cooperation:{name}", args=args) + query
        return Page(self.client.get(url, headers=self.htmx))

    def post(self, name: str, /, *args: Any, **data: Any) -> Page:
        url = reverse(f"cooperation:{name}", args=args)
        return Page(self.client.post(url, data, headers=self.htmx))

    def follow(self, name: str, /, *args: Any, **data: Any) -> Page:
        url = reverse(f"cooperation:{name}", args=args)
        return Page(self.client.post(url, data, follow=True))


def fields(form: Tag) -> dict[str, Any]:
    """What a browser sends for ``form`` as it stands, without any button."""
    data: dict[str, Any] = {}
    for field in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(field["name"]), field.get("type")
        if name == "csrfmiddlewaretoken":
            continue
        if field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            data[name] = str(chosen["value"]) if chosen else ""
        elif field.name == "textarea":
            data[name] = field.get_text().removeprefix("\n")
        elif kind in ("checkbox", "radio"):
            if field.has_attr("checked"):
                value = str(field["value"])
                data[name] = [*data.get(name, []), value] if kind == "checkbox" else value
        else:
            data[name] = str(field.get("value", ""))
    return data


def plain(tag: Tag) -> str:
    """Markup without what differs each time: tokens, and the mark of an out-of-band swap."""
    copy = BeautifulSoup(str(tag), "html.parser")
    for token in copy.select("[name=csrfmiddlewaretoken]"):
        token.decompose()
    for swapped in copy.select("[hx-swap-oob]"):
        del swapped["hx-swap-oob"]
    return copy.prettify()
