"""How long this room keeps what: rules of the retention."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from partners.privacy.retention import Rule
from scoring.models import Notice, PartnerCenterImport

State = PartnerCenterImport.State
UNREAD = (State.REJECTED, State.FAILED, State.DISCARDED)
FILES = ("file", "original")


def _unread(now: datetime) -> "QuerySet[Any]":
    """Files that were not taken in, 30 days after they came."""
    rows = PartnerCenterImport.objects.filter(state__in=UNREAD)
    return rows.filter(created_at__lte=now - timedelta(days=30)).exclude(file="", original="")


def _drop_files(due: "QuerySet[Any]") -> int:
    count = 0
    for row in due:
        for name in FILES:
            stored = getattr(row, name)
            if stored:  # not before the row says so for good
                transaction.on_commit(partial(stored.storage.delete, stored.name))
        PartnerCenterImport.objects.filter(pk=row.pk).update(file="", original="", rejected=[])
        count += 1
    return count


def _old_letters(now: datetime) -> "QuerySet[Any]":
    settled = Notice.objects.exclude(state=Notice.State.QUEUED).exclude(data={})
    return settled.filter(created_at__lte=now - timedelta(days=180))


def _forget_letters(due: "QuerySet[Any]") -> int:
    return due.update(data={}, error="")


RULES = (
    Rule(
        "unread_files",
        _("Files that could not be read, or that nobody wanted"),
        timedelta(days=30),
        _unread,
        _drop_files,
    ),
    Rule(
        "score_letters",
        _("What mails about scores and certificates said"),
        timedelta(days=180),
        _old_letters,
        _forget_letters,
    ),
)
