"""What was sealed by earlier versions stays valid, however old it gets. See kept/README.md."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from documents import examining, offline
from documents.examining import SealState

KEPT = Path(__file__).with_name("kept")
SEALED_AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHILE_VALID = datetime(2027, 1, 1, tzinfo=UTC)
LATER = datetime(2060, 1, 1, tzinfo=UTC)


def roots(name: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates((KEPT / name).read_bytes())


@pytest.mark.parametrize(
    ("name", "level", "recorded_at"),
    [("2026-11-basic.pdf", "B-B", SEALED_AT), ("2026-11-timestamp.pdf", "B-T", None)],
)
def test_a_kept_document_stays_genuine(name: str, level: str, recorded_at: datetime | None) -> None:
    trust: dict[str, Any] = {
        "trust": roots("2026-11-root.pem"),
        "timestamp_trust": roots("2026-11-timestamps.pem"),
    }
    pdf = (KEPT / name).read_bytes()

    for now in (WHILE_VALID, LATER):
        found = examining.examine(pdf, **trust, recorded_at=recorded_at, now=now)
        assert (found.seal, found.faults, found.level) == (SealState.VALID, (), level)
    assert found.identifier == "0123456789abcdef0123456789abcdef"
    assert not examining.examine(pdf + b"\n", **trust, now=WHILE_VALID).is_genuine


def test_to_days_script_checks_a_kept_document(tmp_path: Path) -> None:
    script = tmp_path / "pruefen-verify.txt"
    script.write_bytes(offline.instructions())
    command = [sys.executable, "-I", "-S", str(script), str(KEPT / "2026-11-timestamp.pdf")]
    command += ["--trust", str(KEPT / "2026-11-root.pem")]
    command += ["--timestamp-trust", str(KEPT / "2026-11-timestamps.pem")]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
