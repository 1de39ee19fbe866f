"""The texts that a draft is compared with: two queries, however many points and firms."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from cooperation import frozen
from cooperation.before import Earlier
from cooperation.models import AgreementAnnex, AgreementVersion, Amendment, Pair
from cooperation.points import PairKey
from partners.models import Partner

State = AgreementVersion.State
CLOSED = (State.DECLINED, State.WITHDRAWN, State.EXPIRED)  # fixed, and not signed by all


@dataclass(frozen=True, slots=True)
class Previous:
    """What was fixed before a draft; nothing of it for a firm that was no party then."""

    base: AgreementVersion | None = None  # in force, while the draft is a change of it
    last: AgreementVersion | None = None  # of a signing round that failed since
    texts: tuple[Earlier, ...] = ()  # of both, in this order

    @property
    def depth(self) -> str:
        """How much the version in force asks; empty where the reader's firm did not sign it."""
        return next((each.depth for each in self.texts if each.is_in_force), "")

    @property
    def refused(self) -> AgreementVersion | None:
        """The last version, if a firm declined to sign it."""
        return self.last if self.last and self.last.state == State.DECLINED else None

    @classmethod
    def of(
        cls,
        versions: QuerySet[AgreementVersion],
        partner: Partner,
    ) -> Self:
        """``versions``: those that ``partner`` may read."""
        newest = versions.order_by().values("agreement").annotate(last=Max("number")).values("last")
        # Not the round of a change that was dropped: nobody goes on from there.
        goes_on = Q(amendment=None) | Q(amendment__state=Amendment.State.OPEN)
        failed = Q(state__in=CLOSED, number__in=newest) & goes_on
        wanted = versions.filter(Q(state=State.IN_FORCE) | failed)
        rows = list(wanted.select_related("closed_by", "closed_by_partner").order_by("number"))
        base = next((row for row in rows if row.state == State.IN_FORCE), None)
        last = next((row for row in rows if row.state != State.IN_FORCE), None)
        contents = {row.pk: frozen.content(row.payload) for row in rows}
        annexes: dict[UUID, dict[PairKey, dict[str, Any]]] = {pk: {} for pk in contents}
        with_annexes = [pk for pk, content in contents.items() if content.get("annexes")]
        if with_annexes:
            own = AgreementAnnex.objects.filter(pair__in=Pair.objects.of(partner))
            for annex in own.filter(version__in=with_annexes).select_related("pair"):
                key = (str(annex.pair.first_id), str(annex.pair.second_id))
                annexes[annex.version_id][key] = frozen.content(annex.payload)
        return cls(
            base=base,
            last=last,
            texts=tuple(
                Earlier(
                    number=row.number,
                    content=contents[row.pk],
                    annexes=annexes[row.pk],
                    is_in_force=row is base,
                )
                for row in (base, last)
                if row is not None
            ),
        )
