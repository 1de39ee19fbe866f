"""The record of evidence in the agreement's PDF, and the files inside it."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.utils import timezone, translation

from cooperation import agreement_pdf, evidence, signing, trail_files
from cooperation.models import (
    AgreementAnnex,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Signature,
)
from cooperation.signing import Circumstances
from documents import offline, originals
from documents.models import Document
from partners.models import User
from tests.cooperation import pairing, settling
from tests.cooperation.worlds import World, world
from tests.documents import pdfs
from tests.factories import member

pytestmark = pytest.mark.django_db

SHOWN = datetime(2026, 7, 1, 12, 0, 5, tzinfo=UTC)


def signed(two: World) -> AgreementVersion:
    """The first firm's signature tells all, the second firm's nothing of its circumstances."""
    version = two.freeze()
    known = Circumstances(shown_at=SHOWN, network="203.0.113.0/24")
    for number, circumstances in enumerate((known, Circumstances())):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="prokura",
            circumstances=circumstances,
            **two.acting(number),
        )
    version.refresh_from_db()
    return version


def ordered(version: AgreementVersion, language: str = "en") -> Document:
    rows = AgreementDocument.objects.select_related("document")
    return rows.get(version=version, language=language).document


def the_record(version: AgreementVersion, until: int | None = None) -> evidence.Record:
    with translation.override("en"):
        values = agreement_pdf.context(version, list(version.slots.all()), "en")
        signatures = Signature.objects.filter(slot__version=version)
        return evidence.record(version, values["text"], signatures, until=until)


def test_the_record_tells_the_round_from_the_log() -> None:
    two = world()
    version = signed(two)
    record = the_record(version)

    numbers = AgreementEvent.objects.filter(agreement=two.agreement).values_list("seq", flat=True)
    last = max(numbers)
    assert [(step.number, step.title) for step in record.steps] == [
        (last - 3, "Text fixed, open for signing"),
        (last - 2, "Signed"),
        (last - 1, "Signed"),
        (last, "In force: all firms have signed"),
    ]
    assert record.before == last - 4
    first, second = two.firms
    assert [step.who for step in record.steps] == [
        f"{two.people[0].name}, {first.legal_name}",
        f"{two.people[0].name}, {first.legal_name}",
        f"{two.people[1].name}, {second.legal_name}",
        "",
    ]
    given = dict(record.steps[1].details)
    assert given["Declared authority"] == "Holder of Prokura (registered power of representation)"
    assert given["Text shown"] == "01.07.2026 12:00:05 UTC (14:00:05 Europe/Berlin)"
    assert (given["Method"], given["Network"]) == ("Password entered again", "203.0.113.0/24")
    unknown = dict(record.steps[2].details)
    assert (unknown["Text shown"], unknown["Network"]) == ("not recorded", "not recorded")
    assert [each.sha256.replace(" ", "") for each in record.fingerprints] == [version.sha256]


def test_who_fixed_the_text_is_named_as_the_log_knew_them() -> None:
    two = world()
    two.fill()
    colleague = member(two.firms[0], "manager")
    version = signing.freeze(two.agreement.pk, by=colleague, partner=two.firms[0])
    named = f"{colleague.name}, {two.firms[0].legal_name}"
    User.objects.filter(pk=colleague.pk).update(name="Heißt heute anders")
    assert the_record(version).steps[0].who == named


def test_the_record_ends_with_the_event_that_the_document_names() -> None:
    some, version = settling.signed()
    document = ordered(version)
    settling.opened(some, version)  # the log goes on
    assert the_record(version).head > (document.trail_seq or 0)

    record = the_record(version, document.trail_seq)
    assert (record.head, record.head_hash) == (
        document.trail_seq,
        originals.groups(document.trail_hash),
    )


def test_the_page_says_what_it_is_and_where_to_check() -> None:
    version = signed(world())
    document = ordered(version)
    pdf = agreement_pdf.render(document)
    words = pdfs.words(pdf)

    for expected in (
        "Record of evidence",
        "einfache elektronische Signatur mit Nachweisprotokoll",
        "not: an advanced or a qualified electronic signature",
        "203.0.113.0/24",
        originals.groups(version.sha256),
        originals.groups(document.trail_hash),
        originals.groups(document.code),
    ):
        assert pdfs.squeeze(expected) in pdfs.squeeze(words), expected
    assert f"{settings.BASE_URL}/dokumente/pruefen/{document.code}/" in words.replace(" ", "")
    alternatives = [str(figure["/Alt"]) for figure in pdfs.elements(pdf, "/Figure")]
    assert alternatives.count("QR code: check this document on the portal") == 2


def test_the_files_are_the_signed_bytes() -> None:
    version = signed(world())
    document = ordered(version)
    files = pdfs.files(agreement_pdf.render(document))

    assert sorted(files) == ["agreement.json", "event-log.json", NAME]
    assert hashlib.sha256(files["agreement.json"]).hexdigest() == version.sha256
    assert files["agreement.json"] == bytes(version.payload)
    assert document.trail_seq is not None
    assert files["event-log.json"] == trail_files.event_log(version, until=document.trail_seq)
    assert json.loads(files["event-log.json"])["events"][-1]["hash"] == document.trail_hash
    assert files[NAME] == offline.instructions()


NAME = "pruefen-verify.txt"


def test_a_firm_gets_its_own_annexes_and_the_hash_of_the_others() -> None:
    several = pairing.all_settled(3)
    version = pairing.signed(several)
    rows = AgreementDocument.objects.filter(version=version, language="en")
    for row in rows.select_related("document", "partner"):
        assert row.partner is not None
        pdf = agreement_pdf.render(row.document)
        inside = {content for name, content in pdfs.files(pdf).items() if name.startswith("annex-")}
        readable: list[AgreementAnnex] = []
        hidden: list[AgreementAnnex] = []
        for annex in version.annexes.select_related("pair"):
            own = row.partner_id in (annex.pair.first_id, annex.pair.second_id)
            (readable if own else hidden).append(annex)
        assert inside == {bytes(annex.payload) for annex in readable}
        assert len(hidden) == 1
        assert originals.groups(hidden[0].sha256) in pdfs.words(pdf)
        salt = json.loads(bytes(hidden[0].payload))["salt"]
        assert salt.encode() not in b"".join(pdfs.files(pdf).values())


def test_names_of_today_change_no_evidence() -> None:
    two = world()
    version = signed(two)
    document = ordered(version)
    before = agreement_pdf.render(document)
    for row, field in ((two.people[0], "name"), (two.firms[0], "legal_name")):
        setattr(row, field, "Ganz anders")
        row.save()

    assert agreement_pdf.render(document) == before


def test_later_events_change_no_evidence() -> None:
    some, version = settling.signed()
    document = ordered(version)
    before = agreement_pdf.render(document)
    settling.opened(some, version)

    assert agreement_pdf.render(document) == before


def test_the_time_zone_of_the_server_changes_nothing() -> None:
    version = signed(world())
    document = ordered(version)
    before = agreement_pdf.render(document)
    with timezone.override("Asia/Tokyo"):
        assert agreement_pdf.render(document) == before


HOSTILE = (
    '<b>fett</b><img src="http://127.0.0.1:9/x"><link rel=attachment href="file:///etc/passwd">'
    "<style>@import url(http://127.0.0.1:9/x);</style>{{ 1 }}"
)


def test_hostile_texts_of_five_thousand_characters_are_only_text() -> None:
    two = world()
    two.fill()
    text = (HOSTILE + " 👍 محمد 東京 ") * 40
    two.propose(0, "shared_goal", text[:4990].strip())
    two.confirm(1, "shared_goal")
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    settling.sign_all(two, version)

    pdf = agreement_pdf.render(ordered(version))

    assert pdfs.faults(pdf) == {}
    assert sorted(pdfs.files(pdf)) == ["agreement.json", "event-log.json", NAME]
    assert pdfs.words(pdf).count("<b>fett</b>") > 25
