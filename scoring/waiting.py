"""What waits for a person in the scoring room: reports, undecided files, data that grow old."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Exists, Max, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.models import Partner, User
from partners.waiting import Waiting
from scoring import claim_list, claim_words, enrolments, imports, monthly_reports, perms
from scoring.claim_states import ClaimState
from scoring.models import DesignationReport, MonthOfData, PartnerCenterImport
from scoring.presentation import figure, month_name
from scoring.status import Standing, Status

RECENT = timedelta(days=14)
OLD = timedelta(days=35)  # Partner Center has newer figures about every month
SOON = timedelta(days=30)
MOST = 5  # lines of a sort


def for_user(user: User) -> list[Waiting]:
    """Lines for the home page, in the language that is active."""
    own = list(Partner.objects.of(user))
    if not own:
        return []
    missed = monthly_reports.without_new_data(own, timezone.localdate())
    told = {one.partner.pk for one in missed}
    return [
        *_reports(user),
        *_undecided(user),
        *_asked(user, own),
        *_enrolments(user, own),
        *_missed_reports(user, missed),
        *_old_data(user, [partner for partner in own if partner.pk not in told]),
    ]


def _reports(user: User) -> Iterator[Waiting]:
    """Reports that the person ordered and that were finished in the last days."""
    ready = (
        DesignationReport.objects.visible_to(user)
        .filter(
            document__requested_by=user,
            document__state="ready",
            document__finished_at__gte=timezone.now() - RECENT,
        )
        .select_related("document", "score__partner")
        .order_by("-document__finished_at")
    )
    for report in ready[:MOST]:
        yield Waiting(
            title=_("Your designation report is ready"),
            firm=report.score.partner.name,
            detail=_("%(firm)s, as of %(day)s: %(length)s, in %(language)s")
            % {
                "firm": report.score.partner.name,
                "day": date_format(report.score.as_of, "DATE_FORMAT"),
                "length": report.get_length_display(),
                "language": report.get_language_display(),
            },
            url=reverse("scoring:score", args=[report.score_id]) + "#report",
            action=_("To the report"),
            kind="report",
            since=report.document.finished_at,
            mine=True,
        )


def _undecided(user: User) -> Iterator[Waiting]:
    """Files of the person that brought nothing in yet, unless a later one of the sort did."""
    newer = PartnerCenterImport.objects.filter(
        partner=OuterRef("partner"),
        kind=OuterRef("kind"),
        state="done",
        created_at__gt=OuterRef("created_at"),
    )
    undecided = (
        PartnerCenterImport.objects.visible_to(user)
        .filter(
            ~Exists(newer),
            imports.UNDECIDED,
            imported_by=user,
            finished_at__gte=timezone.now() - RECENT,
        )
        .defer("rejected", "unused")
        .select_related("partner")
        .order_by("-finished_at")
    )
    for item in undecided[:MOST]:
        title = _("A file needs your decision: %(name)s")
        if item.state == "unmapped":
            title = _("A file needs its columns named: %(name)s")
            detail = _("Say once which column is what; nothing has been imported yet.")
        elif item.state == "preview":
            detail = _("Read and ready: nothing has been imported yet.")
        else:
            detail = ngettext(
                "%(rows)s row cannot be used, nothing has been imported yet.",
                "%(rows)s rows cannot be used, nothing has been imported yet.",
                item.rows_rejected,
            ) % {"rows": figure(item.rows_rejected)}
        yield Waiting(
            title=title % {"name": item.file_name},
            firm=item.partner.name,
            detail=detail,
            url=reverse("scoring:import", args=[item.pk]),
            action=_("Look at it"),
            kind="import",
            since=item.finished_at,
            mine=True,
        )


def _asked(user: User, own: list[Partner]) -> Iterator[Waiting]:
    """Firms with claims that Microsoft wants to know more of, for those who work with claims."""
    found = claim_list.asked(own)
    for partner in own:
        asked = found.get(partner.pk)
        if asked is None or not perms.can_plan(user, partner):
            continue
        yield Waiting(
            title=_("Microsoft asks about claims of yours"),
            firm=partner.name,
            detail=f"{partner.name}: {claim_words.asked_words(asked.number, asked.seen_on)}",
            url=reverse("scoring:unclaimed") + f"?state={ClaimState.PARTNER_ACTION_REQUIRED:d}",
            action=_("To the claims"),
            kind="claims",
            since=None,
            mine=True,
        )


def _enrolments(user: User, own: list[Partner]) -> Iterator[Waiting]:
    """Renewals that are due, anniversaries that have passed, and windows that close soon."""
    today = timezone.localdate()
    found = enrolments.current_of(own, today)
    for partner in own:
        words = _enrolment_words(partner, found[partner.pk].standing, today)
        if words is None or not perms.can_record_enrolment(user, partner):
            continue
        title, detail = words
        yield Waiting(
            title=title,
            firm=partner.name,
            detail=detail,
            url=reverse("scoring:history"),
            action=_("To the history"),
            kind="enrolment",
            since=None,
            mine=True,
        )


def _enrolment_words(partner: Partner, standing: Standing, today: date) -> tuple[str, str] | None:
    """Title and detail of what is to be done about a firm's enrolment; None for nothing."""
    words = {"firm": partner.name}
    if standing.status == Status.RENEWAL_DUE and standing.anniversary:
        words["day"] = date_format(standing.anniversary, "DATE_FORMAT")
        detail = (
            _("%(firm)s: there is a qualifying day. Please renew in Partner Center.")
            if standing.months
            else _("%(firm)s: no day has qualified yet in the months that decide.")
        )
        return _("Your designation is to be renewed by %(day)s") % words, detail % words
    if standing.has_lapsed and standing.anniversary:
        words["day"] = date_format(standing.anniversary, "DATE_FORMAT")
        detail = _("%(firm)s: the anniversary %(day)s has passed, and no renewal is recorded.")
        return _("Have you renewed your designation?"), detail % words
    if standing.open_until is not None and standing.open_until - today <= SOON:
        words["day"] = date_format(standing.open_until, "DATE_FORMAT")
        detail = _("%(firm)s has qualified, but not lately: after that day it no longer counts.")
        return _("You may enrol until %(day)s only") % words, detail % words
    return None


def _missed_reports(user: User, missed: list[monthly_reports.Stand]) -> Iterator[Waiting]:
    """Firms that get no report this month without new data, for those who can bring some."""
    for one in missed:
        if not perms.can_import(user, one.partner):
            continue
        detail = _("%(firm)s: no data have come in yet.")
        if one.newest is not None:
            detail = _("%(firm)s: the newest month is %(month)s, and it has been reported.")
        yield Waiting(
            title=_("The monthly report waits for new data"),
            firm=one.partner.name,
            detail=detail
            % {
                "firm": one.partner.name,
                "month": "" if one.newest is None else month_name(one.newest),
            },
            url=reverse("scoring:imports"),
            action=_("Upload files"),
            kind="data",
            since=None,
            mine=True,
        )


def _old_data(user: User, own: list[Partner]) -> Iterator[Waiting]:
    """Firms whose usage data came in long ago, for those who can bring new ones."""
    newest = (
        MonthOfData.objects.filter(portfolio__partner__in=own)
        .values("portfolio__partner")
        .annotate(at=Max("imported_at"), last=Max("month"))
    )
    firms = {partner.pk: partner for partner in own}
    for line in newest:
        partner = firms[line["portfolio__partner"]]
        if line["at"] >= timezone.now() - OLD or not perms.can_import(user, partner):
            continue
        yield Waiting(
            title=_("Your usage data are getting old"),
            firm=partner.name,
            detail=_("%(firm)s: the newest month is %(month)s. Partner Center should have more.")
            % {"firm": partner.name, "month": month_name(line["last"])},
            url=reverse("scoring:imports"),
            action=_("Upload files"),
            kind="data",
            since=line["at"],
            mine=True,
        )
