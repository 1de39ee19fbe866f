"""Each address, each method, each role: what the tables say; and nothing of other people's."""

from http import HTTPStatus

import pytest
from django.conf import settings
from django.shortcuts import resolve_url

from tests.access.addresses import addresses
from tests.access.people import ROLES
from tests.access.portal import OURS, THEIRS, Portal
from tests.access.tables import Row, read_all

pytestmark = [pytest.mark.django_db, pytest.mark.walk]
TABLE = read_all()

# Pages on which firms that have nothing to do with each other know of each other: the directory,
# and where firms are chosen from it.
DIRECTORY = {
    "cooperation:frame_create",
    "cooperation:project_create",
    "cooperation:project_invite",
    "partners:directory",
    "partners:firm_detail",
    "scoring:disclosure",
    "scoring:disclosures",
}
# Who has nothing to do with a word that stands in everything the firms of a world have and write.
# (The names of people's own firms have it, too; so the invited ones and the like are not here.)
NOT_OURS = {"st", "fo", "ne", "lo", "op", "xx"}
NOT_THEIRS = {*ROLES} - {"st", "tw"}
SPOKEN_TO = {
    ("partners:support_desk", "op"),  # the firm that lets him read
    ("partners:my_data_export", "fo"),  # the firm of before, in one's own membership
    ("partners:my_data_export", "ne"),  # the mail that invited: who named one, and for which firm
}


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: f"{row.method} {row.name}")
def test_access(portal: Portal, row: Row) -> None:
    told, leaks = {}, []
    for who in ROLES:
        asked = portal.ask(who, row.method, row.name)
        told[who] = asked.word
        if row.name not in DIRECTORY and (row.name, who) not in SPOKEN_TO:
            words = [OURS] * (who in NOT_OURS) + [THEIRS] * (who in NOT_THEIRS)
            leaks += [(who, word) for word in words if word.encode() in asked.body]
        if asked.word in {"--", "no", "in"}:
            assert asked.written == [], who
    assert told == row.by_role
    assert leaks == []


def test_every_method_has_a_row(portal: Portal) -> None:
    """What an address answers to is said by its own 405; where it says none, by two rows."""
    missing, unknown = [], []
    for name in addresses():
        response = portal.ask("ma", "PATCH", name).response
        allowed = {"GET", "POST"}
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed &= {method.strip() for method in response["Allow"].split(",")}
        rows = {method for method in ("GET", "POST") if (method, name) in TABLE}
        missing += [(method, name) for method in sorted(allowed - rows)]
        unknown += [(method, name) for method in sorted(rows - allowed)]
    assert missing == []
    assert unknown == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_htmx_gets_no_further(portal: Portal, method: str) -> None:
    """A part of a page is as closed as the page; the sign-in takes the whole page's place."""
    told, sign_in = {}, resolve_url(settings.LOGIN_URL)
    for name in addresses():
        if (row := TABLE.get((method, name))) is None:
            continue
        for who in ("ob", "st", "xx"):
            refused = row.by_role[who]
            if refused not in {"--", "no", "in"}:
                continue
            asked = portal.ask(who, method, name, **{"HX-Request": "true"})
            if refused == "in":
                refused = "ok"
                if not asked.response.headers.get("HX-Redirect", "").startswith(sign_in):
                    told[name, who] = "no way to the sign-in"
            if asked.word != refused:
                told[name, who] = asked.word
    assert told == {}
