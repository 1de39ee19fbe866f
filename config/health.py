"""How the portal's jobs and mails are doing, in numbers: no content, no names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Model, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cooperation.models import Notice as CooperationNotice
from documents.models import Document
from partners.models import Registration
from scoring.models import Incident, PartnerCenterImport
from scoring.models import Notice as ScoringNotice

LONG = timedelta(minutes=15)  # what waits for longer waits for somebody


@dataclass(frozen=True, slots=True)
class Line:
    """One number; ``is_bad`` when an operator should look."""

    words: str
    count: int
    is_bad: bool
    url: str


@dataclass(frozen=True, slots=True)
class _Measure:
    words: str | Promise
    model: type[Model]
    condition: Callable[[], Q]
    query: str  # of the list that shows these rows
    is_bad: bool = True


def _old() -> Q:
    return Q(created_at__lt=timezone.now() - LONG)


MEASURES = (
    _Measure(
        _("Firms that wait for approval"),
        Registration,
        lambda: Q(state="waiting"),
        "state__exact=waiting",
    ),
    _Measure(
        _("Documents that failed"), Document, lambda: Q(state="failed"), "state__exact=failed"
    ),
    _Measure(
        _("Documents that wait for more than a quarter of an hour"),
        Document,
        lambda: Q(state="queued") & _old(),
        "state__exact=queued",
    ),
    _Measure(
        _("Imports that broke off"),
        PartnerCenterImport,
        lambda: Q(state="failed"),
        "state__exact=failed",
    ),
    _Measure(
        _("Imports that wait for more than a quarter of an hour"),
        PartnerCenterImport,
        lambda: Q(state="queued") & _old(),
        "state__exact=queued",
    ),
    _Measure(
        _("Mails of projects that could not be sent"),
        CooperationNotice,
        lambda: Q(state="failed"),
        "state__exact=failed",
    ),
    _Measure(
        _("Mails of scores that could not be sent"),
        ScoringNotice,
        lambda: Q(state="failed"),
        "state__exact=failed",
    ),
    _Measure(
        _("Mails that wait"),
        CooperationNotice,
        lambda: Q(state="queued"),
        "state__exact=queued",
        is_bad=False,
    ),
    _Measure(
        _("Open incidents of the nightly check"), Incident, lambda: Q(settled_at=None), "open=1"
    ),
)


def lines(may_open: Callable[[type[Model]], bool]) -> list[Line]:
    """All numbers, one query each, with the way to the list behind each that may be opened."""
    return [_line(measure, may_open(measure.model)) for measure in MEASURES]


def _line(measure: _Measure, may_open: bool) -> Line:
    count = measure.model._default_manager.filter(measure.condition()).count()
    meta = measure.model._meta
    url = ""
    if may_open:
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") + f"?{measure.query}"
    return Line(str(measure.words), count, measure.is_bad and count > 0, url)
