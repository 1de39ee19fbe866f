"""``manage.py verify_trail``: whoever owns the tables can change them, and is found out."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from cooperation import signing, signing_rounds, trail, trail_checking
from cooperation.models import (
    Agreement,
    AgreementAnnex,
    AgreementEvent,
    AgreementVersion,
    Notice,
    Signature,
    SignatureSlot,
)
from documents.models import Document
from partners.models import FirmEvent
from support import trails
from tests.cooperation.pairing import all_settled, signed
from tests.cooperation.worlds import World, world
from tests.evidence import lifted

pytestmark = pytest.mark.django_db


def agreed() -> World:
    two = world()
    two.fill()
    signed(two)
    return two


def events(several: World) -> Any:
    return AgreementEvent.objects.filter(agreement=several.agreement)


def said(several: World, *heads: trails.Head) -> list[tuple[int | None, str, str]]:
    report = trail_checking.check(several.agreement.pk, heads=heads)
    return [(each.seq, each.what, each.about) for each in report.findings]


def words(several: World) -> list[tuple[int | None, str]]:
    return [(seq, what) for seq, what, _about in said(several)]


def seq_of(several: World, kind: str) -> int:
    found: int = events(several).filter(kind=kind).order_by("seq").values_list("seq", flat=True)[0]
    return found


def run(*args: Any) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_trail", *args, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


# ---- The chain ---------------------------------------------------------------------------------


def test_whole_log_is_said_to_be_whole() -> None:
    two = agreed()
    count = events(two).count() + FirmEvent.objects.count()

    assert said(two) == []
    assert run() == (
        0,
        f"1 agreements, 2 firms, {count} events, 0 erased\nEverything is as it was written.\n",
    )


def test_every_kind_of_round_is_whole() -> None:
    three = all_settled()
    for end in (signing.decline, signing.withdraw):
        version = signing.freeze(three.agreement.pk, **three.acting(0))
        end(version.pk, reason="Noch nicht", **three.acting(1))
    expired = signing.freeze(three.agreement.pk, **three.acting(0))
    last = signing_rounds.end_of_round(expired)
    assert last is not None
    signing.expire(expired.pk, now=last + timedelta(seconds=1))
    signed(three)

    assert said(three) == []


FIELDS: dict[str, Callable[[AgreementEvent], Any]] = {
    "kind": lambda event: "declined" if event.kind != "declined" else "signed",
    "at": lambda event: event.at + timedelta(microseconds=1),
    "by": lambda event: None,
    "partner": lambda event: None,
    "data": lambda event: {**event.data, "x": 1},
    "salt": lambda event: trails.new_salt(),
    "digest": lambda event: "0" * 64,
    "hash": lambda event: "0" * 64,
    "previous_hash": lambda event: "0" * 64,
}


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("which", ["first", "frozen", "last"])
def test_any_changed_field_of_an_event_is_found_at_its_number(name: str, which: str) -> None:
    two = agreed()
    rows = events(two).order_by("seq")
    event = {"first": rows.first(), "frozen": rows.get(kind="frozen"), "last": rows.last()}[which]
    with lifted():
        rows.filter(pk=event.pk).update(**{name: FIELDS[name](event)})

    found = words(two)

    expected = "relinked" if name in ("hash", "previous_hash") else "changed"
    assert found[0] == (event.seq, expected)


def test_event_of_a_pair_that_is_shown_to_all_is_found() -> None:
    three = all_settled()
    event = events(three).filter(pair__isnull=False).first()
    with lifted():
        events(three).filter(pk=event.pk).update(pair=None)

    assert words(three) == [(event.seq, "changed")]


def test_dropped_event_is_found() -> None:
    two = agreed()
    with lifted():
        events(two).filter(seq=3).delete()

    assert words(two) == [(4, "missing")]


def test_dropped_event_with_new_numbers_is_found() -> None:
    two = agreed()
    with lifted():
        events(two).filter(seq=3).delete()
        for seq in events(two).filter(seq__gt=3).order_by("seq").values_list("seq", flat=True):
            events(two).filter(seq=seq).update(seq=F("seq") - 1)

    assert words(two)[0] == (3, "changed")


def test_swapped_events_are_found() -> None:
    two = agreed()
    with lifted():
        events(two).filter(seq=2).update(seq=999)
        events(two).filter(seq=3).update(seq=2)
        events(two).filter(seq=999).update(seq=3)

    assert words(two)[0] == (2, "changed")
    assert (3, "changed") in words(two)


def test_inserted_event_is_found() -> None:
    two = agreed()
    with lifted():
        for seq in events(two).filter(seq__gt=2).order_by("-seq").values_list("seq", flat=True):
            events(two).filter(seq=seq).update(seq=F("seq") + 1)
        forged = events(two).get(seq=2)
        forged.pk = forged._state.db = None
        forged._state.adding = True
        forged.seq, forged.previous_hash, forged.salt = 3, forged.hash, trails.new_salt()
        forged.digest = trails.digest(trail.content(forged), forged.salt)
        forged.hash = trails.link(3, forged.previous_hash, forged.digest)
        forged.save(force_insert=True)

    assert words(two)[0] == (4, "changed")


def test_whole_log_that_is_gone_is_found() -> None:
    two = world()
    with lifted():
        events(two).delete()

    assert said(two) == [(None, "missing", "the whole log")]


# ---- Heads that others keep --------------------------------------------------------------------


def test_cut_end_is_found_by_documents_and_mails() -> None:
    two = agreed()
    last = seq_of(two, "in_force")
    with lifted():
        events(two).filter(seq=last).delete()
        AgreementVersion.objects.update(state="signing", in_force_at=None)

    found = said(two)

    code = Document.objects.first().code  # type: ignore[union-attr]
    assert (last - 1, "cut", f"document {code} knows event {last}") in found
    notice = Notice.objects.filter(kind="in_force").first()
    assert (last - 1, "cut", f"notice {notice.pk} knows event {last}") in found  # type: ignore[union-attr]
    assert {what for _seq, what, _about in found} == {"cut"}


def rewrite(several: World, *, since: int) -> None:
    """Chain everything anew from ``since`` on, as somebody would who knows how."""
    rows = events(several).select_related("pair").order_by("seq")
    previous = rows.get(seq=since - 1).hash
    for event in rows.filter(seq__gte=since):
        event.previous_hash, event.salt = previous, trails.new_salt()
        event.digest = trails.digest(trail.content(event), event.salt)
        event.hash = previous = trails.link(event.seq, event.previous_hash, event.digest)
        event.save()


def test_log_written_anew_is_found_by_documents_and_mails() -> None:
    two = agreed()
    frozen, last = seq_of(two, "frozen"), seq_of(two, "in_force")
    with lifted():
        events(two).filter(seq=3).update(by=two.people[1], partner=two.firms[1])
        rewrite(two, since=3)

    found = said(two)

    assert {what for _seq, what, _about in found} == {"rewritten"}
    assert {seq for seq, _what, _about in found} == {frozen, last}
    codes = set(Document.objects.values_list("code", flat=True))
    witnesses = {about.removeprefix("after ") for _seq, _what, about in found}
    assert {f"document {code}" for code in codes} < witnesses


def test_log_written_anew_everywhere_is_found_by_the_head_on_paper() -> None:
    two = agreed()
    last = events(two).order_by("seq").last()
    with lifted():
        rewrite(two, since=3)
        heads = dict(events(two).values_list("seq", "hash"))
        for document in Document.objects.all():
            Document.objects.filter(pk=document.pk).update(trail_hash=heads[document.trail_seq])
        for notice in Notice.objects.filter(data__has_key="head"):
            notice.data["head"] = heads[notice.data["seq"]]
            notice.save(update_fields=["data"])
    assert said(two) == []
    pk = str(two.agreement.pk)

    code, out = run(pk, "--head", f"{last.seq}:{last.hash}")

    assert code == 1
    assert f"{pk} event {last.seq}: rewritten: after the head that was given" in out
    assert run(pk, "--head", f"{last.seq}:{heads[last.seq]}")[0] == 0
    assert run(pk, "--head", f"{last.seq + 1}:{'0' * 64}")[0] == 1


# ---- What events vouch for ---------------------------------------------------------------------

SIGNATURE: dict[str, Any] = {
    "signer_name": ("Jemand anders", "name"),
    "signer_title": ("Chefin", "title"),
    "authority": ("prokura", "authority"),
    "partner_legal_name": ("Andere GmbH", "firm"),
    "payload_sha256": ("0" * 64, "sha256"),
    "shown_at": ("2026-01-01T00:00Z", "shown_at"),
    "network": ("203.0.113.0/24", "network"),
    "method": ("passkey", "method"),
    "intent": ("Ich unterzeichne etwas anderes.", "intent"),
    "language": ("en", "language"),
}


@pytest.mark.parametrize("name", [*SIGNATURE, "signed_at", "signer", "position"])
def test_changed_signature_is_named(name: str) -> None:
    two = agreed()
    signature = Signature.objects.filter(slot__partner=two.firms[1])
    pk, seq = signature.get().pk, events(two).filter(kind="signed").order_by("-seq")[0].seq
    value, word = SIGNATURE.get(name, (None, name))
    if name == "signed_at":
        value = signature.get().signed_at + timedelta(microseconds=1)
    if name == "signer":
        value = two.people[0]
    if name == "position":
        value = 2
    with lifted():
        signature.update(**{name: value})

    assert (seq, "differs", f"signature {pk} in version 1: {word}") in said(two)


def test_every_word_of_a_signing_event_is_compared() -> None:
    two = agreed()
    event = events(two).filter(kind="signed").first()
    signature = Signature.objects.get(pk=event.data["signature"])
    with lifted():
        Signature.objects.filter(pk=signature.pk).update(
            **{name: value for name, (value, _word) in SIGNATURE.items()}
        )

    (found,) = [about for seq, _what, about in said(two) if seq == event.seq]

    named = set(found.partition(": ")[2].split(", "))
    assert named == event.data.keys() - {"version", "position", "signature"}


def test_signature_that_is_gone_or_was_added_is_named() -> None:
    two = agreed()
    seq = events(two).filter(kind="signed").order_by("-seq")[0].seq
    with lifted():
        Signature.objects.filter(slot__partner=two.firms[1]).delete()

    found = said(two)

    assert (seq, "missing", "signature in version 1") in found
    assert (None, "differs", "version 1: place 2 to sign") in found

    other = world()
    version = other.freeze()
    slot = version.slots.get(partner=other.firms[0])
    forged = Signature.objects.create(
        slot=slot,
        position=1,
        signer=other.people[0],
        signer_name="Ada",
        partner_legal_name="Ada GmbH",
        payload_sha256=version.sha256,
        intent="Ja",
        language="de",
    )
    about = f"signature {forged.pk} in version 1"
    assert (None, "missing", f"event signed of {about}") in said(other)


Change = Callable[[World], object]
VERSION: dict[str, tuple[Change, str]] = {
    "text": (lambda _: AgreementVersion.objects.update(payload=b"{}"), "text"),
    "hash": (lambda _: AgreementVersion.objects.update(sha256="0" * 64), "text"),
    "number": (lambda _: AgreementVersion.objects.update(frozen_at="2026-01-01T00:00Z"), "number"),
    "state": (lambda _: AgreementVersion.objects.update(state="superseded"), "state"),
    "open again": (
        lambda _: AgreementVersion.objects.update(state="signing", in_force_at=None),
        "state",
    ),
    "in force": (
        lambda _: AgreementVersion.objects.update(in_force_at=F("in_force_at") - timedelta(days=9)),
        "when it came into force",
    ),
    "who froze": (
        lambda three: AgreementVersion.objects.update(frozen_by=three.people[2]),
        "who froze it",
    ),
    "annex": (
        lambda _: AgreementAnnex.objects.update(payload=b"{}"),
        "hash of annex",
    ),
    "annex and hash": (
        lambda _: AgreementAnnex.objects.update(
            payload=b"{}",
            sha256="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        ),
        "annex of",
    ),
    "no annex": (lambda _: AgreementAnnex.objects.all().delete(), "annex of"),
    "place": (lambda _: SignatureSlot.objects.update(needed=2), "places to sign"),
    "completed": (
        lambda _: SignatureSlot.objects.update(completed_at=None),
        "place 1 to sign",
    ),
    "document": (lambda _: Document.objects.update(content_sha256="0" * 64), "document"),
}


@pytest.mark.parametrize("name", VERSION)
def test_changed_version_is_named(name: str) -> None:
    three = all_settled()
    signed(three)
    assert said(three) == []
    change, word = VERSION[name]
    with lifted():
        change(three)

    found = [about for _seq, _what, about in said(three)]

    assert any(about.startswith(f"version 1: {word}") for about in found), found


def test_version_that_is_gone_is_named() -> None:
    two = world()
    two.freeze()
    with lifted():
        SignatureSlot.objects.all().delete()
        AgreementVersion.objects.all().delete()

    assert said(two) == [(seq_of(two, "frozen"), "missing", "version 1")]


def test_reason_of_a_refusal_cannot_be_changed_unseen() -> None:
    two = world()
    signing.decline(two.freeze().pk, reason="Der Preis", **two.acting(1))
    with lifted():
        AgreementVersion.objects.update(reason="Keine Zeit", closed_by=two.people[0])

    assert said(two) == [
        (seq_of(two, "declined"), "differs", "version 1: reason"),
        (seq_of(two, "declined"), "differs", "version 1: who closed it"),
    ]


# ---- Erasure -----------------------------------------------------------------------------------


def test_erased_events_are_counted_and_break_nothing() -> None:
    two = agreed()
    for event in list(events(two)):
        assert trail.erase(event) is True
    assert trail.erase(event) is False

    count = events(two).count()

    assert run(str(two.agreement.pk)) == (
        0,
        f"1 agreements, 0 firms, {count} events, {count} erased\n"
        "Everything is as it was written.\n",
    )
    assert set(events(two).values_list("salt", "by")) == {("", None)}
    assert all(data == {} for data in events(two).values_list("data", flat=True))


def test_erasure_may_keep_whose_step_it_was() -> None:
    two = world()
    event = events(two)[0]

    trail.erase(event, who=False)

    event.refresh_from_db()
    assert (event.by, event.data) == (two.people[0], {})


def test_erased_event_that_says_something_again_is_found() -> None:
    two = agreed()
    event = events(two).get(kind="in_force")
    trail.erase(event)
    with lifted():
        events(two).filter(pk=event.pk).update(data={"version": 7})

    assert (event.seq, "changed", "erased event that says something") in said(two)


# ---- The command -------------------------------------------------------------------------------


def test_only_the_agreements_that_are_named_are_read() -> None:
    one, two = world(), world()
    with lifted():
        events(one).filter(seq=1).update(hash="0" * 64)

    assert run(str(two.agreement.pk))[0] == 0
    code, out = run(str(one.agreement.pk))
    assert code == 1
    assert out.startswith(f"{one.agreement.pk} event 1: relinked: event created\n")
    assert run()[0] == 1


def test_result_as_json() -> None:
    two = world()
    count = events(two).count() + FirmEvent.objects.count()
    with lifted():
        events(two).filter(seq=1).update(salt=trails.new_salt())
        out = io.StringIO()
        with pytest.raises(CommandError, match="should not be so"):
            call_command("verify_trail", "--json", stdout=out)

    result = json.loads(out.getvalue())

    assert result.pop("unguarded")
    assert result == {
        "agreements": 1,
        "firms": 2,
        "events": count,
        "erased": 0,
        "findings": [
            {
                "subject": str(two.agreement.pk),
                "seq": 1,
                "what": "changed",
                "about": "event created",
            }
        ],
    }


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--head", "1:" + "0" * 64], "name it"),
        (["00000000-0000-0000-0000-000000000000"], "There is no agreement"),
        (["00000000-0000-0000-0000-000000000000", "--head", "x"], "A head is a number"),
        (["00000000-0000-0000-0000-000000000000", "--head", "0:" + "0" * 64], "A head is"),
    ],
)
def test_wrong_arguments_are_answered(args: list[str], sentence: str) -> None:
    code, out = run(*args)
    assert code == 1
    assert sentence in out


def test_missing_trigger_is_told() -> None:
    world()
    with lifted():
        code, out = run()

    assert code == 1
    assert "cooperation_signature: has no whole triggers, see manage.py migrate\n" in out


def test_queries_do_not_grow_with_the_events(django_assert_max_num_queries: Any) -> None:
    two = world()
    agreement = Agreement.objects.get()
    for number in range(40):
        event = AgreementEvent(agreement=agreement, kind="talk", data={"number": number})
        trail.append(event)

    with django_assert_max_num_queries(9, connection=connection):
        assert trail_checking.check(two.agreement.pk).events > 40
