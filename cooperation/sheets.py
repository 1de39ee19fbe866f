"""From the tables to ``points.Sheet``: one agreement or many, in the same few queries."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, Q

from cooperation import rule_books
from cooperation.book import Party
from cooperation.models import Agreement, Answer, Confirmation, Participation, TalkRequest
from cooperation.points import Confirmed, Given, Sheet, Signers, Talk
from partners.models import Membership


def load(agreement: Agreement) -> Sheet:
    """The sheet of one agreement: five queries, however many points and firms."""
    return load_many([agreement])[agreement.pk]


def load_many(agreements: Iterable[Agreement]) -> dict[UUID, Sheet]:
    """Sheets by agreement id: five queries for all of them together."""
    rows = list(agreements)
    ids = [agreement.pk for agreement in rows]
    answers: dict[UUID, dict[tuple[str, str | None], Given]] = defaultdict(dict)
    for answer in Answer.objects.filter(agreement__in=ids).select_related("updated_by"):
        owner = None if answer.partner_id is None else str(answer.partner_id)
        answers[answer.agreement_id][answer.point_key, owner] = Given(
            value=answer.value,
            note=answer.note,
            origin=answer.origin,
            revision=answer.revision,
            by=answer.updated_by.name,
            party=str(answer.updated_by_partner_id),
            at=answer.updated_at,
        )
    confirmations: dict[UUID, dict[str, list[Confirmed]]] = defaultdict(lambda: defaultdict(list))
    confirmed = Confirmation.objects.filter(agreement__in=ids).select_related("by")
    for row in confirmed.order_by("at", "pk"):
        confirmations[row.agreement_id][row.point_key].append(
            Confirmed(str(row.partner_id), row.by.name, row.at)
        )
    talks: dict[UUID, dict[str, list[Talk]]] = defaultdict(lambda: defaultdict(list))
    asked = TalkRequest.objects.filter(agreement__in=ids, resolved_at=None).select_related("by")
    for talk in asked:
        talks[talk.agreement_id][talk.point_key].append(
            Talk(talk.pk, str(talk.partner_id), talk.by.name, talk.comment, talk.at)
        )
    parties, invited, signers = _parties({agreement.project_id for agreement in rows})
    return {
        agreement.pk: Sheet(
            book=rule_books.by_id(agreement.rule_book_id),
            parties=tuple(parties[agreement.project_id]),
            answers=answers[agreement.pk],
            confirmations={k: tuple(v) for k, v in confirmations[agreement.pk].items()},
            talks={key: tuple(value) for key, value in talks[agreement.pk].items()},
            fast_track=agreement.fast_track,
            invited=tuple(invited[agreement.project_id]),
            signers=signers,
        )
        for agreement in rows
    }


def _parties(
    projects: set[UUID],
) -> tuple[dict[UUID, list[Party]], dict[UUID, list[str]], dict[str, Signers]]:
    """Firms that take part and names of firms still invited, by project; and who may sign."""
    places = Participation.objects.filter(
        Q(state=Participation.State.ACCEPTED) | Q(state=Participation.State.INVITED),
        project__in=projects,
    ).select_related("partner")
    parties: dict[UUID, list[Party]] = defaultdict(list)
    invited: dict[UUID, list[str]] = defaultdict(list)
    needed: dict[UUID, int] = {}
    for place in places:
        if place.state == Participation.State.ACCEPTED:
            parties[place.project_id].append(Party(str(place.partner_id), place.partner.name))
            needed[place.partner_id] = place.partner.signatures_needed
        else:
            invited[place.project_id].append(place.partner.name)
    may_sign = Membership.objects.active().filter(may_sign=True, partner__in=needed)
    counts = dict(may_sign.order_by().values_list("partner").annotate(Count("pk")))
    signers = {
        str(partner): Signers(needed=count, available=counts.get(partner, 0))
        for partner, count in needed.items()
    }
    return parties, invited, signers
