"""Scenarios of a firm: made, changed and evaluated. They lie over its newest score, never its data.

Every verb takes the version that the person was shown: who was quicker is never overwritten unseen,
and a form that is sent twice changes once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.models import Partner
from scoring import claims, known_customers, scenario_changes, scenario_outcomes
from scoring.models import Portfolio, Scenario, Tenant
from scoring.people import Certificate, same_people
from scoring.positions import Position
from scoring.presentation import figure
from scoring.scenario_changes import MOST_CHANGES, MOST_WON, Broken, Change, Names
from scoring.scenario_outcomes import Effect, Ground, Outcome
from support.pressing import AT_ONCE

if TYPE_CHECKING:
    from partners.models import User

MOST_OF_A_FIRM = 100
NAME_LENGTH, NOTE_LENGTH = 120, 500


class NotChangeable(Exception):
    """It cannot be done now; ``str(error)`` is a translated sentence for the user."""


# ---- Verbs ---------------------------------------------------------------------------------------


@transaction.atomic
def make(
    partner: Partner, name: str = "", *, by: "User", changes: Sequence[Change] = (), note: str = ""
) -> Scenario:
    """A new scenario; without a name it gets a number. Raises ``NotChangeable`` with too many.

    The same once more at once is one scenario, as long as nobody has changed it.
    """
    _check_size(changes)
    return _make(partner, name, [scenario_changes.dump(one) for one in changes], by=by, note=note)


def _make(partner: Partner, name: str, rows: list[Any], *, by: "User", note: str = "") -> Scenario:
    # The firm's row holds still how many there are.
    Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    number = Scenario.objects.filter(partner=partner).count()
    given, note = name.strip()[:NAME_LENGTH], note.strip()[:NOTE_LENGTH]
    lately = Scenario.objects.filter(
        partner=partner,
        name=given or _numbered(number),
        note=note,
        made_by=by,
        made_at__gt=timezone.now() - AT_ONCE,
        version=1,
    )
    for same in lately:
        if _without_ids(same.changes) == _without_ids(rows):
            return same
    if number >= MOST_OF_A_FIRM:
        raise NotChangeable(
            _("A firm can keep %(most)s scenarios. Please delete one that you no longer need.")
            % {"most": figure(MOST_OF_A_FIRM)}
        )
    return Scenario.objects.create(
        partner=partner,
        name=given or _numbered(number + 1),
        note=note,
        changes=rows,
        made_by=by,
    )


def _numbered(number: int) -> str:
    return _("Scenario %(number)s") % {"number": number}


def _without_ids(rows: Any) -> Any:
    """Changes made anew have new ids, and are the same."""
    if not isinstance(rows, list):
        return rows
    return [
        {key: value for key, value in row.items() if key != "id"} if isinstance(row, dict) else row
        for row in rows
    ]


@transaction.atomic
def copy(pk: UUID, *, by: "User") -> Scenario:
    """The same changes under another name, to go on from."""
    scenario = Scenario.objects.select_related("partner").filter(pk=pk).first()
    if scenario is None:
        raise NotChangeable(_("Somebody has deleted this scenario meanwhile."))
    name = _("%(name)s (copy)")
    short = scenario.name[: NAME_LENGTH - len(name % {"name": ""})]
    # As it is stored, so that what cannot be read any more is shown there as well.
    return _make(
        scenario.partner, name % {"name": short}, scenario.changes, by=by, note=scenario.note
    )


@transaction.atomic
def rename(pk: UUID, *, name: str, note: str, seen: int) -> Scenario:
    scenario = _locked(pk, seen)
    scenario.name, scenario.note = name, note
    return _store(scenario, "name", "note")


@transaction.atomic
def delete(pk: UUID, *, seen: int) -> None:
    _locked(pk, seen).delete()


@transaction.atomic
def add(pk: UUID, change: Change, *, seen: int) -> Scenario:
    """One more change, on top of the others."""
    scenario = _locked(pk, seen)
    _check_size([*scenario_changes.load_all(scenario.changes), change])
    scenario.changes = [*_rows(scenario), scenario_changes.dump(change)]
    return _store(scenario, "changes")


@transaction.atomic
def take_out(pk: UUID, change: str, *, seen: int) -> Scenario:
    """Without the change of this id; one that is gone already is no fault."""
    scenario = _locked(pk, seen)
    loaded = scenario_changes.load_all(scenario.changes)
    rows = _rows(scenario)
    scenario.changes = [row for row, own in zip(rows, loaded, strict=True) if own.id != change]
    return _store(scenario, "changes")


def _locked(pk: UUID, seen: int) -> Scenario:
    scenario = Scenario.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if scenario is None:
        raise NotChangeable(_("Somebody has deleted this scenario meanwhile."))
    if scenario.version != seen:
        raise NotChangeable(
            _("The scenario was changed meanwhile. Here is how it stands now: please check it.")
        )
    return scenario


def _store(scenario: Scenario, *fields: str) -> Scenario:
    scenario.version += 1
    scenario.changed_at = timezone.now()
    scenario.save(update_fields=[*fields, "version", "changed_at"])
    return scenario


def _rows(scenario: Scenario) -> list[object]:
    return scenario.changes if isinstance(scenario.changes, list) else [scenario.changes]


def _check_size(changes: Sequence[Change | Broken]) -> None:
    if len(changes) > MOST_CHANGES:
        raise NotChangeable(
            ngettext(
                "A scenario holds %(most)s change at most.",
                "A scenario holds %(most)s changes at most.",
                MOST_CHANGES,
            )
            % {"most": figure(MOST_CHANGES)}
        )
    if scenario_changes.customers_won(changes) > MOST_WON:
        raise NotChangeable(
            _("A scenario holds %(most)s new customers at most.") % {"most": figure(MOST_WON)}
        )


# ---- What it would make of the score -------------------------------------------------------------


@dataclass(frozen=True)
class Evaluated:
    """A scenario on the newest score of its firm."""

    scenario: Scenario
    changes: tuple[Change | Broken, ...]
    outcome: Outcome
    ground: Ground
    names: Names

    def effects(self) -> list[Effect]:
        """What each change does alone, in their order."""
        return scenario_outcomes.effects(self.ground, self.changes, self.outcome)


def evaluate(scenario: Scenario, position: Position) -> Evaluated:
    """Both tracks before and after. The number of queries does not grow with the firm's size."""
    return evaluate_all([scenario], position)[0]


def evaluate_all(scenarios: Sequence[Scenario], position: Position) -> list[Evaluated]:
    """Several at once, with the queries of one."""
    loaded = [scenario_changes.load_all(one.changes) for one in scenarios]
    ground, names = read(position, [change for changes in loaded for change in changes])
    return [
        Evaluated(scenario, changes, scenario_outcomes.outcome(ground, changes), ground, names)
        for scenario, changes in zip(scenarios, loaded, strict=True)
    ]


def read(position: Position, changes: Iterable[Change | Broken]) -> tuple[Ground, Names]:
    """What the changes need to know of the firm: their customers, and people if any is of people.

    Six queries at most, however large the firm is; three for customers and up to three for people.
    """
    changes = tuple(changes)
    wanted = scenario_changes.customers_of(changes)
    tenants: list[Tenant] = []
    if wanted:
        own = Tenant.objects.filter(portfolio=position.portfolio, tenant_id__in=wanted)
        tenants = list(own)
    holdings = known_customers.read(position, [tenant.pk for tenant in tenants])
    groups: dict[str, list[Certificate]] = {}
    if scenario_changes.is_about_people(changes):
        groups = people_of(position)
    by_key = {
        key: rows
        for person, rows in groups.items()
        for key in (person, *(row.person for row in rows))
    }
    ground = Ground(
        rule_set=position.rule_set,
        pair=position.pair,
        as_of=position.as_of,
        counts=position.counts,
        is_provable=position.is_provable,
        customers={tenant.tenant_id: holdings[tenant.pk] for tenant in tenants},
        people=by_key,
    )
    names = Names(
        position.rule_set,
        {tenant.tenant_id: tenant.name for tenant in tenants},
        {key: name_of(rows) for key, rows in by_key.items()},
    )
    return ground, names


def people_of(position: Position) -> dict[str, list[Certificate]]:
    """The firm's people with their certificates, as corrected, by the key of each."""
    return same_people(claims.certificates(Portfolio(pk=position.portfolio)))


def name_of(rows: Sequence[Certificate]) -> str:
    """The name that the newest certificate of a person has, else an address."""
    named = [row for row in rows if row.name]
    if named:
        return max(named, key=lambda row: row.completed_on).name
    return next((row.email for row in rows if row.email), "")
