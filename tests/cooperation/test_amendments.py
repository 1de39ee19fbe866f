"""Amendments: a new draft of what is in force, dropped or signed."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cooperation import (
    agreements,
    amendments,
    answers,
    contact_notes,
    depth,
    endings,
    frozen,
    points,
    projects,
    signing,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementEvent,
    AgreementVersion,
    Amendment,
    Answer,
    Confirmation,
    Notice,
    Participation,
    Proposal,
    TalkRequest,
)
from tests.cooperation.amended import (
    REASON,
    begin,
    freeze,
    in_days,
    in_force,
    sign,
    sign_all,
    status,
    version,
)
from tests.cooperation.worlds import CONTACTS, World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

PROJECT_LEADS = {"choice": "monthly"}


def change(some: World) -> None:
    """Another answer at one point, confirmed by all."""
    some.propose(0, "regular_meetings", PROJECT_LEADS)
    for number in range(1, len(some.firms)):
        some.confirm(number, "regular_meetings")


def rows(some: World) -> dict[tuple[str, str], tuple[Any, ...]]:
    found = Answer.objects.filter(agreement=some.agreement)
    return {
        (row.point_key, f"{row.partner_id} {row.pair_id}"): (row.value, row.note, row.origin)
        for row in found
    }


def kinds_of(some: World, count: int) -> list[str]:
    events = AgreementEvent.objects.filter(agreement=some.agreement).order_by("-seq")
    return list(events.values_list("kind", flat=True)[:count])


# ---- Begin -------------------------------------------------------------------------------------


def test_an_amendment_is_a_draft_of_exactly_what_was_signed() -> None:
    two = in_force()
    signed, revisions = rows(two), dict(Answer.objects.values_list("pk", "revision"))

    amendment = begin(two, effective_on=in_days(30))

    assert (two.agreement.status, two.agreement.in_force_at is not None) == ("draft", True)
    assert two.agreement.is_amended
    assert (amendment.state, amendment.reason) == ("open", REASON)
    assert amendment.base == version(two, 1)
    assert version(two, 1).state == "in_force"
    assert rows(two) == signed
    assert points.blockers(two.sheet) == []
    asked = asked_of(two)  # what is hidden for now was not signed, and is left alone
    for row in Answer.objects.all():
        assert row.revision == revisions[row.pk] + (row.point_key in asked)
    event = AgreementEvent.objects.filter(agreement=two.agreement).latest("seq")
    assert (event.kind, event.data["reason"], event.data["version"]) == ("amendment", REASON, 1)


def test_an_amendment_puts_back_what_moved_since_the_signature() -> None:
    three = world(3)
    three.fill()
    pairwise(three)
    sign_all(three, freeze(three))
    signed = rows(three)
    # As if somebody had written past the verbs.
    moved = Answer.objects.filter(agreement=three.agreement)
    moved.filter(point_key="publicity").update(value={"choice": "none", "note": ""})
    moved.filter(point_key="contacts", partner=three.firms[1]).delete()
    moved.filter(point_key="day_rates").update(note="", value={"currency": "EUR", "rows": []})
    Answer.objects.create(
        agreement=three.agreement,
        point_key="out_of_scope",
        value={"text": "Nachgetragen"},
        updated_by=three.people[0],
        updated_by_partner=three.firms[0],
    )
    Confirmation.objects.filter(agreement=three.agreement, partner=three.firms[2]).delete()

    kept = Proposal.objects.count()
    begin(three)

    assert rows(three) == signed
    assert points.blockers(three.sheet) == []
    assert Proposal.objects.count() == kept + 8  # as many as had moved: in the course of each
    restored = moved.get(point_key="contacts", partner=three.firms[1])
    assert (restored.updated_by, restored.updated_by_partner) == (three.people[1], three.firms[1])


RATES: dict[str, Any] = {
    "currency": "EUR",
    "rows": [
        {"key": key, "amount": amount}
        for key, amount in zip(
            ("consultant", "architect", "developer", "pm"),
            ("980.00", "1200.00", "1000.00", "1100.00"),
            strict=True,
        )
    ],
}


def pairwise(some: World) -> None:
    """The firms work for each other at day rates; each pair has its own."""
    some.propose(0, "commercial_model", {"choice": "day_rates"})
    firms = range(len(some.firms))
    for number in firms[1:]:
        some.confirm(number, "commercial_model")
    for key in ("payment_timing", "payment_days"):
        for number in firms:
            taken = points.unconfirmed(some.sheet, some.point(key))
            if str(some.firms[number].pk) in taken:
                some.confirm(number, key)
    for one in firms:
        for other in firms[one + 1 :]:
            some.propose(one, "day_rates", RATES, other=other)
            some.propose(other, "day_rates", RATES, other=one)
            some.confirm(one, "day_rates", other=other)


def test_what_was_not_signed_is_kept_and_confirmed_by_nobody() -> None:
    two = world()
    two.fill()
    two.propose(0, "non_solicitation_period", {"number": 9, "unit": "months"})
    two.confirm(1, "non_solicitation_period")
    two.propose(0, "non_solicitation", {"answer": "no", "note": "Wir vertrauen uns."})
    two.confirm(1, "non_solicitation")
    sign_all(two, freeze(two))

    begin(two)
    two.propose(0, "non_solicitation", {"answer": "yes"})
    two.confirm(1, "non_solicitation")

    kept = Answer.objects.get(agreement=two.agreement, point_key="non_solicitation_period")
    assert kept.value == {"number": 9, "unit": "months", "note": ""}
    assert two.state("non_solicitation_period") == "proposed"


def test_only_what_changes_is_confirmed_again() -> None:
    two = in_force()
    begin(two)

    two.propose(0, "regular_meetings", PROJECT_LEADS)

    waiting = [(b.point.key if b.point else "", b.names) for b in points.blockers(two.sheet)]
    assert waiting == [("regular_meetings", (two.firms[1].name,))]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("draft", "This agreement is not in force yet. Its points can still be changed directly."),
        (
            "signing",
            "This agreement is not in force yet. Its points can still be changed directly.",
        ),
        ("abandoned", "This agreement is over, so there is nothing to change any more."),
        ("ended", "This agreement is over, so there is nothing to change any more."),
        (
            "amended",
            "A change of this agreement is under way already. Please put your point into it.",
        ),
        (
            "amended_signing",
            "A change of this agreement is under way already. Please put your point into it.",
        ),
    ],
)
def test_only_what_is_in_force_can_be_amended(state: str, sentence: str) -> None:
    if state in ("draft", "abandoned"):
        some = world()
    elif state == "signing":
        some = world()
        some.freeze()
    else:
        some = in_force()
    if state == "abandoned":
        endings.abandon(some.agreement.pk, **some.acting(0))
    if state.startswith("amended"):
        begin(some)
        change(some)
    if state == "amended_signing":
        freeze(some)
    if state == "ended":
        endings.propose_end(some.agreement.pk, ends_on=in_days(0), **some.acting(0))
        endings.consent(some.agreement.endings.get().pk, **some.acting(1))
    later = time_machine.travel(timezone.now() + timedelta(days=2))
    with later, pytest.raises(NotPossible, match=sentence):
        begin(some)
    assert Amendment.objects.count() == int(state.startswith("amended"))


def test_a_stranger_cannot_amend() -> None:
    two = in_force()
    stranger = PartnerFactory.create()
    person = member(stranger, "manager", "signer")

    with pytest.raises(NotPossible, match=r"Your firm does not take part in this project."):
        begin(two, by=person, partner=stranger)
    assert status(two) == "in_force"


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        (-1, "The change can hold from"),
        (-9999, "The change can hold from"),
        (5 * 366 + 1, "Please choose a day within the next five years."),
    ],
)
def test_a_nonsense_day_is_refused(days: int, sentence: str) -> None:
    two = in_force()

    with pytest.raises(InvalidAnswer, match=sentence) as error:
        begin(two, effective_on=in_days(days))
    assert list(error.value.errors) == ["effective_on"]
    assert status(two) == "in_force"


def test_an_amendment_does_not_begin_before_its_base() -> None:
    two = in_force()
    begin(two, effective_on=in_days(40))
    change(two)
    sign_all(two, freeze(two))

    with pytest.raises(InvalidAnswer, match=r"The change can hold from"):
        begin(two, effective_on=in_days(39))
    assert begin(two, effective_on=in_days(40)).base == version(two, 2)


def test_an_amendment_does_not_begin_after_the_end() -> None:
    two = in_force()
    endings.propose_end(two.agreement.pk, ends_on=in_days(20), **two.acting(0))
    endings.consent(two.agreement.endings.get().pk, **two.acting(1))

    with pytest.raises(InvalidAnswer, match=r"The agreement ends on"):
        begin(two, effective_on=in_days(21))
    begin(two, effective_on=in_days(20))


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", "Please say in a sentence why the agreement is to be changed."),
        (" \n\t ", "Please say in a sentence why the agreement is to be changed."),
        ("Wir \u202emüssen", "The text contains invisible control characters."),
        ("Wir\x00", "The text contains invisible control characters."),
        ("x" * 2001, "Please shorten this to 2000 characters"),
    ],
)
def test_a_change_needs_a_reason(reason: str, sentence: str) -> None:
    two = in_force()

    with pytest.raises(InvalidAnswer, match=sentence) as error:
        begin(two, reason=reason)
    assert list(error.value.errors) == ["reason"]
    assert status(two) == "in_force"


def test_the_partner_managers_of_the_others_are_told() -> None:
    three = in_force(3)
    Notice.objects.all().delete()

    begin(three, 1)

    told = Notice.objects.filter(kind="amendment_begun").values_list("person", flat=True)
    assert set(told) == {three.people[0].pk, three.people[2].pk}


# ---- Until it is signed ------------------------------------------------------------------------


def test_the_old_version_stays_in_force_until_all_have_signed_the_new_one() -> None:
    three = in_force(3)
    amendment = begin(three)
    change(three)
    second = freeze(three)

    assert (second.number, second.amendment, second.state) == (2, amendment, "signing")
    for number in (0, 1):
        sign(three, second, number)
        assert version(three, 1).state == "in_force"
    sign(three, second, 2)

    assert (version(three, 1).state, version(three, 2).state) == ("superseded", "in_force")
    amendment.refresh_from_db()
    assert (amendment.state, amendment.closed_at is not None) == ("signed", True)
    assert status(three) == "in_force"


@pytest.mark.parametrize("way", ["decline", "withdraw", "expire"])
def test_a_round_that_fails_leads_back_to_the_draft_of_the_change(way: str) -> None:
    two = in_force()
    amendment = begin(two)
    change(two)
    second = freeze(two)
    sign(two, second, 0)

    if way == "decline":
        signing.decline(second.pk, reason="Noch nicht", **two.acting(1))
    elif way == "withdraw":
        signing.withdraw(second.pk, **two.acting(1))
    else:
        signing.expire(second.pk, now=timezone.now() + timedelta(days=40))

    amendment.refresh_from_db()
    assert (status(two), amendment.state) == ("draft", "open")
    assert version(two, 1).state == "in_force"
    third = freeze(two)
    assert (third.number, third.amendment) == (3, amendment)
    sign_all(two, third)
    assert version(two, 3).state == "in_force"


def test_an_unchanged_text_is_not_signed_again() -> None:
    two = in_force()
    begin(two)

    with pytest.raises(NotPossible, match=r"Nothing has changed yet compared with version 1."):
        freeze(two)
    assert status(two) == "draft"
    assert AgreementVersion.objects.count() == 1


def test_a_change_of_a_pair_alone_is_a_change() -> None:
    three = world(3)
    three.fill()
    pairwise(three)
    sign_all(three, freeze(three))
    begin(three)
    dearer = {**RATES, "rows": [{**row, "amount": "1500.00"} for row in RATES["rows"]]}
    three.propose(1, "day_rates", dearer, other=2)
    three.confirm(2, "day_rates", other=1)

    second = freeze(three)

    content = frozen.content(second.payload)
    assert content["amendment"]["changes"] == []
    assert b"1500.00" not in bytes(second.payload)


def test_the_text_says_why_from_when_and_what_differs() -> None:
    two = in_force()
    begin(two, effective_on=in_days(30))
    change(two)

    told = frozen.content(freeze(two).payload)["amendment"]

    base = version(two, 1)
    (changed,) = told.pop("changes")
    effective = told.pop("effective")["en"]
    assert effective.endswith(", at the earliest with the last signature")
    assert told == {
        "reason": REASON,
        "effective_on": in_days(30).isoformat(),
        "base": {"version": 1, "sha256": base.sha256},
        "joined": [],
        "left": [],
        "tells_before": True,
    }
    assert changed["key"] == "regular_meetings"
    assert changed["before"]["de"] == ["Wöchentlich (Projektleitungen), monatlich (Sponsoren)"]
    assert changed["after"]["de"] == ["Monatlich"]


def test_reason_and_day_can_be_said_anew_until_the_text_is_fixed() -> None:
    two = in_force()
    amendment = begin(two)
    seen = amendments.stamp(amendment)
    fields = {"effective_on": in_days(9), "seen": seen, **two.acting(1)}

    amendments.restate(amendment.pk, reason="Besser gesagt", **fields)

    amendment.refresh_from_db()
    assert (amendment.reason, amendment.effective_on) == ("Besser gesagt", in_days(9))
    assert kinds_of(two, 1) == ["amendment"]
    with pytest.raises(NotPossible, match=r"Somebody changed the reason or the day"):
        amendments.restate(amendment.pk, reason="Noch anders", **fields)
    again = {**fields, "seen": amendments.stamp(amendment), "effective_on": in_days(-1)}
    with pytest.raises(InvalidAnswer, match=r"The change can hold from"):
        amendments.restate(amendment.pk, reason="Noch anders", **again)
    change(two)
    freeze(two)
    with pytest.raises(NotPossible, match=r"The changed text is being signed."):
        amendments.restate(
            amendment.pk, reason="Zu spät", **{**fields, "seen": amendments.stamp(amendment)}
        )


def test_a_day_that_passed_meanwhile_is_no_mistake() -> None:
    two = in_force()
    amendment = begin(two, effective_on=in_days(2))
    change(two)
    with time_machine.travel(timezone.now() + timedelta(days=10)):
        amendments.restate(
            amendment.pk,
            reason="Genauer",
            effective_on=amendment.effective_on,
            seen=amendments.stamp(amendment),
            **two.acting(0),
        )
        second = sign_all(two, freeze(two))

        today = standing.today()
        assert second.effective_on == amendment.effective_on
        held = agreements.effective_version(two.agreement, today)
        assert held == second
        assert agreements.effective_version(two.agreement, today - timedelta(days=1)) == version(
            two, 1
        )


def test_a_version_with_a_later_day_does_not_hold_yet() -> None:
    two = in_force()
    begin(two, effective_on=in_days(30))
    change(two)
    second = sign_all(two, freeze(two))

    assert agreements.effective_version(two.agreement, in_days(-1)) is None
    assert agreements.effective_version(two.agreement, in_days(0)) == version(two, 1)
    assert agreements.effective_version(two.agreement, in_days(29)) == version(two, 1)
    assert agreements.effective_version(two.agreement, in_days(30)) == second


# ---- Drop --------------------------------------------------------------------------------------


def test_a_dropped_change_leaves_everything_as_it_was_signed() -> None:
    two = in_force()
    signed = rows(two)
    amendment = begin(two, deeper=True)
    change(two)
    two.propose(0, "own_interests", {"text": "Referenz"})
    answers.ask_to_talk(two.agreement.pk, "publicity", "Bitte sprechen", **two.acting(1))

    amendments.drop(amendment.pk, reason="Doch nicht nötig", **two.acting(1))

    amendment.refresh_from_db()
    assert (status(two), amendment.state) == ("in_force", "dropped")
    assert version(two, 1).state == "in_force"
    assert rows(two) == signed
    assert not TalkRequest.objects.filter(resolved_at=None).exists()
    turn = Proposal.objects.filter(point_key="regular_meetings").latest("at")
    assert (turn.by, turn.by_partner) == (two.people[1], two.firms[1])
    assert turn.value == {"choice": "weekly", "note": ""}
    assert (turn.origin, turn.source["number"]) == ("previous", 1)
    two.agreement.refresh_from_db()
    assert two.agreement.depth == "fast_track"
    event = AgreementEvent.objects.filter(agreement=two.agreement).latest("seq")
    assert (event.kind, event.data["reason"]) == ("amendment_dropped", "Doch nicht nötig")
    # And the next change begins from what was signed, too.
    begin(two)
    assert rows(two) == signed
    assert points.blockers(two.sheet) == []


def test_a_change_is_dropped_once_and_not_while_it_is_signed() -> None:
    two = in_force()
    amendment = begin(two)
    change(two)
    second = freeze(two)
    with pytest.raises(NotPossible, match=r"The changed text is being signed."):
        amendments.drop(amendment.pk, **two.acting(0))
    signing.withdraw(second.pk, **two.acting(0))
    amendments.drop(amendment.pk, **two.acting(0))
    with pytest.raises(NotPossible, match=r"This change is signed or dropped already."):
        amendments.drop(amendment.pk, **two.acting(0))
    assert kinds_of(two, 1) == ["amendment_dropped"]


def test_a_stranger_cannot_drop() -> None:
    two, other = in_force(), world()
    amendment = begin(two)

    with pytest.raises(NotPossible, match=r"Your firm does not take part in this project."):
        amendments.drop(amendment.pk, **other.acting(0))


# ---- Joining -----------------------------------------------------------------------------------


def joined(some: World) -> World:
    """A further firm in the draft."""
    firm = PartnerFactory.create()
    person = member(firm, "manager", "signer")
    place = projects.invite(some.agreement.pk, firm, **some.acting(0))
    projects.accept(place.pk, by=person)
    return World(some.agreement, [*some.firms, firm], [*some.people, person])


def settle_with_joiner(three: World) -> None:
    """The new firm answers what is its own, and everybody confirms."""
    three.press(2)
    three.propose(2, "contributions", {"text": "Schulung"})
    three.propose(2, "contacts", CONTACTS)
    for number in range(3):
        for blocker in points.blockers(three.sheet):
            if blocker.point and str(three.firms[number].pk) in blocker.parties:
                three.confirm(number, blocker.point.key)


def test_a_firm_is_invited_into_a_change_only() -> None:
    two = in_force()
    firm = PartnerFactory.create()

    with pytest.raises(NotPossible, match=r"A further firm joins with a new version"):
        projects.invite(two.agreement.pk, firm, **two.acting(0))
    begin(two)
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    assert place.state == "invited"


def test_a_firm_that_joins_signs_a_new_version_and_never_sees_the_one_before() -> None:
    two = in_force()
    begin(two)
    three = joined(two)
    newcomer = three.people[2]
    change(two)

    assert Agreement.objects.visible_to(newcomer).get() == two.agreement
    assert not AgreementVersion.objects.visible_to(newcomer).exists()
    assert {b.reason for b in points.blockers(three.sheet)} == {"unanswered", "unconfirmed"}
    settle_with_joiner(three)
    second = freeze(three)
    told = frozen.content(second.payload)["amendment"]
    assert told["joined"] == [{"id": str(three.firms[2].pk), "name": three.firms[2].name}]
    assert not told["tells_before"]
    assert {change["before"] for change in told["changes"]} == {None}
    assert "Wöchentlich (Projektleitungen)" not in bytes(second.payload).decode()
    sign_all(three, second)
    assert list(AgreementVersion.objects.visible_to(newcomer)) == [second]
    assert list(AgreementVersion.objects.visible_to(two.people[0]).order_by("number")) == [
        version(two, 1),
        second,
    ]


def test_a_dropped_change_sends_away_who_was_to_join_with_it() -> None:
    two = in_force()
    amendment = begin(two)
    three = joined(two)
    fourth = PartnerFactory.create()
    member(fourth, "manager")
    projects.invite(two.agreement.pk, fourth, **two.acting(0))
    with pytest.raises(NotPossible, match=r"Your firm joins with this change."):
        amendments.drop(amendment.pk, **three.acting(2))

    amendments.drop(amendment.pk, **two.acting(1))

    places = Participation.objects.filter(project=two.agreement.project_id)
    assert list(places.values_list("state", flat=True)) == ["accepted"] * 2 + ["withdrawn"] * 2
    assert not Agreement.objects.visible_to(three.people[2]).exists()
    assert [party.key for party in two.sheet.parties] == [str(firm.pk) for firm in two.firms]
    told = Notice.objects.filter(kind="amendment_dropped").values_list("person", flat=True)
    assert set(told) == {two.people[0].pk, three.people[2].pk}


# ---- Deeper ------------------------------------------------------------------------------------


def first_talk(firms: int = 2) -> World:
    """A first talk that all firms signed."""
    two = world(firms)
    everybody = range(firms)
    depth.change(two.agreement.pk, "exploratory", **two.acting(0))
    sheet = two.sheet
    given = {key: value for key, value in two.asked.items() if key in asked_of(two)}
    for key, value in given.items():
        two.propose(0, key, value)
        for number in everybody[1:]:
            two.confirm(number, key)
    for point in points.visible_points(sheet):
        here = two.sheet
        if points.state(here, point) != "open":
            continue
        if point.per_partner:
            value = CONTACTS if point.kind == "contacts" else {"text": "Unser Teil"}
            for number in everybody:
                two.propose(number, point.key, value)
            for number in everybody[:-1]:
                two.confirm(number, point.key)
        else:
            default = point.default_value or {"text": "Nichts weiter"}
            if points.applies(here, point) and point.kind in ("text", "choice", "yes_no_note"):
                two.propose(0, point.key, default)
                for number in everybody[1:]:
                    two.confirm(number, point.key)
    for rule in sheet.book.rules:
        for number in everybody:
            answers.confirm_defaults(two.agreement.pk, rule.key, **two.acting(number))
    sign_all(two, freeze(two))
    return two


def asked_of(some: World) -> set[str]:
    return {point.key for point in points.visible_points(some.sheet)}


def test_a_signed_first_talk_goes_deeper_and_keeps_every_answer() -> None:
    two = first_talk()
    signed, before = rows(two), asked_of(two)

    begin(two, deeper=True)

    after = asked_of(two)
    assert two.agreement.depth == "full"
    assert before < after
    assert rows(two) == signed
    assert {two.state(key) for key in before} == {"agreed"}
    waiting = {b.point.key for b in points.blockers(two.sheet) if b.point}
    assert waiting
    assert waiting <= after - before
    assert kinds_of(two, 2) == ["depth", "amendment"]
    depth.change(two.agreement.pk, "exploratory", **two.acting(1))  # back to what is signed


def test_a_change_asks_no_less_than_what_is_signed() -> None:
    two = in_force()  # on the fast track
    begin(two)

    with pytest.raises(NotPossible, match=r"What is in force asks more of the checklist"):
        depth.change(two.agreement.pk, "exploratory", **two.acting(0))


# ---- Points that come and go -------------------------------------------------------------------


def test_a_point_that_disappears_after_it_was_agreed_is_said_to_be_gone() -> None:
    two = in_force()
    assert two.state("non_solicitation_period") == "agreed"
    begin(two)
    two.propose(0, "non_solicitation", {"answer": "no", "note": "Nicht mehr nötig."})
    two.confirm(1, "non_solicitation")

    second = freeze(two)

    told = {each["key"]: each for each in frozen.content(second.payload)["amendment"]["changes"]}
    assert told["non_solicitation_period"]["before"]["en"] == ["12 months"]
    assert told["non_solicitation_period"]["after"] is None
    assert "non_solicitation_remedy" in told
    signing.withdraw(second.pk, **two.acting(0))
    two.propose(1, "non_solicitation", {"answer": "yes"})
    two.confirm(0, "non_solicitation")
    assert two.state("non_solicitation_period") == "agreed"


def test_contacts_of_today_are_what_a_change_begins_with() -> None:
    two = in_force()
    newer = [{**CONTACTS[0], "person": "Cleo Neu"}, CONTACTS[1]]
    contact_notes.note(version(two, 1).pk, "contacts", newer, **two.acting(1))

    begin(two)

    row = Answer.objects.get(agreement=two.agreement, point_key="contacts", partner=two.firms[1])
    assert row.value is not None
    assert row.value["contacts"][0]["person"] == "Cleo Neu"
    assert (row.updated_by, row.updated_by_partner) == (two.people[1], two.firms[1])
    assert two.state("contacts") == "agreed"


def test_today_is_a_day_in_berlin() -> None:
    two = in_force()
    with time_machine.travel("2035-05-01T22:30:00Z", tick=False):
        assert begin(two, effective_on=date(2035, 5, 2)).effective_on == date(2035, 5, 2)
