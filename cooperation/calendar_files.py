"""Calendar files (RFC 5545) with whole days: reviews, ends. Pure: no database, clock or settings.

The same events make the same bytes, and the same event keeps its identity: who fetches the file
again moves the entry in the own calendar instead of adding a second one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from partners.plain import one_line

TYPE = "text/calendar; charset=utf-8"
DAY = timedelta(days=1)
MORNING = timedelta(hours=9)  # a reminder at midnight is read by nobody


@dataclass(frozen=True, slots=True)
class Event:
    """One day in a calendar. Texts are as people wrote them; what a file cannot hold is left out.

    ``key``: its identity among all events of the portal, as "review-<uuid>"; ``changed_at`` (aware)
    and ``revision`` are of the data it was made from; ``url``: absolute address of its page;
    ``remind_days``: that many days before, at nine in the morning of whoever reads it.
    """

    key: str
    day: date
    title: str
    changed_at: datetime
    revision: int = 0
    description: str = ""
    url: str = ""
    remind_days: int | None = None


def calendar(events: Iterable[Event], language: str) -> bytes:
    """The file, CRLF and UTF-8; ``language`` of the texts: "de" or "en".

    Raises ``ValueError`` for an instant without a time zone and for an address that is none.
    """
    # A tenth of a second and 11 MB: only for who makes such a file.
    import icalendar  # noqa: PLC0415

    file = icalendar.Calendar()
    file.add("prodid", f"-//Handschlag//Handschlag//{language[:2].upper()}")
    file.add("version", "2.0")
    file.add("calscale", "GREGORIAN")
    file.add("method", "PUBLISH")  # else Outlook takes an entry for an invitation to answer
    for event in events:
        entry = icalendar.Event()
        for name, value, parameters in _properties(event, language[:2]):
            entry.add(name, value, parameters=parameters)
        if event.remind_days is not None:
            alarm = icalendar.Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("trigger", MORNING - event.remind_days * DAY)
            alarm.add("description", one_line(event.title))
            entry.add_component(alarm)
        file.add_component(entry)
    made: bytes = file.to_ical(sorted=False)
    return made


def _properties(event: Event, language: str) -> Iterator[tuple[str, Any, dict[str, str]]]:
    if event.changed_at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    changed_at = event.changed_at.astimezone(UTC).replace(microsecond=0)
    yield "uid", f"{one_line(event.key)}@handschlag", {}
    yield "dtstamp", changed_at, {}
    yield "last-modified", changed_at, {}
    yield "sequence", event.revision, {}
    yield "dtstart", event.day, {}
    yield "dtend", event.day + DAY, {}  # the first day that is not part of it
    yield "summary", one_line(event.title), {"LANGUAGE": language}
    if description := "\n".join(map(one_line, event.description.splitlines())).strip():
        yield "description", description, {"LANGUAGE": language}
    if event.url:
        if (
            not event.url.startswith(("https://", "http://"))
            or [one_line(event.url)] != event.url.split()
        ):
            raise ValueError(f"no address of a page: {event.url!r}")
        yield "url", event.url, {}
    yield "transp", "TRANSPARENT", {}  # a date to keep in mind, not a day that is taken
