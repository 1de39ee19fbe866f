"""The own firm, its people, and the directory."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Query, Router

from api import shapes
from api.asking import Key, Part, Words
from api.reading_as import ApiRequest
from api.routes.refusals import answering, answering_one
from partners import directory
from partners.models import Membership, Partner

router = Router(tags=["firms"])


def name_of(partner: Partner) -> dict[str, Any]:
    return {"id": partner.pk, "name": partner.name}


@router.get("/firm", response=answering(shapes.OwnFirm), operation_id="firm")
def firm(request: ApiRequest) -> Partner:
    """The firm of the key"""
    own = Partner.objects.of(request.auth.reader).prefetch_related("contacts")
    return get_object_or_404(own)


@router.get("/people", response=answering(shapes.Page[shapes.Person]), operation_id="people")
def people(request: ApiRequest, part: Query[Part]) -> dict[str, Any]:
    """The people of the firm, with their roles"""
    members = Membership.objects.of_firms_of(request.auth.reader)
    shown = part.of(members.select_related("user").order_by("user__name", "pk"))
    return part.page([_person(member) for member in shown], members.count())


def _person(member: Membership) -> dict[str, Any]:
    return {
        "id": member.pk,
        "name": member.user.name,
        "email": member.user.email,
        "title": member.title,
        "roles": [role.removeprefix("is_") for role in Membership.ROLES if getattr(member, role)],
        "may_sign": member.may_sign,
        "joined_at": member.joined_at,
    }


@router.get("/firms", response=answering(shapes.Page[shapes.Firm]), operation_id="firms")
def firms(
    request: ApiRequest, part: Query[Part], q: Words = "", competence: Key = ""
) -> dict[str, Any]:
    """The directory: all firms of the portal"""
    found = directory.search(request.auth.reader, q=q, competence=competence)
    return part.page(part.of(found), found.count())


@router.get(
    "/firms/{id}", response=answering_one(shapes.FirmWithContacts), operation_id="firm_detail"
)
def firm_detail(request: ApiRequest, id: UUID) -> Partner:
    """A firm of the directory, with its contacts"""
    known = Partner.objects.visible_to(request.auth.reader).prefetch_related("contacts")
    return get_object_or_404(known, pk=id)
