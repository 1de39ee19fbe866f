"""The text of an agreement, frozen: one canonical JSON that pages, PDF and signatures refer to.

RFC 8785 makes the bytes; their SHA-256 is what everybody signs. The text holds both languages,
the rule book's words and the answers as data and as sentences, so that it can be read without the
portal and without the rule book's table.

What two firms settle between them stands in an annex of its own bytes (``annexes.py``); the text
holds the annex's hash, so everybody signs it and only the two can read it.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785

from cooperation import differences, points
from cooperation.book import Point, Rule, Text
from cooperation.kinds import words
from cooperation.models import Agreement, Participation
from cooperation.points import Compared, Given, Sheet

if TYPE_CHECKING:
    from cooperation.models import Amendment

FORMAT = "handschlag-agreement/2"  # /1 knew neither depth nor annexes nor amendments
LANGUAGES = ("de", "en")


def payload(
    agreement: Agreement,
    sheet: Sheet,
    *,
    number: int,
    at: datetime,
    annexes: "dict[points.PairKey, str] | None" = None,
    amendment: "Amendment | None" = None,
) -> bytes:
    """The exact bytes of version ``number``. The agreement must be locked and without blockers.

    ``annexes``: the SHA-256 (hex) of each pair's annex. ``amendment``: what the version carries
    out, with ``base`` loaded; the text then says what changed.
    """
    places = Participation.objects.accepted().filter(project=agreement.project_id)
    project, rule_book, book = agreement.project, agreement.rule_book, sheet.book
    content: dict[str, Any] = {
        "format": FORMAT,
        "agreement": str(agreement.pk),
        "version": number,
        "frozen_at": instant(at),
        "depth": agreement.depth,
        "project": {
            "id": str(project.pk),
            "name": project.name,
            "customer": project.customer_name,
            "customer_is_alias": project.customer_is_alias,
            "is_frame": project.is_frame,
            "description": project.description,
        },
        "rule_book": {
            "key": book.key,
            "version": book.version,
            "sha256": rule_book.sha256,
            "title": _text(book.title),
            "provenance": _text(book.provenance),
            "preamble": _text(book.preamble),
            "statement": _text(book.statement),
            "meaning": _text(book.meaning),
        },
        "fast_track": agreement.fast_track,
        "parties": [_party(place) for place in places.select_related("partner")],
        "deviations": [
            point.key
            for point in points.visible_points(sheet)
            if points.compared(sheet, point).is_deviation
        ],
        "rules": [_rule(sheet, rule) for rule in book.rules],
        # What was not talked about: the first talk asks only part of the book.
        "not_asked": [
            {"key": point.key, "number": point.number, "question": _text(point.question)}
            for point in book.points.values()
            if points.applies(sheet, point) and not points.is_visible(sheet, point)
        ],
        "annexes": [
            {"parties": list(pair), "sha256": digest} for pair, digest in (annexes or {}).items()
        ],
    }
    if amendment is not None:
        content["amendment"] = _amendment(amendment, content)
    return rfc8785.dumps(content)


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _amendment(amendment: "Amendment", new: dict[str, Any]) -> dict[str, Any]:
    base, old = amendment.base, content(amendment.base.payload)
    before, now = _names(old), _names(new)
    joined = [key for key in now if key not in before]
    changed = changes(old, new)
    if joined:
        # Who joins has not signed the text before, and this one must not tell it.
        changed = [{**change, "before": None} for change in changed]
    return {
        "reason": amendment.reason,
        "effective_on": amendment.effective_on.isoformat(),
        "effective": {
            language: words.EFFECTIVE.in_language(language).format(
                day=words.day(amendment.effective_on.isoformat(), language)
            )
            for language in LANGUAGES
        },
        "base": {"version": base.number, "sha256": base.sha256},
        "joined": [{"id": key, "name": now[key]} for key in joined],
        "left": [{"id": key, "name": name} for key, name in before.items() if key not in now],
        "tells_before": not joined,
        "changes": changed,
    }


def _names(text: dict[str, Any]) -> dict[str, str]:
    return {party["id"]: party["name"] for party in text["parties"]}


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """What reads differently, point by point, with both languages beside each other."""
    told = {language: differences.between(old, new, language) for language in LANGUAGES}
    return [
        {
            "key": german.key,
            "number": german.number,
            "question": {"de": german.question, "en": english.question},
            "before": _both(german.before, english.before),
            "after": _both(german.after, english.after),
        }
        for german, english in zip(told["de"], told["en"], strict=True)
    ]


def _both(
    german: tuple[str, ...] | None, english: tuple[str, ...] | None
) -> dict[str, list[str]] | None:
    if german is None or english is None:
        return None
    return {"de": list(german), "en": list(english)}


def sha256(frozen: bytes) -> str:
    return hashlib.sha256(frozen).hexdigest()


def _text(text: Text) -> dict[str, str]:
    return {"de": text.de, "en": text.en}


def _party(place: Participation) -> dict[str, Any]:
    firm = place.partner
    return {
        "id": str(firm.pk),
        "name": firm.name,
        "legal_name": firm.legal_name,
        "register_number": firm.register_number,
        "city": firm.city,
        "country": firm.country,
        "role": place.role,
        "signatures_needed": firm.signatures_needed,
    }


def _rule(sheet: Sheet, rule: Rule) -> dict[str, Any]:
    return {
        "number": rule.number,
        "key": rule.key,
        "title": _text(rule.title),
        "short": _text(rule.short),
        "principle": _text(rule.principle),
        "points": [point_text(sheet, point) for point in points.visible_points(sheet, rule)],
    }


def point_text(sheet: Sheet, point: Point) -> dict[str, Any]:
    """A point as data; in the common text one that pairs settle has no answer, only its place."""
    given: list[tuple[str | None, Given | None]] = (
        [(party.key, sheet.given(point, party.key)) for party in sheet.parties]
        if point.per_partner
        else [(None, sheet.given(point))]
    )
    compared, state = points.compared(sheet, point), points.state(sheet, point)
    in_annex = point.pairwise and sheet.pair is None
    return {
        "key": point.key,
        "number": point.number,
        "kind": point.kind,
        "scope": point.scope,
        "annex": in_annex,
        "question": _text(point.question),
        "default": _text(point.default_text),
        "state": compared.value if compared in (Compared.LEFT_OUT, Compared.ANNEX) else state.value,
        "compared": compared.value,
        "answers": [
            _answer(sheet, point, party, answer) for party, answer in given if answer is not None
        ],
    }


def _answer(sheet: Sheet, point: Point, party: str | None, given: Given) -> dict[str, Any]:
    return {
        "partner": party,
        "resolution": "value" if given.is_applicable else points.NOT_APPLICABLE,
        "value": given.value,
        "note": given.note,
        "origin": given.origin,
        "source": dict(given.source),
        "said": {
            language: points.described(sheet, point, given, language).as_json()
            for language in LANGUAGES
        },
    }


# ---- Reading it --------------------------------------------------------------------------------


def content(frozen: bytes | memoryview) -> dict[str, Any]:
    """The frozen text as data."""
    data: dict[str, Any] = json.loads(bytes(frozen))
    return data


def depth_of(text: dict[str, Any]) -> str:
    """How much of the rule book a text asked; the first format did not say so."""
    older = points.FAST_TRACK if text["fast_track"] else points.FULL
    return str(text.get("depth") or older)


def localised(value: Any, language: str) -> Any:
    """``value`` with every text in both languages replaced by the one in ``language``."""
    if isinstance(value, dict):
        if value.keys() == {"de", "en"}:
            return localised(value["de" if language.startswith("de") else "en"], language)
        return {key: localised(inner, language) for key, inner in value.items()}
    return [localised(inner, language) for inner in value] if isinstance(value, list) else value
