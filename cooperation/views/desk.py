"""What every page of an agreement begins with: what the reader may see, and for whom they act."""

from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from cooperation import perms, points, sheets
from cooperation.book import Point
from cooperation.models import Agreement, Participation
from cooperation.points import Sheet
from cooperation.views.cards import SHOW, Card, Desk
from partners.middleware import PortalRequest, act_for
from partners.models import Membership, Partner


@dataclass
class Opened:
    """An agreement in front of one reader."""

    agreement: Agreement
    sheet: Sheet
    membership: Membership | None
    show: str
    editor: bool  # has a role that may work on points

    @property
    def partner(self) -> Partner:
        """The firm the reader acts for. Only asked after a right was checked."""
        if self.membership is None:
            raise PermissionDenied
        return self.membership.partner

    @property
    def query(self) -> str:
        """The filter of the checklist, carried along by every link and form."""
        return "" if self.show == "all" else f"?show={self.show}"

    def desk(self) -> Desk:
        own = "" if self.membership is None else str(self.membership.partner_id)
        me = next((party for party in self.sheet.parties if party.key == own), None)
        editable = self.editor and self.agreement.is_draft
        return Desk(
            self.sheet,
            me,
            may_edit=lambda point: editable and perms.may_edit_point(self.membership, point),
        )

    def reload(self) -> None:
        """Read everything anew after a change, or when somebody else was quicker."""
        self.agreement.refresh_from_db()
        own = None if self.membership is None else str(self.membership.partner_id)
        self.sheet = sheets.load(self.agreement).seen_by(own)

    def require_editor(self, point: Point) -> None:
        if not (self.editor and perms.may_edit_point(self.membership, point)):
            raise PermissionDenied

    def card(self, point: Point) -> Card:
        return self.desk().card(point)


def act_in(request: PortalRequest, project_id: UUID) -> None:
    """Let a person of several firms act for the one that takes part in this project."""
    if len(request.memberships) > 1:
        places = Participation.objects.accepted().filter(project=project_id)
        act_for(request, set(places.values_list("partner", flat=True)))


def open_agreement(request: PortalRequest, pk: UUID) -> Opened:
    """The agreement with all its points, or 404 for whoever may not know that it exists."""
    agreements = Agreement.objects.visible_to(request.user)
    agreement = get_object_or_404(agreements.select_related("project"), pk=pk)
    act_in(request, agreement.project_id)
    membership = request.membership or None  # a lazy object otherwise, also when it holds nothing
    show = request.GET.get("show", "all")
    own = None if membership is None else str(membership.partner_id)
    return Opened(
        agreement=agreement,
        sheet=sheets.load(agreement).seen_by(own),
        membership=membership,
        show=show if show in SHOW else "all",
        editor=perms.can_edit_points(membership, agreement),
    )


def point_of(opened: Opened, key: str) -> Point:
    """The point of the rule book, or 404; also for one that is not asked now."""
    try:
        point = opened.sheet.book.point(key)
    except KeyError:
        raise Http404 from None
    if not points.is_visible(opened.sheet, point):
        raise Http404
    return point
