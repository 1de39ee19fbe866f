"""What people of a firm know better than its files, fact by fact: make it, withdraw it.

A correction is laid over the facts when they are read (``claims``), so it survives every later
import. Each verb is one transaction in which the firm is scored anew as well: nobody ever sees a
correction without the score that follows from it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partners import firm_log
from scoring import claims, facts, history, judging, months, rule_sets, scores
from scoring.claims import Corrections, Field
from scoring.judging import NO_END, Claim
from scoring.models import Correction, Ledger, Portfolio
from scoring.people import Certificate, same_people
from scoring.reading.cells import EARLIEST_YEAR, LARGEST, storable

if TYPE_CHECKING:
    from partners.models import Partner, User

LATEST_YEARS = 20  # from today: beyond that a day is a slip of the pen
REASON_LENGTH = 500
LEFT, SAME = "left", "same"  # what ``before`` holds where the value is neither day nor number


class NotCorrectable(Exception):
    """This cannot be corrected, or not so; ``str(error)`` is a translated sentence for the user."""


@dataclass(frozen=True, slots=True)
class OfClaim:
    """One interval of an association, as files say it: ``begins`` is its first month."""

    tenant: int
    workload: int
    option: int
    begins: int


@dataclass(frozen=True, slots=True)
class OfPerson:
    """A person, by the key that stands for all that is theirs."""

    person_key: str


@dataclass(frozen=True, slots=True)
class OfCertificate:
    """One certificate, by the key that the files have for its person."""

    person_key: str
    certification: str
    completed_on: date


Target = OfClaim | OfPerson | OfCertificate
Value = date | int | str | None


# ---- The verbs -----------------------------------------------------------------------------------


def make(
    partner: "Partner",
    field: str,
    target: Target,
    value: Value = None,
    *,
    reason: str,
    by: "User | None",
) -> Correction:
    """Correct one fact and score the firm anew, or raise ``NotCorrectable`` and change nothing.

    ``value`` is a day (None for an end: still held), a number of users, the key of the person
    somebody is the same as; nothing for one who has left. An earlier correction of the same fact is
    withdrawn.
    """
    if not reason.strip():
        raise NotCorrectable(_("Please say why: others will want to know."))
    _prepare(partner)
    with transaction.atomic():
        portfolio = facts.lock(partner)
        known = claims.corrections(portfolio)
        row = Correction(
            portfolio=portfolio,
            field=Field(field),
            reason=storable(reason.strip(), REASON_LENGTH),
            made_by=by,
        )
        if isinstance(target, OfClaim):
            older = _of_claim(row, target, value, known)
        elif isinstance(target, OfCertificate):
            older = _of_certificate(row, target, value, known)
        else:
            older = _of_person(row, target, value, known)
        _check_news(row, older)
        _withdraw(older, by)
        row.save(force_insert=True)
        _score(portfolio, row, by)
        firm_log.record(
            partner, "correction_made", by=by, correction=str(row.pk), field=str(row.field)
        )
    return row


def withdraw(pk: UUID, *, by: "User | None") -> Correction:
    """Let the files count again, and score the firm anew; raises ``NotCorrectable`` if done."""
    partner = Correction.objects.select_related("portfolio__partner").get(pk=pk).portfolio.partner
    _prepare(partner)
    with transaction.atomic():
        portfolio = facts.lock(partner)
        row = Correction.objects.get(pk=pk)
        if row.withdrawn_at is not None:
            raise NotCorrectable(_("This correction has been withdrawn already."))
        _withdraw([row], by)
        _score(portfolio, row, by)
        firm_log.record(
            partner, "correction_withdrawn", by=by, correction=str(row.pk), field=str(row.field)
        )
    return row


def _withdraw(rows: Iterable[Correction], by: "User | None") -> None:
    for row in rows:
        row.withdrawn_at, row.withdrawn_by = timezone.now(), by
        row.save(update_fields=["withdrawn_at", "withdrawn_by"])


def _prepare(partner: "Partner") -> None:
    """Where no ledger of these months exists yet, make it before the transaction opens.

    Every tenant is judged then: under the firm's lock, and on SQLite in everybody's way, that is
    too long.
    """
    today = timezone.localdate()
    portfolio = facts.portfolio_of(partner)
    pair = judging.choose_months(facts.imported_months(portfolio), today)
    written = Ledger.objects.filter(
        portfolio=portfolio,
        rule_set=rule_sets.for_day(today).key,
        last_month=pair.last if pair else 0,
        revision__gt=0,
    )
    if pair is not None and not written.exists():
        scores.compute(partner, today)


def _score(portfolio: Portfolio, row: Correction, by: "User | None") -> None:
    """Whoever has read the facts reads them again, and the firm's score holds the change."""
    facts.touch(portfolio)
    tenants = [] if row.tenant_id is None else [row.tenant_id]
    scores.touch(portfolio.partner, tenants, timezone.localdate(), by=by)
    history.queue(portfolio.pk)


def _check_news(row: Correction, older: Sequence[Correction]) -> None:
    """A correction says something else than the files, and than the one before it."""
    value = said_by(row)
    if older and said_by(older[-1]) == value:
        raise NotCorrectable(_("It stands corrected to this value already."))
    if row.before == value:
        if older:
            raise NotCorrectable(
                _("This is what the files say. Please withdraw the correction instead.")
            )
        raise NotCorrectable(_("The files say so already: there is nothing to correct."))


# ---- Of an association ---------------------------------------------------------------------------


def _of_claim(
    row: Correction, target: OfClaim, value: Value, known: Corrections
) -> list[Correction]:
    """Fill ``row`` in and check it; returns the standing corrections of the same fact."""
    key = (target.tenant, target.workload, target.option)
    said = claims.intervals(row.portfolio, [target.tenant]).get(key)
    if row.field not in (Field.BEGINS_ON, Field.ENDED_ON, Field.BASELINE) or not said:
        raise NotCorrectable(_("Your data do not hold this association any more."))
    row.tenant_id, row.workload, row.option = key
    row.value_text = months.label(target.begins)
    place = claims.place_of(said, row)
    row.value_text = months.label(said[place].begins)
    own = known.of_claims.get(key, [])
    older = [one for one in own if one.field == row.field and claims.place_of(said, one) == place]
    if row.field == Field.BASELINE:
        row.value_number = _users(value)
        row.before = _number(_first_users(row.portfolio, key, said, own)[place])
        return older
    if row.field == Field.BEGINS_ON or value is not None:
        row.value_day = _day(value)
    if row.field == Field.BEGINS_ON:
        if row.value_day is not None and row.value_day > timezone.localdate():
            raise NotCorrectable(_("The beginning lies in the future."))
        row.before = _begin(said[place])
    else:
        row.before = said[place].ended_on or ""
    others = [one for one in own if one not in older]
    _check_intervals(claims.lay_over(said, [*others, row]), place, row.field)
    return older


def _check_intervals(laid: Sequence[Claim], place: int, field: str) -> None:
    """An interval begins before it ends, and shares no month with those beside it."""
    claim = laid[place]
    is_backwards = claim.begins > claim.ends
    if claim.begins_on and claim.ended_on:
        is_backwards = claim.begins_on > claim.ended_on
    if is_backwards and field == Field.BEGINS_ON:
        raise NotCorrectable(
            _("The association ended on %(day)s: it cannot begin after that.")
            % {"day": _shown(claim.ended_on, claim.ends)}
        )
    if is_backwards:
        raise NotCorrectable(
            _("The association began on %(day)s: it cannot end before that.")
            % {"day": _shown(claim.begins_on, claim.begins)}
        )
    if place and laid[place - 1].ends >= claim.begins:
        raise NotCorrectable(
            _(
                "The association before this one lasts until %(day)s: this one can begin in the "
                "month after that at the earliest."
            )
            % {"day": _shown(laid[place - 1].ended_on, laid[place - 1].ends)}
        )
    if place + 1 < len(laid) and claim.ends >= laid[place + 1].begins:
        raise NotCorrectable(
            _(
                "The workload was claimed again on %(day)s: this association has to end in a "
                "month before that."
            )
            % {"day": _shown(laid[place + 1].begins_on, laid[place + 1].begins)}
        )


def _shown(day: str | None, month: int) -> str:
    if day is not None:
        return date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
    if month >= NO_END:
        return "–"
    return date_format(months.first_day(month), "YEAR_MONTH_FORMAT")


def _day(value: Value) -> date:
    if not isinstance(value, date):
        raise NotCorrectable(_("Please name the day."))
    if not EARLIEST_YEAR <= value.year <= timezone.localdate().year + LATEST_YEARS:
        raise NotCorrectable(_("Please check the year."))
    return value


def _users(value: Value) -> int:
    if not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise NotCorrectable(_("Please name a number of users from 0 on."))
    return value


def _begin(claim: Claim) -> str:
    """The beginning that the files give: a day, the derived month, nothing without any data."""
    if claim.begins_on is not None:
        return claim.begins_on
    return "" if claim.begins >= NO_END else months.label(claim.begins)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _first_users(
    portfolio: Portfolio,
    key: claims.ClaimKey,
    said: Sequence[Claim],
    own: Iterable[Correction],
) -> list[int | None]:
    """The users at the beginning of each interval, by the files' figures and the dates in force."""
    dates = Corrections(of_claims={key: [row for row in own if row.field != Field.BASELINE]})
    laid = claims.corrected(portfolio, {key: said}, dates)[key]
    return [claim.baseline_users for claim in laid]


# ---- Of a person ---------------------------------------------------------------------------------


def _of_certificate(
    row: Correction, target: OfCertificate, value: Value, known: Corrections
) -> list[Correction]:
    said = row.portfolio.certificates.filter(
        person_key=target.person_key,
        certification=target.certification,
        completed_on=target.completed_on,
    ).first()
    if row.field != Field.EXPIRES_ON or said is None:
        raise NotCorrectable(_("Your data do not hold this certificate any more."))
    if not expires(target.certification):
        raise NotCorrectable(_("This certification does not expire."))
    row.person_key, row.certification = target.person_key, target.certification
    row.completed_on = target.completed_on
    row.value_day = _day(value)
    row.before = said.expires_on.isoformat() if said.expires_on else ""
    if row.value_day < target.completed_on:
        raise NotCorrectable(
            _("It was completed on %(day)s: it cannot expire before that.")
            % {"day": date_format(target.completed_on, "SHORT_DATE_FORMAT")}
        )
    older = known.of_certificates.get(
        (target.person_key, target.certification, target.completed_on)
    )
    return [] if older is None else [older]


def expires(certification: str) -> bool:
    """Whether an expiry of this certification is looked at, by the newest rules that know it."""
    for rule_set in reversed(rule_sets.all_sets()):
        if certification in rule_set.certifications:
            return rule_set.certifications[certification].expires
    return False


def _of_person(
    row: Correction, target: OfPerson, value: Value, known: Corrections
) -> list[Correction]:
    said = claims.said_certificates(row.portfolio)
    people = same_people(claims.correct_certificates(said, known))
    if row.field not in (Field.LEFT, Field.SAME_PERSON) or target.person_key not in people:
        raise NotCorrectable(_("Your data do not hold this person any more."))
    row.person_key = target.person_key
    if row.field == Field.LEFT:
        own = keys_of(target.person_key, said, known)
        row.before = _left([one for one in said if one.person in own])
        standing = [known.of_people.get(key, {}).get(Field.LEFT) for key in own]
    else:
        row.value_text = value if isinstance(value, str) else ""
        if row.value_text not in people:
            raise NotCorrectable(_("Please choose who it is."))
        if row.value_text == row.person_key or row.person_key in claims.same_as(
            row.value_text, known
        ):
            raise NotCorrectable(_("These are one person already."))
        standing = [known.of_people.get(row.person_key, {}).get(Field.SAME_PERSON)]
    return [one for one in standing if one is not None]


def keys_of(person: str, said: Sequence[Certificate], known: Corrections) -> set[str]:
    """All keys that the files have for the person that ``person`` stands for."""
    rows = claims.correct_certificates(said, known)
    own = {row.person for row in same_people(rows).get(person, ())}
    found = {before.person for before, row in zip(said, rows, strict=True) if row.person in own}
    return found | own | {key for one in found for key in claims.same_as(one, known)}


def _left(said: Iterable[Certificate]) -> str:
    return "" if any(row.is_linked for row in said) else LEFT


# ---- What the files say now ----------------------------------------------------------------------


def said_by(row: Correction) -> str:
    """The value of a correction in the form of ``before``."""
    if row.field == Field.BASELINE:
        return _number(row.value_number)
    if row.field in (Field.LEFT, Field.SAME_PERSON):
        return LEFT if row.field == Field.LEFT else SAME
    return row.value_day.isoformat() if row.value_day else ""


def files_say(portfolio: Portfolio, rows: Sequence[Correction]) -> dict[UUID, str | None]:
    """What the files say now of the fact of each correction, in the form of ``before``.

    None: they do not hold the association, certificate or person any more. A few queries for all.
    """
    found: dict[UUID, str | None] = dict.fromkeys(row.pk for row in rows)
    _of_claims_now(portfolio, [row for row in rows if row.tenant_id is not None], found)
    people = [row for row in rows if row.tenant_id is None]
    if not people:
        return found
    said = claims.said_certificates(portfolio)
    certificates = {(one.person, one.certification, one.completed_on): one for one in said}
    groups = {
        one.person: place for place, own in enumerate(same_people(said).values()) for one in own
    }
    for row in people:
        if row.field == Field.EXPIRES_ON and row.completed_on is not None:
            one = certificates.get((row.person_key, row.certification, row.completed_on))
            if one is not None:
                found[row.pk] = one.expires_on.isoformat() if one.expires_on else ""
        elif row.person_key in groups and row.field == Field.LEFT:
            own = groups[row.person_key]
            found[row.pk] = _left(one for one in said if groups[one.person] == own)
        elif row.person_key in groups and row.value_text in groups:
            is_same = groups[row.person_key] == groups[row.value_text]
            found[row.pk] = SAME if is_same else ""
    return found


def _of_claims_now(
    portfolio: Portfolio, rows: Sequence[Correction], found: dict[UUID, str | None]
) -> None:
    if not rows:
        return
    said = claims.intervals(portfolio, {row.tenant_id for row in rows if row.tenant_id})
    dates = Corrections()
    if any(row.field == Field.BASELINE for row in rows):
        known = claims.corrections(portfolio)
        dates.of_claims = {
            key: [one for one in own if one.field != Field.BASELINE]
            for key, own in known.of_claims.items()
        }
    asked = {_key(row) for row in rows}
    laid = claims.corrected(
        portfolio, {key: own for key, own in said.items() if key in asked}, dates
    )
    for row in rows:
        key = _key(row)
        if key not in said:
            continue
        place = claims.place_of(said[key], row)
        if row.field == Field.BASELINE:
            found[row.pk] = _number(laid[key][place].baseline_users)
        elif row.field == Field.BEGINS_ON:
            found[row.pk] = _begin(said[key][place])
        else:
            found[row.pk] = said[key][place].ended_on or ""


def _key(row: Correction) -> claims.ClaimKey:
    return (row.tenant_id or 0, row.workload or 0, row.option or 0)
