"""Points to settle on "What waits for me": for the firms involved, and for a neutral person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import dispute_levels, dispute_pages, dispute_words, perms
from cooperation.models import Dispute, DisputeEntry, DisputeGuest, DisputeParty
from partners.models import Membership, User
from partners.waiting import Waiting

KIND = "dispute"


def for_firms(user: User, memberships: Mapping[UUID, Membership]) -> list[Waiting]:
    """One line per open point; one more per neutral person who waits for the firm's word."""
    now = timezone.now()
    places = DisputeParty.objects.filter(partner__in=memberships)
    own = Dispute.objects.filter(state=Dispute.State.OPEN, pk__in=places.values("dispute"))
    guests = DisputeGuest.objects.filter(admitted_at=None, ended_at=None, until__gt=now)
    asked = guests.select_related("user", "invited_by_partner").prefetch_related("consents")
    rows = list(
        dispute_pages.for_lists(own)
        .select_related("agreement__project")
        .prefetch_related(Prefetch("guests", queryset=asked))
    )
    if not rows:
        return []
    heard = _last_words(rows)
    lines: list[Waiting] = []
    for dispute in rows:
        place = next(each for each in dispute.parties.all() if each.partner_id in memberships)
        desk = _Desk(dispute, memberships[place.partner_id], heard, now)
        lines += [desk.consent(guest) for guest in dispute.guests.all() if desk.is_asked(guest)]
        lines.append(desk.outcome() if dispute.outcome else desk.level())
    return lines


def for_guest(user: User) -> list[Waiting]:
    """The points a neutral person helps to settle; no word of project or customer."""
    invited = DisputeGuest.objects.active(timezone.now()).filter(user=user)
    return [
        Waiting(
            title=guest.dispute.subject,
            detail=_("You help here as a neutral person, until %(day)s.")
            % {"day": dispute_words.day(dispute_levels.last_day(guest.until))},
            url=reverse("cooperation:dispute", args=[guest.dispute_id]),
            action=_("Read and answer") if guest.dispute.is_open else _("See the outcome"),
            kind=KIND,
            since=guest.admitted_at,
            mine=guest.dispute.is_open,
        )
        for guest in invited.select_related("dispute")
    ]


def _last_words(rows: Iterable[Dispute]) -> dict[tuple[UUID, UUID | None], datetime]:
    """When each firm was last heard at each point: opening it counts."""
    disputes = list(rows)
    entries = DisputeEntry.objects.filter(dispute__in=disputes).order_by()
    spoken = entries.values_list("dispute", "partner").annotate(Max("at"))
    found: dict[tuple[UUID, UUID | None], datetime] = {
        (dispute.pk, dispute.opened_by_partner_id): dispute.opened_at for dispute in disputes
    }
    return found | {(dispute, partner): at for dispute, partner, at in spoken}


@dataclass(frozen=True)
class _Desk:
    """An open point in front of a person of a firm involved."""

    dispute: Dispute
    membership: Membership
    heard: Mapping[tuple[UUID, UUID | None], datetime]
    now: datetime

    def is_asked(self, guest: DisputeGuest) -> bool:
        agreed = {consent.partner_id for consent in guest.consents.all()}
        may = perms.can_decide_dispute(self.membership, self.dispute)
        return may and self.membership.partner_id not in agreed

    def consent(self, guest: DisputeGuest) -> Waiting:
        said = _("%(firm)s proposes %(name)s as a neutral person for “%(subject)s”.")
        said %= {
            "firm": guest.invited_by_partner.name,
            "name": guest.user.name,
            "subject": self.dispute.subject,
        }
        return self._line(said, _("Answer"), guest.invited_at, mine=True, anchor="#neutral")

    def outcome(self) -> Waiting:
        """A proposal stands there: it waits for the firms that have not confirmed it."""
        revision = self.dispute.outcome_revision
        missing = [p for p in self.dispute.parties.all() if p.agreed_revision != revision]
        if self._is_among([place.partner_id for place in missing]):
            said = _("An outcome for “%(subject)s” waits for your firm's confirmation.")
            mine = perms.can_decide_dispute(self.membership, self.dispute)
        else:
            said, mine = _("The outcome of “%(subject)s” waits for %(firms)s."), False
        firms = ", ".join(place.partner.name for place in missing)
        said %= {"subject": self.dispute.subject, "firms": firms}
        action = _("Read and confirm") if mine else _("See the point")
        return self._line(said, action, self.dispute.outcome_at, mine=mine, anchor="#outcome")

    def level(self) -> Waiting:
        """Nothing is proposed: it waits for the firms not heard since the level began."""
        ladder = dispute_levels.ladder_at(self.dispute, self.now)
        standing = dispute_words.standing(self.dispute, ladder, self.now)
        begun = self.dispute.opened_at
        if ladder.current is not None:
            begun = ladder.current.starts_at
        elif ladder.through_at is not None:
            begun = ladder.through_at
        silent = [p for p in self.dispute.parties.all() if self._last(p.partner_id) < begun]
        facts = {
            "subject": self.dispute.subject,
            "standing": ", ".join(filter(None, (standing.headline, standing.left))),
            "firms": ", ".join(place.partner.name for place in silent),
        }
        mine = False
        if self._is_among([place.partner_id for place in silent]):
            mine = perms.can_write_in_dispute(self.membership, self.dispute)
            said = _("“%(subject)s” – %(standing)s. Your firm has not been heard yet.")
        elif silent:
            said = _("“%(subject)s” – %(standing)s. Waits for %(firms)s.")
        else:
            said = _("“%(subject)s” – %(standing)s.")
        action = _("Read and answer") if mine else _("See the point")
        return self._line(said % facts, action, begun, mine=mine)

    def _last(self, partner_id: UUID) -> datetime:
        never = self.dispute.opened_at.min.replace(tzinfo=self.dispute.opened_at.tzinfo)
        return self.heard.get((self.dispute.pk, partner_id), never)

    def _is_among(self, firms: Iterable[UUID]) -> bool:
        return self.membership.partner_id in set(firms)

    def _line(
        self, said: str, action: str, since: datetime | None, *, mine: bool, anchor: str = ""
    ) -> Waiting:
        return Waiting(
            title=self.dispute.agreement.project.name,
            project_id=self.dispute.agreement.project_id,
            detail=said,
            url=reverse("cooperation:dispute", args=[self.dispute.pk]) + anchor,
            action=action,
            kind=KIND,
            since=since,
            mine=mine,
        )
