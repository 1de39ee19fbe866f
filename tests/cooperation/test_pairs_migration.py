"""What was said at points of pairs before there were pairs: every pair of the firm that said it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cooperation.models import Agreement, Answer, Confirmation, Pair, TalkRequest
from tests.cooperation.pairing import rates
from tests.cooperation.worlds import World, world

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = [("cooperation", "0003_life_cycle")], [("cooperation", "0004_pairs_of_answers")]


def migrate(target: list[tuple[str, str]]) -> None:
    executor = MigrationExecutor(connection)
    executor.loader.build_graph()
    executor.migrate(target)


def as_it_is() -> None:
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes("cooperation"))


@pytest.fixture(autouse=True)
def _back_to_now() -> Iterator[None]:
    """At the end the tables are as they are, whatever happened."""
    yield
    as_it_is()


def old(several: World) -> None:
    """A joint fee that all confirmed, rates of each firm, a talk: as they stood for all firms."""
    agreement, people = several.agreement, several.people
    by = {"updated_by": people[0], "updated_by_partner": several.firms[0]}
    percent = {"percent": "12.00", "note": ""}
    Answer.objects.create(
        agreement=agreement, point_key="fee_or_margin", value=percent, revision=3, **by
    )
    for number, firm in enumerate(several.firms):
        Answer.objects.create(
            agreement=agreement,
            point_key="day_rates",
            partner=firm,
            value=rates(f"{900 + number}.00"),
            **by,
        )
        for key in ("fee_or_margin", "day_rates"):
            Confirmation.objects.create(
                agreement=agreement, point_key=key, partner=firm, by=people[number]
            )
    TalkRequest.objects.create(
        agreement=agreement,
        point_key="day_rates",
        partner=several.firms[0],
        by=people[0],
        comment="Reisezeiten?",
    )
    Answer.objects.create(
        agreement=agreement, point_key="shared_goal", value={"text": "Bleibt"}, **by
    )


def pair_of(row: Any) -> tuple[str, str] | None:
    return None if row.pair is None else (row.pair.first.name, row.pair.second.name)


@pytest.mark.parametrize("firms", [2, 3])
def test_answers_go_to_every_pair_of_the_firm_that_gave_them(firms: int) -> None:
    several = world(firms)  # by today's verbs, so on today's tables
    migrate(BEFORE)
    old(several)
    Agreement.objects.update(
        fast_track=True,
        fast_track_at="2026-01-01T00:00Z",
        fast_track_by=several.people[0],
        fast_track_partner=several.firms[0],
    )

    migrate(AFTER)

    names = [firm.name for firm in several.firms]
    pairs = {2: [(0, 1)], 3: [(0, 1), (0, 2), (1, 2)]}[firms]
    named = [(names[one], names[other]) for one, other in pairs]
    fees = Answer.objects.filter(point_key="fee_or_margin").select_related("pair")
    assert sorted(map(pair_of, fees)) == sorted(named)  # type: ignore[type-var]
    assert {(fee.value["percent"], fee.revision, fee.partner_id) for fee in fees} == {  # type: ignore[index]
        ("12.00", 3, None)
    }
    given = {
        (pair_of(row), row.partner.name, row.value["rows"][0]["amount"])  # type: ignore[index, union-attr]
        for row in Answer.objects.filter(point_key="day_rates")
    }
    assert given == {
        (pair, name, f"{900 + names.index(name)}.00") for pair in named for name in pair
    }
    for key in ("fee_or_margin", "day_rates"):
        confirmed = Confirmation.objects.filter(point_key=key)
        assert {(pair_of(row), row.partner.name) for row in confirmed} == {
            (pair, name) for pair in named for name in pair
        }
    asked = {pair_of(row) for row in TalkRequest.objects.all()}
    assert asked == {pair for pair in named if names[0] in pair}
    assert pair_of(Answer.objects.get(point_key="shared_goal")) is None
    assert Agreement.objects.get().depth == "fast_track"
    # The verbs find the rows where they look for them.
    as_it_is()
    several.propose(1, "commercial_model", "day_rates")
    sheet = several.sheet
    for one, other in pairs:
        pair = sheet.between(str(several.firms[one].pk), str(several.firms[other].pk))
        point = sheet.book.point("day_rates")
        assert pair.given(point, str(several.firms[one].pk)) is not None


def test_going_back_shows_nothing_of_a_pair_to_all() -> None:
    three = world(3)
    three.propose(0, "commercial_model", "day_rates")
    three.propose(0, "day_rates", rates("901"), other=1)

    migrate(BEFORE)

    assert [row.point_key for row in Answer.objects.all()] == ["commercial_model"]
    assert Pair.objects.exists()
