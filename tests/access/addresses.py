"""Every address of the portal, and the methods that it answers to."""

from collections.abc import Iterator
from functools import cache

from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name == "admin":  # Django's own, for staff only; see test_operator.py
                continue
            inner = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from _walk(entry, inner)
        else:
            yield f"{prefix}{entry.name}", entry


@cache
def addresses() -> dict[str, URLPattern]:
    """By name, whoever wrote the view behind it; but for the operator's (``operators``)."""
    return dict(_walk(get_resolver()))
