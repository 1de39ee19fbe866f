"""Tells people by mail what waits for them: a row in the verb's transaction, a letter after it.

The row decides. Whoever sends claims it by one conditional UPDATE and has it until the lease runs
out, so two workers send one mail, and a killed worker's mail is sent by the next sweep. A mail
server that is away ends the round: the letters wait, each a little longer after each failure, for
about three days.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cooperation import notice_texts
from cooperation.models import Agreement, AgreementEvent, Notice
from documents.jobs import queue_on_commit
from partners.mails import password_link
from partners.models import Membership, Partner, User
from partners.plain import one_line

logger = logging.getLogger(__name__)

TASK = "cooperation.tasks.send_notices"
LEASE = timedelta(minutes=5)  # above Celery's hard time limit: who holds a row longer is dead
LONGEST_WAIT = 15  # minutes between two tries
ATTEMPTS = 300  # about three days
SECONDS = 120  # of one round, far below Celery's limit: the next sweep goes on
LONGEST_FACT = 120  # characters of a name in a mail

State = Notice.State


@dataclass(frozen=True, slots=True)
class Round:
    """What became of the notices of one round."""

    sent: int = 0
    dropped: int = 0
    failed: int = 0  # to be tried again, or given up


# ---- Who is told -------------------------------------------------------------------------------


def people(
    partners: Iterable[Partner],
    *,
    signers: bool = False,
    managers: bool = True,
    leads: bool = False,
    without: User | None = None,
) -> list[Membership]:
    """Whom of these firms to tell, each person once; ``without``: who has done it knows already.

    A firm without such people is told through its admins, and without these through everybody: no
    firm is left out because of a role that nobody has. One query.
    """
    firms = [partner.pk for partner in partners]
    rows = Membership.objects.active().filter(partner__in=firms).select_related("user", "partner")
    of_firm: dict[Any, list[Membership]] = {firm: [] for firm in firms}
    for row in rows:
        of_firm[row.partner_id].append(row)
    chosen: dict[Any, Membership] = {}
    for members in of_firm.values():
        wanted = [
            member
            for member in members
            if (signers and member.may_sign)
            or (managers and member.is_partner_manager)
            or (leads and member.is_project_lead)
        ]
        for member in wanted or [m for m in members if m.is_admin] or members:
            if without is None or member.user_id != without.pk:
                chosen.setdefault(member.user_id, member)
    return list(chosen.values())


# ---- Telling -----------------------------------------------------------------------------------


def tell(
    agreement: Agreement | None,
    kind: str,
    to: Iterable[Membership | User],
    *,
    key: str,
    path: str,
    **facts: str | int,
) -> None:
    """Write a notice for each person; the mails leave after the transaction.

    ``kind`` and ``facts`` belong to ``notice_texts``; the project's name is added. ``path`` is the
    page it is about, from ``reverse``. A person has one notice per agreement, kind and ``key`` for
    ever: told again, nothing is written. A ``Membership`` is told as long as it lasts, a ``User``
    (a neutral person) as long as the account is open.

    Raises ``ValueError`` for a fact that no mail may hold, a page of another site, or a key that is
    too long, ``LookupError`` for an unknown kind or a missing fact: mistakes of the caller.
    """
    if unknown := facts.keys() - notice_texts.FACTS:
        raise ValueError(f"no mail may hold {', '.join(sorted(unknown))}")
    if not path.startswith("/") or path.startswith("//") or len(path) > 300:
        raise ValueError(f"not a page of the portal: {path!r}")
    if agreement is not None:
        facts.setdefault("project", agreement.project.name)
    data = {name: _plain(fact) for name, fact in facts.items()}
    notice_texts.say(kind, data)  # what cannot be said fails here, not in the worker
    rows = []
    for each in to:
        user, partner = (each.user, each.partner) if isinstance(each, Membership) else (each, None)
        row = Notice(kind=kind, agreement=agreement, person=user, data=data, path=path)
        row.partner, row.key = partner, f"{_prefix(agreement, kind, key)}{user.pk}"
        if len(row.key) > 200:
            raise ValueError(f"the key is too long: {key}")
        rows.append(row)
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        queue_on_commit(TASK)


def fingerprints(text_sha256: str, event: AgreementEvent) -> dict[str, str | int]:
    """Facts that make a mail a witness: what was signed, and the head of the log at that step."""
    return {"sha256": text_sha256, "seq": event.seq, "head": event.hash}


def drop(
    agreement: Agreement, kind: str, *, partner: Partner | None = None, key: str | None = None
) -> int:
    """Keep what was not sent yet from being sent; returns how many.

    For what is no longer true, such as a reminder of a signature that is there: ``partner`` limits
    it to the people of a firm, ``key`` to the notices told with that key.
    """
    rows = Notice.objects.filter(agreement=agreement, kind=kind, state=State.QUEUED)
    if partner is not None:
        rows = rows.filter(partner=partner)
    if key is not None:
        rows = rows.filter(key__startswith=_prefix(agreement, kind, key))
    return rows.update(state=State.DROPPED, claimed_by="")


def _prefix(agreement: Agreement | None, kind: str, key: str) -> str:
    return f"{kind}:{agreement.pk if agreement else ''}:{key}:"


def _plain(fact: str | int) -> str | int:
    """A name as it may stand in a header and in a text that readers turn into links."""
    if isinstance(fact, int):
        return fact
    text = one_line(fact).replace("://", ": //")
    return text if len(text) <= LONGEST_FACT else text[: LONGEST_FACT - 1] + "…"


# ---- Sending -----------------------------------------------------------------------------------


def send_due(limit: int = 1000) -> Round:
    """Send what is due, oldest first, over one connection; any number of workers may do so at once.

    Ends early when the mail server is away, or after ``SECONDS``.
    """
    begun, counts = monotonic(), dict.fromkeys(("sent", "dropped", "failed"), 0)
    due = Notice.objects.filter(state=State.QUEUED, not_before__lte=timezone.now())
    connection = get_connection()
    try:
        for pk in list(
            due.order_by("not_before", "created_at").values_list("pk", flat=True)[:limit]
        ):
            if monotonic() - begun > SECONDS:
                break
            if (notice := _claim(pk)) is None:
                continue
            try:
                outcome = _send(notice, connection)
            except SoftTimeLimitExceeded:
                raise
            except Exception as error:
                _fail(notice, error)
                counts["failed"] += 1
                if _server_is_away(error):
                    break
            else:
                counts[outcome] += 1
    finally:
        with suppress(OSError, SMTPException):
            connection.close()
    return Round(**counts)


def _claim(pk: UUID) -> Notice | None:
    """The notice, if it is still to be sent and nobody else is at it."""
    now, token = timezone.now(), uuid4().hex
    due = Notice.objects.filter(pk=pk, state=State.QUEUED, not_before__lte=now)
    if not due.update(not_before=now + LEASE, claimed_by=token, attempts=F("attempts") + 1):
        return None
    rows = Notice.objects.filter(pk=pk, claimed_by=token).select_related("person", "partner")
    return rows.first()


def _send(notice: Notice, connection: BaseEmailBackend) -> str:
    """Send it, or drop it when it is for nobody any more: ``sent`` or ``dropped``."""
    if why := _why_not(notice):
        _settle(notice, state=State.DROPPED, error=why)
        return "dropped"
    message = _letter(notice)
    message.connection = connection
    connection.open()  # once: it stays open until the round ends
    message.send()
    _settle(notice, state=State.SENT, error="", sent_at=timezone.now())
    return "sent"


def _why_not(notice: Notice) -> str:
    """Asked when it is sent, not when it is written: people leave in between."""
    if not notice.person.is_active:
        return "The account is closed."
    if notice.partner is None:
        return ""
    own = Membership.objects.active().filter(user=notice.person, partner=notice.partner)
    return "" if own.exists() else "The person no longer belongs to the firm."


def _letter(notice: Notice) -> EmailMessage:
    """One recipient, in their language. The same notice always makes the same message."""
    with translation.override(notice.person.language):
        said = notice_texts.say(notice.kind, notice.data)
        project = notice.data.get("project")
        # A neutral person may have no password yet; everybody else has got their welcome.
        new = notice.partner is None and not notice.person.has_usable_password()
        page = settings.BASE_URL.rstrip("/") + notice.path
        context = {
            "name": one_line(notice.person.name),
            "sentence": said.sentence,
            "link": password_link(notice.person) if new else page,
            "new": new,
            "days": settings.PASSWORD_RESET_TIMEOUT // 86400,
            "person": notice.data.get("person", ""),
            "firm": notice.data.get("firm", ""),
            "own": one_line(notice.partner.name) if notice.partner else "",
            "sha256": notice.data.get("sha256", ""),
            "check_page": settings.BASE_URL.rstrip("/") + reverse("documents:check"),
            "seq": notice.data.get("seq", ""),
            "head": notice.data.get("head", ""),
        }
        title = f"{said.title} – {project}" if project else said.title
        subject = _("Handschlag: %(title)s") % {"title": title}
        text = render_to_string("cooperation/mail/notice.txt", context).strip() + "\n"
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "handschlag.invalid"
    headers = {
        # A worker that dies between sending and noting it makes a second mail of the same name,
        # which mail programs show once.
        "Message-ID": f"<{notice.pk}@{domain}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: holiday answers stay away
        "X-Auto-Response-Suppress": "All",  # the same for Exchange
    }
    return EmailMessage(one_line(subject), text, None, [notice.person.email], headers=headers)


def _settle(notice: Notice, **fields: Any) -> None:
    """Write what became of it, unless somebody else has taken it over meanwhile."""
    own = Notice.objects.filter(pk=notice.pk, state=State.QUEUED, claimed_by=notice.claimed_by)
    own.update(claimed_by="", **fields)


def _fail(notice: Notice, error: Exception) -> None:
    """Note why; it is tried again later, unless the mailbox does not exist or time is up."""
    if isinstance(error, OSError):  # as every fault of the mail server is
        logger.warning("notice %s was not sent: %s", notice.pk, error)
    else:
        logger.error("notice %s was not sent", notice.pk, exc_info=error)
    final = _is_refused_for_good(error) or notice.attempts >= ATTEMPTS
    wait = timedelta(minutes=min(2 ** min(notice.attempts, 10), LONGEST_WAIT))
    _settle(
        notice,
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


def retry_failed() -> int:
    """Queue again what was given up, for an operator who has mended the cause."""
    return Notice.objects.filter(state=State.FAILED).update(
        state=State.QUEUED, attempts=0, error="", not_before=timezone.now()
    )
