"""A stored score as a file: what its report shows, as data and with the exact numbers."""

from typing import Any

import rfc8785

from scoring.models import DesignationReport, Score
from support import trails

FORMAT = "handschlag-score/1"


def score_json(score: Score) -> bytes:
    """Canonical JSON (RFC 8785), the same bytes each time: a score is never rewritten.

    Points are exact texts, ``14.9925`` or ``1/3``; months ``2025-02``; instants in UTC. The firm
    stands with its id, since its name may change.
    """
    return rfc8785.dumps(_data(score))


def report_json(report: DesignationReport) -> bytes:
    """The score as ``score_json`` has it and, under ``report``, what was fixed with the order.

    A report from before there was anything to fix has the score alone, as it always had.
    """
    if not report.snapshot:
        return score_json(report.score)
    fixed = {"language": report.language, "length": report.length, **report.snapshot}
    return rfc8785.dumps(_data(report.score) | {"report": fixed})


def _data(score: Score) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "id": str(score.pk),
        "firm": str(score.partner_id),
        "rule_set": score.rule_set,
        "as_of": score.as_of.isoformat(),
        "last_month": score.last_month_label,
        "comparison_month": score.comparison_month_label,
        "data_imported_at": trails.instant(score.data_imported_at)
        if score.data_imported_at
        else None,
        "designated": score.designated,
        "track": score.track,
        "result": score.result,
        "notes": score.cautions,
        "imports": [str(pk) for pk in score.import_ids],
        "corrections": [str(pk) for pk in score.correction_ids],
        "ledger": {"id": str(score.ledger_id), "revision": score.revision},
        "computed_at": trails.instant(score.computed_at),
    }
