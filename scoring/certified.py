"""A firm's people with their certificates, as the people page shows them. Decides nothing."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from scoring import claims, explaining, people, rule_sets, rules
from scoring.claims import Corrections, Field
from scoring.models import Correction, Portfolio
from scoring.people import Certificate
from scoring.reasons import sentence

SOON = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Holding:
    """One certificate of a person."""

    said: Certificate  # as the files say
    counts: Certificate  # as corrected
    title: str
    expires: bool  # whether its expiry is looked at
    until_on: date | None  # the last day on which it counts, where it has one
    state: str  # valid, soon, expired, later (completed after today), unlinked or other (no points)
    days_left: int | None  # while it is valid
    gap: tuple[date, date] | None  # it was renewed late: the first and last day without
    correction: Correction | None


@dataclass(frozen=True, slots=True)
class Speaks:
    """Whether a person counts in one metric, and the sentence why."""

    metric: str
    counts: bool
    words: str


@dataclass(frozen=True, slots=True)
class Namesake:
    """Somebody else with the same name: perhaps the same person."""

    key: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Person:
    key: str
    name: str
    emails: tuple[str, ...]
    speaks: tuple[Speaks, ...]
    holdings: tuple[Holding, ...]
    has_left: bool  # as corrected, or as the newest file says
    corrections: tuple[Correction, ...]  # standing, of the person and their certificates
    namesakes: tuple[Namesake, ...]

    @property
    def counts(self) -> bool:
        return any(one.counts for one in self.speaks)

    @property
    def expires_soon(self) -> bool:
        return any(one.state == "soon" for one in self.holdings)

    @property
    def anchor(self) -> str:
        return anchor(self.key)

    @property
    def label(self) -> str:
        """Name and address, to choose somebody by."""
        rest = ", ".join(self.emails)
        return f"{self.name} ({rest})" if self.name and rest else self.name or rest or self.key


def anchor(key: str) -> str:
    """The id of a person on the page: keys hold what no id may hold."""
    return f"person-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def people_of(portfolio: Portfolio, rule_set: rules.RuleSet, as_of: date) -> list[Person]:
    """Everybody with a certificate, by name, in two queries."""
    return people_from(
        claims.said_certificates(portfolio), claims.corrections(portfolio), rule_set, as_of
    )


def people_from(
    said: Sequence[Certificate], known: Corrections, rule_set: rules.RuleSet, as_of: date
) -> list[Person]:
    """Everybody behind these certificates, with these corrections laid over them."""
    laid = claims.correct_certificates(said, known)
    before = dict(zip(map(id, laid), said, strict=True))
    speaks: dict[str, list[Speaks]] = {}
    for standing in people.judge_people(laid, rule_set, as_of):
        speaks.setdefault(standing.person, []).append(
            Speaks(
                standing.metric,
                bool(standing.counts),
                sentence(standing.reason, explaining.person_params(standing, rule_set)),
            )
        )
    groups = people.same_people(laid)
    names = _same_names(groups)
    found = []
    for key, own in groups.items():
        keys = {before[id(row)].person for row in own} | {row.person for row in own}
        holdings = _holdings([(before[id(row)], row) for row in own], rule_set, as_of, known)
        found.append(
            Person(
                key=key,
                name=_name(own),
                emails=tuple(sorted({row.email for row in own} - {""})),
                speaks=tuple(speaks.get(key, ())),
                holdings=tuple(holdings),
                has_left=not any(row.is_linked for row in own),
                corrections=tuple(_corrections(keys, holdings, known)),
                namesakes=tuple(
                    Namesake(other, _name(groups[other]), _email(groups[other]))
                    for other in names.get(_words(_name(own)), ())
                    if other != key
                ),
            )
        )
    return sorted(found, key=lambda person: (person.name.casefold(), person.emails, person.key))


def _name(own: Iterable[Certificate]) -> str:
    """The name that the newest certificate has."""
    named = [row for row in own if row.name]
    return max(named, key=lambda row: row.completed_on).name if named else ""


def _email(own: Iterable[Certificate]) -> str:
    return min((row.email for row in own if row.email), default="")


def _words(name: str) -> frozenset[str]:
    """``Ohm, Ada`` is ``Ada Ohm``."""
    return frozenset(re.findall(r"\w+", name.casefold()))


def _same_names(groups: dict[str, list[Certificate]]) -> dict[frozenset[str], list[str]]:
    found: dict[frozenset[str], list[str]] = {}
    for key, own in groups.items():
        if words := _words(_name(own)):
            found.setdefault(words, []).append(key)
    return found


def _holdings(
    pairs: Sequence[tuple[Certificate, Certificate]],
    rule_set: rules.RuleSet,
    as_of: date,
    known: Corrections,
) -> list[Holding]:
    gaps = _gaps([row for _said, row in pairs])
    found = []
    for said, row in pairs:
        certification = rule_set.certifications.get(row.certification)
        until_on = row.expires_on if certification is None or certification.expires else None
        if certification is not None and certification.counts_until is not None:
            until_on = min(until_on or date.max, certification.counts_until)
        state = _state(row, certification, until_on, as_of)
        found.append(
            Holding(
                said=said,
                counts=row,
                title=title(row.certification),
                expires=certification is None or certification.expires,
                until_on=until_on,
                state=state,
                days_left=(until_on - as_of).days
                if until_on is not None and state in ("valid", "soon")
                else None,
                gap=gaps.get(row),
                correction=known.of_certificates.get(
                    (said.person, said.certification, said.completed_on)
                ),
            )
        )
    return sorted(found, key=lambda one: (one.title, one.counts.completed_on), reverse=True)


def _state(
    row: Certificate,
    certification: rules.Certification | None,
    until_on: date | None,
    as_of: date,
) -> str:
    if certification is None:
        return "other"
    if not row.is_linked:
        return "unlinked"
    if row.completed_on > as_of:
        return "later"
    if until_on is None:
        return "valid"
    if until_on < as_of:
        return "expired"
    return "soon" if until_on - as_of <= SOON else "valid"


def renewed(one: Holding, own: Iterable[Holding], today: date) -> bool:
    """Whether a later certificate of the same certification lasts longer than this one."""
    ends = one.counts.expires_on or date.max
    return any(
        other.counts.certification == one.counts.certification
        and other.counts.is_linked
        and other.counts.completed_on <= today
        and (other.counts.expires_on or date.max) > ends
        for other in own
        if other is not one
    )


def _gaps(rows: Iterable[Certificate]) -> dict[Certificate, tuple[date, date]]:
    """By the certificate that renewed one too late: the days on which there was none."""
    own: dict[str, list[Certificate]] = {}
    for row in rows:
        own.setdefault(row.certification, []).append(row)
    found = {}
    for same in own.values():
        ordered = sorted(same, key=lambda row: row.completed_on)
        for earlier, later in pairwise(ordered):
            over = earlier.expires_on
            if over is not None and later.completed_on > over + timedelta(days=1):
                found[later] = (over + timedelta(days=1), later.completed_on - timedelta(days=1))
    return found


def _corrections(
    keys: Iterable[str], holdings: Iterable[Holding], known: Corrections
) -> Iterable[Correction]:
    for key in sorted(keys):
        fields = known.of_people.get(key, {})
        yield from (fields[field] for field in (Field.SAME_PERSON, Field.LEFT) if field in fields)
    yield from (one.correction for one in holdings if one.correction is not None)


def title(certification: str) -> str:
    """The title of a certification in the newest rules that know it."""
    for rule_set in reversed(rule_sets.all_sets()):
        if certification in rule_set.certifications:
            return rule_set.certifications[certification].title
    return certification


def matches(person: Person, words: str, show: str) -> bool:
    """Whether somebody is shown: every word in name or address, and of one standing."""
    text = " ".join((person.name, *person.emails, person.key)).casefold()
    if not all(word in text for word in words.casefold().split()):
        return False
    return {
        "counts": person.counts,
        "soon": person.expires_soon,
        "out": not person.counts,
        "twice": bool(person.namesakes),
        "corrected": bool(person.corrections),
    }.get(show, True)


def names_of(portfolio: Portfolio, keys: Iterable[str]) -> dict[str, str]:
    """Name and address of whoever files know by these keys; a key they do not know stays itself."""
    wanted = set(keys)
    found = {key: key.partition(":")[2] or key for key in wanted}
    rows = portfolio.certificates.filter(person_key__in=wanted).order_by("completed_on", "pk")
    for key, name, email in rows.values_list("person_key", "person_name", "email"):
        found[key] = f"{name} ({email})" if name and email else name or email or found[key]
    return found
