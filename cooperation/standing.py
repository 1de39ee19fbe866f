"""Where an agreement stands on one day, worked out from what is stored: also when the clock stood.

An agreement ends with its last day, whether or not anybody was there to write that down. Pages call
``bring_up_to_date`` on what they show, and every verb's lock writes a due end first
(``last_days.settle``), so nothing depends on the clock; it only tells people in time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cooperation import frozen, terms
from cooperation.models import Agreement, AgreementVersion, Ending, Participation, SignatureSlot
from cooperation.terms import Terms
from cooperation.working_days import day_of
from partners.models import Partner

# So long before the end of an agreed term everybody is told, and the closing list opens.
AHEAD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Standing:
    """An agreement on the day ``today``."""

    agreement: Agreement
    today: date
    version: AgreementVersion | None = None  # in force, without its text
    term_ends_on: date | None = None  # as that version says; None: open
    announced: Ending | None = None
    proposed: Ending | None = None
    last_day: date | None = None  # on which it holds, by notice, together or by its term
    way: Ending.Way | None = None
    text: Terms | None = None  # of the version, where it had to be read anyway

    @property
    def is_over(self) -> bool:
        return self.last_day is not None and self.last_day < self.today

    @property
    def ending(self) -> Ending | None:
        """The row of the end that counts; a term has none until its closing list is begun."""
        row = self.announced
        counts = row is not None and (row.way, row.ends_on) == (self.way, self.last_day)
        return row if counts else None

    @property
    def status(self) -> str:
        return Agreement.Status.ENDED if self.is_over else self.agreement.status

    @property
    def runs(self) -> bool:
        """Signed by all, and not over."""
        return self.version is not None and not self.is_over and not self.agreement.is_closed

    @property
    def is_ending(self) -> bool:
        """The end is announced, near or past: the closing list and the look back are open."""
        if self.last_day is None:
            return False
        return self.way != Ending.Way.TERM or self.today >= self.last_day - AHEAD

    @property
    def retain_until(self) -> date | None:
        """The last day on which it is kept as evidence, once it is over."""
        if not self.is_over or self.last_day is None:
            return None
        return self.agreement.retain_until or terms.retained_until(
            self.last_day, settings.RETENTION_YEARS
        )


def today() -> date:
    return day_of(timezone.now())


def stands(agreement: Agreement, today: date) -> Standing:
    """Two queries, one more where the text itself has to be read."""
    return stands_many([agreement], today)[agreement.pk]


def stands_many(agreements: Iterable[Agreement], today: date) -> dict[UUID, Standing]:
    """By agreement; the number of queries does not grow with them."""
    asked = list(agreements)
    signed = [agreement for agreement in asked if agreement.in_force_at is not None]
    if not signed:
        return {agreement.pk: Standing(agreement, today) for agreement in asked}
    versions = {version.agreement_id: version for version in _in_force(signed)}
    open_ones = [agreement.pk for agreement in signed if not agreement.is_closed]
    read = _terms_of_many(
        [
            version.pk
            for version in versions.values()
            if version.agreement_id in open_ones and not hasattr(version, "term")
        ]
    )
    endings: dict[UUID, dict[str, Ending]] = {agreement.pk: {} for agreement in asked}
    living = Ending.objects.exclude(state=Ending.State.WITHDRAWN).filter(agreement__in=signed)
    for ending in living.select_related("given_by", "given_by_partner"):
        endings[ending.agreement_id][ending.state] = ending
    return {
        agreement.pk: _standing(
            agreement, today, versions.get(agreement.pk), read, endings[agreement.pk]
        )
        for agreement in asked
    }


def _in_force(agreements: Iterable[Agreement]) -> Iterable[AgreementVersion]:
    versions = AgreementVersion.objects.filter(
        agreement__in=agreements, state=AgreementVersion.State.IN_FORCE
    )
    return versions.defer("payload").select_related("term")


def terms_of(version_id: UUID) -> Terms:
    """The terms of a version, from its text."""
    return _terms_of_many([version_id])[version_id]


def _terms_of_many(version_ids: list[UUID]) -> dict[UUID, Terms]:
    if not version_ids:
        return {}
    rows = AgreementVersion.objects.filter(pk__in=version_ids).values_list("pk", "payload")
    return {pk: terms.read(frozen.content(payload)) for pk, payload in rows}


def first_day(version: AgreementVersion) -> date:
    """The day from which a version that all have signed holds."""
    if version.in_force_at is None:
        raise ValueError("not signed by all")
    signed_on = day_of(version.in_force_at)
    return max(signed_on, version.effective_on or signed_on)


def _standing(
    agreement: Agreement,
    today: date,
    version: AgreementVersion | None,
    read: dict[UUID, Terms],
    endings: dict[str, Ending],
) -> Standing:
    announced = endings.get(Ending.State.ANNOUNCED)
    if version is None or version.in_force_at is None:
        return Standing(agreement, today)
    term_ends_on = None
    if version.pk in read:
        term_ends_on = read[version.pk].runs_until(first_day(version))
    elif not agreement.is_closed:
        term_ends_on = version.term.ends_on
    last_day, way = _last_day(agreement, announced, term_ends_on)
    version.agreement = agreement  # nobody needs to fetch it again
    return Standing(
        agreement,
        today,
        text=read.get(version.pk),
        version=version,
        term_ends_on=term_ends_on,
        announced=announced,
        proposed=endings.get(Ending.State.PROPOSED),
        last_day=last_day,
        way=way,
    )


def _last_day(
    agreement: Agreement, announced: Ending | None, term_ends_on: date | None
) -> tuple[date | None, Ending.Way | None]:
    """The earlier of what was announced and what the text says.

    A row for the term only holds the closing list: what counts is the day in the text, which an
    amendment may have moved since.
    """
    if agreement.status == Agreement.Status.ENDED:
        way = Ending.Way.TERM if announced is None else Ending.Way(announced.way)
        return agreement.ended_on, way
    days = [] if term_ends_on is None else [(term_ends_on, Ending.Way.TERM)]
    if announced is not None and announced.way != Ending.Way.TERM:
        days.append((announced.ends_on, Ending.Way(announced.way)))
    # On the same day, what a firm declared says more than that the term ran out.
    return min(days, key=lambda pair: (pair[0], pair[1] == Ending.Way.TERM), default=(None, None))


def bring_up_to_date(agreements: Iterable[Agreement], today: date) -> dict[UUID, Standing]:
    """Where they stand; what is over says so on the rows in memory, and nothing is written."""
    found = stands_many(agreements, today)
    for standing in found.values():
        if standing.is_over and not standing.agreement.is_closed:
            standing.agreement.retain_until = standing.retain_until
            standing.agreement.ended_on = standing.last_day
            standing.agreement.status = Agreement.Status.ENDED
    return found


def firms(standing: Standing) -> list[Partner]:
    """The firms of the version in force that still take part, as in its text."""
    return [] if standing.version is None else firms_of(standing.version)


def firms_of(version: AgreementVersion) -> list[Partner]:
    there = Participation.objects.accepted().filter(project=version.agreement.project_id)
    slots = SignatureSlot.objects.filter(version=version, partner__in=there.values("partner"))
    return [slot.partner for slot in slots.select_related("partner").order_by("position", "pk")]
