"""What two firms of a version settle between them: bytes of their own, which only they can read.

The common text holds the SHA-256 of each annex, so every firm signs all of them unseen. Each begins
with 32 random bytes: without these, somebody could try out fees until a hash fits.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import rfc8785

from cooperation import differences, frozen, pairs, points
from cooperation.models import Agreement, AgreementAnnex, AgreementVersion, Amendment, Pair
from cooperation.points import PairKey, Sheet
from partners.models import Partner

FORMAT = "handschlag-annex/1"


def payloads(
    agreement: Agreement, sheet: Sheet, *, number: int, at: datetime, amendment: Amendment | None
) -> dict[PairKey, bytes]:
    """The annex of every pair, if any point is settled in pairs at all.

    A pair without an answer has one, too: that there is one tells nobody anything.
    """
    asked = [point for point in points.visible_points(sheet) if point.pairwise]
    if not asked:
        return {}
    before = {} if amendment is None else _by_pair(amendment.base.annexes.select_related("pair"))
    found = {}
    for key, pair in sheet.pairs.items():
        content: dict[str, Any] = {
            "format": FORMAT,
            "agreement": str(agreement.pk),
            "version": number,
            "frozen_at": frozen.instant(at),
            "salt": secrets.token_hex(32),
            "parties": [{"id": party.key, "name": party.name} for party in pair.parties],
            "deviations": [deviation.point.key for deviation in differences.from_default(pair)],
            "points": [
                frozen.point_text(pair, point) | {"rule": sheet.book.rule(point.rule).number}
                for point in asked
            ],
        }
        if key in before:
            content["changes"] = frozen.changes(_as_rules(before[key]), _as_rules(content))
        found[key] = rfc8785.dumps(content)
    return found


def _by_pair(rows: Iterable[AgreementAnnex]) -> dict[PairKey, dict[str, Any]]:
    return {
        (str(row.pair.first_id), str(row.pair.second_id)): frozen.content(row.payload)
        for row in rows
    }


def _as_rules(annex: dict[str, Any]) -> dict[str, Any]:
    """In the shape of a whole text, for comparing."""
    by_rule: dict[int, list[dict[str, Any]]] = {}
    for point in annex["points"]:
        by_rule.setdefault(point["rule"], []).append(point)
    rules = [{"number": number, "points": found} for number, found in by_rule.items()]
    return {"parties": annex["parties"], "rules": rules}


def store(version: AgreementVersion, found: dict[PairKey, bytes]) -> None:
    """Keep the bytes beside the version whose text names their hashes."""
    AgreementAnnex.objects.bulk_create(
        AgreementAnnex(
            version=version,
            pair=pairs.row(version.agreement, key),
            payload=payload,
            sha256=frozen.sha256(payload),
        )
        for key, payload in found.items()
    )


def hold(version: AgreementVersion) -> bool:
    """Whether the stored annexes are the ones whose hashes the text names, no more and no fewer."""
    rows = version.annexes.select_related("pair")
    stored = {
        (str(row.pair.first_id), str(row.pair.second_id), frozen.sha256(bytes(row.payload)))
        for row in rows
    }
    named = {
        (*annex["parties"], annex["sha256"])
        for annex in frozen.content(version.payload).get("annexes", [])
    }
    return stored == named


def known_to(version: AgreementVersion, partner: Partner) -> dict[PairKey, dict[str, Any]]:
    """The annexes that ``partner`` is one of, as data; for ``reading.read``."""
    rows = version.annexes.filter(pair__in=Pair.objects.of(partner)).select_related("pair")
    return _by_pair(rows)


def known_to_all(version: AgreementVersion) -> dict[PairKey, dict[str, Any]]:
    """The annexes that every party may read: the one between two firms, and none among more."""
    if version.slots.count() > 2:
        return {}
    return _by_pair(version.annexes.select_related("pair"))
