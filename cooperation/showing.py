"""Proof that a text was shown to the person who signs it, and when, without writing it on a GET.

The page of a version carries a mark that the portal signed: this person of this firm, this version,
this hash, this instant. Only whoever opened the page has it, and it comes back with the signature.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing as django_signing
from django.utils import timezone

from cooperation.models import AgreementVersion
from partners.models import Partner, User

SALT = "cooperation.showing"
LONGEST = timedelta(days=1)  # who read it yesterday morning is asked to look at it again


class NotShown(Exception):
    """The text was not shown to this person, or too long ago."""


@dataclass(frozen=True, slots=True)
class _Shown:
    version: str
    sha256: str
    user: str
    firm: str
    at: int  # microseconds since 1970


def mark(version: AgreementVersion, user: User, firm: Partner) -> str:
    """The mark for the form on the page that shows ``version`` to ``user`` of ``firm`` now.

    Who is in two firms reads each one's sentence and annexes, and signs for that one.
    """
    at = int(timezone.now().timestamp() * 1_000_000)
    content = [str(version.pk), version.sha256, str(user.pk), str(firm.pk), at]
    return django_signing.dumps(content, salt=SALT)


def shown_at(mark: str, version: AgreementVersion, user: User, firm: Partner) -> datetime:
    """When ``version`` was shown to ``user`` of ``firm``; raises ``NotShown``."""
    try:
        found = _Shown(*django_signing.loads(mark, salt=SALT))
    except (django_signing.BadSignature, TypeError) as error:
        raise NotShown from error
    if (found.version, found.sha256, found.user, found.firm) != (
        str(version.pk),
        version.sha256,
        str(user.pk),
        str(firm.pk),
    ):
        raise NotShown
    at = datetime.fromtimestamp(found.at / 1_000_000, UTC)
    if not at <= timezone.now() <= at + LONGEST:
        raise NotShown
    return at
