"""Calendar files, read back by a parser and looked at as bytes."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from cooperation.calendar_files import Event, calendar

DAY = date(2027, 1, 1)
CHANGED = datetime(2026, 11, 21, 16, 5, 9, 123456, tzinfo=UTC)
REVIEW = Event(
    key="review-2c1f",
    day=date(2027, 3, 28),
    title="Gemeinsame Prüfung",
    changed_at=CHANGED,
    revision=3,
    description="Erste Zeile\nZweite Zeile",
    url="https://portal.example/kooperation/1/",
    remind_days=7,
)


def event(**change: Any) -> Event:
    return Event(**{"key": "k", "day": DAY, "title": "T", "changed_at": CHANGED, **change})


def read(file: bytes) -> list[Any]:
    return list(Calendar.from_ical(file).walk("VEVENT"))


def test_a_review_reads_back_as_it_was() -> None:
    file: Any = Calendar.from_ical(calendar([REVIEW], "de"))

    assert (file["VERSION"], file["METHOD"]) == ("2.0", "PUBLISH")
    (entry,) = file.walk("VEVENT")
    assert entry["UID"] == "review-2c1f@handschlag"
    assert entry["SUMMARY"] == "Gemeinsame Prüfung"
    assert entry["SUMMARY"].params["LANGUAGE"] == "de"
    assert entry["DESCRIPTION"] == "Erste Zeile\nZweite Zeile"
    assert entry["URL"] == "https://portal.example/kooperation/1/"
    assert entry["DTSTART"].dt == date(2027, 3, 28)  # a day, also on the one with 23 hours
    assert entry["DTEND"].dt == date(2027, 3, 29)
    assert entry["DTSTAMP"].dt == datetime(2026, 11, 21, 16, 5, 9, tzinfo=UTC)
    assert entry["SEQUENCE"] == 3
    (alarm,) = entry.walk("VALARM")
    assert alarm["TRIGGER"].dt == timedelta(days=-7, hours=9)
    assert (alarm["ACTION"], alarm["DESCRIPTION"]) == ("DISPLAY", "Gemeinsame Prüfung")


def test_the_file_is_what_the_standard_asks_for_byte_by_byte() -> None:
    end = event(key="end-1", title="Ende; letzter Tag, 24:00 \\ Köln", remind_days=0)

    assert calendar([end], "de").decode() == "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "PRODID:-//Handschlag//Handschlag//DE",
            "VERSION:2.0",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            "UID:end-1@handschlag",
            "DTSTAMP:20261121T160509Z",
            "LAST-MODIFIED:20261121T160509Z",
            "SEQUENCE:0",
            "DTSTART;VALUE=DATE:20270101",
            "DTEND;VALUE=DATE:20270102",
            "SUMMARY;LANGUAGE=de:Ende\\; letzter Tag\\, 24:00 \\\\ Köln",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:PT9H",
            "DESCRIPTION:Ende\\; letzter Tag\\, 24:00 \\\\ Köln",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def test_the_same_events_make_the_same_file() -> None:
    tokyo = CHANGED.astimezone(timezone(timedelta(hours=9)))

    assert calendar([REVIEW, event()], "de") == calendar([REVIEW, event()], "de")
    assert calendar([event(changed_at=tokyo)], "de") == calendar([event()], "de")
    assert calendar([event()], "de-de") == calendar([event()], "de") != calendar([event()], "en")


def test_a_moved_review_keeps_its_identity() -> None:
    before, after = (
        read(calendar([event(day=day, revision=revision)], "en"))[0]
        for revision, day in enumerate([date(2027, 1, 1), date(2027, 2, 1)])
    )

    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)


def test_no_events_make_an_empty_calendar() -> None:
    assert read(calendar([], "en")) == []


@pytest.mark.parametrize(
    "title",
    [
        "Zeile\nEND:VEVENT\nBEGIN:VEVENT",
        "Zeile\r\nATTACH:https://evil.example/x",
        "Zeile\rX-EVIL:1",
        "Zeile\u2028X-EVIL:1\u2029\x85",
        "\x00Steuer\x07zeichen\x1b[31m",
        "gedreht \u202egnp.exe",
    ],
)
def test_a_title_is_one_line_whatever_it_holds(title: str) -> None:
    file = calendar([event(title=title, key=title, remind_days=1, description=title)], "de")

    (entry,) = read(file)
    assert {name for name, _ in entry.property_items(recursive=False)} == {
        *"BEGIN END UID DTSTAMP LAST-MODIFIED SEQUENCE DTSTART DTEND SUMMARY DESCRIPTION".split(),
        "TRANSP",
    }
    assert len(str(entry["SUMMARY"]).splitlines()) == 1
    assert not set("\x00\x07\x1b\u202e") & set(file.decode())


@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_is_folded_and_read_back(title: str, description: str) -> None:
    file = calendar([event(title=title, description=description)], "de")

    lines = file.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    (entry,) = read(file)
    assert " ".join(str(entry["SUMMARY"]).split()) == str(entry["SUMMARY"])
    if title.isalnum():
        assert entry["SUMMARY"] == title


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "//evil.example",
        "file:///etc/passwd",
        "https://a\r\nX:1",
        "https://a b",
    ],
)
def test_only_an_address_of_a_page_is_a_url(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        calendar([event(url=url)], "de")


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        calendar([event(changed_at=CHANGED.replace(tzinfo=None))], "de")


def test_a_node_that_makes_no_file_does_not_load_the_library() -> None:
    code = (
        "import sys; import cooperation.calendar_files as files\n"
        "assert 'icalendar' not in sys.modules\n"
        "files.calendar([], 'de')\n"
        "assert 'icalendar' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
