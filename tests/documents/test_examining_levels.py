"""What the portal itself seals, with a real timestamp service and real revocation data."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from documents import checking, examining, seal_keys, sealing
from tests.documents import tampering as done
from tests.documents.authority import Authority, authority

__all__ = ["authority"]


def test_a_timestamp_is_seen(authority: Authority) -> None:
    pdf = sealing.seal(done.document()).content

    found = examining.examine(
        pdf, trust=seal_keys.trusted(), timestamp_trust=checking.timestamp_trust()
    )
    assert (found.seal.value, found.faults, found.level) == ("valid", (), "B-T")


@pytest.mark.django_db
def test_revocation_data_are_seen(authority: Authority, settings: object, tmp_path: Path) -> None:
    folder = tmp_path / "bought"
    authority.issue_seal(folder, ec.generate_private_key(ec.SECP256R1()))
    settings.SEAL_REVOCATION = "embed"  # type: ignore[attr-defined]
    settings.SEAL_KEY_FILE = str(folder / "key.pem")  # type: ignore[attr-defined]
    settings.SEAL_CERTIFICATE_FILE = str(folder / "certificate.pem")  # type: ignore[attr-defined]
    settings.SEAL_TRUST_DIR = str(folder / "trusted")  # type: ignore[attr-defined]
    pdf = sealing.seal(done.document()).content

    verdict = checking.check_file(pdf)

    assert verdict.examination is not None
    assert verdict.faults == ()
    assert (verdict.outcome.value, verdict.examination.level) == ("seal_only", "B-LT")
