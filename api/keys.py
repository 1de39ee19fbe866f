"""Making, withdrawing and recognising the keys of a firm."""

import hashlib
import secrets
from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from api import perms
from api.models import ApiKey
from partners import firm_log
from partners.models import Partner, User
from partners.people import NotPossible

BEGINS = "hsk_"  # so that programs that look for secrets in texts find it
SHOWN = len(BEGINS) + 6  # of 43 letters: to recognise a key, not to guess it
LONGEST = 365  # days
USUAL = 90
MOST = 20  # valid keys of a firm

MADE, WITHDRAWN = "api_key_made", "api_key_withdrawn"
EVENTS: dict[str, str | Promise] = {
    MADE: gettext_lazy("API key made"),
    WITHDRAWN: gettext_lazy("API key withdrawn"),
}


def digest(token: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make(pk: UUID, partner: Partner, *, name: str, days: int, by: User) -> tuple[ApiKey, str]:
    """A new key of ``partner`` for ``days`` days, and its text, which nobody can see again.

    ``pk`` comes with the form: the same form sent twice makes one key.
    """
    if not 1 <= days <= LONGEST:
        raise ValueError(days)
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    if not perms.can_manage_keys(by, partner):
        raise NotPossible(_("You are no longer an admin of this firm."))
    now = timezone.now()
    if ApiKey.objects.valid(now).filter(partner=partner).count() >= MOST:
        raise NotPossible(_("Your firm has very many keys. Please withdraw some of them first."))
    token = BEGINS + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            key = ApiKey.objects.create(
                pk=pk,
                partner=partner,
                name=name,
                token_sha256=digest(token),
                prefix=token[:SHOWN],
                created_by=by,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
    except IntegrityError as error:
        raise NotPossible(
            _("This form was sent before. A key is shown only once; please make a new one.")
        ) from error
    until = timezone.localdate(key.expires_at).isoformat()
    firm_log.record(partner, MADE, by=by, key=str(key.pk), begins=key.prefix, until=until)
    return key, token


@transaction.atomic
def withdraw(pk: UUID, *, by: User) -> None:
    """Let the key open nothing from now on. Of one that was withdrawn before nothing changes."""
    key = ApiKey.objects.select_for_update(of=("self",)).select_related("partner").get(pk=pk)
    if not perms.can_manage_keys(by, key.partner):
        raise NotPossible(_("You are no longer an admin of this firm."))
    if key.withdrawn_at is not None:
        return
    key.withdrawn_at, key.withdrawn_by = timezone.now(), by
    key.save(update_fields=["withdrawn_at", "withdrawn_by"])
    firm_log.record(key.partner, WITHDRAWN, by=by, key=str(key.pk), begins=key.prefix)


def recognise(token: str) -> ApiKey | None:
    """The valid key with this text, with its firm; None for everything else, whyever."""
    if not token.startswith(BEGINS):
        return None
    keys = ApiKey.objects.valid(timezone.now()).select_related("partner")
    return keys.filter(token_sha256=digest(token)).first()


def note_use(key: ApiKey, today: date) -> None:
    """Remember the day, and nothing else of what was read. One write a day."""
    if key.last_used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)
