"""For whom a request of the API reads: from the key in its header to a firm, or to a refusal."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from api import keys
from api.models import ApiKey
from partners import guessing
from partners.firm_reader import FirmReader
from partners.models import Partner

CALLS = 240  # of one key within a minute
MINUTE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Reading:
    """Who asks: a key, its firm, and what stands for a person in ``visible_to``."""

    key: ApiKey
    partner: Partner
    reader: FirmReader


class ApiRequest(HttpRequest):
    """A request with a valid key, as every route gets it."""

    auth: Reading


class KeyAuth(HttpBearer):
    """``Authorization: Bearer hsk_...`` and nothing else: no session, no cookie, no address."""

    openapi_name = "key"

    def __call__(self, request: HttpRequest) -> Reading | None:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, token) if scheme.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> Reading | None:
        """Raises ``guessing.TooMany`` for a key that asked too often within this minute."""
        key = keys.recognise(token)
        if key is None:
            return None
        guessing.count(f"api-key:{key.pk}", most=CALLS, pause=MINUTE)
        keys.note_use(key, timezone.localdate())
        return Reading(key, key.partner, FirmReader(key.partner_id))
