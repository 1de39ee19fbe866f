"""What every page of an agreement begins with: what the reader may see, and for whom they act."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from cooperation import (
    association_forms,
    first_rounds,
    perms,
    points,
    sheets,
    standing,
    threads,
)
from cooperation.association_forms import AssumptionsForm
from cooperation.book import Party, Point
from cooperation.first_round import Entry
from cooperation.models import Agreement, AgreementVersion, Participation, SignatureSlot
from cooperation.points import PairKey, Sheet
from cooperation.views import first_round_said
from cooperation.views.cards import SHOW, Card, Desk
from cooperation.views.previous import Previous
from partners.middleware import PortalRequest, act_for
from partners.models import Membership, Partner

WAS_FIXED = Exists(AgreementVersion.objects.filter(agreement=OuterRef("pk")))


class FirstRoundIsOpen(Exception):
    """The checklist rests while each firm answers alone; ``cooperation.middleware`` leads there."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__(str(agreement.pk))
        self.agreement = agreement


@dataclass
class Opened:
    """An agreement in front of one reader."""

    agreement: Agreement
    sheet: Sheet
    membership: Membership | None
    show: str
    editor: bool  # has a role that may work on points
    was_fixed: bool  # there is a version already
    assumed: AssumptionsForm | None = None  # of the customer, beside a table of associations

    @property
    def partner(self) -> Partner:
        """The firm the reader acts for. Only asked after a right was checked."""
        if self.membership is None:
            raise PermissionDenied
        return self.membership.partner

    @property
    def versions(self) -> QuerySet[AgreementVersion]:
        """Versions that the reader's firm is a party of: who joins later sees no earlier one."""
        own = SignatureSlot.objects.filter(partner=self.partner)
        return self.agreement.versions.filter(pk__in=own.values("version"))

    @cached_property
    def previous(self) -> Previous:
        """What was fixed before this draft, as far as the reader's firm is a party of it."""
        if not (self.agreement.is_draft and self.was_fixed) or self.membership is None:
            return Previous()
        return Previous.of(self.versions, self.partner)

    @cached_property
    def first_round(self) -> Mapping[str, Entry]:
        """What was said in the first round where it did not come out the same, by point key."""
        partner = None if self.membership is None else self.membership.partner
        return first_round_said.at_points(self.agreement, partner)

    @property
    def query(self) -> str:
        """The filter of the checklist, carried along by every link and form."""
        return self.desk().query()

    def desk(self) -> Desk:
        own = "" if self.membership is None else str(self.membership.partner_id)
        me = next((party for party in self.sheet.parties if party.key == own), None)
        editable = self.editor and self.agreement.is_draft
        return Desk(
            self.sheet,
            me,
            may_edit=lambda point: editable and perms.may_edit_point(self.membership, point),
            show=self.show,
            assumed=self.assumed.given if self.assumed else None,
            comments=self.comments,
            earlier=self.previous.texts,
            first_round=self.first_round,
        )

    @cached_property
    def comments(self) -> dict[tuple[str, PairKey | None], int]:
        """How many comments the reader finds at each point."""
        if self.membership is None:
            return {}
        return threads.counts(self.agreement, self.membership.partner)

    def reload(self) -> None:
        """Read everything anew after a change, or when somebody else was quicker."""
        self.agreement.refresh_from_db()
        own = None if self.membership is None else str(self.membership.partner_id)
        self.sheet = sheets.load(self.agreement).seen_by(own)

    def require_editor(self, point: Point) -> None:
        if not (self.editor and perms.may_edit_point(self.membership, point)):
            raise PermissionDenied


@dataclass
class Spot:
    """A point in front of one reader; of a pairwise one, between their firm and ``other``."""

    opened: Opened
    point: Point
    other: Party | None

    @property
    def sheet(self) -> Sheet:
        """Where the point stands. ``KeyError``: the other firm does not take part any more."""
        if self.other is None:
            return self.opened.sheet
        return self.opened.sheet.between(str(self.opened.partner.pk), self.other.key)

    @property
    def is_there(self) -> bool:
        """The point is still asked, and the other firm still takes part."""
        parties = {party.key for party in self.opened.sheet.parties}
        asked = points.is_visible(self.opened.sheet, self.point)
        return asked and (self.other is None or self.other.key in parties)

    @property
    def acting(self) -> dict[str, Any]:
        """What a verb on a point wants to know."""
        other = None if self.other is None else Partner.objects.get(pk=self.other.key)
        return {"partner": self.opened.partner, "other": other}

    @property
    def query(self) -> str:
        return self.opened.desk().query(self.other)

    def card(self, **more: Any) -> Card:
        return self.opened.desk().card(self.point, self.other, **more)


def act_in(request: PortalRequest, project_id: UUID) -> None:
    """Let a person of several firms act for the one that takes part in this project."""
    if len(request.memberships) > 1:
        places = Participation.objects.accepted().filter(project=project_id)
        act_for(request, set(places.values_list("partner", flat=True)))


def act_for_party(request: PortalRequest, version: AgreementVersion) -> None:
    """The same for a party of a version: it stays one when it has left the project."""
    if len(request.memberships) > 1:
        act_for(request, set(version.slots.values_list("partner", flat=True)))


def open_agreement(request: PortalRequest, pk: UUID) -> Opened:
    """The agreement with all its points, or 404 for whoever may not know that it exists."""
    agreements = Agreement.objects.visible_to(request.user).annotate(was_fixed=WAS_FIXED)
    agreement = get_object_or_404(agreements.select_related("project", "blind_round"), pk=pk)
    act_in(request, agreement.project_id)
    standing.bring_up_to_date([agreement], standing.today())
    if first_rounds.is_open(agreement):
        raise FirstRoundIsOpen(agreement)
    membership = request.membership or None  # a lazy object otherwise, also when it holds nothing
    show = request.GET.get("show", "all")
    own = None if membership is None else str(membership.partner_id)
    return Opened(
        agreement=agreement,
        sheet=sheets.load(agreement).seen_by(own),
        membership=membership,
        show=show if show in SHOW else "all",
        editor=perms.can_edit_points(membership, agreement),
        was_fixed=agreement.was_fixed,  # type: ignore[attr-defined]
        assumed=association_forms.assumed(request.GET),
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


def spot_of(request: PortalRequest, opened: Opened, key: str) -> Spot:
    """The point, for a pairwise one with the firm that ``mit`` names; 404 for any other firm.

    A form has to name it: between its page and its arrival the firms may have changed, and what
    was meant for one must not reach another.
    """
    point = point_of(opened, key)
    if not point.pairwise or opened.membership is None:
        return Spot(opened, point, None)
    others = [other for other, _pair in opened.sheet.pairs_of(str(opened.partner.pk))]
    named = request.GET.get("mit")
    if named is None and request.method == "GET" and len(others) == 1:
        return Spot(opened, point, others[0])
    for other in others:
        if other.key == named:
            return Spot(opened, point, other)
    raise Http404
