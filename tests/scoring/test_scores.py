from datetime import date

import pytest
from django.core.files.base import ContentFile
from django.utils import translation

from partners.models import Partner
from scoring import imports, ledgers, rule_sets, scores
from scoring.explaining import Line
from scoring.ledgers import Entry
from scoring.models import Contribution, PersonContribution, Score, TenantFacts
from scoring.people import Certificate
from tests.factories import PartnerFactory
from tests.scoring.worlds import AS_OF, Row, guid, office_usage, training

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create()


def load(partner: Partner, *contents: bytes, as_of: date = AS_OF) -> Score:
    imports.run_now(
        partner,
        [(f"{n}.csv", ContentFile(content)) for n, content in enumerate(contents)],
        as_of=as_of,
    )
    return scores.compute(partner, as_of)


def lines(score: Score) -> list[tuple[Entry, Line]]:
    """Every row of a score's ledger, with what its sentence needs."""
    reader = ledgers.Reader(score)
    return [
        (entry, line)
        for track in score.tracks
        for metric in track.metrics
        for option in metric.options
        for names in [(track.key, metric.key, option.key)]
        for entry, line, _corrected in reader.lines(
            *names, ledgers.entries(score, *names).order_by("name")
        )
    ]


def codes(score: Score) -> list[str]:
    return [caution["code"] for caution in score.cautions]


OLD = date(2023, 1, 15)
# Four tenants, one of each fate, and an SMB track that passes with them.
GROWN = [
    Row(f"Grown {n}", usage={"2024-02": (9, 2), "2025-02": (50, 60)}, begins_on=OLD)
    for n in range(10)
]
PEOPLE = [
    Certificate("mcp:1", "Ada Ohm", "", "MS-102", date(2024, 1, 31), date(2026, 1, 31)),
    Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)),
    Certificate("mcp:2", "Bo Ek", "", "MS-700", date(2024, 1, 31), date(2026, 1, 31)),
]


def test_score_says_all_it_was_made_from(partner: Partner) -> None:
    score = load(partner, office_usage(GROWN), training(PEOPLE))
    assert (score.rule_set, score.as_of) == ("modern-work-2023", AS_OF)
    assert (score.last_month_label, score.comparison_month_label) == ("2025-02", "2024-02")
    assert score.data_imported_at is not None
    assert (score.designated, score.track, codes(score)) == (True, "smb", [])
    smb = next(track for track in score.tracks if track.is_shown)
    assert {metric.key: (metric.value, metric.exact) for metric in smb.metrics} == {
        "net_customer_adds": (10, "20"),
        "intermediate_certifications": (2, "10"),
        "advanced_certifications": (1, "15"),
        "usage_growth": (600, "30"),
        "deployments": (10, "25"),
    }
    assert len(score.import_ids) == 2


def test_ledger_adds_up_to_every_value(partner: Partner) -> None:
    rows = [
        *GROWN,
        Row("Lost", usage={"2024-02": (50, 30)}),
        Row("Small", usage={"2025-02": (10, 3)}),
        Row("Big", "Teams", "DPOR", {"2024-02": (400, 10), "2025-02": (400, 300)}),
        Row("Reseller", "Teams", "CSP", {"2024-11": (20, 1), "2025-02": (20, 18)}),
    ]
    score = load(partner, office_usage(rows), training(PEOPLE))
    sums: dict[tuple[str, str, str], int] = {}
    for entry, line in lines(score):
        key = (line.track, line.metric, line.option)
        assert entry.contribution == line.value
        sums[key] = sums.get(key, 0) + entry.contribution
    values = {
        (track.key, metric.key, option.key): option.value
        for track in score.tracks
        for metric in track.metrics
        for option in metric.options
    }
    assert {key: sums.get(key, 0) for key in values} == values
    assert set(sums) <= set(values)


def test_ledger_explains_each_tenant(partner: Partner) -> None:
    rows = [
        Row("Ended", usage={"2024-02": (50, 30)}, begins_on=OLD, ended_on=date(2024, 8, 31)),
        Row("Grown", usage={"2024-02": (9, 2), "2025-02": (50, 30)}, begins_on=OLD),
        Row("Late", usage={"2024-11": (50, 5), "2025-02": (50, 8)}, begins_on=date(2024, 11, 9)),
        Row("Big", option="CSP", usage={"2025-02": (400, 8)}),
        Row("Full", usage={"2024-12": (50, 40), "2025-02": (50, 44)}, begins_on=date(2024, 12, 1)),
        Row("Small", usage={"2024-02": (10, 3), "2025-02": (10, 3)}),
    ]
    score = load(partner, office_usage(rows))
    with translation.override("en"):
        said = {
            (entry.name, line.metric): (entry.contribution, ledgers.reason(line))
            for entry, line in lines(score)
            if line.track == "smb" and line.option in ("", "CPOR")
        }
    assert said == {
        ("Ended", "net_customer_adds"): (
            -1,
            "Eligible in February 2024; the association ended on 31/08/2024.",
        ),
        ("Ended", "usage_growth"): (
            -30,
            "No longer eligible: the 30 active users of a year earlier are missing now.",
        ),
        ("Ended", "deployments"): (-1, "Deployed a year ago; nothing counts for it now."),
        ("Grown", "net_customer_adds"): (
            1,
            "Eligible now with 50 seats (Exchange), not in February 2024.",
        ),
        ("Grown", "usage_growth"): (
            30,
            "30 active users; the tenant was not eligible a year earlier, so all count.",
        ),
        ("Grown", "deployments"): (1, "30 of 50 seats in use (Exchange)."),
        ("Late", "net_customer_adds"): (
            1,
            "Eligible now with 50 seats (Exchange), not in February 2024.",
        ),
        ("Late", "usage_growth"): (
            3,
            "8 active users, 5 when the association began (November 2024).",
        ),
        ("Late", "deployments"): (0, "8 of 50 seats in use (Exchange), below 40 %."),
        ("Big", "net_customer_adds"): (0, "400 seats, SMB ends at 300."),
        ("Full", "net_customer_adds"): (
            1,
            "Eligible now with 50 seats (Exchange), not in February 2024.",
        ),
        ("Full", "usage_growth"): (
            4,
            "44 active users, 40 when the association began (December 2024).",
        ),
        ("Full", "deployments"): (
            0,
            "Already above 40 % when claimed (December 2024): 40 of 50 seats.",
        ),
        ("Small", "net_customer_adds"): (0, "10 seats, SMB starts at 11."),
        ("Small", "usage_growth"): (0, "10 seats, SMB starts at 11."),
        ("Small", "deployments"): (0, "10 seats, SMB starts at 11."),
    }


def test_every_sentence_can_be_written_in_both_languages(partner: Partner) -> None:
    from tests.scoring.test_cases import PEOPLE as PEOPLE_CASES
    from tests.scoring.test_cases import TENANTS

    rows = [
        Row(
            f"{case} {row.tenant}", row.workload, row.option, row.usage, row.begins_on, row.ended_on
        )
        for case, (case_rows, _expected) in TENANTS.items()
        for row in case_rows
    ]
    people = [
        row._replace(person=f"mcp:{case}{row.person}", name=case)
        for case, (certificates, _smb, _enterprise) in PEOPLE_CASES.items()
        for row in certificates
    ]
    score = load(partner, office_usage(rows), training(people))
    for language in ("de", "en"):
        with translation.override(language):
            assert all(ledgers.reason(line) for _entry, line in lines(score))
            assert all(score.notes)
    assert {str(entry.guid) for entry, _line in lines(score) if entry.name == "D1 Contoso"} == {
        guid("D1 Contoso")
    }


def test_same_score_is_not_stored_twice(partner: Partner) -> None:
    first = load(partner, office_usage(GROWN))
    assert scores.compute(partner, AS_OF) == first
    assert scores.compute(partner, date(2025, 3, 26)) != first
    assert scores.compute(partner, AS_OF, rule_sets.get("modern-work-2026")) != first


def test_stored_score_keeps_its_numbers_when_the_data_change(partner: Partner) -> None:
    first = load(partner, office_usage(GROWN))
    before = first.result, lines(first)
    second = load(partner, office_usage(GROWN[:3]).replace(b",50,60,", b",50,55,"))
    first.refresh_from_db()
    assert (first.result, lines(first)) == before
    assert second.result != first.result


def test_no_data_at_all_is_a_result(partner: Partner) -> None:
    score = scores.compute(partner, AS_OF)
    assert (score.designated, score.last_month, score.comparison_month) == (False, None, None)
    assert codes(score) == ["no_usage_data", "no_skilling_data"]
    assert [track.exact for track in score.tracks] == ["0", "0"]
    for model in (TenantFacts, Contribution, PersonContribution):
        assert not model.objects.exists()


def test_missing_comparison_month_is_named_and_nothing_passes(partner: Partner) -> None:
    months = [f"2024-{month:02d}" for month in (9, 10, 11, 12)] + ["2025-01", "2025-02"]
    rows = [
        Row(f"Tenant {n}", usage={label: (50, 5 + 10 * i) for i, label in enumerate(months)})
        for n in range(12)
    ]
    score = load(partner, office_usage(rows), training(PEOPLE))
    smb = next(track for track in score.tracks if track.key == "smb")
    assert (str(smb.exact), smb.passes, score.designated) == ("100", False, False)
    assert codes(score) == ["comparison_month_missing", "derived_dates"]
    with translation.override("en"):
        assert "February 2024" in score.notes[0]
        assert "LIFETIME" in score.notes[0]


def test_missing_comparison_month_matters_not_when_all_began_later(partner: Partner) -> None:
    rows = [
        Row(
            f"Tenant {n}",
            usage={"2024-09": (50, 5), "2025-02": (50, 60)},
            begins_on=date(2024, 9, 5),
        )
        for n in range(12)
    ]
    score = load(partner, office_usage(rows), training(PEOPLE))
    assert (score.designated, codes(score)) == (True, ["comparison_month_empty"])


def test_months_after_the_day_are_not_looked_at(partner: Partner) -> None:
    rows = [Row("A", usage={"2024-01": (50, 1), "2025-01": (50, 2), "2025-03": (50, 9)})]
    score = load(partner, office_usage(rows), as_of=date(2025, 3, 10))
    assert (score.last_month_label, score.comparison_month_label) == ("2025-01", "2024-01")


def test_old_data_are_pointed_out(partner: Partner) -> None:
    load(partner, office_usage(GROWN))
    assert "data_old" not in codes(scores.compute(partner, date(2025, 4, 30)))
    assert "data_old" in codes(scores.compute(partner, date(2025, 5, 1)))
