"""The way out: notice, an end that all agree on, going on after all, giving up, the closing list.

All of it binds firms, so who may sign declares it. The last day itself needs nobody: it is computed
(``standing``) and written down by whoever comes first (``last_days``).
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cooperation import last_days, notices, standing, terms
from cooperation.agreements import (
    NotPossible,
    effective_version,
    lock,
    record,
    require_party,
)
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    ClosingItem,
    Ending,
    EndingConsent,
    Participation,
)
from cooperation.standing import Standing
from cooperation.terms import Terms
from cooperation.working_days import Calendar
from partners.models import Membership, Partner, User

Kind = AgreementEvent.Kind
To = EndingConsent.To
stands = standing.stands

LATEST = 10 * 365  # days ahead: a later day is a slip of the keyboard


class BadDay(NotPossible):
    """The last day does not fit; the sentence belongs to its field."""


# ---- Before the steps --------------------------------------------------------------------------


def clean_reason(reason: str) -> str:
    """Raises ``InvalidAnswer`` (field ``reason``)."""
    problems = Problems()
    cleaned = clean_text(reason, "reason", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    return cleaned


def require_signer(partner: Partner, by: User) -> None:
    """An end binds the firm as a signature does, never an operator's word for it."""
    right = Membership.objects.active().filter(user=by, partner=partner, may_sign=True)
    if by.is_staff or not right.exists():
        raise NotPossible(
            _("You are not (or no longer) entitled to sign for this firm. Its admin can help.")
        )


def _running(agreement: Agreement, partner: Partner) -> Standing:
    """Where the locked agreement stands; it has to run, and ``partner`` to be bound by it."""
    require_party(agreement, partner)
    found = standing.stands(agreement, standing.today())
    if agreement.status == Agreement.Status.ENDED:
        raise NotPossible(_("This agreement has ended already."))
    if not found.runs:
        raise NotPossible(_("This agreement is not in force, so there is nothing to end."))
    if partner not in standing.firms(found):
        raise NotPossible(_("Your firm is not a party of the version in force."))
    return found


def text_of(found: Standing, day: date) -> Terms:
    """The terms that hold on ``day``: a version signed for a later one says nothing yet."""
    version = found.version
    if version is None:
        return Terms()
    if standing.first_day(version) > day:
        version = effective_version(found.agreement, day) or version
    elif found.text is not None:
        return found.text
    return standing.terms_of(version.pk)


def calendar(firms: Collection[Partner]) -> Calendar:
    return Calendar.of(firm.federal_state for firm in firms)


def said_day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def said_period(text: Terms) -> str:
    """The period of notice in words, in the language of the request."""
    if text.notice is None:
        return ""
    language = get_language() or "de"
    length = text.notice.said(language)
    if text.notice.to_month_end:
        return _("%(length)s to the end of a month") % {"length": length}
    return length


# ---- Notice ------------------------------------------------------------------------------------


@transaction.atomic
def give_notice(
    agreement_id: UUID, *, by: User, partner: Partner, ends_on: date, reason: str = ""
) -> Ending:
    """End the agreement for one's own firm; with two firms that ends it.

    ``ends_on`` must keep the agreed period from now on, and must not lie behind an end that stands
    already. A proposal that is still open goes; so does what was prepared for the end of the term,
    except what has been done on the closing list. Raises ``BadDay``, ``NotPossible``,
    ``InvalidAnswer`` (field ``reason``).
    """
    reason = clean_reason(reason)
    agreement = lock(agreement_id)
    require_signer(partner, by)
    found = _running(agreement, partner)
    firms = standing.firms(found)
    if len(firms) > 2:
        raise NotPossible(
            _(
                "With three or more firms, one firm alone does not end the agreement for the "
                "others. It can leave, or all can end it together."
            )
        )
    if found.ending is not None and found.way != Ending.Way.TERM:
        raise _announced_already(found)
    require_notice_day(found, ends_on, firms)
    ending = _announce(
        found,
        Ending(way=Ending.Way.NOTICE, ends_on=ends_on, reason=reason),
        by=by,
        partner=partner,
    )
    if found.proposed is not None:
        last_days.withdraw(found.proposed)
    _tell_announced(ending, firms, by)
    return ending


def _announced_already(found: Standing) -> NotPossible:
    if found.last_day is None:
        raise ValueError("announced without a day")
    sentence = _("The end of this agreement is announced already. Its last day is %(day)s.")
    return NotPossible(sentence % {"day": said_day(found.last_day)})


def require_notice_day(found: Standing, day: date, firms: Collection[Partner]) -> None:
    """Raises ``BadDay`` with the day that would do."""
    text = text_of(found, found.today)
    earliest = terms.earliest_last_day(text, timezone.now(), calendar(firms))
    if earliest is None:
        raise NotPossible(_("No period of notice was agreed. You can end the agreement together."))
    if day < earliest:
        sentence = _("The agreed period is %(period)s. The earliest last day is %(day)s.")
        raise BadDay(sentence % {"period": said_period(text), "day": said_day(earliest)})
    if not terms.fits(text, day):
        sentence = _("Notice was agreed to the end of a month. The next such day is %(day)s.")
        raise BadDay(sentence % {"day": said_day(terms.month_end(day))})
    _require_before_the_term(found, day)


def _require_before_the_term(found: Standing, day: date) -> None:
    if found.term_ends_on is not None and day > found.term_ends_on:
        sentence = _("The agreement ends on %(day)s anyway, as its text says.")
        raise BadDay(sentence % {"day": said_day(found.term_ends_on)})
    if day > found.today + timedelta(days=LATEST):
        raise BadDay(_("Please choose a day within the next ten years."))


def _announce(found: Standing, ending: Ending, *, by: User | None, partner: Partner) -> Ending:
    """Let ``ending`` (new, or a proposal) count from now on, in place of what was announced."""
    before = found.announced
    if before is not None:
        last_days.withdraw(before)
    if ending._state.adding:
        ending.agreement, ending.given_by, ending.given_by_partner = found.agreement, by, partner
    ending.state = Ending.State.ANNOUNCED
    ending.save()
    if before is not None:
        before.items.update(ending=ending)
    said: dict[str, Any] = {
        "way": ending.way,
        "ends_on": ending.ends_on.isoformat(),
        "reason": ending.reason,
    }
    record(found.agreement, Kind.ENDING, by=by, partner=partner, **said)
    return ending


def _page(agreement: Agreement) -> str:
    return reverse("cooperation:ending", args=[agreement.pk])


def _tell_announced(ending: Ending, firms: Collection[Partner], by: User | None) -> None:
    firm = ending.given_by_partner
    notices.tell(
        ending.agreement,
        "notice_given" if ending.way == Ending.Way.NOTICE else "end_agreed",
        notices.people(firms, signers=True, leads=True, without=by),
        key=str(ending.pk),
        path=_page(ending.agreement),
        firm=firm.name if firm else "",
        until_on=ending.ends_on.isoformat(),
    )


# ---- Together ----------------------------------------------------------------------------------


@transaction.atomic
def propose_end(
    agreement_id: UUID, *, by: User, partner: Partner, ends_on: date, reason: str = ""
) -> Ending:
    """Propose a last day; it counts once every firm has consented. The own consent is in it.

    Also beside an end that is announced already, to move it. Raises as ``give_notice`` does.
    """
    reason = clean_reason(reason)
    agreement = lock(agreement_id)
    require_signer(partner, by)
    found = _running(agreement, partner)
    if found.proposed is not None and not _has_lapsed(found, found.proposed):
        raise NotPossible(
            _("An end is proposed already. Please answer that proposal first, or take it back.")
        )
    if ends_on < found.today:
        raise BadDay(_("This day is over. Please choose today or a later day."))
    if found.way != Ending.Way.TERM and ends_on == found.last_day:
        raise BadDay(_("The agreement ends on this day already."))
    _require_before_the_term(found, ends_on)
    if found.proposed is not None:
        last_days.withdraw(found.proposed)
    ending = Ending.objects.create(
        agreement=agreement,
        way=Ending.Way.MUTUAL,
        state=Ending.State.PROPOSED,
        ends_on=ends_on,
        reason=reason,
        given_by=by,
        given_by_partner=partner,
    )
    said: dict[str, Any] = {
        "way": ending.way,
        "ends_on": ends_on.isoformat(),
        "reason": reason,
        "proposed": True,
    }
    record(agreement, Kind.ENDING, by=by, partner=partner, **said)
    EndingConsent.objects.create(ending=ending, partner=partner, by=by)
    firms = standing.firms(found)
    if not _complete(found, ending, firms, by=by, partner=partner):
        notices.tell(
            agreement,
            "ending_proposed",
            notices.people([firm for firm in firms if firm != partner], signers=True, without=by),
            key=str(ending.pk),
            path=_page(agreement),
            firm=partner.name,
            until_on=ends_on.isoformat(),
        )
    return ending


def _has_lapsed(found: Standing, ending: Ending) -> bool:
    """Its day went by before every firm had consented."""
    return ending.ends_on < found.today


def _lock_ending(ending_id: UUID, partner: Partner) -> tuple[Standing, Ending]:
    agreement_id = Ending.objects.values_list("agreement", flat=True).get(pk=ending_id)
    agreement = lock(agreement_id)
    found = _running(agreement, partner)
    return found, Ending.objects.select_related("given_by_partner").get(pk=ending_id)


def _require_proposed(ending: Ending) -> None:
    if ending.state != Ending.State.PROPOSED:
        raise NotPossible(_("This proposal is not (or no longer) open."))


@transaction.atomic
def consent(ending_id: UUID, *, by: User, partner: Partner) -> Ending:
    """Agree to a proposed end; with the last firm's consent it is announced."""
    require_signer(partner, by)
    found, ending = _lock_ending(ending_id, partner)
    _require_proposed(ending)
    if _has_lapsed(found, ending):
        raise NotPossible(_("The proposed day is over. Please propose another one."))
    _require_before_the_term(found, ending.ends_on)
    _new, created = EndingConsent.objects.get_or_create(
        ending=ending, to=To.END, partner=partner, defaults={"by": by}
    )
    if not created:
        return ending
    said: dict[str, Any] = {
        "way": ending.way,
        "ends_on": ending.ends_on.isoformat(),
        "consented": True,
    }
    record(found.agreement, Kind.ENDING, by=by, partner=partner, **said)
    _complete(found, ending, standing.firms(found), by=by, partner=partner)
    return ending


def consents(ending: Ending, to: EndingConsent.To = To.END) -> set[UUID]:
    """The firms (ids) that agreed."""
    return set(ending.consents.filter(to=to).values_list("partner", flat=True))


def _complete(
    found: Standing, ending: Ending, firms: Collection[Partner], *, by: User, partner: Partner
) -> bool:
    """Announce the proposed end if no firm's consent is missing."""
    if not {firm.pk for firm in firms} <= consents(ending):
        return False
    _announce(found, ending, by=by, partner=partner)
    _tell_announced(ending, firms, by)
    return True


@transaction.atomic
def withdraw_proposal(ending_id: UUID, *, by: User, partner: Partner, reason: str = "") -> Ending:
    """Take the own proposal back, or say no to another firm's. Raises ``InvalidAnswer``."""
    reason = clean_reason(reason)
    found, ending = _lock_ending(ending_id, partner)
    _require_proposed(ending)
    last_days.withdraw(ending)
    said: dict[str, Any] = {
        "way": ending.way,
        "ends_on": ending.ends_on.isoformat(),
        "reason": reason,
    }
    record(found.agreement, Kind.ENDING_WITHDRAWN, by=by, partner=partner, proposed=True, **said)
    notices.drop(found.agreement, "ending_proposed", key=str(ending.pk))
    return ending


# ---- Going on after all ------------------------------------------------------------------------


@transaction.atomic
def go_on(ending_id: UUID, *, by: User, partner: Partner) -> Ending:
    """Agree to go on although an end is announced; with every firm's word it is taken back.

    A notice is not taken back by one firm alone: the others may have made their plans already.
    """
    require_signer(partner, by)
    found, ending = _lock_ending(ending_id, partner)
    _require_announced(found, ending)
    _new, created = EndingConsent.objects.get_or_create(
        ending=ending, to=To.GO_ON, partner=partner, defaults={"by": by}
    )
    if not created:
        return ending
    firms = standing.firms(found)
    said: dict[str, Any] = {"way": ending.way, "ends_on": ending.ends_on.isoformat()}
    if not {firm.pk for firm in firms} <= consents(ending, To.GO_ON):
        record(found.agreement, Kind.ENDING_WITHDRAWN, by=by, partner=partner, asked=True, **said)
        return ending
    last_days.withdraw(ending)
    record(found.agreement, Kind.ENDING_WITHDRAWN, by=by, partner=partner, **said)
    for kind in ("notice_given", "end_agreed"):
        notices.drop(found.agreement, kind, key=str(ending.pk))
    notices.tell(
        found.agreement,
        "going_on",
        notices.people(firms, signers=True, leads=True, without=by),
        key=str(ending.pk),
        path=_page(found.agreement),
    )
    return ending


def _require_announced(found: Standing, ending: Ending) -> None:
    if ending.way == Ending.Way.TERM:
        raise NotPossible(_("This end is in the text itself. To move it, please amend the text."))
    if ending.state != Ending.State.ANNOUNCED:
        raise NotPossible(_("This end is not (or no longer) announced."))


@transaction.atomic
def rather_end(ending_id: UUID, *, by: User, partner: Partner) -> Ending:
    """Take the own word for going on back, while a firm's is still missing."""
    require_signer(partner, by)
    found, ending = _lock_ending(ending_id, partner)
    _require_announced(found, ending)
    ending.consents.filter(to=To.GO_ON, partner=partner).delete()
    return ending


# ---- Giving up what was never signed ------------------------------------------------------------


def may_abandon(firms: Collection[Partner], partner: Partner) -> bool:
    """One of two firms, and of more the one that began: the others can leave.

    ``firms``: that take part, in their order.
    """
    there = list(firms)
    return partner in there and (len(there) <= 2 or there[0] == partner)


@transaction.atomic
def abandon(agreement_id: UUID, *, by: User, partner: Partner, reason: str = "") -> Agreement:
    """Do not pursue an agreement that was never signed by all. It stays readable.

    An open signing round is taken back and invitations with it. Raises ``InvalidAnswer``.
    """
    reason = clean_reason(reason)
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    if agreement.is_closed:
        raise NotPossible(_("This project is closed already."))
    if agreement.in_force_at is not None:
        raise NotPossible(_("This agreement has been in force. It can be ended, not given up."))
    places = Participation.objects.filter(project=agreement.project_id).select_related("partner")
    firms = [place.partner for place in places.accepted()]
    if not may_abandon(firms, partner):
        raise NotPossible(
            _("With three or more firms, the others may want to go on. Your firm can leave.")
        )
    now = timezone.now()
    for version in agreement.versions.filter(state=AgreementVersion.State.SIGNING).defer("payload"):
        version.state, version.reason = AgreementVersion.State.WITHDRAWN, reason
        version.closed_at, version.closed_by, version.closed_by_partner = now, by, partner
        version.save(
            update_fields=["state", "reason", "closed_at", "closed_by", "closed_by_partner"]
        )
        record(agreement, Kind.WITHDRAWN, by=by, partner=partner, version=version.number)
    invited = list(places.invited())
    for place in invited:
        place.state, place.responded_by = Participation.State.WITHDRAWN, by
        place.responded_at = now
        place.save(update_fields=["state", "responded_by", "responded_at"])
        invitee = str(place.partner_id)
        record(agreement, Kind.INVITATION_WITHDRAWN, by=by, partner=partner, invited=invitee)
    agreement.status = Agreement.Status.ABANDONED
    agreement.save(update_fields=["status"])
    record(agreement, Kind.ABANDONED, by=by, partner=partner, reason=reason)
    _tell_abandoned(agreement, firms, [place.partner for place in invited], by, partner)
    return agreement


def _tell_abandoned(
    agreement: Agreement,
    firms: Collection[Partner],
    invited: Collection[Partner],
    by: User,
    partner: Partner,
) -> None:
    project = reverse("cooperation:project_detail", args=[agreement.project_id])
    for told, path in ((firms, project), (invited, reverse("cooperation:project_list"))):
        notices.tell(
            agreement,
            "abandoned",
            notices.people(told, signers=True, leads=True, without=by),
            key="",
            path=path,
            firm=partner.name,
        )


# ---- The closing list --------------------------------------------------------------------------


def _closing(agreement: Agreement, partner: Partner) -> Ending:
    """The end whose closing list is open, locked with its agreement."""
    require_party(agreement, partner)
    found = standing.stands(agreement, standing.today())
    if not found.is_ending:
        raise NotPossible(_("The closing list opens when the end is announced."))
    if partner not in standing.firms(found):
        raise NotPossible(_("Your firm is not a party of the version in force."))
    return last_days.ending_of(found)


def _item(key: str) -> ClosingItem.Key:
    try:
        return ClosingItem.Key(key)
    except ValueError as error:
        raise NotPossible(_("The closing list has no such item.")) from error


@transaction.atomic
def confirm_item(
    agreement_id: UUID, key: str, *, by: User, partner: Partner, note: str = ""
) -> ClosingItem:
    """Say for the own firm that an item is done. Again, it is what was said first.

    Raises ``InvalidAnswer`` (field ``note``).
    """
    item, problems = _item(key), Problems()
    note = clean_text(note, "note", problems, limit=NOTE_LIMIT, lines=True)
    problems.raise_if_any()
    agreement = lock(agreement_id)
    ending = _closing(agreement, partner)
    row, created = ending.items.get_or_create(
        partner=partner, key=item, defaults={"by": by, "note": note}
    )
    if created:
        record(agreement, Kind.CLOSING, by=by, partner=partner, item=item.value, comment=note)
    return row


@transaction.atomic
def reopen_item(agreement_id: UUID, key: str, *, by: User, partner: Partner) -> None:
    """Take the own firm's word back; the log keeps both."""
    item = _item(key)
    agreement = lock(agreement_id)
    ending = _closing(agreement, partner)
    deleted, _each = ending.items.filter(partner=partner, key=item).delete()
    if deleted:
        record(agreement, Kind.CLOSING, by=by, partner=partner, item=item.value, reopened=True)


# ---- Put away ----------------------------------------------------------------------------------


@transaction.atomic
def archive(agreement_id: UUID, *, partner: Partner) -> None:
    """Put a project that is over away, for the own firm alone: no other firm learns of it."""
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    if not agreement.is_closed:
        raise NotPossible(_("Only a project that has ended can be put away."))
    _place(agreement, partner).update(archived_at=timezone.now())


@transaction.atomic
def fetch_back(agreement_id: UUID, *, partner: Partner) -> None:
    """Show a project that was put away among the others again."""
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    _place(agreement, partner).update(archived_at=None)


def _place(agreement: Agreement, partner: Partner) -> QuerySet[Participation]:
    return Participation.objects.filter(project=agreement.project_id, partner=partner)
