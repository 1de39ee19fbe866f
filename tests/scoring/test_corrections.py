"""Corrections of single facts: what may be corrected, what follows, and what later files do."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone, translation

from partners.models import Partner
from scoring import claims, corrections, facts, imports, ledgers, months, rule_sets, scores
from scoring.corrections import NotCorrectable, OfCertificate, OfClaim, OfPerson
from scoring.models import Correction, PartnerCenterImport, Portfolio, Score
from scoring.people import Certificate
from scoring.reading.cells import LARGEST
from tests.factories import PartnerFactory, member
from tests.racing import at_once
from tests.scoring.stage import OLD, PEOPLE, hand_in
from tests.scoring.worlds import Row, guid, office_usage, training

Field = Correction.Field
TODAY = "2025-03-25 09:00:00Z"
NAMES = rule_sets.vocabulary()
DONE = date(2024, 1, 31)
# Ten users more since the first month with data, which is after the comparison month.
GROWN = {"2024-06": (50, 5), "2024-10": (50, 9), "2025-02": (50, 15)}
# The firm has data of the comparison month, so that a score is a score.
STEADY = Row("Stetig", usage={"2024-02": (50, 1), "2025-02": (50, 1)}, begins_on=OLD)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=True):
        yield


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create()


def bring(partner: Partner, *rows: Row) -> PartnerCenterImport:
    return hand_in(partner, office_usage(rows))


def target(
    partner: Partner, tenant: str = "Contoso", begins: str = "2024-06", option: str = "CPOR"
) -> OfClaim:
    return OfClaim(
        facts.portfolio_of(partner).tenants.get(tenant_id=guid(tenant)).pk,
        NAMES.workload_numbers["exchange"],
        NAMES.option_numbers[option],
        months.parse_label(begins),
    )


def correct(partner: Partner, field: str, value: Any = None, **options: Any) -> Correction:
    aim = options.pop("target", None) or target(partner, **options)
    return corrections.make(partner, field, aim, value, reason="steht im Vertrag", by=None)


def growth(partner: Partner, option: str = "CPOR") -> int:
    """The value of usage growth of the newest score, SMB."""
    score = scores.latest(partner)
    assert score is not None
    metrics = next(track for track in score.tracks if track.key == "smb").metrics
    metric = next(metric for metric in metrics if metric.key == "usage_growth")
    return next(one.value for one in metric.options if one.key == option)


def said(partner: Partner) -> tuple[Any, ...]:
    """All that the newest score says, with every row of its ledger."""
    score = scores.latest(partner)
    assert score is not None
    rows = [
        sorted(ledgers.entries(score, track.key, metric.key, option.key).values_list("name", "now"))
        for track in score.tracks
        for metric in track.metrics
        for option in metric.options
    ]
    return (score.result, score.designated, score.cautions, rows, score.correction_ids)


# ---- What a correction does ----------------------------------------------------------------------


def test_a_correction_and_its_score_are_one(partner: Partner) -> None:
    person = member(partner, "manager")
    bring(partner, STEADY, Row(usage=GROWN))
    assert growth(partner) == 10
    version = facts.portfolio_of(partner).version

    row = corrections.make(
        partner,
        Field.BEGINS_ON,
        target(partner),
        date(2024, 9, 15),
        reason="  Vertrag vom 15. September  ",
        by=person,
    )

    assert growth(partner) == 6
    score = scores.latest(partner)
    assert score is not None
    assert (score.correction_ids, score.as_of, score.computed_by) == (
        [str(row.pk)],
        date(2025, 3, 25),
        person,
    )
    assert (row.before, row.reason, row.made_by) == (
        "2024-06",
        "Vertrag vom 15. September",
        person,
    )
    assert facts.portfolio_of(partner).version == version + 1


def test_a_baseline_is_corrected(partner: Partner) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    row = correct(partner, Field.BASELINE, 2)
    assert (growth(partner), row.before) == (13, "5")


def test_an_end_is_corrected_and_opened_again(partner: Partner) -> None:
    bring(partner, STEADY, Row(usage=GROWN, ended_on=date(2025, 1, 31)))
    assert growth(partner) == 0
    row = correct(partner, Field.ENDED_ON, None)
    assert (growth(partner), row.before, row.value_day) == (10, "2025-01-31", None)
    correct(partner, Field.ENDED_ON, date(2024, 12, 31))
    assert growth(partner) == 0


def test_an_association_that_changed_its_type_keeps_both(partner: Partner) -> None:
    csp = Row(option="CSP", usage={"2024-02": (50, 4), "2024-06": (50, 5)})
    bring(partner, STEADY, csp, Row(usage={"2024-07": (50, 6), "2025-02": (50, 15)}))
    assert (growth(partner), growth(partner, "CSP")) == (9, -4)
    correct(partner, Field.BEGINS_ON, date(2024, 6, 1), begins="2024-07")
    correct(partner, Field.ENDED_ON, date(2024, 5, 31), begins="2024-02", option="CSP")
    assert (growth(partner), growth(partner, "CSP")) == (9, -4)
    assert Correction.objects.standing().count() == 2


def test_a_newer_correction_replaces_the_older_one(partner: Partner) -> None:
    person = member(partner, "manager")
    bring(partner, STEADY, Row(usage=GROWN))
    first = correct(partner, Field.BASELINE, 2)
    second = corrections.make(
        partner, Field.BASELINE, target(partner), 3, reason="neu gezählt", by=person
    )
    first.refresh_from_db()
    assert (first.withdrawn_by, first.withdrawn_at is not None) == (person, True)
    assert list(Correction.objects.standing()) == [second]
    assert (second.before, growth(partner)) == ("5", 12)


def test_withdrawing_gives_exactly_the_score_from_before(partner: Partner) -> None:
    person = member(partner, "manager")
    bring(partner, STEADY, Row(usage=GROWN))
    before = said(partner)
    row = correct(partner, Field.BASELINE, 2)
    assert said(partner) != before

    corrections.withdraw(row.pk, by=person)

    row.refresh_from_db()
    assert said(partner) == before
    assert (row.withdrawn_by, row.reason, row.value_number) == (person, "steht im Vertrag", 2)
    with pytest.raises(NotCorrectable), translation.override("en"):
        corrections.withdraw(row.pk, by=person)


def test_a_correction_is_never_changed_or_deleted_by_withdrawing(partner: Partner) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    row = correct(partner, Field.BASELINE, 2)
    fields = [f.name for f in Correction._meta.fields if not f.name.startswith("withdrawn")]
    before = Correction.objects.values(*fields).get(pk=row.pk)
    corrections.withdraw(row.pk, by=None)
    assert Correction.objects.values(*fields).get(pk=row.pk) == before


def test_the_history_of_the_firm_is_brought_up_to_date(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued: list[int] = []
    monkeypatch.setattr("scoring.history.queue", queued.append)
    bring(partner, STEADY, Row(usage=GROWN))
    queued.clear()
    row = correct(partner, Field.BASELINE, 2)
    corrections.withdraw(row.pk, by=None)
    assert queued == [facts.portfolio_of(partner).pk] * 2


# ---- What cannot be corrected --------------------------------------------------------------------

TWICE = Row(
    usage={"2023-03": (50, 2), "2024-02": (50, 3), "2024-10": (50, 9), "2025-02": (50, 15)},
)


def claimed_twice(partner: Partner) -> None:
    """Held from March 2023 to June 2024, and again from September 2024 on."""
    bring(partner, STEADY, Row(usage=TWICE.usage, begins_on=date(2024, 9, 2)))
    bring(
        partner,
        Row(
            usage={"2023-03": (50, 2)},
            begins_on=date(2023, 3, 1),
            ended_on=date(2024, 6, 30),
        ),
    )


@pytest.mark.parametrize(
    ("field", "value", "begins", "words"),
    [
        (Field.BEGINS_ON, date(2025, 3, 26), "2024-09", "The beginning lies in the future."),
        (Field.BEGINS_ON, date(1999, 12, 31), "2023-03", "Please check the year."),
        (Field.BEGINS_ON, None, "2023-03", "Please name the day."),
        (
            Field.BEGINS_ON,
            date(2024, 7, 1),
            "2023-03",
            "The association ended on 30/06/2024: it cannot begin after that.",
        ),
        (
            Field.BEGINS_ON,
            date(2024, 6, 30),
            "2024-09",
            "The association before this one lasts until 30/06/2024: this one can begin in the "
            "month after that at the earliest.",
        ),
        (
            Field.ENDED_ON,
            date(2024, 9, 1),
            "2024-09",
            "The association began on 02/09/2024: it cannot end before that.",
        ),
        (
            Field.ENDED_ON,
            date(2024, 9, 30),
            "2023-03",
            "The workload was claimed again on 02/09/2024: this association has to end in a month "
            "before that.",
        ),
        (
            Field.ENDED_ON,
            None,
            "2023-03",
            "The workload was claimed again on 02/09/2024: this association has to end in a month "
            "before that.",
        ),
        (
            Field.ENDED_ON,
            date(2024, 6, 30),
            "2023-03",
            "The files say so already: there is nothing to correct.",
        ),
        (Field.ENDED_ON, date(2090, 6, 30), "2024-09", "Please check the year."),
        (Field.BASELINE, -1, "2024-09", "Please name a number of users from 0 on."),
        (Field.BASELINE, LARGEST + 1, "2024-09", "Please name a number of users from 0 on."),
        (Field.BASELINE, 9, "2024-09", "The files say so already: there is nothing to correct."),
        (
            Field.EXPIRES_ON,
            date(2025, 1, 1),
            "2024-09",
            "Your data do not hold this association any more.",
        ),
    ],
)
def test_what_cannot_be_corrected(
    partner: Partner, field: str, value: Any, begins: str, words: str
) -> None:
    claimed_twice(partner)
    before = said(partner)
    with pytest.raises(NotCorrectable) as raised, translation.override("en"):
        correct(partner, field, value, begins=begins)
    assert str(raised.value) == words
    assert (said(partner), Correction.objects.count()) == (before, 0)


def test_each_interval_has_its_own_corrections(partner: Partner) -> None:
    claimed_twice(partner)
    first = correct(partner, Field.ENDED_ON, date(2024, 5, 31), begins="2023-03")
    second = correct(partner, Field.BEGINS_ON, date(2024, 10, 1), begins="2024-09")
    third = correct(partner, Field.BEGINS_ON, date(2023, 2, 1), begins="2023-03")
    assert set(Correction.objects.standing()) == {first, second, third}
    fields = facts.portfolio_of(partner)
    said_now = claims.intervals(fields, [first.tenant_id or 0])
    [laid] = claims.corrected(fields, said_now, claims.corrections(fields)).values()
    assert [(one.begins_on, one.ended_on) for one in laid] == [
        ("2023-02-01", "2024-05-31"),
        ("2024-10-01", None),
    ]


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_correction_needs_a_reason(partner: Partner, reason: str) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    with pytest.raises(NotCorrectable) as raised, translation.override("en"):
        corrections.make(partner, Field.BASELINE, target(partner), 3, reason=reason, by=None)
    assert str(raised.value) == "Please say why: others will want to know."


def test_the_same_correction_twice_is_one(partner: Partner) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    correct(partner, Field.BASELINE, 3)
    for value, words in (
        (3, "It stands corrected to this value already."),
        (5, "This is what the files say. Please withdraw the correction instead."),
    ):
        with pytest.raises(NotCorrectable) as raised, translation.override("en"):
            correct(partner, Field.BASELINE, value)
        assert str(raised.value) == words
    assert Correction.objects.count() == 1


def test_a_tenant_of_another_firm_cannot_be_corrected(partner: Partner) -> None:
    other = PartnerFactory.create()
    bring(other, STEADY, Row(usage=GROWN))
    bring(partner, STEADY)
    with pytest.raises(NotCorrectable):
        correct(partner, Field.BASELINE, 3, target=target(other))
    assert growth(other) == 10


# ---- People --------------------------------------------------------------------------------------


def people(partner: Partner) -> int:
    """How many people count as intermediate in the newest score."""
    score = scores.latest(partner)
    assert score is not None
    metrics = next(track for track in score.tracks if track.key == "smb").metrics
    return next(one.value for one in metrics if one.key == "intermediate_certifications")


def test_an_expiry_is_corrected(partner: Partner) -> None:
    hand_in(partner, training(PEOPLE), name="people.csv")
    assert people(partner) == 1
    aim = OfCertificate("mcp:2", "MS-700", date(2023, 1, 31))
    row = correct(partner, Field.EXPIRES_ON, date(2025, 3, 25), target=aim)
    assert (people(partner), row.before) == (2, "2024-01-31")
    corrections.withdraw(row.pk, by=None)
    assert people(partner) == 1


@pytest.mark.parametrize(
    ("aim", "value", "words"),
    [
        (
            OfCertificate("mcp:2", "MS-700", date(2023, 1, 31)),
            date(2023, 1, 30),
            "It was completed on 31/01/2023: it cannot expire before that.",
        ),
        (
            OfCertificate("mcp:2", "MS-700", date(2023, 1, 30)),
            date(2026, 1, 30),
            "Your data do not hold this certificate any more.",
        ),
        (
            OfCertificate("mcp:2", "MS-900", DONE),
            date(2026, 1, 30),
            "This certification does not expire.",
        ),
        (
            OfCertificate("mcp:2", "MS-700", date(2023, 1, 31)),
            date(2024, 1, 31),
            "The files say so already: there is nothing to correct.",
        ),
    ],
)
def test_an_expiry_that_cannot_be(
    partner: Partner, aim: OfCertificate, value: date, words: str
) -> None:
    fundamentals = Certificate("mcp:2", "Bo Ek", "", "MS-900", DONE)
    hand_in(partner, training([*PEOPLE, fundamentals]), name="people.csv")
    with pytest.raises(NotCorrectable) as raised, translation.override("en"):
        correct(partner, Field.EXPIRES_ON, value, target=aim)
    assert str(raised.value) == words


def test_somebody_who_left_counts_no_more(partner: Partner) -> None:
    hand_in(partner, training(PEOPLE), name="people.csv")
    row = correct(partner, Field.LEFT, target=OfPerson("mcp:1"))
    assert (people(partner), row.before) == (0, "")
    with pytest.raises(NotCorrectable) as raised, translation.override("en"):
        correct(partner, Field.LEFT, target=OfPerson("mcp:1"))
    assert str(raised.value) == "It stands corrected to this value already."


def test_a_person_under_two_addresses_counts_once(partner: Partner) -> None:
    old, new = (
        Certificate(f"mail:{mail}", "Ada Ohm", mail, "MS-700", DONE, date(2026, 1, 31))
        for mail in ("ada@alt.example", "ada@neu.example")
    )
    hand_in(partner, training([old, new]), name="people.csv")
    assert people(partner) == 2
    row = correct(partner, Field.SAME_PERSON, new.person, target=OfPerson(old.person))
    assert people(partner) == 1
    for aim, value, words in (
        (new.person, old.person, "Please choose who it is."),
        (new.person, new.person, "These are one person already."),
        (new.person, "mail:nobody", "Please choose who it is."),
        (old.person, new.person, "Your data do not hold this person any more."),
    ):
        with pytest.raises(NotCorrectable) as raised, translation.override("en"):
            correct(partner, Field.SAME_PERSON, value, target=OfPerson(aim))
        assert str(raised.value) == words
    corrections.withdraw(row.pk, by=None)
    assert people(partner) == 2


# ---- What the files say meanwhile ----------------------------------------------------------------


def files_say(partner: Partner, *rows: Correction) -> list[str | None]:
    found = corrections.files_say(facts.portfolio_of(partner), rows)
    return [found[row.pk] for row in rows]


def test_what_the_files_say_now_stands_beside_what_they_said(partner: Partner) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    hand_in(partner, training(PEOPLE), name="people.csv")
    begin = correct(partner, Field.BEGINS_ON, date(2024, 9, 15))
    baseline = correct(partner, Field.BASELINE, 8)
    end = correct(partner, Field.ENDED_ON, date(2025, 3, 1))
    aim = OfCertificate("mcp:2", "MS-700", date(2023, 1, 31))
    expiry = correct(partner, Field.EXPIRES_ON, date(2026, 1, 31), target=aim)
    left = correct(partner, Field.LEFT, target=OfPerson("mcp:2"))
    rows = [begin, baseline, end, expiry, left]
    assert [row.before for row in rows] == ["2024-06", "9", "", "2024-01-31", ""]
    assert files_say(partner, *rows) == ["2024-06", "9", "", "2024-01-31", ""]

    bring(partner, Row(usage={"2024-10": (50, 8)}, begins_on=date(2024, 9, 15)))
    gone = [PEOPLE[2]._replace(expires_on=date(2026, 1, 31), is_linked=False)]
    hand_in(partner, training(gone), name="people.csv")

    assert files_say(partner, *rows) == ["2024-09-15", "8", "", "2026-01-31", "left"]
    assert [corrections.said_by(row) for row in rows] == [
        "2024-09-15",
        "8",
        "2025-03-01",
        "2026-01-31",
        "left",
    ]


def test_files_that_know_two_people_as_one_say_so(partner: Partner) -> None:
    old, new = (
        Certificate(f"mail:{mail}", "Ada Ohm", mail, "MS-700", DONE, date(2026, 1, 31))
        for mail in ("ada@alt.example", "ada@neu.example")
    )
    hand_in(partner, training([old, new]), name="people.csv")
    row = correct(partner, Field.SAME_PERSON, new.person, target=OfPerson(old.person))
    assert files_say(partner, row) == [""]
    both = [one._replace(person="mcp:1", certification="MS-102") for one in (old, new)]
    both[1] = both[1]._replace(completed_on=DONE + timedelta(days=1))
    hand_in(partner, training(both), name="people.csv")
    assert files_say(partner, row) == ["same"]


def test_an_undone_import_takes_the_fact_but_leaves_the_correction(partner: Partner) -> None:
    bring(partner, STEADY)
    row = bring(partner, Row(usage=GROWN))
    correction = correct(partner, Field.BASELINE, 2)
    imports.undo(row.pk, by=None)
    imports.run(row.pk)
    assert files_say(partner, correction) == [None]
    assert growth(partner) == 0
    bring(partner, Row(usage=GROWN | {"2025-02": (50, 16)}))
    assert (files_say(partner, correction), growth(partner)) == (["5"], 14)


# ---- Surviving -----------------------------------------------------------------------------------


def later_import(partner: Partner) -> None:
    bring(
        partner, Row(usage={"2025-02": (50, 15), "2025-01": (50, 12)}, begins_on=date(2024, 6, 3))
    )


def undone_import(partner: Partner) -> None:
    row = bring(partner, Row(usage={"2025-02": (60, 55)}))
    imports.undo(row.pk, by=None)
    assert imports.run(row.pk) is True


def replay(partner: Partner) -> None:
    imports.rebuild(partner)


@pytest.mark.parametrize("meanwhile", [later_import, undone_import, replay])
def test_corrections_stay_in_force(partner: Partner, meanwhile: Callable[[Partner], None]) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    hand_in(partner, training(PEOPLE), name="people.csv")
    before = said(partner)
    rows = [
        correct(partner, Field.BEGINS_ON, date(2024, 9, 15)),
        correct(partner, Field.BASELINE, 3),
        correct(partner, Field.LEFT, target=OfPerson("mcp:1")),
    ]
    held = said(partner)
    assert (growth(partner), people(partner)) == (12, 0)

    meanwhile(partner)
    scores.compute(partner, timezone.localdate())

    assert said(partner)[0] == held[0]
    assert set(Correction.objects.standing()) == set(rows)
    for row in rows:
        corrections.withdraw(row.pk, by=None)
    if meanwhile is later_import:  # it says since when: no longer the first month with data
        assert (said(partner)[0], growth(partner)) == (before[0], 10)
    else:
        assert said(partner) == before


def test_a_claim_that_is_given_back_and_claimed_again_keeps_the_correction_of_the_first(
    partner: Partner,
) -> None:
    bring(partner, STEADY, Row(usage=GROWN, begins_on=date(2024, 6, 1)))
    row = correct(partner, Field.BEGINS_ON, date(2024, 3, 1))
    bring(partner, Row(usage={"2024-10": (50, 9)}, ended_on=date(2024, 11, 30)))
    bring(partner, Row(usage={"2025-02": (50, 15)}, begins_on=date(2025, 2, 1)))
    portfolio = facts.portfolio_of(partner)
    found = claims.intervals(portfolio, [row.tenant_id or 0])
    [laid] = claims.corrected(portfolio, found, claims.corrections(portfolio)).values()
    assert [(one.begins_on, one.ended_on) for one in laid] == [
        ("2024-03-01", "2024-11-30"),
        ("2025-02-01", None),
    ]


# ---- At the same time ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_who_correct_a_fact_at_once_the_later_one_stands() -> None:
    partner = PartnerFactory.create()
    bring(partner, STEADY, Row(usage=GROWN))
    aim = target(partner)

    def step(users: int) -> Callable[[], Correction]:
        return lambda: correct(partner, Field.BASELINE, users, target=aim)

    for first in range(6, 12, 2):
        rows = at_once(step(first), step(first + 1))
        assert all(isinstance(row, Correction) for row in rows), rows
        [standing] = Correction.objects.standing()
        assert standing in rows
        assert growth(partner) == 15 - (standing.value_number or 0)
    assert Correction.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_of_two_who_withdraw_at_once_one_is_told() -> None:
    partner = PartnerFactory.create()
    bring(partner, STEADY, Row(usage=GROWN))
    row = correct(partner, Field.BASELINE, 2)
    step = lambda: corrections.withdraw(row.pk, by=None)  # noqa: E731
    results = at_once(step, step)
    assert sorted(type(one).__name__ for one in results) == ["Correction", "NotCorrectable"]
    assert growth(partner) == 10


@pytest.mark.django_db(transaction=True)
def test_the_final_score_of_a_running_import_holds_the_correction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner = PartnerFactory.create()
    bring(partner, STEADY, Row(usage=GROWN))
    aim = target(partner)
    row = imports.create(
        partner, ContentFile(office_usage([Row(usage=GROWN | {"2025-02": (50, 16)})])), name="b.csv"
    )
    started, real = threading.Event(), facts.steps
    made: list[Any] = []

    def correct_now() -> None:
        try:
            started.wait(timeout=20)
            made.append(correct(partner, Field.BASELINE, 2, target=aim))
        except Exception as error:
            made.append(error)
        finally:
            connection.close()

    def meanwhile(*args: Any, **options: Any) -> Any:
        started.set()
        yield from real(*args, **options)

    monkeypatch.setattr(facts, "steps", meanwhile)
    person = threading.Thread(target=correct_now)
    person.start()
    assert imports.run(row.pk) is True
    person.join(timeout=60)

    assert [type(one) for one in made] == [Correction]
    assert growth(partner) == 14
    newest = scores.latest(partner)
    assert newest is not None
    assert newest.correction_ids == [str(made[0].pk)]


def test_a_correction_before_the_import_is_scored_comes_into_its_score(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(partner, STEADY, Row(usage=GROWN))
    aim, real, made = target(partner), scores.compute, []

    def late(*args: Any, **options: Any) -> Score:
        monkeypatch.setattr(scores, "compute", real)
        made.append(correct(partner, Field.BASELINE, 2, target=aim))
        return real(*args, **options)

    monkeypatch.setattr(scores, "compute", late)
    bring(partner, Row(usage={"2025-02": (50, 16)}))
    assert len(made) == 1
    assert growth(partner) == 14


def test_the_first_correction_of_a_month_makes_the_ledger_before_the_lock(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(partner, STEADY, Row(usage=GROWN | {"2025-03": (50, 20)}))
    with time_machine.travel("2025-04-25 09:00:00Z", tick=True):
        seen: list[int] = []
        real = facts.lock

        def lock(firm: Partner) -> Portfolio:
            seen.append(Score.objects.filter(partner=firm, as_of=date(2025, 4, 25)).count())
            return real(firm)

        monkeypatch.setattr(facts, "lock", lock)
        correct(partner, Field.BASELINE, 2)
    assert seen[-1] == 1
    assert growth(partner) == 18
