"""The ladder of one point to settle, and whom each of its levels calls: by name, and by account.

People are called as the signed text names them for the role; where contacts were changed since, by
an amendment or by a note, as named last. Where a firm has named nobody, its people with the right
that comes closest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from cooperation import frozen, ladder
from cooperation.ladder import Ladder, Level
from cooperation.models import AgreementVersion, ContactNote, Dispute, DisputeGuest
from cooperation.working_days import Calendar, day_of
from partners.models import Membership, Partner

NEUTRAL, SPONSOR, LEAD = "neutral", "sponsor", "project_lead"  # roles a level may call
NEUTRAL_POINT = "neutral_third"  # whom the firms agreed to ask; other rule books may have no such


def calendar_of(dispute: Dispute) -> Calendar:
    """The working days of the firms involved, as on the day it was opened."""
    return Calendar.of(dispute.states)


def ladder_at(dispute: Dispute, at: datetime) -> Ladder:
    """Where it stands at ``at``: computed, whoever looked before. Reads ``dispute.failures``."""
    failures = {failure.level: failure.at for failure in dispute.failures.all()}
    return ladder.climb(
        ladder.steps(dispute.ladder),
        dispute.opened_at,
        failures,
        calendar_of(dispute),
        at,
        dispute.closed_at,
    )


@dataclass(frozen=True, slots=True)
class Called:
    """A person whom a level calls."""

    partner: Partner | None  # none: a neutral person
    name: str
    email: str = ""  # as the contacts have it; may be empty
    deputy: str = ""


class Callers:
    """Whom the levels of one point to settle call. Asks the database when first needed.

    ``dispute.parties`` should be there with their firms, ``dispute.version`` with its text.
    """

    def __init__(self, dispute: Dispute) -> None:
        self.dispute = dispute
        self.firms = [place.partner for place in dispute.parties.all()]

    def called(self, level: Level) -> list[Called]:
        """By name, in the order of the firms; a person who has two places once for each firm."""
        if level.step.who_role == NEUTRAL:
            return [Called(None, guest.user.name) for guest in self.guests]
        found: list[Called] = []
        for firm in self.firms:
            named = self._named(firm, level.step.who_role)
            found += named or [
                Called(firm, member.user.name, member.user.email)
                for member in self._closest(firm, level.step.who_role)
            ]
        return found

    def accounts(self, level: Level) -> list[Membership]:
        """Whom to tell: people of the firms with the named address, else those who may decide.

        For a level that calls a neutral person, whoever may invite one.
        """
        found: dict[Any, Membership] = {}
        for firm in self.firms:
            role = level.step.who_role
            addresses = {called.email.lower() for called in self._named(firm, role)} - {""}
            members = [m for m in self._members[firm.pk] if m.user.email in addresses]
            for member in members or self._closest(firm, role):
                found.setdefault(member.user_id, member)
        return list(found.values())

    @cached_property
    def guests(self) -> list[DisputeGuest]:
        """Neutral people who were admitted and not sent away again."""
        admitted = self.dispute.guests.filter(admitted_at__isnull=False, ended_at=None)
        return list(admitted.select_related("user"))

    def _named(self, firm: Partner, role: str) -> list[Called]:
        """Of all lists of contacts the first one that names somebody of the firm for the role."""
        for contacts in self._contacts[str(firm.pk)].values():
            rows = [row for row in contacts if row["role"] == role]
            if rows:
                return [Called(firm, row["person"], row["email"], row["deputy"]) for row in rows]
        return []

    def _closest(self, firm: Partner, role: str) -> list[Membership]:
        members = self._members[firm.pk]
        rights = {
            SPONSOR: ("may_sign", "is_partner_manager"),
            LEAD: ("is_project_lead", "is_partner_manager"),
        }.get(role, ("is_partner_manager", "may_sign"))
        for right in (*rights, "is_admin"):
            found = [member for member in members if getattr(member, right)]
            if found:
                return found
        return members

    @cached_property
    def _members(self) -> dict[Any, list[Membership]]:
        found: dict[Any, list[Membership]] = {firm.pk: [] for firm in self.firms}
        rows = Membership.objects.active().filter(partner__in=found)
        for member in rows.select_related("user", "partner").order_by("user__name", "pk"):
            found[member.partner_id].append(member)
        return found

    @cached_property
    def _contacts(self) -> dict[str, dict[str, list[Mapping[str, Any]]]]:
        """Contacts by firm and point, as they were named last."""
        versions = [self.dispute.version]
        state = AgreementVersion.State.IN_FORCE
        if self.dispute.version.state != state:
            versions += self.dispute.agreement.versions.filter(state=state)
        found: dict[str, dict[str, list[Mapping[str, Any]]]] = {
            str(firm.pk): {} for firm in self.firms
        }
        notes = ContactNote.objects.filter(version__in=versions, partner__in=self.firms)
        noted = list(notes.order_by("at", "pk"))
        for version in versions:
            for firm, point, contacts in _contacts(frozen.content(version.payload)):
                if firm in found:
                    found[firm][point] = contacts
            for note in noted:
                if note.version_id == version.pk:
                    found[str(note.partner_id)][note.point_key] = note.value["contacts"]
        return found


def _contacts(content: Mapping[str, Any]) -> Iterable[tuple[str, str, list[Mapping[str, Any]]]]:
    for point in ladder.points_of(content, "contacts"):
        for answer in point["answers"]:
            if answer["partner"] and answer["value"]:
                yield answer["partner"], point["key"], answer["value"]["contacts"]


def last_day(until: datetime) -> date:
    """The last day (Europe/Berlin) before an instant that is too late."""
    return day_of(until - ladder.INSTANT)


def firms_of(dispute: Dispute) -> Sequence[Partner]:
    """The firms involved, in the order of the signed text."""
    return [place.partner for place in dispute.parties.select_related("partner")]
