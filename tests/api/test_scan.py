"""The whole interface by its own description: no 500, no other shape, nothing of anybody else.

Schemathesis makes requests from the OpenAPI document, sound ones and broken ones; every second
names an id that exists, of whatever firm. All are sent in this process, on one database.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.apps import apps
from django.core import signals
from django.db import close_old_connections, models
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from api import describing, reading_as
from config.wsgi import application
from cooperation.models import Agreement, AgreementVersion, CustomerProject
from partners.models import Membership, Partner
from scoring.models import Score
from tests.api.worlds import ALONE, PAIR, STRANGE, Stage, ask, key_of, stage

# An id that is nobody's is a 404 and not a 200, and a parameter that no route knows is not looked
# at. Requests without a key, or with a dead one, have a table of their own in ``test_access``.
EXCLUDED = [ignored_auth, negative_data_rejection, positive_data_acceptance]

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

EXAMPLES = 8  # of each route and mode
FEW = 4  # ids of a table that no route reads


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(reading_as, "CALLS", 1_000_000)
    # All requests see what is here: the connection of the test has to stay, as for its clients.
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield stage()
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


def every_id() -> list[str]:
    """All ids that a route reads by, whosever they are, and some of every other table."""
    found: list[str] = []
    for model in apps.get_models():
        if isinstance(model._meta.pk, models.UUIDField):
            rows = model._default_manager.order_by("pk").values_list("pk", flat=True)
            found += map(str, rows if model in READ_BY_ID else rows[:FEW])
    return found


READ_BY_ID = (Partner, CustomerProject, Agreement, AgreementVersion, Score)


def forbidden(scene: Stage, firm: int) -> list[str]:
    """What must not stand in any answer to this firm: words, ids, hashes, keys."""
    words = [word for number, word in enumerate(ALONE) if number != firm]
    if firm == 2:
        words += PAIR
    strange = scene.stranger.agreement
    ids = [strange.pk, strange.project_id, scene.stranger_version.pk, scene.stranger_score.pk]
    ids += [score.pk for number, score in enumerate(scene.scores) if number != firm]
    ids += Membership.objects.exclude(partner=scene.firms[firm]).values_list("pk", flat=True)
    return [*words, STRANGE, scene.stranger_version.sha256, *map(str, ids)]


def requests_of(operation: Any, mode: GenerationMode) -> st.SearchStrategy[Case]:
    strategy: st.SearchStrategy[Case] = operation.as_strategy(generation_mode=mode)
    return strategy


class Scan:
    """Sends requests as one firm and keeps what came back."""

    def __init__(self, token: str, secrets: list[str]) -> None:
        self.token, self.secrets = token, secrets
        self.schema = schemathesis.openapi.from_dict(describing.document())
        self.schema.app = application
        self.statuses: dict[tuple[str, int], int] = {}

    def send(self, case: Case) -> None:
        case.headers = CaseInsensitiveDict(case.headers or {})
        case.headers["Authorization"] = f"Bearer {self.token}"
        response = case.call()
        case.validate_response(response, excluded_checks=EXCLUDED)
        body = response.content.decode("utf-8", "replace") + repr(response.headers)
        told = [secret for secret in self.secrets if secret in body]
        assert told == [], f"{case.method} {case.formatted_path} tells {told}"
        key = (case.operation.path, response.status_code)
        self.statuses[key] = self.statuses.get(key, 0) + 1

    def run(self, ids: list[str], mode: GenerationMode) -> None:
        for result in self.schema.get_all_operations():
            operation: Any = result.ok()  # type: ignore[union-attr]
            self._scan(operation, ids, mode)

    def _scan(self, operation: Any, ids: list[str], mode: GenerationMode) -> None:
        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=requests_of(operation, mode), named=st.sampled_from([None, *ids]))
        def one(case: Case, named: str | None) -> None:
            if named is not None and "id" in case.path_parameters:
                case.path_parameters["id"] = named
            self.send(case)

        one()


def test_no_answer_fails_or_tells_of_others(scene: Stage) -> None:
    """As the firm that is no party of the pair with prices."""
    _key, token = key_of(scene.firms[2])
    scan = Scan(token, forbidden(scene, 2))
    ids = every_id()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        scan.run(ids, mode)

    assert {status for _path, status in scan.statuses} == {200, 404, 422}
    assert {path for path, _status in scan.statuses} == {*describing.document()["paths"]}


def addresses(scene: Stage, firm: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every route with every id that there is, and what lists have to be asked with."""
    ids = every_id()
    ledgers = [
        {"track": track.key, "metric": metric.key}
        for track in scene.scores[firm].tracks
        for metric in track.metrics
    ]
    for path in describing.document()["paths"]:
        route = path.removeprefix("/api/v1/").replace("{language}", "de")
        asked = ledgers if route.endswith("ledger") else [{}]
        for id in ids if "{id}" in route else [""]:
            for parameters in asked if id in {str(s.pk) for s in scene.scores} else asked[:1]:
                yield route.replace("{id}", id), parameters


READABLE = {  # of which rows a key may read: everything else is a 404
    "firms/{}": lambda scene, firm: Partner.objects.all(),
    "projects/{}": lambda scene, firm: CustomerProject.objects.filter(
        participations__partner=scene.firms[firm]
    ),
    "agreements/{}": lambda scene, firm: Agreement.objects.filter(
        project__participations__partner=scene.firms[firm]
    ),
    "versions/{}": lambda scene, firm: AgreementVersion.objects.filter(
        slots__partner=scene.firms[firm]
    ),
    "scores/{}": lambda scene, firm: Score.objects.filter(partner=scene.firms[firm]),
}


def test_every_id_that_there_is_opens_only_what_is_the_firms(scene: Stage) -> None:
    """The firm that is no party of the pair: each route with each id of the database."""
    firm = 2
    _key, token = key_of(scene.firms[firm])
    secrets = forbidden(scene, firm)
    opened: dict[str, set[str]] = {}
    asked = 0
    for path, parameters in addresses(scene, firm):
        response = ask(token, path, **parameters)
        asked += 1
        content = b"".join(response) if response.streaming else response.content
        body = content.decode("utf-8", "replace") + repr(response.headers)
        assert [secret for secret in secrets if secret in body] == [], path
        assert response.status_code in (200, 404), path
        room, _slash, rest = path.partition("/")
        if response.status_code == 200 and rest:
            opened.setdefault(f"{room}/{{}}", set()).add(rest.split("/")[0])

    expected = {
        name: {str(pk) for pk in rows(scene, firm).values_list("pk", flat=True)}
        for name, rows in READABLE.items()
    }
    assert opened == expected
    assert asked > 300
    assert all(UUID(id) for found in opened.values() for id in found)
