"""People whom firms name as contacts are told, and are not named again once they object."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core import mail, signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from cooperation import contact_notes
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Answer,
    BlindAnswer,
    ContactNote,
)
from partners.forms import ContactForm
from partners.models import (
    FirmEvent,
    NamedContact,
    PartnerContact,
    User,
)
from partners.privacy import (
    named_contacts,
)
from tests.config.rows import named_contact
from tests.cooperation.amended import in_force
from tests.cooperation.rounds import game
from tests.cooperation.test_reuse import done, take
from tests.cooperation.worlds import CONTACTS, World, another, world
from tests.factories import PartnerFactory, member

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.get_default_timezone())
EN = {"accept-language": "en"}


def test_whoever_is_named_is_told_once() -> None:
    contact = named_contact()
    assert named_contacts.send_due() == 1
    assert (named_contacts.note(), named_contacts.send_due()) == (0, 0)
    [letter] = mail.outbox
    assert letter.to == ["kontakt@kunde.example"]
    assert "Weser IT" in letter.subject
    assert named_contacts.path(contact) in letter.body


def test_own_people_are_not_told_that_they_are_contacts() -> None:
    firm = PartnerFactory.create()
    user = member(firm)
    PartnerContact.objects.create(partner=firm, purpose="Sales", name="Own", email=user.email)
    named_contacts.note()
    assert named_contacts.send_due() == 0
    assert NamedContact.objects.get().state == NamedContact.State.KNOWN


def test_contacts_of_a_project_are_told_too() -> None:
    some = world()
    some.fill()
    named_contacts.note()
    emails = NamedContact.objects.filter(partner=some.firms[0]).values_list("email", flat=True)
    assert list(emails) == ["ada@firma.example"]


def test_the_page_shows_what_this_firm_entered_and_takes_the_objection() -> None:
    contact = named_contact()
    other = PartnerFactory.create(name="Other firm")
    PartnerContact.objects.create(partner=other, purpose="X", name="K", email=contact.email)
    browser, url = Client(headers=EN), named_contacts.path(contact)
    page = browser.get(url).content.decode()
    assert "Kim Kontakt" in page
    assert "Other firm" not in page
    assert contact.partner.contacts.count() == 1  # looking changes nothing
    assert browser.post(url).status_code == 302
    assert (contact.partner.contacts.count(), other.contacts.count()) == (0, 1)
    event = FirmEvent.objects.get(kind="contact_objected")
    assert event.data == {"removed": 1, "left": 0}
    assert "kontakt@kunde.example" not in json.dumps(event.data)
    browser.post(url)
    assert FirmEvent.objects.filter(kind="contact_objected").count() == 1


def test_the_link_of_one_contact_shows_and_removes_no_other() -> None:
    mine = named_contact()
    hers = named_contact("andere@kunde.example")
    browser = Client(headers=EN)
    page = browser.get(named_contacts.path(mine)).content.decode()
    assert (mine.email in page, hers.email in page) == (True, False)
    browser.post(named_contacts.path(mine))
    hers.refresh_from_db()
    assert hers.objected_at is None
    assert hers.partner.contacts.count() == 1
    forged = signing.dumps(str(hers.pk), salt="another page")
    answer = browser.post(reverse("partners:named_contact", args=[forged]))
    assert answer.status_code == 404
    assert hers.partner.contacts.count() == 1


REFUSED = "does not want to be named as a contact by your firm"


def test_a_firm_does_not_enter_again_who_objected(sign_in: Callable[[User], Client]) -> None:
    contact = named_contact()
    firm, other = contact.partner, PartnerFactory.create()
    named_contacts.object_to(contact)
    given = {"purpose": "Sales", "name": "Kim", "email": "KONTAKT@kunde.example"}
    with translation.override("en"):
        again = ContactForm(given, instance=PartnerContact(partner=firm))
        assert REFUSED in str(again.errors["email"])
        assert ContactForm(given, instance=PartnerContact(partner=other)).is_valid()
        others = given | {"email": "wer@kunde.example"}
        assert ContactForm(others, instance=PartnerContact(partner=firm)).is_valid()
        by_phone = given | {"email": "", "phone": "+49 221 1"}
        assert ContactForm(by_phone, instance=PartnerContact(partner=firm)).is_valid()
    browser = sign_in(member(firm, "admin"))
    url = reverse("partners:profile_edit")
    page = browser.get(url, headers=EN).context
    posted = {f"{each.html_name}": each.value() or "" for each in page["form"]}
    posted |= {"contacts-TOTAL_FORMS": "1", "contacts-INITIAL_FORMS": "0"}
    posted |= {f"contacts-0-{name}": value for name, value in given.items()}
    assert REFUSED in browser.post(url, posted, headers=EN).content.decode()
    assert not firm.contacts.exists()


def _objected(some: World, number: int, email: str = "ada@firma.example") -> None:
    NamedContact.objects.create(partner=some.firms[number], email=email, objected_at=timezone.now())


def test_a_firm_does_not_name_again_in_a_project_who_objected() -> None:
    some = world()
    _objected(some, 0)
    with pytest.raises(InvalidAnswer, match=REFUSED), translation.override("en"):
        some.propose(0, "contacts", CONTACTS)
    assert not Answer.objects.filter(point_key="contacts").exists()
    some.propose(1, "contacts", CONTACTS)  # what she said to one firm is not said to another
    assert Answer.objects.filter(point_key="contacts").count() == 1


def test_nor_beside_a_signed_agreement() -> None:
    some = in_force()
    _objected(some, 0, "neu@firma.example")
    changed = [{**CONTACTS[0], "email": "neu@firma.example"}, CONTACTS[1]]
    signed = some.agreement.versions.get()
    with pytest.raises(InvalidAnswer, match=REFUSED), translation.override("en"):
        contact_notes.note(signed.pk, "contacts", changed, **some.acting(0))
    assert not ContactNote.objects.exists()
    contact_notes.note(signed.pk, "contacts", changed, **some.acting(1))
    assert ContactNote.objects.count() == 1


def test_nor_in_a_first_round() -> None:
    begun = game()
    _objected(begun.world, 0)
    with pytest.raises(InvalidAnswer, match=REFUSED), translation.override("en"):
        begun.say(0, "contacts", CONTACTS)
    begun.say(1, "contacts", CONTACTS)
    assert BlindAnswer.objects.get().part.partner == begun.world.firms[1]


def test_nor_by_taking_an_answer_over() -> None:
    here = another(done())
    _objected(here, 1)
    assert "contacts" in take(here, 0).filled
    assert "contacts" not in take(here, 1).filled
    named = Answer.objects.filter(agreement=here.agreement, point_key="contacts")
    assert [row.partner for row in named] == [here.firms[0]]


@pytest.mark.parametrize("token", ["x", "IjEi:abc:def", "00000000-0000-0000-0000-000000000000"])
def test_a_link_that_the_portal_did_not_sign_opens_nothing(token: str) -> None:
    named_contact()
    assert Client().get(reverse("partners:named_contact", args=[token])).status_code == 404


def test_a_firm_causes_so_many_mails_a_day_and_no_more() -> None:
    firm = PartnerFactory.create()
    PartnerContact.objects.bulk_create(
        PartnerContact(partner=firm, purpose="p", name=f"N {n}", email=f"n{n}@kunde.example")
        for n in range(named_contacts.A_DAY + 2)
    )
    named_contacts.note()
    assert named_contacts.send_due() == named_contacts.A_DAY
    assert named_contacts.send_due() == 0
