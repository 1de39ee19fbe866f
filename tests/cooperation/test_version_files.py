"""The bytes that were signed, handed out to those who may read them."""

import hashlib
import json
from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from cooperation.models import AgreementVersion
from documents.downloads import DocumentDamaged
from partners.models import User
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import World, world
from tests.evidence import lifted

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
Soup = Callable[[HttpResponse], BeautifulSoup]


def annex(version: AgreementVersion, number: int) -> str:
    return reverse("cooperation:version_annex", args=[version.pk, number])


@pytest.fixture
def three() -> World:
    return all_settled()


@pytest.fixture
def version(three: World) -> AgreementVersion:
    return signed(three)


def test_the_text_is_handed_out_byte_for_byte(sign_in: SignIn) -> None:
    two = world()
    two.agreement.project.name = 'Böse "Datei"\r\nX: 1/../ü'
    two.agreement.project.save(update_fields=["name"])
    frozen = two.freeze()
    answer = sign_in(two.people[1]).get(reverse("cooperation:version_text", args=[frozen.pk]))
    assert answer.content == bytes(frozen.payload)
    assert hashlib.sha256(answer.content).hexdigest() == frozen.sha256
    assert answer["Content-Type"] == "application/json"
    name = 'attachment; filename="vereinbarung-boese-datei-x-1ue-v1.json"'
    assert answer["Content-Disposition"] == name


def test_each_firm_gets_its_own_annexes_and_no_others(
    sign_in: SignIn, three: World, version: AgreementVersion
) -> None:
    named = json.loads(bytes(version.payload))["annexes"]
    got: dict[tuple[int, int], int] = {}
    for place, person in enumerate(three.people[:3]):
        browser = sign_in(person)
        for number, row in enumerate(named, start=1):
            answer = browser.get(annex(version, number))
            got[place, number] = answer.status_code
            own = str(three.firms[place].pk) in row["parties"]
            assert (answer.status_code == 200) == own
            if own:
                assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
                assert len(json.loads(answer.content)["salt"]) == 64
    assert sorted(got.values()) == [200] * 6 + [404] * 3


@pytest.mark.parametrize("number", [0, 4, 10**30])
def test_there_is_no_annex_beyond_those_named(
    sign_in: SignIn, three: World, version: AgreementVersion, number: int
) -> None:
    assert sign_in(three.people[0]).get(annex(version, number)).status_code == 404


def test_the_page_links_what_its_reader_may_have(
    sign_in: SignIn, soup: Soup, three: World, version: AgreementVersion
) -> None:
    browser = sign_in(three.people[0])
    page = soup(browser.get(reverse("cooperation:version", args=[version.pk])))  # type: ignore[arg-type]
    links = [str(link["href"]) for link in page.select(".hash a[download]")]
    assert len(links) == 3
    assert [browser.get(link).status_code for link in links] == [200] * 3
    hashes = [code.text for code in page.select(".hash:has(a[download]) code")]
    assert [hashlib.sha256(browser.get(link).content).hexdigest() for link in links] == hashes


def test_bytes_that_are_no_longer_what_was_signed_are_kept_back(
    sign_in: SignIn, three: World, version: AgreementVersion
) -> None:
    with lifted(connection):
        changed = bytes(version.payload).replace(b"Werft", b"Kraft", 1) + b" "
        AgreementVersion.objects.filter(pk=version.pk).update(payload=changed)
    with pytest.raises(DocumentDamaged):
        sign_in(three.people[0]).get(reverse("cooperation:version_text", args=[version.pk]))
