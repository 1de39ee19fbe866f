import json as written
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations

from documents import checking, examining, seal_keys
from documents.checking import Outcome, Verdict
from documents.examining import Examination

SENTENCES = {
    Outcome.MATCH: "genuine: an original of this portal, unchanged",
    Outcome.SUPERSEDED: "genuine: an original of this portal, but a later one took its place",
    Outcome.SEAL_ONLY: "unchanged under the portal's seal; no record of it here",
    Outcome.CHANGED: "NOT GENUINE: not as the portal sealed it",
    Outcome.FOREIGN: "NOT GENUINE: sealed by somebody else",
    Outcome.EXPIRED: "NOT GENUINE: not provably sealed while the certificate was valid",
    Outcome.TIME: "NOT GENUINE: a time in the seal cannot be",
    Outcome.NO_SEAL: "NOT GENUINE: a PDF without a seal",
    Outcome.UNREADABLE: "NOT GENUINE: cannot be examined",
}


class Command(BaseCommand):
    help = (
        "Check PDFs: does the portal's seal hold, and is the file on record? "
        "Ends with 0 only if all of them are genuine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--offline", action="store_true", help="judge by the file alone, without the database"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object per file")

    @no_translations  # the command line speaks English throughout
    def handle(self, *, files: list[Path], offline: bool, json: bool, **options: object) -> None:
        bad = 0
        for path in files:
            try:
                data = examining.read(path)
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            verdict = _by_itself(data) if offline else checking.check_file(data)
            bad += not verdict.is_genuine
            for line in _as_json(path, verdict) if json else _as_text(path, verdict):
                self.stdout.write(line)
        if bad:
            raise CommandError(f"{bad} of {len(files)} files not genuine.")


def _by_itself(data: bytes) -> Verdict:
    examination = examining.examine(
        data, trust=seal_keys.trusted(), timestamp_trust=checking.timestamp_trust()
    )
    return Verdict(checking.OUTCOMES[examination.seal], examination=examination)


def _as_text(path: Path, verdict: Verdict) -> list[str]:
    lines = [f"{path}: {SENTENCES[verdict.outcome]}"]
    lines += [f"  {fault}: {fault.sentence}" for fault in verdict.faults]
    examination = verdict.examination
    own = examination.differences if examination else ()
    names = [each.name for each in (*own, *verdict.differences) if each.name]
    lines += [f"  attached file: {name!r}" for name in dict.fromkeys(names)]
    if examination and examination.sealed_at:
        lines.append(f"  sealed {examination.sealed_at:%Y-%m-%d %H:%M:%S} UTC, as the seal says")
    if examination and examination.timestamp_at:
        trusted = "trusted" if examination.timestamp_is_trusted else "not proven"
        lines.append(f"  timestamp {examination.timestamp_at:%Y-%m-%d %H:%M:%S} UTC, {trusted}")
    if examination and examination.certificate_sha256:
        lines.append(f"  certificate {examination.certificate_sha256}")
    return lines


def _as_json(path: Path, verdict: Verdict) -> list[str]:
    content: dict[str, Any] = {
        "file": str(path),
        "genuine": verdict.is_genuine,
        "outcome": verdict.outcome.value,
        "faults": [fault.value for fault in verdict.faults],
        **(_facts(verdict.examination) if verdict.examination else {}),
    }
    return [written.dumps(content, ensure_ascii=False)]


def _facts(examination: Examination) -> dict[str, Any]:
    return {
        "seal": examination.seal.value,
        "level": examination.level,
        "sealed_at": examination.sealed_at.isoformat() if examination.sealed_at else None,
        "timestamp_at": examination.timestamp_at.isoformat() if examination.timestamp_at else None,
        "timestamp_is_trusted": examination.timestamp_is_trusted,
        "certificate_sha256": examination.certificate_sha256,
        "identifier": examination.identifier,
    }
