"""Tells a firm's people by mail: a row in the verb's transaction, a letter after it.

``partners.letters`` sends the rows; ``notice_texts`` has the words.
"""

from collections.abc import Iterable

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import translation

from documents.jobs import queue_on_commit
from partners import letters
from partners.letters import Round
from partners.models import Membership, Partner, User
from partners.plain import one_line
from scoring import notice_texts
from scoring.models import Notice

TASK = "scoring.tasks.send_notices"


def people_to_tell(partner: Partner) -> list[Membership]:
    """The firm's partner managers and admins, each once, by name. One query."""
    rows = Membership.objects.active().filter(
        Q(is_partner_manager=True) | Q(is_admin=True), partner=partner
    )
    return list(rows.select_related("user", "partner").order_by("user__name", "pk"))


def tell(
    partner: Partner,
    kind: str,
    to: Iterable[Membership | User],
    *,
    key: str,
    path: str,
    **facts: str | int,
) -> None:
    """Write a notice for each person; the mails leave after the transaction.

    ``kind`` and ``facts`` belong to ``notice_texts``. ``path`` is the page it is about, from
    ``reverse``. A person has one notice per firm, kind and ``key`` for ever: told again, nothing is
    written. A ``Membership`` is told as long as it lasts, a ``User`` as long as they belong to
    ``partner``.

    Raises ``ValueError`` for a fact that no mail may hold, a page of another site, or a key that is
    too long, ``LookupError`` for an unknown kind or a missing fact: mistakes of the caller.
    """
    if unknown := facts.keys() - notice_texts.FACTS:
        raise ValueError(f"no mail may hold {', '.join(sorted(unknown))}")
    letters.check_path(path)
    data = {name: letters.plain(fact) for name, fact in facts.items()}
    notice_texts.say(kind, data)  # what cannot be said fails here, not in the worker
    rows = []
    for each in to:
        # Points and people of a firm are for those who belong to it: without a membership that is
        # checked again when it is sent, nobody is told.
        row = letters.addressed(
            Notice, each, kind=kind, key=f"{kind}:{partner.pk}:{key}:", data=data, path=path
        )
        row.partner = partner
        rows.append(row)
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        queue_on_commit(TASK)


def send_due(limit: int = 1000) -> Round:
    """Send what is due of this room; see ``letters.send_due``."""
    return letters.send_due(Notice, _send, limit=limit)


def retry_failed() -> int:
    """Queue again what was given up, for an operator who has mended the cause."""
    return letters.retry_failed(Notice)


def _send(notice: Notice, connection: BaseEmailBackend) -> str:
    return letters.deliver(notice, connection, _letter)


def _letter(notice: Notice) -> EmailMessage:
    """In the language of its reader."""
    with translation.override(notice.person.language):
        said = notice_texts.say(notice.kind, notice.data)
        context = {
            "name": one_line(notice.person.name),
            "sentence": said.sentence,
            "link": letters.page(notice),
            "own": one_line(notice.partner.name) if notice.partner else "",
            "is_reminder": notice.kind.startswith("certificate_"),
        }
        text = render_to_string("scoring/mail/notice.txt", context).strip() + "\n"
        return letters.message(notice, title=said.title, text=text)
