"""Who may open what: one row per URL of the room. A new URL fails until it has a row."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from partners.models import Membership, Partner, User
from partners.urls import urlpatterns
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

WHO = ("admin", "signer", "observer", "stranger", "loner", "nobody")
# method and answer for: the firm's admin, somebody who may sign, an observer, another firm's admin,
# a person without a firm, somebody who is not signed in
ACCESS = {
    "directory": ("get", (200, 200, 200, 200, 200, 302)),
    "firm_detail": ("get", (200, 200, 200, 200, 404, 302)),
    "profile": ("get", (200, 200, 200, 200, 404, 302)),
    "profile_edit": ("get", (200, 403, 403, 200, 404, 302)),
    "people": ("get", (200, 200, 200, 200, 404, 302)),
    "person_add": ("get", (200, 403, 403, 200, 404, 302)),
    "person_edit": ("get", (200, 403, 403, 404, 404, 302)),
    "person_leave": ("post", (302, 403, 403, 404, 404, 302)),
    "person_welcome": ("post", (302, 403, 403, 404, 404, 302)),
    "account": ("get", (200, 200, 200, 200, 200, 302)),
    "password_change": ("get", (200, 200, 200, 200, 200, 302)),
}


@pytest.fixture
def world() -> dict[str, object]:
    firm = PartnerFactory.create()
    target = MembershipFactory.create(partner=firm, specialist=True)
    return {
        "firm": firm,
        "target": target,
        "admin": member(firm, "admin"),
        "signer": member(firm, "signer", "manager"),
        "observer": member(firm, "observer"),
        "stranger": member(PartnerFactory.create(), "admin"),
        "loner": UserFactory.create(),
    }


@pytest.mark.parametrize("name", [str(pattern.name) for pattern in urlpatterns])
def test_access(name: str, world: dict[str, object], sign_in: Callable[[User], Client]) -> None:
    method, expected = ACCESS[name]
    args = []
    if name == "firm_detail":
        args = [world["firm"].pk]  # type: ignore[attr-defined]
    elif name in {"person_edit", "person_leave", "person_welcome"}:
        args = [world["target"].pk]  # type: ignore[attr-defined]
    url = reverse(f"partners:{name}", args=args)

    answers = []
    for who in reversed(WHO):  # the admin last: what they do would change the answers of the others
        browser = Client() if who == "nobody" else sign_in(world[who])  # type: ignore[arg-type]
        answers.append(getattr(browser, method)(url).status_code)

    assert tuple(reversed(answers)) == expected


@pytest.mark.parametrize("name", ["person_leave", "person_welcome"])
def test_a_link_changes_nothing(
    name: str, world: dict[str, object], sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(world["admin"])  # type: ignore[arg-type]
    url = reverse(f"partners:{name}", args=[world["target"].pk])  # type: ignore[attr-defined]
    before = list(Membership.objects.order_by("pk").values())
    assert browser.get(url).status_code == 302  # back to the page with the form
    assert list(Membership.objects.order_by("pk").values()) == before
    assert mail.outbox == []


def test_a_closed_firm_shows_its_people_nothing(sign_in: Callable[[User], Client]) -> None:
    user = member(PartnerFactory.create(), "admin")
    Partner.objects.update(is_active=False)
    browser = sign_in(user)
    assert [
        browser.get(reverse(f"partners:{name}")).status_code
        for name in ("profile", "people", "person_add", "profile_edit")
    ] == [404] * 4
