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
from contextvars import ContextVar
from datetime import datetime
from typing import TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone
from django.utils.module_loading import import_string

from cooperation.agreements import NotPossible

logger = logging.getLogger(__name__)

Row = TypeVar("Row")

# Functions that take the instant. Names, since these modules use ``each`` from here.
SUBJECTS: tuple[str, ...] = (
    "cooperation.signing_reminders.run",
    "cooperation.disputes_clock.run",
    "cooperation.endings_clock.run",
    "cooperation.reviews.run",
)

_left: ContextVar[list[str] | None] = ContextVar("rows that the running subject left", default=None)


class NotAllDone(Exception):
    """Some of what is due could not be done; it is logged, and due again at the next run."""


def tick(now: datetime | None = None) -> list[str]:
    """Run every subject; the names of those that failed. One that fails stops no other."""
    now = now or timezone.now()
    return [subject for subject in SUBJECTS if not run_one(subject, now)]


def run_one(subject: str, now: datetime | None = None) -> bool:
    """Run the subject of that name; whether all of it went well."""
    if subject not in SUBJECTS:  # queued by another release
        logger.warning("the clock knows no subject %s", subject)
        return False
    left: list[str] = []
    token = _left.set(left)
    try:
        import_string(subject)(now or timezone.now())
        if left:
            raise NotAllDone(", ".join(left))
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("the clock could not finish %s", subject)
        return False
    finally:
        _left.reset(token)
    return True


def each(rows: Iterable[Row], step: Callable[[Row], object]) -> int:
    """Take ``step`` (a verb with its own transaction) for each row; how many were taken.

    For subjects: one agreement that cannot go on stops neither the others nor what the subject does
    next. ``NotPossible`` means that somebody was quicker, and is passed over. Anything else is
    logged, and ``NotAllDone`` comes when the subject is through; outside of the clock, which knows
    no such end, when all rows are.
    """
    done, left = 0, []
    for row in rows:
        try:
            step(row)
        except NotPossible as error:
            logger.info("not due any more: %s: %s", row, error)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("could not be done: %s", row)
            left.append(str(row))
        else:
            done += 1
    if left and (running := _left.get()) is not None:
        running.extend(left)
    elif left:
        raise NotAllDone(", ".join(left))
    return done
