"""What people of a firm know better than its files: all of it, as a list and as CSV; withdraw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from partners.middleware import PortalRequest
from partners.models import Partner
from scoring import certified, corrections, customers, facts, ledgers, perms, rule_sets, scores
from scoring.correction_forms import CorrectionsForm
from scoring.corrections import NotCorrectable
from scoring.models import Correction, Portfolio, Score
from scoring.presentation import day_text, figure, whole

CORRECTIONS_A_PAGE = 50
AT_ONCE = 500  # lines of the export whose facts are looked up together
Field = Correction.Field


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """All corrections of the firm the person acts for."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "corrections"})
    form = CorrectionsForm(request.GET)
    show = form.cleaned_data["show"] if form.is_valid() else ""
    found = _shown(request, request.partner, show)
    page = Paginator(found, CORRECTIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "tab": "corrections",
        "partner": request.partner,
        "form": form,
        "show": show,
        "page": page,
        "lines": lines(facts.portfolio_of(request.partner), list(page)),
        "query": urlencode({"show": show}) if show else "",
        "may_correct": perms.can_correct(request.user, request.partner),
        "back": "corrections",
    }
    return render(request, "scoring/corrections.html", context)


@require_safe
def export(request: PortalRequest) -> HttpResponse | StreamingHttpResponse:
    """All corrections as CSV, standing and withdrawn."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "corrections"})
    name = f"corrections-{request.partner.slug}-{timezone.localdate():%Y-%m-%d}"[:120]
    found = _shown(request, request.partner, "all")
    return StreamingHttpResponse(
        ledgers.csv_lines(_table(facts.portfolio_of(request.partner), found)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


@require_POST
def withdraw(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Let the files count again, and go back to the page on which the correction stood."""
    row = get_object_or_404(
        Correction.objects.visible_to(request.user).select_related("portfolio__partner", "tenant"),
        pk=pk,
    )
    partner = row.portfolio.partner
    if not perms.can_correct(request.user, partner):
        raise PermissionDenied
    before = scores.latest(partner)
    try:
        corrections.withdraw(row.pk, by=request.user)
    except NotCorrectable as refusal:
        messages.info(request, str(refusal))
    else:
        effect = effect_words(before, scores.latest(partner))
        done = _("Withdrawn: your files count again. %(effect)s") % {"effect": effect}
        messages.success(request, done)
    if request.POST.get("back") == "corrections":
        return redirect("scoring:corrections")
    return redirect(address(row))


def _shown(request: PortalRequest, partner: Partner, show: str) -> QuerySet[Correction]:
    found = Correction.objects.visible_to(request.user).filter(portfolio__partner=partner)
    if show == "withdrawn":
        found = found.exclude(withdrawn_at=None)
    elif show != "all":
        found = found.standing()
    return found.select_related("made_by", "withdrawn_by", "tenant")


# ---- In words ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One correction as pages show it."""

    row: Correction
    subject: str  # the customer or the person
    detail: str  # workload and option, or the certification
    url: str
    what: str
    before: str  # what the files said when it was made
    value: str
    now: str  # what the files say today, of one that stands
    note: str  # where they have moved on since


def lines(portfolio: Portfolio, rows: Sequence[Correction]) -> list[Line]:
    """Corrections in words, with what the files say of each today; a few queries for all."""
    said = corrections.files_say(portfolio, [row for row in rows if row.withdrawn_at is None])
    keys = {key for row in rows if row.person_key for key in (row.person_key, row.value_text)}
    names = certified.names_of(portfolio, keys - {""}) if keys else {}
    titles = customers.workload_titles()
    options = rule_sets.vocabulary().option_keys
    return [
        Line(
            row=row,
            subject=_subject(row, names),
            detail=_detail(row, titles, options),
            url=address(row),
            what=row.get_field_display(),
            before=words(row.field, row.before),
            value=value_words(row, names),
            now=_now(row, said[row.pk]) if row.pk in said else "",
            note=_note(row, said[row.pk]) if row.pk in said else "",
        )
        for row in rows
    ]


def _subject(row: Correction, names: dict[str, str]) -> str:
    if row.tenant is None:
        return names.get(row.person_key, row.person_key)
    return row.tenant.name or str(row.tenant.tenant_id)


def _detail(row: Correction, titles: dict[int, str], options: Mapping[int, str]) -> str:
    if row.tenant is not None:
        return f"{titles.get(row.workload or 0, '')} · {options.get(row.option or 0, '')}"
    return certified.title(row.certification) if row.certification else ""


def address(row: Correction) -> str:
    """The page and place on which the corrected fact stands."""
    if row.tenant is not None:
        url = reverse("scoring:customer", args=[row.tenant.tenant_id])
        return f"{url}#held-{row.workload}-{row.option}"
    return f"{reverse('scoring:people')}#{certified.anchor(row.person_key)}"


def value_words(row: Correction, names: dict[str, str]) -> str:
    if row.field == Field.SAME_PERSON:
        return names.get(row.value_text, row.value_text)
    return words(row.field, corrections.said_by(row))


def words(field: str, said: str) -> str:
    """A value in the form of ``Correction.before``, as a reader wants it."""
    if field == Field.BASELINE:
        if not said:
            return _("no figures")
        number = int(said)
        return ngettext("%(number)s user", "%(number)s users", number) % {"number": figure(number)}
    if field == Field.LEFT:
        return _("has left the firm") if said else _("belongs to the firm")
    if field == Field.SAME_PERSON:
        return _("one person") if said else _("two people")
    if not said:
        return {
            Field.BEGINS_ON: _("not known"),
            Field.ENDED_ON: _("still held"),
            Field.EXPIRES_ON: _("no expiry"),
        }[Field(field)]
    if field == Field.BEGINS_ON and len(said) == len("2025-02"):
        return _("%(month)s (first month with data)") % {"month": day_text(said)}
    return day_text(said)


def _now(row: Correction, said: str | None) -> str:
    return _("nothing any more") if said is None else words(row.field, said)


def _note(row: Correction, said: str | None) -> str:
    """Where the files say something else today than when they were corrected."""
    if said is None:
        return _("Your files do not hold this any more. Should they again, the correction counts.")
    if said == row.before:
        return ""
    if said == corrections.said_by(row):
        return _("By now your files say the same: the correction is no longer needed.")
    return _(
        "Your files have changed since: they say “%(now)s” today. Please check whether the "
        "correction is still right."
    ) % {"now": words(row.field, said)}


def effect_words(before: Score | None, after: Score | None) -> str:
    """What a correction made of the points, track by track."""
    if after is None:
        return ""
    known = {}
    # Of another month or other rules the points say nothing about the correction.
    if before is not None and before.ledger_id == after.ledger_id and before.as_of == after.as_of:
        known = {track.key: track.total for track in before.tracks}
    parts = []
    for track in sorted(after.tracks, key=lambda track: not track.is_shown):
        numbers = {
            "track": track.title,
            "before": whole(known.get(track.key, track.total)),
            "after": whole(track.total),
        }
        if track.key not in known:
            parts.append(_("%(track)s: %(after)s points") % numbers)
        elif known[track.key] == track.total:
            parts.append(_("%(track)s: %(after)s points as before") % numbers)
        else:
            parts.append(_("%(track)s: %(before)s → %(after)s points") % numbers)
    return "; ".join(parts) + "."


# ---- Export --------------------------------------------------------------------------------------


def _table(portfolio: Portfolio, found: QuerySet[Correction]) -> Iterator[Sequence[object]]:
    yield [
        _("Customer or person"),
        _("Tenant"),
        _("Workload and option, or certification"),
        _("What"),
        _("The files said"),
        _("Corrected to"),
        _("The files say today"),
        _("Reason"),
        _("Made by"),
        _("Made at"),
        _("Withdrawn by"),
        _("Withdrawn at"),
        _("Note"),
    ]
    stream = found.iterator(chunk_size=AT_ONCE)
    while rows := list(islice(stream, AT_ONCE)):
        said = corrections.files_say(portfolio, rows)
        for line in lines(portfolio, rows):
            yield _cells(line, said[line.row.pk])


def _cells(line: Line, said: str | None) -> Sequence[object]:
    row = line.row
    is_same = row.field == Field.SAME_PERSON
    return [
        line.subject,
        str(row.tenant.tenant_id) if row.tenant else row.person_key,
        line.detail,
        line.what,
        row.before,
        row.value_text if is_same else corrections.said_by(row),
        "–" if said is None else said,
        row.reason,
        str(row.made_by or ""),
        _moment(row.made_at),
        str(row.withdrawn_by or ""),
        _moment(row.withdrawn_at),
        line.note,
    ]


def _moment(at: datetime | None) -> str:
    return "" if at is None else timezone.localtime(at).isoformat(timespec="minutes")
