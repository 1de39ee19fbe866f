"""Corrections laid over the facts: which interval they are about, and what follows from them."""

from datetime import date
from typing import Any

import pytest

from partners.models import Partner
from scoring import claims, facts, judging, months, rule_sets
from scoring.claims import Corrections
from scoring.judging import NO_END, Claim
from scoring.models import Association, Correction, Portfolio, UsageMonth
from scoring.people import Certificate
from scoring.reading.parsing import INTUNE_EMS
from tests.factories import PartnerFactory
from tests.scoring.stage import hand_in
from tests.scoring.worlds import PAIR, Row, office_usage, training

Field = Correction.Field
JAN_23, FEB_24, JUN_24, AUG_24, JAN_25 = (
    months.parse_label(label) for label in ("2023-01", "2024-02", "2024-06", "2024-08", "2025-01")
)


def claim(begins: int, ends: int = NO_END) -> Claim:
    return Claim(1, 2, 3, begins, ends)


def correction(field: str, value: Any = None, about: int | None = None) -> Correction:
    return Correction(
        field=field,
        value_day=value if isinstance(value, date) else None,
        value_number=value if isinstance(value, int) else None,
        value_text="" if about is None else months.label(about),
    )


def spans(said: list[Claim], *known: Correction) -> list[tuple[int, int]]:
    laid = claims.separate(claims.lay_over(said, known))
    return [(claim.begins, claim.ends) for claim in laid]


TWICE = [claim(JAN_23, JUN_24), claim(JAN_25)]


def test_a_correction_moves_the_interval_it_is_about() -> None:
    begin = correction(Field.BEGINS_ON, date(2024, 2, 9), about=JAN_23)
    end = correction(Field.ENDED_ON, date(2024, 8, 1), about=JAN_23)
    assert spans(TWICE, begin, end) == [(FEB_24, AUG_24), (JAN_25, NO_END)]


def test_a_correction_without_an_interval_is_about_the_newest() -> None:
    end = correction(Field.ENDED_ON, date(2025, 1, 31))
    assert spans(TWICE, end) == [(JAN_23, JUN_24), (JAN_25, JAN_25)]


def test_of_one_fact_the_newest_correction_counts() -> None:
    first = correction(Field.BEGINS_ON, date(2024, 2, 9), about=JAN_23)
    second = correction(Field.BEGINS_ON, date(2024, 6, 9), about=JAN_23)
    assert spans([claim(JAN_23)], first, second) == [(JUN_24, NO_END)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # The interval began in another month than was thought.
        ([claim(FEB_24)], [(JUN_24, NO_END)]),
        # An earlier one becomes known, which was over by then.
        (
            [claim(JAN_23 - 12, JAN_23 - 1), claim(JAN_23)],
            [(JAN_23 - 12, JAN_23 - 1), (JUN_24, NO_END)],
        ),
        # It ended, and the workload was claimed again.
        ([claim(JAN_23, AUG_24), claim(JAN_25)], [(JUN_24, AUG_24), (JAN_25, NO_END)]),
        # It ended before the corrected beginning: held in no month at all.
        ([claim(JAN_23, FEB_24)], [(JUN_24, FEB_24)]),
    ],
)
def test_a_correction_stays_with_its_interval_when_files_change(
    said: list[Claim], expected: list[tuple[int, int]]
) -> None:
    begin = correction(Field.BEGINS_ON, date(2024, 6, 1), about=JAN_23)
    assert spans(said, begin) == expected


def test_no_month_is_in_two_intervals() -> None:
    still_held = correction(Field.ENDED_ON, None, about=JAN_23)
    assert spans(TWICE, still_held) == [(JAN_23, JAN_25 - 1), (JAN_25, NO_END)]
    early = correction(Field.BEGINS_ON, date(2024, 2, 1), about=JAN_25)
    assert spans(TWICE, early) == [(JAN_23, FEB_24 - 1), (FEB_24, NO_END)]


# ---- From the database ---------------------------------------------------------------------------


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create()


def store(portfolio: Portfolio, field: str, value: Any, workload: str = "exchange") -> None:
    names = rule_sets.vocabulary()
    row = correction(field, value)
    row.portfolio, row.reason = portfolio, "bekannt"
    row.tenant = portfolio.tenants.get()
    row.workload = names.workload_numbers[workload]
    row.option = names.option_numbers["CPOR"]
    row.save()


def read(partner: Partner) -> list[Claim]:
    return [Claim._make(row) for row in claims.read(facts.portfolio_of(partner), PAIR)]


USAGE = {"2024-02": (50, 5), "2024-06": (50, 8), "2024-10": (50, 20), "2025-02": (50, 25)}


def test_a_corrected_beginning_takes_the_first_figures_since(partner: Partner) -> None:
    hand_in(partner, office_usage([Row(usage=USAGE)]))
    portfolio = facts.portfolio_of(partner)
    assert [(one.begins, one.baseline_users) for one in read(partner)] == [(FEB_24, 5)]

    store(portfolio, Field.BEGINS_ON, date(2024, 7, 15))
    [found] = read(partner)
    assert (found.begins_on, found.marks) == ("2024-07-15", judging.BEGIN_CORRECTED)
    assert (months.label(found.baseline_month or 0), found.baseline_users) == ("2024-10", 20)


def test_a_corrected_end_ends_the_search_for_the_first_figures(partner: Partner) -> None:
    hand_in(partner, office_usage([Row(usage=USAGE, begins_on=date(2024, 3, 1))]))
    store(facts.portfolio_of(partner), Field.ENDED_ON, date(2024, 5, 31))
    [found] = read(partner)
    assert (found.ended_on, found.baseline_month, found.baseline_users) == (
        "2024-05-31",
        None,
        None,
    )


def test_a_corrected_baseline_stands_whatever_the_dates(partner: Partner) -> None:
    hand_in(partner, office_usage([Row(usage=USAGE)]))
    portfolio = facts.portfolio_of(partner)
    store(portfolio, Field.BASELINE, 17)
    store(portfolio, Field.BEGINS_ON, date(2024, 6, 1))
    [found] = read(partner)
    assert (found.baseline_seats, found.baseline_users) == (50, 17)
    assert found.marks == judging.BEGIN_CORRECTED | judging.BASELINE_CORRECTED


def test_intune_of_the_other_file_has_its_first_figures_too(partner: Partner) -> None:
    hand_in(partner, office_usage([Row(workload="Intune", usage=USAGE)]))
    portfolio = facts.portfolio_of(partner)
    for model in (UsageMonth, Association):
        rows = list(model.objects.filter(portfolio=portfolio).values())
        model.objects.filter(portfolio=portfolio).delete()
        for row in rows:
            model.objects.create(**row | {"workload": INTUNE_EMS})
    store(portfolio, Field.BEGINS_ON, date(2024, 6, 1), workload="intune")
    [found] = read(partner)
    assert (found.workload, found.baseline_users) == (
        rule_sets.vocabulary().workload_numbers["intune"],
        8,
    )


@pytest.mark.parametrize("count", [1, 3])
def test_corrections_cost_the_same_number_of_queries(
    partner: Partner, count: int, django_assert_num_queries: Any
) -> None:
    hand_in(partner, office_usage([Row(f"Kunde {n}", usage=USAGE) for n in range(count)]))
    portfolio = facts.portfolio_of(partner)
    names = rule_sets.vocabulary()
    for tenant in portfolio.tenants.all():
        Correction.objects.create(
            portfolio=portfolio,
            field=Field.BEGINS_ON,
            tenant=tenant,
            workload=names.workload_numbers["exchange"],
            option=names.option_numbers["CPOR"],
            value_day=date(2024, 6, 1),
            reason="bekannt",
        )
    tenants = list(portfolio.tenants.values_list("pk", flat=True))
    with django_assert_num_queries(5):  # claims, any corrections, these, months, figures
        found = claims.read(portfolio, PAIR, tenants)
    assert [Claim._make(row).baseline_users for row in found] == [8] * count


# ---- People --------------------------------------------------------------------------------------

DONE, UNTIL = date(2024, 1, 31), date(2026, 1, 31)


def certificate(person: str, email: str = "", **values: Any) -> Certificate:
    row = Certificate(person, "Ada Ohm", email, "MS-700", DONE, UNTIL)
    return row._replace(**values)


def of_people(**fields: dict[str, Correction]) -> Corrections:
    return Corrections(of_people={key.replace("__", ":"): value for key, value in fields.items()})


def same(person: str) -> dict[str, Correction]:
    return {Field.SAME_PERSON: Correction(field=Field.SAME_PERSON, value_text=person)}


LEFT: dict[str, Correction] = {Field.LEFT: Correction(field=Field.LEFT)}


def test_the_same_person_is_followed_to_the_end() -> None:
    rows = [certificate("mail:a"), certificate("mail:b"), certificate("mcp:1")]
    known = of_people(mail__a=same("mail:b"), mail__b=same("mcp:1"))
    assert [row.person for row in claims.correct_certificates(rows, known)] == ["mcp:1"] * 3


def test_people_that_are_each_other_stay_two() -> None:
    rows = [certificate("mail:a"), certificate("mail:b")]
    known = of_people(mail__a=same("mail:b"), mail__b=same("mail:a"))
    assert [row.person for row in claims.correct_certificates(rows, known)] == ["mail:a", "mail:b"]


def test_who_left_leaves_with_all_that_is_theirs() -> None:
    rows = [
        certificate("mcp:1", "ada@firma.example"),
        certificate("mail:ada@firma.example", "ada@firma.example", certification="MS-102"),
        certificate("mail:old"),
        certificate("mcp:2", "bo@firma.example", name="Bo Ek"),
    ]
    known = of_people(mcp__1=LEFT, mail__old=same("mcp:1"))
    linked = [row.is_linked for row in claims.correct_certificates(rows, known)]
    assert linked == [False, False, False, True]


def test_an_expiry_is_corrected_for_one_certificate_only(partner: Partner) -> None:
    rows = [certificate("mcp:1"), certificate("mcp:1", certification="MS-102")]
    hand_in(partner, training(rows), name="people.csv")
    portfolio = facts.portfolio_of(partner)
    Correction.objects.create(
        portfolio=portfolio,
        field=Field.EXPIRES_ON,
        person_key="mcp:1",
        certification="MS-700",
        completed_on=DONE,
        value_day=date(2025, 1, 1),
        reason="bekannt",
    )
    found = {row.certification: row.expires_on for row in claims.certificates(portfolio)}
    assert found == {"MS-700": date(2025, 1, 1), "MS-102": UNTIL}
