"""Every address of the portal that a person can open, tried with every id that there is."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from cooperation.models import (
    Agreement,
    AgreementVersion,
    CustomerProject,
    Dispute,
    Ending,
    Participation,
)
from documents.models import Document
from partners.models import Membership, Partner, User

# What differs from one response to the next, whatever is shown.
TOKENS = re.compile(rb'(name="csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+')
PASSING = ("Set-Cookie", "Date", "Expires")  # the clock, and tokens


@dataclass(frozen=True)
class Seen:
    """One answer of the portal."""

    url: str
    status: int
    content: bytes  # the body, tokens aside
    headers: tuple[tuple[str, str], ...]
    queries: int

    def holds(self, words: str) -> bool:
        everything = self.content + repr(self.headers).encode()
        return words.encode() in everything


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named address but those of Django's own admin, which is for staff."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
                yield from routes(entry, inner)
        else:
            yield f"{prefix}{entry.name}", entry


# Whose id an address begins with; after any other beginning every id there is is tried.
ROWS: dict[str, type[models.Model]] = {
    "<uuid:pk>": Partner,
    "bericht": Document,
    "einladung": Participation,
    "ende": Ending,
    "fassung": AgreementVersion,
    "klaerung": Dispute,
    "personen": Membership,
    "projekte": CustomerProject,
    "vereinbarung": Agreement,
    # No firm of these tests has imported anything.
    **dict.fromkeys(("daten", "korrekturen", "kunden", "stand", "verlauf"), Document),
}
WORDS = {  # for the parts of addresses that are no UUID
    "key": ("shared_goal", "contacts"),
    "rule": ("communication",),
    "language": ("de", "en"),
    "length": ("short",),
    "item": ("access",),
}
# Of one's own sign-in: nothing of a project is there, and some of them end the session.
OWN_ACCOUNT = ("account_", "mfa_", "usersessions_", "socialaccount_", "entra_", "openid_")


def _ids(rows: list[type[models.Model]]) -> list[str]:
    with_uuid = [model for model in rows if type(model._meta.pk).__name__ == "UUIDField"]
    return [
        str(pk) for model in with_uuid for pk in model._default_manager.values_list("pk", flat=True)
    ]


def reachable(person: User, rows: list[type[models.Model]] | None = None) -> list[str]:
    """The addresses that a GET of this person finds: those that are not a 404.

    ``rows``: whose ids are tried where an address does not say whose it takes; without, of all.
    """
    client, found = _client(person), []
    every = _ids(list(apps.get_models()) if rows is None else rows)
    of_rows = {start: _ids([model]) for start, model in ROWS.items()}
    for name, pattern in routes(get_resolver()):
        if name.startswith(OWN_ACCOUNT):
            continue
        converters = pattern.pattern.converters.items()
        uuids = [key for key, kind in converters if type(kind).__name__ == "UUIDConverter"]
        words = {key: WORDS.get(key, ("1",)) for key, _kind in converters if key not in uuids}
        start = str(pattern.pattern).split("/")[0]
        firsts = [of_rows.get(start, every)] if uuids else []
        for values in product(*firsts, *[every] * (len(uuids) - 1)):
            fixed = dict(zip(uuids, values, strict=True))
            urls = [
                reverse(name, kwargs=fixed | dict(zip(words, chosen, strict=True)))
                for chosen in product(*words.values())
            ]
            if _ask(client, "get", urls[0])[0].status_code != 404:
                found += urls
    return found


PAGE: dict[str, str] = {}
PARTIAL = {"HX-Request": "true"}
GET = (("get", PAGE), ("get", PARTIAL))
GET_AND_POST = (*GET, ("post", PAGE), ("post", PARTIAL))
Ways = Sequence[tuple[str, dict[str, str]]]


def walk(person: User, urls: list[str], ways: Ways = GET) -> list[Seen]:
    """Each address asked for in each way."""
    client = _client(person)
    seen = []
    for url in urls:
        for method, headers in ways:
            queries = Counter[str]()
            with connection.execute_wrapper(_counting(queries)):
                response, body = _ask(client, method, url, headers)
            kept = sorted((k, v) for k, v in response.items() if k not in PASSING)
            shown = TOKENS.sub(b"", body)
            seen.append(Seen(url, response.status_code, shown, tuple(kept), queries.total()))
    return seen


def _counting(queries: Counter[str]) -> Callable[..., Any]:
    """Counts without keeping the text of every query."""

    def count(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        queries["all"] += 1
        return execute(sql, *rest)

    return count


def _client(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def _ask(
    client: Client, method: str, url: str, headers: dict[str, str] | None = None
) -> tuple[HttpResponse, bytes]:
    """The answer and its body, read to the end; whatever the request did is undone."""
    with transaction.atomic():
        response: Any = getattr(client, method)(url, headers=headers or {})
        # A download closes its file where it ends.
        body = b"".join(response) if response.streaming else response.content
        transaction.set_rollback(True)
    return response, body


def everything_stored() -> dict[str, str]:
    """All rows of every table as text, by table."""
    stored: dict[str, Any] = {}
    for model in apps.get_models():
        rows = model._default_manager.order_by("pk").values_list()
        stored[model._meta.db_table] = "\n".join(map(repr, rows))
    return stored
