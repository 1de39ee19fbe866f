"""What the portal refuses to start with in production, and what its check says then."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from config import checks
from config.demo.firms import FIRMS
from partners.models import Partner, User
from tests.factories import PASSWORD, PartnerFactory, UserFactory, member

ROOT = Path(__file__).parents[2]
KEY = "".join(map(chr, range(48, 123)))
GOOD: dict[str, Any] = {
    "debug": False,
    "secret_keys": [KEY],
    "allowed_hosts": ["portal.example.com"],
    "base_url": "https://portal.example.com",
    "redis_url": "redis://127.0.0.1:6379/0",
    "email_url": "submission://user:password@mail.example.com",
}


# ---- What the environment says -------------------------------------------------------------------


def test_a_whole_configuration_has_no_fault() -> None:
    assert checks.faults(**GOOD) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"debug": True}, "DEBUG"),
        ({"secret_keys": [checks.INSECURE_KEY]}, "SECRET_KEY"),
        ({"secret_keys": [KEY[:49]]}, "SECRET_KEY"),
        ({"secret_keys": ["ab" * 40]}, "SECRET_KEY"),
        ({"secret_keys": [""]}, "SECRET_KEY"),
        ({"secret_keys": [KEY, "an old short one"]}, "SECRET_KEY"),
        ({"allowed_hosts": ["portal.example.com", "*"]}, "ALLOWED_HOSTS"),
        ({"allowed_hosts": ["portal.example.com", "."]}, "ALLOWED_HOSTS"),
        ({"base_url": "http://portal.example.com"}, "BASE_URL"),
        ({"base_url": "https://"}, "BASE_URL"),
        ({"base_url": "https://other.example.com"}, "BASE_URL"),
        ({"redis_url": ""}, "REDIS_URL"),
        ({"email_url": "console://"}, "EMAIL_URL"),
        ({"email_url": "file:///tmp/mails"}, "EMAIL_URL"),
    ],
)
def test_each_fault_is_named_alone(change: dict[str, Any], named: str) -> None:
    (found,) = checks.faults(**GOOD | change)
    assert found.startswith(named)


def test_no_host_at_all_is_two_faults() -> None:
    found = checks.faults(**GOOD | {"allowed_hosts": []})
    assert [sentence.partition(" ")[0] for sentence in found] == ["ALLOWED_HOSTS", "BASE_URL"]


# ---- What the database says ----------------------------------------------------------------------


@pytest.fixture
def production(settings: Any) -> Any:
    settings.PRODUCTION = True
    return settings


@pytest.mark.django_db
def test_invented_people_stop_every_command_but_those_that_mend(production: Any) -> None:
    UserFactory.create(email="Jana@Brueckner-IT.EXAMPLE")
    for command in ("runserver", "score", "create_person", "shell", "send_notices", "load_demo"):
        with pytest.raises(ImproperlyConfigured, match="1 invented people"):
            checks.require_safe_command(["manage.py", command])
    for command in checks.MENDING:
        checks.require_safe_command(["manage.py", command])
    checks.require_safe_command(["manage.py", "--version"])
    checks.require_safe_command(["manage.py"])


@pytest.mark.django_db
def test_real_people_and_closed_accounts_stop_nothing(production: Any) -> None:
    UserFactory.create(email="ada@example.com")
    UserFactory.create(email="x.example@firma.de")
    UserFactory.create(email="jana@brueckner-it.example", is_active=False)
    checks.require_safe_command(["manage.py", "score"])


@pytest.mark.django_db
def test_out_of_production_nobody_is_counted(django_assert_num_queries: Any) -> None:
    UserFactory.create()
    with django_assert_num_queries(0):
        checks.require_safe_command(["manage.py", "score"])


@pytest.mark.django_db
def test_closing_the_demo_opens_the_portal(production: Any) -> None:
    demo = PartnerFactory.create(slug=FIRMS[0].slug)
    firm = PartnerFactory.create(slug="echt")
    jana = member(demo, "admin", email="jana@brueckner-it.example")
    real = member(firm, "admin", email="ada@firma.de")
    browser = Client()
    browser.force_login(jana)

    call_command("close_demo")

    checks.require_safe_command(["manage.py", "score"])
    assert browser.get("/start/").status_code == 302
    assert authenticate(None, username=jana.email, password=PASSWORD) is None
    assert not User.objects.get(pk=jana.pk).has_usable_password()
    assert User.objects.get(pk=real.pk).is_active
    assert list(Partner.objects.values_list("slug", "is_active").order_by("slug")) == [
        (FIRMS[0].slug, False),
        ("echt", True),
    ]


@pytest.mark.django_db
def test_the_demo_is_not_loaded_in_production(production: Any) -> None:
    with pytest.raises(CommandError, match="not in production"):
        call_command("load_demo")


# ---- The processes themselves --------------------------------------------------------------------

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(arguments)`` in an environment of production, with one invented person if asked."""
    database = tmp_path / "db.sqlite3"
    environment = {
        "PATH": os.environ["PATH"],
        "HANDSCHLAG_VAR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{database}",
        "PRODUCTION": "1",
        "SECRET_KEY": KEY.replace("$", "S"),
        "ALLOWED_HOSTS": "portal.example.com",
        "BASE_URL": "https://portal.example.com",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "EMAIL_URL": "submission://user:password@127.0.0.1:1",
        "SEAL_KEY_FILE": django_settings.SEAL_KEY_FILE,
        "SEAL_CERTIFICATE_FILE": django_settings.SEAL_CERTIFICATE_FILE,
        "SEAL_TRUST_DIR": django_settings.SEAL_TRUST_DIR,
    }

    def run(
        *arguments: str, person: str = "", without: str = "", **changes: str
    ) -> "subprocess.CompletedProcess[str]":
        if person:
            with sqlite3.connect(database) as connection:
                # Of the whole table only these are asked for.
                connection.execute("CREATE TABLE partners_user (email TEXT, is_active BOOL)")
                connection.execute("INSERT INTO partners_user VALUES (?, 1)", [person])
            connection.close()
        kept: Mapping[str, str] = {k: v for k, v in environment.items() if k != without}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**kept, **changes},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_the_check_for_production_is_clean(run: Run) -> None:
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert (done.returncode, done.stdout + done.stderr) == (
        0,
        "System check identified no issues (0 silenced).\n",
    )


def test_the_check_for_production_names_invented_people(run: Run) -> None:
    done = run("manage.py", "check", "--deploy", person="jana@brueckner-it.example")
    assert done.returncode == 1
    assert "(portal.E001) 1 invented people" in done.stderr


def test_the_demo_secret_stops_every_command_with_a_sentence(run: Run) -> None:
    done = run("manage.py", "migrate", without="SECRET_KEY")
    assert done.returncode == 1
    assert done.stderr.startswith("The portal does not start:\n  SECRET_KEY ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["manage.py", "send_notices"],
        ["-c", "import config.wsgi"],
        ["-m", "celery", "--app", "config", "worker", "--pool", "solo"],
        ["-m", "celery", "--app", "config", "beat"],
    ],
    ids=["command", "web server", "worker", "beat"],
)
def test_invented_people_stop_every_process(run: Run, arguments: list[str]) -> None:
    done = run(*arguments, person="jana@brueckner-it.example")
    assert done.returncode == 1
    assert "1 invented people" in done.stderr


def test_a_web_server_without_tables_says_so(run: Run) -> None:
    done = run("-c", "import config.wsgi")
    assert done.returncode == 1
    assert "The database cannot be asked" in done.stderr
