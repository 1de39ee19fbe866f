"""Whom the mails about a point to settle reach. They say where to look, never what it is about.

A neutral person's mails name no project: she is to know the one point and nothing else.
"""

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone

from cooperation import dispute_levels, notices
from cooperation.dispute_levels import NEUTRAL, Callers
from cooperation.ladder import Ladder, Level
from cooperation.models import Dispute, DisputeGuest
from cooperation.working_days import day_of
from partners.models import Membership, Partner, User


def opened(dispute: Dispute, *, by: User, partner: Partner) -> None:
    """The other firms hear that somebody opened it; in the own firm, whom level 1 calls."""
    firms = _firms(dispute)
    level = dispute_levels.ladder_at(dispute, dispute.opened_at).current
    called = [] if level is None else Callers(dispute).accounts(level)
    theirs = {m.user_id: m for m in called if m.partner_id != partner.pk}
    for member in _deciders(firms, but=partner):
        theirs.setdefault(member.user_id, member)
    tell = [member for member in theirs.values() if member.user_id != by.pk]
    _tell(dispute, "dispute_opened", tell, key=str(dispute.pk), firm=partner.name)
    own = [m for m in called if m.partner_id == partner.pk and m.user_id not in {by.pk, *theirs}]
    if level is not None and own:
        _tell_of_level(dispute, level, own)


def called(dispute: Dispute, stands: Ladder, *, by: User | None) -> None:
    """Whom the level calls that runs now; when all are through, who decides for the firms."""
    level, firms = stands.current, _firms(dispute)
    if level is None:
        _tell(dispute, "dispute_through", _deciders(firms, by=by), key=str(dispute.pk))
        return
    callers = Callers(dispute)
    accounts = [m for m in callers.accounts(level) if by is None or m.user_id != by.pk]
    _tell_of_level(dispute, level, accounts)
    if level.step.who_role == NEUTRAL:
        _tell_guests(dispute, "neutral_news", key=f"{dispute.pk}:level:{level.number}", by=by)


def written(dispute: Dispute, *, by: User, partner: Partner | None) -> None:
    """There is something new to read: once a day, whom the level calls, and the neutral person."""
    now = timezone.now()
    level = dispute_levels.ladder_at(dispute, now).current
    key = f"{dispute.pk}:{day_of(now)}"
    asked = Callers(dispute).accounts(level) if level else _deciders(_firms(dispute))
    own = None if partner is None else partner.pk
    others = [m for m in asked if m.partner_id != own and m.user_id != by.pk]
    _tell(dispute, "dispute_entry", others, key=key)
    _tell_guests(dispute, "neutral_news", key=key, by=by)


def proposed(dispute: Dispute, *, by: User) -> None:
    key = f"{dispute.pk}:{dispute.outcome_revision}"
    _tell(dispute, "dispute_outcome", _deciders(_firms(dispute), by=by), key=key)


def settled(dispute: Dispute, *, by: User) -> None:
    _closed(dispute, "dispute_settled", by=by)


def withdrawn(dispute: Dispute, *, by: User, partner: Partner) -> None:
    _closed(dispute, "dispute_withdrawn", by=by, firm=partner.name)


def _closed(dispute: Dispute, kind: str, *, by: User, **facts: str) -> None:
    """Everybody who was called up to now, and who decides for the firms."""
    told = {member.user_id: member for member in _deciders(_firms(dispute), by=by)}
    level = dispute_levels.ladder_at(dispute, timezone.now()).current
    if level is not None:
        for member in Callers(dispute).accounts(level):
            if member.user_id != by.pk:
                told.setdefault(member.user_id, member)
    _tell(dispute, kind, told.values(), key=str(dispute.pk), **facts)
    _tell_guests(dispute, "neutral_news", key=f"{dispute.pk}:closed", by=by)


# ---- Neutral people ----------------------------------------------------------------------------


def guest_invited(guest: DisputeGuest, *, by: User, partner: Partner) -> None:
    """The other firms have to agree to the person; the person hears nothing yet."""
    people = _deciders(_firms(guest.dispute), but=partner, by=by)
    facts = {"firm": partner.name, "invited": guest.user.name}
    _tell(guest.dispute, "dispute_guest", people, key=str(guest.pk), **facts)


def guest_admitted(guest: DisputeGuest) -> None:
    """Every firm has agreed: now the person gets the mail, with a link to choose a password."""
    _tell_guest(
        guest,
        "neutral_admitted",
        str(guest.pk),
        person=guest.invited_by.name,
        firm=guest.invited_by_partner.name,
        until_on=_last_day(guest),
    )


def guest_extended(guest: DisputeGuest) -> None:
    day = _last_day(guest)
    _tell_guest(guest, "neutral_extended", f"{guest.pk}:{day}", until_on=day)


def guest_ended(guest: DisputeGuest) -> None:
    _tell_guest(guest, "neutral_ended", str(guest.pk), path=reverse("home"))


def _last_day(guest: DisputeGuest) -> str:
    return str(dispute_levels.last_day(guest.until))


# ---- Telling -----------------------------------------------------------------------------------


def _firms(dispute: Dispute) -> list[Partner]:
    return list(dispute_levels.firms_of(dispute))


def _deciders(
    firms: Iterable[Partner], *, but: Partner | None = None, by: User | None = None
) -> list[Membership]:
    asked = [firm for firm in firms if firm != but]
    return notices.people(asked, signers=True, without=by)


def _path(dispute: Dispute) -> str:
    return reverse("cooperation:dispute", args=[dispute.pk])


def _tell(
    dispute: Dispute, kind: str, to: Iterable[Membership], *, key: str, **facts: str | int
) -> None:
    notices.tell(dispute.agreement, kind, to, key=key, path=_path(dispute), **facts)


def _tell_of_level(dispute: Dispute, level: Level, to: Iterable[Membership]) -> None:
    facts: dict[str, str | int] = {
        "level": level.number,
        "began_on": str(day_of(level.starts_at)),
        "until_on": str(level.last_day or ""),
    }
    _tell(dispute, "dispute_level", to, key=f"{dispute.pk}:{level.number}", **facts)


def _tell_guests(dispute: Dispute, kind: str, *, key: str, by: User | None) -> None:
    for guest in dispute.guests.active(timezone.now()).select_related("user"):
        if by is None or guest.user_id != by.pk:
            _tell_guest(guest, kind, key, dispute=dispute)


def _tell_guest(
    guest: DisputeGuest,
    kind: str,
    key: str,
    *,
    dispute: Dispute | None = None,
    path: str = "",
    **facts: str,
) -> None:
    path = path or _path(dispute or guest.dispute)
    notices.tell(None, kind, [guest.user], key=key, path=path, **facts)
