"""Points that two firms settle at a time: what a third one's sheet holds, verbs, annexes, PDFs."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cooperation import (
    agreement_documents,
    amendments,
    annexes,
    answers,
    depth,
    fast_track,
    frozen,
    history,
    kinds,
    marks,
    nothing_between,
    points,
    projects,
    reading,
    sheets,
    signing,
)
from cooperation.agreements import NotPossible, StalePoint
from cooperation.kinds import InvalidAnswer
from cooperation.models import AgreementDocument, AgreementEvent, AgreementVersion, Answer
from cooperation.points import Reason, State
from tests.cooperation.pairing import (
    all_settled,
    nothing,
    paired,
    rates,
    settle,
    signed,
    state_between,
    talk,
)
from tests.cooperation.worlds import CONTACTS, World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def key(several: World, firm: int) -> str:
    return str(several.firms[firm].pk)


# ---- What a third firm's sheet holds -------------------------------------------------------------


def test_third_firm_learns_of_a_pair_only_whether_it_is_settled() -> None:
    three = paired()
    three.propose(0, "day_rates", rates("900"), other=1)
    talk(three, 1, 0, "Zu teuer")

    seen = three.sheet.seen_by(key(three, 2))

    assert set(seen.pairs) == {
        (key(three, 0), key(three, 2)),
        (key(three, 1), key(three, 2)),
    }
    between = (key(three, 0), key(three, 1))
    assert seen.elsewhere == (points.Elsewhere("day_rates", between, settled=False, blocks=True),)
    assert "900.00" not in repr(seen)
    assert "Zu teuer" not in repr(seen)
    assert "900.00" in repr(three.sheet.seen_by(key(three, 1)))


def test_state_of_the_whole_hides_a_talk_between_others() -> None:
    three = paired()
    talk(three, 0, 1, "Zu teuer")
    point = three.point("day_rates")
    assert points.state(three.sheet.seen_by(key(three, 0)), point) is State.NEEDS_TALK
    assert points.state(three.sheet.seen_by(key(three, 2)), point) is State.OPEN


def test_nothing_between_others_looks_like_an_answer_between_them() -> None:
    with_rates, without = paired(), paired()
    settle(with_rates, 0, 1)
    nothing(without, 1, 0)
    for three in (with_rates, without):
        pair = (key(three, 0), key(three, 1))
        assert three.sheet.seen_by(key(three, 2)).elsewhere == (
            points.Elsewhere("day_rates", pair, settled=True, blocks=False),
        )


def test_blockers_say_whose_turn_it_is_and_of_others_only_that_they_have_one() -> None:
    three = paired()
    three.propose(0, "day_rates", rates("900"), other=1)
    names = [firm.name for firm in three.firms]

    def sentences(firm: int) -> list[str]:
        return [b.sentence for b in points.blockers(three.sheet.seen_by(key(three, firm)))]

    assert sentences(0) == [
        f"{names[0]} and {names[1]}: The answer of {names[1]} is missing.",
        f"{names[0]} and {names[2]}: Nobody has answered this point yet.",
        f"{names[1]} and {names[2]} have still to settle this between them.",
    ]
    assert sentences(2) == [
        f"{names[0]} and {names[2]}: Nobody has answered this point yet.",
        f"{names[1]} and {names[2]}: Nobody has answered this point yet.",
        f"{names[0]} and {names[1]} have still to settle this between them.",
    ]


def test_summary_and_mark_hold_for_every_reader() -> None:
    three = paired()
    settle(three, 0, 1)
    talk(three, 0, 1, "Doch noch einmal")

    def stone(firm: int) -> str:
        return marks.stone(points.summary(three.sheet.seen_by(key(three, firm)))[4])

    assert (stone(0), stone(1), stone(2)) == ("talk", "talk", "mixed")


def test_two_firms_sign_what_a_third_cannot_stop_without_its_own_pairs() -> None:
    three = paired()
    settle(three, 0, 1)
    reasons = {b.reason for b in points.blockers(three.sheet)}
    assert reasons == {Reason.OPEN}
    nothing(three, 2, 0, 1)
    assert points.blockers(three.sheet) == []


# ---- The verbs -----------------------------------------------------------------------------------


def test_answer_goes_to_the_firm_it_names_and_to_no_other() -> None:
    three = paired()
    three.propose(0, "day_rates", rates("900"), other=1)
    three.propose(0, "day_rates", rates("700"), other=2)
    given = {
        (str(row.pair.first_id), str(row.pair.second_id)): row.value["rows"][0]["amount"]  # type: ignore[union-attr, index]
        for row in Answer.objects.filter(point_key="day_rates").select_related("pair")
    }
    assert given == {
        (key(three, 0), key(three, 1)): "900.00",
        (key(three, 0), key(three, 2)): "700.00",
    }


@pytest.mark.parametrize("whom", ["none", "oneself", "stranger"])
def test_answer_without_a_firm_that_takes_part_is_refused(whom: str) -> None:
    three = paired()
    other = {"none": None, "oneself": three.firms[0], "stranger": PartnerFactory.create()}[whom]
    with pytest.raises(NotPossible, match="between two firms"):
        answers.propose(
            three.agreement.pk,
            "day_rates",
            rates("900"),
            revision=0,
            other=other,
            **three.acting(0),
        )
    assert not Answer.objects.filter(point_key="day_rates").exists()


def test_firm_that_changed_its_part_is_not_confirmed_unread() -> None:
    two = paired(2)
    two.propose(1, "day_rates", rates("800"))
    pair = two.sheet.between(key(two, 0), key(two, 1))
    seen = points.revision(pair, pair.book.point("day_rates"))
    two.propose(1, "day_rates", rates("2000"))

    answers.propose(
        two.agreement.pk,
        "day_rates",
        rates("900"),
        revision=0,
        seen=seen,
        other=two.firms[1],
        **two.acting(0),
    )

    pair = two.sheet.between(key(two, 0), key(two, 1))
    assert points.unconfirmed(pair, pair.book.point("day_rates")) == (key(two, 0), key(two, 1))


def test_log_of_a_pair_is_read_by_the_pair() -> None:
    three = paired()
    before = AgreementEvent.objects.count()
    three.propose(0, "day_rates", rates("901", "Marzipan"), other=1)
    talk(three, 1, 0, "Lebkuchen")

    new = list(AgreementEvent.objects.order_by("seq")[before:])
    assert [(event.kind, event.data) for event in new] == [
        ("proposed", {"point": "day_rates", "revision": 1}),
        ("talk", {"point": "day_rates"}),
    ]
    assert list(AgreementEvent.objects.known_to(three.firms[2]).filter(seq__gt=before)) == []
    assert list(AgreementEvent.objects.known_to(three.firms[1]).filter(seq__gt=before)) == new


def test_defaults_taken_of_pairs_are_logged_for_the_pair() -> None:
    """That a fee is the default says how high it is."""
    three = world(3)
    three.propose(0, "commercial_model", "referral_fee")
    fast_track.press(three.agreement.pk, **three.acting(0))
    answers.confirm_defaults(three.agreement.pk, three.sheet.book.rules[4].key, **three.acting(1))

    for firm, pairs_known in ((0, 2), (1, 2), (2, 2)):
        known = AgreementEvent.objects.known_to(three.firms[firm])
        with_fee = [event for event in known if "fee_or_margin" in json.dumps(event.data)]
        assert all(event.pair is not None for event in with_fee)
        assert len({event.pair_id for event in with_fee}) == pairs_known
    common = AgreementEvent.objects.filter(pair=None)
    assert not any("fee_or_margin" in json.dumps(event.data) for event in common)


# ---- Nothing between us --------------------------------------------------------------------------


def test_nothing_is_said_to_several_and_agreed_by_each() -> None:
    four = paired(4)
    outcome = nothing_between.say(
        four.agreement.pk, "day_rates", four.firms[1:3], note="Nur Kaffee", **four.acting(0)
    )
    assert outcome == nothing_between.Outcome((four.firms[1].name, four.firms[2].name), ())
    assert [state_between(four, 0, other) for other in (1, 2, 3)] == [
        "proposed",
        "proposed",
        "open",
    ]

    nothing_between.say(four.agreement.pk, "day_rates", [four.firms[0]], **four.acting(1))

    assert [state_between(four, 0, other) for other in (1, 2)] == ["not_applicable", "proposed"]
    assert state_between(four, 1, 2) == "open"


def test_nothing_agrees_with_what_the_other_firm_said_of_a_joint_point() -> None:
    three = world(3)
    three.propose(0, "commercial_model", "referral_fee")
    say = nothing_between.say
    say(three.agreement.pk, "fee_or_margin", [three.firms[1]], note="Kaffee", **three.acting(0))

    say(three.agreement.pk, "fee_or_margin", [three.firms[0]], **three.acting(1))

    assert state_between(three, 0, 1, "fee_or_margin") == "not_applicable"
    assert Answer.objects.get(point_key="fee_or_margin").note == "Kaffee"


def test_nothing_leaves_an_answer_and_a_talk_as_they_are() -> None:
    four = paired(4)
    four.propose(1, "day_rates", rates("900"), other=0)
    talk(four, 2, 0, "Bitte sprechen")

    outcome = nothing_between.say(four.agreement.pk, "day_rates", four.firms[1:], **four.acting(0))

    assert outcome.said == (four.firms[3].name,)
    assert outcome.left == (four.firms[1].name, four.firms[2].name)
    assert [state_between(four, 0, other) for other in (1, 2)] == ["proposed", "needs_talk"]


def test_nothing_twice_changes_nothing() -> None:
    three = paired()
    for _time in range(2):
        nothing_between.say(three.agreement.pk, "day_rates", [three.firms[1]], **three.acting(0))
    events = AgreementEvent.objects.filter(kind="not_applicable")
    assert Answer.objects.filter(point_key="day_rates").count() == 1
    assert events.count() == 1


@pytest.mark.parametrize("point", ["shared_goal", "day_rates"])
def test_nothing_is_refused_where_the_point_is_not_settled_in_pairs_or_not_asked(
    point: str,
) -> None:
    three = world(3)  # nobody has answered the question that the day rates hang on
    with pytest.raises(NotPossible):
        nothing_between.say(three.agreement.pk, point, [three.firms[1]], **three.acting(0))


@pytest.mark.parametrize("whom", ["nobody", "oneself", "stranger"])
def test_nothing_needs_firms_that_take_part(whom: str) -> None:
    three = paired()
    others = {"nobody": [], "oneself": [three.firms[0]], "stranger": [PartnerFactory.create()]}
    with pytest.raises(NotPossible):
        nothing_between.say(three.agreement.pk, "day_rates", others[whom], **three.acting(0))
    assert not Answer.objects.filter(point_key="day_rates").exists()


def test_one_bad_firm_among_several_leaves_all_as_they_were() -> None:
    three = paired()
    others = [three.firms[1], PartnerFactory.create()]
    with pytest.raises(NotPossible):
        nothing_between.say(three.agreement.pk, "day_rates", others, **three.acting(0))
    assert not Answer.objects.filter(point_key="day_rates").exists()


@pytest.mark.parametrize("note", ["x" * 2001, "a\x00b"])
def test_nothing_with_a_note_that_cannot_be_kept_is_refused(note: str) -> None:
    three = paired()
    with pytest.raises(InvalidAnswer):
        nothing_between.say(
            three.agreement.pk, "day_rates", [three.firms[1]], note=note, **three.acting(0)
        )
    assert not Answer.objects.filter(point_key="day_rates").exists()


def test_nothing_is_not_said_while_the_text_is_fixed() -> None:
    three = all_settled()
    signing.freeze(three.agreement.pk, **three.acting(0))
    with pytest.raises(NotPossible):
        nothing_between.say(three.agreement.pk, "day_rates", [three.firms[1]], **three.acting(0))


# ---- Annexes -------------------------------------------------------------------------------------


def test_equal_rates_have_different_hashes_in_each_annex_and_version() -> None:
    """Otherwise a third firm, which knows the wording, could try amounts until a hash fits."""
    three = paired()
    settle(three, 0, 1)
    settle(three, 0, 2)
    settle(three, 1, 2)
    first = signing.freeze(three.agreement.pk, **three.acting(0))
    signing.withdraw(first.pk, **three.acting(0))
    second = signing.freeze(three.agreement.pk, **three.acting(0))

    hashes = [annex.sha256 for version in (first, second) for annex in version.annexes.all()]
    salts = {
        frozen.content(annex.payload)["salt"]
        for version in (first, second)
        for annex in version.annexes.all()
    }
    assert len(set(hashes)) == len(hashes) == 6
    assert len(salts) == 6
    assert all(re.fullmatch("[0-9a-f]{64}", salt) for salt in salts)


def test_common_text_holds_nothing_of_an_annex_but_its_hash() -> None:
    three = all_settled(amount="987654.32", note="Marzipan")
    version = signing.freeze(three.agreement.pk, **three.acting(0))
    text = bytes(version.payload).decode()
    assert "987654" not in text
    assert "Marzipan" not in text
    annex = version.annexes.get(pair__first=three.firms[0], pair__second=three.firms[1])
    assert b"987654.32" in bytes(annex.payload)
    assert annex.sha256 in text
    assert frozen.sha256(bytes(annex.payload)) == annex.sha256


def test_annexes_are_known_to_their_firms_only() -> None:
    three = all_settled()
    version = signing.freeze(three.agreement.pk, **three.acting(0))
    pairs = [(0, 1), (0, 2), (1, 2)]
    for firm in range(3):
        known = annexes.known_to(version, three.firms[firm])
        assert set(known) == {
            (key(three, one), key(three, other)) for one, other in pairs if firm in (one, other)
        }
    assert annexes.known_to(version, PartnerFactory.create()) == {}
    assert annexes.known_to_all(version) == {}


def test_annex_of_two_firms_is_known_to_all_two() -> None:
    two = all_settled(2)
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    assert set(annexes.known_to_all(version)) == {(key(two, 0), key(two, 1))}


# ---- Reading -------------------------------------------------------------------------------------


def read(version: AgreementVersion, firm: Any = None) -> reading.AgreementText:
    known = {} if firm is None else annexes.known_to(version, firm)
    return reading.read(frozen.content(version.payload), "en", known)


def test_text_tells_own_annexes_in_place_and_counts_the_others() -> None:
    three = all_settled(amount="900", note="Half for travel")
    version = signing.freeze(three.agreement.pk, **three.acting(0))
    names = [firm.name for firm in three.firms]

    def place(firm: int | None) -> reading.PointText:
        text = read(version, None if firm is None else three.firms[firm])
        rule = next(rule for rule in text.rules if rule.number == 5)
        return next(point for point in rule.points if point.key == "day_rates")

    first, third, nobody = place(0), place(2), place(None)
    assert [inner.between for inner in first.within] == [
        f"{names[0]} – {names[1]}",
        f"{names[0]} – {names[2]}",
    ]
    assert [said.note for said in first.within[0].saids] == ["Half for travel"] * 2
    assert first.elsewhere == 1
    # Two pairs with nothing between them are one entry.
    assert [(inner.between, inner.says_nothing) for inner in third.within] == [
        (f"{names[0]} – {names[2]}, {names[1]} – {names[2]}", True)
    ]
    assert (nobody.within, nobody.elsewhere) == ((), 3)


def test_deviation_in_an_annex_is_told_to_its_firms() -> None:
    three = world(3)
    three.fill()
    three.propose(0, "commercial_model", "referral_fee")
    for number in (1, 2):
        three.confirm(number, "commercial_model")
    three.propose(0, "fee_or_margin", {"percent": "12.50"}, other=1)
    three.confirm(1, "fee_or_margin", other=0)
    version = signing.freeze(three.agreement.pk, **three.acting(0))

    def deviations(firm: int) -> list[tuple[str, str]]:
        text = read(version, three.firms[firm])
        return [(point.key, point.between) for point in text.deviations]

    between = f"{three.firms[0].name} – {three.firms[1].name}"
    assert deviations(0) == deviations(1) == [("fee_or_margin", between)]
    assert deviations(2) == []


def test_text_of_the_first_format_is_still_read() -> None:
    """It knew neither depth nor annexes: what pairs settled stood in it for all to see."""
    two = all_settled(2)
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    old = frozen.content(version.payload)
    annex = frozen.content(version.annexes.get().payload)
    for name in ("depth", "annexes", "not_asked"):
        del old[name]
    del old["project"]["is_frame"]
    for rule in old["rules"]:
        rule["points"] = [
            next((each for each in annex["points"] if each["key"] == point["key"]), point)
            for point in rule["points"]
        ]
        for point in rule["points"]:
            del point["annex"]

    text = reading.read(old, "en")

    assert (text.depth_label, text.annexes, text.not_asked, text.amendment) == ("", (), (), None)
    assert text.title == "Cooperation agreement"
    point = next(p for rule in text.rules for p in rule.points if p.key == "day_rates")
    assert [said.firm for said in point.saids] == [firm.name for firm in two.firms]
    assert marks.signed(text).label == "All 7 rules agreed"


def test_what_has_no_answer_is_named_as_such() -> None:
    two = world()
    two.fill()
    version = signing.freeze(two.agreement.pk, **two.acting(0))
    text = read(version, two.firms[0])
    assert [point.number for point in text.left_out] == ["1.3", "3.3", "3.9", "3.10", "4.1", "5.2"]
    assert text.still_open == []
    assert text.not_asked == ()
    assert text.unsettled == 6


def explored() -> World:
    """Two firms whose first talk is agreed, point by point."""
    two = world()
    depth.change(two.agreement.pk, "exploratory", **two.acting(0))
    two.propose(0, "commercial_model", "own_invoices")
    for point in points.visible_points(two.sheet):
        if point.per_partner and point.required:
            for firm in (0, 1):
                two.propose(firm, point.key, CONTACTS if point.key == "contacts" else "Wir")
        elif point.required and point.key != "commercial_model":
            two.propose(0, point.key, two.asked.get(point.key) or kinds.default_value(point))
    for point in points.visible_points(two.sheet):
        for firm in (0, 1):
            sheet = two.sheet
            waits = key(two, firm) in points.unconfirmed(sheet, point)
            if points.revision(sheet, point) and waits:
                two.confirm(firm, point.key)
    return two


def test_first_talk_names_what_it_did_not_ask_and_agrees_no_whole_rule() -> None:
    two = explored()
    version = signing.freeze(two.agreement.pk, **two.acting(0))

    text = read(version, two.firms[0])

    assert text.depth_label == "First talk"
    assert [point.key for point in text.still_open] == ["own_interests"]
    assert text.answered == 13
    assert len(text.not_asked) > 30
    mark = marks.signed(text)
    assert {segment.state for segment in mark.segments} == {"mixed"}
    assert mark.label == "13 points of the first talk agreed"


# ---- PDFs ----------------------------------------------------------------------------------------


def test_two_firms_share_a_pdf_and_three_have_their_own() -> None:
    two, three = signed(all_settled(2)), all_settled(3)
    version = signed(three)

    def made(version: AgreementVersion) -> list[tuple[str, str]]:
        rows = AgreementDocument.objects.filter(version=version)
        return sorted((row.language, row.partner.name if row.partner else "") for row in rows)

    assert made(two) == [("de", ""), ("en", "")]
    names = sorted(firm.name for firm in three.firms)
    assert made(version) == [(language, name) for language in ("de", "en") for name in names]


def test_three_firms_without_annexes_share_a_pdf() -> None:
    three = world(3)
    three.fill()
    version = signed(three)
    assert {row.partner for row in version.documents.all()} == {None}


def test_pdfs_are_ordered_once_and_each_reader_is_given_the_own() -> None:
    three = all_settled()
    version = signed(three)
    agreement_documents.order(version, by=three.people[0])
    assert version.documents.count() == 6
    for firm in three.firms:
        own = set(version.documents.filter(partner=firm).values_list("document", flat=True))
        assert {document.pk for _l, document in agreement_documents.of(version, firm)} == own
    assert agreement_documents.of(version, PartnerFactory.create()) == []


# ---- The log ------------------------------------------------------------------------------------


def test_entry_of_a_pair_names_the_two_and_old_words_are_not_told_to_who_joined() -> None:
    two = world()
    answers.ask_to_talk(two.agreement.pk, "publicity", "Alte Worte", **two.acting(0))
    late = PartnerFactory.create()
    person = member(late, "manager", "signer")
    place = projects.invite(two.agreement.pk, late, **two.acting(0))
    projects.accept(place.pk, by=person)
    place.refresh_from_db()
    events = list(AgreementEvent.objects.known_to(late).select_related("by", "partner", "pair"))
    book = two.sheet.book

    old = history.entries(events, book, {})
    new = history.entries(events, book, {}, joined_at=place.responded_at)

    assert [entry.detail for entry in old if entry.detail] == ["Alte Worte"]
    assert [entry.detail for entry in new if entry.detail] == []

    three = paired()
    three.propose(0, "day_rates", rates("900"), other=2)
    last = AgreementEvent.objects.select_related("by", "partner", "pair").latest("seq", "pk")
    names = {str(firm.pk): firm.name for firm in three.firms}
    [entry] = history.entries([last], book, names)
    assert entry.between == f"{three.firms[0].name} – {three.firms[2].name}"


def test_stale_pair_tells_only_what_stands_in_that_pair() -> None:
    three = paired()
    three.propose(0, "day_rates", rates("900"), other=1)
    three.propose(0, "day_rates", rates("700"), other=2)
    with pytest.raises(StalePoint) as stale:
        three.propose(0, "day_rates", rates("1"), revision=0, other=2)
    assert stale.value.theirs is not None
    assert stale.value.theirs.value["rows"][0]["amount"] == "700.00"  # type: ignore[index]


def test_sheet_of_twelve_firms_is_read_in_as_many_queries_as_that_of_two(
    django_assert_num_queries: Any,
) -> None:
    for firms in (2, 12):
        several = paired(firms)
        several.propose(0, "day_rates", rates("900"), other=1)
        talk(several, 1, 0, "Hm")
        agreement = several.agreement
        agreement.refresh_from_db()
        sheets.load(agreement)
        with django_assert_num_queries(5):
            sheet = sheets.load(agreement)
        assert len(sheet.pairs) == firms * (firms - 1) // 2


@pytest.mark.parametrize(
    ("before", "after", "gone", "new", "unchanged", "short"),
    [
        (("30 days",), ("14 days",), ("30 days",), ("14 days",), 0, True),
        (("a", "b", "c"), ("a", "x", "c"), ("b",), ("x",), 2, False),
        (("a", "b"), ("b", "a"), ("a", "b"), ("b", "a"), 0, False),
        (None, ("a",), (), ("a",), 0, True),
        (("a", "b"), ("a",), ("b",), (), 1, False),
        (("x" * 60,), ("y" * 60,), ("x" * 60,), ("y" * 60,), 0, False),
    ],
)
def test_change_shows_the_lines_that_differ(
    before: tuple[str, ...] | None,
    after: tuple[str, ...],
    gone: tuple[str, ...],
    new: tuple[str, ...],
    unchanged: int,
    short: bool,
) -> None:
    change = reading.Change(5, "5.8", "Payment term?", before, after)
    assert (change.gone, change.new, change.unchanged) == (gone, new, unchanged)
    assert change.is_short is short


def test_amendment_is_read_with_the_changes_of_ones_own_annexes() -> None:
    three = all_settled(amount="900")
    signed(three)
    amendments.begin(
        three.agreement.pk,
        reason="Die Sätze steigen.",
        effective_on=timezone.localdate() + timedelta(days=60),
        **three.acting(0),
    )
    settle(three, 0, 1, "990")
    three.propose(0, "response_time", {"number": 1, "unit": "working_days"})
    for number in (1, 2):
        three.confirm(number, "response_time")
    version = signing.freeze(three.agreement.pk, **three.acting(0))

    def changes(firm: int) -> list[tuple[str, str, tuple[str, ...]]]:
        text = read(version, three.firms[firm])
        assert text.amendment is not None
        assert (text.amendment.base, text.amendment.reason) == (1, "Die Sätze steigen.")
        return [(each.number, each.between, each.new[:1]) for each in text.amendment.changes]

    common = ("2.3", "", ("1 working day",))
    names = [firm.name for firm in three.firms]
    rate = f"{names[0]}: Consultant: 990.00 EUR net"
    assert changes(0) == changes(1) == [common, ("5.5", f"{names[0]} – {names[1]}", (rate,))]
    assert changes(2) == [common]
    assert "990.00" not in bytes(version.payload).decode()
