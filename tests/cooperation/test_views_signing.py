"""Ready to sign, reading, signing, declining, taking back; and who gets the PDF."""

from typing import Any

import pytest
from django.core.cache import cache

from cooperation import agreement_documents, agreement_pdf, frozen, signing
from cooperation.models import AgreementDocument, AgreementVersion, Signature
from documents import jobs
from documents.models import Document
from partners.models import Partner
from tests import blank
from tests.cooperation.browsers import Browser, Page, fields
from tests.cooperation.worlds import World, world
from tests.factories import PASSWORD, PartnerFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten_tries() -> None:
    cache.clear()


def form_of(page: Page) -> dict[str, Any]:
    return fields(page.one(".sign-form"))


def sign(browser: Browser, version: AgreementVersion, **changes: Any) -> Page:
    data = form_of(browser.get("version", version.pk)) | {
        "agreed": "on",
        "authority": "managing_director",
        "password": PASSWORD,
    }
    return browser.follow("sign", version.pk, **data | changes)


def test_ready_lists_exactly_what_blocks_with_links() -> None:
    two = world()
    two.fill()
    two.propose(0, "exclusivity", "none")
    page = Browser(two.people[0]).get("ready", two.agreement.pk)
    assert [tag["href"] for tag in page.soup.select(".list__title a")] == [
        f"/vereinbarung/{two.agreement.pk}/#point-exclusivity"
    ]
    assert page.text(".list__meta") == f"{two.firms[1].name} has not confirmed this point yet."
    assert page.soup.select("main form") == []


def test_freezing_begins_the_round() -> None:
    two = world()
    two.fill()
    browser = Browser(two.people[0])
    assert "Ready to sign" in browser.get("ready", two.agreement.pk).text()

    done = browser.follow("freeze", two.agreement.pk)

    version = AgreementVersion.objects.get()
    assert done.messages() == ["The text is fixed. Now each firm reads and signs it."]
    assert version.sha256 in done.text("#signatures")
    assert browser.get("ready", two.agreement.pk).status == 302


def test_freezing_is_refused_while_something_blocks() -> None:
    two = world()
    done = Browser(two.people[0]).follow("freeze", two.agreement.pk)
    assert done.messages() == ["The agreement cannot be signed yet. Please see what is still open."]
    assert not AgreementVersion.objects.exists()


def test_text_shows_deviations_first_and_every_point() -> None:
    two = world()
    two.fill()
    two.propose(0, "exclusivity", {"choice": "none", "note": "<i>Weil</i> offen"})
    two.confirm(1, "exclusivity")
    version = signing.freeze(two.agreement.pk, **two.acting(0))

    page = Browser(two.people[1]).get("version", version.pk)

    first = page.soup.select("main section")[0]
    assert "Are we exclusive" in first.get_text()
    assert "<i>Weil</i> offen" in first.get_text()
    data = frozen.content(version.payload)
    count = sum(len(rule["points"]) for rule in data["rules"])
    assert len(page.soup.select(".reading__point")) == count + len(data["deviations"])


def test_authority_is_declared_by_the_signer_and_kept_with_the_signature() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    page = browser.get("version", version.pk)
    assert "authority" not in form_of(page)  # nobody declares it for the signer
    data = form_of(page) | {"agreed": "on", "password": PASSWORD}

    refused = browser.post("sign", version.pk, **data)
    invented = browser.post("sign", version.pk, **data, authority="emperor")
    browser.post("sign", version.pk, **data, authority="prokura")

    assert refused.status == 422
    assert refused.errors() == ["Please say by which right you sign."]
    assert invented.status == 422
    assert Signature.objects.get().authority == "prokura"
    told = browser.get("version", version.pk).text("#signatures")
    assert "Holder of Prokura (registered power of representation)" in told


def test_box_is_empty_and_needed() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    page = browser.get("version", version.pk)
    assert "agreed" not in form_of(page)

    data = form_of(page) | {"password": PASSWORD, "authority": "prokura"}
    again = browser.post("sign", version.pk, **data)

    assert again.status == 422
    assert again.errors() == ["Please tick the box if you want to sign."]
    assert not Signature.objects.exists()


def test_two_firms_sign_and_the_agreement_is_in_force() -> None:
    two = world()
    version = two.freeze()

    done = sign(Browser(two.people[0]), version)
    assert done.messages() == [f"Signed for {two.firms[0].name}. Thank you."]
    assert done.soup.select(".sign-form") == []
    sign(Browser(two.people[1]), version)

    version.refresh_from_db()
    assert version.state == "in_force"
    assert Signature.objects.count() == 2
    assert {row.language for row in AgreementDocument.objects.all()} == {"de", "en"}
    assert "In force" in Browser(two.people[0]).get("version", version.pk).text()


def test_second_signature_of_a_firm_that_signs_jointly() -> None:
    two = world(signing_rule=Partner.SigningRule.TWO_JOINTLY)
    seconds = [member(firm, "signer") for firm in two.firms]
    version = two.freeze()
    sign(Browser(two.people[0]), version)
    page = Browser(seconds[0]).get("version", version.pk)
    assert "Second signature missing" in page.text("#signatures")
    sign(Browser(seconds[0]), version)
    assert Browser(seconds[0]).get("version", version.pk).soup.select(".sign-form") == []
    assert Signature.objects.count() == 2


def test_wrong_password_and_the_pause() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    data = form_of(browser.get("version", version.pk)) | {
        "agreed": "on",
        "authority": "managing_director",
    }
    for _try in range(5):
        page = browser.post("sign", version.pk, **data | {"password": "falsch"})
        assert page.errors() == ["This is not your password. Please try again."]

    page = browser.post("sign", version.pk, **data | {"password": PASSWORD})

    assert page.status == 422
    assert page.errors() == [
        "Too many wrong passwords. Please wait a quarter of an hour and try again."
    ]
    assert not Signature.objects.exists()
    assert sign(Browser(two.people[1]), version).messages()[0].startswith("Signed for")


def test_other_text_than_shown_is_not_signed() -> None:
    two = world()
    version = two.freeze()
    done = sign(Browser(two.people[0]), version, seen="0" * 64)
    assert done.messages() == ["The text has changed since you opened it. Please read it again."]
    assert not Signature.objects.exists()


def test_declining_needs_a_reason_and_opens_the_points() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[1])

    empty = browser.post("decline", version.pk, reason="  ")
    assert empty.status == 422
    assert empty.errors() == ["Please say why, so that the others can respond."]
    done = browser.follow("decline", version.pk, reason="Punkt 5.9 <b>geht</b> nicht")

    assert done.messages() == [
        "Declined. The others see your reason, and the points are open again."
    ]
    assert "Punkt 5.9 <b>geht</b> nicht" in done.text(".summary__refused")
    version.refresh_from_db()
    assert version.state == "declined"
    assert Browser(two.people[0]).get("version", version.pk).soup.select(".sign-form") == []


def test_taking_the_round_back() -> None:
    two = world()
    version = two.freeze()
    sign(Browser(two.people[0]), version)
    done = Browser(two.people[0]).follow("withdraw", version.pk, reason="")
    assert done.messages() == ["The signing round is taken back. The points are open again."]
    version.refresh_from_db()
    assert version.state == "withdrawn"


@pytest.mark.parametrize("role", ["manager", "lead", "specialist", "observer", "admin"])
def test_only_who_may_sign_signs_or_declines(role: str) -> None:
    two = world()
    version = two.freeze()
    browser = Browser(member(two.firms[0], role))
    assert browser.get("version", version.pk).soup.select(".sign-form") == []
    data = {
        "agreed": "on",
        "authority": "managing_director",
        "password": PASSWORD,
        "seen": version.sha256,
    }
    assert browser.post("sign", version.pk, **data).status == 403
    assert browser.post("decline", version.pk, reason="Nein").status == 403
    assert not Signature.objects.exists()


def made(two: World) -> AgreementVersion:
    """In force, its PDFs ordered."""
    version = two.freeze()
    for number in (0, 1):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="managing_director",
            **two.acting(number),
        )
    return version


def test_pdf_is_watched_and_then_handed_out() -> None:
    two = world()
    version = made(two)
    browser = Browser(two.people[0], htmx=True)

    queued = browser.get("document_status", version.pk, "de")
    assert queued.one("[hx-get]")["hx-get"] == f"/fassung/{version.pk}/pdf/de/stand/"
    assert browser.get("document", version.pk, "de").status == 404
    row = AgreementDocument.objects.get(language="de")
    jobs.build(row.document_id, agreement_pdf.render)

    ready = browser.get("document_status", version.pk, "de")
    assert ready.soup.select("[hx-get]") == []
    download = browser.get("document", version.pk, "de")
    response = download.response
    assert response.headers["Content-Type"] == "application/pdf"
    assert (
        'filename="agreement-neuer-arbeitsplatz-v1-de.pdf"'
        in response.headers["Content-Disposition"]
    )
    assert download.body.startswith(b"%PDF")


def test_failed_pdf_can_be_tried_again() -> None:
    two = world()
    version = made(two)
    Document.objects.filter(language="de").update(state="failed", error="kaputt")
    browser = Browser(two.people[0])
    assert "Try again" in browser.get("version", version.pk).text("#pdf")
    browser.post("document_retry", version.pk, "de")
    assert AgreementDocument.objects.get(language="de").document.state == "queued"


def test_version_and_pdf_are_for_the_firms_that_take_part() -> None:
    two = world()
    version = made(two)
    row = AgreementDocument.objects.get(language="de")
    jobs.build(row.document_id, blank.pdf)
    stranger = Browser(member(PartnerFactory.create(), "manager", "signer"))
    for name in ("version", "document", "document_status"):
        args = (version.pk,) if name == "version" else (version.pk, "de")
        assert stranger.get(name, *args).status == 404
    for name in ("sign", "decline", "withdraw"):
        assert stranger.post(name, version.pk).status == 404
    assert stranger.post("document_retry", version.pk, "de").status == 404
    assert Browser(two.people[1]).get("document", version.pk, "de").status == 200


def test_documents_are_ordered_once() -> None:
    two = world()
    version = made(two)
    agreement_documents.order(version, by=two.people[0])
    assert AgreementDocument.objects.count() == 2


@pytest.mark.parametrize("firms", [2, 3])
def test_reading_queries_do_not_grow(firms: int, django_assert_num_queries: Any) -> None:
    several = world(firms)
    version = several.freeze()
    browser = Browser(several.people[0])
    browser.get("version", version.pk)
    with django_assert_num_queries(14):  # one of them: the second factors of the signer
        page = browser.get("version", version.pk)
    assert len(page.soup.select("#signatures .list__item")) == firms


def test_the_sentence_is_kept_in_the_language_it_was_shown_in() -> None:
    two = world()
    version = two.freeze()
    browser = Browser(two.people[0])
    data = form_of(browser.get("version", version.pk)) | {
        "agreed": "on",
        "authority": "managing_director",
        "password": PASSWORD,
    }
    shown = data["language"]
    other = "en" if shown == "de" else "de"
    browser.client.cookies["django_language"] = other  # chosen in another window meanwhile

    browser.follow("sign", version.pk, **data)

    signature = Signature.objects.get()
    assert signature.language == shown
    assert signature.intent == signing.intent(version, two.firms[0], shown)
    assert signature.intent != signing.intent(version, two.firms[0], other)
