"""What the answers look like: each shape is a promise to programs, so fields are only ever added.

Instants are ISO 8601 with an offset, days are days, months are ``2025-02``. Points are exact and
therefore text: a decimal where it ends, else a fraction.
"""

from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import Field

Item = TypeVar("Item")


class Page(Schema, Generic[Item]):
    """A part of a list."""

    items: list[Item]
    count: int = Field(description="How many there are in all.")
    limit: int
    offset: int


class Wrong(Schema):
    """One parameter that cannot be used."""

    where: list[str]
    why: str


class Problem(Schema):
    """Why there is no answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[Wrong]


# ---- Firms and people --------------------------------------------------------------------------


class FirmName(Schema):
    id: UUID
    name: str


class Contact(Schema):
    purpose: str
    name: str
    email: str
    phone: str


class Firm(Schema):
    """A firm as all firms of the portal see it."""

    id: UUID
    name: str
    legal_name: str
    register_number: str
    city: str
    country: str
    federal_state: str = Field(description="ISO 3166-2 without DE-; empty: abroad or not given.")
    website: str
    competences: list[str]
    about: str


class FirmWithContacts(Firm):
    contacts: list[Contact]


class OwnFirm(FirmWithContacts):
    """The firm of the key, with what only its people see."""

    microsoft_partner_ids: list[str]
    signing_rule: str
    created_at: datetime


class Person(Schema):
    """Somebody who belongs to the firm now."""

    id: UUID = Field(description="Of the membership.")
    name: str
    email: str
    title: str
    roles: list[str]
    may_sign: bool
    joined_at: datetime


# ---- Projects and agreements -------------------------------------------------------------------


class Place(Schema):
    """A firm in a project."""

    firm: FirmName
    role: str
    state: str
    state_label: str
    responded_at: datetime | None


class AgreementLine(Schema):
    id: UUID
    status: str
    status_label: str
    depth: str
    rule_book: str
    in_force_at: datetime | None
    last_day: date | None = Field(description="On which it holds, once that is known.")


class ProjectLine(Schema):
    id: UUID
    name: str
    is_frame: bool
    customer_name: str
    customer_is_alias: bool
    description: str
    created_at: datetime
    agreements: list[AgreementLine]


class Project(ProjectLine):
    firms: list[Place]


class Said(Schema):
    """One answer to a point, as data and in plain words."""

    firm: UUID | None = Field(description="Whose it is; null: of all firms together.")
    value: dict[str, Any] | None = Field(description="Null: marked as not applicable.")
    lines: list[str]
    note: str
    origin: str
    revision: int
    by: str
    by_firm: UUID | None
    at: datetime | None


class Standing(Schema):
    """What stands at a point."""

    state: str
    state_label: str
    compared: str = Field(description="How it relates to the default of the rule book.")
    compared_label: str
    answers: list[Said]
    confirmed_by: list[UUID]
    missing: list[UUID]


class Between(Standing):
    """What the own firm and one other firm settle between them."""

    other: FirmName


class Point(Standing):
    key: str
    number: str
    kind: str
    scope: str
    question: str
    default: str
    is_pairwise: bool
    between: list[Between] = Field(
        description="Of a point that is settled two by two: the own firm with each other one."
    )
    elsewhere: int = Field(description="How many other pairs settle it too; how, is theirs.")


class Rule(Schema):
    number: int
    key: str
    title: str
    points: list[Point]


class Agreement(AgreementLine):
    project: UUID
    rule_book_sha256: str
    firms: list[FirmName]
    fast_track: bool
    first_round_is_open: bool = Field(
        description="Each firm answers alone: nothing is shown of the points until all open it."
    )
    rules: list[Rule]


class Event(Schema):
    """An entry of the agreement's log; ``hash`` is its link in the chain."""

    seq: int
    at: datetime
    kind: str
    what: str
    detail: str
    by: str
    firm: FirmName | None
    point: str
    is_of_a_pair: bool
    previous_hash: str
    hash: str


# ---- Versions and documents --------------------------------------------------------------------


class Signature(Schema):
    name: str
    title: str
    authority: str
    legal_name: str
    method: str
    signed_at: datetime
    sha256: str = Field(description="Of the text that was signed.")


class Slot(Schema):
    firm: FirmName
    needed: int
    completed_at: datetime | None
    signatures: list[Signature]


class AnnexName(Schema):
    """An annex of two firms. Who is neither of them knows its hash and nothing else."""

    number: int
    sha256: str
    is_readable: bool


class VersionLine(Schema):
    id: UUID
    agreement: UUID
    project: UUID
    number: int
    state: str
    state_label: str
    sha256: str
    frozen_at: datetime
    expires_on: date | None
    effective_on: date | None
    in_force_at: datetime | None


class Version(VersionLine):
    slots: list[Slot]
    annexes: list[AnnexName]


class Pdf(Schema):
    """A PDF of a version for the firm of the key."""

    language: str
    title: str
    state: str
    sha256: str
    size: int | None
    seal: str = Field(description="Level of the seal, such as B-T; empty: not sealed.")
    made_at: datetime | None
    superseded_at: datetime | None
    url: str = Field(description="To fetch it with the same key; empty while it is not ready.")


# ---- Scores ------------------------------------------------------------------------------------


class Points(Schema):
    """Exact points: as a decimal where it ends, and always as a fraction."""

    exact: str
    fraction: str


class Option(Schema):
    key: str
    value: int
    value_for_max: int
    points: Points
    counts: bool


class Metric(Schema):
    key: str
    title: str
    category: str
    max: int
    option: str = Field(description="That counts; empty where there is nothing to choose.")
    value: int
    points: Points
    options: list[Option]


class Track(Schema):
    key: str
    title: str
    total: Points
    passes: bool
    is_shown: bool = Field(description="The track that stands for the score.")
    metrics: list[Metric]


class ScoreLine(Schema):
    id: UUID
    rule_set: str
    as_of: date
    last_month: str | None
    comparison_month: str | None
    designated: bool
    track: str
    computed_at: datetime
    revision: int


class Score(ScoreLine):
    tracks: list[Track]
    notes: list[str]


class LedgerRow(Schema):
    """Why a metric has its value: one tenant, or one person."""

    name: str
    tenant: UUID | None = Field(description="Null: the row is of a person.")
    now: int
    then: int
    contribution: int
    reason: str
    corrections: list[str]


class LedgerPage(Page[LedgerRow]):
    track: str
    metric: str
    option: str
    value: int = Field(description="The sum of all rows, also of those on other pages.")


class Stretch(Schema):
    first: date
    last: date


class Month(Schema):
    month: str
    rule_set: str
    is_provable: bool
    designated: bool
    track: str
    qualified: list[Stretch]
    tracks: list[Track]


class History(Page[Month]):
    is_current: bool = Field(description="False: newer facts are still being worked in.")
