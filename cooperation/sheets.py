"""From the tables to ``points.Sheet``: one agreement or many, in the same few queries."""

from collections import ChainMap, defaultdict
from collections.abc import Iterable
from itertools import combinations
from uuid import UUID

from django.db.models import Count, Q

from cooperation import rule_books
from cooperation.book import Party
from cooperation.models import Agreement, Answer, Confirmation, Participation, TalkRequest
from cooperation.points import Confirmed, Given, PairKey, Sheet, Signers, Talk
from partners.models import Membership

Place = PairKey | None  # where an answer stands: between two firms, or for all of them


def load(agreement: Agreement) -> Sheet:
    """The sheet of one agreement: five queries, however many points and firms.

    It holds what every pair settles; ``Sheet.seen_by`` leaves out what a reader may not know.
    """
    return load_many([agreement])[agreement.pk]


def load_many(agreements: Iterable[Agreement]) -> dict[UUID, Sheet]:
    """Sheets by agreement id: five queries for all of them together."""
    rows = list(agreements)
    ids = [row.pk for row in rows]
    # Rows as tuples: a full checklist has hundreds of them, and every verb reads them all.
    answers: dict[tuple[UUID, Place], dict[tuple[str, str | None], Given]] = defaultdict(dict)
    given = Answer.objects.filter(agreement__in=ids).values_list(
        "agreement",
        "point_key",
        "partner",
        "value",
        "note",
        "origin",
        "revision",
        "updated_by__name",
        "updated_by_partner",
        "updated_at",
        "source",
        "pair__first",
        "pair__second",
    )
    for agreement, key, partner, value, note, origin, revision, *more in given:
        by, firm, at, source, one, other = more
        answers[agreement, _place(one, other)][key, _key(partner)] = Given(
            value, note, origin, revision, by, str(firm), at, source
        )
    confirmations: dict[tuple[UUID, Place], dict[str, list[Confirmed]]] = defaultdict(
        lambda: defaultdict(list)
    )
    confirmed = Confirmation.objects.filter(agreement__in=ids).order_by("at", "pk")
    for agreement, key, partner, by, at, one, other in confirmed.values_list(
        "agreement", "point_key", "partner", "by__name", "at", "pair__first", "pair__second"
    ):
        confirmations[agreement, _place(one, other)][key].append(Confirmed(str(partner), by, at))
    talks: dict[tuple[UUID, Place], dict[str, list[Talk]]] = defaultdict(lambda: defaultdict(list))
    asked = TalkRequest.objects.filter(agreement__in=ids, resolved_at=None)
    for talk in asked.select_related("by", "pair"):
        pair = talk.pair
        place = _place(pair.first_id, pair.second_id) if pair else None
        talks[talk.agreement_id, place][talk.point_key].append(
            Talk(talk.pk, str(talk.partner_id), talk.by.name, talk.comment, talk.at)
        )
    parties, invited, signers = _parties({row.project_id for row in rows})

    def sheet(row: Agreement, place: Place, members: tuple[Party, ...]) -> Sheet:
        here, common = answers[row.pk, place], answers[row.pk, None]
        book = rule_books.by_id(row.rule_book_id)
        has_pairs = place is None and any(point.pairwise for point in book.points.values())
        return Sheet(
            book=book,
            parties=members,
            answers=here if place is None else ChainMap(here, common),
            confirmations={k: tuple(each) for k, each in confirmations[row.pk, place].items()},
            talks={k: tuple(each) for k, each in talks[row.pk, place].items()},
            fast_track=row.fast_track,
            invited=tuple(invited[row.project_id]),
            signers=signers,
            depth=row.depth,
            pairs={
                (one.key, other.key): sheet(row, (one.key, other.key), (one, other))
                for one, other in combinations(members if has_pairs else (), 2)
            },
            pair=place,
        )

    return {row.pk: sheet(row, None, tuple(parties[row.project_id])) for row in rows}


def _place(one: UUID | None, other: UUID | None) -> Place:
    return None if one is None or other is None else (str(one), str(other))


def _key(partner: UUID | None) -> str | None:
    return None if partner is None else str(partner)


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
