"""Being asked again by Microsoft: for a purpose, and by the pages about the own account."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.internal.flows import reauthentication as librarys
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from partners import reauthentication
from partners.accounts import entra
from partners.models import User
from partners.reauthentication import Method
from tests import oidc_provider
from tests.factories import UserFactory
from tests.oidc_provider import OTHER_TENANT, TENANT, Provider
from tests.partners.entra_steps import MIA, Person, configure, heading, way_out

pytestmark = pytest.mark.django_db

LOGIN = "mia@firma.example"
PURPOSE = "sign 1234 abcd"
OTHER_OID = "99999999-2222-4333-8444-555555555555"


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with oidc_provider.running() as provider:
        provider.add(LOGIN, MIA)
        configure(settings, provider)
        yield provider


@pytest.fixture
def mia() -> User:
    """A person who has nothing but Microsoft."""
    user: User = UserFactory.create(email=LOGIN)
    user.set_unusable_password()
    user.save()
    shown = {"tid": TENANT, "name": "Mia Muster", "email": LOGIN}
    SocialAccount.objects.create(
        user=user, provider="microsoft", uid=f"{TENANT}:{MIA}", extra_data=shown
    )
    return user


def ask(person: Person, purpose: str = PURPOSE, back: str = "/vereinbarung/") -> Any:
    return person.client.post(entra.reauthenticate_url(purpose, back))


def proofs(person: Person) -> list[tuple[str, str]]:
    kept = person.client.session.get(reauthentication.SESSION_KEY, {})
    return [(key, value["method"]) for key, value in kept.items()]


def test_signing_in_anew_proves_it_for_the_purpose(mia: User, provider: Provider) -> None:
    person = Person(mia)
    session = person.client.session.session_key

    page = person.come_back(ask(person), LOGIN)

    assert (page.status_code, page["Location"]) == (302, "/vereinbarung/")
    assert proofs(person) == [(f"proof {PURPOSE}", Method.ENTRA)]
    assert person.client.session.session_key == session
    assert person.records == []  # a proof for one purpose, not for the pages of the account


def test_whoever_is_in_at_microsoft_has_to_sign_in_all_the_same(
    mia: User, provider: Provider
) -> None:
    person = Person(mia)
    person.go(LOGIN)
    assert person.window.saw_page

    out = way_out(ask(person))
    page = person.client.get(person.window.visit(out, LOGIN))

    asked = {name: values[0] for name, values in parse_qs(urlsplit(out).query).items()}
    assert (asked["prompt"], asked["max_age"], asked["login_hint"]) == ("login", "0", LOGIN)
    assert person.window.saw_page
    assert page["Location"] == "/vereinbarung/"


@pytest.mark.parametrize(
    ("auth_time", "holds"),
    [
        (lambda now: now, True),
        (lambda now: now - 20, True),  # clocks differ
        (lambda now: now + 20, True),
        (lambda now: now - 45, False),  # before it was asked for
        (lambda now: now - 24 * 3600, False),
        (lambda now: now + 45, False),
        (lambda now: None, False),
        (lambda now: str(now), False),
        (lambda now: 0, False),
    ],
)
def test_time_of_signing_in_has_to_fit(
    auth_time: Any, holds: bool, mia: User, provider: Provider
) -> None:
    provider.claims["auth_time"] = auth_time(int(time.time()))
    person = Person(mia)

    page = person.come_back(ask(person), LOGIN)

    assert page.status_code == (302 if holds else 403)
    assert bool(proofs(person)) is holds
    if not holds:
        assert heading(page) == "Microsoft did not ask you again"


def test_provider_that_lets_pass_proves_nothing(mia: User, provider: Provider) -> None:
    person = Person(mia)
    person.go(LOGIN)
    [(key, (login, _at))] = provider.sessions.items()
    provider.sessions[key] = (login, int(time.time()) - 3600)
    provider.ignores_prompt = True

    page = person.come_back(ask(person), LOGIN)

    assert (page.status_code, proofs(person)) == (403, [])


def test_proof_comes_too_late_after_five_minutes(mia: User) -> None:
    identity = entra.Identity(tid=mia.pk, oid=mia.pk, signed_in_at=int(time.time()) - 301)

    assert not entra.is_fresh(identity, begun_at=time.time() - 400)
    assert entra.is_fresh(
        entra.Identity(tid=mia.pk, oid=mia.pk, signed_in_at=int(time.time()) - 290),
        begun_at=time.time() - 400,
    )


@pytest.mark.parametrize(("oid", "tid"), [(OTHER_OID, TENANT), (MIA, OTHER_TENANT)])
def test_somebody_else_at_microsoft_proves_nothing(
    oid: str, tid: str, mia: User, provider: Provider
) -> None:
    provider.add("max@firma.example", oid, tid=tid)
    person = Person(mia)

    page = person.come_back(ask(person), "max@firma.example")

    assert (page.status_code, heading(page)) == (403, "That was another Microsoft account")
    assert proofs(person) == []


def test_another_person_of_the_portal_proves_nothing(mia: User, provider: Provider) -> None:
    provider.add("max@firma.example", OTHER_OID)
    SocialAccount.objects.create(
        user=UserFactory.create(), provider="microsoft", uid=f"{TENANT}:{OTHER_OID}"
    )
    person = Person(mia)

    page = person.come_back(ask(person), "max@firma.example")

    assert (page.status_code, proofs(person)) == (403, [])
    assert person.client.session["_auth_user_id"] == str(mia.pk)


def test_answer_to_a_sign_in_is_no_proof(mia: User, provider: Provider) -> None:
    """What was asked for lies in the session, so no answer can be passed off as another."""
    person = Person(mia)

    page = person.go(LOGIN)

    assert page.status_code == 302
    assert proofs(person) == []
    assert not any(record.get("reauthenticated") for record in person.records)


def test_whoever_signs_in_meanwhile_gets_no_proof(mia: User, provider: Provider) -> None:
    person = Person(mia)
    answer = person.window.visit(way_out(ask(person)), LOGIN)
    states = person.client.session["socialaccount_states"]
    person.client.force_login(UserFactory.create())
    session = person.client.session
    session["socialaccount_states"] = states
    session.save()

    page = person.client.get(answer)

    assert (page.status_code, proofs(person)) == (400, [])


def test_proof_is_for_one_purpose_and_once(mia: User, provider: Provider) -> None:
    person = Person(mia)
    person.come_back(ask(person), LOGIN)
    request = _request(person, mia)

    other = reauthentication.asked(request, "sign 9999 ffff", back="/")
    same = reauthentication.asked(request, PURPOSE, back="/")

    assert (other.is_proved, same.is_proved) == (False, True)
    assert reauthentication.check(same, request, {}) == Method.ENTRA
    with pytest.raises(reauthentication.Refused):
        reauthentication.check(same, request, {})


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""]
)
def test_way_back_is_a_page_of_the_portal(back: str, mia: User, provider: Provider) -> None:
    person = Person(mia)

    assert person.come_back(ask(person, back=back), LOGIN)["Location"] == reverse("home")


@pytest.mark.parametrize("token", ["made-up", "e30:x:y", " ", "\x00"])
def test_purpose_is_said_by_the_portal_only(token: str, mia: User, provider: Provider) -> None:
    person = Person(mia)

    answers = [
        person.client.get(reverse("entra_reauthenticate"), {"for": token}),
        person.client.post(f"{reverse('entra_reauthenticate')}?for={token}"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert provider.asked == []


def test_link_only_shows_a_page(mia: User, provider: Provider) -> None:
    person = Person(mia)

    page = person.client.get(entra.reauthenticate_url(PURPOSE, "/vereinbarung/"))

    assert (page.status_code, heading(page)) == (200, "Confirm with Microsoft")
    assert provider.asked == []
    assert "socialaccount_states" not in person.client.session
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(mia)
    assert strict.post(entra.reauthenticate_url(PURPOSE, "/")).status_code == 403


def test_whoever_has_no_connection_has_no_such_page(provider: Provider) -> None:
    person = Person(UserFactory.create())

    assert person.client.get(reverse("entra_reauthenticate")).status_code == 404
    assert Client().get(reverse("entra_reauthenticate")).status_code == 302


# ---- The pages about the own account -------------------------------------------------------------


def test_person_with_nothing_but_microsoft_is_asked_there(mia: User, provider: Provider) -> None:
    """The library takes such a person for just asked, for good."""
    person = Person(mia)
    url = reverse("mfa_activate_totp")

    first = person.client.get(url)
    assert first.status_code == 302
    assert first["Location"] == f"{reverse('entra_reauthenticate')}?{urlencode({'next': url})}"
    page = person.come_back(person.client.post(first["Location"]), LOGIN)

    assert page["Location"] == url
    [record] = person.records
    assert (record["method"], record["reauthenticated"], record["tid"]) == (
        "socialaccount",
        True,
        TENANT,
    )
    assert proofs(person) == []
    assert person.client.get(url).status_code == 200


def test_form_that_was_held_up_is_sent_after_it(mia: User, provider: Provider) -> None:
    mia.set_password("ein-gutes-Kennwort-7")  # so that the connection may go
    mia.save()
    person = Person(mia)
    url = reverse("socialaccount_connections")
    account = entra.connected(mia).get()

    held = person.client.post(url, {"account": account.pk})
    again = person.client.post(f"{reverse('entra_reauthenticate')}?next={url}")
    page = person.come_back(again, LOGIN)

    assert held["Location"].startswith(reverse("account_reauthenticate"))
    assert page["Location"] == url
    assert not entra.connected(mia).exists()


def test_being_asked_is_forgotten_after_five_minutes(mia: User, provider: Provider) -> None:
    person = Person(mia)
    person.come_back(person.client.post(reverse("entra_reauthenticate")), LOGIN)
    session = person.client.session
    session["account_authentication_methods"][0]["at"] -= 301
    session.save()

    assert person.client.get(reverse("mfa_activate_totp")).status_code == 302


def test_signing_in_counts_as_no_being_asked_again(mia: User, provider: Provider) -> None:
    person = Person()
    person.go(LOGIN)

    page = person.client.get(reverse("mfa_activate_totp"))

    assert page.status_code == 302
    assert page["Location"].startswith(reverse("entra_reauthenticate"))


def test_library_still_asks_where_we_answer(mia: User) -> None:
    """What ``entra_adapter.connect`` puts in its place: an update could move it."""
    without = UserFactory.create()
    without.set_unusable_password()
    without.save()

    assert librarys.get_reauthentication_flows(mia) == [{"id": "entra"}]
    assert librarys.get_reauthentication_flows(without) == []
    assert [flow["id"] for flow in librarys.get_reauthentication_flows(UserFactory.create())] == [
        "reauthenticate"
    ]


def _request(person: Person, user: User) -> Any:
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.session, request.user = person.client.session, user
    return request
