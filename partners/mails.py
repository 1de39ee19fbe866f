"""Addresses of pages, as mails hold them."""

from django.conf import settings

from partners.accounts import passwords
from partners.models import User


def password_link(user: User) -> str:
    """The address where ``user`` chooses a password: good once, for PASSWORD_RESET_TIMEOUT."""
    return absolute(passwords.path(passwords.key(user)))


def absolute(path: str) -> str:
    """The address of a page in a mail: by the settings, never by the host of a request."""
    return settings.BASE_URL.rstrip("/") + path
