"""The log as a file: whole as a chain, and silent on what its reader was not told."""

import json
from typing import Any

import pytest

from cooperation import signing, trail_files
from cooperation.models import AgreementEvent, AgreementVersion
from support import trails
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import World, world

pytestmark = pytest.mark.django_db


def last(version: AgreementVersion) -> int:
    return AgreementEvent.objects.filter(agreement=version.agreement_id).count()


def log(version: AgreementVersion, until: int | None = None) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        trail_files.event_log(version, until=until or last(version))
    )
    return content


def links(content: dict[str, Any]) -> list[trails.Link]:
    return [
        trails.Link(
            each["seq"],
            each["previous"],
            each["digest"],
            each["hash"],
            each.get("salt", ""),
            each.get("content"),
        )
        for each in content["events"]
    ]


def whole(several: World) -> AgreementVersion:
    several.fill()
    return signed(several)


def test_log_tells_the_signing_round_and_hashes_of_the_rest() -> None:
    two = world()
    version = whole(two)

    content = log(version)

    assert content.keys() == {"format", "agreement", "genesis", "events"}
    assert content["format"] == "handschlag-event-log/1"
    assert content["agreement"] == str(two.agreement.pk)
    assert content["genesis"] == content["events"][0]["previous"]
    told = [each["content"]["kind"] for each in content["events"] if "content" in each]
    assert told == ["frozen", "signed", "signed", "in_force"]
    silent = [each for each in content["events"] if "content" not in each]
    assert len(silent) == last(version) - 4 > 0
    assert {tuple(sorted(each)) for each in silent} == {("digest", "hash", "previous", "seq")}
    assert list(trails.breaks(content["agreement"], links(content))) == []


def test_log_is_the_same_each_time_and_ends_where_it_is_told_to() -> None:
    version = whole(world())
    until = last(version)

    first = trail_files.event_log(version, until=until)

    assert trail_files.event_log(version, until=until) == first
    assert [each["seq"] for each in log(version, until - 2)["events"]] == [*range(1, until - 1)]
    with pytest.raises(LookupError):
        trail_files.event_log(version, until=until + 1)


def test_changed_content_does_not_fit_the_log() -> None:
    content = log(whole(world()))
    told = next(each for each in content["events"] if "content" in each)
    told["content"]["at"] = "2020-01-01T00:00:00.000000Z"

    found = list(trails.breaks(content["agreement"], links(content)))

    assert found == [trails.Break(told["seq"], trails.Break.CHANGED)]


def test_log_of_a_later_version_says_nothing_of_an_earlier_round() -> None:
    two = world()
    two.fill()
    first = signing.freeze(two.agreement.pk, **two.acting(0))
    signing.decline(first.pk, reason="Nicht mit diesem Preis", **two.acting(1))
    second = signed(two)
    refused = [each["content"]["kind"] for each in log(first)["events"] if "content" in each]
    assert refused == ["frozen", "declined"]  # it could be told

    content = log(second)

    numbers = {
        each["content"]["data"]["version"] for each in content["events"] if "content" in each
    }
    assert numbers == {2}
    assert "Nicht mit diesem Preis" not in json.dumps(content)


def test_log_names_no_pair() -> None:
    version = signed(all_settled())
    between = AgreementEvent.objects.filter(agreement=version.agreement_id, pair__isnull=False)
    assert between.exists()

    content = log(version)

    assert {each["content"]["pair"] is None for each in content["events"] if "content" in each} == {
        True
    }
    silent = {each["seq"] for each in content["events"] if "content" not in each}
    assert set(between.values_list("seq", flat=True)) <= silent


def test_erased_event_keeps_its_place_and_says_nothing() -> None:
    version = whole(world())
    signature = AgreementEvent.objects.filter(kind="signed").first()
    assert signature is not None
    before = log(version)
    AgreementEvent.objects.filter(pk=signature.pk).update(
        salt="", data={}, by=None, erased_at=version.frozen_at
    )

    content = log(version)

    place = content["events"][signature.seq - 1]
    assert place.keys() == {"seq", "previous", "digest", "hash"}
    assert [each["hash"] for each in content["events"]] == [
        each["hash"] for each in before["events"]
    ]
    assert list(trails.breaks(content["agreement"], links(content))) == []
