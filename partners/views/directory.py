"""Pages about the other firms."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from partners import directory
from partners.cards import Place
from partners.forms import DirectoryForm
from partners.middleware import PortalRequest
from partners.models import Partner
from partners.views.parts import added

PAGE_SIZE = 25


@require_GET
@vary_on_headers("HX-Request")  # else the browser's Back shows the fragment as a page
def directory_list(request: PortalRequest) -> HttpResponse:
    form = DirectoryForm(request.GET)
    form.is_valid()
    firms = directory.search(
        request.user,
        q=form.cleaned_data.get("q", ""),
        competence=form.cleaned_data.get("competence", ""),
    )
    page = Paginator(firms, PAGE_SIZE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    more = added(request, Place.LINE, list(page))
    context = {
        "form": form,
        "page": page,
        "lines": [(firm, more.of(firm)) for firm in page],
        "stylesheets": more.stylesheets,
        "query": query.urlencode(),
        "searched": bool(query),
    }
    template = "partners/directory.html" + ("#found" if request.htmx else "")
    return render(request, template, context)


@require_GET
def firm_detail(request: PortalRequest, pk: UUID) -> HttpResponse:
    """What a firm shows to the others: legal facts, competences, contacts."""
    firms = Partner.objects.visible_to(request.user).prefetch_related("contacts")
    firm = get_object_or_404(firms, pk=pk)
    more = added(request, Place.FIRM, [firm])
    context = {"firm": firm, "cards": more.of(firm), "stylesheets": more.stylesheets}
    return render(request, "partners/firm_detail.html", context)
