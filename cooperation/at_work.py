"""Who does what, from a signed text: people, tasks, decisions, the ladder. Pure.

Takes what ``frozen.content`` returns and the newest notes on contacts. It goes by the kinds of the
points, so it holds for any rule book; the points it quotes beside that are named in ``QUOTED``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cooperation import frozen, ladder, reading
from cooperation.book import Book
from cooperation.reading import AgreementText, PointText

Content = Mapping[str, Any]
CONTACTS, RACI, LADDER = "contacts", "raci", "escalation"
# What people look up in daily work, where the rule book has it.
QUOTED = (
    "decision_rights",
    "change_requests",
    "acceptance",
    "response_time",
    "regular_meetings",
    "early_warning",
    "incident_notice",
    "channels",
)


@dataclass(frozen=True, slots=True)
class Noted:
    """A firm's contacts as they were noted after the signature."""

    firm: str  # key
    point: str
    value: Mapping[str, Any]  # canonical, of the kind ``contacts``
    on: date
    by: str


@dataclass(frozen=True, slots=True)
class Person:
    role: str
    name: str
    email: str
    phone: str
    deputy: str


@dataclass(frozen=True, slots=True)
class FirmPeople:
    """The people one firm has named at one point."""

    firm: str
    question: str
    people: tuple[Person, ...]
    noted_on: date | None = None  # changed since the signature
    noted_by: str = ""


@dataclass(frozen=True, slots=True)
class Rung:
    """A level of the ladder, and whom it calls in each firm."""

    name: str
    deadline: str
    people: tuple[tuple[str, tuple[Person, ...]], ...]  # firm, people


@dataclass(frozen=True, slots=True)
class Work:
    """The page "who does what"."""

    text: AgreementText
    leads: tuple[PointText, ...]  # points that were answered with a firm
    tables: tuple[PointText, ...]  # who is responsible, accountable, consulted, informed
    people: tuple[FirmPeople, ...]
    rights: tuple[PointText, ...]
    rungs: tuple[Rung, ...]


def read(content: Content, book: Book, notes: Iterable[Noted], language: str) -> Work:
    """``book``: the one the text was made under."""
    text = reading.read(dict(content), language)
    told = {point.key: point for rule in text.rules for point in rule.points}
    answered = {key for key, point in told.items() if point.saids}
    of_firms = [point.key for point in book.points.values() if point.options_of_partners]
    people = _people(content, book, {(note.firm, note.point): note for note in notes}, language)
    return Work(
        text=text,
        leads=tuple(told[key] for key in of_firms if key in answered),
        tables=tuple(told[key] for key in answered_in_order(told, RACI)),
        people=tuple(people),
        rights=tuple(told[key] for key in QUOTED if key in answered),
        rungs=_rungs(content, people, language),
    )


def answered_in_order(told: Mapping[str, PointText], kind: str) -> list[str]:
    return [key for key, point in told.items() if point.kind == kind and point.saids]


def _people(
    content: Content, book: Book, notes: Mapping[tuple[str, str], Noted], language: str
) -> list[FirmPeople]:
    names = {party["id"]: party["name"] for party in content["parties"]}
    found = []
    for told in ladder.points_of(content, CONTACTS):
        point = book.points.get(told["key"])
        roles = {
            option.key: option.label.in_language(language)
            for option in (point.roles if point else ())
        }
        signed = {answer["partner"]: answer["value"] for answer in told["answers"]}
        for firm, name in names.items():
            note = notes.get((firm, told["key"]))
            value = note.value if note is not None else signed.get(firm)
            if not value:
                continue
            found.append(
                FirmPeople(
                    firm=name,
                    question=frozen.localised(told["question"], language),
                    people=tuple(_person(row, roles) for row in value["contacts"]),
                    noted_on=note.on if note else None,
                    noted_by=note.by if note else "",
                )
            )
    return found


def _person(row: Mapping[str, Any], roles: Mapping[str, str]) -> Person:
    return Person(
        role=roles.get(row["role"], row["role"]),
        name=row["person"],
        email=row["email"],
        phone=row["phone"],
        deputy=row["deputy"],
    )


def _rungs(content: Content, people: list[FirmPeople], language: str) -> tuple[Rung, ...]:
    german = language.startswith("de")
    told = "de" if german else "en"
    grids = [
        answer["said"][told]["grid"]["rows"]
        for point in ladder.points_of(content, LADDER)
        for answer in point["answers"]
        if answer["value"]
    ]
    rungs = []
    for step, row in zip(ladder.agreed(content), grids[0] if grids else [], strict=True):
        role = step["role"][told]
        called = []
        for firm in dict.fromkeys(each.firm for each in people):
            of_firm = [each for each in people if each.firm == firm]
            # The first list that names somebody for the role counts, as for a point to settle.
            named = next(
                (found for each in of_firm if (found := _with_role(each, role))),
                (),
            )
            if named:
                called.append((firm, named))
        rungs.append(Rung(step["name"][told], row[3], tuple(called)))
    return tuple(rungs)


def _with_role(people: FirmPeople, role: str) -> tuple[Person, ...]:
    return tuple(person for person in people.people if person.role == role)
