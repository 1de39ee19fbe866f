"""Which column of a file is what: by the names Microsoft documents, or as a person mapped them.

Pure. ``FIELDS`` lists what each kind of file can say, for the page that asks a person to map
columns; ``recognise`` finds the kind and the places, or says with ``Unmapped`` what it guesses.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scoring.reading.cells import NotReadable, storable
from scoring.reasons import Fault
from scoring.rule_sets import normal

AUTO = "auto"
OFFICE_USAGE, CPOR, EMS, CLAIMS, TRAINING = "office-usage", "cpor", "ems", "claims", "training"


class Field(NamedTuple):
    key: str
    label: Promise  # for a page
    names: tuple[str, ...]  # as documented, then as also seen
    needed: bool = False
    hints: tuple[str, ...] = ()  # names that are good enough for a guess, and for no more

    @property
    def name(self) -> str:
        """As Microsoft documents it, for messages."""
        return self.names[0]


def _needed(field: Field) -> Field:
    return field._replace(needed=True)


TENANT = Field(
    "tenant",
    _("Tenant ID"),
    ("CustomerTenantId", "TenantId"),
    hints=("CustomerTenant", "CustomerId", "TenantGuid", "Mandanten-ID", "Mandant", "Microsoft ID"),
)
WORKLOAD = Field(
    "workload",
    _("Workload"),
    ("WorkloadName", "Workload"),
    hints=("Product", "ProductName", "Service", "Produkt", "Dienst"),
)
MONTH = Field(
    "month",
    _("Month"),
    ("Month", "MonthKey", "Date"),
    hints=("ReportMonth", "UsageMonth", "Period", "Monat", "Datum", "Berichtsmonat"),
)
SEATS = Field(
    "seats",
    _("Paid seats"),
    ("PaidAvailableUnits", "PAU"),
    hints=("PaidUnits", "PaidSeats", "Seats", "Licenses", "Lizenzen", "Bezahlte Lizenzen"),
)
USERS = Field(
    "users",
    _("Active users"),
    ("MonthlyActiveUsers", "MAU"),
    hints=("ActiveUsers", "ActiveUsage", "Users", "Aktive Benutzer", "Aktive Nutzer", "Nutzer"),
)
OPTION = Field(
    "option",
    _("Association"),
    ("PartnerAttributionType", "PartnerAttachType"),
    hints=("AttributionType", "AssociationType", "PartnerType", "Association", "Zuordnung"),
)
NAME = Field(
    "name",
    _("Customer’s name"),
    ("CustomerName",),
    hints=("Customer", "TenantName", "CustomerTenantName", "Kunde", "Kundenname"),
)
BEGINS_ON = Field(
    "begins_on",
    _("Associated on"),
    ("DateAssociated",),
    hints=("AssociationDate", "AssociatedOn", "ClaimDate", "ApprovedDate", "StartDate", "Beginn"),
)
ENDED_ON = Field(
    "ended_on",
    _("Ended on"),
    ("DateEnded",),
    hints=("EndDate", "EndedOn", "ExpirationDate", "DisassociationDate", "Beendet am", "Ende"),
)
CLAIM_STATE = Field(
    "claim_state",
    _("State of the claim"),
    ("ClaimStatus", "ClaimState"),
    hints=("Status", "State", "ApprovalStatus", "Anspruchsstatus"),
)
CLAIM_ID = Field("claim_id", _("Claim number"), ("ClaimId",), hints=("Claim", "ClaimNumber"))

_USAGE_NEEDED = tuple(_needed(field) for field in (TENANT, WORKLOAD, MONTH, SEATS, USERS))
_USAGE_MORE = (NAME, BEGINS_ON, ENDED_ON, CLAIM_STATE)

FIELDS: dict[str, tuple[Field, ...]] = {
    OFFICE_USAGE: (*_USAGE_NEEDED, _needed(OPTION), *_USAGE_MORE),
    CPOR: (*_USAGE_NEEDED, OPTION, *_USAGE_MORE, CLAIM_ID),
    EMS: (
        _needed(TENANT),
        _needed(MONTH),
        _needed(SEATS._replace(names=("IntunePaidAvailableUnits", "IntunePAU"))),
        _needed(USERS._replace(names=("IntuneMonthlyActiveUsers", "IntuneMAU"))),
        _needed(OPTION),
        Field(
            "subscription",
            _("Subscription"),
            ("SubscriptionId", "SubscriptionGuid"),
            hints=("Subscription", "Abonnement-ID", "Abonnement"),
        ),
        Field(
            "location",
            _("Partner location"),
            ("PartnerLocationID", "PartnerLocation", "MPNId", "PartnerID"),
        ),
        NAME,
        BEGINS_ON,
        ENDED_ON,
    ),
    CLAIMS: (
        _needed(TENANT),
        _needed(WORKLOAD),
        OPTION,
        CLAIM_STATE,
        BEGINS_ON._replace(names=("DateAssociated", "AssociationDate")),
        ENDED_ON,
        NAME,
        CLAIM_ID,
        MONTH,
        SEATS,
        USERS,
    ),
    TRAINING: (
        Field(
            "title",
            _("Certification"),
            ("TrainingTitle", "Certification name"),
            needed=True,
            hints=("Title", "Certification", "Zertifizierung", "Titel"),
        ),
        Field(
            "completed_on",
            _("Completed on"),
            ("TrainingCompletionDate", "Completion date"),
            needed=True,
            hints=("CompletedOn", "CompletionDate", "Abgeschlossen am", "Abschlussdatum"),
        ),
        Field(
            "expires_on",
            _("Expires on"),
            ("ExpirationDate", "Expiry date"),
            hints=("ExpiresOn", "ValidUntil", "Ablaufdatum", "Gültig bis"),
        ),
        Field("type", _("Type (certification or exam)"), ("TrainingType",)),
        Field("mcp", _("Microsoft certification ID (MCPID)"), ("MCPID",)),
        Field("mail", _("Work e-mail"), ("CorpEmail",), hints=("WorkEmail", "CorporateEmail")),
        Field("other_mail", _("Other e-mail"), ("Email",), hints=("E-Mail", "Mail")),
        Field("aad", _("Entra user ID"), ("AADUserId",), hints=("EntraUserId", "UserId")),
        Field("name", _("Person’s name"), ("Individual name",), hints=("Name", "Person")),
        Field("first_name", _("First name"), ("IndividualFirstName",), hints=("Vorname",)),
        Field("last_name", _("Last name"), ("IndividualLastName",), hints=("Nachname",)),
        Field("activation", _("Linked to the firm"), ("ActivationStatus",)),
        Field("month", _("Month of the report"), ("Month",)),
    ),
}

# Columns of the documented files that nobody reads: they are never taken for a renamed one.
UNREAD = frozenset(
    normal(name)
    for name in (
        "CustomerTpid CustomerMarket CustomerSegment MPNId PartnerID PartnerName PartnerLocation "
        "PartnerLocationID IsDuplicateRowForPGA PGAMpnID PGAPartnerID PGA_MPNId PGAPartnerName "
        "IndustryName VerticalName EOU TrainingActivityId IcMCP PartnerCityLocation "
        "PartnerCountryLocation ClaimId"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The kind of a file, and the index of the column of each field that it has."""

    kind: str
    places: Mapping[str, int]


class Unmapped(NotReadable):
    """Columns that are needed were not found; a person can say which they are.

    ``guesses`` holds, by kind, the header that each field may mean, and ``kind`` the one that fits
    best: enough to fill the mapping step.
    """

    def __init__(
        self,
        header: Sequence[str],
        kind: str,
        guesses: dict[str, dict[str, str]],
        missing: Sequence[str],
    ) -> None:
        if missing:
            super().__init__(Fault.MISSING_COLUMNS, columns=", ".join(missing))
        else:
            found = ", ".join(name.strip() for name in header if name.strip())
            super().__init__(Fault.UNKNOWN_COLUMNS, found=storable(found, 200) or "–")
        self.header, self.kind, self.guesses = list(header), kind, guesses


def recognise(
    header: Sequence[str], kind: str = AUTO, mapping: Mapping[str, str] | None = None
) -> Layout:
    """What the columns mean. Raises ``Unmapped``, or ``NotReadable`` when one is there twice.

    ``mapping`` is {field: header} as a person chose it; it goes before the documented names, and
    an empty header says that the file has no such column. Other order, other case and further
    columns do not matter.
    """
    mapping = mapping or {}
    evident = kind if kind != AUTO else _evident(header)
    candidates = [evident] if evident else []
    if kind == AUTO and mapping:
        candidates += [other for other in FIELDS if other != evident]
    missing: list[str] = []
    for candidate in candidates:
        fields = FIELDS[candidate]
        if kind == AUTO and not mapping.keys() <= {field.key for field in fields}:
            continue
        places = _places(header, fields, mapping)
        lacking = [field.name for field in fields if field.needed and field.key not in places]
        if not lacking:
            _require_single(header, fields, places)
            return Layout(candidate, places)
        if candidate == evident:
            missing = lacking
    guesses = {other: _guess(header, FIELDS[other]) for other in FIELDS}
    raise Unmapped(header, evident or _best(guesses), guesses, missing)


def is_known(header: Sequence[str]) -> bool:
    """Whether this row of a sheet looks like the header of any kind of file."""
    return _evident(header) is not None


def _evident(header: Sequence[str]) -> str | None:
    """The kind of file that has columns of these names, complete or not."""

    def has(field: Field) -> bool:
        return _place(header, field.names) is not None

    ems = {field.key: field for field in FIELDS[EMS]}
    if has(ems["seats"]) or has(ems["users"]):
        return EMS
    if has(FIELDS[TRAINING][0]) and not has(WORKLOAD):
        return TRAINING
    claims = {field.key: field for field in FIELDS[CLAIMS]}
    says_claim = any(has(claims[key]) for key in ("claim_state", "claim_id", "begins_on"))
    if has(claims["tenant"]) and has(WORKLOAD) and says_claim and not (has(SEATS) or has(USERS)):
        return CLAIMS
    if sum(map(has, (*_USAGE_NEEDED, OPTION))) >= 2:
        return CPOR if has(CLAIM_ID) else OFFICE_USAGE
    return None


def _place(header: Sequence[str], names: Iterable[str]) -> int | None:
    found = [normal(name) for name in header]
    for name in names:
        if normal(name) and normal(name) in found:
            return found.index(normal(name))
    return None


def _places(
    header: Sequence[str], fields: Iterable[Field], mapping: Mapping[str, str]
) -> dict[str, int]:
    places: dict[str, int] = {}
    for field in fields:
        if (chosen := mapping.get(field.key)) and (place := _chosen(header, chosen)) is not None:
            places[field.key] = place
    taken = set(places.values())
    for field in fields:
        if field.key in places or mapping.get(field.key) == "":
            continue
        place = _place(header, field.names)
        if place is not None and place not in taken:
            places[field.key] = place
    return places


def _chosen(header: Sequence[str], chosen: str) -> int | None:
    """The column a person named; a name of signs only is compared as it stands."""
    if normal(chosen):
        return _place(header, [chosen])
    stripped = [name.strip() for name in header]
    return stripped.index(chosen.strip()) if chosen.strip() in stripped else None


def _require_single(
    header: Sequence[str], fields: Iterable[Field], places: Mapping[str, int]
) -> None:
    """Of two columns with one name nobody can say which is meant."""
    names = [normal(name) for name in header]
    times = Counter(names)
    twice = [
        field.name if normal(field.name) == names[place] else header[place].strip()
        for field in fields
        if (place := places.get(field.key)) is not None and times[names[place]] > 1
    ]
    if twice:
        raise NotReadable(Fault.COLUMNS_TWICE, columns=storable(", ".join(twice), 200))


# ---- Guessing ------------------------------------------------------------------------------------

ALIKE = 0.75  # of two names that may be one; below it, names of other columns come up
GUESSED, LONGEST = 200, 100  # columns, and letters of a name: comparing more would take minutes


def _guess(header: Sequence[str], fields: Sequence[Field]) -> dict[str, str]:
    """The header that each field may mean, the best pairs first, no header twice."""
    named = (name.strip() for name in header[:GUESSED] if len(name) <= LONGEST and normal(name))
    names = list(dict.fromkeys(named))
    pairs = sorted(
        (
            (_likeness(name, field), -order, name)
            for order, field in enumerate(fields)
            for name in names
        ),
        reverse=True,
    )
    guesses: dict[str, str] = {}
    for likeness, order, name in pairs:
        key = fields[-order].key
        if likeness >= ALIKE and key not in guesses and name not in guesses.values():
            guesses[key] = name
    missing = [field.key for field in fields if field.needed and field.key not in guesses]
    left = [name for name in names if name not in guesses.values() and normal(name) not in UNREAD]
    # One column is missing and one is left over: it was renamed.
    if len(missing) == len(left) == 1 and len(guesses) >= 3:
        guesses[missing[0]] = left[0]
    return {field.key: guesses[field.key] for field in fields if field.key in guesses}


def _likeness(name: str, field: Field) -> float:
    """From 0 to 2: 2 for a documented name, above 1 for a hint, else the share that is alike."""
    found = normal(name)
    names = [normal(known) for known in field.names]
    if found in names:
        return 2 - names.index(found) / 100
    if found in map(normal, field.hints):
        return 1.5
    if found in UNREAD:
        return 0
    words = _words(name)
    return max(
        max(_share(found, normal(known)), _share(words, _words(known)))
        for known in (*field.names, *field.hints)
    )


def _share(one: str, other: str) -> float:
    """The share of two names that is alike, or 0 when it is below ``ALIKE``."""
    matcher = SequenceMatcher(None, one, other)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0
    return matcher.ratio()


@lru_cache(maxsize=1_000)
def _words(name: str) -> str:
    """The words of a name in an order of their own: "Units paid" is like "PaidUnits"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-zäöüß]+|\d+", name)
    return " ".join(sorted(word.casefold() for word in words))


def _best(guesses: Mapping[str, Mapping[str, str]]) -> str:
    """The kind of which the largest share of the needed columns was guessed."""

    def share(kind: str) -> float:
        needed = [field.key for field in FIELDS[kind] if field.needed]
        return sum(key in guesses[kind] for key in needed) / len(needed)

    return max(guesses, key=share)
