"""How long this room keeps what: a rule of the retention."""

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from api.models import ApiKey
from partners.privacy.retention import YEAR, Rule


def _ended(now: datetime) -> "QuerySet[Any]":
    before = now - YEAR
    return ApiKey.objects.filter(Q(expires_at__lte=before) | Q(withdrawn_at__lte=before))


RULES = (Rule("api_keys", _("Keys of programs that have ended"), YEAR, _ended),)
