"""What the firm shows to others of its designation, what others show to it, and switching both."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partners import directory
from partners.middleware import PortalRequest
from partners.models import Partner
from scoring import disclosures, perms
from scoring.disclosure_cards import BETWEEN, badge_context, between
from scoring.disclosure_forms import DisclosureForm
from scoring.disclosures import Chosen, NotShowable
from scoring.enrolments import MODERN_WORK
from scoring.models import Disclosure
from scoring.results import Metric
from scoring.rule_sets import for_day
from scoring.shown import Known

PAGE = "scoring/disclosures.html"
FOUND = 8  # firms that a search offers
CHANGES_A_PAGE = 25
What = Disclosure.What


@require_safe
def index(request: PortalRequest) -> HttpResponse:
    """What the firm the person acts for shows, to whom, since when; and what others show to it."""
    if not request.partner:
        return render(request, "scoring/no_firm.html", {"tab": "disclosures"})
    known = disclosures.known(request.partner, timezone.localdate())
    chosen = disclosures.chosen(request.partner)
    open_firm = _asked_for(request, request.partner)
    context = _context(request, request.partner, known, chosen)
    if open_firm is not None:
        form = DisclosureForm(known=known, row=chosen.to(open_firm))
        context |= {"open_firm": open_firm, "form": form}
    return render(request, PAGE, context)


@require_POST
def to_everybody(request: PortalRequest) -> HttpResponse:
    """Switch the badge in the directory on or off."""
    own = _entitled(request)
    what = What.DESIGNATION if request.POST.get("badge") == "on" else What.NOTHING
    try:
        disclosures.show(own, None, what, by=request.user)
    except NotShowable as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(
            request,
            _badge_words(own)
            if what == What.DESIGNATION
            else _("The badge is off. Nobody sees it in the directory."),
        )
    return redirect("scoring:disclosures")


@require_POST
def to_firm(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Change what one other firm sees. On that firm's page, htmx gets the two cards back."""
    firm = get_object_or_404(_within_reach(request), pk=pk)
    own = _entitled(request)
    known = disclosures.known(own, timezone.localdate())
    chosen = disclosures.chosen(own)
    form = DisclosureForm(request.POST, known=known, row=chosen.to(firm))
    refused = done = ""
    if form.is_valid():
        try:
            row = disclosures.show(own, firm, by=request.user, **form.chosen)
        except NotShowable as refusal:
            refused = str(refusal)
        else:
            done = _done(row, firm)
    is_page = request.POST.get("back") == "page"
    if request.htmx and not is_page:
        fresh = None if done else form
        card = between(request.user, own, firm, form=fresh, done=done, refused=refused)
        return render(request, BETWEEN, {"card": card}, status=200 if done else 422)
    if not done:
        context = _context(request, own, known, chosen)
        context |= {"open_firm": firm, "form": form, "refused": refused}
        return render(request, PAGE, context)
    messages.success(request, done)
    if is_page:
        return redirect("scoring:disclosures")
    return redirect(reverse("partners:firm_detail", args=[firm.pk]) + "#between")


# ---- Who and to whom -----------------------------------------------------------------------------


def _entitled(request: PortalRequest) -> Partner:
    if not request.partner or not perms.can_disclose(request.user, request.partner):
        raise PermissionDenied
    return request.partner


def _within_reach(request: PortalRequest) -> QuerySet[Partner]:
    """Firms of the directory, and closed ones to which something is still to be taken back."""
    shown = Disclosure.objects.filter(partner=request.partner or None).values("to")
    visible = Partner.objects.visible_to(request.user).values("pk")
    return Partner.objects.filter(Q(pk__in=visible) | Q(pk__in=shown))


def _asked_for(request: PortalRequest, own: Partner) -> Partner | None:
    """The firm whose form is to be open, if the address names one."""
    if not (text := request.GET.get("firm", "")):
        return None
    try:
        pk = UUID(text)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(_within_reach(request).exclude(pk=own.pk), pk=pk)


# ---- What the page shows -------------------------------------------------------------------------


def _context(request: PortalRequest, own: Partner, known: Known, chosen: Chosen) -> dict[str, Any]:
    today = known.today
    # PostgreSQL refuses a NUL in a text, which no firm's name has either.
    words = " ".join(request.GET.get("q", "").replace("\0", " ").split())[:100]
    owners = disclosures.showing_to(own)
    theirs = disclosures.shown_by(own, owners, today)
    changes = Disclosure.objects.filter(partner=own).select_related("to", "changed_by")
    page = Paginator(changes, CHANGES_A_PAGE).get_page(request.GET.get("page"))
    found = []
    if words:
        firms = directory.search(request.user, q=words).exclude(pk=own.pk)
        found = list(firms[: FOUND + 1])
    return {
        "tab": "disclosures",
        "partner": own,
        "designation": MODERN_WORK,
        "may_disclose": perms.can_disclose(request.user, own),
        "chosen": chosen,
        "badge": known.badge,
        "preview": badge_context(known.badge) if known.badge else None,
        "why_not": known.why_not,
        "firms": [
            {"row": row, "firm": row.to, "shown": disclosures.as_seen(known, row)}
            for row in chosen.firms
        ],
        "theirs": [{"firm": firm, "shown": theirs.get(firm.pk)} for firm in owners],
        "q": words,
        "found": found[:FOUND],
        "more_found": len(found) > FOUND,
        "page": page,
        "changes": [{"row": row, "words": _what(row)} for row in page],
        "query": urlencode({"q": words}) if words else "",
        "open_firm": None,
        "form": None,
        "refused": "",
    }


def _what(row: Disclosure) -> str:
    """What a row shows, in words; a metric by its name."""
    if row.what != What.METRIC:
        if row.to_id is None:
            return _("Badge on") if row.what == What.DESIGNATION else _("Badge off")
        return row.get_what_display()
    titles = {
        track.key: track.title for track in for_day(timezone.localdate(row.changed_at)).tracks
    }
    metric = str(Metric(row.metric).label) if row.metric in Metric else row.metric
    return f"{titles.get(row.track, row.track)}: {metric}"


def _done(row: Disclosure, firm: Partner) -> str:
    if row.what == What.NOTHING:
        return _("%(firm)s sees nothing of your score.") % {"firm": firm.name}
    if row.what == What.DESIGNATION:
        return _("%(firm)s sees your designation from now on.") % {"firm": firm.name}
    return _("%(firm)s sees from now on: %(metric)s.") % {"firm": firm.name, "metric": _what(row)}


def _badge_words(own: Partner) -> str:
    if disclosures.known(own, timezone.localdate()).badge is None:
        return _("The badge is on. It is not shown at the moment; below you read why.")
    return _("The badge is on. Everybody in the directory sees it.")
