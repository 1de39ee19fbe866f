import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import translation

from partners.models import Partner
from scoring import facts, imports, scores, scoring_runs
from scoring.models import (
    Incident,
    PartnerCenterImport,
    Score,
    ScoringRun,
    Tenant,
    UsageMonth,
)
from scoring.reasons import Reason
from tests.factories import PartnerFactory
from tests.scoring.stage import hand_in
from tests.scoring.test_scores import GROWN, PEOPLE
from tests.scoring.worlds import AS_OF, Row, guid, office_usage, training

pytestmark = pytest.mark.django_db
TEAMS = "Microsoft 365 Certified: Teams Administrator Associate"
DAY = ("--as-of", AS_OF.isoformat())


@pytest.fixture
def empty() -> Partner:
    return PartnerFactory.create(slug="mueller", name="Müller IT")


@pytest.fixture
def partner(empty: Partner) -> Partner:
    """A firm with ten tenants and two people, scored on one day."""
    files = [
        ("usage.csv", ContentFile(office_usage(GROWN))),
        ("people.csv", ContentFile(training(PEOPLE))),
    ]
    imports.run_now(empty, files, as_of=AS_OF)
    return empty


def call(*args: str) -> str:
    out = io.StringIO()
    with translation.override("de"):  # the process may speak German, the command line does not
        call_command(*args, stdout=out)
    return out.getvalue()


def refused(*args: str) -> tuple[str, str]:
    """(what was printed, why the command ended with 1)"""
    out = io.StringIO()
    with translation.override("de"), pytest.raises(CommandError) as error:
        call_command(*args, stdout=out)
    return out.getvalue(), str(error.value)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("score nobody", "There is no firm with the short name 'nobody'."),
        ("score mueller --rule-set x", "There is no rule set 'x'. Known: modern-work"),
        ("score mueller --as-of 2999-01-01", "2999-01-01 lies too far ahead. The last day"),
        ("score mueller --as-of 9999-12-31", "9999-12-31 lies too far ahead. The last day"),
        ("score mueller --as-of 25.3.2025", "'25.3.2025' is not a day like 2025-03-25"),
        ("score", "Name one firm, or take --all."),
        ("score mueller --all", "Name one firm, or take --all."),
        ("score mueller --here", "--wait and --here belong to --all."),
        ("score --all --json", "--rule-set and --json are for one firm."),
        ("explain nobody usage_growth", "There is no firm with the short name 'nobody'."),
        ("explain mueller usage_growth", "mueller has no score yet. Make one: score mueller"),
        ("explain mueller usage_growth --as-of 2025-03-25", "mueller has no score of 2025-03-25."),
        ("explain mueller growth", "invalid choice: 'growth'"),
        ("replay", "Name one firm or more, or take --all."),
        ("replay mueller --all", "Name one firm or more, or take --all."),
        ("replay nobody", "There is no firm with the short name 'nobody'."),
        ("check_scores", "Name one firm or more, or take --all."),
        ("check_scores mueller nobody", "There is no firm with the short name 'nobody'."),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(empty: Partner, args: str, said: str) -> None:
    printed, why = refused(*args.split())
    assert said in why
    assert printed == ""
    assert not Score.objects.exists()


@pytest.mark.parametrize("as_of", ["0001-01-01", "1999-12-31", "2025-02-28"])
def test_days_long_ago_are_fine(partner: Partner, as_of: str) -> None:
    assert f"on {as_of}, rules modern-work-2023" in call("score", "mueller", "--as-of", as_of)


# ---- score ---------------------------------------------------------------------------------------


def test_score_as_json(partner: Partner) -> None:
    printed = json.loads(call("score", "mueller", "--as-of", "2025-03-25", "--json"))
    assert printed == {
        "partner": "mueller",
        "rule_set": "modern-work-2023",
        "as_of": "2025-03-25",
        "last_month": "2025-02",
        "comparison_month": "2024-02",
        "designated": True,
        "track": "smb",
        "tracks": {
            "enterprise": {
                "total": "12.5",
                "passes": False,
                "metrics": {
                    "net_customer_adds": {"value": 0, "points": "0"},
                    "intermediate_certifications": {"value": 2, "points": "5"},
                    "advanced_certifications": {"value": 1, "points": "7.5"},
                    "usage_growth": {
                        "option": "CPOR",
                        "points": "0",
                        "options": {
                            "CPOR": {"value": 0, "points": "0"},
                            "DPOR": {"value": 0, "points": "0"},
                        },
                    },
                    "deployments": {
                        "option": "CPOR",
                        "points": "0",
                        "options": {
                            "CPOR": {"value": 0, "points": "0"},
                            "DPOR": {"value": 0, "points": "0"},
                        },
                    },
                },
            },
            "smb": {
                "total": "100",
                "passes": True,
                "metrics": {
                    "net_customer_adds": {"value": 10, "points": "20"},
                    "intermediate_certifications": {"value": 2, "points": "10"},
                    "advanced_certifications": {"value": 1, "points": "15"},
                    "usage_growth": {
                        "option": "CPOR",
                        "points": "30",
                        "options": {
                            "CPOR": {"value": 600, "points": "30"},
                            "CSP": {"value": 0, "points": "0"},
                        },
                    },
                    "deployments": {
                        "option": "CPOR",
                        "points": "25",
                        "options": {
                            "CPOR": {"value": 10, "points": "25"},
                            "CSP": {"value": 0, "points": "0"},
                        },
                    },
                },
            },
        },
        "warnings": [],
    }


def test_score_warns_in_english_with_the_month_in_iso_form(empty: Partner, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(office_usage([Row(usage={"2025-01": (50, 5), "2025-02": (50, 5)})]))
    said = call("import_partner_center", "mueller", str(path), "--kind", "office-usage")
    assert said.splitlines()[-1].startswith("The comparison month 2024-02 is missing")
    assert "LIFETIME" in said
    printed = json.loads(call("score", "mueller", "--as-of", "2025-03-25", "--json"))
    assert [warning.split(":")[0] for warning in printed["warnings"]] == [
        "comparison_month_missing",
        "derived_dates",
        "no_skilling_data",
    ]
    assert "The comparison month 2024-02 is missing" in printed["warnings"][0]


def test_score_without_data(empty: Partner) -> None:
    printed = json.loads(call("score", "mueller", "--as-of", "2025-03-25", "--json"))
    assert (printed["last_month"], printed["track"], printed["designated"]) == (None, None, False)
    assert "no usage data yet" in call("score", "mueller")


def test_score_twice_prints_and_stores_the_same(partner: Partner) -> None:
    once = call("score", "mueller", "--as-of", "2025-03-25")
    count = Score.objects.count()
    assert call("score", "mueller", "--as-of", "2025-03-25") == once
    assert Score.objects.count() == count
    assert "SMB: 100 of 100 points, passes" in once


# ---- score --all ---------------------------------------------------------------------------------


@pytest.fixture
def other() -> Partner:
    other: Partner = PartnerFactory.create(slug="aalto", name="Aalto")
    hand_in(other, training(PEOPLE), name="people.csv")
    return other


def test_all_firms_are_scored_here(partner: Partner, other: Partner) -> None:
    lines = call("score", "--all", "--here", "--as-of", "2025-04-01").splitlines()
    run = ScoringRun.objects.get()
    assert lines == [f"run {run.pk}: 2 firms, as of 2025-04-01", "2 of 2 firms scored."]
    assert Score.objects.filter(as_of=date(2025, 4, 1)).count() == 2


def test_firm_that_fails_has_a_line_and_stops_no_other(
    partner: Partner, other: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scores.compute

    def one_is_broken(firm: Partner, *args: Any, **options: Any) -> Score:
        if firm == other:
            raise OSError("disk full")
        return real(firm, *args, **options)

    monkeypatch.setattr(scores, "compute", one_is_broken)
    printed, why = refused("score", "--all", "--here", "--as-of", "2025-04-01")
    assert printed.splitlines()[1:] == ["aalto: not scored. OSError: disk full"]
    assert why == "1 of 2 firms scored, 1 not."
    assert Score.objects.get(as_of=date(2025, 4, 1)).partner == partner


def test_all_firms_are_queued(partner: Partner, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        printed = call("score", "--all", *DAY)
    assert len(callbacks) == 1
    assert printed.splitlines()[1:] == ["queued for the workers; --wait shows how far it is"]


def test_waiting_shows_how_far_it_is(
    partner: Partner, other: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worker(_seconds: float) -> None:
        """What workers do while the command sleeps: one firm a time."""
        run = ScoringRun.objects.get()
        firm = run.items.filter(finished_at=None).order_by("portfolio").first()
        assert firm is not None
        scoring_runs.score_firm(run.pk, firm.portfolio_id)

    monkeypatch.setattr("time.sleep", worker)
    printed = call("score", "--all", "--wait", *DAY)
    assert printed.splitlines()[1:] == ["0 of 2", "1 of 2", "2 of 2", "2 of 2 firms scored."]


def test_waiting_without_a_worker_is_pointed_out(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 50))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            run = ScoringRun.objects.get()
            scoring_runs.score_firm(run.pk, run.items.get().portfolio_id)

    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    monkeypatch.setattr("time.sleep", sleep)
    printed = call("score", "--all", "--wait", *DAY)
    assert "nothing has moved for a minute: does a worker run?" in printed.splitlines()


# ---- explain -------------------------------------------------------------------------------------

EXPLAINED = [
    *GROWN[:1],
    Row("=Late", usage={"2024-11": (50, 5), "2025-02": (50, 8)}, begins_on=date(2024, 11, 9)),
    Row("Unseen", "Teams", "CSP", {"2024-11": (50, 30), "2025-02": (50, 8)}),
    Row("Two", usage={"2024-02": (50, 5), "2025-02": (50, 8)}, begins_on=date(2023, 1, 1)),
    Row("Two", "Teams", usage={"2025-02": (50, 3)}, begins_on=date(2025, 2, 1)),
]


@pytest.fixture
def explained(empty: Partner) -> Partner:
    content = ContentFile(office_usage(EXPLAINED))
    imports.run_now(empty, [("usage.csv", content)], as_of=AS_OF)
    return empty


def test_every_row_of_a_value_is_explained(explained: Partner) -> None:
    printed = call("explain", "mueller", "usage_growth", "--track", "smb")
    assert printed.splitlines() == [
        "Müller IT on 2025-03-25, rules modern-work-2023, 2025-02 against 2024-02",
        "",
        "SMB, Usage growth, CPOR",
        f"      +60  Grown 0 ({guid('Grown 0')})",
        "           60 active users; the tenant was not eligible a year earlier, so all count.",
        "           - Exchange: 60 now, nothing in 2024-02: the tenant was not eligible then",
        f"       +3  Two ({guid('Two')})",
        "           11 active users, 8 in the baselines of the workloads.",
        "           - Exchange: 8 now, 5 in 2024-02",
        "           - Teams: 3 now, 3 when the association began (2025-02)",
        f"       +3  =Late ({guid('=Late')})",
        "           8 active users, 5 when the association began (2024-11).",
        "           - Exchange: 8 now, 5 when the association began (2024-11)",
        "      +66  sum of 3 rows, the value of the score: 3.96 of 30 points",
        "",
        "SMB, Usage growth, CSP",
        f"      -22  Unseen ({guid('Unseen')})",
        "           8 active users, 30 in the first month with data (2024-11).",
        "           - Teams: 8 now, 30 in the first month with data (2024-11, derived)",
        "      -22  sum of 1 row, the value of the score: 0 of 30 points, another option counts",
    ]


def test_option_and_tenant_narrow_the_rows(explained: Partner) -> None:
    only = ("--track", "smb", "--option", "cpor")
    for wanted in ("two", guid("Two"), guid("Two").replace("-", "").upper()):
        lines = call("explain", "mueller", "usage_growth", *only, "--tenant", wanted).splitlines()
        assert lines[3] == f"       +3  Two ({guid('Two')})"
        assert lines[-1] == "       +3  sum of 1 row; the value of the score is 66"
    assert refused("explain", "mueller", "usage_growth", *only, "--tenant", "Nobody")[1] == (
        "Nobody in this score is called 'Nobody'."
    )
    assert refused("explain", "mueller", "usage_growth", "--track", "x")[1] == (
        "There is no track 'x'. Known: enterprise, smb."
    )
    assert refused("explain", "mueller", "net_customer_adds", "--option", "CSP")[1] == (
        "net_customer_adds has no option 'CSP' here. Known: none."
    )
    assert refused("explain", "mueller", "usage_growth", "--track", "smb", "--option", "x")[1] == (
        "usage_growth has no option 'x' here. Known: CPOR, CSP."
    )


def test_people_are_explained_too(partner: Partner) -> None:
    later = ("--as-of", "2026-01-31")
    call("score", "mueller", *later, "--rule-set", "modern-work-2023")
    people = [row._replace(expires_on=date(2025, 12, 31)) for row in PEOPLE[1:2]]
    hand_in(partner, training(people), name="people.csv")
    call("score", "mueller", *later, "--rule-set", "modern-work-2023")
    args = ("intermediate_certifications", "--track", "smb", *later)
    assert call("explain", "mueller", *args).splitlines()[2:] == [
        "SMB, Intermediate certifications",
        "       +1  Bo Ek",
        f"           {TEAMS}, valid until 2026-01-31.",
        "       +0  Ada Ohm",
        f"           {TEAMS} expired on 2025-12-31.",
        "       +1  sum of 2 rows, the value of the score: 5 of 10 points",
    ]


def test_every_metric_adds_up(partner: Partner) -> None:
    score = Score.objects.get()
    for metric in ("net_customer_adds", "advanced_certifications", "deployments"):
        printed = call("explain", "mueller", metric)
        found = [line for line in printed.splitlines() if "the value of the score" in line]
        assert len(found) == sum(
            len(value.options)
            for track in score.tracks
            for value in track.metrics
            if value.key == metric
        )


def test_explain_as_csv_has_the_same_rows(explained: Partner) -> None:
    printed = call("explain", "mueller", "usage_growth", "--track", "smb", "--csv")
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [(row["option"], row["name"], row["contribution"]) for row in rows] == [
        ("CPOR", "Grown 0", "60"),
        ("CPOR", "Two", "3"),
        ("CPOR", "'=Late", "3"),  # no formula
        ("CSP", "Unseen", "-22"),
    ]
    assert rows[1] == {
        "track": "smb",
        "metric": "usage_growth",
        "option": "CPOR",
        "name": "Two",
        "tenant": guid("Two"),
        "now": "11",
        "then": "8",
        "contribution": "3",
        "why": "11 active users, 8 in the baselines of the workloads.",
        "parts": "Exchange: 8 now, 5 in 2024-02; "
        "Teams: 3 now, 3 when the association began (2025-02)",
    }


def test_earlier_score_explains_itself_as_it_was(explained: Partner) -> None:
    before = call("explain", "mueller", "usage_growth", *DAY)
    content = office_usage(EXPLAINED).replace(b",50,60,", b",50,55,")
    imports.run_now(explained, [("later.csv", ContentFile(content))], as_of=date(2025, 4, 1))
    assert call("explain", "mueller", "usage_growth", *DAY) == before
    assert call("explain", "mueller", "usage_growth") != before


def test_rows_that_do_not_add_up_are_an_error(explained: Partner) -> None:
    score = Score.objects.get()
    score.ledger.contributions.filter(users_now=60).update(users_now=61)
    _printed, why = refused("explain", "mueller", "usage_growth", "--track", "smb")
    assert why == (
        "SMB, Usage growth, CPOR: the rows add up to 67, but the score says 66. Run check_scores."
    )


# ---- replay --------------------------------------------------------------------------------------


def test_replay_makes_facts_and_score_anew(partner: Partner) -> None:
    assert call("replay", "mueller", "--check") == (
        "mueller: facts and originals agree\n1 firm read again.\n"
    )
    UsageMonth.objects.filter(users=60).update(users=59)
    UsageMonth.objects.filter(users=2, tenant=Tenant.objects.get(name="Grown 3")).delete()
    printed, why = refused("replay", "mueller", "--check")
    assert printed.startswith("mueller: facts differ from originals: 1 rows new, 10 rows changed")
    assert why == "1 of 1 firm not in order."
    assert UsageMonth.objects.filter(users=59).count() == 10
    printed = call("replay", "--all")
    assert printed.startswith("mueller: facts made anew: 1 rows new, 10 rows changed")
    assert call("replay", "mueller", "--check").startswith("mueller: facts and originals agree")
    score = scores.latest(partner)
    assert score is not None
    assert score.as_of > AS_OF


def test_replay_without_an_original_changes_nothing(partner: Partner, other: Partner) -> None:
    row = PartnerCenterImport.objects.filter(partner=partner).first()
    assert row is not None
    Path(row.original.path).unlink()
    UsageMonth.objects.update(users=1)
    printed, why = refused("replay", "--all")
    assert printed.splitlines()[0] == "aalto: facts and originals agree"
    assert printed.splitlines()[1].startswith("mueller: not read again. ")
    assert why == "1 of 2 firms not in order."
    assert set(UsageMonth.objects.values_list("users", flat=True)) == {1}


def test_replay_waits_for_no_import(partner: Partner) -> None:
    row = PartnerCenterImport.objects.first()
    assert row is not None
    row.state, row.finished_at = PartnerCenterImport.State.RUNNING, None
    row.started_at = row.created_at
    row.save()
    printed, why = refused("replay", "mueller")
    assert printed.startswith("mueller: not read again. ")
    assert why == "1 of 1 firm not in order."


# ---- check_scores --------------------------------------------------------------------------------


def test_scores_that_are_in_order(partner: Partner, other: Partner) -> None:
    assert call("check_scores", "--all") == (
        "aalto: in order\nmueller: in order\n2 firms looked at, all in order.\n"
    )
    assert call("check_scores", "mueller") == (
        "mueller: in order\n1 firm looked at, all in order.\n"
    )


def test_difference_is_said_noted_and_repaired(partner: Partner, other: Partner) -> None:
    score = Score.objects.get(partner=partner)
    score.ledger.contributions.filter(track=2, option=0).update(reason=int(Reason.KEPT))
    printed, why = refused("check_scores", "--all")
    tenants = " ".join(
        str(pk) for pk in Tenant.objects.order_by("pk").values_list("pk", flat=True)[:5]
    )
    assert printed.splitlines() == [
        "aalto: in order",
        f"mueller: contributions: 10, tenants {tenants}, ledger {score.ledger_id}: "
        "Contributions of tenants do not follow from the facts.",
    ]
    assert why == "2 firms looked at, 1 not in order, 0 not checked."
    assert Incident.objects.get().settled_at is None

    lines = call("check_scores", "mueller", "--repair").splitlines()
    assert lines[1:] == [
        f"mueller: repaired, ledger {score.ledger_id} has revision {score.revision + 1}",
        "1 firm looked at, all in order.",
    ]
    assert Incident.objects.get().settled_at is not None


def test_wrong_facts_are_not_repaired_by_a_new_score(partner: Partner) -> None:
    portfolio = facts.portfolio_of(partner)
    portfolio.months_of_data.filter(month=2024 * 12 + 1).delete()
    printed, _why = refused("check_scores", "mueller", "--repair")
    assert "months_of_data: 1, months 24289" in printed
    assert printed.splitlines()[-1] == (
        "mueller: nothing to repair in its newest score; `replay` makes facts anew"
    )


def test_firm_with_a_running_import_is_not_checked(partner: Partner) -> None:
    PartnerCenterImport.objects.update(state=PartnerCenterImport.State.RUNNING, finished_at=None)
    printed, why = refused("check_scores", "mueller")
    assert printed == "mueller: not checked. An import of the firm is running.\n"
    assert why == "1 firm looked at, 0 not in order, 1 not checked."


def test_rows_of_no_firm_are_said(partner: Partner) -> None:
    row = Score.objects.get().ledger.tenant_facts.first()
    assert row is not None
    row.ledger_id = 10_000
    row.save(force_insert=True)
    printed, why = refused("check_scores", "--all")
    assert printed.splitlines()[-1].startswith("rows of no firm: unowned: 1, scoring_tenantfacts 1")
    assert why == "1 firm looked at, 1 not in order, 0 not checked."
