"""The description of the interface: as OpenAPI for programs, and put together for a page."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from api.portal import interface


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    where: str
    type: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One address, what it answers and what it can be asked with."""

    key: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    fields: tuple[tuple[str, str], ...]  # name and type, of the answer or of one item


@dataclass(frozen=True, slots=True)
class Room:
    title: str
    routes: tuple[Route, ...]


@cache
def _document() -> dict[str, Any]:
    return dict(interface.get_openapi_schema())


def document() -> dict[str, Any]:
    """The OpenAPI document, the same for everybody. A copy, which the caller may change."""
    return deepcopy(_document())


def rooms() -> list[Room]:
    """All routes in the language of the request, by what they are about."""
    titles = {
        "firms": _("Firms and people"),
        "projects": _("Projects and agreements"),
        "versions": _("Versions and documents"),
        "scores": _("Scores"),
    }
    found: dict[str, list[Route]] = {tag: [] for tag in titles}
    for path, operations in _document()["paths"].items():
        for operation in operations.values():
            found[operation["tags"][0]].append(_route(path, operation))
    return [Room(title, tuple(found[tag])) for tag, title in titles.items()]


def _route(path: str, operation: Mapping[str, Any]) -> Route:
    return Route(
        key=operation["operationId"],
        path=path,
        summary=summaries()[operation["operationId"]],
        parameters=tuple(
            Parameter(each["name"], each["in"], _type(each["schema"]), each["required"])
            for each in operation["parameters"]
        ),
        fields=tuple(_fields(operation["responses"][200])),
    )


def _fields(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields of an answer; of a list those of its items."""
    for content in answer.get("content", {}).values():
        shape = _resolved(content["schema"])
        fields = shape.get("properties", {})
        if "items" in fields:
            shape = _resolved(fields["items"]["items"])
            fields = shape.get("properties", {}) | {
                name: kind for name, kind in fields.items() if name not in PAGE
            }
        for name, kind in fields.items():
            yield name, _type(kind)


PAGE = {"items", "count", "limit", "offset"}


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = _document()["components"]["schemas"][schema["$ref"].split("/")[-1]]
    return found


def _type(schema: Mapping[str, Any]) -> str:
    """In one word, as programs say it: "string (date)", "Points", "list of Track"."""
    if "$ref" in schema:
        return str(schema["$ref"]).split("/")[-1]
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"array of {_type(schema['items'])}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def summaries() -> dict[str, str]:
    """What each route answers, in the language of the request."""
    return {
        "firm": _("The firm of the key, with its contacts"),
        "people": _("The people of the firm, with their roles"),
        "firms": _("The directory: all firms of the portal"),
        "firm_detail": _("A firm of the directory, with its contacts"),
        "projects": _("The projects that the firm takes part in"),
        "project": _("A project with the firms that take part in it"),
        "agreement": _("An agreement as the firm sees it: every point with its answers"),
        "events": _("The log of an agreement as the firm may read it, the newest entry first"),
        "versions": _("Versions that the firm is or was a party of, the newest first"),
        "version": _("A version: its fingerprint, its state and who has signed it"),
        "version_text": _("Exactly the bytes that everybody signs"),
        "documents": _("The PDFs of a version for the firm, in each language"),
        "document": _("A PDF of a version, once it is ready"),
        "scores": _("The stored scores of the firm, the newest first"),
        "score": _("A score with exact points of every metric"),
        "ledger": _("The rows that a metric of a score is the sum of, each with its reason"),
        "history": _("Every month of the firm, scored with what is known of it today"),
    }
