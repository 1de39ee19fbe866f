"""The course of a negotiation: every answer a point ever had, beside the one it has now."""

from collections.abc import Iterable

from cooperation.models import Answer, Proposal


def keep(answers: Iterable[Answer]) -> None:
    """Remember answers that were just written, in the transaction that wrote them."""
    Proposal.objects.bulk_create(
        Proposal(
            agreement_id=answer.agreement_id,
            point_key=answer.point_key,
            partner_id=answer.partner_id,
            pair_id=answer.pair_id,
            value=answer.value,
            note=answer.note,
            origin=answer.origin,
            source=answer.source,
            by_id=answer.updated_by_id,
            by_partner_id=answer.updated_by_partner_id,
            at=answer.updated_at,
        )
        for answer in answers
    )
