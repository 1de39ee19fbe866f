"""Writing beside a point: for the own firm, or for all who settle it. And asking somebody."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperation import blind, notices, pairs, sheets
from cooperation.agreements import NotPossible, lock, require_party
from cooperation.kinds.base import NOTE_LIMIT, Problems
from cooperation.kinds.base import text as clean_text
from cooperation.models import Comment, Pair, Participation
from partners.models import Membership, Partner, User
from support.pressing import AGAIN

Audience = Comment.Audience


def readers(
    agreement_project: UUID, partner: Partner, *, audience: str, pair: Pair | None
) -> list[Membership]:
    """Everybody who may read a comment of ``partner`` with this audience, ordered by firm and name.

    They are who can be mentioned: nobody is asked about something they cannot see.
    """
    if audience == Audience.INTERNAL:
        firms = {partner.pk}
    elif pair is not None:
        firms = {pair.first_id, pair.second_id}
    else:
        places = Participation.objects.accepted().filter(project=agreement_project)
        firms = set(places.values_list("partner", flat=True))
    members = Membership.objects.active().filter(partner__in=firms)
    return list(members.select_related("user", "partner").order_by("partner__name", "user__name"))


@transaction.atomic
def write(
    agreement_id: UUID,
    point_key: str,
    text: str,
    *,
    by: User,
    partner: Partner,
    audience: str = Audience.SHARED,
    mentions: Iterable[UUID] = (),
    other: Partner | None = None,
) -> Comment:
    """Add a comment; whoever is mentioned is told by mail that somebody asks, not what.

    The same words to the same people twice within two minutes are one comment, unless it was taken
    back in between. ``other``: the other firm of a pairwise point. Raises ``InvalidAnswer`` (fields
    ``comment``, ``mentions``), ``NotPossible``, and ``KeyError`` for a point the rule book does not
    have.
    """
    agreement = lock(agreement_id)
    require_party(agreement, partner)
    if agreement.is_closed:
        raise NotPossible(_("This agreement has ended, so nothing is added any more."))
    blind.require_no_round(agreement)
    sheet = sheets.load(agreement)
    point = sheet.book.point(point_key)
    pair = None
    if point.pairwise:
        pair = pairs.row(agreement, pairs.other_firm(sheet, partner, other))
    problems = Problems()
    required = _("Please write something.")
    cleaned = clean_text(text, "comment", problems, limit=NOTE_LIMIT, lines=True, required=required)
    if audience not in Audience.values:
        problems.add("audience", _("Please say who may read this."))
        problems.raise_if_any()
    possible = readers(agreement.project_id, partner, audience=audience, pair=pair)
    wanted = set(mentions)
    asked = {each.user_id: each for each in possible if each.user_id in wanted}
    if len(asked) < len(wanted):
        problems.add("mentions", _("Somebody you mention could not read this comment."))
    problems.raise_if_any()
    said: dict[str, Any] = {
        "agreement": agreement,
        "point_key": point.key,
        "pair": pair,
        "audience": audience,
        "partner": partner,
        "by": by,
        "text": cleaned,
    }
    lately = Comment.objects.filter(**said, removed_at=None, at__gt=timezone.now() - AGAIN)
    for same in lately.prefetch_related("mentions"):
        if {person.pk for person in same.mentions.all()} == asked.keys():
            return same
    comment = Comment.objects.create(**said)
    comment.mentions.set([member.user for member in asked.values()])
    notices.tell(
        agreement,
        "mention",
        [member for user, member in asked.items() if user != by.pk],
        key=str(comment.pk),
        path=thread_path(comment),
        person=by.name,
        firm=partner.name,
        point=point.number,
    )
    return comment


def thread_path(comment: Comment) -> str:
    """Where the comment is read. A firm's own view of a pair is found by the page itself."""
    return reverse("cooperation:point_thread", args=[comment.agreement_id, comment.point_key])


@transaction.atomic
def remove(comment_id: UUID, *, by: User, partner: Partner) -> Comment:
    """Take an own comment back: its text is gone, that there was one stays. Again: nothing."""
    comment = Comment.objects.select_for_update().get(pk=comment_id)
    if comment.by_id != by.pk or comment.partner_id != partner.pk:
        raise NotPossible(_("Only who wrote a comment can take it back."))
    if comment.removed_at is None:
        comment.removed_at = timezone.now()
        comment.save(update_fields=["removed_at"])
        notices.drop(comment.agreement, "mention", key=str(comment.pk))
    return comment
