"""The password once more at the moment of signing, with a pause after too many wrong ones."""

from django.utils.translation import gettext as _

from partners import guessing
from partners.models import User

TRIES = 5


class Refused(Exception):
    """The password was wrong, or it is too early to try again; ``str(error)`` is for the person."""


def check(user: User, password: str) -> None:
    """Return if ``password`` is the person's own; raise ``Refused`` otherwise.

    After ``TRIES`` wrong ones within a quarter of an hour nothing is checked until it is over. Who
    knows the password loses at most that time, whoever guesses gets no further.
    """
    key = f"signing:{user.pk}"
    try:
        guessing.count(key, most=TRIES)
    except guessing.TooMany as error:
        raise Refused(
            _("Too many wrong passwords. Please wait a quarter of an hour and try again.")
        ) from error
    if not user.check_password(password):
        raise Refused(_("This is not your password. Please try again."))
    guessing.forget(key)
