"""The log of a firm as its admins read it: who did what, when, about whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from partners import firm_log
from partners.models import FirmEvent


@dataclass(frozen=True, slots=True)
class Line:
    seq: int
    at: datetime
    what: str
    by: str  # empty: the portal itself
    about: str
    detail: str  # a sentence of the room that wrote it
    more: tuple[str, ...]  # what else names a person: an address, a reason
    hash: str


def line(event: FirmEvent) -> Line:
    """``event`` in the language of the request, with the names as they were then."""
    personal: dict[str, Any] = event.personal
    erased = _("erased") if event.erased_at else ""
    is_of_the_portal = not event.personal_digest  # nobody was named, so nobody was erased
    about = "" if event.erased_at else _name(personal, "about")
    others = (value for key, value in sorted(personal.items()) if key not in {"by", "about"})
    return Line(
        seq=event.seq,
        at=event.at,
        what=str(firm_log.KINDS.get(event.kind, event.kind)),
        by="" if is_of_the_portal else (erased or _name(personal, "by")),
        about=about,
        detail=firm_log.detail(event),
        more=tuple(value for value in others if isinstance(value, str) and value),
        hash=event.hash,
    )


def _name(personal: Mapping[str, Any], role: str) -> str:
    named = personal.get(role)
    return str(named.get("name", "")) if isinstance(named, dict) else ""
