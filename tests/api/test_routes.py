"""What the routes answer, in full; and that the number of queries stays the same."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from cooperation import blind
from cooperation.models import AgreementEvent, Participation
from partners.models import PartnerContact
from scoring import rules
from scoring.models import Score
from tests.api.worlds import ask, key_of, scored
from tests.cooperation.pairing import paired, settle
from tests.cooperation.worlds import another, world
from tests.factories import MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db


def read(token: str, path: str, language: str = "en", **parameters: Any) -> Any:
    response = ask(token, path, language, **parameters)
    assert response.status_code == 200, response.content
    return response.json()


def queries(token: str, path: str, **parameters: Any) -> int:
    """How many a request asks, once the day of use is noted and caches are filled."""
    read(token, path, **parameters)
    with CaptureQueriesContext(connection) as captured:
        read(token, path, **parameters)
    assert [each["sql"] for each in captured if not each["sql"].startswith("SELECT")] == []
    return len(captured)


# ---- Firms and people ----------------------------------------------------------------------------


def test_the_own_firm_in_full() -> None:
    firm = PartnerFactory.create(
        name="Brückner IT",
        legal_name="Brückner IT GmbH",
        register_number="HRB 1",
        microsoft_partner_ids=["1234567"],
        competences=["modern_work"],
        federal_state="NW",
    )
    PartnerContact.objects.create(partner=firm, purpose="Sales", name="Ada", email="a@b.example")
    _key, token = key_of(firm)
    found = read(token, "firm")
    assert UUID(found.pop("id")) == firm.pk
    assert found.pop("created_at")
    assert found == {
        "name": "Brückner IT",
        "legal_name": "Brückner IT GmbH",
        "register_number": "HRB 1",
        "city": "Köln",
        "country": "",
        "federal_state": "NW",
        "website": "",
        "competences": ["modern_work"],
        "about": "",
        "contacts": [{"purpose": "Sales", "name": "Ada", "email": "a@b.example", "phone": ""}],
        "microsoft_partner_ids": ["1234567"],
        "signing_rule": "alone",
    }


def test_partner_ids_and_people_of_other_firms_are_not_told() -> None:
    firm, other = PartnerFactory.create(), PartnerFactory.create(microsoft_partner_ids=["7654321"])
    member(other, "admin", name="Anders Fremd")
    _key, token = key_of(firm)
    for path in (f"firms/{other.pk}", "firms", "people"):
        body = ask(token, path).content.decode()
        assert "7654321" not in body
        assert "Anders Fremd" not in body
    assert [each["name"] for each in read(token, "firms")["items"]] == sorted(
        [firm.name, other.name]
    )


def test_people_with_their_roles() -> None:
    firm = PartnerFactory.create()
    member(firm, "lead", "signer", name="Ada Probst", email="ada@firma.example")
    gone = member(firm, "observer", name="Weg Gegangen")
    gone.memberships.update(left_at="2035-01-01T00:00Z")
    _key, token = key_of(firm, member(firm, "admin", name="Zoe Admin"))
    found = read(token, "people")
    assert [(each["name"], each["roles"], each["may_sign"]) for each in found["items"]] == [
        ("Ada Probst", ["project_lead"], True),
        ("Zoe Admin", ["admin"], False),
    ]
    assert found["count"] == 2


def test_a_key_does_not_reach_the_other_firms_of_its_maker() -> None:
    ours, theirs = world(), world()
    maker = member(ours.firms[0], "admin")
    MembershipFactory.create(user=maker, partner=theirs.firms[0], admin=True)
    scored(theirs.firms[0], "Fremd")
    _key, token = key_of(ours.firms[0], maker)
    assert [each["id"] for each in read(token, "projects")["items"]] == [
        str(ours.agreement.project_id)
    ]
    assert ask(token, f"projects/{theirs.agreement.project_id}").status_code == 404
    assert ask(token, f"agreements/{theirs.agreement.pk}").status_code == 404
    assert read(token, "scores")["items"] == []
    assert read(token, "history")["items"] == []
    assert len(read(token, "people")["items"]) == 2


@pytest.mark.parametrize(
    ("parameters", "count"),
    [({"q": "acme"}, 1), ({"q": "köln acme"}, 1), ({"competence": "security"}, 1), ({"q": "%"}, 0)],
)
def test_the_directory_is_searched(parameters: dict[str, str], count: int) -> None:
    _key, token = key_of(PartnerFactory.create())
    PartnerFactory.create(name="Acme", competences=["security"])
    assert read(token, "firms", **parameters)["count"] == count


# ---- Lists ---------------------------------------------------------------------------------------


def test_lists_come_in_parts() -> None:
    firms = [PartnerFactory.create(name=f"Firma {n:03d}") for n in range(5)]
    _key, token = key_of(firms[0])
    found = read(token, "firms", limit=2, offset=1)
    assert [each["name"] for each in found["items"]] == ["Firma 001", "Firma 002"]
    assert (found["count"], found["limit"], found["offset"]) == (5, 2, 1)
    assert read(token, "firms", offset=99)["items"] == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": -1},
        {"limit": "x"},
        {"limit": 10**30},
        {"offset": -1},
        {"offset": 10**30},
        {"offset": "1e400"},
        {"q": "\0"},
        {"q": "a\u202eb"},
        {"q": "x" * 101},
        {"competence": '"'},
    ],
)
def test_what_cannot_be_used_is_refused(parameters: dict[str, Any]) -> None:
    _key, token = key_of(PartnerFactory.create())
    response = ask(token, "firms", **parameters)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["title"]) == (422, "Unprocessable Entity")
    assert problem["errors"][0]["where"] == ["query", *parameters]


@pytest.mark.parametrize("path", ["projects/%00", "projects/x", "versions/1/text", "scores/%FF"])
def test_an_id_that_is_none_is_refused(path: str) -> None:
    _key, token = key_of(PartnerFactory.create())
    assert ask(token, path).status_code == 422


# ---- Projects and agreements ---------------------------------------------------------------------


def point_of(agreement: Any, key: str) -> Any:
    points = [point for rule in agreement["rules"] for point in rule["points"]]
    return next(point for point in points if point["key"] == key)


def test_a_project_with_its_firms_and_agreement() -> None:
    two = world()
    _key, token = key_of(two.firms[1])
    found = read(token, f"projects/{two.agreement.project_id}")
    assert (found["name"], found["customer_name"]) == ("Neuer Arbeitsplatz", "Stadtwerke")
    assert [(each["firm"]["name"], each["role"], each["state"]) for each in found["firms"]] == [
        (two.firms[0].name, "", "accepted"),
        (two.firms[1].name, "Umsetzung", "accepted"),
    ]
    assert [(each["id"], each["status_label"]) for each in found["agreements"]] == [
        (str(two.agreement.pk), "In negotiation")
    ]


def test_points_with_answers_in_both_languages() -> None:
    two = world()
    two.propose(0, "shared_goal", "A quick start with Teams.")
    _key, token = key_of(two.firms[1])
    found = read(token, f"agreements/{two.agreement.pk}")
    goal = point_of(found, "shared_goal")
    assert (goal["state"], goal["state_label"]) == ("proposed", "Proposed")
    assert goal["answers"][0]["lines"] == ["A quick start with Teams."]
    assert goal["answers"][0]["by"] == two.people[0].name
    assert goal["confirmed_by"] == [str(two.firms[0].pk)]
    german = point_of(read(token, f"agreements/{two.agreement.pk}", "de"), "shared_goal")
    assert german["state_label"] == "Vorgeschlagen"
    assert german["question"] != goal["question"]


def test_what_a_pair_settles_is_told_to_the_two() -> None:
    three = paired()
    settle(three, 0, 1, "987654.32", "Zimtstern")
    told = {}
    for number in range(3):
        _key, token = key_of(three.firms[number])
        response = ask(token, f"agreements/{three.agreement.pk}")
        told[number] = "Zimtstern" in response.content.decode()
        between = point_of(response.json(), "day_rates")["between"]
        assert len(between) == 2
        assert point_of(response.json(), "day_rates")["elsewhere"] == 1
        if number < 2:
            assert between[0]["answers"][0]["value"]["rows"][0]["amount"] == "987654.32"
    assert told == {0: True, 1: True, 2: False}


def test_nothing_of_the_points_while_each_firm_answers_alone() -> None:
    two = world()
    blind.open_round(two.agreement.pk, **two.acting(0))
    _key, token = key_of(two.firms[0])
    found = read(token, f"agreements/{two.agreement.pk}")
    assert (found["first_round_is_open"], found["rules"]) == (True, [])


def test_an_invited_firm_and_one_that_declined_read_nothing() -> None:
    two = world()
    place = Participation.objects.get(partner=two.firms[1])
    _key, token = key_of(two.firms[1])
    for state, answered in (("invited", False), ("declined", True)):
        Participation.objects.filter(pk=place.pk).update(
            state=state,
            responded_at=place.responded_at if answered else None,
            responded_by=place.responded_by if answered else None,
        )
        assert read(token, "projects")["items"] == []
        for path in (
            f"projects/{two.agreement.project_id}",
            f"agreements/{two.agreement.pk}",
            f"agreements/{two.agreement.pk}/events",
        ):
            assert ask(token, path).status_code == 404


def test_the_log_as_the_firm_may_read_it() -> None:
    three = paired()
    settle(three, 0, 1, "987654.32", "Zimtstern")
    seen = {}
    for number in (1, 2):
        _key, token = key_of(three.firms[number])
        found = read(token, f"agreements/{three.agreement.pk}/events", limit=200)
        assert found["count"] == len(found["items"])
        seen[number] = [event["seq"] for event in found["items"] if event["is_of_a_pair"]]
        assert [e["seq"] for e in found["items"]] == sorted(
            (e["seq"] for e in found["items"]), reverse=True
        )
        assert all(event["what"] for event in found["items"])
    of_pairs = AgreementEvent.objects.filter(pair__isnull=False).order_by("-seq")
    for number in (1, 2):
        firm = three.firms[number]
        own = of_pairs.filter(Q(pair__first=firm) | Q(pair__second=firm))
        assert seen[number] == list(own.values_list("seq", flat=True))
    assert len(set(seen[1]) - set(seen[2])) >= 3  # the first two settled something


# ---- Versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("firms", [2])
def test_a_version_with_its_signatures_and_bytes(firms: int) -> None:
    two = world(firms)
    version = two.freeze()
    _key, token = key_of(two.firms[0])
    found = read(token, f"versions/{version.pk}")
    assert (found["sha256"], found["state"], found["number"]) == (version.sha256, "signing", 1)
    assert [(slot["needed"], slot["signatures"]) for slot in found["slots"]] == [(1, [])] * 2
    text = ask(token, f"versions/{version.pk}/text")
    assert text.content == bytes(version.payload)
    assert read(token, "versions", agreement=two.agreement.pk)["count"] == 1
    assert read(token, "versions", agreement=two.firms[0].pk)["count"] == 0
    _key, stranger = key_of(PartnerFactory.create())
    for path in ("", "/text", "/documents", "/documents/de"):
        assert ask(stranger, f"versions/{version.pk}{path}").status_code == 404


def test_who_left_keeps_what_was_signed_and_loses_the_rest() -> None:
    three = world(3)
    version = three.freeze()
    _key, token = key_of(three.firms[2])
    Participation.objects.filter(partner=three.firms[2]).update(
        state="left", left_at="2026-01-01T00:00Z", left_by=three.people[2]
    )
    assert read(token, f"versions/{version.pk}")["sha256"] == version.sha256
    assert ask(token, f"agreements/{three.agreement.pk}").status_code == 404
    assert read(token, "projects")["items"] == []


# ---- Scores --------------------------------------------------------------------------------------


def test_points_are_exact() -> None:
    firm = PartnerFactory.create()
    score = scored(firm, "Eigen")
    _key, token = key_of(firm)
    found = read(token, f"scores/{score.pk}")
    told = {
        (track["key"], metric["key"]): (metric["points"]["exact"], metric["points"]["fraction"])
        for track in found["tracks"]
        for metric in track["metrics"]
    }
    expected = {
        (track.key, metric.key): (
            rules.exact(metric.points),
            f"{metric.points.numerator}/{metric.points.denominator}",
        )
        for track in score.tracks
        for metric in track.metrics
    }
    assert told == expected
    assert len({exact for exact, _fraction in told.values()}) > 2
    assert {track["total"]["exact"] for track in found["tracks"]} == {
        rules.exact(track.total) for track in score.tracks
    }


def test_the_rows_of_a_ledger_add_up() -> None:
    firm = PartnerFactory.create()
    score = scored(firm, "Eigen")
    _key, token = key_of(firm)
    checked = 0
    for track in score.tracks:
        for metric in track.metrics:
            for option in metric.options:
                found = read(
                    token,
                    f"scores/{score.pk}/ledger",
                    track=track.key,
                    metric=metric.key,
                    option=option.key,
                )
                assert found["value"] == option.value
                assert sum(row["contribution"] for row in found["items"]) == option.value
                assert all(row["reason"] for row in found["items"])
                checked += 1
    assert checked > 10


@pytest.mark.parametrize(
    "wrong",
    [{"track": "x"}, {"metric": "x"}, {"option": "x"}, {"metric": "eligible_now"}],
)
def test_a_ledger_that_does_not_exist(wrong: dict[str, str]) -> None:
    firm = PartnerFactory.create()
    score = scored(firm, "Eigen")
    _key, token = key_of(firm)
    known = {"track": score.tracks[0].key, "metric": "usage_growth"}
    path = f"scores/{score.pk}/ledger"
    assert ask(token, path, **known).status_code == 200
    assert ask(token, path, **known | wrong).status_code == 404


def test_the_scores_of_another_firm_are_not_there() -> None:
    score = scored(PartnerFactory.create(), "Fremd")
    _key, token = key_of(PartnerFactory.create())
    known = {"track": score.tracks[0].key, "metric": "usage_growth"}
    assert ask(token, f"scores/{score.pk}").status_code == 404
    assert ask(token, f"scores/{score.pk}/ledger", **known).status_code == 404
    assert read(token, "scores")["count"] == 0
    assert read(token, "history")["count"] == 0


def test_the_months_behind_a_score() -> None:
    firm = PartnerFactory.create()
    scored(firm, "Eigen")
    _key, token = key_of(firm)
    found = read(token, "history")
    assert [month["month"] for month in found["items"]] == ["2025-02", "2024-02"]
    assert found["is_current"] is True
    assert found["items"][0]["tracks"][0]["metrics"][0]["points"]["exact"]


# ---- Queries -------------------------------------------------------------------------------------

# The key and its firm, then what the route needs; the same for one row and for three.
COUNTS = {
    "firm": 3,
    "people": 3,
    "firms": 4,
    "projects": 4,
    "versions": 3,
    "scores": 3,
    "history": 4,
}


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_same_of_any_number(count: int) -> None:
    two = world()
    firm = two.firms[0]
    _key, token = key_of(firm)
    for number in range(count):
        PartnerContact.objects.create(partner=firm, purpose=f"P{number}", name="Ada")
        MembershipFactory.create(partner=firm)
        another(two).freeze()
    score = scored(firm, "Eigen")
    Score.objects.exclude(pk=score.pk).delete()
    for _number in range(count - 1):
        score.pk = uuid4()
        score._state.adding = True
        score.save()
    assert Score.objects.count() == count
    assert {path: queries(token, path) for path in COUNTS} == COUNTS


@pytest.mark.parametrize("firms", [2, 4])
def test_an_agreement_asks_the_same_of_any_number(firms: int) -> None:
    several = world(firms)
    _key, token = key_of(several.firms[0])
    version = several.freeze()
    paths = {
        f"projects/{several.agreement.project_id}": 4,
        f"agreements/{several.agreement.pk}": 7,
        f"agreements/{several.agreement.pk}/events": 6,
        f"versions/{version.pk}": 5,
        f"versions/{version.pk}/documents": 3,
    }
    assert {path: queries(token, path) for path in paths} == paths
