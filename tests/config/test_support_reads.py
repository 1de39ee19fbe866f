"""Over the whole portal: support reads what an observer of the firm reads, and writes nothing."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cooperation import leaving, perms, signing
from cooperation.agreements import NotPossible
from partners import perms as firm_perms
from partners import support_access
from partners.models import FirmEvent, Membership, Partner, SupportVisit, User
from partners.support_requests import OWN_AFFAIRS, READING
from scoring import perms as scoring_perms
from tests.attacks.addresses import every
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import World, world
from tests.factories import UserFactory, member
from tests.parsing import parsed

pytestmark = pytest.mark.django_db
EN = {"accept-language": "en"}
WRITES = re.compile('(INSERT INTO|UPDATE|DELETE FROM) (?!"(django_session|usersessions_))')
OWN_MODULES = ("allauth.", "partners.accounts.")
GUARDED = [
    address
    for address in every()
    if getattr(address.view, "login_required", True)
    and address.name not in OWN_AFFAIRS
    and not address.name.startswith(("admin:", "api"))
    and not address.view.__module__.startswith(OWN_MODULES)
]


def visiting(firm: Partner, admin: User) -> tuple[SupportVisit, Client]:
    operator = UserFactory.create(is_staff=True, is_superuser=True)
    access = support_access.grant(firm, operator=None, reason="May", hours=1, by=admin)
    visit = support_access.begin(access.pk, operator=operator)
    client = Client(headers=EN)
    client.force_login(operator)
    return visit, client


@pytest.fixture
def two() -> World:
    made = world()
    made.fill()
    return made


@pytest.fixture
def admin(two: World) -> User:
    return member(two.firms[0], "admin")


def test_every_request_that_writes_is_refused_and_writes_nothing(two: World, admin: User) -> None:
    _visit, browser = visiting(two.firms[0], admin)
    before = FirmEvent.objects.count()
    answers: dict[str, set[int]] = {}
    for number, address in enumerate(GUARDED):
        # Which method it is, is looked at in one place; ``x`` is no method at all.
        for method in ("POST",) if number % 20 else ("POST", "PUT", "PATCH", "DELETE", "x"):
            with CaptureQueriesContext(connection) as queries:
                status = browser.generic(method, address.path).status_code
            answers.setdefault(address.name, set()).add(status)
            assert not [each["sql"] for each in queries if WRITES.match(each["sql"])], address.name
    assert len(GUARDED) > 180
    assert {name: codes for name, codes in answers.items() if codes != {403}} == {}
    assert FirmEvent.objects.count() == before


def test_own_affairs_are_those_and_no_more() -> None:
    """Whatever is let through is about the operator, or is no page of a firm."""
    assert {
        "partners:support_begin",
        "partners:support_desk",
        "partners:support_stop",
        "set_language",
    } == OWN_AFFAIRS
    assert {"GET", "HEAD", "OPTIONS"} == READING


def pages(two: World) -> list[str]:
    agreement = two.agreement
    return [
        reverse("home"),
        reverse("partners:directory"),
        reverse("partners:profile"),
        reverse("partners:people"),
        reverse("partners:firm_detail", args=[two.firms[1].pk]),
        reverse("cooperation:project_list"),
        reverse("cooperation:project_detail", args=[agreement.project_id]),
        reverse("cooperation:agreement_detail", args=[agreement.pk]),
        reverse("cooperation:log", args=[agreement.pk]),
        reverse("cooperation:ready", args=[agreement.pk]),
        reverse("scoring:overview"),
        reverse("scoring:imports"),
        reverse("scoring:people"),
        reverse("scoring:customers"),
        reverse("scoring:corrections"),
        reverse("scoring:outlook"),
        reverse("scoring:plan"),
        reverse("scoring:scenarios"),
        reverse("scoring:reports"),
        reverse("scoring:disclosures"),
        reverse("scoring:history"),
    ]


def test_support_reads_what_an_observer_reads_with_the_banner_on_every_page(
    two: World, admin: User
) -> None:
    visit, browser = visiting(two.firms[0], admin)
    observer = Client(headers=EN)
    observer.force_login(member(two.firms[0], "observer"))
    asked = pages(two)

    seen = {url: browser.get(url) for url in asked}

    expected = {url: observer.get(url).status_code for url in asked}
    assert {url: answer.status_code for url, answer in seen.items()} == expected
    assert set(expected.values()) == {200}
    for answer in seen.values():
        assert parsed(answer.content).select_one(".support-banner")
    noted = FirmEvent.objects.filter(kind="support_page", by=visit.operator).order_by("seq")
    assert [event.data["path"] for event in noted] == asked


def test_other_people_never_see_the_banner(two: World, admin: User) -> None:
    visiting(two.firms[0], admin)
    own = Client(headers=EN)
    own.force_login(admin)
    assert not parsed(own.get(reverse("home")).content).select(".support-banner")


def test_support_sees_nothing_of_other_firms(two: World, admin: User) -> None:
    other = world()
    _visit, browser = visiting(two.firms[0], admin)
    for url in (
        reverse("cooperation:project_detail", args=[other.agreement.project_id]),
        reverse("cooperation:agreement_detail", args=[other.agreement.pk]),
        reverse("cooperation:log", args=[other.agreement.pk]),
    ):
        assert browser.get(url).status_code == 404


def test_what_a_pair_of_others_settles_stays_hidden() -> None:
    three = all_settled(amount="987", note="Nur unter uns beiden")
    version = signed(three)
    admin = member(three.firms[2], "admin")
    _visit, browser = visiting(three.firms[2], admin)
    for url in (
        reverse("cooperation:version", args=[version.pk]),
        reverse("cooperation:version_text", args=[version.pk]),
        reverse("cooperation:project_detail", args=[three.agreement.project_id]),
        reverse("cooperation:log", args=[three.agreement.pk]),
    ):
        answer = browser.get(url)
        assert answer.status_code == 200, url
        text = (
            b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        ).decode()
        assert "Nur unter uns beiden" not in text
        assert "987" not in parsed(text.encode()).text if "<html" in text else True


# ---- Nobody of the operator does anything for a firm ---------------------------------------------


def test_no_function_of_perms_lets_support_do_anything(two: World, admin: User) -> None:
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    visit, _browser = visiting(two.firms[0], admin)
    place = visit.membership()
    point = two.sheet.book.point("shared_goal")
    given: dict[str, Any] = {
        "agreement": two.agreement,
        "version": version,
        "point": point,
        "project": two.agreement.project,
        "invitation": two.agreement.project.participations.first(),
        "dispute": None,
    }
    tried = 0
    for name in dir(perms):
        check = getattr(perms, name)
        if not name.startswith(("can_", "may_")) or ("dispute" in name and "open" not in name):
            continue
        code = check.__code__
        arguments = [given[word] for word in code.co_varnames[1 : code.co_argcount]]
        assert check(place, *arguments) is False, name
        tried += 1
    assert tried > 18
    for module in (firm_perms, scoring_perms):
        for name in dir(module):
            if name.startswith("can_") and name not in {"can_see", "can_subscribe"}:
                assert getattr(module, name)(visit.operator, two.firms[0]) is False, name
    assert scoring_perms.can_see(visit.operator, two.firms[0]) is True


def test_verbs_that_bind_a_firm_refuse_support(two: World, admin: User) -> None:
    """Also where no page was in between: they look for a membership, and there is none."""
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    visit, _browser = visiting(two.firms[0], admin)
    acting: dict[str, Any] = {"by": visit.operator, "partner": two.firms[0]}

    with pytest.raises(signing.NotSignable):
        signing.sign(
            version.pk, seen=version.sha256, language="de", authority="managing_director", **acting
        )
    with pytest.raises(signing.NotSignable):
        signing.decline(version.pk, reason="Nein", **acting)
    for number in range(2):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **two.acting(number),
        )
    with pytest.raises(NotPossible):
        leaving.leave(two.agreement.pk, reason="Wir gehen", **acting)
    assert not Membership.objects.filter(user=visit.operator).exists()


def test_visits_of_people_without_an_account_are_none() -> None:
    assert support_access.current(AnonymousUser()) is None
