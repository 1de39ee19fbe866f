"""A person's own data: taken along, and erased without breaking what others rely on."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from cooperation import comments, outside_invitations, trail_checking
from cooperation.models import (
    Agreement,
    AgreementEvent,
    OutsideInvitation,
    Signature,
)
from partners import firm_log, invitations
from partners.models import (
    Erasure,
    FirmEvent,
    Invitation,
    Membership,
    NamedContact,
    PartnerContact,
    Registration,
    User,
)
from partners.people import NotPossible
from partners.privacy import (
    erasure,
    named_contacts,
    personal_export,
    registry,
)
from tests.config.rows import named_contact, registration
from tests.cooperation.amended import in_force
from tests.cooperation.worlds import world
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
EN = {"accept-language": "en"}


# ---- One's own data ------------------------------------------------------------------------------


def test_the_export_holds_what_a_person_did_and_nothing_of_others() -> None:
    some = world()
    mine, other = some.people
    some.propose(0, "shared_goal", "A goal of mine")
    comments.write(some.agreement.pk, "shared_goal", "My words", **some.acting(0))
    comments.write(some.agreement.pk, "shared_goal", "Her words", **some.acting(1))

    told = json.loads(personal_export.dump(mine))

    tables = {(entry["table"], entry["as"]): entry["rows"] for entry in told["holdings"]}
    assert told["format"] == "handschlag-person/1"
    assert tables["partners.User", "pk"][0]["email"] == mine.email
    assert [row["text"] for row in tables["cooperation.Comment", "by"]] == ["My words"]
    assert tables["cooperation.Proposal", "by"][0]["value"] == {"text": "A goal of mine"}
    whole = json.dumps(told)
    assert "Her words" not in whole
    assert other.name not in whole
    assert other.email not in whole
    assert str(other.pk) not in whole
    assert mine.password not in whole
    assert "password" not in tables["partners.User", "pk"][0]


def test_the_export_covers_every_declared_way_to_a_person() -> None:
    """A way that the export does not take would be found here as a table of nobody."""
    ways = {(held.model, path) for held in registry.held() for path in held.own}
    user = UserFactory.create()
    taken = {(entry["table"], entry["as"]) for entry in personal_export._holdings(user)}
    assert taken == ways


def test_the_file_is_sent_to_its_person_only(sign_in: Callable[[User], Client]) -> None:
    user = member(PartnerFactory.create())
    browser = sign_in(user)
    back = browser.get(reverse("partners:my_data_export"))  # a link downloads nothing
    assert back.headers["location"] == reverse("partners:my_data")
    answer = browser.post(reverse("partners:my_data_export"))
    assert answer["content-disposition"].startswith('attachment; filename="handschlag-')
    assert "no-store" in answer["cache-control"]
    assert json.loads(answer.content)["person"] == str(user.pk)


# ---- Erasure -------------------------------------------------------------------------------------


def test_erasing_removes_the_person_and_keeps_the_chains() -> None:
    some = in_force()
    firm, person = some.firms[0], some.people[0]
    member(firm, "admin")
    place = Membership.objects.get(user=person)
    firm_log.record(firm, "log_exported", by=person)
    PartnerContact.objects.create(partner=firm, purpose="Data", name="P", email=person.email)
    UserSession.objects.create(user=person, ip="203.0.113.7", session_key="k", user_agent="Browser")
    before = (person.name, person.email)
    signature = Signature.objects.get(signer=person)

    erasure.erase(person, by=person)

    person.refresh_from_db()
    place.refresh_from_db()
    assert (person.name, person.is_active, person.has_usable_password()) == ("N. N.", False, False)
    assert person.email.endswith("@erased.invalid")
    assert (place.left_at is not None, place.may_sign, place.title) == (True, False, "")
    assert not EmailAddress.objects.filter(user=person).exists()
    assert not UserSession.objects.filter(user=person).exists()
    assert not PartnerContact.objects.filter(partner=firm).exists()
    told = [event.personal for event in FirmEvent.objects.filter(partner=firm)]
    assert all(name not in json.dumps(told) for name in before)
    assert FirmEvent.objects.filter(partner=firm).last().kind == "person_erased"  # type: ignore[union-attr]
    assert list(firm_log.breaks(firm)) == []
    assert trail_checking.check(some.agreement.pk).findings == []
    signature.refresh_from_db()
    assert (signature.signer_name, signature.signer_id) == (before[0], person.pk)  # evidence
    assert Erasure.objects.get().person == person.pk
    with pytest.raises(NotPossible, match="already"), translation.override("en"):
        erasure.erase(person, by=person)


def test_erasing_finds_the_address_from_before_there_was_an_account() -> None:
    some = world()
    firm = some.firms[0]
    admin = member(firm, "admin")
    asked: dict[str, Any] = {
        "email": "neu@firma.example", "name": "Nele Neu", "language": "de", "title": "",
        "rights": {"is_observer": True},
    }  # fmt: skip
    invitations.invite(firm, by=admin, **asked)
    outside_invitations.invite(
        some.agreement.pk, email="neu@firma.example", language="de", message="Hallo Nele",
        **some.acting(1),
    )  # fmt: skip
    user = UserFactory.create(name="Nele Neu", email="neu@firma.example")
    LogEntry.objects.create(
        user=admin,
        object_repr="Nele Neu",
        object_id=str(user.pk),
        content_type=ContentType.objects.get_for_model(User),
        action_flag=2,
    )
    _registration_of(user)

    erasure.erase(user, by=user)

    for table in (FirmEvent, Invitation, OutsideInvitation, Registration, LogEntry, User):
        rows = json.dumps(list(table._default_manager.values()), default=str)
        assert "Nele" not in rows, table
        assert "neu@firma.example" not in rows, table
    assert OutsideInvitation.objects.get().withdrawn_at is not None
    assert list(firm_log.breaks(firm)) == []


def _registration_of(user: User) -> None:
    row = registration(timezone.now())
    Registration.objects.filter(pk=row.pk).update(email=user.email, person_name=user.name)


def test_an_objection_outlives_the_account_and_the_plan_says_so() -> None:
    contact = named_contact()
    user = UserFactory.create(email=contact.email)
    assert erasure.plan(user).stays == []
    named_contacts.object_to(contact)
    with translation.override("en"):
        assert [str(each.what).split(",")[0] for each in erasure.plan(user).stays] == [
            "That you objected to being named as a contact"
        ]
    erasure.erase(user, by=user)
    assert NamedContact.objects.values_list("name", "email").get() == ("", contact.email)


def test_a_project_that_nobody_pursued_forgets_what_the_person_said() -> None:
    some = world()
    some.propose(0, "shared_goal", "A goal")
    Agreement.objects.update(status=Agreement.Status.ABANDONED)
    member(some.firms[0], "admin")
    own = AgreementEvent.objects.filter(by=some.people[0]).count()
    assert own > 1
    erasure.erase(some.people[0], by=some.people[0])
    assert AgreementEvent.objects.filter(erased_at__isnull=False, salt="").count() == own
    assert trail_checking.check(some.agreement.pk).findings == []


def test_what_stands_in_the_way_is_said_first() -> None:
    firm = PartnerFactory.create(name="Weser IT")
    admin = member(firm, "admin")
    with translation.override("en"):
        assert [each.split(".")[0] for each in erasure.plan(admin).obstacles] == [
            "You are the only admin of Weser IT"
        ]
        with pytest.raises(NotPossible, match="only admin"):
            erasure.erase(admin, by=admin)
    member(firm, "admin")
    assert erasure.plan(admin).obstacles == []


def test_an_open_round_with_ones_signature_stands_in_the_way() -> None:
    from tests.cooperation.amended import sign

    some = world()
    version = some.freeze()
    sign(some, version, 0)
    with translation.override("en"):
        assert [
            "the round is still open" in each for each in erasure.plan(some.people[0]).obstacles
        ] == [True]
        assert erasure.plan(some.people[1]).obstacles == []


def test_nobody_is_erased_without_showing_who_they_are(sign_in: Callable[[User], Client]) -> None:
    user = member(PartnerFactory.create())
    browser, url = sign_in(user), reverse("partners:erase_me")
    page = browser.get(url, headers=EN)
    assert "What stays, and why" in page.content.decode()
    for given in (
        {},
        {"understood": "on"},
        {"understood": "on", "password": "wrong"},
        {"password": PASSWORD},
    ):
        assert browser.post(url, given).status_code == 200
        assert not Erasure.objects.exists()
    answer = browser.post(url, {"understood": "on", "password": PASSWORD})
    assert answer.headers["location"] == reverse("partners:privacy")
    assert Erasure.objects.get().person == user.pk
    assert browser.get(reverse("partners:my_data")).status_code == 302  # signed out


def test_an_admin_erases_only_who_has_left_and_belongs_nowhere(
    sign_in: Callable[[User], Client],
) -> None:
    firm = PartnerFactory.create()
    browser = sign_in(member(firm, "admin"))
    gone, still = MembershipFactory.create(partner=firm), MembershipFactory.create(partner=firm)
    elsewhere = MembershipFactory.create(partner=firm)
    MembershipFactory.create(user=elsewhere.user)
    for place in (gone, elsewhere):
        Membership.objects.filter(pk=place.pk).update(left_at=timezone.now())
    given = {"understood": "on", "password": PASSWORD}
    urls = {
        place: reverse("partners:person_erase", args=[place.pk])
        for place in (gone, still, elsewhere)
    }
    assert browser.post(urls[still], given).status_code == 404
    assert browser.post(urls[elsewhere], given).status_code == 404
    assert not Erasure.objects.exists()
    assert browser.post(urls[gone], given).status_code == 302
    assert Erasure.objects.get().person == gone.user_id
    event = FirmEvent.objects.get(partner=firm, kind="person_erased")
    assert (event.about, event.data) == (None, {"on_own_request": False})
