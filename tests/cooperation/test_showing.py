"""A signature needs a text that was shown to the one who signs; the evidence says when."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cooperation import showing
from cooperation.models import AgreementEvent, Signature
from tests.cooperation.browsers import Browser, fields
from tests.cooperation.worlds import World, another, world
from tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

NOT_READ = ["Please read the text on this page first, then sign it."]


def opened(browser: Browser, two: World, **changes: Any) -> dict[str, Any]:
    """What the form on the page of the version sends."""
    version = two.agreement.versions.get()
    data = fields(browser.get("version", version.pk).one(".sign-form"))
    data |= {"agreed": "on", "authority": "prokura", "password": PASSWORD}
    return data | changes


def test_the_evidence_says_when_the_text_was_shown_and_from_which_net_it_was_signed() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False) as clock:
        seen_at = timezone.now()
        data = opened(browser, two)
        clock.shift(timedelta(minutes=7))
        browser.client.post(
            f"/fassung/{version.pk}/unterschreiben/", data, REMOTE_ADDR="203.0.113.77"
        )
    signature = Signature.objects.get()
    assert signature.shown_at == seen_at
    assert signature.signed_at == seen_at + timedelta(minutes=7)
    assert signature.network == "203.0.113.0/24"
    event = AgreementEvent.objects.get(kind="signed")
    assert event.at == signature.signed_at
    assert event.data == {
        "version": 1,
        "sha256": version.sha256,
        "position": 1,
        "signature": str(signature.pk),
        "name": two.people[0].name,
        "title": signature.signer_title,
        "firm": signature.partner_legal_name,
        "authority": "prokura",
        "method": "password",
        "intent": signature.intent,
        "language": "en",
        "shown_at": seen_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "network": "203.0.113.0/24",
    }


def test_who_did_not_open_the_text_does_not_sign_it() -> None:
    two = world()
    version, elsewhere = two.freeze(), another(two).freeze()
    browser = Browser(two.people[0])
    data = fields(browser.get("version", version.pk).one(".sign-form"))
    data |= {"agreed": "on", "authority": "prokura", "password": PASSWORD}
    for mark in (
        "",
        "forged",
        data["shown"][:-1],
        showing.mark(version, two.people[1], two.firms[1]),  # shown to the other one
        showing.mark(elsewhere, two.people[0], two.firms[0]),  # another text was shown
        showing.mark(version, two.people[0], two.firms[1]),  # shown for another firm
    ):
        done = browser.follow("sign", version.pk, **data | {"shown": mark})
        assert done.messages() == NOT_READ
    assert not Signature.objects.exists()
    assert not AgreementEvent.objects.filter(kind="signed").exists()
    browser.post("sign", version.pk, **data)
    assert Signature.objects.exists()


def test_what_was_read_long_ago_is_read_again() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    data = opened(browser, two)
    shown = showing.shown_at(data["shown"], version, two.people[0], two.firms[0])
    with time_machine.travel(shown + showing.LONGEST, tick=False):
        assert showing.shown_at(data["shown"], version, two.people[0], two.firms[0]) == shown
    for moment in (shown + showing.LONGEST + timedelta(seconds=1), shown - timedelta(seconds=1)):
        with time_machine.travel(moment, tick=False), pytest.raises(showing.NotShown):
            showing.shown_at(data["shown"], version, two.people[0], two.firms[0])


def test_a_wrong_password_keeps_the_first_reading() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    data = opened(browser, two)
    page = browser.post("sign", version.pk, **data | {"password": "wrong"})
    assert page.status == 422
    assert fields(page.one(".sign-form"))["shown"] == data["shown"]
