"""A neutral person on the pages: asked by the firms, reading and writing, and seeing no more."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from cooperation import (
    disputes,
    disputes_waiting,
    neutral_people,
)
from cooperation.models import DisputeGuest
from cooperation.working_days import end_of
from tests.cooperation.browsers import Browser, fields
from tests.cooperation.settling import admitted, opened, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

MONDAY = "2026-03-02T09:15Z"
TOMORROW = timedelta(days=1)


def test_asking_agreeing_extending_and_ending() -> None:
    two, version = signed()
    dispute = opened(two, version)
    first, second = Browser(two.people[0]), Browser(two.people[1])
    data = fields(first.get("dispute", dispute.pk).one("#invite form"))
    assert data["until"] == str(timezone.localdate() + timedelta(days=30))

    page = first.follow(
        "dispute_invite", dispute.pk, **{**data, "name": "Nora", "email": "NORA@m.example"}
    )
    assert f"Waits for {two.firms[1].name}." in page.text()
    guest = DisputeGuest.objects.get()
    assert Browser(guest.user).get("dispute", dispute.pk).status == 404
    page = second.follow("dispute_guest_agree", dispute.pk, guest.pk)
    assert page.messages() == ["Your firm agrees to this person."]
    assert Browser(guest.user).get("dispute", dispute.pk).status == 200

    later = timezone.localdate() + timedelta(days=60)
    second.follow("dispute_guest_extend", dispute.pk, guest.pk, until=str(later))
    assert DisputeGuest.objects.get().until == end_of(later)
    for nonsense in ("", "x", "0001-01-01", "9999-12-31"):
        page = second.follow("dispute_guest_extend", dispute.pk, guest.pk, until=nonsense)
        assert len(page.messages()) == 1
    second.follow("dispute_guest_end", dispute.pk, guest.pk)
    assert Browser(guest.user).get("dispute", dispute.pk).status == 404


def test_somebody_of_a_firm_of_the_agreement_is_refused_on_the_page() -> None:
    two, version = signed()
    dispute = opened(two, version)
    page = Browser(two.people[0]).post(
        "dispute_invite",
        dispute.pk,
        name="X",
        email=two.people[1].email,
        language="de",
        until=str(timezone.localdate()),
    )
    assert page.errors() == [
        "This person belongs to a firm of this agreement and so cannot be the neutral one."
    ]
    assert page.one("#invite")["open"] == ""


def test_neutral_person_reads_and_writes_and_sees_no_button_to_decide() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)
    disputes.propose(dispute.pk, "So.", revision=0, **two.acting(0))
    browser = Browser(guest.user)

    page = browser.follow("dispute_write", dispute.pk, text="Mein Vorschlag")
    assert "Nora Neutral , neutral person" in page.text(".talk")
    assert [form["action"] for form in page.soup.select("main form")] == [
        reverse("cooperation:dispute_write", args=[dispute.pk]) + "#write"
    ]
    links = [str(link["href"]) for link in page.soup.select("main a[href], nav a[href]")]
    assert all(browser.client.get(link.split("#")[0]).status_code == 200 for link in links)
    assert "invited Nora Neutral" not in page.text()  # who was asked is the firms' business
    assert "invited Nora Neutral" in Browser(two.people[0]).get("dispute", dispute.pk).text()


def test_form_that_was_open_when_the_time_ran_out_is_not_taken() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)
    browser = Browser(guest.user)
    assert browser.get("dispute", dispute.pk).status == 200
    with time_machine.travel(timezone.now() + timedelta(days=7)):
        browser.client.force_login(guest.user)
        assert browser.post("dispute_write", dispute.pk, text="Zu spät").status == 404
        assert browser.get("dispute", dispute.pk).status == 404
        assert disputes_waiting.for_guest(guest.user) == []
    assert not dispute.entries.filter(text="Zu spät").exists()


def test_start_page_of_the_neutral_person() -> None:
    two, version = signed()
    dispute = opened(two, version)
    guest = admitted(two, dispute)
    browser = Browser(guest.user)

    def start() -> Any:
        from tests.cooperation.browsers import Page

        return Page(browser.client.get(reverse("home")))

    page = start()
    assert page.text(".list__title") == "Logo auf der Website"
    assert "You are here as a neutral person" in page.text()
    assert [link.get_text() for link in page.soup.select(".site-nav a")] == [
        "What waits for me",
        "Kodex",
    ]
    neutral_people.end(guest.pk, **two.acting(1))
    assert "Logo auf der Website" not in start().text()


def test_guest_reads_only_what_the_firms_involved_said_for_themselves() -> None:
    three, version = signed(3)
    dispute = opened(three, version, key="contributions", others=[three.firms[1].pk])
    guest = admitted(three, dispute)
    page = Browser(guest.user).get("dispute", dispute.pk)
    assert "What firm 1 can do" in page.text()
    assert "What firm 2 can do" not in page.text()
    assert "What firm 2 can do" in Browser(three.people[0]).get("dispute", dispute.pk).text()
