"""Joiners and leavers: what each file, and each correction, changes about who belongs to a firm."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st

from partners.models import Partner
from scoring import certified, corrections, facts, imports, moves, rule_sets, undoing
from scoring.corrections import OfPerson
from scoring.models import PartnerCenterImport, PersonMove
from scoring.moves import Known, Moved
from scoring.people import Certificate
from tests.factories import PartnerFactory, UserFactory
from tests.scoring.stage import hand_in
from tests.scoring.worlds import training

ADA = Certificate("mcp:1", "Ada Ohm", "ada@firma.example", "MS-700", date(2024, 1, 5))
BO = Certificate("mcp:2", "Bo Ek", "bo@firma.example", "MS-102", date(2024, 1, 5))
CEM = Certificate("mcp:3", "Cem Su", "", "SC-300", date(2024, 1, 6))


def known(*rows: Certificate) -> Known:
    return {(row.person, row.certification, row.completed_on): row for row in rows}


def gone(row: Certificate) -> Certificate:
    return row._replace(is_linked=False)


# ---- Pure ----------------------------------------------------------------------------------------


def test_the_first_file_moves_nobody() -> None:
    assert moves.of_file({}, known(ADA, BO)) == []


def test_a_file_without_people_moves_nobody() -> None:
    assert moves.of_file(known(ADA), {}) == []


def test_somebody_new_joins_and_a_new_certificate_is_no_move() -> None:
    another = ADA._replace(certification="SC-300")
    assert moves.of_file(known(ADA), known(ADA, another, BO)) == [Moved("mcp:2", "Bo Ek", "joined")]


def test_whoever_is_not_linked_when_first_seen_never_came() -> None:
    assert moves.of_file(known(ADA), known(gone(BO))) == []


def test_somebody_leaves_with_the_last_certificate_and_comes_back_with_any() -> None:
    two = ADA._replace(certification="SC-300")
    assert moves.of_file(known(ADA, two), known(gone(ADA))) == []
    assert moves.of_file(known(ADA, two), known(gone(ADA), gone(two))) == [
        Moved("mcp:1", "Ada Ohm", "left")
    ]
    assert moves.of_file(known(gone(ADA), BO), known(ADA)) == [
        Moved("mcp:1", "Ada Ohm", "returned")
    ]


def test_a_person_under_another_key_is_the_same_person() -> None:
    by_mail = ADA._replace(person="mail:ada@firma.example", certification="SC-300")
    assert moves.of_file(known(ADA), known(by_mail)) == []
    by_name = Certificate("name:ohm, ada", "Ohm, Ada", "", "SC-300", date(2024, 7, 1))
    assert moves.of_file(known(ADA), known(by_name)) == []


people_rows = st.lists(
    st.builds(
        Certificate,
        st.sampled_from(["mcp:1", "mcp:2", "mcp:3"]),
        st.just("Ada"),
        st.just(""),
        st.sampled_from(["MS-700", "SC-300"]),
        st.just(date(2024, 1, 5)),
        st.none(),
        st.booleans(),
    ),
    max_size=4,
).map(lambda rows: known(*rows))


@given(st.lists(people_rows, max_size=6))
def test_moves_alternate_and_end_with_who_is_linked(files: Sequence[Known]) -> None:
    """Whatever files say: nobody leaves twice, and the last move says where somebody stands."""
    # The same name would make one person of all: here keys alone tell them apart.
    rows = [
        (number, {key: row._replace(name=row.person) for key, row in said.items()})
        for number, said in enumerate(files)
    ]
    found: Any = moves.of_files(rows)  # type: ignore[arg-type]  # any mark does for a source
    state: Known = {}
    for _number, said in rows:
        state |= said
    for person in {row.person for row in state.values()}:
        own = [moved.kind for _source, moved in found if moved.person_key == person]
        belongs = [kind != "left" for kind in own]
        assert all(one != two for one, two in pairwise(belongs))
        if own:
            assert belongs[-1] == any(r.is_linked for r in state.values() if r.person == person)


# ---- Stored --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2025-03-25 09:00:00Z", tick=True):
        yield


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create()


def bring(firm: Partner, *rows: Certificate, name: str = "people.csv") -> PartnerCenterImport:
    row = hand_in(firm, training(rows), name=name)
    assert row.state == "done"
    return row


def stored(firm: Partner) -> list[tuple[str, str, str]]:
    rows = PersonMove.objects.filter(portfolio__partner=firm).order_by("source__done_at", "pk")
    return list(rows.values_list("source__file_name", "name", "kind"))


def shown(firm: Partner) -> list[tuple[str, str, tuple[str, ...]]]:
    today = date(2025, 3, 25)
    portfolio = facts.portfolio_of(firm)
    people = certified.people_of(portfolio, rule_sets.for_day(today), today)
    found = moves.recent(portfolio, people, today)
    return [(move.name, move.kind, move.counted) for move in found]


@pytest.mark.django_db
def test_files_tell_who_came_and_who_left(firm: Partner) -> None:
    bring(firm, ADA, name="1.csv")
    bring(firm, ADA, BO, name="2.csv")
    bring(firm, gone(ADA), BO, name="3.csv")
    bring(firm, ADA, name="4.csv")

    assert stored(firm) == [
        ("2.csv", "Bo Ek", "joined"),
        ("3.csv", "Ada Ohm", "left"),
        ("4.csv", "Ada Ohm", "returned"),
    ]
    assert shown(firm) == [
        ("Ada Ohm", "returned", ("intermediate_certifications",)),
        ("Ada Ohm", "left", ("intermediate_certifications",)),
        ("Bo Ek", "joined", ("advanced_certifications",)),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("place", range(4))
def test_moves_of_an_undone_file_never_were(firm: Partner, place: int) -> None:
    contents = [(ADA,), (ADA, BO), (gone(ADA), BO, CEM), (ADA, gone(BO))]
    rows = [bring(firm, *content, name=f"{n}.csv") for n, content in enumerate(contents)]
    imports.undo(rows[place].pk, by=None)
    imports.run(rows[place].pk)

    other = PartnerFactory.create()
    for number, content in enumerate(contents):
        if number != place:
            bring(other, *content, name=f"{number}.csv")
    assert stored(firm) == stored(other)
    assert stored(other) != []
    assert shown(firm) == shown(other)


@pytest.mark.django_db
def test_moves_are_hidden_while_their_file_is_being_undone(firm: Partner) -> None:
    bring(firm, ADA)
    second = bring(firm, BO, name="2.csv")
    assert [name for name, _kind, _c in shown(firm)] == ["Bo Ek"]
    PartnerCenterImport.objects.filter(pk=second.pk).update(
        state="running", work="undo", finished_at=None
    )
    assert shown(firm) == []


@pytest.mark.django_db
def test_a_run_that_is_repeated_notes_each_move_once(firm: Partner) -> None:
    bring(firm, ADA)
    second = bring(firm, ADA, BO)
    portfolio = facts.portfolio_of(firm)
    moves.note(portfolio, second, [Moved("mcp:2", "Bo Ek", "joined")])
    assert stored(firm) == [("people.csv", "Bo Ek", "joined")]


@pytest.mark.django_db
def test_files_of_the_time_before_moves_are_read_again(firm: Partner) -> None:
    bring(firm, ADA)
    bring(firm, BO, name="2.csv")
    PersonMove.objects.all().delete()
    assert undoing.rebuild(firm).is_empty
    assert stored(firm) == [("2.csv", "Bo Ek", "joined")]
    assert undoing.rebuild(firm, write=False).is_empty


@pytest.mark.django_db
def test_a_correction_says_who_left_until_it_is_withdrawn(firm: Partner) -> None:
    bring(firm, ADA, BO)
    by = UserFactory.create(name="Mara Kern")
    row = corrections.make(firm, "left", OfPerson("mcp:2"), reason="seit Mai weg", by=by)
    assert shown(firm) == [("Bo Ek", "left", ("advanced_certifications",))]
    corrections.withdraw(row.pk, by=by)
    assert shown(firm) == []


@pytest.mark.django_db
def test_one_person_under_two_keys_did_not_join(firm: Partner) -> None:
    bring(firm, ADA)
    bring(firm, ADA, CEM, name="2.csv")
    assert [name for name, _kind, _c in shown(firm)] == ["Cem Su"]
    corrections.make(firm, "same_person", OfPerson("mcp:3"), "mcp:1", reason="geheiratet", by=None)
    assert shown(firm) == []


@pytest.mark.django_db
def test_moves_older_than_a_year_are_left_out(firm: Partner) -> None:
    with time_machine.travel("2024-03-24 09:00:00Z"):
        bring(firm, ADA)
        bring(firm, ADA, BO)
    bring(firm, ADA, BO, CEM)
    assert shown(firm) == [("Cem Su", "joined", ("intermediate_certifications",))]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(firm: Partner, count: int, django_assert_num_queries: Any) -> None:
    bring(firm, ADA)
    others = [CEM._replace(person=f"mcp:{n}", name=f"Person {n}") for n in range(10, 10 + count)]
    bring(firm, *others)
    for other in others:
        by = UserFactory.create()
        corrections.make(firm, "left", OfPerson(other.person), reason="weg", by=by)
    portfolio = facts.portfolio_of(firm)
    today = date(2025, 3, 25)
    people = certified.people_of(portfolio, rule_sets.for_day(today), today)
    with django_assert_num_queries(2):  # moves, who corrected
        assert len(moves.recent(portfolio, people, today)) == 2 * count


@pytest.mark.django_db
def test_a_preview_notes_nothing(firm: Partner) -> None:
    bring(firm, ADA)
    imports.create(firm, ContentFile(training([BO]), name="2.csv"))
    assert stored(firm) == []
