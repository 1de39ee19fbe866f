"""A change is scored again exactly where it touches, and comes to what all of it anew would."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from partners.models import Partner
from scoring import (
    bulk,
    checking,
    claims,
    corrections,
    facts,
    imports,
    judging,
    ledger_rows,
    rule_sets,
    scores,
)
from scoring.corrections import NotCorrectable, OfCertificate, OfClaim, OfPerson
from scoring.models import (
    NEVER,
    Association,
    Contribution,
    Correction,
    PartnerCenterImport,
    PersonContribution,
    Score,
    Tenant,
    TenantFacts,
)
from scoring.people import Certificate
from tests.factories import PartnerFactory
from tests.scoring import test_properties
from tests.scoring.stage import OLD, PEOPLE, hand_in
from tests.scoring.worlds import Row, claims_export, office_usage, training

Field = Correction.Field
TODAY = date(2025, 3, 25)
USAGE = {"2024-01": (50, 10), "2024-02": (50, 11), "2025-01": (50, 12), "2025-02": (50, 25)}
NAMES = [f"Kunde {number}" for number in range(6)]
FIRM = [Row(name, usage=USAGE, begins_on=OLD) for name in NAMES]


@pytest.fixture
def today() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(TODAY.isoformat() + "T09:00Z", tick=True) as clock:
        yield clock


@pytest.fixture
def partner(db: None, today: time_machine.Traveller) -> Partner:
    """Six tenants and two people, scored, by a file each."""
    partner: Partner = PartnerFactory.create()
    hand_in(partner, office_usage(FIRM))
    hand_in(partner, training(PEOPLE), name="people.csv")
    return partner


def changed(name: str, label: str, figures: tuple[int, int], **more: Any) -> bytes:
    return office_usage([Row(name, usage={label: figures}, **more)])


def claim_of(partner: Partner, name: str) -> OfClaim:
    row = Association.objects.get(tenant__portfolio__partner=partner, tenant__name=name)
    return OfClaim(row.tenant_id, row.workload, row.option, row.begins)


def correct(partner: Partner, field: str, target: corrections.Target, value: Any = None) -> object:
    return corrections.make(partner, field, target, value, reason="Vertrag", by=None)


def undo(partner: Partner, place: int = -1) -> None:
    rows = list(PartnerCenterImport.objects.filter(partner=partner).order_by("created_at"))
    assert imports.undo(rows[place].pk, by=None)
    assert imports.run(rows[place].pk)


CHANGES: dict[str, tuple[Callable[[Partner], object], set[str], int]] = {
    # what happens, which tenants get other rows, how many rows of people are new
    "a figure of the last month": (
        lambda firm: hand_in(firm, changed("Kunde 1", "2025-02", (50, 30))),
        {"Kunde 1"},
        0,
    ),
    "a figure of the comparison month": (
        lambda firm: hand_in(firm, changed("Kunde 2", "2024-02", (10, 1))),
        {"Kunde 2"},
        0,
    ),
    "a figure of a month nobody asks for": (
        lambda firm: hand_in(firm, changed("Kunde 1", "2025-01", (50, 30))),
        set(),
        0,
    ),
    "the same file again": (lambda firm: hand_in(firm, office_usage(FIRM)), set(), 0),
    "another name": (
        lambda firm: hand_in(
            firm, changed("Kunde 1", "2025-02", (50, 25)).replace(b"Kunde 1", b"Neu")
        ),
        set(),
        0,
    ),
    "a new tenant": (
        lambda firm: hand_in(firm, changed("Kunde 7", "2025-02", (50, 30))),
        {"Kunde 7"},
        0,
    ),
    "another workload of two tenants": (
        lambda firm: hand_in(
            firm,
            office_usage([Row(name, "Teams", "CSP", {"2025-02": (20, 9)}) for name in NAMES[:2]]),
        ),
        {"Kunde 0", "Kunde 1"},
        0,
    ),
    "another beginning": (
        lambda firm: hand_in(
            firm, changed("Kunde 3", "2025-02", (50, 25), begins_on=date(2022, 5, 1))
        ),
        {"Kunde 3"},
        0,
    ),
    "a claim rejected later": (
        lambda firm: hand_in(firm, claims_export(FIRM[4:5], state="Rejected"), name="claims.csv"),
        {"Kunde 4"},
        0,
    ),
    "a corrected beginning": (
        lambda firm: correct(firm, Field.BEGINS_ON, claim_of(firm, "Kunde 5"), date(2024, 6, 1)),
        {"Kunde 5"},
        0,
    ),
    "a corrected end": (
        lambda firm: correct(firm, Field.ENDED_ON, claim_of(firm, "Kunde 5"), date(2024, 12, 1)),
        {"Kunde 5"},
        0,
    ),
    "a new certificate": (
        lambda firm: hand_in(
            firm,
            training([Certificate("mcp:3", "Cy Dahl", "", "MS-102", date(2024, 5, 1))]),
            name="people.csv",
        ),
        set(),
        1,
    ),
    "a certificate renewed": (
        lambda firm: hand_in(
            firm, training([PEOPLE[2]._replace(expires_on=date(2026, 1, 31))]), name="people.csv"
        ),
        set(),
        1,
    ),
    "somebody has left": (lambda firm: correct(firm, Field.LEFT, OfPerson("mcp:1")), set(), 2),
    "the certificates taken out again": (lambda firm: undo(firm), set(), 0),
    "the first file taken out again": (lambda firm: undo(firm, 0), set(NAMES), 0),
    "another firm's file": (
        lambda _firm: hand_in(PartnerFactory.create(), office_usage(FIRM)),
        set(),
        0,
    ),
}


VERSIONED: tuple[Any, ...] = (TenantFacts, Contribution, PersonContribution)


def standing(score: Score) -> dict[str, set[tuple[Any, ...]]]:
    """Every row that a score is made of, with all it says but for how long it stands."""
    found = {}
    for model in VERSIONED:
        names = [field.attname for field in model._meta.fields if field.name not in ("pk", "until")]
        rows = model.objects.at(score.ledger_id, score.revision)
        found[model.__name__] = set(rows.values_list(*names))
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_change_writes_the_rows_it_touches_and_no_other(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    before = scores.latest(partner)
    assert before is not None
    known = standing(before)
    happens, touched, people = CHANGES[change]
    judged: list[int] = []
    real = judging.judge

    def counted(own: Any, rules: Any) -> Any:
        judged.append(own[0].tenant)
        return real(own, rules)

    monkeypatch.setattr(judging, "judge", counted)
    happens(partner)
    monkeypatch.undo()

    after = scores.latest(partner)
    assert after is not None
    assert checking.check(facts.portfolio_of(partner)) == []
    if after.ledger_id != before.ledger_id:  # no usage is left, so that there is no month
        assert (change, after.last_month) == ("the first file taken out again", None)
        return
    names = {row.pk: row.name for row in Tenant.objects.filter(portfolio__partner=partner)}
    if change != "another firm's file":
        assert sorted(names[tenant] for tenant in judged) == sorted(touched)
    is_new = after.revision == before.revision + 1
    assert is_new == bool(touched or people or "taken out" in change)
    new = Contribution.objects.filter(ledger=after.ledger, since=after.revision) if is_new else []
    assert {names[row.tenant_id] for row in new} <= touched
    facts_now = TenantFacts.objects.filter(ledger=after.ledger, since=before.revision + 1)
    assert {names[row.tenant_id] for row in facts_now} == touched
    heads = PersonContribution.objects.filter(ledger=after.ledger, since=before.revision + 1)
    assert heads.count() == people
    # All other rows stand as they stood, and the earlier score keeps its own.
    kept = TenantFacts.objects.filter(ledger=after.ledger, until=NEVER, since__lte=before.revision)
    assert kept.count() + len(touched) >= len(NAMES)
    assert standing(before) == known


def test_next_month_and_next_rules_have_ledgers_of_their_own(
    partner: Partner, today: time_machine.Traveller
) -> None:
    first = scores.latest(partner)
    assert first is not None
    known = standing(first)
    hand_in(partner, office_usage([Row(n, usage={"2025-03": (50, 26)}) for n in NAMES]))
    march = scores.latest(partner)
    assert march is not None
    assert march.ledger_id == first.ledger_id  # data of March count from April on
    april = scores.compute(partner, date(2025, 4, 1))
    assert (april.last_month_label, april.comparison_month_label) == ("2025-03", "2024-03")
    january = scores.compute(partner, date(2026, 1, 1))
    assert (january.rule_set, january.last_month) == ("modern-work-2026", april.last_month)
    assert len({first.ledger_id, april.ledger_id, january.ledger_id}) == 3
    assert standing(first) == known
    assert checking.check(facts.portfolio_of(partner)) == []


def test_day_on_which_a_certificate_expires_changes_people_only(partner: Partner) -> None:
    before = scores.compute(partner, date(2026, 1, 31), rule_sets.get("modern-work-2023"))
    after = scores.compute(partner, date(2026, 2, 1), rule_sets.get("modern-work-2023"))
    assert (after.ledger_id, after.revision) == (before.ledger_id, before.revision + 1)
    new = {"since": after.revision, "ledger": after.ledger}
    assert PersonContribution.objects.filter(**new).count() == 2
    assert not TenantFacts.objects.filter(**new).exists()
    assert not Contribution.objects.filter(**new).exists()
    smb = {
        day.as_of: next(
            metric.value
            for track in day.tracks
            for metric in track.metrics
            if metric.key == "advanced_certifications"
        )
        for day in (before, after)
    }
    assert smb == {date(2026, 1, 31): 1, date(2026, 2, 1): 0}


def test_nothing_changed_writes_nothing(partner: Partner) -> None:
    before = scores.latest(partner)
    with transaction.atomic():
        rows = {model: model.objects.count() for model in (Score, TenantFacts, Contribution)}
    assert scores.compute(partner, TODAY) == before
    assert scores.compute(partner, TODAY, thoroughly=True) == before
    assert {model: model.objects.count() for model in rows} == rows


def test_touch_looks_at_its_tenants_only(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Tenant.objects.order_by("pk")[:2]
    asked: list[Any] = []
    real = claims.read

    def read(portfolio: Any, pair: Any, tenants: Any = None, **options: Any) -> Any:
        asked.append(tenants)
        return real(portfolio, pair, tenants, **options)

    monkeypatch.setattr(claims, "read", read)
    Association.objects.filter(tenant__in=[one, other]).update(state=6)  # both rejected
    score = scores.touch(partner, [one.pk], TODAY)
    assert asked == [[one.pk]]
    new = Contribution.objects.filter(ledger=score.ledger, since=score.revision)
    assert set(new.values_list("tenant_id", flat=True)) == {one.pk}


# ---- Random histories ----------------------------------------------------------------------------

Step = tuple[Any, ...]
people = st.lists(
    st.builds(
        Certificate,
        person=st.sampled_from(["mcp:1", "mcp:2", "mail:a@x", "mail:b@x"]),
        name=st.sampled_from(["Ada Ohm", "Ohm, Ada", "Bo Ek"]),
        email=st.sampled_from(["", "a@x", "b@x"]),
        certification=st.sampled_from(["MS-900", "MS-700", "MS-102"]),
        completed_on=st.dates(date(2024, 1, 1), date(2025, 3, 1)),
        expires_on=st.none() | st.dates(date(2025, 3, 1), date(2026, 1, 1)),
        is_linked=st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
places = st.integers(0, 20)
steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("usage"), st.lists(test_properties.rows(), min_size=1, max_size=4)),
    st.tuples(
        st.just("claims"),
        st.lists(test_properties.rows(), min_size=1, max_size=3),
        st.sampled_from(["Approved", "Rejected", "Submitted", ""]),
    ),
    st.tuples(st.just("people"), people),
    st.tuples(st.just("undo"), places),
    st.tuples(st.just("begins"), places, st.dates(date(2023, 6, 1), date(2025, 2, 28))),
    st.tuples(st.just("ends"), places, st.none() | st.dates(date(2023, 6, 1), date(2025, 2, 28))),
    st.tuples(st.just("baseline"), places, st.integers(0, 300)),
    st.tuples(st.just("expiry"), places, st.dates(date(2025, 1, 1), date(2026, 1, 1))),
    st.tuples(st.just("left"), places),
    st.tuples(st.just("withdraw"), places),
    st.tuples(st.just("days"), st.integers(1, 120)),
    st.tuples(st.just("unseen days"), st.integers(1, 120)),
)


def take(partner: Partner, clock: time_machine.Traveller, step: Step) -> None:
    """One step in the life of a firm; what cannot be done is left."""
    kind, *rest = step
    if kind == "usage":
        hand_in(partner, office_usage(rest[0]))
    elif kind == "claims":
        hand_in(partner, claims_export(rest[0], rest[1]), name="claims.csv", kind="claims")
    elif kind == "people":
        hand_in(partner, training(rest[0]), name="people.csv")
    elif kind in ("days", "unseen days"):
        clock.shift(timedelta(days=rest[0]))
        if kind == "days":
            scores.compute(partner, timezone.localdate())
    else:
        _decide(partner, kind, *rest)


def _decide(partner: Partner, kind: str, place: int, value: Any = None) -> None:
    """Undo an import, correct a fact or withdraw a correction, whichever stands at ``place``."""

    def chosen(rows: Any) -> Any:
        found = list(rows.order_by("pk"))
        return found[place % len(found)] if found else None

    firm = facts.portfolio_of(partner)
    if kind == "undo":
        done = PartnerCenterImport.objects.filter(partner=partner, state="done")
        if (row := chosen(done)) is not None and imports.undo(row.pk, by=None):
            assert imports.run(row.pk)
        return
    try:
        if kind == "withdraw":
            if (row := chosen(firm.corrections.standing())) is not None:
                corrections.withdraw(row.pk, by=None)
        elif kind in ("expiry", "left"):
            if (row := chosen(firm.certificates)) is not None:
                target = OfCertificate(row.person_key, row.certification, row.completed_on)
                if kind == "left":
                    correct(partner, Field.LEFT, OfPerson(row.person_key))
                else:
                    correct(partner, Field.EXPIRES_ON, target, value)
        elif (row := chosen(Association.objects.filter(portfolio=firm))) is not None:
            claim = OfClaim(row.tenant_id, row.workload, row.option, row.begins)
            fields = {"begins": Field.BEGINS_ON, "ends": Field.ENDED_ON, "baseline": Field.BASELINE}
            correct(partner, fields[kind], claim, value)
    except NotCorrectable:
        event(f"not correctable: {kind}")


def prove(partner: Partner) -> None:
    """What is stored is what follows from the facts, and these from the originals."""
    portfolio = facts.portfolio_of(partner)
    assert [str(found) for found in checking.check(portfolio)] == []
    newest = scores.latest(partner)
    if newest is not None:
        rule_set = rule_sets.get(newest.rule_set)
        assert scores.compute(partner, newest.as_of, rule_set, thoroughly=True) == newest
    assert imports.rebuild(partner, write=False).is_empty


def live(history: list[Step]) -> None:
    partner: Partner = PartnerFactory.create()
    with time_machine.travel(TODAY.isoformat() + "T09:00Z", tick=True) as clock:
        for step in history:
            take(partner, clock, step)
            event(step[0])
            portfolio = facts.portfolio_of(partner)
            assert [str(found) for found in checking.check(portfolio)] == []
        prove(partner)


histories = st.lists(steps, min_size=1, max_size=6)
QUICK = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a shorter one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@QUICK
@given(histories)
def test_every_history_of_changes_comes_to_the_same_as_all_of_it_anew(
    db: None, history: list[Step]
) -> None:
    with transaction.atomic():
        live(history)
        transaction.set_rollback(True)


@pytest.mark.slow
@settings(QUICK, max_examples=200)
@given(st.lists(steps, min_size=4, max_size=15))
def test_long_histories_come_to_the_same(db: None, history: list[Step]) -> None:
    with transaction.atomic():
        live(history)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@settings(QUICK, max_examples=6)
@given(histories)
def test_written_in_small_parts_it_comes_to_the_same(history: list[Step]) -> None:
    """In transactions of three rows on SQLite, each of which anybody could see."""
    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite":
            patch.setattr(bulk, "SQLITE_ROWS", 3)
            patch.setattr(ledger_rows, "AT_ONCE", 3)
        live(history)
