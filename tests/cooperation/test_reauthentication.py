"""Signing asks who is there, with whatever the person has, for this text alone."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from allauth.core.context import request_context
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.test import RequestFactory
from django.urls import reverse

from cooperation import evidence, showing
from cooperation.models import AgreementEvent, Signature
from partners import reauthentication
from partners.models import Partner, User
from partners.reauthentication import Method
from tests.cooperation.browsers import Browser
from tests.cooperation.worlds import world
from tests.factories import PASSWORD, PartnerFactory, UserFactory
from tests.passkeys import Passkey

pytestmark = pytest.mark.django_db


class Scene:
    """A version open for signing, and the browser of the first firm's signer."""

    def __init__(self) -> None:
        self.world = world()
        self.version = self.world.freeze()
        self.signer = self.world.people[0]
        self.firm = self.world.firms[0]
        self.browser = Browser(self.signer)

    def sign(self, **shown: str) -> Any:
        version = self.version
        return self.browser.post(
            "sign",
            version.pk,
            shown=showing.mark(version, self.signer, self.firm),
            agreed="on",
            authority="managing_director",
            seen=version.sha256,
            **shown,
        )

    def purpose(self) -> str:
        """As the page names it."""
        way = self.browser.get("version", self.version.pk).one("[data-purpose]")
        return str(way["data-purpose"])

    def challenge(self, purpose: str) -> dict[str, Any]:
        answer = self.browser.client.post(
            reverse("partners:passkey_challenge"), {"purpose": purpose}
        )
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def scene() -> Scene:
    return Scene()


def app_of(user: User) -> str:
    """An authenticator app of ``user``; its secret."""
    secret: str = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def code_of(secret: str) -> str:
    code: str = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))
    return code


def fields(page: Any) -> set[str]:
    names = {"password", "code", "credential"}
    return {tag["name"] for tag in page.soup.select(".sign-form input[name]")} & names


def _check(scene: Scene, **given: str) -> Method:
    request = RequestFactory().post("/")
    request.session = scene.browser.client.session
    request.user = scene.signer
    with request_context(request):  # where the library looks for its host
        asked = reauthentication.asked(request, _purpose(scene), firm=scene.firm)
        return reauthentication.check(asked, request, given)


# ---- Which ways ----------------------------------------------------------------------------------


def test_password_is_asked_for_only_where_there_is_nothing_stronger(scene: Scene) -> None:
    assert fields(scene.browser.get("version", scene.version.pk)) == {"password"}
    app_of(scene.signer)
    assert fields(scene.browser.get("version", scene.version.pk)) == {"code"}
    Passkey(scene.signer)
    assert fields(scene.browser.get("version", scene.version.pk)) == {"code", "credential"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("any", (Method.ENTRA, Method.PASSWORD)),
        ("second_factor", (Method.ENTRA,)),
        ("entra", (Method.ENTRA,)),
    ],
)
def test_a_firm_decides_what_is_good_enough_for_it(
    rule: str, expected: tuple[Method, ...], settings: Any
) -> None:
    settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET = "portal", "secret"
    user = UserFactory.create()
    SocialAccount.objects.create(user=user, provider="microsoft", uid="tid:oid")
    firm = PartnerFactory.build(sign_in_rule=rule)
    assert reauthentication.methods(user, firm) == expected


def test_who_has_no_way_is_led_to_one(scene: Scene) -> None:
    scene.signer.set_unusable_password()
    scene.signer.save()
    scene.browser.client.force_login(scene.signer)
    page = scene.browser.get("version", scene.version.pk)
    assert fields(page) == set()
    assert page.one(".confirm a")["href"] == reverse("mfa_index")
    assert scene.sign(password=PASSWORD).status == 422
    assert not Signature.objects.exists()


# ---- A code of the app ---------------------------------------------------------------------------


def test_code_signs_once_and_stands_in_the_evidence(scene: Scene) -> None:
    secret = app_of(scene.signer)
    code = code_of(secret)
    assert scene.sign(code="000000" if code != "000000" else "111111").errors() == [
        "This code does not fit, or it was used already. Please take the next one."
    ]
    assert scene.sign(code=code).status == 302

    signature = Signature.objects.get()
    assert signature.method == Method.TOTP
    event = AgreementEvent.objects.get(kind=AgreementEvent.Kind.SIGNED)
    assert event.data["method"] == "totp"
    told = dict(evidence._circumstances(signature))
    assert told["Method"] == "Code of an authenticator app entered"
    with pytest.raises(reauthentication.Refused):
        reauthentication.check_code(scene.signer, code)


def test_password_does_not_sign_for_who_has_an_app(scene: Scene) -> None:
    app_of(scene.signer)
    page = scene.sign(password=PASSWORD)
    assert (page.status, page.errors()) == (
        422,
        ["Please enter the code of your authenticator app."],
    )
    assert not Signature.objects.exists()


def test_codes_are_not_guessed_for_long(scene: Scene) -> None:
    secret = app_of(scene.signer)
    wrong = "000000" if code_of(secret) != "000000" else "111111"
    for _try in range(reauthentication.TRIES):
        scene.sign(code=wrong)
    page = scene.sign(code=code_of(secret))
    assert page.errors() == [
        "Too many wrong codes. Please wait a quarter of an hour and try again."
    ]
    assert not Signature.objects.exists()


# ---- A passkey -----------------------------------------------------------------------------------


def test_passkey_signs_this_text_and_stands_in_the_evidence(scene: Scene) -> None:
    passkey = Passkey(scene.signer)
    answer = passkey.answer(scene.challenge(scene.purpose()))
    assert scene.sign(credential=answer).status == 302
    assert Signature.objects.get().method == Method.PASSKEY


def test_answer_of_a_passkey_is_good_once(scene: Scene) -> None:
    passkey = Passkey(scene.signer)
    answer = passkey.answer(scene.challenge(scene.purpose()))
    assert _check(scene, credential=answer) == Method.PASSKEY
    with pytest.raises(reauthentication.Refused):
        _check(scene, credential=answer)
    assert scene.sign(credential=answer).status == 422
    assert not Signature.objects.exists()


@pytest.mark.parametrize("purpose", ["sign something else", "end 1"])
def test_answer_for_another_purpose_signs_nothing(scene: Scene, purpose: str) -> None:
    passkey = Passkey(scene.signer)
    answer = passkey.answer(scene.challenge(purpose))
    page = scene.sign(credential=answer)
    assert (page.status, page.errors()) == (
        422,
        ["The passkey was not confirmed. Please try again."],
    )
    scene.challenge(scene.purpose())  # and not after the right challenge was given out, either
    assert scene.sign(credential=answer).status == 422
    assert not Signature.objects.exists()


def test_challenge_is_good_for_five_minutes(scene: Scene) -> None:
    passkey = Passkey(scene.signer)
    answer = passkey.answer(scene.challenge(scene.purpose()))
    with time_machine.travel(time.time() + reauthentication.LIFETIME + 1):
        assert scene.sign(credential=answer).status == 422
    assert not Signature.objects.exists()


def test_passkey_of_somebody_else_signs_nothing(scene: Scene) -> None:
    Passkey(scene.signer)
    other = Passkey(scene.world.people[1], id=b"of-another-person")
    answer = other.answer(scene.challenge(scene.purpose()))
    assert scene.sign(credential=answer).status == 422
    assert not Signature.objects.exists()


@pytest.mark.parametrize(
    "junk",
    ["x", "{}", "[]", "null", '{"id": 1}', '{"response": {"clientDataJSON": "!"}}', "7" * 99],
)
def test_junk_instead_of_an_answer_is_refused(scene: Scene, junk: str) -> None:
    Passkey(scene.signer)
    scene.challenge(scene.purpose())
    assert scene.sign(credential=junk).status == 422
    assert not Signature.objects.exists()


def test_challenge_needs_a_purpose_of_sensible_length(scene: Scene) -> None:
    url = reverse("partners:passkey_challenge")
    told = [
        scene.browser.client.post(url, {"purpose": purpose}).status_code
        for purpose in ("", "x" * 401, "x" * 400)
    ]
    assert told == [400, 400, 200]


# ---- Microsoft -----------------------------------------------------------------------------------


@pytest.fixture
def entra(settings: Any, scene: Scene) -> User:
    settings.ENTRA_CLIENT_ID, settings.ENTRA_CLIENT_SECRET = "portal", "secret"
    SocialAccount.objects.create(user=scene.signer, provider="microsoft", uid="tid:oid")
    return scene.signer


def _prove(
    scene: Scene, purpose: str, *, user: User | None = None, tenant: UUID | None = None
) -> None:
    """As the way back from Microsoft does."""
    request = RequestFactory().get("/")
    request.session = scene.browser.client.session
    request.user = user or scene.signer
    reauthentication.keep_proof(request, purpose, Method.ENTRA, tenant=tenant)
    request.session.save()


def _purpose(scene: Scene) -> str:
    return f"sign {scene.version.pk} {scene.version.sha256} {scene.firm.pk}"


def test_proof_from_microsoft_signs_once(scene: Scene, entra: User) -> None:
    assert scene.sign().status == 422
    _prove(scene, _purpose(scene))
    page = scene.browser.get("version", scene.version.pk)
    assert page.one(".confirm .notice--ok")
    assert scene.sign().status == 302
    assert Signature.objects.get().method == Method.ENTRA
    assert scene.browser.client.session[reauthentication.SESSION_KEY] == {}


def test_proof_for_another_text_or_of_somebody_else_signs_nothing(
    scene: Scene, entra: User
) -> None:
    _prove(scene, "sign something else")
    assert scene.sign().status == 422
    _prove(scene, _purpose(scene), user=scene.world.people[1])
    assert scene.sign().status == 422
    assert not Signature.objects.exists()


def test_proof_is_good_for_five_minutes(scene: Scene, entra: User) -> None:
    _prove(scene, _purpose(scene))
    with time_machine.travel(time.time() + reauthentication.LIFETIME + 1):
        assert scene.sign().status == 422
    assert not Signature.objects.exists()


def test_a_session_remembers_a_few_proofs_only(scene: Scene) -> None:
    for number in range(3 * reauthentication.MOST_KEPT):
        _prove(scene, f"purpose {number}")
    kept = scene.browser.client.session[reauthentication.SESSION_KEY]
    assert len(kept) == reauthentication.MOST_KEPT
    assert f"proof purpose {3 * reauthentication.MOST_KEPT - 1}" in kept


@pytest.mark.parametrize("own", [True, False])
def test_a_firm_that_demands_its_organisation_takes_no_other(
    own: bool, scene: Scene, entra: User
) -> None:
    tenant, other = uuid4(), uuid4()
    Partner.objects.filter(pk=scene.firm.pk).update(sign_in_rule="entra", entra_tenant=tenant)
    request = RequestFactory().get("/")
    request.session, request.user = scene.browser.client.session, scene.signer
    reauthentication.keep_proof(
        request, _purpose(scene), Method.ENTRA, tenant=tenant if own else other
    )
    scene.firm.refresh_from_db()
    with request_context(request):
        asked = reauthentication.asked(request, _purpose(scene), firm=scene.firm)
        assert asked.is_proved is own
