"""How long a sign-in lasts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.session_limits import BEGUN, SEEN
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 3, 1, 8, tzinfo=UTC)


def signed_in() -> Client:
    client = Client()
    client.force_login(UserFactory.create())
    return client


def is_in(client: Client, at: datetime) -> bool:
    with time_machine.travel(at, tick=False):
        return bool(client.get("/start/").status_code == 200)


def test_whoever_is_away_too_long_is_signed_out() -> None:
    with time_machine.travel(MONDAY, tick=False):
        client, other = signed_in(), signed_in()
    assert is_in(client, MONDAY + timedelta(seconds=settings.SESSION_IDLE))
    assert not is_in(other, MONDAY + timedelta(seconds=settings.SESSION_IDLE + 1))
    assert not is_in(other, MONDAY)  # the session is gone, not only refused


def test_each_request_begins_the_idle_time_anew() -> None:
    with time_machine.travel(MONDAY, tick=False):
        client = signed_in()
    for hours in (11, 22, 33):
        assert is_in(client, MONDAY + timedelta(hours=hours))


def test_nobody_stays_for_ever() -> None:
    with time_machine.travel(MONDAY, tick=False):
        client = signed_in()
    days = settings.SESSION_COOKIE_AGE // 86_400
    for hours in range(11, 24 * days, 11):
        assert is_in(client, MONDAY + timedelta(hours=hours))
    assert not is_in(client, MONDAY + timedelta(days=days, seconds=1))


def test_a_page_that_is_read_at_once_writes_no_session() -> None:
    with time_machine.travel(MONDAY, tick=False):
        client = signed_in()
        client.get("/start/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/start/")
    assert not [
        query["sql"]
        for query in queries
        if "UPDATE" in query["sql"] and "django_session" in query["sql"]
    ]


def test_a_session_from_before_begins_with_the_next_request() -> None:
    with time_machine.travel(MONDAY, tick=False):
        client = signed_in()
        session: Any = client.session
        del session[BEGUN], session[SEEN]
        session.save()
    later = MONDAY + timedelta(hours=1)
    assert is_in(client, later)
    assert client.session[BEGUN] == client.session[SEEN] == int(later.timestamp())
