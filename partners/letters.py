"""Sends letters: a row in the verb's transaction, a mail after it.

The row decides. Whoever sends claims it by one conditional UPDATE and has it until the lease runs
out, so two workers send one mail, and a killed worker's mail is sent by the next sweep. A mail
server that is away ends the round: the letters wait, each a little longer after each failure, for
about three days.

A room has a table of its own (``letter_models.Letter``), its own words, and decides who is told.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID, uuid4

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from partners.letter_models import Letter
from partners.models import Membership, User
from partners.plain import one_line

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
LONGEST_WAIT = 15  # minutes between two tries
ATTEMPTS = 300  # about three days
SECONDS = 120  # of one round, far below Celery's limit: the next sweep goes on
LONGEST_FACT = 120  # characters of a name in a mail
LONGEST_PATH = 300
LONGEST_KEY = 200

State = Letter.State
L = TypeVar("L", bound=Letter)


@dataclass(frozen=True, slots=True)
class Round:
    """What became of the letters of one round."""

    sent: int = 0
    dropped: int = 0
    failed: int = 0  # to be tried again, or given up


# ---- Writing -------------------------------------------------------------------------------------


def check_path(path: str) -> None:
    """Raises ``ValueError`` unless ``path`` is a page of the portal, as ``reverse`` gives it."""
    if not path.startswith("/") or path.startswith("//") or len(path) > LONGEST_PATH:
        raise ValueError(f"not a page of the portal: {path!r}")


def addressed(
    model: type[L],
    to: Membership | User,
    *,
    kind: str,
    key: str,
    data: Mapping[str, str | int],
    path: str,
) -> L:
    """A letter, not stored yet. ``key`` is completed by the person, and then written once for ever.

    A ``Membership`` is told as long as it lasts, a ``User`` as long as the account is open. Raises
    ``ValueError`` for a key that is too long.
    """
    user, partner = (to.user, to.partner) if isinstance(to, Membership) else (to, None)
    whole = f"{key}{user.pk}"
    if len(whole) > LONGEST_KEY:
        raise ValueError(f"the key is too long: {key}")
    return model(key=whole, kind=kind, person=user, partner=partner, data=data, path=path)


def plain(fact: str | int) -> str | int:
    """A name as it may stand in a header and in a text that readers turn into links."""
    if isinstance(fact, int):
        return fact
    text = one_line(fact).replace("://", ": //")
    return text if len(text) <= LONGEST_FACT else text[: LONGEST_FACT - 1] + "…"


# ---- Making the mail -----------------------------------------------------------------------------


def page(letter: Letter) -> str:
    """The address of the page that the letter is about."""
    return settings.BASE_URL.rstrip("/") + letter.path


def message(letter: Letter, *, title: str, text: str) -> EmailMessage:
    """One recipient; the same letter always makes the same message.

    ``title`` and ``text`` are in the person's language, which is active while this is called.
    """
    subject = _("Handschlag: %(title)s") % {"title": title}
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "handschlag.invalid"
    headers = {
        # A worker that dies between sending and noting it makes a second mail of the same name,
        # which mail programs show once.
        "Message-ID": f"<{letter.pk}@{domain}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: holiday answers stay away
        "X-Auto-Response-Suppress": "All",  # the same for Exchange
    }
    return EmailMessage(one_line(subject), text, None, [letter.person.email], headers=headers)


# ---- Sending -------------------------------------------------------------------------------------


def send_due(
    model: type[L],
    send: Callable[[L, BaseEmailBackend], str],
    *,
    limit: int = 1000,
    clock: Callable[[], float] = monotonic,
) -> Round:
    """Send what is due, oldest first, over one connection; any number of workers may do so at once.

    ``send`` is the room's, as a rule ``deliver`` with its own message. Ends early when the mail
    server is away, or after ``SECONDS``.
    """
    begun, counts = clock(), dict.fromkeys(("sent", "dropped", "failed"), 0)
    due = model._default_manager.filter(state=State.QUEUED, not_before__lte=timezone.now())
    connection = get_connection()
    try:
        for pk in list(
            due.order_by("not_before", "created_at").values_list("pk", flat=True)[:limit]
        ):
            if clock() - begun > SECONDS:
                break
            if (letter := _claim(model, pk)) is None:
                continue
            try:
                outcome = send(letter, connection)
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:
                _fail(letter, error)
                counts["failed"] += 1
                if _server_is_away(error):
                    break
            else:
                counts[outcome] += 1
    finally:
        with suppress(OSError, SMTPException):
            connection.close()
    return Round(**counts)


def _claim(model: type[L], pk: UUID) -> L | None:
    """The letter, if it is still to be sent and nobody else is at it."""
    now, token = timezone.now(), uuid4().hex
    due = model._default_manager.filter(pk=pk, state=State.QUEUED, not_before__lte=now)
    if not due.update(not_before=now + LEASE, claimed_by=token, attempts=F("attempts") + 1):
        return None
    rows = model._default_manager.filter(pk=pk, claimed_by=token)
    return rows.select_related("person", "partner").first()


def deliver(letter: L, connection: BaseEmailBackend, make: Callable[[L], EmailMessage]) -> str:
    """Send it, or drop it when it is for nobody any more: ``sent`` or ``dropped``."""
    if why := _why_not(letter):
        _settle(letter, state=State.DROPPED, error=why)
        return "dropped"
    mail = make(letter)
    mail.connection = connection
    connection.open()  # once: it stays open until the round ends
    mail.send()
    _settle(letter, state=State.SENT, error="", sent_at=timezone.now())
    return "sent"


def _why_not(letter: Letter) -> str:
    """Asked when it is sent, not when it is written: people leave in between."""
    if not letter.person.is_active:
        return "The account is closed."
    if letter.partner is None:
        return ""
    own = Membership.objects.active().filter(user=letter.person, partner=letter.partner)
    return "" if own.exists() else "The person no longer belongs to the firm."


def _settle(letter: Letter, **fields: Any) -> None:
    """Write what became of it, unless somebody else has taken it over meanwhile."""
    rows = type(letter)._default_manager
    own = rows.filter(pk=letter.pk, state=State.QUEUED, claimed_by=letter.claimed_by)
    own.update(claimed_by="", **fields)


def _fail(letter: Letter, error: Exception) -> None:
    """Note why; it is tried again later, unless the mailbox does not exist or time is up."""
    if isinstance(error, OSError):  # as every fault of the mail server is
        logger.warning("notice %s was not sent: %s", letter.pk, error)
    else:
        logger.error("notice %s was not sent", letter.pk, exc_info=error)
    final = _is_refused_for_good(error) or letter.attempts >= ATTEMPTS
    wait = timedelta(minutes=min(2 ** min(letter.attempts, 10), LONGEST_WAIT))
    _settle(
        letter,
        state=State.FAILED if final else State.QUEUED,
        error=f"{type(error).__name__}: {error}"[:2000],
        not_before=timezone.now() + wait,
    )


def _is_refused_for_good(error: Exception) -> bool:
    if not isinstance(error, SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _said in error.recipients.values())


def _server_is_away(error: Exception) -> bool:
    """Whether the next letter would fail in the same way: no connection, no welcome, no right."""
    own_fault = (SMTPRecipientsRefused, SMTPDataError)
    return isinstance(error, OSError) and not isinstance(error, own_fault)


def retry_failed(model: type[L]) -> int:
    """Queue again what was given up, for an operator who has mended the cause."""
    return model._default_manager.filter(state=State.FAILED).update(
        state=State.QUEUED, attempts=0, error="", not_before=timezone.now()
    )
