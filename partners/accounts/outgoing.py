"""Mails of the sign-in pages: in the language of whom they go to, and without telling by delay."""

import logging
from contextvars import ContextVar
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.signals import request_finished
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from partners import guessing, mails
from partners.accounts import agents, devices
from partners.models import User

logger = logging.getLogger(__name__)

# What anybody can ask for without being signed in, and how many of it go to one mailbox within a
# quarter of an hour. More are not sent, and nobody is told.
ASKED_FOR = {
    "account/email/password_reset_key": 3,
    "account/email/login_code": 5,
    "account/email/email_confirmation": 5,
}

# Mails that wait for the end of their request.
_waiting: ContextVar[tuple[EmailMessage, ...]] = ContextVar("mails that wait", default=())


def letter(template: str, email: str, context: dict[str, Any]) -> EmailMessage:
    """The mail of ``template``, in the language of the account with this address."""
    user = context.get("user") or User.objects.filter(email=email).first()
    language = user.language if isinstance(user, User) else settings.LANGUAGE_CODE
    with translation.override(language):
        words = {
            "user": user,
            "at": timezone.now(),
            "device": agents.words(context.get("agent", "")),
            "security_url": mails.absolute(reverse("mfa_index")),
            **context,
        }
        subject = render_to_string(f"{template}_subject.txt", words)
        body = render_to_string(f"{template}_message.txt", words)
    return EmailMessage(" ".join(subject.split()), body.strip() + "\n", None, [email])


def send(template: str, email: str, context: dict[str, Any]) -> None:
    """Send the mail of ``template`` now; one that anybody can ask for, when the answer is out.

    Handing a mail over takes long enough to tell who has an account, so it must not be waited for.
    """
    most = ASKED_FOR.get(template)
    if most is None:
        deliver(letter(template, email, context))
        return
    try:
        guessing.count(f"mail:{template}:{devices.account(email)}", most=most)
    except guessing.TooMany:
        return
    _waiting.set((*_waiting.get(), letter(template, email, context)))


def deliver(message: EmailMessage) -> None:
    """Hand the mail over; a mail server that is away stops nobody from signing in."""
    try:
        message.send()
    except (OSError, SMTPException):
        logger.exception("a mail about an account was not sent: %s", message.subject)


def connect() -> None:
    request_finished.connect(_deliver_waiting, dispatch_uid="mails of accounts")


def _deliver_waiting(**_rest: Any) -> None:
    messages = _waiting.get()
    _waiting.set(())
    for message in messages:
        deliver(message)
