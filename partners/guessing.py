"""A pause after too many tries, at every door where something can be guessed or sent.

Counted in the cache, before anything is checked: of many tries at the same instant only so many
get through. In production the cache is Redis and the count is the same for every process.
"""

from django.core.cache import cache

PAUSE = 15 * 60  # seconds


class TooMany(Exception):
    """Too many tries under this key; nothing is looked at before the pause is over."""


def count(key: str, *, most: int, pause: int = PAUSE) -> None:
    """Count one try under ``key``; raise ``TooMany`` beyond ``most`` of them within ``pause``."""
    cache.add(key, 0, pause)
    try:
        tries = cache.incr(key)
    except ValueError:  # it expired since the line above
        cache.set(key, 1, pause)
        tries = 1
    if tries > most:
        raise TooMany(key)


def forget(key: str) -> None:
    """Begin anew: the try was a good one."""
    cache.delete(key)


def give_back(key: str) -> None:
    """Count one try less: it was a good one, but the bad ones before it still count."""
    try:
        if cache.decr(key) < 0:
            cache.delete(key)
    except ValueError:  # it expired
        pass
