"""What becomes due by itself: one place that asks every subject what the time has brought.

A subject is a function of the instant. It has to be

* computed, not counted: what is due follows from what is stored (deadlines are instants, see
  ``working_days``), so a standstill of weeks loses nothing; each change is made once and carries
  the date on which it was due, not the one of waking up;
* idempotent, and safe to run twice at once: verbs lock the agreement and look again, notices have a
  key that is written once.

Nothing is shown wrong meanwhile: pages compute what is due from the same data.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from cooperation.agreements import NotPossible

logger = logging.getLogger(__name__)

Subject = Callable[[datetime], object]
Row = TypeVar("Row")

SUBJECTS: tuple[Subject, ...] = ()


class NotAllDone(Exception):
    """Some of what is due could not be done; it is logged, and due again at the next run."""


def name_of(subject: Subject) -> str:
    """``cooperation.reviews.run`` for ``run`` in ``cooperation/reviews.py``."""
    return f"{subject.__module__}.{subject.__qualname__}"


def tick(now: datetime | None = None) -> list[str]:
    """Run every subject; the names of those that failed. One that fails stops no other."""
    now = now or timezone.now()
    return [name_of(subject) for subject in SUBJECTS if not _run(subject, now)]


def run_one(name: str, now: datetime | None = None) -> bool:
    """Run the subject of that name; whether it went well. An unknown one is of another release."""
    for subject in SUBJECTS:
        if name_of(subject) == name:
            return _run(subject, now or timezone.now())
    logger.warning("the clock knows no subject %s", name)
    return False


def _run(subject: Subject, now: datetime) -> bool:
    try:
        subject(now)
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("the clock could not finish %s", name_of(subject))
        return False
    return True


def each(rows: Iterable[Row], step: Callable[[Row], object]) -> int:
    """Take ``step`` (a verb with its own transaction) for each row; how many were taken.

    For subjects: one agreement that cannot go on does not stop the others. ``NotPossible`` means
    that somebody was quicker, and is passed over; anything else is logged, and ``NotAllDone`` is
    raised when all others are done.
    """
    done, failed = 0, 0
    for row in rows:
        try:
            step(row)
        except NotPossible as error:
            logger.info("not due any more: %s: %s", row, error)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("could not be done: %s", row)
            failed += 1
        else:
            done += 1
    if failed:
        raise NotAllDone(f"{failed} of {done + failed}")
    return done
