"""Attacks on every address at once: links that write, forged forms, foreign hosts, nonsense."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from documents.models import Document
from partners import invitations
from partners.models import Membership, User
from tests.attacks.addresses import every
from tests.cooperation import pairs_scene as pairs
from tests.cooperation import test_amendments_access as amendments
from tests.cooperation import test_disputes_access as disputes
from tests.cooperation import test_endings_access as endings
from tests.cooperation import test_first_round_access as first_round
from tests.cooperation import threads_scene as threads
from tests.cooperation import work_scene as work
from tests.factories import PartnerFactory, UserFactory, member
from tests.parsing import parsed
from tests.scoring.test_views_access import World as Scoring
from tests.test_access import URLS, Scene

pytestmark = pytest.mark.django_db
SAMPLES = {address.name: address.path for address in every()}
NONSENSE = ["\x00", "\U0001f600", "'\"><script>x</script>", "-1", "9" * 5_000, "[]", "%"]
PARAMETERS = (
    "q page track metric option words sort show lang competence next kodex mit von first_round "
    "dispute seats active later"
).split()
SUBJECTS = (amendments, disputes, endings, first_round, pairs, threads, work)


class Portal:
    """Every address with rows behind it, and who may open most of them."""

    def __init__(self) -> None:
        self.scene, self.scoring = Scene(), Scoring()
        self.subjects: list[tuple[Any, Any]] = [
            (module.ADDRESSES, module.Scene()) for module in SUBJECTS
        ]
        firm = self.scene.draft.firms[0]
        self.admin = member(firm, "admin", "manager", "signer")
        self.invitation = invitations.invite(
            firm,
            email="invited@firma.example",
            name="Invited",
            language="de",
            title="",
            rights={"is_observer": True},
            by=self.admin,
        ).invitation
        self.colleague = Membership.objects.get(user=self.scene.people["lead"])

    def url(self, name: str) -> str:
        """With rows behind it, if one of the scenes has them; else with ids of nothing."""
        try:
            return self.known(name)
        except NoReverseMatch:
            return SAMPLES[name]

    def known(self, name: str) -> str:
        room, _, kind = name.rpartition(":")
        if room == "scoring":
            return self.scoring.url(kind)
        if room == "cooperation":
            return reverse(name, kwargs=self.arguments(name))
        if kind == "check_code":
            return reverse(name, args=[Document.objects.filter(to_seal=True)[0].code])
        if kind == "account_reset_password_from_key":
            return reverse(name, args=["1", "set-password"])
        if kind == "firm_detail":
            return reverse(name, args=[self.colleague.partner_id])
        if kind in {"invitation_resend", "invitation_withdraw"}:
            return reverse(name, args=[self.invitation.pk])
        if kind == "invitation_link":
            return reverse(name, args=["x"])
        if kind in {"person_edit", "person_leave"}:
            return reverse(name, args=[self.colleague.pk])
        return reverse(name)

    def arguments(self, name: str) -> dict[str, Any]:
        if (subject := self.subject(name)) is not None:
            return dict(subject.arguments(name))
        if name == "cooperation:association_worth":
            return {"pk": self.scene.draft.agreement.pk}
        if name.startswith("cooperation:rule_book"):
            converters = URLS[name].pattern.converters
            words = {"key": "p2p-kodex", "version": "2026.1", "length": "short"}
            return {key: words[key] for key in converters}
        return self.scene.arguments(name)

    def subject(self, name: str) -> Any:
        """The scene of the subject that has the row of this address."""
        return next((scene for addresses, scene in self.subjects if name in addresses), None)

    def owner(self, name: str) -> User:
        if name.startswith("scoring:"):
            return self.scoring.people["manager"]
        subject = self.subject(name)
        return self.admin if subject is None else subject.people["manager"]

    def addresses(self) -> Iterator[tuple[str, str]]:
        for name in URLS:
            yield name, self.url(name)


@pytest.fixture
def portal() -> Portal:
    return Portal()


def browser(user: User | None, **headers: str) -> Client:
    client = Client(headers={"accept-language": "de"} | headers)
    if user is not None:
        client.force_login(user)
    return client


def status(client: Client, url: str) -> int:
    response = client.get(url)
    if response.streaming:
        b"".join(response)  # read to its end, so that the file is closed
    return response.status_code


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_no_address_writes_when_it_is_only_opened(portal: Portal, headers: dict[str, str]) -> None:
    written = {}
    for name, url in portal.addresses():
        client = browser(portal.owner(name), **headers)
        with CaptureQueriesContext(connection) as queries:
            status(client, url)
        changes = [
            query["sql"][:100]
            for query in queries
            if re.match("INSERT|UPDATE|DELETE", query["sql"])
            and "django_session" not in query["sql"]
        ]
        if changes:
            written[name] = changes
    assert written == {}


def test_no_form_is_taken_without_its_token(portal: Portal) -> None:
    taken = {}
    for name, url in portal.addresses():
        client = Client(enforce_csrf_checks=True)
        client.force_login(portal.owner(name))
        taken[name] = client.post(url).status_code
    reading = {name for name in taken if name.startswith("api:v1:")}  # take no form at all
    assert {taken[name] for name in reading} == {405}
    assert {taken[name] for name in taken.keys() - reading} == {403}


def test_no_nonsense_in_an_address_breaks_a_page(portal: Portal) -> None:
    broken = []
    for name, url in portal.addresses():
        client = browser(portal.owner(name))
        for text in NONSENSE:
            query = urlencode(dict.fromkeys(PARAMETERS, text))
            response = client.get(f"{url}?{query}")
            content = b"".join(response) if response.streaming else response.content
            if response.status_code >= 500 or b"<script>x" in content:
                broken.append((name, text[:20], response.status_code))
    assert broken == []


def test_every_page_bears_somebody_without_a_firm(portal: Portal) -> None:
    client = browser(UserFactory.create())
    told = {name: status(client, url) for name, url in portal.addresses()}
    assert {told.pop(name) for name in list(told) if name.startswith("api:v1:")} == {401}
    assert set(told.values()) <= {200, 302, 403, 404}
    assert told["home"] == told["partners:account"] == told["scoring:overview"] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil", "a b"]
)
def test_another_host_is_refused(host: str) -> None:
    assert Client(headers={"host": host}).get("/").status_code == 400


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "///evil.example/",
        "https:///evil.example/",
        "javascript:alert(1)",
        "\x00//evil.example/",
    ],
)
def test_changing_the_language_leads_nowhere_else(target: str) -> None:
    url = reverse("set_language")
    answer = Client().post(url, {"language": "en", "next": target})
    assert answer["Location"] == "/"
    away = Client(headers={"referer": "https://evil.example/x"}).post(url, {"language": "en"})
    assert away["Location"] == "/"


@pytest.mark.parametrize("page", ["https://evil.example/x", "javascript:alert(1)", "x"])
def test_a_session_that_ended_under_htmx_leads_to_the_sign_in_and_back(page: str) -> None:
    url = reverse("cooperation:project_list")
    own = Client(headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{url}"})
    assert own.get(url)["HX-Redirect"] == f"{reverse('account_login')}?next={url}"
    forged = Client(headers={"HX-Request": "true", "HX-Current-URL": page})
    assert forged.get(url)["HX-Redirect"] == f"{reverse('account_login')}?next=/"


@pytest.mark.parametrize(
    "data",
    [
        {f"field{number}": "x" for number in range(2_100)},
        {"description": "x" * 6_000_000},
        {"uploads": [SimpleUploadedFile(f"{number}.csv", b"x") for number in range(101)]},
    ],
    ids=["fields", "bytes", "files"],
)
def test_too_much_at_once_is_said_in_both_languages(data: dict[str, object]) -> None:
    client = browser(member(PartnerFactory.create(), "manager"))
    answer = client.post(reverse("scoring:import_upload"), data)
    assert answer.status_code == 400
    page = parsed(answer.content)
    assert [element["lang"] for element in page.select("[lang]")] == ["de", "en"]
    assert "weniger" in page.select("main .lead")[0].get_text()
