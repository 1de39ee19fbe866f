"""Requests that no page makes: hidden fields changed, rights gone meanwhile, texts that deceive."""

import threading
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from cooperation import showing, signing
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    Confirmation,
    CustomerProject,
    Participation,
    Signature,
)
from partners import reauthentication
from partners.models import Membership, Partner, User
from tests.cooperation.browsers import Browser
from tests.cooperation.worlds import another, world
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, member

pytestmark = pytest.mark.django_db

DECEIVING = ["ab\u202ecd", "\u202bab", "\u2067ab\u2069", "a\x07b", "a\x0bb", "a\x9bb", "a\ufffeb"]
HIDDEN = {
    "en": "The text contains invisible control characters. Please type it in again.",
    "de": "Der Text enthält unsichtbare Steuerzeichen. Bitte tippen Sie ihn noch einmal ein.",
}


@pytest.fixture(autouse=True)
def _forgotten_tries() -> None:
    cache.clear()


def signing_data(version: Any, by: Any, **changes: Any) -> dict[str, Any]:
    firm = Membership.objects.filter(user=by).latest("pk").partner
    return {
        "shown": showing.mark(version, by, firm),
        "agreed": "on",
        "authority": "managing_director",
        "password": PASSWORD,
        "seen": version.sha256,
    } | changes


# ---- Texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", DECEIVING)
@pytest.mark.parametrize("field", ["name", "customer_name", "description", "role", "message"])
def test_a_project_has_no_text_that_reads_as_another(field: str, text: str) -> None:
    browser = Browser(member(PartnerFactory.create(), "manager"))
    data = {"name": "Neu", "customer_name": "Werft"} | {field: text}
    assert browser.post("project_create", **data).errors() == [HIDDEN["en"]]
    assert not CustomerProject.objects.exists()
    german = browser.client.post(
        reverse("cooperation:project_create"), data, headers={"accept-language": "de"}
    )
    assert HIDDEN["de"] in german.content.decode()


@pytest.mark.parametrize(
    "name", ["Zeynep \u0627\u0644\u0639", "קפה", "Ada 👩\u200d🔬", "Σοφία 漢字"]
)
def test_names_in_other_scripts_are_taken(name: str) -> None:
    browser = Browser(member(PartnerFactory.create(), "manager"))
    assert browser.post("project_create", name=name, customer_name="Werft").status == 302
    assert CustomerProject.objects.get().name == name


def test_a_line_stays_one_line() -> None:
    browser = Browser(member(PartnerFactory.create(), "manager"))
    browser.post("project_create", name="Neu\r\nBcc: x", customer_name=" A \t B ")
    project = CustomerProject.objects.get()
    assert (project.name, project.customer_name) == ("Neu Bcc: x", "A B")


@pytest.mark.parametrize("text", DECEIVING)
def test_an_answer_has_no_text_that_reads_as_another(text: str) -> None:
    two = world()
    page = Browser(two.people[0]).post("point_answer", two.agreement.pk, "shared_goal", text=text)
    assert (page.status, page.errors()) == (422, [HIDDEN["en"]])
    assert not Answer.objects.exists()


def test_names_of_inputs_without_end_are_left_out() -> None:
    two = world()
    url = reverse("cooperation:point_answer", args=[two.agreement.pk, "shared_goal"])
    body = urlencode({"rows" + ".a" * 5_000: "x", "note." * 3: "x", "text": "Ein Ziel"})
    client = Browser(two.people[0]).client
    answer = client.post(url, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 302
    assert Answer.objects.get().value == {"text": "Ein Ziel"}


# ---- For another firm ----------------------------------------------------------------------------


def test_no_field_of_a_form_says_for_whom_one_acts() -> None:
    two = world()
    other = str(two.firms[1].pk)
    forged = {"partner": other, "party": other, "by": str(two.people[1].pk), "firm": other}
    browser = Browser(two.people[0])
    browser.post(
        "point_answer", two.agreement.pk, "contributions", text="Wir liefern", revision=0, **forged
    )
    answer = Answer.objects.get()
    assert (answer.partner, answer.updated_by_partner) == (two.firms[0], two.firms[0])
    two.propose(0, "shared_goal", "Ein Ziel")
    browser.post("point_confirm", two.agreement.pk, "shared_goal", revision=1, **forged)
    confirmed = Confirmation.objects.filter(point_key="shared_goal")
    assert [row.partner for row in confirmed] == [two.firms[0]]


def test_a_signature_says_nothing_that_the_form_claims() -> None:
    two = world()
    version = two.freeze()
    forged = {
        "partner": str(two.firms[1].pk),
        "slot": str(version.slots.last().pk),  # type: ignore[union-attr]
        "signer_name": "Wer anders",
        "signed_at": "2001-01-01",
        "number": "9",
    }
    before = timezone.now()
    browser = Browser(two.people[0])
    unknown = signing_data(version, two.people[0], language="xx", **forged)
    assert browser.post("sign", version.pk, **unknown).status == 422
    assert not Signature.objects.exists()
    browser.post("sign", version.pk, **signing_data(version, two.people[0], **forged))
    signature = Signature.objects.get()
    assert (signature.slot.partner, signature.signer) == (two.firms[0], two.people[0])
    assert (signature.signer_name, signature.language) == (two.people[0].name, "en")
    assert signature.signed_at >= before


def test_the_text_of_another_agreement_is_not_signed_here() -> None:
    two = world()
    version, elsewhere = two.freeze(), another(two).freeze()
    browser = Browser(two.people[0])
    for seen in (elsewhere.sha256, version.sha256.upper(), version.sha256[:-1], "0" * 64):
        page = browser.follow("sign", version.pk, **signing_data(version, two.people[0], seen=seen))
        assert page.messages() == [
            "The text has changed since you opened it. Please read it again."
        ]
    assert not Signature.objects.exists()


def test_a_signer_of_a_third_firm_of_the_portal_signs_nothing() -> None:
    two = world()
    version = two.freeze()
    stranger = member(PartnerFactory.create(), "manager", "signer")
    assert (
        Browser(stranger).post("sign", version.pk, **signing_data(version, stranger)).status == 404
    )
    # In two firms: the right to sign for the other one does not reach over here.
    MembershipFactory(partner=two.firms[1], user=stranger, manager=True)
    assert (
        Browser(stranger).post("sign", version.pk, **signing_data(version, stranger)).status == 403
    )
    assert not Signature.objects.exists()


# ---- A right that is gone between reading and sending --------------------------------------------


def _leave(user: User) -> None:
    Membership.objects.filter(user=user).update(left_at=timezone.now())


def test_who_has_left_meanwhile_changes_nothing_any_more() -> None:
    two = world()
    two.propose(1, "shared_goal", "Ein Ziel")
    invitee = member(PartnerFactory.create(), "manager")
    firm = Membership.objects.get(user=invitee).partner
    place = Participation.objects.create(
        project=two.agreement.project,
        partner=firm,
        invited_by=two.people[0],
        invited_by_partner=two.firms[0],
        position=9,
    )
    events = AgreementEvent.objects.count()
    browsers = [Browser(two.people[0]), Browser(invitee)]
    _leave(two.people[0])
    _leave(invitee)

    first, second = browsers
    pk = two.agreement.pk
    told = [
        first.post("point_answer", pk, "shared_goal", text="Ein anderes", revision=1),
        first.post("point_confirm", pk, "shared_goal", revision=1),
        first.post("point_talk", pk, "shared_goal", comment="Bitte"),
        first.post("fast_track", pk),
        first.post("freeze", pk),
        second.post("invitation_accept", place.pk),
        second.post("invitation_decline", place.pk),
    ]

    assert {page.status for page in told} == {404}
    assert AgreementEvent.objects.count() == events


@pytest.mark.parametrize("change", [{"may_sign": False}, {"left_at": "2035-01-01T00:00Z"}])
def test_who_lost_the_right_to_sign_meanwhile_signs_no_more(change: dict[str, Any]) -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    assert browser.get("version", version.pk).soup.select(".sign-form")
    Membership.objects.filter(user=two.people[0]).update(**change)
    assert browser.post("sign", version.pk, **signing_data(version, two.people[0])).status in (
        403,
        404,
    )
    assert not Signature.objects.exists()


def test_a_closed_account_is_out_at_once() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    User.objects.filter(pk=two.people[0].pk).update(is_active=False)
    assert browser.post("sign", version.pk, **signing_data(version, two.people[0])).status == 302
    assert not Signature.objects.exists()


# ---- Signing -------------------------------------------------------------------------------------


def test_a_firm_that_renames_itself_signs_under_the_name_of_the_text() -> None:
    two = world()
    version = two.freeze()
    named = two.firms[0].legal_name
    Partner.objects.filter(pk=two.firms[0].pk).update(legal_name="Strohmann Ltd", name="Strohmann")
    browser = Browser(two.people[0])
    page = browser.get("version", version.pk)
    assert named in page.text(".sign-form label[for=id_agreed]")
    browser.post("sign", version.pk, **signing_data(version, two.people[0]))
    signature = Signature.objects.get()
    assert signature.partner_legal_name == named
    assert named in signature.intent


def test_guesses_at_the_same_instant_are_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    user = member(PartnerFactory.create(), "signer")
    checked: list[str] = []
    together = threading.Barrier(reauthentication.TRIES)

    def slowly(_user: User, password: str) -> bool:
        checked.append(password)
        together.wait(timeout=10)  # none is done before as many as may be are begun
        return False

    monkeypatch.setattr(User, "check_password", slowly)

    def guess(number: int) -> None:
        with pytest.raises(reauthentication.Refused):
            reauthentication.check_password(user, f"geraten{number}")

    guesses = [
        threading.Thread(target=guess, args=(number,))
        for number in range(4 * reauthentication.TRIES)
    ]
    for thread in guesses:
        thread.start()
    for thread in guesses:
        thread.join(timeout=30)
    assert len(checked) == reauthentication.TRIES


def test_the_right_password_forgets_the_wrong_ones() -> None:
    user = member(PartnerFactory.create(), "signer")
    for _round in range(3):
        for _try in range(reauthentication.TRIES - 1):
            with pytest.raises(reauthentication.Refused):
                reauthentication.check_password(user, "falsch")
        reauthentication.check_password(user, PASSWORD)


def test_nobody_freezes_or_takes_back_for_a_firm_that_takes_no_part() -> None:
    two = world()
    version = two.freeze()
    outsider = member(PartnerFactory.create(), "manager", "signer")
    MembershipFactory(partner=two.firms[0], user=outsider, observer=True)  # sees it, no more
    browser = Browser(outsider)
    assert browser.get("version", version.pk).status == 200
    assert browser.post("withdraw", version.pk).status == 403
    assert browser.post("decline", version.pk, reason="Nein").status == 403
    version.refresh_from_db()
    assert (version.state, Agreement.objects.get().status) == ("signing", "signing")


# ---- Doors ---------------------------------------------------------------------------------------


def test_an_invited_firm_finds_nothing_by_guessing() -> None:
    two = world()
    two.press(0)
    invitee = member(PartnerFactory.create(), "manager", "signer")
    firm = Membership.objects.get(user=invitee).partner
    Participation.objects.create(
        project=two.agreement.project,
        partner=firm,
        invited_by=two.people[0],
        invited_by_partner=two.firms[0],
        position=9,
    )
    browser = Browser(invitee)
    for name, *arguments in (
        ("project_detail", two.agreement.project_id),
        ("agreement_detail", two.agreement.pk),
        ("point", two.agreement.pk, "publicity"),
        ("point_answer", two.agreement.pk, "publicity"),
        ("ready", two.agreement.pk),
    ):
        assert browser.get(name, *arguments).status == 404
    assert browser.post("freeze", two.agreement.pk).status == 404


@pytest.mark.parametrize("revision", ["-1", "1e3", "99999999999999999999", "²", "None", "0x1", ""])
def test_a_made_up_revision_overwrites_nothing(revision: str) -> None:
    two = world()
    two.propose(1, "shared_goal", "Ein Ziel")
    page = Browser(two.people[0]).post(
        "point_answer", two.agreement.pk, "shared_goal", text="Überschrieben", revision=revision
    )
    assert page.status == 409
    assert Answer.objects.get().value == {"text": "Ein Ziel"}


def test_declining_after_the_round_is_over_is_said_and_changes_nothing() -> None:
    two = world()
    version = two.freeze()
    for number in (0, 1):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **two.acting(number),
        )
    page = Browser(two.people[0]).follow("decline", version.pk, reason="Doch nicht")
    assert page.messages() == ["This version is not (or no longer) open for signing."]
    version.refresh_from_db()
    assert version.state == "in_force"
