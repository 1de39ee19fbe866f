"""Which tables hold something about people, what for, for how long, and who sees it.

A room declares its tables when it loads, as with ``partners.cards``: *activities* in the words of
the records of processing (Art. 30 GDPR), and for each table the fields that name somebody. A test
walks all models and fails for a field that looks as if it named a person and is not declared.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ALL = ("*",)  # the whole row, without what names other people and without secrets


class Basis(models.TextChoices):
    """Why the portal may hold it (Art. 6 GDPR)."""

    CONTRACT = (
        "contract",
        _("To provide the portal to the firms and their people (Art. 6(1)(b) GDPR)"),
    )
    INTEREST = (
        "interest",
        _("Legitimate interest of the firms in working together (Art. 6(1)(f) GDPR)"),
    )
    SECURITY = (
        "security",
        _("Legitimate interest in keeping the portal secure (Art. 6(1)(f) GDPR)"),
    )
    EVIDENCE = (
        "evidence",
        _("Evidence of legal claims, and duties of retention (Art. 6(1)(c) and (f) GDPR)"),
    )
    DUTY = ("duty", _("Legal duty to account for data protection (Art. 6(1)(c) GDPR)"))


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of the records of processing, in whole sentences."""

    key: str
    title: "StrOrPromise"
    what: "StrOrPromise"  # categories of data
    purpose: "StrOrPromise"
    people: "StrOrPromise"  # whose data
    seen_by: "StrOrPromise"
    kept: "StrOrPromise"  # for how long, and from when
    basis: Basis


@dataclass(frozen=True, slots=True)
class Held:
    """What one table holds about people.

    ``own``: by the way to the person (a field, or a path as in a filter), what that person is told
    of the row in their export: ``ALL`` of what they did themselves, else the named fields.
    ``names``: further fields that name people or hold what they wrote. ``nobody``: fields that only
    look like it. ``secret``: what proves who somebody is; never handed out, to nobody.
    """

    model: str  # "partners.User"
    activity: str
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Sequence[str] = ()
    nobody: Sequence[str] = ()
    secret: Sequence[str] = ()

    @property
    def table(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def fields(self) -> set[str]:
        """The fields that this declaration speaks of."""
        ways = (path.split("__")[0] for path in self.own)
        return {*ways, *self.names, *self.nobody, *self.secret}


_activities: dict[str, Activity] = {}
_blocks: list[list[str]] = []  # keys of activities, as each room registered them
_held: dict[str, Held] = {}


def register(activities: Sequence[Activity], held: Sequence[Held]) -> None:
    """Add a room's activities and tables. A table is declared once: ``ValueError`` otherwise."""
    _blocks.append([each.key for each in activities if each.key not in _activities])
    for activity in activities:
        _activities[activity.key] = activity
    for each in held:
        label = each.model.lower()
        if label in _held and _held[label] != each:
            raise ValueError(f"{each.model} is declared twice")
        _held[label] = each


def activities() -> list[Activity]:
    """From the ground floor up: the rooms register from the top down, as they are installed."""
    return [_activities[key] for block in reversed(_blocks) for key in block]


def held() -> list[Held]:
    return list(_held.values())


def of_model(model: type[models.Model]) -> Held | None:
    return _held.get(model._meta.label_lower)


# ---- What is missing -----------------------------------------------------------------------------

WORDS = frozenset(
    "address agent comment contact email ip key message name network note password person phone"
    " reason secret signer text title token uid".split()
)
BROAD = (
    models.EmailField,
    models.GenericIPAddressField,
    models.JSONField,
    models.TextField,
    models.BinaryField,
    models.FileField,
)


def looks_personal(one: "models.Field[Any, Any]") -> bool:
    """Whether a field points to a person, or could name one: by its type, or by its name."""
    if one.related_model is User:
        return True
    if isinstance(one, BROAD):
        return True
    return isinstance(one, models.CharField) and bool(WORDS & {*one.name.split("_")})


def suspects(model: type[models.Model]) -> list[str]:
    """Names of the fields of ``model`` that have to be declared."""
    fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
    return [one.name for one in fields if looks_personal(one)]


def undeclared() -> Iterator[str]:
    """``room.Model.field`` of everything that could name a person and is declared by nobody."""
    for model in apps.get_models(include_auto_created=True):
        declared = of_model(model)
        known = declared.fields if declared else set()
        if declared and "*" in declared.nobody:  # a table of the programs, without people
            continue
        for name in suspects(model):
            if name not in known:
                yield f"{model._meta.label}.{name}"


def faults() -> Iterator[str]:
    """Declarations that name what is not there: an activity, a table, a field."""
    for each in held():
        if each.activity not in _activities:
            yield f"{each.model}: no activity {each.activity}"
        try:
            known = {one.name for one in each.table._meta.get_fields()}
        except LookupError:
            yield f"{each.model}: no such table"
            continue
        told = {name for fields in each.own.values() for name in fields if fields is not ALL}
        for name in sorted((each.fields | told) - known - {"*", "pk"}):
            yield f"{each.model}: no field {name}"
