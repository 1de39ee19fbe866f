"""What an association would be worth to the reader's own firm, beside the table that settles it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from cooperation import associations, points
from cooperation.association_forms import AssumptionsForm
from cooperation.association_worth import Beside, Panel, table_workloads
from cooperation.book import Point
from cooperation.views.desk import Opened, open_agreement
from partners.middleware import PortalRequest
from partners.models import User
from scoring import what_if
from scoring.what_if import Basis, Nothing

PAGE = "cooperation/association_worth.html"


@require_GET
def association_worth(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Every eligible workload: what an association would do to the own firm's score."""
    opened = open_agreement(request, pk)
    point, partner = _table(opened), opened.partner
    given = opened.sheet.given(point)
    value = given.value if given else None
    in_table = table_workloads(point, value, what_if.workloads(timezone.localdate()))
    form = AssumptionsForm(request.GET, in_table)
    assumed = form.assumptions
    basis = _basis(opened, request.user, assumed.tenant if assumed else None)
    context: dict[str, Any] = {
        "agreement": opened.agreement,
        "project": opened.agreement.project,
        "point": point,
        "partner": partner,
        "show": opened.show,
        "query": opened.query,
        "example": _query(opened, EXAMPLE),
        "form": form,
        "nothing": None,
        "panel": None,
        "standing": (),
        "suggestions": [],
    }
    if isinstance(basis, Nothing):
        return render(request, PAGE, context | {"nothing": basis})
    context |= {"basis": basis, "standing": basis.together([]).tracks}
    if not basis.is_known:
        found = what_if.suggest(basis, opened.agreement.project.customer_name)
        context["suggestions"] = [
            (_query(opened, form.given | {"tenant": str(guid)}), name) for guid, name in found
        ]
    if assumed is not None:
        context["panel"] = Panel(basis, point, assumed, value, str(partner.pk))
    return render(request, PAGE, context)


EXAMPLE = {"seats": "50", "active": "20", "later": "60"}


def beside(opened: Opened, point: Point, value: Mapping[str, Any]) -> Beside | None:
    """What stands beside a table of associations while it is filled in; None for other points.

    The score is only asked for where figures of the customer are known.
    """
    if not associations.is_table(point):
        return None
    clashes = associations.clashes(point, value, opened.sheet.parties)
    assumed = opened.assumed.assumptions if opened.assumed else None
    if assumed is None:
        return Beside(clashes, None)
    assert opened.membership is not None  # noqa: S101 -- who fills it in acts for a firm
    basis = _basis(opened, opened.membership.user, assumed.tenant)
    if isinstance(basis, Nothing):
        return Beside(clashes, None, basis)
    return Beside(clashes, Panel(basis, point, assumed, value, str(opened.partner.pk)))


def _table(opened: Opened) -> Point:
    """The point that asks for associations, or 404 where this agreement asks for none."""
    for point in opened.sheet.book.points.values():
        if associations.is_table(point) and points.is_visible(opened.sheet, point):
            return point
    raise Http404


def _basis(opened: Opened, reader: User, tenant: UUID | None) -> Basis | Nothing:
    """The score of the firm the reader acts for, if they may see it; never another firm's."""
    today = timezone.localdate()
    return what_if.read(opened.partner, reader=reader, day=today, tenant=tenant)


def _query(opened: Opened, assumed: Mapping[str, str]) -> str:
    show = {} if opened.show == "all" else {"show": opened.show}
    return "?" + urlencode(show | dict(assumed))
