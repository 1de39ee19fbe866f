"""Beginning with what was said before: the last signed answers of the same firms, a frame
agreement, or what the own firm usually proposes. Every answer keeps where it came from.

Nothing is agreed by taking it over. It is a proposal of the firm that takes it, and where the same
stands already, that firm's confirmation. From a signed text only firms that signed it take
anything, and only while every firm that takes part or is invited has signed it: to nobody else is
shown what was settled there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import blind, frozen, kinds, mentions, pairs, points, proposals, sheets
from cooperation.agreements import NotPossible, lock, record, require_draft, require_party
from cooperation.book import Party, Point, Value
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Answer,
    Confirmation,
    FirmPreference,
    Pair,
    Participation,
    SignatureSlot,
)
from cooperation.points import PairKey, Sheet
from cooperation.working_days import day_of
from partners.models import Partner, User

PREFERENCES = "preferences"  # the key of the source that is no version
SOURCES_SHOWN = 10
# What is new in every project: shown, and not ticked.
OF_ONE_PROJECT = frozenset({"shared_goal", "contract_value"})


@dataclass(frozen=True, slots=True)
class Source:
    """Where answers can be taken from."""

    key: str  # id of the version, or ``PREFERENCES``
    origin: Answer.Origin
    title: str
    number: int = 0  # of the version
    signed_on: date | None = None

    @property
    def data(self) -> dict[str, Any]:
        """What an answer keeps of it: names of that day, so that it says so for ever."""
        if self.origin == Answer.Origin.PREFERENCE:
            return {"firm": self.title}
        return {"version": self.key, "project": self.title, "number": self.number}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One answer that could be taken over."""

    point: Point
    value: Value
    other: Party | None  # the other firm of a pairwise point
    stands: bool  # the same stands there already: taking it confirms
    usual: bool  # ticked unless somebody unticks it

    @property
    def key(self) -> str:
        return f"{self.point.key}:{self.other.key}" if self.other else self.point.key


# ---- Where from --------------------------------------------------------------------------------


def sources(agreement: Agreement, partner: Partner) -> list[Source]:
    """Signed texts of the same firms, newest first, frame agreements before others; then one's own.

    The number of queries does not depend on the number of texts.
    """
    found = [_source(version) for version in _versions(agreement, partner)[:SOURCES_SHOWN]]
    found.sort(key=lambda source: source.origin != Answer.Origin.FRAME)
    if FirmPreference.objects.filter(
        partner=partner, rule_book_key=agreement.rule_book.key
    ).exists():
        found.append(Source(PREFERENCES, Answer.Origin.PREFERENCE, partner.name))
    return found


def _versions(agreement: Agreement, partner: Partner) -> Any:
    """The last signed version of each other agreement that all firms of this one have signed."""
    states = [Participation.State.ACCEPTED, Participation.State.INVITED]
    places = Participation.objects.filter(project=agreement.project_id, state__in=states)
    versions = AgreementVersion.objects.filter(
        state=AgreementVersion.State.IN_FORCE,
        agreement__rule_book__key=agreement.rule_book.key,
    ).exclude(agreement=agreement)
    for firm in {partner.pk, *places.values_list("partner", flat=True)}:
        signed = SignatureSlot.objects.filter(partner=firm, completed_at__isnull=False)
        versions = versions.filter(pk__in=signed.values("version"))
    return versions.select_related("agreement__project").order_by("-in_force_at", "pk")


def _source(version: AgreementVersion) -> Source:
    project = version.agreement.project
    origin = Answer.Origin.FRAME if project.is_frame else Answer.Origin.PREVIOUS
    signed_on = day_of(version.in_force_at) if version.in_force_at else None
    return Source(str(version.pk), origin, project.name, version.number, signed_on)


def find(agreement: Agreement, partner: Partner, key: str) -> Source | None:
    """The source of that key, if this firm may take anything from it here."""
    if key == PREFERENCES:
        return Source(PREFERENCES, Answer.Origin.PREFERENCE, partner.name)
    try:
        version = _versions(agreement, partner).filter(pk=UUID(key)).first()
    except ValueError:
        return None
    return None if version is None else _source(version)


# ---- What could be taken -----------------------------------------------------------------------

Place = tuple[str, PairKey | None]


def candidates(
    agreement: Agreement, sheet: Sheet, partner: Partner, source: Source
) -> list[Candidate]:
    """What fits a place where nothing stands yet, or confirms what does, in the order of the book.

    ``sheet`` is that of ``agreement``. An answer that does not fit the firms of now is left out, as
    are dates that are over.
    """
    said = _said(agreement, partner, source)
    own, today = str(partner.pk), day_of(timezone.now())
    found = []
    for point in sheet.book.points.values():
        if sheet.depth == points.EXPLORATORY and point.stage != points.EXPLORATORY:
            continue
        for here in [pair for _o, pair in sheet.pairs_of(own)] if point.pairwise else [sheet]:
            value = said.get((point.key, here.pair), said.get((point.key, None)))
            if value is None or _is_over(point, value, today):
                continue
            candidate = _candidate(here, point, own, value)
            if candidate is not None:
                found.append(candidate)
    return found


def _candidate(here: Sheet, point: Point, own: str, value: Value) -> Candidate | None:
    try:
        cleaned = kinds.clean(value, point, here.parties)
    except kinds.InvalidAnswer:
        return None
    given = here.given(point, own)
    stands = given is not None and given.value == cleaned
    if stands and own not in points.unconfirmed(here, point):
        return None
    if (given is not None and not stands) or here.talks.get(point.key):
        return None
    other = next((party for party in here.parties if party.key != own), None)
    return Candidate(
        point=point,
        value=cleaned,
        other=other if point.pairwise else None,
        stands=stands,
        usual=stands or point.key not in OF_ONE_PROJECT,
    )


def _is_over(point: Point, value: Value, today: date) -> bool:
    """Dates of another project that have passed."""
    if point.kind != "date_range":
        return False
    days = [value.get(key) for key in ("start", "end", "review")]
    return any(_day(day) and day < today.isoformat() for day in days if isinstance(day, str))


def _day(text: str) -> bool:
    return text[:4].isdigit()


def _said(agreement: Agreement, partner: Partner, source: Source) -> dict[Place, Value]:
    """The joint answers of the source and those of ``partner``, by point and pair."""
    if source.origin == Answer.Origin.PREFERENCE:
        rows = FirmPreference.objects.filter(partner=partner, rule_book_key=agreement.rule_book.key)
        return {(key, None): value for key, value in rows.values_list("point_key", "value")}
    version = AgreementVersion.objects.get(pk=source.key)
    own = str(partner.pk)
    text = frozen.content(version.payload)
    found = _values([point for rule in text["rules"] for point in rule["points"]], own, None)
    annexes = version.annexes.filter(pair__in=Pair.objects.of(partner)).select_related("pair")
    for annex in annexes:
        key = (str(annex.pair.first_id), str(annex.pair.second_id))
        told = frozen.content(annex.payload)["points"]
        # The two firms may stand in another order here.
        found |= _values(told, own, key) | _values(told, own, (key[1], key[0]))
    return found


def _values(told: list[dict[str, Any]], own: str, pair: PairKey | None) -> dict[Place, Value]:
    return {
        (point["key"], pair): answer["value"]
        for point in told
        for answer in point["answers"]
        if answer["partner"] in (None, own) and answer["value"] is not None
    }


# ---- Taking it ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """Keys of candidates (``Candidate.key``) that became proposals, and that were confirmed."""

    filled: tuple[str, ...]
    confirmed: tuple[str, ...]


@transaction.atomic
def take(
    agreement_id: UUID, source_key: str, wanted: Collection[str], *, by: User, partner: Partner
) -> Taken:
    """Take the ``wanted`` candidates of a source over, as this firm's proposals.

    What somebody answered meanwhile stays: nothing is overwritten. Who objected to being named by
    the firm is not named again. Raises ``NotPossible``, also for
    a source that this firm may not take from, or not any more.
    """
    agreement = lock(agreement_id)
    require_draft(agreement)
    require_party(agreement, partner)
    blind.require_no_round(agreement)
    source = find(agreement, partner, source_key)
    if source is None:
        raise NotPossible(_("Nothing can be taken over from there, or not any more."))
    sheet = sheets.load(agreement)
    chosen = [
        candidate
        for candidate in candidates(agreement, sheet, partner, source)
        if candidate.key in wanted
        and (candidate.stands or not mentions.names_who_objected(candidate.value, partner))
    ]
    rows = {candidate.key: _pair(agreement, sheet, partner, candidate) for candidate in chosen}
    now = timezone.now()
    answers = [
        Answer(
            agreement=agreement,
            point_key=candidate.point.key,
            partner=partner if candidate.point.per_partner else None,
            pair=rows[candidate.key],
            value=candidate.value,
            origin=source.origin,
            source=source.data,
            updated_by=by,
            updated_by_partner=partner,
            updated_at=now,
        )
        for candidate in chosen
        if not candidate.stands
    ]
    Answer.objects.bulk_create(answers)
    proposals.keep(answers)
    for answer in answers:
        if answer.partner_id is not None:  # a new part is to be read by the others
            Confirmation.objects.filter(
                agreement=agreement, point_key=answer.point_key, pair=answer.pair
            ).delete()
    Confirmation.objects.bulk_create(
        Confirmation(
            agreement=agreement,
            point_key=candidate.point.key,
            partner=partner,
            pair=rows[candidate.key],
            by=by,
            at=now,
        )
        for candidate in chosen
    )
    _record(agreement, source, chosen, rows, by=by, partner=partner)
    return Taken(
        tuple(candidate.key for candidate in chosen if not candidate.stands),
        tuple(candidate.key for candidate in chosen if candidate.stands),
    )


def keep_names_from(agreement: Agreement, partner: Partner) -> None:
    """Who joins learns no name of an agreement that it has not signed, nor does the next text.

    What was taken over stays, and so does how it came here; the course of the point still tells the
    others from where. The agreement must be locked.
    """
    signed = SignatureSlot.objects.filter(partner=partner, completed_at__isnull=False)
    known = {str(pk) for pk in signed.values_list("version", flat=True)}
    taken = [Answer.Origin.PREVIOUS, Answer.Origin.FRAME]
    for answer in Answer.objects.filter(agreement=agreement, pair=None, origin__in=taken):
        if answer.source and answer.source.get("version") not in known:
            answer.source = {}
            answer.save(update_fields=["source"])


def _pair(
    agreement: Agreement, sheet: Sheet, partner: Partner, candidate: Candidate
) -> Pair | None:
    if candidate.other is None:
        return None
    key = sheet.between(str(partner.pk), candidate.other.key).pair
    return pairs.row(agreement, key) if key else None


def _record(
    agreement: Agreement,
    source: Source,
    chosen: list[Candidate],
    rows: dict[str, Pair | None],
    *,
    by: User,
    partner: Partner,
) -> None:
    """One event for all firms, and one for each pair about what only the pair may know."""
    for pair in dict.fromkeys(rows.values()):
        here = [candidate for candidate in chosen if rows[candidate.key] == pair]
        record(
            agreement,
            AgreementEvent.Kind.REUSED,
            by=by,
            partner=partner,
            pair=pair,
            origin=source.origin.value,
            source=source.data,
            filled=[candidate.point.key for candidate in here if not candidate.stands],
            confirmed=[candidate.point.key for candidate in here if candidate.stands],
        )
