"""Which rows belong into the archive of a firm: what that firm itself may read, and no more.

Rooms register their tables in the order in which their rows can be written: a table that others
point to by a number comes before them. People, firms and other rows that are only pointed to come
by themselves.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models

from partners.models import Partner, PartnerContact

Row = dict[str, Any]


@dataclass(slots=True)
class Scope:
    """The firm of an archive, and what rooms work out once for it."""

    partner: Partner
    known: dict[str, Any] = field(default_factory=dict)

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]


Rows = Callable[[Scope], "models.QuerySet[Any]"]
Change = Callable[[Row, Scope], Row]


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the archive.

    ``rows``: what the firm may have; None: the rows that others point to, or with ``follows`` the
    rows whose field of that name points to a row of the archive. ``change`` takes out of a
    row what the firm may not know, or what means nothing elsewhere. ``same``: names of fields by
    which a row that is there already is the same one (a rule book, a certificate); ``equal``: what
    must then be equal, too. ``stays``: a row that is there already is left as it is.
    """

    model: str
    rows: Rows | None = None
    change: Change | None = None
    files: Sequence[str] = ()
    leave_out: Sequence[str] = ()
    same: Sequence[str] = ()
    equal: Sequence[str] = ()
    stays: bool = False
    follows: str = ""

    @property
    def table(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def columns(self) -> "list[models.Field[Any, Any]]":
        """What is written of each row, in the order of the model."""
        return [
            one
            for one in self.table._meta.concrete_fields
            if not isinstance(one, models.CompositePrimaryKey) and one.name not in self.leave_out
        ]

    @property
    def is_numbered(self) -> bool:
        """Whether rows have numbers of their database, which are others in the next one."""
        return isinstance(self.table._meta.pk, models.AutoField)


Finding = str
Check = Callable[[Partner], Iterable[Finding]]

_pointed: list[Table] = []  # written before all others
_tables: list[Table] = []
_checks: list[Check] = []


def register(tables: Sequence[Table] = (), *, checks: Sequence[Check] = ()) -> None:
    """Add tables of a room, and what says after an import that its rows are as they should be."""
    for table in tables:
        target = _pointed if table.rows is None else _tables
        if table not in target:
            target.append(table)
    _checks.extend(check for check in checks if check not in _checks)


def pointed() -> list[Table]:
    """Tables of which only rows come along that others point to; those pointed to by them last."""
    return list(_pointed)


def own() -> list[Table]:
    return list(_tables)


def checks() -> list[Check]:
    return list(_checks)


# ---- This room -----------------------------------------------------------------------------------

# Of another firm: what the directory shows. It is closed where it is imported.
OF_OTHERS = frozenset(
    "id slug name legal_name register_number city country federal_state website competences"
    " created_at".split()
)


def _firm(row: Row, scope: Scope) -> Row:
    if row["id"] == str(scope.partner.pk):
        return row
    closed: Row = {
        "microsoft_partner_ids": [],
        "about": "",
        "signing_rule": Partner.SigningRule.ALONE.value,
        "sign_in_rule": Partner.SignInRule.ANY.value,
        "entra_tenant": None,
        "domain": "",
        "is_active": False,
    }
    return {key: value if key in OF_OTHERS else closed[key] for key, value in row.items()}


def unreachable(pk: Any) -> str:
    """An address for somebody whose own the firm does not know, or that another account has."""
    return f"{pk}@imported.invalid"


def _person(row: Row, scope: Scope) -> Row:
    """The firm's own people with their addresses; of others the name, as the firm read it."""
    own_people = scope.once("people", lambda: _people(scope.partner))
    if row["id"] in own_people:
        return row
    return row | {"email": unreachable(row["id"]), "is_active": False, "language": "de"}


def _people(partner: Partner) -> set[str]:
    return {str(pk) for pk in partner.memberships.values_list("user", flat=True)}


register(
    [
        Table(
            "partners.User",
            change=_person,
            leave_out=("password", "last_login", "is_superuser", "is_staff"),
            stays=True,
        ),
        Table("partners.Partner", change=_firm, stays=True),
        Table("partners.Membership", lambda scope: scope.partner.memberships.all()),
        Table(
            "partners.PartnerContact",
            lambda scope: PartnerContact.objects.filter(partner=scope.partner),
        ),
        Table("partners.FirmEvent", lambda scope: scope.partner.events.all()),
    ]
)
