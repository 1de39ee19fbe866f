"""What the time brings about ends: a subject of ``clock``. Nothing shown depends on it."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from cooperation import last_days, notices, retrospectives, standing, terms
from cooperation.agreements import lock, record
from cooperation.clock import each
from cooperation.models import Agreement, AgreementEvent, AgreementVersion, Ending, Notice, Term
from cooperation.working_days import DAY, day_of

LOOK_BACK_AFTER = timedelta(days=14)  # first the closing list, then a look back


def run(now: datetime) -> None:
    """Write down ends, take off proposals whose day went by, tell of terms and look backs."""
    today = day_of(now)
    living = Agreement.objects.filter(in_force_at__isnull=False).exclude(
        status__in=[Agreement.Status.ENDED, Agreement.Status.ABANDONED]
    )
    in_force = AgreementVersion.objects.filter(
        state=AgreementVersion.State.IN_FORCE, agreement__in=living
    )
    each(list(in_force.filter(term=None).values_list("pk", flat=True)), _read_term)
    announced = Q(endings__state=Ending.State.ANNOUNCED, endings__ends_on__lt=today)
    run_out = Q(pk__in=in_force.filter(term__ends_on__lt=today).values("agreement"))
    over = living.filter(announced | run_out).distinct()
    each(list(over.values_list("pk", flat=True)), partial(_settle, now=now))
    lapsed = Ending.objects.proposed().filter(ends_on__lt=today)
    each(list(lapsed.values_list("pk", flat=True)), partial(_lapse, now=now))
    soon = in_force.filter(term__ends_on__range=(today, today + standing.AHEAD))
    told = Notice.objects.filter(
        agreement=OuterRef("agreement"), kind="term_ends", created_at__gt=now - 2 * standing.AHEAD
    )
    each(list(soon.exclude(Exists(told)).values_list("agreement", flat=True)), _tell_term)
    _remind_to_look_back(now)


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


def _remind_to_look_back(now: datetime) -> None:
    """Once, two weeks after the end, and not when the time to hand in is nearly over."""
    today = day_of(now)
    days = (today - terms.RETROSPECTIVE_DAYS * DAY, today - LOOK_BACK_AFTER)
    ended = Agreement.objects.filter(status=Agreement.Status.ENDED, ended_on__range=days)
    told = Notice.objects.filter(agreement=OuterRef("pk"), kind="retrospective_open")
    revealed = Q(retrospective_parts__revealed_at__isnull=False)
    asked = ended.exclude(revealed).exclude(Exists(told))
    each(list(asked.values_list("pk", flat=True)), _ask_to_look_back)


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
