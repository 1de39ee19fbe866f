"""Whether a text that somebody sent has become something else in what the portal hands out."""

import csv
import io
import re
from email import message_from_bytes
from email.policy import default
from typing import Any

import icalendar
from django.core.mail import EmailMessage

from partners.plain import FORBIDDEN
from tests.parsing import parsed

ADDRESSES = (
    "href",
    "src",
    "action",
    "formaction",
    "poster",
    "data",
    "xlink:href",
    "hx-get",
    "hx-post",
)
FORMULA = re.compile(r"^\s*[=@\t\r\uff1d\uff20\uff0b]|^\s*[+-](?![\d.,]+$)")
NUMBER = re.compile(r"^[+\-−]?[\d.,  /]+ ?%?$")
HEADERS = {
    "auto-submitted",
    "bcc",
    "cc",
    "content-language",
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "in-reply-to",
    "list-id",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "precedence",
    "references",
    "reply-to",
    "subject",
    "to",
    "x-auto-response-suppress",
}


def in_page(content: bytes, *, printed: bool = False) -> list[str]:
    """What a page does that no page of the portal does. A ``printed`` one may have styles."""
    text = content.decode()
    tree = parsed(content)
    found = [f"hidden character {ord(c):x}" for c in set(text) & FORBIDDEN]
    found += [
        f"control character {ord(c):x}" for c in set(text) if ord(c) < 32 and c not in "\t\n\r\f"
    ]
    if "zqx49" in text:
        found.append("a template was evaluated")
    for element in tree.find_all(True):
        name = element.name
        if name.startswith("zqx") or name in {"iframe", "object", "embed", "base", "applet"}:
            found.append(f"<{name}>")
        own = str(element.get("src", "")).startswith("/static/")
        if name == "script" and not own and element.get("type") != "application/json":
            found.append("an inline script")
        if name == "meta" and element.get("http-equiv"):
            found.append("a meta element that acts")
        for key, value in element.attrs.items():
            if key.startswith(("on", "zqx", "hx-on", "js:")):
                found.append(f"{name}[{key}]")
            if key in ADDRESSES:
                address = re.sub(r"[\x00-\x20]", "", str(value)).lower()
                if re.match(r"(javascript|vbscript|data:text)", address):
                    found.append(f"{name}[{key}={address[:40]}]")
                if re.match(r"(https?:)?//zqx", address) and key != "href":
                    found.append(f"{name}[{key}={address[:40]}]")
    return found


def in_table(content: bytes) -> list[str]:
    """Cells that a spreadsheet would work out."""
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=",")
    cells = [cell for row in rows for cell in row]
    return [cell for cell in cells if FORMULA.match(cell) and not NUMBER.match(cell)]


def in_calendar(content: bytes) -> list[str]:
    calendar = icalendar.Calendar.from_ical(content)
    names = {name for part in calendar.walk() for name in part}
    return sorted(name for name in names if "ZQX" in name.upper())


def in_letter(letter: EmailMessage) -> list[str]:
    """Headers that a text has made, or recipients."""
    raw = message_from_bytes(letter.message().as_bytes(), policy=default)
    found = [name for name in raw.keys() if name.lower() not in HEADERS]  # noqa: SIM118
    found += [name for name in set(raw.keys()) if len(raw.get_all(name, [])) > 1]
    found += [to for to in letter.recipients() if "evil" in to]
    if any(c in FORBIDDEN for c in f"{letter.subject}{letter.body}"):
        found.append("a hidden character")
    for content, kind in getattr(letter, "alternatives", []):
        if kind == "text/html":
            found += in_page(str(content).encode(), printed=True)
    return found


def body(response: Any) -> bytes:
    """What the answer holds. A file is read to its end once, which closes it."""
    if response.streaming:
        if not hasattr(response, "read_to_its_end"):
            response.read_to_its_end = b"".join(response)
        return bytes(response.read_to_its_end)
    return bytes(response.content)


def in_answer(response: Any) -> list[str]:
    """Whatever the kind of the answer is; its headers too."""
    content = body(response)
    found = [
        f"header {name}"
        for name, value in response.headers.items()
        if re.search("[\r\n\x00]", value)
    ]
    if "x-zqx" in {name.lower() for name in response.headers}:
        found.append("a header of its own")
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    if (disposition := response.headers.get("Content-Disposition", "")) and (
        "/" in disposition or "\\" in disposition.replace('\\"', "") or ".." in disposition
    ):
        found.append(f"a file's name that is a path: {disposition}")
    if kind == "text/html":
        return found + in_page(content)
    if kind == "text/csv":
        return found + in_table(content)
    if kind == "text/calendar":
        return found + in_calendar(content)
    return found
