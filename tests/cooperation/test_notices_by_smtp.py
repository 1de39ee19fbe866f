"""The mails on the wire, and what becomes of them when a real server is away or refuses."""

import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.utils import timezone

from cooperation import notices
from cooperation.models import Notice
from cooperation.notices import Round
from tests.cooperation.mail_server import MailServer, running
from tests.factories import UserFactory
from tests.racing import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    with running() as mail:
        settings.EMAIL_PORT = mail.port
        yield mail


def tell(*addresses: str, key: str = "1", name: str = "Ada") -> None:
    people = [UserFactory.create(email=address, name=name) for address in addresses]
    notices.tell(
        None,
        "in_force",
        people,
        key=key,
        path="/kooperation/versionen/1/",
        project="Straße – Ægir „Größe“ 日本",
        version=3,
    )


def states() -> Counter[str]:
    return Counter(Notice.objects.values_list("state", flat=True))


def test_the_letter_on_the_wire(server: MailServer) -> None:
    tell("ada@firma.example", name="Ada Größer")

    assert notices.send_due() == Round(sent=1)

    (letter,) = server.letters
    notice = Notice.objects.get()
    assert server.recipients == [["ada@firma.example"]]
    assert {key: value.strip() for key, value in letter.items() if key != "Date"} == {
        "Content-Type": 'text/plain; charset="utf-8"',
        "MIME-Version": "1.0",
        "Content-Transfer-Encoding": "8bit",
        "Subject": "Handschlag: Von allen unterschrieben – Straße – Ægir „Größe“ 日本",
        "From": "Handschlag <portal@handschlag.example>",
        "To": "ada@firma.example",
        "Message-ID": f"<{notice.pk}@handschlag.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    assert letter.get_content().splitlines()[0] == "Guten Tag Ada Größer,"
    head = server.raw[0].partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 78


def test_a_round_uses_one_connection_and_one_letter_per_person(server: MailServer) -> None:
    tell(*(f"person{number}@firma.example" for number in range(5)))

    assert notices.send_due() == Round(sent=5)

    assert server.connections == 1
    assert sorted(map(len, server.recipients)) == [1] * 5
    assert len({letter["Message-ID"] for letter in server.letters}) == 5


def test_two_workers_send_each_mail_once(server: MailServer) -> None:
    for number in range(5):
        tell(*(f"r{number}p{person}@firma.example" for person in range(4)), key=str(number))
        results = at_once(notices.send_due, notices.send_due, notices.send_due)

        assert sum(result.sent for result in results) == 4
    assert Counter(to for (to,) in server.recipients) == {
        f"r{number}p{person}@firma.example": 1 for number in range(5) for person in range(4)
    }
    assert states() == {"sent": 20}


def test_two_steps_at_once_tell_with_one_key_once() -> None:
    person = UserFactory.create()
    step = lambda: notices.tell(  # noqa: E731
        None, "in_force", [person], key="1", path="/x/", project="P", version=1
    )
    for _round in range(5):
        assert at_once(step, step) == [None, None]
    assert Notice.objects.count() == 1


def test_a_mailbox_that_does_not_exist_is_given_up_at_once(server: MailServer) -> None:
    server.refuses = {"gone@firma.example": b"550 no such user"}
    tell("gone@firma.example", "ada@firma.example")

    assert notices.send_due() == Round(sent=1, failed=1)

    failed = Notice.objects.get(state="failed")
    assert "no such user" in failed.error
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert notices.send_due() == Round()
    server.refuses = {}
    assert notices.retry_failed() == 1
    assert notices.send_due() == Round(sent=1)


def test_a_mailbox_that_is_busy_is_tried_again(server: MailServer) -> None:
    server.refuses = {"grey@firma.example": b"451 try again later"}
    tell("grey@firma.example", "ada@firma.example")

    assert notices.send_due() == Round(sent=1, failed=1)
    server.refuses = {}
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert notices.send_due() == Round(sent=1)
    assert states() == {"sent": 2}


@pytest.mark.parametrize("greeting", [b"421 too busy", b"554 not for you"])
def test_a_server_that_does_not_want_to_talk_is_away(server: MailServer, greeting: bytes) -> None:
    server.greeting = greeting
    tell("ada@firma.example", "ben@firma.example")

    assert notices.send_due() == Round(failed=1)
    assert states() == {"queued": 2}
    server.greeting = b"220 welcome back"
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert notices.send_due() == Round(sent=2)


def test_a_server_that_is_down_loses_nothing(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()
        tell("ada@firma.example", "ben@firma.example")
        assert notices.send_due() == Round(failed=1)
    assert states() == {"queued": 2}
    with running() as mail:
        settings.EMAIL_PORT = mail.port
        with time_machine.travel(timezone.now() + timedelta(minutes=3)):
            assert notices.send_due() == Round(sent=2)
    assert len(mail.letters) == 2


def test_a_letter_whose_receipt_got_lost_comes_again_under_the_same_name(
    server: MailServer,
) -> None:
    server.hangs_up = True
    tell("ada@firma.example")
    assert notices.send_due() == Round(failed=1)
    server.hangs_up = False
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        assert notices.send_due() == Round(sent=1)

    first, second = server.letters
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.integration
def test_a_worker_killed_in_the_middle_of_a_letter(server: MailServer) -> None:
    """A process of its own, with the real settings, ended as when a machine loses power."""
    server.may_answer = threading.Event()
    tell("ada@firma.example", "ben@firma.example")
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}"
    if connection.vendor == "sqlite":
        url = "sqlite:///{NAME}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "send_notices"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url.format(**database),
            "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
        },
    )
    try:
        while not server.has_read.wait(timeout=0.1):
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        server.may_answer.set()
    assert states() == {"queued": 2}

    assert notices.send_due() == Round(sent=1)  # the other letter; this one is still claimed
    with time_machine.travel(timezone.now() + notices.LEASE):
        assert notices.send_due() == Round(sent=1)

    names = Counter(letter["Message-ID"] for letter in server.letters)
    assert sorted(names.values()) == [1, 2]  # the same letter again, under the same name
