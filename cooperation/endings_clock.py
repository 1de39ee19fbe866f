"""What the time brings about ends: a subject of ``clock``. Nothing shown depends on it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from cooperation import last_days, notices, retrospectives, standing, terms
from cooperation.agreements import lock, record
from cooperation.clock import each
from cooperation.models import Agreement, AgreementEvent, AgreementVersion, Ending, Notice, Term
from cooperation.working_days import DAY, day_of

LOOK_BACK_AFTER = timedelta(days=14)  # first the closing list, then a look back


def run(now: datetime) -> None:
    """Write down ends, take off proposals whose day went by, tell of terms and look backs."""
    for group in (_unread, _over, _lapsed, _running_out, _to_look_back):
        rows, step = group(now)
        each(list(rows), step)


Group = tuple[Iterable[UUID], Callable[[UUID], None]]


def _in_force() -> QuerySet[AgreementVersion]:
    closed = [Agreement.Status.ENDED, Agreement.Status.ABANDONED]
    versions = AgreementVersion.objects.exclude(agreement__status__in=closed)
    return versions.filter(state=AgreementVersion.State.IN_FORCE)


def _unread(now: datetime) -> Group:
    return _in_force().filter(term=None).values_list("pk", flat=True), _read_term


def _over(now: datetime) -> Group:
    """Announced for a day that went by, or at the end of the term."""
    day = day_of(now)
    announced = Ending.objects.announced().exclude(way=Ending.Way.TERM).filter(ends_on__lt=day)
    run_out = _in_force().filter(
        Q(term__ends_on__lt=day) | Q(agreement__in=announced.values("agreement"))
    )
    return run_out.values_list("agreement", flat=True), partial(_settle, now=now)


def _lapsed(now: datetime) -> Group:
    rows = Ending.objects.proposed().filter(ends_on__lt=day_of(now))
    return rows.values_list("pk", flat=True), partial(_lapse, now=now)


def _running_out(now: datetime) -> Group:
    """Terms whose end is near and that nobody was told of."""
    day = day_of(now)
    soon = _in_force().filter(term__ends_on__range=(day, day + standing.AHEAD))
    told = Notice.objects.filter(
        agreement=OuterRef("agreement"), kind="term_ends", created_at__gt=now - 2 * standing.AHEAD
    )
    return soon.exclude(Exists(told)).values_list("agreement", flat=True), _tell_term


def _to_look_back(now: datetime) -> Group:
    """Once, two weeks after the end, and not when the time to hand in is over."""
    day = day_of(now)
    days = (day - terms.RETROSPECTIVE_DAYS * DAY, day - LOOK_BACK_AFTER)
    ended = Agreement.objects.filter(status=Agreement.Status.ENDED, ended_on__range=days)
    told = Notice.objects.filter(agreement=OuterRef("pk"), kind="retrospective_open")
    revealed = Q(retrospective_parts__revealed_at__isnull=False)
    asked = ended.exclude(revealed).exclude(Exists(told))
    return asked.values_list("pk", flat=True), _ask_to_look_back


# ---- Steps -------------------------------------------------------------------------------------


def _read_term(version_id: UUID) -> None:
    """Keep the end that a version agrees on, so that nobody reads its text for it again."""
    version = AgreementVersion.objects.defer("payload").get(pk=version_id)
    ends_on = standing.terms_of(version_id).runs_until(standing.first_day(version))
    Term.objects.get_or_create(version=version, defaults={"ends_on": ends_on})


@transaction.atomic
def _settle(agreement_id: UUID, *, now: datetime) -> None:
    last_days.settle(lock(agreement_id), now, record)


@transaction.atomic
def _lapse(ending_id: UUID, *, now: datetime) -> None:
    agreement = lock(Ending.objects.values_list("agreement", flat=True).get(pk=ending_id))
    ending = Ending.objects.proposed().filter(pk=ending_id, ends_on__lt=day_of(now)).first()
    if ending is not None:
        last_days.withdraw(ending)
        said: dict[str, Any] = {
            "way": ending.way,
            "ends_on": ending.ends_on.isoformat(),
            "lapsed": True,
        }
        kind = AgreementEvent.Kind.ENDING_WITHDRAWN
        record(agreement, kind, by=None, partner=None, **said)


def _tell_term(agreement_id: UUID) -> None:
    agreement = Agreement.objects.select_related("project").get(pk=agreement_id)
    found = standing.stands(agreement, standing.today())
    if found.way == Ending.Way.TERM and found.last_day is not None and found.runs:
        notices.tell(
            agreement,
            "term_ends",
            notices.people(standing.firms(found), signers=True, leads=True),
            key=found.last_day.isoformat(),
            path=reverse("cooperation:ending", args=[agreement.pk]),
            until_on=found.last_day.isoformat(),
        )


def _ask_to_look_back(agreement_id: UUID) -> None:
    agreement = Agreement.objects.select_related("project").get(pk=agreement_id)
    found = standing.stands(agreement, standing.today())
    there = retrospectives.handed_in(agreement)
    missing = [firm for firm in standing.firms(found) if firm.pk not in there]
    notices.tell(
        agreement,
        "retrospective_open",
        notices.people(missing, signers=True, leads=True),
        key="",
        path=reverse("cooperation:retrospective", args=[agreement.pk]),
    )
