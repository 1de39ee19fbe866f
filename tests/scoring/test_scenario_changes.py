"""Changes of a scenario: stored and read back as they are, refused where they are not."""

from typing import Any
from uuid import UUID

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from scoring import rule_sets, scenario_changes
from scoring.reading.cells import LARGEST
from scoring.scenario_changes import (
    AssociationBegun,
    AssociationEnded,
    Broken,
    Change,
    CountChanged,
    CustomerLost,
    CustomersWon,
    Names,
    NewFigures,
    NotRenewed,
    PersonCertified,
    PersonLeft,
)

TENANT = UUID("11111111-2222-4333-8444-555555555555")
RULES = rule_sets.get("modern-work-2026")
NAMES = Names(RULES, {TENANT: "Contoso"}, {"mcp:1": "Ada Ohm"})
ID = "0123456789ab"
WON = CustomersWon(id=ID, workloads=("teams",), option="CPOR", seats=25, users=15, users_at_start=5)

text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
counts = st.integers(0, LARGEST)
changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        NewFigures,
        tenant=st.uuids(),
        customer=text,
        workload=text,
        option=text,
        seats=st.none() | counts,
        users=st.none() | counts,
    ),
    st.builds(
        CustomersWon,
        name=text,
        number=st.integers(1, 500),
        workloads=st.lists(text, min_size=1, max_size=5).map(tuple),
        option=text,
        seats=counts,
        users=counts,
        users_at_start=counts,
    ),
    st.builds(
        AssociationBegun,
        tenant=st.uuids(),
        customer=text,
        workload=text,
        option=text,
        seats=st.none() | counts,
        users=st.none() | counts,
        users_at_start=st.none() | counts,
    ),
    st.builds(AssociationEnded, tenant=st.uuids(), customer=text, workload=text, option=text),
    st.builds(CustomerLost, tenant=st.uuids(), customer=text),
    st.builds(
        PersonCertified, person=text, name=text, certification=text, number=st.integers(1, 50)
    ),
    st.builds(NotRenewed, person=text.filter(bool), name=text, certification=text),
    st.builds(PersonLeft, person=text.filter(bool), name=text),
    st.builds(
        CountChanged,
        track=text,
        metric=text,
        option=text,
        change=st.integers(-LARGEST, LARGEST),
    ),
)


@given(change=changes)
def test_change_is_read_back_as_it_was_stored(change: Change) -> None:
    stored = scenario_changes.dump(change)

    assert stored["kind"] in scenario_changes.KINDS
    assert scenario_changes.load(stored) == change
    assert change.sentence(NAMES)  # whatever it names that nobody knows


def test_ids_are_their_own() -> None:
    assert len({PersonLeft(person="mcp:1").id for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "damage",
    [
        {"seats": "25"},
        {"seats": 25.0},
        {"seats": True},
        {"seats": None},
        {"seats": -1},
        {"seats": 10**9},
        {"seats": 10**400},
        {"number": 0},
        {"number": 501},
        {"workloads": []},
        {"workloads": "teams"},
        {"workloads": ["teams"] * 61},
        {"workloads": [3]},
        {"name": "a\0b"},
        {"name": "a" * 201},
        {"name": None},
        {"id": "of-another"},
        {"id": ID + "\n"},
        {"kind": "stolen"},
        {"kind": "lost"},
        {"more": 1},
    ],
)
def test_what_does_not_fit_is_broken(damage: dict[str, Any]) -> None:
    stored = scenario_changes.dump(WON)
    assert scenario_changes.load(stored) == WON
    assert scenario_changes.load(stored | damage, 3) == Broken("broken-3")


@pytest.mark.parametrize("missing", ["kind", "seats", "users", "users_at_start", "option"])
def test_what_is_missing_is_not_guessed(missing: str) -> None:
    stored = scenario_changes.dump(WON)
    del stored[missing]
    assert scenario_changes.load(stored) == Broken("broken-0")


@pytest.mark.parametrize("stored", [None, 7, "lost", [], [[]], {}, float("nan"), {"kind": None}])
def test_what_is_no_change_at_all_is_broken(stored: Any) -> None:
    assert scenario_changes.load(stored) == Broken("broken-0")


def test_list_is_read_one_by_one() -> None:
    stored = [scenario_changes.dump(WON), {"kind": "stolen"}, scenario_changes.dump(WON)]

    loaded = scenario_changes.load_all(stored)

    assert loaded == (WON, Broken("broken-1"), WON)
    assert scenario_changes.readable(loaded) == (WON, WON)
    assert scenario_changes.load_all({"no": "list"}) == (Broken("broken-0"),)


def figures(**given: Any) -> NewFigures:
    return NewFigures(tenant=TENANT, workload="teams", option="CPOR", **given)


def begun(**given: Any) -> AssociationBegun:
    return AssociationBegun(tenant=TENANT, workload="teams", option="CPOR", **given)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (figures(users=1200), "Contoso: 1,200 active users of Teams by CPOR."),
        (figures(seats=50), "Contoso: 50 seats of Teams by CPOR."),
        (figures(seats=50, users=40), "Contoso: 40 of 50 seats of Teams by CPOR in use."),
        (begun(), "Contoso: Teams by CPOR begins, or its claim is approved."),
        (begun(seats=50, users=40), "Contoso: Teams by CPOR begins, 40 of 50 seats in use."),
        (
            begun(seats=50, users=40, users_at_start=10),
            "Contoso: Teams by CPOR begins, 40 of 50 seats in use, 10 at the beginning.",
        ),
        (AssociationEnded(tenant=TENANT, workload="teams"), "Contoso: Teams ends."),
        (CustomerLost(tenant=TENANT), "Contoso is lost: every association ends."),
        (
            WON,
            "Won: a new customer. Teams by CPOR, 15 of 25 seats in use, 5 at the beginning.",
        ),
        (
            CustomersWon(
                number=3,
                name="Schulen",
                workloads=("teams", "exchange"),
                option="CSP",
                seats=25,
                users=5,
                users_at_start=5,
            ),
            "Won: 3 customers alike (Schulen). Teams, Exchange by CSP, 5 of 25 seats in use.",
        ),
        (
            PersonCertified(person="mcp:1", certification="MS-102"),
            "Ada Ohm passes Microsoft 365 Certified: Administrator Expert.",
        ),
        (
            PersonCertified(certification="MS-102", number=2),
            "2 new colleagues pass Microsoft 365 Certified: Administrator Expert.",
        ),
        (
            NotRenewed(person="mcp:9", name="Bo Ek", certification="MS-700"),
            "Bo Ek does not renew Microsoft 365 Certified: Teams Administrator Associate.",
        ),
        (PersonLeft(person="mcp:9"), "Unnamed leaves the firm."),
        (
            CountChanged(track="smb", metric="usage_growth", option="CPOR", change=200),
            "SMB, Usage growth by CPOR: +200 users.",
        ),
        (
            CountChanged(track="smb", metric="net_customer_adds", change=-1),
            "SMB, Net customer adds: −1 tenant.",
        ),
    ],
)
def test_change_in_words(change: Change, sentence: str) -> None:
    with translation.override("en"):
        assert change.sentence(NAMES) == sentence


def test_customer_that_vanished_keeps_the_name_it_had() -> None:
    with translation.override("en"):
        gone = CustomerLost(tenant=UUID(int=9), customer="Fabrikam")
        assert gone.sentence(NAMES) == "Fabrikam is lost: every association ends."
        nobody = CustomerLost(tenant=UUID(int=9))
        assert nobody.sentence(NAMES).startswith("00000000-0000-0000-0000-000000000009 is")
