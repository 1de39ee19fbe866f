import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from django.db import IntegrityError, transaction

from cooperation import answers, differences, frozen, kinds, projects, signing
from cooperation.agreements import NotPossible
from cooperation.models import (
    Agreement,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Signature,
    SignatureSlot,
)
from cooperation.signing import AlreadySigned, Blocked, NotSignable
from documents.models import Document
from partners.models import Membership, Partner
from tests.cooperation.worlds import World, world
from tests.evidence import lifted
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def sign(world: World, version: AgreementVersion, firm: int, **change: Any) -> Signature:
    fields = {
        **world.acting(firm),
        "seen": version.sha256,
        "language": "de",
        "authority": "managing_director",
        **change,
    }
    return signing.sign(version.pk, **fields)


def kinds_of_events() -> list[str]:
    return list(AgreementEvent.objects.order_by("seq").values_list("kind", flat=True))


# ---- Freezing ----------------------------------------------------------------------------------


def test_open_points_block_and_are_named() -> None:
    two = world()

    with pytest.raises(Blocked) as blocked:
        signing.freeze(two.agreement.pk, **two.acting(0))

    keys = [blocker.point.key for blocker in blocked.value.blockers if blocker.point]
    visible_required = [
        "shared_goal",
        "contributions",
        "cooperation_model",
        "exclusivity",
        "customer_protection",
        "fair_conduct",
        "term",
        "exit_notice",
    ]
    assert keys[: len(visible_required)] == visible_required
    assert "own_interests" not in keys
    assert not AgreementVersion.objects.exists()


def test_frozen_text_is_canonical_and_its_hash_is_the_hash_of_its_bytes() -> None:
    two = world()

    version = two.freeze()

    payload = bytes(version.payload)
    assert rfc8785.dumps(json.loads(payload)) == payload
    assert version.sha256 == hashlib.sha256(payload).hexdigest()
    assert version.state == "signing"
    assert Agreement.objects.get().status == "signing"
    assert [(s.partner, s.needed, s.is_open) for s in version.slots.all()] == [
        (two.firms[0], 1, True),
        (two.firms[1], 1, True),
    ]


def test_frozen_text_says_everything_in_both_languages() -> None:
    two = world()
    two.fill()
    value = {"choice": "customer", "note": "<b>nur</b> Cloud"}
    two.propose(1, "exclusivity", value)
    two.confirm(0, "exclusivity")
    version = signing.freeze(two.agreement.pk, **two.acting(0))

    content = frozen.content(version.payload)

    assert content["deviations"] == ["exclusivity"]
    assert [party["legal_name"] for party in content["parties"]] == [
        firm.legal_name for firm in two.firms
    ]
    assert content["rule_book"]["version"] == two.agreement.rule_book.version
    assert "kein" not in content["rule_book"]["statement"]["en"]
    found = {point["key"]: point for rule in content["rules"] for point in rule["points"]}
    exclusivity = found["exclusivity"]
    assert exclusivity["compared"] == "different"
    assert exclusivity["answers"] == [
        {
            "partner": None,
            "origin": "proposed",
            "source": {},
            "resolution": "value",
            "value": value,
            "note": "",
            "said": {
                "de": {
                    "lines": ["Für diesen Kunden insgesamt"],
                    "grid": None,
                    "note": "<b>nur</b> Cloud",
                },
                "en": {
                    "lines": ["For this customer as a whole"],
                    "grid": None,
                    "note": "<b>nur</b> Cloud",
                },
            },
        }
    ]
    assert found["own_interests"]["state"] == "left_out"
    assert len(found["contributions"]["answers"]) == 2
    assert "payment_days" not in found  # everybody sends own invoices


def test_localised_text_has_one_language() -> None:
    two = world()
    content = frozen.content(two.freeze().payload)

    german, english = frozen.localised(content, "de"), frozen.localised(content, "en")

    assert german["rules"][0]["title"] == "Verständnis von Partnerschaft"
    assert english["rules"][0]["title"] == "Understanding of partnership"
    point = english["rules"][1]["points"][1]
    assert point["answers"][0]["said"]["lines"] == ["Weekly (project leads), monthly (sponsors)"]


def test_frozen_text_does_not_change_with_the_language_of_the_request() -> None:
    from django.utils import translation

    two = world()
    two.fill()
    sheet = two.sheet
    at = two.agreement.created_at
    texts = set()
    for language in ("de", "en"):
        with translation.override(language):
            texts.add(frozen.payload(two.agreement, sheet, number=1, at=at))

    assert len(texts) == 1


def test_points_stand_still_while_signing() -> None:
    two = world()
    two.freeze()

    with pytest.raises(NotPossible, match="no longer in negotiation"):
        two.propose(0, "exclusivity", "none")
    with pytest.raises(NotPossible, match="no longer in negotiation"):
        two.press(1)
    with pytest.raises(NotPossible, match="no longer in negotiation"):
        answers.ask_to_talk(two.agreement.pk, "exclusivity", "Doch nicht", **two.acting(1))
    with pytest.raises(NotPossible, match="no further firm can be invited"):
        projects.invite(two.agreement.pk, PartnerFactory.create(), **two.acting(0))
    with pytest.raises(NotPossible, match="no longer in negotiation"):
        signing.freeze(two.agreement.pk, **two.acting(0))


def test_later_change_of_a_firm_does_not_touch_the_frozen_text() -> None:
    two = world()
    version = two.freeze()
    before = bytes(version.payload)

    Partner.objects.filter(pk=two.firms[1].pk).update(legal_name="Neu AG", name="Neu")

    version.refresh_from_db()
    assert bytes(version.payload) == before
    assert b"Neu AG" not in before


# ---- Signing -----------------------------------------------------------------------------------


def test_last_signature_puts_the_agreement_into_force_and_orders_both_pdfs() -> None:
    two = world()
    version = two.freeze()

    sign(two, version, 0)
    version.refresh_from_db()
    assert version.state == "signing"
    assert not Document.objects.exists()
    sign(two, version, 1)

    version.refresh_from_db()
    agreement = Agreement.objects.get()
    assert (version.state, agreement.status) == ("in_force", "in_force")
    assert version.in_force_at == agreement.in_force_at is not None
    links = AgreementDocument.objects.order_by("language")
    assert [(link.language, link.document.state) for link in links] == [
        ("de", "queued"),
        ("en", "queued"),
    ]
    assert {link.document.task for link in links} == {"cooperation.tasks.build_agreement_pdf"}
    assert kinds_of_events()[-4:] == ["frozen", "signed", "signed", "in_force"]


def test_signature_copies_what_must_not_change() -> None:
    two = world()
    version = two.freeze()

    signature = sign(two, version, 0)
    two.people[0].name = "Anders"
    two.people[0].save()
    Partner.objects.filter(pk=two.firms[0].pk).update(legal_name="Neu AG")

    signature.refresh_from_db()
    assert signature.signer_name != "Anders"
    assert signature.signer_title == "Geschäftsführerin"
    assert signature.partner_legal_name == two.firms[0].legal_name
    assert signature.payload_sha256 == version.sha256
    assert signature.method == "password"
    assert two.firms[0].legal_name in signature.intent


def test_intent_is_in_the_language_of_the_signer() -> None:
    two = world()
    version = two.freeze()

    german = sign(two, version, 0, language="de").intent
    english = sign(two, version, 1, language="en").intent

    assert "mit einer einfachen elektronischen Signatur" in german
    assert "with a simple electronic signature" in english


def test_other_text_than_shown_is_refused() -> None:
    two = world()
    version = two.freeze()

    with pytest.raises(NotSignable, match="The text has changed"):
        sign(two, version, 0, seen="0" * 64)

    assert not Signature.objects.exists()


def test_changed_bytes_in_the_database_are_refused() -> None:
    two = world()
    version = two.freeze()
    with lifted():
        AgreementVersion.objects.filter(pk=version.pk).update(payload=b"{}")

    with pytest.raises(NotSignable, match="The text has changed"):
        sign(two, version, 0)


def test_same_person_twice_counts_once() -> None:
    two = world()
    version = two.freeze()

    first = sign(two, version, 0)
    again = sign(two, version, 0)

    assert again == first
    assert Signature.objects.count() == 1
    assert kinds_of_events().count("signed") == 1


def test_same_person_after_the_agreement_came_into_force_gets_the_same_signature() -> None:
    two = world()
    version = two.freeze()
    first = sign(two, version, 0)
    sign(two, version, 1)

    assert sign(two, version, 0) == first


def test_signature_of_a_closed_round_is_not_confirmed_again() -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)
    signing.withdraw(version.pk, **two.acting(1))

    with pytest.raises(NotSignable, match="open for signing"):
        sign(two, version, 0)


def test_second_person_of_a_firm_that_signs_alone_counts_not() -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)
    colleague = member(two.firms[0], "signer")

    with pytest.raises(AlreadySigned) as already:
        sign(two, version, 0, by=colleague)

    assert already.value.signature.signer == two.people[0]
    assert Signature.objects.count() == 1


def test_two_jointly_needs_two_different_people() -> None:
    two = world()
    Partner.objects.filter(pk=two.firms[0].pk).update(signing_rule="two_jointly")
    colleague = member(two.firms[0], "signer")
    two.firms[0].refresh_from_db()
    version = two.freeze()
    sign(two, version, 1)

    sign(two, version, 0)
    assert sign(two, version, 0).position == 1
    version.refresh_from_db()
    assert version.state == "signing"
    second = sign(two, version, 0, by=colleague)

    version.refresh_from_db()
    assert (second.position, version.state) == (2, "in_force")


def test_number_of_signatures_is_the_one_of_the_freeze() -> None:
    two = world()
    version = two.freeze()
    Partner.objects.filter(pk=two.firms[0].pk).update(signing_rule="two_jointly")

    sign(two, version, 0)
    sign(two, version, 1)

    version.refresh_from_db()
    assert version.state == "in_force"


@pytest.mark.parametrize("change", ["role", "left", "inactive", "staff"])
def test_who_lost_the_right_cannot_sign(change: str) -> None:
    two = world()
    version = two.freeze()
    person = two.people[0]
    membership = Membership.objects.get(user=person)
    if change == "role":
        Membership.objects.filter(pk=membership.pk).update(may_sign=False)
    elif change == "left":
        joined = version.frozen_at - timedelta(days=1)
        Membership.objects.filter(pk=membership.pk).update(
            joined_at=joined, left_at=version.frozen_at
        )
    else:
        setattr(person, "is_active" if change == "inactive" else "is_staff", change == "staff")
        person.save()

    with pytest.raises(NotSignable, match="not \\(or no longer\\) entitled"):
        sign(two, version, 0)

    assert not Signature.objects.exists()


def test_nobody_signs_for_another_firm() -> None:
    two = world()
    version = two.freeze()
    stranger = PartnerFactory.create()

    with pytest.raises(NotSignable, match="not \\(or no longer\\) entitled"):
        sign(two, version, 0, partner=two.firms[1])
    with pytest.raises(NotSignable, match="not a party"):
        sign(two, version, 0, by=member(stranger, "signer"), partner=stranger)


def test_three_signatures_in_one_place_are_impossible() -> None:
    two = world()
    version = two.freeze()
    signature = sign(two, version, 0)
    row = Signature.objects.get(pk=signature.pk)
    row.pk, row.signer, row._state.adding = None, two.people[1], True

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


# ---- Declining and taking back -----------------------------------------------------------------


def test_declining_needs_a_reason_and_goes_back_to_negotiation() -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)
    with pytest.raises(kinds.InvalidAnswer) as refused:
        signing.decline(version.pk, reason="  ", **two.acting(1))
    assert list(refused.value.errors) == ["reason"]

    signing.decline(version.pk, reason="Die Frist ist zu kurz.", **two.acting(1))

    version.refresh_from_db()
    assert (version.state, version.reason) == ("declined", "Die Frist ist zu kurz.")
    assert (version.closed_by, version.closed_by_partner) == (two.people[1], two.firms[1])
    assert Agreement.objects.get().status == "draft"
    with pytest.raises(NotSignable, match="open for signing"):
        sign(two, version, 1)
    two.propose(0, "exit_notice", {"number": 60, "unit": "days"})
    assert two.state("exit_notice") == "proposed"


def test_new_round_needs_new_signatures() -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)
    signing.withdraw(version.pk, **two.acting(0))

    second = signing.freeze(two.agreement.pk, **two.acting(1))

    assert second.number == 2
    assert second.sha256 != version.sha256
    assert [slot.is_open for slot in second.slots.all()] == [True, True]
    with pytest.raises(NotSignable, match="The text has changed"):
        sign(two, second, 0, seen=version.sha256)


def test_who_has_signed_takes_the_round_back_instead_of_declining() -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)

    with pytest.raises(NotSignable, match="take the signing round back"):
        signing.decline(version.pk, reason="Doch nicht", **two.acting(0))


def test_decline_by_somebody_without_the_right_is_refused() -> None:
    two = world()
    version = two.freeze()
    manager = member(two.firms[1], "manager")

    with pytest.raises(NotSignable):
        signing.decline(version.pk, by=manager, partner=two.firms[1], reason="Nein")

    version.refresh_from_db()
    assert version.state == "signing"


def test_agreement_in_force_cannot_be_taken_back() -> None:
    two = world()
    version = two.freeze()
    sign(two, version, 0)
    sign(two, version, 1)

    with pytest.raises(NotSignable):
        signing.withdraw(version.pk, **two.acting(0))
    with pytest.raises(NotSignable):
        signing.decline(version.pk, reason="Zu spät", **two.acting(1))


def test_declined_version_needs_its_reason_in_the_database_too() -> None:
    two = world()
    version = two.freeze()
    signing.decline(version.pk, reason="Nein", **two.acting(1))

    with lifted(), pytest.raises(IntegrityError), transaction.atomic():
        AgreementVersion.objects.filter(pk=version.pk).update(reason="")


def test_two_rounds_at_once_are_impossible() -> None:
    two = world()
    version = two.freeze()
    version.pk, version.number, version._state.adding = None, 2, True

    with pytest.raises(IntegrityError), transaction.atomic():
        version.save(force_insert=True)


# ---- Differences -------------------------------------------------------------------------------


def test_differences_between_two_versions_read_in_plain_words() -> None:
    two = world()
    first = two.freeze()
    signing.withdraw(first.pk, **two.acting(0))
    two.propose(0, "exit_notice", {"number": 14, "unit": "days"})
    two.confirm(1, "exit_notice")
    two.propose(0, "commercial_model", "day_rates")
    two.confirm(1, "commercial_model")
    for firm in (0, 1):
        two.propose(firm, "day_rates", {"rows": [{"key": "consultant", "amount": "1200"}]})
    two.confirm(0, "day_rates")
    second = signing.freeze(two.agreement.pk, **two.acting(0))

    changes = differences.between(
        frozen.content(first.payload), frozen.content(second.payload), "de"
    )

    assert [(c.number, c.key, c.before, c.after) for c in changes if c.key != "payment_timing"] == [
        ("1.10", "exit_notice", ("30 Tage",), ("14 Tage",)),
        (
            "5.1",
            "commercial_model",
            ("Jeder rechnet seinen Teil selbst mit dem Kunden ab",),
            ("Unterauftrag nach Tagessätzen",),
        ),
        # Day rates are settled between two firms: their annex says what they are.
        ("5.8", "payment_days", None, ("30 Tage",)),
    ]


def test_slots_of_a_version_are_one_per_firm() -> None:
    two = world()
    version = two.freeze()

    with pytest.raises(IntegrityError), transaction.atomic():
        SignatureSlot.objects.create(version=version, partner=two.firms[0], position=3, needed=1)
