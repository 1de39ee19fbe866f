"""What the operator has to know about the seal, before documents wait for it.

Told by ``manage.py check --deploy``, by ``manage.py check_seal``, and by mail to ``ADMINS``.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.core import checks, mail
from django.utils import timezone

from documents import seal_keys
from documents.seal_keys import Certificate

EARLY = timedelta(days=60)  # before the certificate ends: time to order one, and for holidays
MONDAY = 0


class Weight(enum.Enum):
    NOTE = "note"  # is as it is, and may be right so
    WARNING = "warning"  # to be done soon
    ERROR = "error"  # nothing can be sealed, or what is sealed would not be believed


@dataclass(frozen=True, slots=True)
class Finding:
    weight: Weight
    text: str
    number: int  # of the message of Django's system checks


def findings(now: datetime) -> list[Finding]:
    """All that is to be said about key, certificate and settings, without asking any service."""
    found: list[Finding] = []

    def say(weight: Weight, number: int, text: str) -> None:
        found.append(Finding(weight, text, number))

    try:
        certificate = seal_keys.configured()
    except seal_keys.Unusable as error:
        say(Weight.ERROR, 1, str(error))
        return found
    try:
        seal_keys.load()
    except seal_keys.Unreadable as error:
        say(
            Weight.NOTE,
            2,
            f"{error} This process can say nothing about the key. That is right for a web process, "
            "wrong for a worker: ask again as the workers' user.",
        )
    except seal_keys.Unusable as error:
        say(Weight.ERROR, 3, str(error))
    left = certificate.not_after - now
    if timedelta(0) <= left < EARLY:
        say(
            Weight.WARNING,
            4,
            f"The seal's certificate ends on {certificate.not_after:%Y-%m-%d}, in {left.days} days."
            " After that day nothing is sealed. See docs/seal.md, Rotation.",
        )
    if not is_trusted(certificate, seal_keys.trusted()):
        say(
            Weight.ERROR,
            5,
            f"No root of the seal's certificate is in {settings.SEAL_TRUST_DIR}: the check page "
            "would call what is sealed now the work of a stranger.",
        )
    for text in _wrong_settings():
        say(Weight.ERROR, 6, text)
    return found


def _wrong_settings() -> list[str]:
    wrong = []
    if settings.SEAL_REVOCATION not in ("", "embed"):
        wrong.append('SEAL_REVOCATION must be "embed" or empty.')
    if settings.SEAL_REVOCATION and not settings.TIMESTAMP_URL:
        wrong.append("SEAL_REVOCATION needs a TIMESTAMP_URL: without a time it proves nothing.")
    if settings.TIMESTAMP_URL:
        from documents import timestamps  # noqa: PLC0415 -- pyHanko, which few processes need
        from documents.sealing import NoTimestamp  # noqa: PLC0415

        try:
            timestamps.trusted()
        except NoTimestamp as error:
            wrong.append(str(error))
    return wrong


def is_trusted(certificate: Certificate, roots: Sequence[x509.Certificate]) -> bool:
    """Whether the certificate's chain ends at one of ``roots``."""
    last, *others = x509.load_pem_x509_certificates(certificate.chain.encode())
    for _step in range(len(others) + 1):
        if last in roots or any(_issued(last, by=root) for root in roots):
            return True
        issuer = next((each for each in others if _issued(last, by=each)), None)
        if issuer is None or issuer == last:
            return False
        last = issuer
    return False


def _issued(certificate: x509.Certificate, *, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def check_seal(**_: Any) -> list[checks.CheckMessage]:
    """Django's system check, with ``--deploy``. Outside production a missing seal is no fault."""
    levels = {Weight.NOTE: checks.INFO, Weight.WARNING: checks.WARNING, Weight.ERROR: checks.ERROR}
    messages = []
    for finding in findings(timezone.now()):
        level = levels[finding.weight]
        if level == checks.ERROR and not settings.PRODUCTION:
            level = checks.INFO
        messages.append(checks.CheckMessage(level, finding.text, id=f"seal.{finding.number:03}"))
    return messages


def warn(now: datetime) -> bool:
    """Mail to ``ADMINS`` what has to be done; True if there was something to be told today.

    What only has to be done in time is told on Mondays: no memory is needed for that, so none can
    be lost, and nobody is told twice. What keeps documents waiting is told each day.
    """
    due = [finding for finding in findings(now) if finding.weight is not Weight.NOTE]
    blocking = any(finding.weight is Weight.ERROR for finding in due)
    if not due or not (blocking or now.weekday() == MONDAY):
        return False
    text = "\n\n".join(finding.text for finding in due)
    subject = "No document can be sealed" if blocking else "The portal's seal ends soon"
    mail.mail_admins(subject, f"{text}\n\nbin/manage check_seal tells more.\n{settings.BASE_URL}\n")
    return True
