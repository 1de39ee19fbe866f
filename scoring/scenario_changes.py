"""What may be changed in a scenario: one kind a class, as it is stored and as it reads. Pure.

A stored change is checked as strictly as input: one of an older shape, or one that somebody else
wrote, is ``Broken`` and shown as such. It is never guessed at, and never an error of a page.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from scoring import rules
from scoring.presentation import figure, signed, unit
from scoring.reading.cells import LARGEST
from scoring.results import Metric

MOST_CHANGES = 60  # of one scenario
MOST_WON = 500  # customers won, in all changes of a scenario
MOST_PEOPLE = 50  # new colleagues of one change
NAME_LENGTH = 200

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Key = Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00]*$")]  # of a rule set
Text = Annotated[str, StringConstraints(max_length=NAME_LENGTH, pattern=r"^[^\x00]*$")]
Count = Annotated[int, Field(ge=0, le=LARGEST)]


class Names(NamedTuple):
    """How the reader knows customers and people today, and what the rules call things."""

    rule_set: rules.RuleSet
    customers: Mapping[UUID, str] = {}
    people: Mapping[str, str] = {}

    def customer(self, tenant: UUID, stored: str) -> str:
        return self.customers.get(tenant) or stored or str(tenant)

    def person(self, key: str, stored: str) -> str:
        return self.people.get(key) or stored or _("Unnamed")

    def workload(self, key: str) -> str:
        found = self.rule_set.workloads.get(key)
        return found.title if found else key

    def certification(self, key: str) -> str:
        found = self.rule_set.certifications.get(key)
        return found.title if found else key


def new_id() -> str:
    """What names a change within its scenario: it can be taken out whatever came since."""
    return secrets.token_hex(6)


# A class without these would take a number for a text, or what it does not know for nothing.
_STRICT = ConfigDict(strict=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFigures:
    """Other seats or active users of a known customer's workload in the last month."""

    __pydantic_config__ = _STRICT
    kind: Literal["figures"] = "figures"
    id: Id = field(default_factory=new_id)
    tenant: UUID
    customer: Text = ""  # the name when the change was made
    workload: Key
    option: Key = ""  # empty: every association for the workload
    seats: Count | None = None
    users: Count | None = None

    def sentence(self, names: Names) -> str:
        words = _of_workload(self, names) | {
            "seats": figure(self.seats or 0),
            "users": figure(self.users or 0),
        }
        if self.seats is None:
            return _("%(customer)s: %(users)s active users of %(workload)s.") % words
        if self.users is None:
            return _("%(customer)s: %(seats)s seats of %(workload)s.") % words
        return _("%(customer)s: %(users)s of %(seats)s seats of %(workload)s in use.") % words


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersWon:
    """Customers that nobody knows yet, several alike at once."""

    __pydantic_config__ = _STRICT
    kind: Literal["won"] = "won"
    id: Id = field(default_factory=new_id)
    name: Text = ""
    number: Annotated[int, Field(ge=1, le=MOST_WON)] = 1
    workloads: Annotated[tuple[Key, ...], Field(min_length=1, max_length=60)]
    option: Key
    seats: Count
    users: Count
    users_at_start: Count

    def sentence(self, names: Names) -> str:
        words = {
            "who": self._who(),
            "workloads": ", ".join(map(names.workload, self.workloads)),
            "option": self.option,
            "seats": figure(self.seats),
            "users": figure(self.users),
            "start": figure(self.users_at_start),
        }
        if self.users == self.users_at_start:
            return (
                _("Won: %(who)s. %(workloads)s by %(option)s, %(users)s of %(seats)s seats in use.")
                % words
            )
        return (
            _(
                "Won: %(who)s. %(workloads)s by %(option)s, %(users)s of %(seats)s seats in use, "
                "%(start)s at the beginning."
            )
            % words
        )

    def _who(self) -> str:
        words = {"number": figure(self.number), "name": self.name}
        if not self.name:
            return ngettext("a new customer", "%(number)s new customers alike", self.number) % words
        return ngettext("%(name)s", "%(number)s customers alike (%(name)s)", self.number) % words


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationBegun:
    """A known customer's workload by one more option, or the approval of a claim that waits.

    Without seats and users those of the firm's own data count.
    """

    __pydantic_config__ = _STRICT
    kind: Literal["begun"] = "begun"
    id: Id = field(default_factory=new_id)
    tenant: UUID
    customer: Text = ""
    workload: Key
    option: Key
    seats: Count | None = None
    users: Count | None = None
    users_at_start: Count | None = None

    def sentence(self, names: Names) -> str:
        words = _of_workload(self, names)
        if self.seats is None or self.users is None:
            return _("%(customer)s: %(workload)s begins, or its claim is approved.") % words
        start = self.users if self.users_at_start is None else self.users_at_start
        words |= {
            "seats": figure(self.seats),
            "users": figure(self.users),
            "start": figure(start),
        }
        if start == self.users:
            return (
                _("%(customer)s: %(workload)s begins, %(users)s of %(seats)s seats in use.") % words
            )
        return (
            _(
                "%(customer)s: %(workload)s begins, %(users)s of %(seats)s seats in use, %(start)s "
                "at the beginning."
            )
            % words
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationEnded:
    __pydantic_config__ = _STRICT
    kind: Literal["ended"] = "ended"
    id: Id = field(default_factory=new_id)
    tenant: UUID
    customer: Text = ""
    workload: Key
    option: Key = ""  # empty: every association for the workload

    def sentence(self, names: Names) -> str:
        return _("%(customer)s: %(workload)s ends.") % _of_workload(self, names)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLost:
    __pydantic_config__ = _STRICT
    kind: Literal["lost"] = "lost"
    id: Id = field(default_factory=new_id)
    tenant: UUID
    customer: Text = ""

    def sentence(self, names: Names) -> str:
        return _("%(customer)s is lost: every association ends.") % {
            "customer": names.customer(self.tenant, self.customer)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCertified:
    """Somebody known, or new colleagues, pass; valid from the day of the score."""

    __pydantic_config__ = _STRICT
    kind: Literal["certified"] = "certified"
    id: Id = field(default_factory=new_id)
    person: Text = ""  # the key; empty: somebody new
    name: Text = ""
    certification: Key
    number: Annotated[int, Field(ge=1, le=MOST_PEOPLE)] = 1  # of new colleagues alike

    def sentence(self, names: Names) -> str:
        words = {
            "number": figure(self.number),
            "title": names.certification(self.certification),
        }
        if self.person or (self.name and self.number == 1):
            words["name"] = names.person(self.person, self.name)
            return _("%(name)s passes %(title)s.") % words
        return (
            ngettext(
                "A new colleague passes %(title)s.",
                "%(number)s new colleagues pass %(title)s.",
                self.number,
            )
            % words
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRenewed:
    """Somebody's certificates of one kind expire."""

    __pydantic_config__ = _STRICT
    kind: Literal["not_renewed"] = "not_renewed"
    id: Id = field(default_factory=new_id)
    person: Annotated[Text, Field(min_length=1)]
    name: Text = ""
    certification: Key

    def sentence(self, names: Names) -> str:
        return _("%(name)s does not renew %(title)s.") % {
            "name": names.person(self.person, self.name),
            "title": names.certification(self.certification),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLeft:
    __pydantic_config__ = _STRICT
    kind: Literal["left"] = "left"
    id: Id = field(default_factory=new_id)
    person: Annotated[Text, Field(min_length=1)]
    name: Text = ""

    def sentence(self, names: Names) -> str:
        return _("%(name)s leaves the firm.") % {"name": names.person(self.person, self.name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountChanged:
    """A bare count: so many users, tenants or people more or less, whoever they are."""

    __pydantic_config__ = _STRICT
    kind: Literal["count"] = "count"
    id: Id = field(default_factory=new_id)
    track: Key
    metric: Key
    option: Key = ""  # empty where the metric has none
    change: Annotated[int, Field(ge=-LARGEST, le=LARGEST)]

    def sentence(self, names: Names) -> str:
        tracks = {track.key: track.title for track in names.rule_set.tracks}
        words = {
            "track": tracks.get(self.track, self.track),
            "metric": Metric(self.metric).label if self.metric in Metric else self.metric,
            "option": self.option,
            "change": f"{signed(self.change)} {unit(self.metric, self.change)}",
        }
        if self.option:
            return _("%(track)s, %(metric)s by %(option)s: %(change)s.") % words
        return _("%(track)s, %(metric)s: %(change)s.") % words


Change = (
    NewFigures
    | CustomersWon
    | AssociationBegun
    | AssociationEnded
    | CustomerLost
    | PersonCertified
    | NotRenewed
    | PersonLeft
    | CountChanged
)
OfCustomer = NewFigures | AssociationBegun | AssociationEnded | CustomerLost
OfPerson = PersonCertified | NotRenewed | PersonLeft
KINDS = ("figures", "begun", "ended", "lost", "won", "certified", "not_renewed", "left", "count")


def _of_workload(
    change: NewFigures | AssociationBegun | AssociationEnded, names: Names
) -> dict[str, str]:
    title = names.workload(change.workload)
    if change.option:
        title = _("%(workload)s by %(option)s") % {"workload": title, "option": change.option}
    return {"customer": names.customer(change.tenant, change.customer), "workload": title}


# ---- As it is stored -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Broken:
    """What is stored and cannot be read: shown as such, changes nothing, can be taken out."""

    id: str

    def sentence(self, names: Names) -> str:
        return _("This change cannot be read any more, so it is left out.")


_ADAPTER: TypeAdapter[Change] = TypeAdapter(Annotated[Change, Field(discriminator="kind")])


def dump(change: Change) -> dict[str, Any]:
    """The change as JSON knows it; ``load`` gives it back."""
    stored: dict[str, Any] = _ADAPTER.dump_python(change, mode="json")
    return stored


def load(stored: object, place: int = 0) -> Change | Broken:
    """A stored change; ``place`` names one that has no readable id of its own."""
    try:
        return _ADAPTER.validate_json(json.dumps(stored))
    except (ValidationError, ValueError, TypeError, RecursionError):
        return Broken(f"broken-{place}")


def load_all(stored: object) -> tuple[Change | Broken, ...]:
    """All changes of a scenario. What is stored in place of a list is one broken change."""
    rows: Iterable[object] = stored if isinstance(stored, list) else [stored]
    return tuple(load(one, place) for place, one in enumerate(rows))


def readable(changes: Iterable[Change | Broken]) -> tuple[Change, ...]:
    return tuple(one for one in changes if not isinstance(one, Broken))


def customers_won(changes: Iterable[Change | Broken]) -> int:
    return sum(one.number for one in changes if isinstance(one, CustomersWon))


def customers_of(changes: Iterable[Change | Broken]) -> frozenset[UUID]:
    return frozenset(one.tenant for one in changes if isinstance(one, OfCustomer))


def is_about_people(changes: Iterable[Change | Broken]) -> bool:
    return any(isinstance(one, OfPerson) for one in changes)
