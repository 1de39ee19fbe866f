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
    if (cache.get(key) or 0) >= TRIES:
        raise Refused(
            _("Too many wrong passwords. Please wait a quarter of an hour and try again.")
        )
    if user.check_password(password):
        cache.delete(key)
        return
    try:
        cache.incr(key)
    except ValueError:  # it expired since the look above
        cache.set(key, 1, PAUSE)
    raise Refused(_("This is not your password. Please try again."))
