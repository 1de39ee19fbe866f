"""Every address that the portal answers to, also those of packages, as paths that can be asked for.

Whoever adds an address need not add it here. The arguments are of the right shape and name nothing
that exists: for what happens before a view looks for its rows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

SAMPLES = {"uuid": "11111111-1111-4111-8111-111111111111", "int": "1", "version": "2026.1"}


@dataclass(frozen=True)
class Address:
    name: str  # "partners:people"; without a name, its pattern
    path: str
    view: Any

    @property
    def is_exempt(self) -> bool:
        """Whether its view asks for no token of the form."""
        return bool(getattr(self.view, "csrf_exempt", False))


def every() -> list[Address]:
    return sorted(_below(get_resolver(), "", "/"), key=lambda address: (address.path, address.name))


def _below(resolver: URLResolver, prefix: str, path: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        here = path + _sample(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from _below(entry, inner, here)
        elif isinstance(entry, URLPattern):
            yield Address(f"{prefix}{entry.name or entry.pattern}", here, entry.callback)


def _sample(pattern: Any) -> str:
    """The pattern with a value in the place of each argument."""
    if isinstance(pattern, RoutePattern):
        return re.sub(
            r"<(?:(\w+):)?\w+>", lambda found: SAMPLES.get(found[1] or "", "x"), str(pattern)
        )
    assert isinstance(pattern, RegexPattern), pattern
    text = re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)", "x", pattern._regex)  # type: ignore[attr-defined]
    return text.strip("^$").replace("\\", "")
