"""Domains of firms: which one a mail address proves, and whether a website belongs to it.

A mail to an address proves the very domain behind the @, never the one above it: whoever has a
mailbox at a shared host must not get that host, and no list of such hosts is ever complete.
"""

import re
from urllib.parse import urlsplit

# Where anybody gets a mailbox.
FREE_MAIL = frozenset(
    """
    aol.com aol.de arcor.de bluewin.ch chello.at email.de fastmail.com fastmail.fm free.fr
    freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hey.com
    hotmail.ch hotmail.co.uk hotmail.com hotmail.de hotmail.fr icloud.com laposte.net
    libero.it live.at live.com live.de mac.com mail.com mail.de mail.ru mailbox.org me.com
    msn.com o2online.de online.de orange.fr outlook.at outlook.com outlook.de passport.com
    pm.me posteo.at posteo.ch posteo.de posteo.net proton.me protonmail.ch protonmail.com
    qq.com rocketmail.com seznam.cz sunrise.ch t-online.at t-online.de tuta.com tuta.io
    tutamail.com tutanota.com tutanota.de versanet.de vodafone.de vodafonemail.de wanadoo.fr
    web.de wp.pl yahoo.at yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.com yandex.ru
    ymail.com zoho.com zohomail.eu 10minutemail.com guerrillamail.com mailinator.com
    sharklasers.com temp-mail.org trashmail.com trashmail.de wegwerfmail.de yopmail.com
    """.split()
)
# Under which others have their own domains: as a rule two letters of a country and one of these,
# and some hosts that give names away.
_SECOND_LEVELS = frozenset("ac co com edu gob gov gouv gv ltd mil ne net or org plc sch".split())
_SHARED = frozenset(
    """
    azurewebsites.net blogspot.com cloudapp.net github.io gitlab.io herokuapp.com jimdo.com
    jimdosite.com myshopify.com netlify.app onmicrosoft.com onmicrosoft.de pages.dev sharepoint.com
    vercel.app web.app wixsite.com wordpress.com
    """.split()
)
# Written differently by the two standards of names with umlauts: which one is meant is not known.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class NotADomain(ValueError):
    """The text is not the name of a domain in the internet, or it can be read in two ways."""


def normal(text: str) -> str:
    """``text`` as computers write it: "Müller-IT.de." is "xn--mller-it-65a.de".

    Two spellings of one domain become one, and letters that only look like others stay apart.
    """
    text = text.strip().removesuffix(".")
    if set(text) & _AMBIGUOUS:
        raise NotADomain(text)
    try:
        name = text.encode("idna").decode().lower()
    except UnicodeError as error:
        raise NotADomain(text) from error
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise NotADomain(text)
    if not re.search("[a-z]", labels[-1]):  # an address in numbers
        raise NotADomain(text)
    return name


def of_address(email: str) -> str:
    """The domain that a mail to this address proves."""
    return normal(email.rpartition("@")[2])


def of_website(url: str) -> str:
    """The host of a website."""
    try:
        host = urlsplit(url).hostname
    except ValueError as error:
        raise NotADomain(url) from error
    return normal(host or "")


def is_shared(domain: str) -> bool:
    """Whether many have mailboxes or domains of their own in it, so that it is no firm's."""
    if above(domain, FREE_MAIL) or domain in _SHARED:
        return True
    first, _dot, country = domain.partition(".")
    return first in _SECOND_LEVELS and len(country) == 2


def above(domain: str, known: frozenset[str]) -> bool:
    """Whether ``domain`` or one above it is ``known``."""
    return not known.isdisjoint(family(domain))


def family(domain: str) -> list[str]:
    """``domain`` and those above it: "a.b.de" is ["a.b.de", "b.de"]."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def holds(domain: str, host: str) -> bool:
    """Whether ``host`` is the domain or lies in it."""
    return host == domain or host.endswith(f".{domain}")
