"""The log of an agreement in sentences."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cooperation import amendment_words, ending_words, first_round, origins
from cooperation.book import Book
from cooperation.models import Agreement, AgreementEvent

Kind = AgreementEvent.Kind
SETTLING = "dispute"  # how the kinds of points to settle begin


@dataclass(frozen=True, slots=True)
class Entry:
    at: datetime
    by: str
    firm: str
    what: str
    detail: str = ""  # what somebody wrote, shown as a quotation
    point: str = ""  # key of the point it is about
    between: str = ""  # the two firms that alone read this entry


def entries(
    events: Iterable[AgreementEvent],
    book: Book,
    firms: Mapping[str, str],
    *,
    joined_at: datetime | None = None,
) -> list[Entry]:
    """``events`` in the language of the request; ``firms``: names by id, of those that left too.

    What people wrote before the reader's firm joined was not written for it; points that others
    settled before are not told at all.
    """
    return [
        replace(entry, detail="") if joined_at is not None and entry.at < joined_at else entry
        for entry in (
            _entry(event, book, firms, joined_at)
            for event in events
            if joined_at is None or event.at >= joined_at or not event.kind.startswith(SETTLING)
        )
    ]


def _entry(
    event: AgreementEvent, book: Book, firms: Mapping[str, str], joined_at: datetime | None
) -> Entry:
    data: dict[str, Any] = event.data
    if joined_at is not None and event.at < joined_at:  # nor from where others took something over
        data = {key: value for key, value in data.items() if key != "source"}
    point = book.points.get(data.get("point", ""))
    rule = book.rules_by_key.get(data.get("rule", ""))
    number = len(data.get("filled", [])) + len(data.get("confirmed", []))
    said = {
        "point": f"{point.number} {point.question}" if point else "",
        "rule": f"{rule.number} {rule.title}" if rule else "",
        "firm": firms.get(data.get("invited", ""), ""),
        "version": data.get("version", ""),
        "origin": origins.words(data.get("origin", ""), data.get("source") or {}),
        "level": data.get("level", ""),
        "depth": dict(Agreement.Depth.choices).get(data.get("to", ""), "")
        if event.kind == Kind.DEPTH
        else "",
        "outcome": first_round.in_short(data) if event.kind == Kind.BLIND_REVEALED else "",
        "number": number,
        "statement": book.statement,
    }
    sentence = {
        Kind.CREATED: _("The project was begun."),
        Kind.INVITED: _("%(firm)s was invited."),
        Kind.ACCEPTED: _("The invitation was accepted."),
        Kind.INVITATION_DECLINED: _("The invitation was declined."),
        Kind.INVITATION_WITHDRAWN: _("The invitation of %(firm)s was taken back."),
        Kind.OUTSIDE_INVITED: _("A firm that is not here yet was invited by mail."),
        Kind.OUTSIDE_WITHDRAWN: _("An invitation by mail was taken back."),
        Kind.PROPOSED: _("New answer: %(point)s"),
        Kind.NOT_APPLICABLE: _("Proposed as not applicable: %(point)s"),
        Kind.CONFIRMED: _("Confirmed: %(point)s"),
        Kind.DEFAULTS: ngettext(
            "Confirmed as in the Kodex (%(number)s point): %(rule)s",
            "Confirmed as in the Kodex (%(number)s points): %(rule)s",
            number,
        ),
        Kind.FAST_TRACK: ngettext(
            "“%(statement)s” %(number)s point as in the Kodex.",
            "“%(statement)s” %(number)s points as in the Kodex.",
            number,
        ),
        Kind.TALK: _("Asked for a talk: %(point)s"),
        Kind.TALK_RESOLVED: _("Talked about: %(point)s"),
        Kind.FROZEN: _("Version %(version)s is ready to sign."),
        Kind.SIGNED: _("Version %(version)s was signed."),
        Kind.DECLINED: _("The signature of version %(version)s was declined."),
        Kind.WITHDRAWN: _("The signing round of version %(version)s was taken back."),
        Kind.EXPIRED: _("The time to sign version %(version)s ran out."),
        Kind.REVIEWED: _("A review of the cooperation was held."),
        Kind.REUSED: ngettext(
            "%(number)s answer was taken over or confirmed: %(origin)s",
            "%(number)s answers were taken over or confirmed: %(origin)s",
            number,
        ),
        Kind.DEPTH: _("The checklist now asks: %(depth)s"),
        Kind.DISPUTE_OPENED: _("A point to settle was opened: %(point)s"),
        Kind.DISPUTE_LEVEL: _("Level %(level)s was called to settle a point: %(point)s"),
        Kind.DISPUTE_GUEST: _("A neutral person was proposed to settle a point: %(point)s"),
        Kind.DISPUTE_SETTLED: _("All involved have settled a point: %(point)s"),
        Kind.DISPUTE_WITHDRAWN: _("A point to settle was taken back: %(point)s"),
        Kind.BLIND_OPENED: _("The first round began: each firm answers alone."),
        Kind.BLIND_REVEALED: _("The first round was opened to all: %(outcome)s."),
        Kind.IN_FORCE: _("Version %(version)s is in force: all firms have signed."),
    }.get(Kind(event.kind), event.kind)
    return Entry(
        at=event.at,
        by=event.by.name if event.by else "",  # nobody: a deadline ran out
        firm=event.partner.name if event.partner else "",
        what=ending_words.logged(event.kind, data)
        or amendment_words.logged(event.kind, data, said["point"])
        or sentence % said,
        detail=str(data.get("reason") or data.get("comment") or ""),
        point=point.key if point else "",
        between=_pair(event, firms),
    )


def _pair(event: AgreementEvent, firms: Mapping[str, str]) -> str:
    if event.pair is None:
        return ""
    two = (event.pair.first_id, event.pair.second_id)
    return " – ".join(firms.get(str(firm), "") for firm in two)
