"""Mails to people who may have no account yet; each goes to one mailbox and answers one request.

They leave within the request, not through an outbox: a link or a code is known at that moment only
and is stored nowhere. Whoever asked is told when a mail could not be sent.
"""

import logging
from collections.abc import Mapping
from smtplib import SMTPException
from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from partners import mails
from partners.invitations import Sendable
from partners.letters import plain
from partners.plain import one_line

logger = logging.getLogger(__name__)


def send(template: str, *, to: str, language: str, title: str, facts: Mapping[str, Any]) -> bool:
    """Send one mail now; False if the mail server would not take it.

    Names in ``facts`` lose line breaks and what mail programs turn into links. ``title`` is a
    translated pattern: it is filled in here, with the same names.
    """
    shown = {key: plain(fact) if key not in _AS_IT_IS else fact for key, fact in facts.items()}
    with translation.override(language):
        subject = one_line(_("Handschlag: %(title)s") % {"title": str(title) % shown})
        text = render_to_string(template, shown)
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    try:
        EmailMessage(subject, text, None, [to], headers=headers).send()
    except (OSError, SMTPException):
        logger.exception("a mail (%s) was not sent", template)
        return False
    return True


_AS_IT_IS = frozenset({"link", "code"})  # made by the portal itself


def send_invitation(sendable: Sendable) -> bool:
    """The link into a firm, to the invited mailbox."""
    invitation = sendable.invitation
    with translation.override(invitation.language):
        title = _("invitation to %(firm)s")
        until = day(invitation.expires_at)
    return send(
        "partners/mail/invitation.txt",
        to=invitation.email,
        language=invitation.language,
        title=title,
        facts={
            "name": invitation.name,
            "firm": invitation.partner.name,
            "inviter": invitation.invited_by.name,
            "until": until,
            "link": mails.absolute(reverse("partners:invitation_link", args=[sendable.token])),
        },
    )


def send_code(*, to: str, language: str, code: str) -> bool:
    """The code that proves that a mailbox was reached."""
    with translation.override(language):
        title = _("your code")
    return send(
        "partners/mail/code.txt", to=to, language=language, title=title, facts={"code": code}
    )


def send_sign_in_instead(*, to: str, language: str) -> bool:
    """Instead of the code, to somebody who has an account: pages never tell, the mailbox may."""
    with translation.override(language):
        title = _("you have an account already")
    link = mails.absolute(reverse("account_login"))
    return send(
        "partners/mail/sign_in_instead.txt",
        to=to,
        language=language,
        title=title,
        facts={"link": link},
    )


def send_firm_is_here(*, to: str, language: str, firm: str) -> bool:
    """Instead of the code, to somebody whose firm is registered already."""
    with translation.override(language):
        title = _("%(firm)s is here already")
    return send(
        "partners/mail/firm_is_here.txt",
        to=to,
        language=language,
        title=title,
        facts={"firm": firm},
    )


def send_approved(*, to: str, language: str, firm: str) -> bool:
    """The operator has approved the firm."""
    with translation.override(language):
        title = _("%(firm)s is approved")
    link = mails.absolute(reverse("account_login"))
    facts = {"firm": firm, "link": link}
    return send(
        "partners/mail/registration_approved.txt",
        to=to,
        language=language,
        title=title,
        facts=facts,
    )


def send_refused(*, to: str, language: str, firm: str) -> bool:
    """The operator does not take the firm in."""
    with translation.override(language):
        title = _("%(firm)s was not approved")
    return send(
        "partners/mail/registration_refused.txt",
        to=to,
        language=language,
        title=title,
        facts={"firm": firm},
    )


def day(instant: Any) -> str:
    """The last day of a link, in the active language."""
    return date_format(timezone.localtime(instant), "DATE_FORMAT")
