"""Projects that the firm takes part in, their agreements with all points, and their logs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.shortcuts import get_object_or_404
from ninja import Query, Router

from api import shapes
from api.asking import Part, language
from api.reading_as import ApiRequest
from api.routes.firms import name_of
from api.routes.refusals import answering, answering_one
from cooperation import first_rounds, history, points, rule_books, sheets, standing, threads
from cooperation.book import Party, Point, Rule
from cooperation.history import SETTLING
from cooperation.models import Agreement, AgreementEvent, CustomerProject, Participation
from cooperation.points import Given, Sheet
from cooperation.standing import Standing

router = Router(tags=["projects"])


# ---- Projects ----------------------------------------------------------------------------------


@router.get(
    "/projects", response=answering(shapes.Page[shapes.ProjectLine]), operation_id="projects"
)
def projects(request: ApiRequest, part: Query[Part]) -> dict[str, Any]:
    """The projects that the firm takes part in"""
    visible = CustomerProject.objects.visible_to(request.auth.reader)
    shown: list[CustomerProject] = part.of(visible.order_by("-created_at", "pk"))
    agreements = _agreements_of(shown)
    return part.page([_project(each, agreements[each.pk]) for each in shown], visible.count())


@router.get("/projects/{id}", response=answering_one(shapes.Project), operation_id="project")
def project(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """A project with the firms that take part in it"""
    visible = CustomerProject.objects.visible_to(request.auth.reader)
    found = get_object_or_404(visible, pk=id)
    places = Participation.objects.filter(project=found).select_related("partner")
    return _project(found, _agreements_of([found])[found.pk]) | {
        "firms": [
            {
                "firm": name_of(place.partner),
                "role": place.role,
                "state": place.state,
                "state_label": place.get_state_display(),
                "responded_at": place.responded_at,
            }
            for place in places
        ]
    }


def _agreements_of(shown: Iterable[CustomerProject]) -> Mapping[UUID, list[Standing]]:
    """Where the agreements of these projects stand today, the newest first."""
    rows = list(Agreement.objects.filter(project__in=list(shown)).select_related("rule_book"))
    found = standing.bring_up_to_date(rows, standing.today())
    by_project: dict[UUID, list[Standing]] = defaultdict(list)
    for row in rows:
        by_project[row.project_id].append(found[row.pk])
    return by_project


def _project(found: CustomerProject, agreements: Iterable[Standing]) -> dict[str, Any]:
    return {
        "id": found.pk,
        "name": found.name,
        "is_frame": found.is_frame,
        "customer_name": found.customer_name,
        "customer_is_alias": found.customer_is_alias,
        "description": found.description,
        "created_at": found.created_at,
        "agreements": [_line(each) for each in agreements],
    }


def _line(found: Standing) -> dict[str, Any]:
    agreement = found.agreement
    return {
        "id": agreement.pk,
        "status": agreement.status,
        "status_label": str(agreement.status_words),
        "depth": agreement.depth,
        "rule_book": f"{agreement.rule_book.key} {agreement.rule_book.version}",
        "in_force_at": agreement.in_force_at,
        "last_day": found.last_day,
    }


# ---- An agreement and its points ---------------------------------------------------------------


def _agreement(request: ApiRequest, pk: UUID) -> Agreement:
    visible = Agreement.objects.visible_to(request.auth.reader)
    return get_object_or_404(visible.select_related("project", "rule_book", "blind_round"), pk=pk)


@router.get("/agreements/{id}", response=answering_one(shapes.Agreement), operation_id="agreement")
def agreement(request: ApiRequest, id: UUID) -> dict[str, Any]:
    """An agreement as the firm sees it: every point with its answers

    What two other firms settle between them is not in it, and while a first round is open there
    are no points at all.
    """
    found = _agreement(request, id)
    stands = standing.bring_up_to_date([found], standing.today())[found.pk]
    own = str(request.auth.partner.pk)
    sheet = sheets.load(found).seen_by(own)
    is_blind = first_rounds.is_open(found)
    return _line(stands) | {
        "project": found.project_id,
        "rule_book_sha256": found.rule_book.sha256,
        "firms": [_party(party) for party in sheet.parties],
        "fast_track": found.fast_track,
        "first_round_is_open": is_blind,
        "rules": [] if is_blind else [_rule(sheet, rule, own) for rule in sheet.book.rules],
    }


def _party(party: Party) -> dict[str, Any]:
    return {"id": party.key, "name": party.name}


def _rule(sheet: Sheet, rule: Rule, own: str) -> dict[str, Any]:
    return {
        "number": rule.number,
        "key": rule.key,
        "title": str(rule.title),
        "points": [_point(sheet, point, own) for point in points.visible_points(sheet, rule)],
    }


def _point(sheet: Sheet, point: Point, own: str) -> dict[str, Any]:
    between = sheet.pairs_of(own) if point.pairwise else []
    return _standing(sheet, point) | {
        "key": point.key,
        "number": point.number,
        "kind": point.kind,
        "scope": point.scope,
        "question": str(point.question),
        "default": str(point.default_text),
        "is_pairwise": point.pairwise,
        "between": [{"other": _party(other)} | _standing(pair, point) for other, pair in between],
        "elsewhere": sum(each.point == point.key for each in sheet.elsewhere),
    }


def _standing(sheet: Sheet, point: Point) -> dict[str, Any]:
    look = points.look(sheet, point)
    in_pairs = point.pairwise and sheet.pair is None  # answered there, and not here
    given = [(None, look.given), *((party, each) for party, each in look.by_party)]
    return {
        "state": look.state,
        "state_label": look.state.label,
        "compared": look.compared,
        "compared_label": look.compared.label,
        "answers": [_said(sheet, point, party, each) for party, each in given if each is not None],
        "confirmed_by": [done.party for done in look.confirmed],
        "missing": [] if in_pairs else [party.key for party in look.missing],
    }


def _said(sheet: Sheet, point: Point, party: Party | None, given: Given) -> dict[str, Any]:
    described = points.described(sheet, point, given, language())
    return {
        "firm": party.key if party else None,
        "value": given.value,
        "lines": list(described.lines),
        "note": described.note,
        "origin": given.origin,
        "revision": given.revision,
        "by": given.by,
        "by_firm": given.party or None,
        "at": given.at,
    }


# ---- Its log -----------------------------------------------------------------------------------


@router.get(
    "/agreements/{id}/events",
    response=answering_one(shapes.Page[shapes.Event]),
    operation_id="events",
)
def events(request: ApiRequest, id: UUID, part: Query[Part]) -> dict[str, Any]:
    """The log of an agreement as the firm may read it, the newest entry first"""
    found, firm = _agreement(request, id), request.auth.partner
    joined_at = threads.since(found, firm)
    known = AgreementEvent.objects.filter(agreement=found).known_to(firm)
    # Points that others settled before the firm joined are not told, as on the page.
    known = known.exclude(Q(at__lt=joined_at) & Q(kind__startswith=SETTLING))
    shown: list[AgreementEvent] = part.of(
        known.select_related("by", "partner", "pair").order_by("-seq")
    )
    names = {
        str(place.partner_id): place.partner.name
        for place in Participation.objects.filter(project=found.project_id).select_related(
            "partner"
        )
    }
    book = rule_books.by_id(found.rule_book_id)
    told = history.entries(shown, book, names, joined_at=joined_at)
    items = [
        {
            "seq": event.seq,
            "at": event.at,
            "kind": event.kind,
            "what": entry.what,
            "detail": entry.detail,
            "by": entry.by,
            "firm": name_of(event.partner) if event.partner else None,
            "point": entry.point,
            "is_of_a_pair": event.pair is not None,
            "previous_hash": event.previous_hash,
            "hash": event.hash,
        }
        for event, entry in zip(shown, told, strict=True)
    ]
    return part.page(items, known.count())
