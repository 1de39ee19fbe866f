"""Random firms through the whole pipeline, counted again by another engine from the kept files."""

import csv
import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from partners.models import Partner
from scoring import imports, ledger_rows, months, rule_sets, scores
from scoring.models import (
    Contribution,
    PartnerCenterImport,
    PersonContribution,
    Score,
    Tenant,
    TenantFacts,
)
from tests.factories import PartnerFactory
from tests.scoring import second_opinion
from tests.scoring.second_opinion import Counts, Original
from tests.scoring.worlds import AS_OF, CLAIMS_HEADER, EMS_HEADER, TRAINING_HEADER, guid

QUICK = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shorter one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# ---- Worlds --------------------------------------------------------------------------------------

TENANTS = "ABCD"
WORKLOADS = {
    "exchange": ["Exchange", "Exchange Online", "EXO"],
    "teams": ["Teams", "Microsoft Teams"],
    "m365apps": ["Microsoft365Apps", "ProPlus"],
    "teams_phone_calling": ["TeamsPhonecalling1p", "Teams Phone calling"],
    "intune": ["InTune", "Intune"],
    "teams_premium": ["Teams Premium"],
    "m365_copilot": ["M365 Copilot"],
}
OPTIONS = {
    "CPOR": ["CPOR", "CPOR - Manual"],
    "DPOR": ["DPOR", "POR", "Digital Partner of Record"],
    "CSP": ["CSP Tier 1", "CSP Tier1", "CSP Tier 2"],
}
UNUSED = [("Skype for Business", "CPOR"), ("Exchange", "CPOR OSA"), ("Teams", "Advisor")]
LABELS = ["2024-01", "2024-02", "2024-03", "2024-09", "2024-12", "2025-01", "2025-02", "2025-03"]
STATES = ["Approved", "Rejected", "Under review"]
TITLES = {key: row[0] for key, row in second_opinion.CERTIFICATIONS.items()}

Key = tuple[str, str, str]  # tenant, workload, option
Line = dict[str, object]


@dataclass(frozen=True)
class File:
    kind: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]

    def content(self) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, self.header, restval="")
        writer.writeheader()
        writer.writerows(self.lines)
        return text.getvalue().encode()


USAGE_HEADER = (
    "CustomerTenantId",
    "CustomerName",
    "WorkloadName",
    "Month",
    "PaidAvailableUnits",
    "MonthlyActiveUsers",
    "PartnerLocationID",
    "PartnerAttributionType",
    "IsDuplicateRowForPGA",
    "DateAssociated",
    "DateEnded",
)
figures = st.one_of(
    st.sampled_from([0, 4, 10, 11, 20, 40, 50, 100, 120, 299, 300, 301, 302, 1200]),
    st.integers(0, 400),
)
days = st.dates(date(2023, 6, 1), date(2025, 2, 28))
some_labels = st.lists(st.sampled_from(LABELS), min_size=1, max_size=5, unique=True)
labels = st.one_of(some_labels, some_labels.map(lambda some: sorted({*some, "2024-02", "2025-02"})))
tenants = st.sampled_from(TENANTS)
keys = st.tuples(tenants, st.sampled_from(sorted(WORKLOADS)), st.sampled_from(sorted(OPTIONS)))


@st.composite
def plans(draw: st.DrawFn) -> list[tuple[date | None, date | None]]:
    """The dates that files say of a claim: one pair or, when it was claimed again, two.

    The order of a firm's files decides between different beginnings, so those are drawn per file.
    """
    kind = draw(st.sampled_from(["none", "none", "begin", "both", "end", "twice"]))
    one, two, three = sorted(draw(st.lists(days, min_size=3, max_size=3)))
    if kind == "twice" and months.number(two) < months.number(three):
        return [(one, two), (three, None)]
    begins = one if kind in ("begin", "both", "twice") else None
    return [(begins, two if kind in ("both", "end", "twice") else None)]


def said(plan: list[tuple[date | None, date | None]], label: str) -> tuple[Any, Any]:
    """The dates beside a row of one month: those of the interval that it lies in."""
    if len(plan) == 2 and months.parse_label(label) > months.number(plan[0][1] or date.max):
        return plan[1]
    return plan[0]


@st.composite
def spelled(draw: st.DrawFn, tenant: str) -> str:
    own = guid(tenant)
    return draw(st.sampled_from([own, own.upper(), f"{{{own}}}"]))


@st.composite
def written(draw: st.DrawFn, label: str) -> str:
    day = months.first_day(months.parse_label(label))
    return draw(
        st.sampled_from([f"{day}", f"{day:%m/%d/%Y}", f"{day:%d.%m.%Y}", f"{day:%b-%Y}", label])
    )


def number(value: int) -> str:
    return f"{value:,}"


@st.composite
def usage_files(draw: st.DrawFn, plan_of: dict[Key, Any], kind: str = "office-usage") -> File:
    lines: list[Line] = []
    own = (
        sorted(plan_of) if kind != "cpor" else [key for key in sorted(plan_of) if key[2] == "CPOR"]
    )
    chosen = st.lists(st.sampled_from(own), min_size=1, max_size=8, unique=True) if own else None
    for key in draw(chosen) if chosen is not None else []:
        tenant, workload, option = key
        plan = plan_of[key]
        if plan in ([(None, None)], "corrected"):
            # Each file may know another beginning, or none.
            plan = [(draw(st.none() | days), None)] if plan == "corrected" else plan
        names_dates = draw(st.booleans())
        for label in draw(labels):
            begins, ended = said(plan, label) if names_dates else (None, None)
            lines += [
                {
                    "CustomerTenantId": draw(spelled(tenant)),
                    "CustomerName": tenant,
                    "WorkloadName": draw(st.sampled_from(WORKLOADS[workload])),
                    "Month": draw(written(label)),
                    "PaidAvailableUnits": number(draw(figures)),
                    "MonthlyActiveUsers": number(draw(figures)),
                    "PartnerLocationID": draw(st.sampled_from(["1", "2"])),
                    "PartnerAttributionType": draw(st.sampled_from(OPTIONS[option])),
                    "IsDuplicateRowForPGA": repeated,
                    "DateAssociated": begins or "",
                    "DateEnded": ended or "",
                }
                for repeated in range(draw(st.sampled_from([1, 1, 1, 2])))
            ]
    for workload, option in draw(st.lists(st.sampled_from(UNUSED), max_size=2)):
        lines.append(
            {
                "CustomerTenantId": guid("A"),
                "WorkloadName": workload,
                "Month": "2025-02-01",
                "PaidAvailableUnits": 50,
                "MonthlyActiveUsers": 50,
                "PartnerAttributionType": option,
            }
        )
    header: tuple[str, ...] = USAGE_HEADER
    if kind == "cpor":
        renamed = {"Month": "Date"}
        header = (*(renamed.get(name, name) for name in USAGE_HEADER), "ClaimId")
        lines = [
            {renamed.get(name, name): value for name, value in line.items()} | {"ClaimId": "C-1"}
            for line in lines
        ]
    return File(kind, header, tuple(lines))


@st.composite
def ems_files(draw: st.DrawFn) -> File:
    lines: list[Line] = []
    tiers = draw(st.sampled_from([["CSP Tier 1", "CSP Tier 2"], ["CSP Tier1", "CSP Tier2"]]))
    for tenant in draw(st.lists(tenants, min_size=1, max_size=3, unique=True)):
        for label in draw(labels):
            lines += [
                {
                    "CustomerTenantId": draw(spelled(tenant)),
                    "CustomerName": tenant,
                    "Month": draw(written(label)),
                    "PartnerLocationID": draw(st.sampled_from(["1", "2"])),
                    "PartnerAttributionType": draw(st.sampled_from(tiers)),
                    "IntunePaidAvailableUnits": number(draw(figures)),
                    "IntuneMonthlyActiveUsers": number(draw(figures)),
                }
                for _subscription in range(draw(st.integers(1, 3)))
            ]
    return File("ems", tuple(EMS_HEADER), tuple(lines))


@st.composite
def claims_files(draw: st.DrawFn, plan_of: dict[Key, Any]) -> File:
    own = [key for key in sorted(plan_of) if key[2] == "CPOR"] or [("A", "teams", "CPOR")]
    lines: list[Line] = [
        {
            "ClaimId": "C-1",
            "CustomerTenantId": draw(spelled(tenant)),
            "CustomerName": tenant,
            "WorkloadName": draw(st.sampled_from(WORKLOADS[workload])),
            "ClaimStatus": draw(st.sampled_from(STATES)),
        }
        for tenant, workload, _option in draw(
            st.lists(st.sampled_from(own), min_size=1, max_size=4, unique=True)
        )
    ]
    return File("claims", tuple(CLAIMS_HEADER), tuple(lines))


@st.composite
def training_files(draw: st.DrawFn) -> File:
    taken: set[tuple[str, str, date]] = set()
    lines: list[Line] = []
    for _line in range(draw(st.integers(1, 6))):
        mcp = draw(st.sampled_from(["", "11", "12", "13"]))
        mail = draw(st.sampled_from(["a@x.example", "b@x.example", "c@x.example"]))
        certification = draw(st.sampled_from(sorted(TITLES)))
        completed = draw(st.sampled_from([date(2024, 2, 29), date(2025, 3, 25), date(2025, 3, 26)]))
        if (mcp or mail, certification, completed) in taken:
            continue
        taken.add((mcp or mail, certification, completed))
        lines.append(
            {
                "TrainingTitle": TITLES[certification],
                "TrainingType": draw(st.sampled_from(["Certification", "Certification", "Exam"])),
                "IndividualFirstName": "Ada",
                "IndividualLastName": "Ohm",
                "CorpEmail": draw(st.sampled_from([mail, mail.upper()])),
                "TrainingCompletionDate": completed,
                "ExpirationDate": draw(
                    st.sampled_from(["NA", "", "2025-03-24", "2025-03-25", "2026-01-31"])
                ),
                "ActivationStatus": draw(st.sampled_from(["Active", "Active", "Inactive"])),
                "MCPID": mcp,
            }
        )
    return File("training", tuple(TRAINING_HEADER), tuple(lines))


@st.composite
def worlds(draw: st.DrawFn) -> list[File]:
    """The files of a firm in their order; later ones correct figures, dates and states."""
    plan_of: dict[Key, Any] = {
        key: draw(st.one_of(plans(), st.just("corrected")))
        for key in draw(st.lists(keys, min_size=1, max_size=10, unique=True))
    }
    later = st.one_of(
        usage_files(plan_of),
        usage_files(plan_of, "cpor"),
        ems_files(),
        claims_files(plan_of),
        training_files(),
    )
    files = [draw(usage_files(plan_of)), *draw(st.lists(later, max_size=3))]
    return [file for file in files if file.lines]


# ---- Counting ------------------------------------------------------------------------------------


def bring(partner: Partner, files: Sequence[File]) -> None:
    for place, file in enumerate(files):
        content = ContentFile(file.content())
        imports.run_now(partner, [(f"{place}.csv", content)], kind=file.kind, as_of=AS_OF)


def kept(partner: Partner) -> list[Original]:
    """The kept originals of a firm in the order in which they were imported."""
    rows = PartnerCenterImport.objects.filter(partner=partner).order_by("done_at")
    return [Original(row.kind, Path(row.original.path)) for row in rows]


def counted(partner: Partner) -> dict[str, Counts]:
    """What the ledgers of the newest facts add up to, by rule set."""
    found = {}
    for rule_set in rule_sets.all_sets():
        score = scores.compute(partner, AS_OF, rule_set)
        found[rule_set.key] = {
            (track, metric, option): value
            for track, metrics in scores.sums_of(score).counts(rule_set).items()
            for metric, options in metrics.items()
            for option, value in options.items()
            if value
        }
        _caps_and_floors_hold(score)
    return found


def _caps_and_floors_hold(score: Score) -> None:
    for track in score.tracks:
        assert 0 <= track.total <= 100
        assert track.total == sum(metric.points for metric in track.metrics)
        for metric in track.metrics:
            assert metric.points == max(option.points for option in metric.options)
            for option in metric.options:
                assert 0 <= option.points <= metric.max
                assert (option.points == 0) == (option.value <= 0)
                assert (option.points == metric.max) == (option.value >= option.value_for_max)


def agree(files: Sequence[File]) -> dict[str, Counts]:
    partner: Partner = PartnerFactory.create()
    bring(partner, files)
    ours = counted(partner)
    assert ours == second_opinion.counts(kept(partner), AS_OF)
    return ours


def tell(files: Sequence[File], found: dict[str, Counts]) -> None:
    """For Hypothesis' statistics: what the worlds are made of."""
    for kind in {file.kind for file in files}:
        event(f"has {kind}")
    for track, metric, _option in {key for counts in found.values() for key in counts}:
        event(f"counts {track} {metric}")


@QUICK
@given(worlds())
def test_another_engine_counts_the_same(db: None, files: list[File]) -> None:
    with transaction.atomic():
        tell(files, agree(files))
        transaction.set_rollback(True)


@pytest.mark.slow
@settings(QUICK, max_examples=400)
@given(worlds())
def test_another_engine_counts_the_same_of_many(db: None, files: list[File]) -> None:
    with transaction.atomic():
        tell(files, agree(files))
        transaction.set_rollback(True)


def intune(kind: str, label: str, seats: int, users: int, **dates: Any) -> Line:
    line: Line = {
        "CustomerTenantId": guid("A"),
        "Month": label,
        "PartnerAttributionType": "CSP Tier 1",
        "PartnerLocationID": "1",
    }
    if kind == "ems":
        return line | {"IntunePaidAvailableUnits": seats, "IntuneMonthlyActiveUsers": users}
    own = {"WorkloadName": "Intune", "PaidAvailableUnits": seats, "MonthlyActiveUsers": users}
    return line | own | dates


INTUNE = {
    "only one file has each month": (
        [intune("ems", "2024-02", 50, 10), intune("ems", "2025-02", 50, 20)],
        [intune("usage", "2024-02", 50, 30)],
    ),
    "the other file begins later": (
        [intune("ems", label, 50, 10) for label in ("2024-02", "2024-12", "2025-02")],
        [intune("usage", "2025-01", 50, 30), intune("usage", "2025-02", 60, 40)],
    ),
    "the other file has old months only": (
        [intune("ems", "2025-02", 50, 30)],
        [intune("usage", "2023-12", 50, 10)],
    ),
    "the other file knows the beginning": (
        [intune("ems", label, 50, 10 + place) for place, label in enumerate(LABELS)],
        [intune("usage", "2025-02", 60, 40, DateAssociated="2024-12-01")],
    ),
}


@pytest.mark.parametrize("case", INTUNE)
def test_intune_of_two_kinds_of_file_is_one_claim(db: None, case: str) -> None:
    ems, usage = INTUNE[case]
    agree(
        [
            File("ems", tuple(EMS_HEADER), tuple(ems)),
            File("office-usage", USAGE_HEADER, tuple(usage)),
        ]
    )


# ---- What must not matter ------------------------------------------------------------------------


@settings(QUICK, max_examples=8)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_repetition_and_number_of_files_do_not_matter(
    db: None, files: list[File], chance: random.Random
) -> None:
    with transaction.atomic():
        as_they_are: Partner = PartnerFactory.create()
        bring(as_they_are, files)
        expected = counted(as_they_are)
        another: Partner = PartnerFactory.create()
        bring(another, [part for file in files for part in _torn(file, chance)])
        assert counted(another) == expected
        # A firm beside it, with the same customers and people.
        assert counted(as_they_are) == expected
        transaction.set_rollback(True)


def _torn(file: File, chance: random.Random) -> list[File]:
    """A file's lines shuffled, some of them twice, in two files: each tenant or person in one."""
    lines = chance.sample(file.lines, len(file.lines))
    if file.kind != "ems":  # there the same row once more is another subscription
        lines += chance.choices(lines, k=2)

    def owner(line: Line) -> str:
        named = str(line.get("CustomerTenantId") or line.get("MCPID") or line.get("CorpEmail"))
        return named.strip("{}").casefold()

    first = {one for one in sorted({owner(line) for line in lines}) if chance.random() < 0.5}
    parts = (
        tuple(line for line in lines if owner(line) in first),
        tuple(line for line in lines if owner(line) not in first),
    )
    return [File(file.kind, file.header, part) for part in parts if part]


# ---- The same on every database ------------------------------------------------------------------

GOLDEN = Path(__file__).parent / "golden_scores.json"


def seeded(tenants: int, seed: int) -> list[File]:
    """A firm of many fates, always the same."""
    chance = random.Random(seed)
    lines: list[Line] = []
    for place in range(tenants):
        size = chance.choice([8, 30, 120, 290, 310, 900])
        begins = chance.choice(["", "", "2022-11-15", "2024-06-30", "2024-02-29"])
        for workload in chance.sample(sorted(WORKLOADS), chance.randint(1, 4)):
            option = chance.choice(sorted(OPTIONS))
            first = chance.choice(range(len(LABELS) - 1))
            share = chance.uniform(0.05, 0.6)
            for label in LABELS[first:]:
                share = min(1.0, share * chance.uniform(0.9, 1.5))
                seats = max(0, size + chance.randint(-12, 12))
                lines.append(
                    {
                        "CustomerTenantId": guid(f"Kunde {place}"),
                        "CustomerName": f"Kunde {place}",
                        "WorkloadName": chance.choice(WORKLOADS[workload]),
                        "Month": label,
                        "PaidAvailableUnits": seats,
                        "MonthlyActiveUsers": int(seats * share),
                        "PartnerLocationID": "1",
                        "PartnerAttributionType": chance.choice(OPTIONS[option]),
                        "DateAssociated": begins,
                    }
                )
    people: list[Line] = [
        {
            "TrainingTitle": TITLES[certification],
            "TrainingType": "Certification",
            "CorpEmail": f"p{person}@x.example",
            "TrainingCompletionDate": "2024-03-31",
            "ExpirationDate": chance.choice(["NA", "2025-03-24", "2025-03-25", "2026-03-31"]),
            "MCPID": chance.choice([str(person), ""]),
        }
        for person in range(6)
        for certification in chance.sample(sorted(TITLES), 2)
    ]
    return [
        File("office-usage", USAGE_HEADER, tuple(lines)),
        File("training", tuple(TRAINING_HEADER), tuple(people)),
    ]


def stored(partner: Partner) -> dict[str, Any]:
    """All that is stored of a firm's scores under both rule sets, told without numbers of rows."""
    guids = {
        row.pk: str(row.tenant_id) for row in Tenant.objects.filter(portfolio__partner=partner)
    }
    found: dict[str, Any] = {}
    for rule_set in rule_sets.all_sets():
        score = scores.compute(partner, AS_OF, rule_set)
        at = (score.ledger_id, score.revision)
        rows = Contribution.objects.at(*at).values_list(
            "tenant_id", "track", "option", *ledger_rows.ROW_FIELDS[6:]
        )
        heads = PersonContribution.objects.at(*at).values_list(
            "metric", "person", *ledger_rows.PERSON_FIELDS[5:]
        )
        found[rule_set.key] = {
            "result": score.result,
            "designated": score.designated,
            "track": score.track,
            "cautions": score.cautions,
            "tenants": sorted([guids[row[0]], *row[1:]] for row in rows),
            "facts": sorted(
                [guids[tenant], json.loads(claims)]
                for tenant, claims in TenantFacts.objects.at(*at).values_list("tenant_id", "claims")
            ),
            "people": sorted([json.loads(json.dumps(row, default=str)) for row in heads]),
        }
    return found


def _written(found: dict[str, Any]) -> Iterator[str]:
    """As JSON, a row of the ledger a line: so that a difference can be read."""
    yield "{"
    for place, (rule_set, parts) in enumerate(found.items()):
        yield f"{',' * bool(place)}{json.dumps(rule_set)}: {{"
        for number, (name, value) in enumerate(parts.items()):
            start = f"{',' * bool(number)}{json.dumps(name)}: "
            if isinstance(value, list) and value:
                yield f"{start}["
                yield ",\n".join(json.dumps(row) for row in value)
                yield "]"
            else:
                yield f"{start}{json.dumps(value)}"
        yield "}"
    yield "}"


def test_every_database_stores_the_same(db: None, tmp_path: Path) -> None:
    """``golden_scores.json`` is what SQLite and PostgreSQL both have to come to.

    When a change of the numbers is meant, the file that a failure names takes its place.
    """
    partner: Partner = PartnerFactory.create()
    files = seeded(40, seed=20250325)
    bring(partner, files)
    found = stored(partner)
    (tmp_path / GOLDEN.name).write_text("\n".join(_written(found)) + "\n")
    assert found == json.loads(GOLDEN.read_text()), f"see {tmp_path / GOLDEN.name}"
    assert counted(partner) == second_opinion.counts(kept(partner), AS_OF)
    assert all(len(rules["tenants"]) > 100 for rules in found.values())
