"""Which firm is associated with Microsoft for which workload: what does not go together. Pure.

A rule book asks for it with a table. One that has columns of these keys is looked at here; its
workloads and types may be options or, in an older book, free text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from cooperation.book import Party, Point

WORKLOAD, FIRM, TYPE, CSP = "workload", "association", "association_type", "csp"
CPOR = "cpor"


@dataclass(frozen=True, slots=True)
class Clash:
    """Rows that do not go together: their places in the table, from 0 on, and why."""

    rows: tuple[int, ...]
    sentence: str

    @property
    def numbers(self) -> str:
        """The rows as people count them: "1, 3"."""
        return ", ".join(str(row + 1) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An association that the table gives to a firm."""

    workload: str  # key of an option, or the text that was typed
    kind: str  # PAL, CPOR, DPOR or CSP; empty where the table does not say


@dataclass(frozen=True, slots=True)
class _Row:
    place: int
    workload: str  # comparable
    label: str
    firm: str
    kind: str
    csp: str


def is_table(point: Point) -> bool:
    """Whether this point asks which firm is associated for which workload."""
    return point.kind == "table" and {WORKLOAD, FIRM, CSP} <= {c.key for c in point.columns}


def clashes(
    point: Point, value: Mapping[str, Any] | None, parties: Sequence[Party]
) -> tuple[Clash, ...]:
    """What Microsoft would not have, in sentences: a warning, never a reason to refuse an answer.

    ``value`` is an answer, or what its form holds so far: cells that are no firm are passed over.
    """
    if value is None or not is_table(point):
        return ()
    names = {party.key: party.name for party in parties}
    rows = list(_rows(point, value, names))
    has_types = any(column.key == TYPE for column in point.columns)
    return (*_two_for_one_claim(rows, names, has_types=has_types), *_two_resellers(rows, names))


def wanted(point: Point, value: Mapping[str, Any] | None, party: str) -> tuple[Wanted, ...]:
    """The associations that the table gives to ``party``, in its order, each once."""
    if value is None or not is_table(point):
        return ()
    found: dict[Wanted, None] = {}
    for row in _rows(point, value, {party: ""}):
        workload = row.workload if labels(point) else row.label
        if row.firm:
            found[Wanted(workload, row.kind.upper())] = None
        if row.csp:
            found[Wanted(workload, "CSP")] = None
    return tuple(found)


def workloads(point: Point, value: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The workloads that stand in the table, as ``Wanted`` names them, each once."""
    if value is None or not is_table(point):
        return ()
    rows = _rows(point, value, {})
    has_options = bool(labels(point))
    return tuple(dict.fromkeys(row.workload if has_options else row.label for row in rows))


def labels(point: Point) -> dict[str, str]:
    """The names of the workloads that can be chosen, in the language of the request, by key."""
    return _options(point, WORKLOAD)


def _rows(point: Point, value: Mapping[str, Any], firms: Mapping[str, str]) -> Iterator[_Row]:
    """Rows that name a workload, with those of ``firms`` that they name."""
    names = labels(point)
    given = value.get("rows")
    for place, row in enumerate(given if isinstance(given, list | tuple) else ()):
        if not isinstance(row, Mapping) or not (workload := _text(row, WORKLOAD)):
            continue
        if names and workload not in names:
            continue
        yield _Row(
            place,
            workload if names else workload.casefold(),
            names.get(workload, workload),
            firm if (firm := _text(row, FIRM)) in firms else "",
            _text(row, TYPE),
            csp if (csp := _text(row, CSP)) in firms else "",
        )


def _text(row: Mapping[str, Any], key: str) -> str:
    cell = row.get(key)
    return " ".join(cell.split()) if isinstance(cell, str) else ""


def _options(point: Point, key: str) -> dict[str, str]:
    """Labels by key in the language of the request; nothing where the cells are free text."""
    column = next((column for column in point.columns if column.key == key), None)
    return {option.key: str(option.label) for option in column.options} if column else {}


def _two_for_one_claim(
    rows: Iterable[_Row], names: Mapping[str, str], *, has_types: bool
) -> Iterator[Clash]:
    """CPOR is a claim on a workload of a tenant, and one firm has it."""
    by_workload: dict[str, list[_Row]] = {}
    for row in rows:
        # Where a book lets people type it, they write it as Microsoft does.
        if row.firm and (row.kind.casefold() == CPOR or not has_types):
            by_workload.setdefault(row.workload, []).append(row)
    for own in by_workload.values():
        firms = dict.fromkeys(row.firm for row in own)
        if len(firms) < 2:
            continue
        sentence = (
            _(
                "%(firms)s are named for CPOR on %(workload)s. Microsoft accepts one CPOR claim "
                "for a workload of a customer."
            )
            if has_types
            else _(
                "%(firms)s are named for %(workload)s. If you mean CPOR: Microsoft accepts one "
                "CPOR claim for a workload of a customer."
            )
        )
        words = {"firms": _listed(names[firm] for firm in firms), "workload": own[0].label}
        yield Clash(tuple(row.place for row in own), sentence % words)


def _two_resellers(rows: Iterable[_Row], names: Mapping[str, str]) -> Iterator[Clash]:
    """The table is about one customer: with two CSP firms one would sell to the other's tenant."""
    own = [row for row in rows if row.csp]
    by_firm: dict[str, list[str]] = {}
    for row in own:
        by_firm.setdefault(row.csp, []).append(row.label)
    if len(by_firm) < 2:
        return
    firms = [
        f"{names[firm]} ({', '.join(dict.fromkeys(labels))})" for firm, labels in by_firm.items()
    ]
    sentence = _(
        "More than one firm is named for CSP with this customer: %(firms)s. A CSP partner may not "
        "resell online services to another CSP partner's tenant."
    )
    yield Clash(tuple(row.place for row in own), sentence % {"firms": _listed(firms)})


def _listed(names: Iterable[str]) -> str:
    return get_text_list(list(names), _("and"))
