"""Links with which a person chooses a password."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse

from partners.models import User


def key(user: User) -> str:
    """What proves that a mail reached ``user``: good once, for PASSWORD_RESET_TIMEOUT."""
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


def path(key: str) -> str:
    """The page on which the password is chosen."""
    uid, _dash, token = key.partition("-")
    return reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
