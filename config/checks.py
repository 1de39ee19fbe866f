"""What must not go to work in production: the demo's secret and people, half a configuration.

``settings`` refuses what the environment alone tells. The rest is asked of the database by whatever
starts for long (web server, worker, beat) and by every command but those that mend it.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.http.request import validate_host

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partners.models import User

# Good for one machine and its demo only; production has to bring its own.
INSECURE_KEY = "insecure-key-of-the-demo-and-the-tests-never-for-production"
KEY_LENGTH, KEY_CHARACTERS = 50, 10  # at least, and at least so many different ones
RESERVED = ".example"  # nobody can register such a name (RFC 6761): only invented people have it
# Commands that mend a database, or look at it without serving anybody.
MENDING = frozenset(
    {
        "check",
        "close_demo",
        "collectstatic",
        "dbshell",
        "diffsettings",
        "flush",
        "help",
        "migrate",
        "showmigrations",
        "version",
    }
)


# ---- What the environment says -------------------------------------------------------------------


def weak(key: str) -> bool:
    """Whether ``key`` could be guessed: the demo's, short, or a few characters again and again."""
    return key == INSECURE_KEY or len(key) < KEY_LENGTH or len(set(key)) < KEY_CHARACTERS


def faults(
    *,
    debug: bool,
    secret_keys: Sequence[str],
    allowed_hosts: Sequence[str],
    base_url: str,
    redis_url: str,
    email_url: str,
) -> list[str]:
    """Sentences for the operator: why the portal must not start with PRODUCTION=1 like this."""
    address = urlsplit(base_url)
    found = []
    if debug:
        found.append("DEBUG shows code and settings to whoever meets an error: unset it.")
    if any(map(weak, secret_keys)):
        found.append(
            "SECRET_KEY (and every one of SECRET_KEY_FALLBACKS) has to be your own, random and"
            f" at least {KEY_LENGTH} characters long:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(60))"'
        )
    if not allowed_hosts or any(re.fullmatch(r"\.?\**", host.strip()) for host in allowed_hosts):
        found.append("ALLOWED_HOSTS has to name the hosts of the portal, and not all there are.")
    if address.scheme != "https" or not address.hostname:
        found.append("BASE_URL has to begin with https:// and name the portal's host.")
    elif not validate_host(address.hostname, list(allowed_hosts)):
        found.append(f"BASE_URL leads to {address.hostname}, which ALLOWED_HOSTS does not name.")
    if not redis_url:
        found.append("REDIS_URL is missing: tries are counted in a cache all processes share.")
    if email_url.startswith(("console:", "dummy:", "memory:", "file:")):
        found.append("EMAIL_URL has to name a mail server: links to sign in must not get in a log.")
    return found


def refuse(found: Sequence[str]) -> None:
    """Raise ``ImproperlyConfigured`` with all of ``found``, if there is anything."""
    if found:
        raise ImproperlyConfigured("\n  ".join(("The portal does not start:", *found)))


# ---- What the database says ----------------------------------------------------------------------


def demo_people() -> "QuerySet[User]":
    """Invented people who could sign in: their password is printed by the demo."""
    from partners.models import User  # noqa: PLC0415 -- settings load this module before the apps

    return User.objects.filter(is_active=True, email__iendswith=RESERVED)


def faults_of_database() -> list[str]:
    """As ``faults``. Raises ``DatabaseError`` when it cannot be asked."""
    if not settings.PRODUCTION:
        return []
    if not (count := demo_people().count()):
        return []
    return [
        f"{count} invented people (mail addresses that end in {RESERVED}) could sign in with a"
        " password everybody knows. Begin with an empty database, or close their accounts:"
        " bin/manage close_demo"
    ]


def require_safe_start() -> None:
    """For processes that serve: raise ``ImproperlyConfigured`` rather than go to work unsafely.

    A database that cannot be asked stops them too; whatever runs them starts them again.
    """
    if not settings.PRODUCTION:
        return
    try:
        refuse(faults_of_database())
    except DatabaseError as error:
        refuse([f"The database cannot be asked ({error}). Is it there, and migrated?"])
    finally:
        connection.close()  # a web server may fork after this


def require_safe_command(arguments: Sequence[str]) -> None:
    """For ``manage.py``: the same for every command that does not mend the database."""
    name = next((word for word in arguments[1:] if not word.startswith("-")), "help")
    if not settings.PRODUCTION or name in MENDING:
        return
    try:
        refuse(faults_of_database())
    except DatabaseError:
        return  # the command will meet that itself, and manage.py explains it


@register(Tags.security, deploy=True)
def check_people(app_configs: Sequence[AppConfig] | None, **_rest: Any) -> list[CheckMessage]:
    """``check --deploy`` says it too."""
    try:
        return [Error(fault, id="portal.E001") for fault in faults_of_database()]
    except DatabaseError:
        return []
