"""Support access: with the firm's consent, for a while, reading only, and every page is noted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners import firm_log, support_access
from partners.models import FirmEvent, Membership, Partner, SupportAccess, SupportVisit, User
from partners.people import NotPossible
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
EN = {"accept-language": "en"}


class Scene:
    def __init__(self) -> None:
        self.firm = PartnerFactory.create(name="Brückner IT")
        self.admin = member(self.firm, "admin", name="Jana Brückner")
        self.operator = UserFactory.create(is_staff=True, name="Olaf Operator")

    def grant(self, **changed: Any) -> SupportAccess:
        given: dict[str, Any] = {"operator": None, "reason": "Import of May", "hours": 4}
        return support_access.grant(self.firm, by=self.admin, **(given | changed))

    def begin(self, **changed: Any) -> SupportVisit:
        return support_access.begin(self.grant(**changed).pk, operator=self.operator)

    def browser(self, user: User | None = None) -> Client:
        client = Client(headers=EN)
        client.force_login(user or self.operator)
        return client

    def kinds(self) -> list[str]:
        rows = FirmEvent.objects.filter(partner=self.firm).order_by("seq")
        return list(rows.values_list("kind", flat=True))


@pytest.fixture
def scene() -> Scene:
    return Scene()


PROFILE = "/partner/firma/"


def test_operator_sees_nothing_of_a_firm_before_it_consents_and_reads_it_then(
    scene: Scene, soup: Soup
) -> None:
    browser = scene.browser()
    assert browser.get(PROFILE).status_code == 404

    access = scene.grant()
    assert browser.get(PROFILE).status_code == 404  # consent alone shows nothing
    desk = soup(browser.get(reverse("partners:support_desk")))
    assert [head.text for head in desk.select("h2.list__title")] == ["Brückner IT"]
    answer = browser.post(reverse("partners:support_begin", args=[access.pk]))

    assert (answer.status_code, answer.headers["location"]) == (302, PROFILE)
    page = soup(browser.get(PROFILE))
    assert page.select_one("h1").text == "Brückner IT"  # type: ignore[union-attr]
    banner = page.select_one(".support-banner p").text  # type: ignore[union-attr]
    assert banner.startswith("You see the data of Brückner IT as support until ")


def test_support_is_no_member_and_no_list_or_count_knows_them(scene: Scene, soup: Soup) -> None:
    scene.begin()

    assert not Membership.objects.filter(user=scene.operator).exists()
    page = soup(scene.browser().get(reverse("partners:people")))
    assert [head.text for head in page.select("h2.list__title")] == ["Jana Brückner"]


@pytest.mark.parametrize("end", ["firm", "time", "staff", "closed", "inactive firm", "stop"])
def test_what_ends_takes_effect_at_the_next_request_of_an_open_session(
    end: str, scene: Scene
) -> None:
    visit = scene.begin()
    browser = scene.browser()
    assert browser.get(PROFILE).status_code == 200

    if end == "firm":
        support_access.end(visit.access_id, by=scene.admin)
    elif end == "time":
        past = timezone.now() - timedelta(seconds=1)
        SupportAccess.objects.update(granted_at=past - timedelta(hours=4), until=past)
    elif end == "staff":
        User.objects.filter(pk=scene.operator.pk).update(is_staff=False)
    elif end == "closed":
        User.objects.filter(pk=scene.operator.pk).update(is_active=False)
    elif end == "inactive firm":
        Partner.objects.update(is_active=False)
    else:
        assert browser.post(reverse("partners:support_stop")).status_code == 302

    assert browser.get(PROFILE).status_code == (302 if end == "closed" else 404)
    assert browser.get(reverse("home")).status_code == (302 if end == "closed" else 200)
    assert not Partner.objects.of(User.objects.get(pk=scene.operator.pk)).exists()


def test_every_page_goes_to_the_log_once_an_hour(scene: Scene) -> None:
    scene.begin()
    browser = scene.browser()
    people = reverse("partners:people")

    for url in (PROFILE, people, PROFILE, reverse("partners:profile_edit"), "/partner/no/"):
        browser.get(url)

    pages = FirmEvent.objects.filter(kind="support_page").order_by("seq")
    assert [(event.data["path"], event.by) for event in pages] == [
        (PROFILE, scene.operator),
        (people, scene.operator),
    ]
    assert scene.kinds() == ["support_granted", "support_begun", "support_page", "support_page"]
    later = timezone.now() + timedelta(minutes=61)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: later)
        visit = support_access.current(scene.operator)
        assert visit is not None
        assert support_access.note_page(visit, page="partners:profile", path=PROFILE)
    assert list(firm_log.breaks(scene.firm)) == []


def test_a_page_that_cannot_be_noted_is_not_shown(scene: Scene, monkeypatch: Any) -> None:
    scene.begin()
    browser = scene.browser()
    browser.raise_request_exception = False

    def fail(*_args: Any, **_fields: Any) -> None:
        raise IntegrityError("the log is away")

    monkeypatch.setattr(support_access, "note_page", fail)
    answer = browser.get(PROFILE)

    assert answer.status_code == 500
    assert "Brückner" not in answer.content.decode()


def test_operator_of_an_own_firm_reads_that_one_again_afterwards(scene: Scene) -> None:
    own = MembershipFactory.create(user=scene.operator, admin=True).partner
    assert list(Partner.objects.of(scene.operator)) == [own]
    scene.begin()
    assert list(Partner.objects.of(scene.operator)) == [scene.firm]
    support_access.stop(scene.operator)
    assert list(Partner.objects.of(scene.operator)) == [own]


def test_named_operator_only(scene: Scene) -> None:
    other = UserFactory.create(is_staff=True)
    access = scene.grant(operator=other)

    assert (
        scene.browser().post(reverse("partners:support_begin", args=[access.pk])).status_code == 404
    )
    with pytest.raises(NotPossible):
        support_access.begin(access.pk, operator=scene.operator)
    assert support_access.begin(access.pk, operator=other).operator == other


def test_whoever_is_no_operator_has_no_desk(scene: Scene) -> None:
    access = scene.grant()
    for user in (scene.admin, member(scene.firm, "observer"), UserFactory.create()):
        browser = scene.browser(user)
        assert [
            browser.get(reverse("partners:support_desk")).status_code,
            browser.post(reverse("partners:support_begin", args=[access.pk])).status_code,
            browser.post(reverse("partners:support_stop")).status_code,
        ] == [404, 404, 404]
    assert not SupportVisit.objects.exists()


def test_one_firm_at_a_time(scene: Scene) -> None:
    scene.begin()
    other = Scene()
    access = other.grant()

    support_access.begin(access.pk, operator=scene.operator)

    assert list(Partner.objects.of(scene.operator)) == [other.firm]
    assert scene.kinds() == ["support_granted", "support_begun", "support_stopped"]
    with pytest.raises(IntegrityError), transaction.atomic():
        SupportVisit.objects.create(access=access, operator=scene.operator)


@pytest.mark.parametrize(
    ("role", "status"), [("admin", 302), ("signer", 403), ("manager", 403), ("observer", 403)]
)
def test_admin_allows_on_the_page_and_nobody_else(role: str, status: int, scene: Scene) -> None:
    person = member(scene.firm, role)
    given = {"reason": "Import of May", "operator": "", "hours": "24", "consent": "on"}
    begun = timezone.now()

    answer = scene.browser(person).post(reverse("partners:support"), given)

    assert answer.status_code == status
    if status == 302:
        access = SupportAccess.objects.get()
        assert (access.granted_by, access.operator, access.reason) == (
            person,
            None,
            "Import of May",
        )
        assert begun < access.until - timedelta(hours=24) < timezone.now()
    else:
        assert not SupportAccess.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"consent": ""},
        {"hours": "73"},
        {"hours": "0"},
        {"hours": "x"},
        {"reason": ""},
        {"reason": " "},
        {"operator": str(uuid4())},
        {"operator": "x"},
    ],
)
def test_without_consent_reason_or_a_time_limit_nothing_is_allowed(
    changed: dict[str, str], scene: Scene
) -> None:
    given = {"reason": "Import of May", "operator": "", "hours": "24", "consent": "on"}
    answer = scene.browser(scene.admin).post(reverse("partners:support"), given | changed)
    assert answer.status_code == 200
    assert not SupportAccess.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"hours": 73},
        {"hours": 0},
        {"until": "2020-01-01T00:00Z"},
        {"reason": ""},
        {"ended_at": "2035-01-01T00:00Z"},
    ],
)
def test_database_keeps_the_limits(fields: dict[str, Any], scene: Scene) -> None:
    scene.grant()
    with pytest.raises(IntegrityError), transaction.atomic():
        SupportAccess.objects.update(**fields)


def test_admin_of_another_firm_neither_sees_nor_ends_it(scene: Scene) -> None:
    access = scene.grant()
    stranger = member(PartnerFactory.create(), "admin")
    url = reverse("partners:support_end", args=[access.pk])

    assert scene.browser(stranger).post(url).status_code == 404
    assert scene.browser(member(scene.firm, "manager")).post(url).status_code == 403
    assert scene.browser(scene.admin).post(url).status_code == 302

    access.refresh_from_db()
    assert access.ended_by == scene.admin
    assert scene.kinds() == ["support_granted", "support_ended"]


def test_second_access_waits_for_the_end_of_the_first(scene: Scene) -> None:
    scene.grant()
    with pytest.raises(NotPossible, match="already"):
        scene.grant()
    support_access.end(SupportAccess.objects.get().pk, by=scene.admin)
    scene.grant()
    with pytest.raises(NotPossible, match="no longer an admin"):
        support_access.grant(
            scene.firm, operator=None, reason="x", hours=1, by=member(scene.firm, "manager")
        )


def test_the_query_of_the_visit_is_asked_of_operators_only(
    scene: Scene, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert support_access.current(scene.admin) is None
    with django_assert_num_queries(1):
        assert support_access.current(scene.operator) is None
