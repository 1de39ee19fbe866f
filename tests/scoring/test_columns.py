"""Which column is what: documented names, guesses, and what a person chose."""

import io
from datetime import date

import pytest
from django.utils import translation

from scoring.reading import columns, parsing
from scoring.reading.cells import NotReadable
from scoring.reading.columns import FIELDS, Layout, Unmapped, recognise
from scoring.reasons import Fault
from scoring.rule_sets import normal
from tests.scoring.worlds import (
    CLAIMS_HEADER,
    EMS_HEADER,
    TRAINING_HEADER,
    USAGE_HEADER,
    guid,
)

OFFICE_USAGE = USAGE_HEADER[:-2]  # as Microsoft documents it, without the dates added by hand
CPOR = (
    "CustomerTenantId,CustomerName,WorkloadName,MonthlyActiveUsers,PaidAvailableUnits,ClaimId,"
    "MpnId,DateAssociated,PartnerAttributionType,Date"
).split(",")
SCREEN_EXPORT = (
    "Individual name,Certification name,Certification type,Solution area,Completion date,"
    "Expiry date"
).split(",")


def unmapped(
    header: list[str], kind: str = "auto", mapping: dict[str, str] | None = None
) -> Unmapped:
    with pytest.raises(Unmapped) as caught:
        recognise(header, kind, mapping)
    return caught.value


def named(header: list[str], layout: Layout) -> dict[str, str]:
    return {key: header[place] for key, place in layout.places.items()}


@pytest.mark.parametrize(
    ("header", "kind", "count"),
    [
        (OFFICE_USAGE, "office-usage", 7),
        (USAGE_HEADER, "office-usage", 9),
        (CPOR, "cpor", 9),
        (EMS_HEADER, "ems", 7),
        (CLAIMS_HEADER, "claims", 7),
        (TRAINING_HEADER, "training", 11),
        (SCREEN_EXPORT, "training", 4),
    ],
)
def test_documented_headers_are_recognised(header: list[str], kind: str, count: int) -> None:
    layout = recognise(header)
    assert (layout.kind, len(layout.places)) == (kind, count)
    assert recognise([name.upper() for name in header]) == layout
    assert recognise([f" {name} " for name in header]) == layout
    turned = recognise(header[::-1])
    assert named(header[::-1], turned) == named(header, layout)
    more = [*header, "Something else", ""]
    assert named(more, recognise(more)) == named(header, layout)


@pytest.mark.parametrize("name", [name for name in OFFICE_USAGE if name != "CustomerName"])
@pytest.mark.parametrize("place", [0, 5])
def test_one_column_renamed_is_guessed(name: str, place: int) -> None:
    """Whatever it is called now: of a documented file, one name is missing and one is new."""
    header = ["Spalte X" if each == name else each for each in OFFICE_USAGE]
    header.insert(place, header.pop(header.index("Spalte X")))
    key = next(
        (field.key for field in FIELDS["office-usage"] if normal(name) == normal(field.name)), None
    )
    if key is None:
        assert recognise(header).kind == "office-usage"  # nobody reads it
        return
    error = unmapped(header)
    assert (error.fault, error.params) == (Fault.MISSING_COLUMNS, {"columns": name})
    assert (error.kind, error.header) == ("office-usage", header)
    guess = error.guesses["office-usage"]
    assert guess[key] == "Spalte X"
    layout = recognise(header, error.kind, guess)
    assert named(header, layout)[key] == "Spalte X"


@pytest.mark.parametrize(
    ("renamed", "now", "key"),
    [
        ("CustomerTenantId", "Customer Tenant GUID", "tenant"),
        ("WorkloadName", "Workload title", "workload"),
        ("Month", "Report month", "month"),
        ("Month", "Monat", "month"),
        ("PaidAvailableUnits", "Paid Units Available", "seats"),
        ("PaidAvailableUnits", "Lizenzen", "seats"),
        ("MonthlyActiveUsers", "Monthly active user", "users"),
        ("MonthlyActiveUsers", "Aktive Nutzer", "users"),
        ("PartnerAttributionType", "Attribution type", "option"),
    ],
)
def test_a_similar_name_is_guessed_among_many_new_ones(renamed: str, now: str, key: str) -> None:
    header = [now if name == renamed else name for name in OFFICE_USAGE]
    error = unmapped([*header, "Region", "Account manager", "Remarks"])
    assert error.guesses["office-usage"][key] == now


def test_nothing_is_guessed_without_a_reason() -> None:
    error = unmapped(["Name", "Age", "Shoe size", ""])
    assert (error.fault, error.params) == (Fault.UNKNOWN_COLUMNS, {"found": "Name, Age, Shoe size"})
    assert all(not set(guess.values()) & {"Age", "Shoe size"} for guess in error.guesses.values())
    assert set(error.guesses) == set(FIELDS)


def test_guessing_ends_however_wide_the_table() -> None:
    error = unmapped(["x" * 5_000, "Mandant", *(f"Spalte {number}" for number in range(50_000))])
    assert error.guesses["claims"]["tenant"] == "Mandant"


def test_no_header_is_guessed_twice() -> None:
    for guess in unmapped(["Tenant", "Customer", "Month", "Users", "Seats"]).guesses.values():
        assert len(set(guess.values())) == len(guess)


def test_an_unknown_export_is_read_as_a_person_mapped_it() -> None:
    header = ["Kunde", "Mandant", "Produkt", "Wann", "Plätze", "Köpfe", "Wie"]
    error = unmapped(header, "office-usage")
    assert error.params == {
        "columns": "CustomerTenantId, WorkloadName, Month, PaidAvailableUnits, MonthlyActiveUsers, "
        "PartnerAttributionType"
    }
    mapping = {
        "tenant": "Mandant",
        "workload": "Produkt",
        "month": "Wann",
        "seats": "Plätze",
        "users": "Köpfe",
        "option": "Wie",
        "name": "Kunde",
    }
    content = ";".join(header) + f"\nContoso;{guid('Contoso')};Exchange;01.01.2025;1.234,00;20;CPOR"
    said = parsing.read(
        io.BytesIO(content.encode()),
        today=date(2025, 3, 25),
        kind="office-usage",
        mapping=mapping,
    )
    assert said.tenants == [(guid("Contoso").replace("-", ""), "Contoso")]
    assert [(row["seats"], row["users"]) for row in said.usage.to_pylist()] == [(1234, 20)]
    # Remembered, it fits the next file: another order, another case, more columns, any kind asked.
    later = ["neu", *(name.upper() for name in header[::-1])]
    assert named(later, recognise(later, "auto", mapping)) == {
        key: name.upper() for key, name in mapping.items()
    }


def test_a_mapping_goes_before_the_documented_names() -> None:
    header = [*OFFICE_USAGE, "Real month"]
    assert recognise(header).places["month"] == OFFICE_USAGE.index("Month")
    layout = recognise(header, "office-usage", {"month": "real month"})
    assert layout.places["month"] == len(OFFICE_USAGE)


def test_a_mapping_can_say_that_there_is_no_such_column() -> None:
    assert "name" in recognise(OFFICE_USAGE).places
    assert "name" not in recognise(OFFICE_USAGE, "office-usage", {"name": ""}).places
    error = unmapped(OFFICE_USAGE, "office-usage", {"month": ""})
    assert error.params == {"columns": "Month"}


def test_a_mapped_column_is_not_taken_for_another_field_too() -> None:
    header = ["CustomerTenantId", "WorkloadName", "Date", "ClaimStatus"]
    layout = recognise(header, "claims", {"begins_on": "Date"})
    assert named(header, layout) == {
        "tenant": "CustomerTenantId",
        "workload": "WorkloadName",
        "claim_state": "ClaimStatus",
        "begins_on": "Date",
    }


def test_a_mapping_whose_column_has_gone_asks_again() -> None:
    header = [name for name in OFFICE_USAGE if name != "Month"]
    assert unmapped(header, "office-usage", {"month": "Monat"}).params == {"columns": "Month"}


def test_a_name_of_signs_can_be_mapped() -> None:
    header = ["#" if name == "Month" else name for name in OFFICE_USAGE]
    assert recognise(header, "office-usage", {"month": "#"}).places["month"] == 3


@pytest.mark.parametrize(
    ("header", "mapping", "twice"),
    [
        ([*OFFICE_USAGE, " MONTH"], {}, "Month"),
        ([*OFFICE_USAGE, "Month", "CustomerName"], {}, "Month, CustomerName"),
        ([*OFFICE_USAGE, "Monat", "monat"], {"month": "Monat"}, "Monat"),
    ],
)
def test_of_two_columns_with_one_name_none_is_taken(
    header: list[str], mapping: dict[str, str], twice: str
) -> None:
    with pytest.raises(NotReadable) as caught:
        recognise(header, "office-usage", mapping)
    assert (caught.value.fault, caught.value.params) == (Fault.COLUMNS_TWICE, {"columns": twice})


def test_claims_are_told_from_usage_by_what_they_lack() -> None:
    assert recognise(["TenantId", "Workload", "ClaimState"]).kind == "claims"
    assert recognise(["Tenant ID", "Workload", "Association date"]).kind == "claims"
    assert unmapped([*CPOR[:-1], "Wann"]).kind == "cpor"
    without_month = [name for name in USAGE_HEADER if name != "Month"]
    assert unmapped(without_month).kind == "office-usage"


def test_fields_are_fit_for_a_page() -> None:
    assert list(FIELDS) == ["office-usage", "cpor", "ems", "claims", "training"]
    for kind, fields in FIELDS.items():
        keys = [field.key for field in fields]
        assert len(set(keys)) == len(keys)
        assert any(field.needed for field in fields)
        names = [normal(name) for field in fields for name in field.names]
        assert len(set(names)) == len(names), kind
        for field in fields:
            with translation.override("en"):
                english = str(field.label)
            with translation.override("de"):
                german = str(field.label)
            assert english
            assert german != english or english == "Workload"


def test_every_needed_field_alone_is_missed() -> None:
    for kind, fields in FIELDS.items():
        header = [field.name for field in fields]
        assert recognise(header, kind).kind == kind
        for field in fields:
            if field.needed:
                rest = [name for name in header if name != field.name]
                others = {name for each in fields for name in each.names if each != field}
                if not set(field.names) & others:
                    assert unmapped(rest, kind).params == {"columns": field.name}


def test_is_known_tells_a_header_from_a_title() -> None:
    assert columns.is_known(OFFICE_USAGE)
    assert columns.is_known(SCREEN_EXPORT)
    assert not columns.is_known(["Usage report", "", "March 2025"])
