"""All firms scored by a real worker behind a real broker, as an operator does it."""

from datetime import date

import pytest

from scoring import checking, facts, scoring_runs
from scoring.models import Score, ScoringRun
from tests.factories import PartnerFactory
from tests.integration.test_real_worker import World, world
from tests.scoring.stage import PEOPLE, hand_in, tenants
from tests.scoring.worlds import office_usage, training

__all__ = ("world",)  # a fixture of its neighbour

pytestmark = [
    pytest.mark.integration,
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
]

SCORE_ALL = """
import django
django.setup()
from django.core.management import call_command
call_command("score", "--all", "--wait", "--as-of", "2025-03-25")
"""
AT_NIGHT = """
import django
django.setup()
from datetime import date
from scoring import scoring_runs
print(scoring_runs.start_nightly(date(2026, 2, 1)).pk)
"""


def test_workers_score_every_firm_and_prove_it_at_night(world: World) -> None:
    partners = [PartnerFactory.create() for _ in range(3)]
    for partner in partners:
        hand_in(partner, office_usage(tenants(3)))
        hand_in(partner, training(PEOPLE), name="people.csv")

    printed = world.web(SCORE_ALL).splitlines()
    assert printed[-2:] == ["3 of 3", "3 of 3 firms scored."]
    assert Score.objects.filter(as_of=date(2025, 3, 25)).count() == 3

    run = ScoringRun.objects.get(pk=world.web(AT_NIGHT))
    world.supervisor.wait_until(
        lambda: scoring_runs.progress(run).is_finished, "The run of the night", patience=60
    )
    assert scoring_runs.failed(run) == []
    assert {item.attempts for item in run.items.all()} == {1}
    assert Score.objects.filter(as_of=date(2026, 2, 1)).count() == 3
    for partner in partners:
        assert checking.check(facts.portfolio_of(partner)) == []
