"""What a firm shows to others of its designation: switched here, and looked up for each reader.

Nothing that is shown is stored. Whoever reads gets what the choice and the scores of today allow,
so what is taken back, or no longer true, is gone with the next request.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from partners import firm_log
from partners.models import Partner
from scoring import enrolments, rule_sets
from scoring.models import Disclosure, PersonContribution, Score
from scoring.reasons import Caution
from scoring.shown import Badge, Computed, Known, Shown

if TYPE_CHECKING:
    from partners.models import User

What = Disclosure.What
TICK = timedelta(microseconds=1)


class NotShowable(Exception):
    """This cannot be shown; ``str(error)`` is a translated sentence for the user."""


# ---- Switching -----------------------------------------------------------------------------------


@transaction.atomic
def show(
    partner: Partner,
    to: Partner | None,
    what: str,
    *,
    by: "User",
    track: str = "",
    metric: str = "",
) -> Disclosure:
    """Let ``to``, or everybody in the directory, see this from now on, or raise ``NotShowable``.

    The row that counts comes back: the newest one when it says the same already. Nothing can be
    shown to a firm that is closed, but it can always be taken back.
    """
    # The firm that shows is the lock of all its choices; the other must not be closed meanwhile.
    keys = [partner.pk] if to is None else [partner.pk, to.pk]
    locked = Partner.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    firms = {firm.pk: firm for firm in locked}
    if to is not None and to.pk == partner.pk:
        raise NotShowable(_("Your own firm sees its score anyway."))
    if what != What.NOTHING and not all(firm.is_active for firm in firms.values()):
        raise NotShowable(_("This firm is no longer on Handschlag, so nothing can be shown to it."))
    if what == What.METRIC:
        if to is None:
            raise NotShowable(_("Everybody may see the badge only; a metric goes to single firms."))
        if (track, metric) not in metrics(timezone.localdate()):
            raise NotShowable(_("Please choose the metric that this firm may see."))
    else:
        track = metric = ""
    own = Disclosure.objects.filter(partner=partner)
    said = (what, track, metric)
    same = own.filter(to=to).first() if to is not None else own.filter(to__isnull=True).first()
    if same is not None and (same.what, same.track, same.metric) == said:
        return same
    now = timezone.now()
    newest = own.first()
    if newest is not None:  # one row a moment, so that the newest is never in doubt
        now = max(now, newest.changed_at + TICK)
    row = Disclosure.objects.create(
        partner=partner,
        to=to,
        what=what,
        track=track,
        metric=metric,
        changed_by=by,
        changed_at=now,
    )
    firm_log.record(
        partner,
        "disclosure_changed",
        by=by,
        to=str(to.pk) if to else None,
        what=str(what),
        track=track,
        metric=metric,
    )
    return row


def metrics(day: date) -> list[tuple[str, str]]:
    """(track, metric) of all that can be shown under the rules of ``day``, in their order."""
    return [
        (track.key, metric.key)
        for track in rule_sets.for_day(day).tracks
        for metric in track.metrics
    ]


# ---- What a firm has chosen ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one firm shows at present."""

    everybody: Disclosure | None  # the newest word, which may be "nothing"
    firms: list[Disclosure]  # to which something is shown, by name

    @property
    def is_public(self) -> bool:
        return self.everybody is not None and self.everybody.what == What.DESIGNATION

    def to(self, firm: Partner) -> Disclosure | None:
        return next((row for row in self.firms if row.to_id == firm.pk), None)


def chosen(partner: Partner) -> Chosen:
    """The newest word to everybody and to each firm. One query: rows are made by hand, few."""
    newest: dict[UUID | None, Disclosure] = {}
    rows = Disclosure.objects.filter(partner=partner).select_related("to", "changed_by")
    for row in rows:  # they come newest first
        newest.setdefault(row.to_id, row)
    everybody = newest.pop(None, None)
    firms = [row for row in newest.values() if row.what != What.NOTHING]
    firms.sort(key=lambda row: (str(row.to).casefold(), str(row.to_id)))
    return Chosen(everybody, firms)


def showing_to(reader: Partner) -> list[Partner]:
    """Firms that chose to show something to this one, by name. One query."""
    newest: dict[UUID, Disclosure] = {}
    for row in Disclosure.objects.filter(to=reader, partner__is_active=True).select_related(
        "partner"
    ):
        newest.setdefault(row.partner_id, row)
    found = [row.partner for row in newest.values() if row.what != What.NOTHING]
    return sorted(found, key=lambda firm: (firm.name.casefold(), str(firm.pk)))


# ---- What is true --------------------------------------------------------------------------------


def known(partner: Partner, today: date) -> Known:
    return known_of([partner], today)[partner.pk]


def known_of(partners: Collection[Partner], today: date) -> dict[UUID, Known]:
    """What is known today of each of these firms, by its id, in three queries."""
    if not partners:
        return {}
    scores = _newest_scores(partners, today)
    standing = enrolments.current_of(partners, today)
    found = {}
    for partner in partners:
        current = standing[partner.pk]
        recorded = current.enrolment
        found[partner.pk] = Known(
            today=today,
            score=scores.get(partner.pk),
            standing=current.standing,
            recorded_on=timezone.localdate(recorded.recorded_at) if recorded else None,
        )
    return found


def _newest_scores(partners: Collection[Partner], today: date) -> dict[UUID, Computed]:
    """The newest score of each firm up to today by today's rules, as ``what_if`` takes it."""
    rule_set = rule_sets.for_day(today).key
    own = Score.objects.filter(partner=OuterRef("pk"), rule_set=rule_set, as_of__lte=today)
    newest = own.order_by("-as_of", "-computed_at").values("pk")[:1]
    firms = Partner.objects.filter(pk__in=[partner.pk for partner in partners]).order_by()
    # The ledger says of everybody who counts until when that lasts, corrections and withdrawn
    # certifications included: whoever has stopped to count since is seen before the next score.
    gone = PersonContribution.objects.filter(
        ledger=OuterRef("ledger"),
        since__lte=OuterRef("revision"),
        until__gt=OuterRef("revision"),
        counts=1,
        until_on__lt=today,
    )
    scores = Score.objects.filter(pk__in=firms.values(newest=Subquery(newest)))
    return {
        score.partner_id: Computed(
            as_of=score.as_of,
            last_month=score.last_month,
            designated=score.designated,
            is_provable=all(
                note["code"] != Caution.COMPARISON_MONTH_MISSING for note in score.cautions
            ),
            has_expired=score.has_expired,  # type: ignore[attr-defined]
            result=score.result,
            track=score.track,
        )
        for score in scores.annotate(has_expired=Exists(gone))
    }


# ---- What another firm sees ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    """The newest word of one firm: to everybody, and to the reader."""

    rows: dict[UUID | None, Disclosure] = field(default_factory=dict)


def shown_to(reader: Partner, owner: Partner, today: date) -> Shown | None:
    """What the people of ``reader`` may see of ``owner`` today; None for nothing."""
    return shown_by(reader, [owner], today).get(owner.pk)


def shown_by(reader: Partner, owners: Iterable[Partner], today: date) -> dict[UUID, Shown]:
    """What the people of ``reader`` may see of each of these firms, by its id.

    Firms that show nothing are missing, as are closed ones and the reader's own. Four queries,
    however many firms; one when none of them shows anything.
    """
    if not reader.is_active:
        return {}
    firms = {owner.pk: owner for owner in owners if owner.is_active and owner.pk != reader.pk}
    words = _newest_words(firms, Q(to__isnull=True) | Q(to=reader))
    facts = known_of([firms[pk] for pk in words], today)
    found = {pk: _seen(facts[pk], word, reader) for pk, word in words.items()}
    return {pk: shown for pk, shown in found.items() if shown is not None}


def badges(owners: Iterable[Partner], today: date) -> dict[UUID, Badge]:
    """The badges that everybody in the directory sees of these firms, by id: four queries."""
    firms = {owner.pk: owner for owner in owners if owner.is_active}
    words = _newest_words(firms, Q(to__isnull=True))
    facts = known_of([firms[pk] for pk in words], today)
    found = {pk: facts[pk].badge for pk in words}
    return {pk: badge for pk, badge in found.items() if badge is not None}


def _newest_words(firms: Collection[UUID], to: Q) -> dict[UUID, _Words]:
    """The newest words of those firms that show something."""
    found: dict[UUID, _Words] = {}
    if firms:
        for row in Disclosure.objects.filter(to, partner__in=list(firms)):
            found.setdefault(row.partner_id, _Words()).rows.setdefault(row.to_id, row)
    return {
        pk: words
        for pk, words in found.items()
        if any(row.what != What.NOTHING for row in words.rows.values())
    }


def _seen(facts: Known, words: _Words, reader: Partner) -> Shown | None:
    public, own = words.rows.get(None), words.rows.get(reader.pk)
    badge = facts.badge if public is not None and public.what == What.DESIGNATION else None
    return as_seen(facts, own, badge)


def as_seen(facts: Known, row: Disclosure | None, badge: Badge | None = None) -> Shown | None:
    """What is seen by whom ``row`` is made for; ``badge`` is what everybody sees."""
    designation = metric = None
    if row is not None and row.what == What.DESIGNATION:
        designation = facts.designation
    elif row is not None and row.what == What.METRIC:
        metric = facts.metric(row.track, row.metric)
    if badge is None and designation is None and metric is None:
        return None
    return Shown(badge, designation, metric)
