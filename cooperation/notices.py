"""Tells people by mail what waits for them: who is told, and what the letter says.

A row is written in the verb's transaction, and ``partners.letters`` sends it after it.
"""

from collections.abc import Iterable
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from cooperation import notice_texts
from cooperation.models import Agreement, AgreementEvent, Notice
from documents.jobs import queue_on_commit
from partners import letters
from partners.letters import ATTEMPTS, LEASE, Round
from partners.mails import password_link
from partners.models import Membership, Partner, User
from partners.plain import one_line

__all__ = [
    "ATTEMPTS",
    "LEASE",
    "Round",
    "drop",
    "fingerprints",
    "people",
    "retry_failed",
    "send_due",
    "tell",
]

TASK = "cooperation.tasks.send_notices"

State = Notice.State


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
    letters.check_path(path)
    if agreement is not None:
        facts.setdefault("project", agreement.project.name)
    data = {name: letters.plain(fact) for name, fact in facts.items()}
    notice_texts.say(kind, data)  # what cannot be said fails here, not in the worker
    rows = []
    for each in to:
        row = letters.addressed(
            Notice, each, kind=kind, key=_prefix(agreement, kind, key), data=data, path=path
        )
        row.agreement = agreement
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


# ---- Sending -----------------------------------------------------------------------------------


def send_due(limit: int = 1000) -> Round:
    """Send what is due of this room; see ``letters.send_due``."""
    return letters.send_due(Notice, _send, limit=limit, clock=monotonic)


def retry_failed() -> int:
    """Queue again what was given up, for an operator who has mended the cause."""
    return letters.retry_failed(Notice)


def _send(notice: Notice, connection: BaseEmailBackend) -> str:
    return letters.deliver(notice, connection, _letter)


def _letter(notice: Notice) -> EmailMessage:
    """In the language of its reader."""
    with translation.override(notice.person.language):
        said = notice_texts.say(notice.kind, notice.data)
        project = notice.data.get("project")
        # A neutral person may have no password yet; everybody else has got their welcome.
        new = notice.partner is None and not notice.person.has_usable_password()
        context = {
            "name": one_line(notice.person.name),
            "sentence": said.sentence,
            "link": password_link(notice.person) if new else letters.page(notice),
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
        text = render_to_string("cooperation/mail/notice.txt", context).strip() + "\n"
        return letters.message(notice, title=title, text=text)
