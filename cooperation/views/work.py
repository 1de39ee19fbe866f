"""The agreement at work: who does what, reviews, days for the own calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cooperation import (
    agreements,
    at_work,
    calendar_files,
    frozen,
    kinds,
    perms,
    restoring,
    reviews,
    rule_books,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.calendar_files import Event
from cooperation.forms import ReviewForm
from cooperation.models import Agreement, AgreementVersion, Participation, Review
from cooperation.standing import Standing
from cooperation.views.desk import act_in
from cooperation.working_days import day_of
from partners.middleware import PortalRequest
from partners.plain import file_name


@dataclass(frozen=True, slots=True)
class Desk:
    """An agreement in force in front of a person of one of its firms."""

    agreement: Agreement
    found: Standing
    version: AgreementVersion  # that holds today, with its text


def _open(request: PortalRequest, pk: UUID) -> Desk:
    """404 for whoever is no party of the version that holds today."""
    agreement = get_object_or_404(
        Agreement.objects.visible_to(request.user).select_related("project"), pk=pk
    )
    act_in(request, agreement.project_id)
    found = standing.bring_up_to_date([agreement], standing.today())[agreement.pk]
    holds = agreements.effective_version(agreement, standing.today()) or found.version
    if holds is None:
        raise Http404
    versions = AgreementVersion.objects.visible_to(request.user)
    version = get_object_or_404(versions, pk=holds.pk)
    return Desk(agreement, found, version)


@require_GET
def work(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Who does what, from the text that holds today."""
    return render(request, "cooperation/work.html", _context(request, _open(request, pk)))


def _context(
    request: PortalRequest, desk: Desk, *, form: ReviewForm | None = None
) -> dict[str, Any]:
    today = standing.today()
    plan = reviews.plan(desk.found, today)
    due = plan.next_on(today)
    notes = [
        at_work.Noted(firm, point, note.value, day_of(note.at), note.by.name)
        for (firm, point), note in restoring.newest_notes(desk.version).items()
    ]
    book = rule_books.by_id(desk.agreement.rule_book_id)
    content = frozen.content(desk.version.payload)
    may_note = perms.can_note_review(request.membership or None, desk.agreement)
    return {
        "agreement": desk.agreement,
        "project": desk.agreement.project,
        "version": desk.version,
        "found": desk.found,
        "today": today,
        "book": book,
        "work": at_work.read(content, book, notes, get_language() or "de"),
        "dues": [(each, each.is_overdue(today)) for each in plan.dues],
        "next_due": due,
        "held": _held(request, desk.agreement),
        "may_note": may_note and due is not None and desk.found.version is not None,
        "form": form or ReviewForm(initial={"due_on": due, "held_on": today}),
    }


def _held(request: PortalRequest, agreement: Agreement) -> list[Review]:
    """What was noticed in reviews, from the day on which the reader's firm joined."""
    membership = request.membership or None  # a lazy object otherwise, also when it holds nothing
    own = None if membership is None else membership.partner_id
    places = Participation.objects.accepted().filter(project=agreement.project_id, partner=own)
    rows = Review.objects.filter(agreement=agreement, at__gte=places.values("responded_at")[:1])
    return list(rows.select_related("by", "partner"))


@require_POST
def review_hold(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Note that a review was held."""
    desk = _open(request, pk)
    membership = request.membership or None
    if membership is None or not perms.can_note_review(membership, desk.agreement):
        raise PermissionDenied
    form = ReviewForm(request.POST)
    if form.is_valid():
        try:
            reviews.hold(pk, by=request.user, partner=membership.partner, **form.cleaned_data)
        except kinds.InvalidAnswer as error:
            for field, sentences in error.errors.items():
                form.add_error(field if field in form.fields else None, sentences)
        except NotPossible as error:
            messages.warning(request, str(error))
            return redirect("cooperation:work", pk=pk)
        else:
            messages.success(request, _("Noted. All firms see what you noticed."))
            return redirect(reverse("cooperation:work", args=[pk]) + "#reviews")
    context = _context(request, desk, form=form)
    return render(request, "cooperation/work.html", context, status=422)


@require_GET
def calendar(request: PortalRequest, pk: UUID) -> HttpResponse:
    """The days of the agreement as a calendar file."""
    desk = _open(request, pk)
    language = get_language() or "de"
    content = calendar_files.calendar(_events(desk), language)
    name = file_name(desk.agreement.project.name, otherwise="projekt")
    response = HttpResponse(content, content_type=calendar_files.TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


def _events(desk: Desk) -> Iterator[Event]:
    """Reviews to come, the day from which a change holds, and the last day."""
    agreement, found = desk.agreement, desk.found
    project = agreement.project.name
    changed_at: datetime = desk.version.in_force_at or desk.version.frozen_at
    url = settings.BASE_URL.rstrip("/") + reverse("cooperation:work", args=[agreement.pk])
    for due in reviews.plan(found, standing.today()).dues:
        if due.held_on is None:
            yield Event(
                key=f"review-{agreement.pk}-{due.on:%Y%m%d}",
                day=due.on,
                title=_("Review of our cooperation: %(project)s") % {"project": project},
                changed_at=changed_at,
                revision=desk.version.number,
                description=_("Not about the project but about how we work together."),
                url=url,
                remind_days=7,
            )
    for version in agreement.versions.filter(in_force_at__isnull=False, effective_on__isnull=False):
        if version.effective_on is not None and version.effective_on > standing.today():
            said = {"number": version.number, "project": project}
            yield Event(
                key=f"effective-{version.pk}",
                day=version.effective_on,
                title=_("Version %(number)s holds from today: %(project)s") % said,
                changed_at=version.in_force_at or version.frozen_at,
                url=url,
            )
    if found.last_day is not None:
        ending = found.ending
        yield Event(
            key=f"end-{agreement.pk}",
            day=found.last_day,
            title=_("Last day of the agreement: %(project)s") % {"project": project},
            changed_at=ending.given_at if ending else changed_at,
            revision=desk.version.number,
            url=url,
            remind_days=30,
        )
