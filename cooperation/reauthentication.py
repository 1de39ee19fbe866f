"""The password once more at the moment of signing, with a pause after too many wrong ones."""

from django.core.cache import cache
from django.utils.translation import gettext as _

from partners.models import User

TRIES = 5
PAUSE = 15 * 60  # seconds


class Refused(Exception):
    """The password was wrong, or it is too early to try again; ``str(error)`` is for the person."""


def check(user: User, password: str) -> None:
    """Return if ``password`` is the person's own; raise ``Refused`` otherwise.

    After ``TRIES`` wrong ones within a quarter of an hour nothing is checked until it is over. Who
    knows the password loses at most that time, whoever guesses gets no further.
    """
    key = f"cooperation:password:{user.pk}"
    cache.add(key, 0, PAUSE)
    try:
        # Counted before it is checked: of many guesses at the same instant only so many are.
        tries = cache.incr(key)
    except ValueError:  # it expired since the line above
        cache.set(key, 1, PAUSE)
        tries = 1
    if tries > TRIES:
        raise Refused(
            _("Too many wrong passwords. Please wait a quarter of an hour and try again.")
        )
    if not user.check_password(password):
        raise Refused(_("This is not your password. Please try again."))
    cache.delete(key)
