"""People who come in: a mailbox proved by a code, and the account that is made of it.

No account comes into being before the mailbox is proved, so nobody can prepare one for somebody
else. Until then everything lies in the session of the browser that asked.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from partners import guessing
from partners.accounts import addresses
from partners.models import User
from partners.people import NotPossible

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words; nothing that looks like a digit
LENGTH = 8
LASTS = 15 * 60  # seconds
TRIES = 5
KEY = "newcomer"  # in the session


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who wants an account. ``password`` is a hash already."""

    email: str
    name: str
    language: str
    password: str

    @classmethod
    def of(cls, *, email: str, name: str, language: str, password: str) -> "Newcomer":
        """As it was typed in."""
        return cls(User.objects.normalize_email(email), name, language, make_password(password))


class WrongCode(Exception):
    """It is not the code of the mail; another may be tried."""


class NoLonger(Exception):
    """There is nothing to prove any more: too late, too many tries, or never begun."""


def is_known(email: str) -> bool:
    """Whether somebody signs in with this address. Never shown on a page, only told by mail to it.

    An account that was made for somebody and never opened is as good as none: whoever has the
    mailbox takes it over, as with a link to choose a password.
    """
    user = User.objects.filter(email=User.objects.normalize_email(email)).first()
    return user is not None and not _is_unopened(user)


def _is_unopened(user: User) -> bool:
    return user.is_active and user.last_login is None and not user.has_usable_password()


def begin(
    session: SessionBase,
    purpose: str,
    facts: Mapping[str, Any],
    newcomer: Newcomer | None,
    *,
    good: bool,
) -> str:
    """Wait for a code, and return it for the mail. Unless ``good``, no code will ever do.

    ``newcomer`` is None for somebody who is signed in. The session keeps a hash of the code.
    """
    code = "".join(secrets.choice(ALPHABET) for _each in range(LENGTH))
    number = secrets.token_hex(16)
    session[KEY] = {
        "purpose": purpose,
        "number": number,
        "code": _hash(number, code if good else secrets.token_hex(16)),
        "until": time.time() + LASTS,
        "facts": dict(facts),
        "newcomer": asdict(newcomer) if newcomer else None,
    }
    return f"{code[:4]}-{code[4:]}"


def waits(session: SessionBase, purpose: str) -> bool:
    """Whether a code for this purpose is awaited."""
    kept = session.get(KEY)
    return bool(kept and kept["purpose"] == purpose and kept["until"] > time.time())


def prove(session: SessionBase, purpose: str, code: str) -> tuple[dict[str, Any], Newcomer | None]:
    """What was begun, once the code is right; then it is over. Raises ``WrongCode``, ``NoLonger``.

    Tries are counted beside the session: of many at the same instant only so many get through.
    """
    if not waits(session, purpose):
        raise NoLonger
    kept = session[KEY]
    try:
        guessing.count(f"newcomer:{kept['number']}", most=TRIES, pause=LASTS)
    except guessing.TooMany as error:
        session.pop(KEY, None)
        raise NoLonger from error
    typed = "".join(letter for letter in code.upper() if letter in ALPHABET)
    if not constant_time_compare(_hash(kept["number"], typed), kept["code"]):
        raise WrongCode
    session.pop(KEY, None)
    return kept["facts"], Newcomer(**kept["newcomer"]) if kept["newcomer"] else None


def account(newcomer: Newcomer) -> User:
    """The account of somebody whose mailbox was proved just now; call it within a transaction.

    Raises ``NotPossible`` when another account came into being with this address meanwhile.
    """
    user = User.objects.select_for_update().filter(email=newcomer.email).first()
    if user is None:
        user = User(email=newcomer.email)
    elif not _is_unopened(user):
        raise NotPossible(there_is_one())
    user.name, user.language = newcomer.name, newcomer.language
    user.password = newcomer.password
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # somebody else was there at the same instant
        raise NotPossible(there_is_one()) from error
    addresses.keep(user, verified=True)
    EmailAddress.objects.filter(user=user, email=user.email).update(verified=True, primary=True)
    return user


def there_is_one() -> str:
    """Said to whoever has just proved the mailbox, to nobody else."""
    return _("There is an account with this address already. Please sign in.")


def _hash(number: str, code: str) -> str:
    return salted_hmac("partners.newcomers", f"{number}:{code}", algorithm="sha256").hexdigest()
