"""Joiners and leavers: what each file changed about who belongs to the firm.

Files that are imported leave rows; when one is undone, all rows are made anew from the others, so
that none is wrong. The first file with people is no move of anybody: it says who was there. What
people correct is read from the corrections themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from django.utils import timezone

from partners.models import User
from scoring import people, rule_sets
from scoring.claims import Field
from scoring.models import PartnerCenterImport, PersonMove, Portfolio
from scoring.people import Certificate

if TYPE_CHECKING:
    from scoring.certified import Person
    from scoring.reading.said import CertificateData, CertificateKey

Kind = PersonMove.Kind
SHOWN = timedelta(days=365)


class Moved(NamedTuple):
    """One person's move, as one file shows it."""

    person_key: str
    name: str
    kind: str


CertificateId = tuple[str, str, date]  # person, certification, completed on
Known = dict[CertificateId, Certificate]


# ---- Pure: files in, moves out -------------------------------------------------------------------


def certificates_of(said: "Mapping[CertificateKey, CertificateData]") -> Known:
    return {
        (key.person, key.certification, key.completed_on): Certificate(
            key.person,
            data.name,
            data.email,
            key.certification,
            key.completed_on,
            data.expires_on,
            data.is_linked,
        )
        for key, data in said.items()
    }


def of_file(before: Known, said: Known) -> list[Moved]:
    """What a file changes for whoever knew ``before``; nothing when nobody was known."""
    if not before or not said:
        return []
    after = before | said
    found = []
    for key, rows in people.same_people(after.values()).items():
        known = [
            before[row.person, row.certification, row.completed_on]
            for row in rows
            if (row.person, row.certification, row.completed_on) in before
        ]
        was_linked = any(row.is_linked for row in known)
        is_linked = any(row.is_linked for row in rows)
        if was_linked == is_linked:
            continue
        kind = Kind.LEFT if was_linked else Kind.RETURNED if known else Kind.JOINED
        named = [row for row in rows if row.name]
        name = max(named, key=lambda row: row.completed_on).name if named else ""
        found.append(Moved(key, name, kind))
    return found


def of_files(files: Iterable[tuple[UUID, Known]]) -> list[tuple[UUID, Moved]]:
    """The moves of all files, in the order in which they were imported."""
    before: Known = {}
    found: list[tuple[UUID, Moved]] = []
    for source, said in files:
        found += [(source, moved) for moved in of_file(before, said)]
        before |= said
    return found


# ---- Stored --------------------------------------------------------------------------------------


def note(portfolio: Portfolio, source: PartnerCenterImport, made: Iterable[Moved]) -> None:
    """Write the moves of one file, under the firm's lock.

    Before its facts are written: a run that was killed in between finds a part of them only, and
    has noted the others already.
    """
    PersonMove.objects.bulk_create(
        [PersonMove(portfolio=portfolio, source=source, **moved._asdict()) for moved in made],
        ignore_conflicts=True,
    )


def rewrite(portfolio: Portfolio, made: Sequence[tuple[UUID, Moved]]) -> None:
    """Let these be all moves of the firm, under its lock."""
    stored = PersonMove.objects.filter(portfolio=portfolio)
    rows = stored.values_list("source_id", "person_key", "name", "kind")
    if sorted(rows) == sorted((source, *moved) for source, moved in made):
        return
    stored.delete()
    PersonMove.objects.bulk_create(
        [
            PersonMove(portfolio=portfolio, source_id=source, **moved._asdict())
            for source, moved in made
        ]
    )


# ---- Read ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Move:
    """A move as the page shows it."""

    kind: str
    person: str  # the key that stands for the person today; empty when files no longer hold them
    name: str
    anchor: str
    day: date
    file: str  # the name of the file that showed it; empty when a person corrected it
    by: str  # who corrected it
    counted: tuple[str, ...]  # the metrics in which the person counts on that day, when linked


def recent(portfolio: Portfolio, everybody: "Sequence[Person]", today: date) -> list[Move]:
    """The moves of the last twelve months, the newest first. One query, or two."""
    rows = PersonMove.objects.filter(
        portfolio=portfolio, source__state=PartnerCenterImport.State.DONE
    ).select_related("source")
    by_key = {key: person for person in everybody for key in _keys(person)}
    stored = list(rows.order_by("source__done_at", "pk"))
    joined = {row.person_key for row in stored if row.kind == Kind.JOINED}
    found = []
    for row in stored:
        person = by_key.get(row.person_key)
        done_at = row.source.done_at
        if done_at is None or (row.kind == Kind.JOINED and _was_known(person, joined)):
            continue
        day = timezone.localdate(done_at)
        found.append(_move(row.kind, person, row, day, file=row.source.file_name))
    corrected = [
        (person, correction)
        for person in everybody
        for correction in person.corrections
        if correction.field == Field.LEFT
    ]
    makers = User.objects.in_bulk({correction.made_by_id for _p, correction in corrected} - {None})
    for person, correction in corrected:
        maker = makers.get(correction.made_by_id) if correction.made_by_id else None
        day = timezone.localdate(correction.made_at)
        found.append(_move(Kind.LEFT, person, None, day, by=str(maker or "")))
    since = today - SHOWN
    shown = [move for move in found if move.day > since]
    return sorted(shown, key=lambda move: (move.day, move.kind, move.name), reverse=True)


def _keys(person: "Person") -> set[str]:
    rows = person.holdings
    return {person.key, *(one.said.person for one in rows), *(one.counts.person for one in rows)}


def _was_known(person: "Person | None", joined: set[str]) -> bool:
    """Whether somebody new turned out to be one who was there, by a correction."""
    if person is None:
        return False
    sides = {
        key
        for correction in person.corrections
        if correction.field == Field.SAME_PERSON
        for key in (correction.person_key, correction.value_text)
    }
    return bool(sides) and not sides <= joined


def _move(
    kind: str,
    person: "Person | None",
    row: PersonMove | None,
    day: date,
    *,
    file: str = "",
    by: str = "",
) -> Move:
    name = person.name if person is not None and person.name else row.name if row else ""
    return Move(
        kind=kind,
        person=person.key if person else "",
        name=name or (person.label if person else row.person_key if row else ""),
        anchor=person.anchor if person else "",
        day=day,
        file=file,
        by=by,
        counted=_counted(person, day) if person else (),
    )


def _counted(person: "Person", day: date) -> tuple[str, ...]:
    """In which metrics somebody counts on a day by what is known today, as if they belonged."""
    rows = [one.counts._replace(person=person.key, is_linked=True) for one in person.holdings]
    standings = people.judge_people(rows, rule_sets.for_day(day), day)
    return tuple(dict.fromkeys(one.metric for one in standings if one.counts))
