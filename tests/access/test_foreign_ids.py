"""Every id in every address, swapped for one of a stranger's world: it does not exist."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.access.addresses import addresses
from tests.access.people import OWN
from tests.access.portal import THEIRS, Asked, Portal, Target
from tests.access.tables import Row, read_all

pytestmark = [pytest.mark.django_db, pytest.mark.walk]
NUMBERS = {"number"}  # of annexes of a version: no row is named by them
DIRECTORY = {"firm_detail", "disclosure"}  # each firm may know of every other that it is there

ROWS = [row for row in read_all().values() if row.name.rpartition(":")[2] not in DIRECTORY]


def ids_in(target: Target) -> list[str]:
    """The arguments that name a row."""
    return [
        key
        for key, value in target.arguments.items()
        if isinstance(value, UUID | int) and key not in NUMBERS
    ]


def with_ids(row: Row) -> bool:
    kinds = addresses()[row.name].pattern.converters
    return any(
        type(kind).__name__ in {"UUIDConverter", "IntConverter"} and key not in NUMBERS
        for key, kind in kinds.items()
    )


def swapped(ours: Target, theirs: Target) -> Iterator[dict[str, Any]]:
    """The arguments with each id replaced in turn, then with all of them."""
    keys = ids_in(ours)
    for key in keys:
        yield {**ours.arguments, key: theirs.arguments[key]}
    if len(keys) > 1:
        yield {**ours.arguments, **{key: theirs.arguments[key] for key in keys}}


def is_nothing(asked: Asked, row: Row) -> bool:
    """404 without a word of the stranger's; 403 where even an account without a firm gets that.

    (There the role is looked at before any row is.)
    """
    refused = {"--", "no"} if row.by_role["lo"] == "no" else {"--"}
    return asked.word in refused and asked.written == [] and THEIRS.encode() not in asked.body


KINDS = ("agreement in force", "version in force", "dispute", "score", "membership", "export")
USED = 'UPDATE "api_apikey" SET "last_used_on" = '  # noted for its firm, whatever it asked for
API = [row for row in ROWS if row.name.startswith("api:v1:")]
PAGES = [row for row in ROWS if row not in API]


@pytest.mark.parametrize(
    "row", [row for row in PAGES if with_ids(row)], ids=lambda row: f"{row.method} {row.name}"
)
def test_ids_of_strangers_do_not_exist(portal: Portal, row: Row) -> None:
    ours, theirs = portal.ours.target(row.name), portal.theirs.target(row.name)
    found = {}
    for arguments in swapped(ours, theirs):
        target = replace(ours, arguments=arguments)
        for who in OWN:
            asked = portal.request(who, row.method, row.name, target)
            if not is_nothing(asked, row):
                found[who, str(arguments)] = (asked.word, asked.written)
    assert ids_in(ours) != []
    assert found == {}


@pytest.mark.parametrize(
    "row", [row for row in PAGES if with_ids(row)], ids=lambda row: f"{row.method} {row.name}"
)
def test_no_id_of_another_kind_nor_an_unknown_one_exists(portal: Portal, row: Row) -> None:
    """One that is nobody's, and some of the stranger's world, whatever they are of."""
    ours, ids = portal.ours.target(row.name), portal.theirs.ids
    found = {}
    for key in ids_in(ours):
        number = isinstance(ours.arguments[key], int)
        tries = [10**9] if number else [uuid4(), *(ids[kind] for kind in KINDS)]
        for value in tries:
            target = replace(ours, arguments={**ours.arguments, key: value})
            asked = portal.request("ma", row.method, row.name, target)
            if not is_nothing(asked, row):
                found[key, str(value)] = (asked.word, asked.written)
    assert found == {}


@pytest.mark.parametrize("row", API, ids=lambda row: row.name)
def test_a_key_opens_nothing_of_strangers(portal: Portal, row: Row) -> None:
    ours, theirs = portal.ours.target(row.name), portal.theirs.target(row.name)
    key = {"Authorization": f"Bearer {portal.ours.token}"}
    own = portal.request("xx", row.method, row.name, ours, **key)
    assert own.word == "ok"
    assert THEIRS.encode() not in own.body or row.name == "api:v1:firms"
    for arguments in swapped(ours, theirs):
        asked = portal.request(
            "xx", row.method, row.name, replace(ours, arguments=arguments), **key
        )
        used = [sql for sql in asked.written if sql.startswith(USED)]
        assert len(used) <= 1
        assert is_nothing(replace(asked, written=[*set(asked.written) - {*used}]), row)


# ---- Ids that a form or a query names --------------------------------------------------------


def fields(portal: Portal) -> Iterator[tuple[str, str, Target]]:
    """Method, address and what names a row of the stranger's beside the address."""
    ours, theirs = portal.ours, portal.theirs
    plan = str(theirs.figures.scenario.pk)
    for query in ({"a": plan}, {"a": str(ours.figures.scenario.pk), "b": plan}):
        yield "GET", "scoring:scenario_compare", Target({}, query)
    score = {"other": str(theirs.figures.score.pk)}
    for name in ("scoring:difference", "scoring:difference_csv"):
        yield "GET", name, replace(ours.target(name), query=score)
    person = {"membership": str(theirs.figures.reader.pk), "length": "full", "language": "de"}
    yield "POST", "scoring:report_subscribe", Target(body=person)
    yield "POST", "partners:switch", Target(body={"firm": str(theirs.firms.own.pk)})
    firm = str(theirs.firms.own.pk)
    rates = {"pk": ours.projects.pairs.pk, "key": "day_rates"}
    for method in ("GET", "POST"):
        yield method, "cooperation:point_answer", Target(rates, {"mit": firm})
    yield "POST", "cooperation:point_nothing", Target(rates, body={"mit": firm})


def test_ids_in_fields_of_strangers_do_not_exist(portal: Portal) -> None:
    found = {}
    for method, name, target in fields(portal):
        asked = portal.request("ma", method, name, target)
        if (asked.word, asked.written) != ("--", []):
            found[method, name, str(target.query), str(target.body)] = asked.word
    assert found == {}


def test_a_firm_that_takes_no_part_can_be_chosen_nowhere(portal: Portal) -> None:
    """Neither as one that settles a point nor as the one that leads the customer."""
    theirs = str(portal.theirs.firms.own.pk)
    draft = portal.ours.projects.draft.pk
    opening = replace(
        portal.ours.target("cooperation:dispute_open"),
        body={"subject": "Logo", "description": "Anders vereinbart", "others": theirs},
    )
    leading = Target(
        {"pk": draft, "key": "customer_lead"}, body={"revision": "0", "choice": theirs}
    )
    for name, target in (
        ("cooperation:dispute_open", opening),
        ("cooperation:point_answer", leading),
    ):
        asked = portal.request("ma", "POST", name, target)
        assert asked.word in {"ok", "??"}
        assert asked.written == []
