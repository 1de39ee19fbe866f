"""Looking back, rule by rule: each firm for itself, open to all only when every firm has handed in.

Until then nothing of a firm's words leaves it: not into the log, nor mails, nor counts, nor times.
That a firm has handed in is all the others learn, without a date.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import notices, rule_books, standing, terms
from cooperation.agreements import NotPossible, lock, record, require_party
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import (
    Agreement,
    AgreementEvent,
    RetrospectiveAnswer,
    RetrospectivePart,
)
from cooperation.standing import Standing
from partners.models import Partner, User

RATINGS = (1, 2, 3, 4, 5)


class Stale(NotPossible):
    """A colleague has written since the form was made; ``theirs`` is what stands there now."""

    def __init__(self, theirs: RetrospectiveAnswer) -> None:
        self.theirs = theirs
        sentence = _(
            "%(name)s has changed this rule in the meantime. Please compare both before you save."
        )
        super().__init__(sentence % {"name": theirs.updated_by.name})


class Incomplete(NotPossible):
    """``rules``: numbers of the rules that have to be answered before it can be handed in."""

    def __init__(self, rules: list[int]) -> None:
        self.rules = rules
        sentence = ngettext(
            "Please answer rule %(numbers)s first.",
            "Please answer the rules %(numbers)s first.",
            len(rules),
        )
        super().__init__(sentence % {"numbers": ", ".join(map(str, rules))})


# ---- Reading -----------------------------------------------------------------------------------


def parts(agreement: Agreement, reader: Partner | None) -> dict[UUID, RetrospectivePart]:
    """What ``reader`` may read, by firm: its own part, all others only once they are open."""
    rows = RetrospectivePart.objects.readable_for(reader).filter(agreement=agreement)
    found = rows.select_related("partner").prefetch_related("answers__updated_by")
    return {part.partner_id: part for part in found}


def handed_in(agreement: Agreement) -> set[UUID]:
    """The firms (ids) that have: all that the others may know before the end."""
    rows = RetrospectivePart.objects.filter(agreement=agreement, handed_in_at__isnull=False)
    return set(rows.values_list("partner", flat=True))


def is_revealed(agreement: Agreement) -> bool:
    rows = RetrospectivePart.objects.filter(agreement=agreement, revealed_at__isnull=False)
    return rows.exists()


def token(answer: RetrospectiveAnswer | None) -> str:
    """What a form carries, so that a colleague's newer words are not overwritten unseen."""
    return "" if answer is None else answer.updated_at.isoformat()


# ---- Writing -----------------------------------------------------------------------------------


def _open(agreement_id: UUID, partner: Partner) -> tuple[Agreement, Standing]:
    """The locked agreement; its end has to be near or past, and its look back not open yet."""
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    found = standing.stands(agreement, standing.today())
    if not found.is_ending:
        raise NotPossible(_("You can look back once the end is announced."))
    if partner not in standing.firms(found):
        raise NotPossible(_("Your firm is not a party of the version in force."))
    if is_revealed(agreement):
        raise NotPossible(_("The look back is open to all firms and no longer changes."))
    return agreement, found


def _own(agreement: Agreement, partner: Partner) -> RetrospectivePart:
    """The firm's part, which has to be in its own hands still."""
    part, _new = RetrospectivePart.objects.get_or_create(agreement=agreement, partner=partner)
    if part.handed_in_at is not None:
        raise NotPossible(
            _("Your firm has handed in its look back. Take it back first if you want to change it.")
        )
    return part


@transaction.atomic
def save(
    agreement_id: UUID,
    rule_key: str,
    *,
    by: User,
    partner: Partner,
    rating: int | None,
    good: str = "",
    better: str = "",
    seen: str = "",
) -> RetrospectiveAnswer:
    """Write what the firm says about one rule; ``rating`` None: no judgement.

    ``seen``: ``token`` of what the form was made from. Raises ``Stale``, ``NotPossible``,
    ``InvalidAnswer`` (fields ``rating``, ``good``, ``better``).
    """
    problems = Problems()
    good = clean_text(good, "good", problems, limit=NOTE_LIMIT, lines=True)
    better = clean_text(better, "better", problems, limit=NOTE_LIMIT, lines=True)
    if rating is not None and rating not in RATINGS:
        problems.add("rating", _("Please choose one of the answers."))
    problems.raise_if_any()
    agreement, _found = _open(agreement_id, partner)
    if rule_key not in rule_books.by_id(agreement.rule_book_id).rules_by_key:
        raise NotPossible(_("This agreement has no such rule."))
    part = _own(agreement, partner)
    there = part.answers.select_related("updated_by").filter(rule_key=rule_key).first()
    if there is not None and (there.rating, there.good, there.better) == (rating, good, better):
        return there
    if there is not None and token(there) != seen and there.updated_by_id != by.pk:
        raise Stale(there)
    answer = there or RetrospectiveAnswer(part=part, rule_key=rule_key)
    answer.rating, answer.good, answer.better = rating, good, better
    answer.updated_by, answer.updated_at = by, timezone.now()
    answer.save()
    return answer


@transaction.atomic
def hand_in(agreement_id: UUID, *, again: bool, by: User, partner: Partner) -> RetrospectivePart:
    """Give the firm's look back out of hand; with the last firm's, all are open to all.

    ``again``: whether the firm would do it again.

    Every rule needs an answer, also if it is that the firm does not judge it: nobody reads the
    others' words for an empty sheet. Raises ``Incomplete``, ``NotPossible``.
    """
    agreement, found = _open(agreement_id, partner)
    part = _own(agreement, partner)
    answered = set(part.answers.values_list("rule_key", flat=True))
    rules = rule_books.by_id(agreement.rule_book_id).rules
    missing = [rule.number for rule in rules if rule.key not in answered]
    if missing:
        raise Incomplete(missing)
    part.again, part.handed_in_at, part.handed_in_by = again, timezone.now(), by
    part.save(update_fields=["again", "handed_in_at", "handed_in_by"])
    firms = standing.firms(found)
    if {firm.pk for firm in firms} <= handed_in(agreement):
        _reveal(agreement, firms, by=None, partner=None, now=timezone.now())
        part.refresh_from_db(fields=["revealed_at"])
    return part


@transaction.atomic
def take_back(agreement_id: UUID, *, by: User, partner: Partner) -> RetrospectivePart:
    """Take the firm's look back into its own hands again, to change it."""
    agreement, _found = _open(agreement_id, partner)
    parts = RetrospectivePart.objects.filter(agreement=agreement, partner=partner)
    part = parts.exclude(handed_in_at=None).first()
    if part is None:
        raise NotPossible(_("Your firm has not handed in its look back."))
    part.handed_in_at = part.handed_in_by = None
    part.save(update_fields=["handed_in_at", "handed_in_by"])
    return part


@transaction.atomic
def close(agreement_id: UUID, *, by: User, partner: Partner) -> None:
    """Open what was handed in without the firms that did not: from a computed day on.

    For a firm that has handed in itself. What the others have only drafted stays theirs for good.
    """
    agreement, found = _open(agreement_id, partner)
    there = handed_in(agreement)
    if partner.pk not in there:
        raise NotPossible(_("Your firm has not handed in its look back."))
    if not may_close(found):
        raise NotPossible(_("The other firms still have time to hand in."))
    _reveal(agreement, standing.firms(found), by=by, partner=partner, now=timezone.now())


def reconsider(agreement: Agreement) -> bool:
    """Open the look back if the firm that everybody waited for has left; whether this call did it.

    To be called in the transaction in which it left. The agreement must be locked.
    """
    found = standing.stands(agreement, standing.today())
    firms = standing.firms(found)
    if (
        not firms
        or is_revealed(agreement)
        or not {firm.pk for firm in firms} <= handed_in(agreement)
    ):
        return False
    _reveal(agreement, firms, by=None, partner=None, now=timezone.now())
    return True


def may_close(found: Standing) -> bool:
    """Whether the time to hand in is over."""
    return found.last_day is not None and found.today >= terms.closable_from(found.last_day)


def _reveal(
    agreement: Agreement,
    firms: Iterable[Partner],
    *,
    by: User | None,
    partner: Partner | None,
    now: datetime,
) -> None:
    """The one event says that it is open, and not whose part came last."""
    rows = RetrospectivePart.objects.filter(agreement=agreement, handed_in_at__isnull=False)
    rows.update(revealed_at=now)
    record(agreement, AgreementEvent.Kind.RETROSPECTIVE, by=by, partner=partner)
    notices.drop(agreement, "retrospective_open")
    notices.tell(
        agreement,
        "retrospective_revealed",
        notices.people(firms, signers=True, leads=True),
        key="",
        path=reverse("cooperation:retrospective", args=[agreement.pk]),
    )
