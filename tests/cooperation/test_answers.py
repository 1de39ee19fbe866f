from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cooperation import answers, kinds, points, projects, sheets
from cooperation.agreements import NotPossible, StalePoint
from cooperation.models import Agreement, AgreementEvent, Answer, Confirmation, Participation
from cooperation.points import Compared, Reason
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def events(world: World) -> list[tuple[int, str]]:
    return list(AgreementEvent.objects.order_by("seq").values_list("seq", "kind"))


def blocked(world: World, key: str) -> tuple[str, tuple[str, ...]] | None:
    sheet = world.sheet
    blocker = points.point_blocker(sheet, sheet.book.point(key))
    return None if blocker is None else (blocker.reason.value, blocker.names)


# ---- A joint point -----------------------------------------------------------------------------


def test_point_goes_from_open_over_proposed_to_agreed() -> None:
    two = world()
    assert two.state("exclusivity") == "open"

    two.propose(0, "exclusivity", "customer")
    assert two.state("exclusivity") == "proposed"
    assert blocked(two, "exclusivity") == (Reason.UNCONFIRMED, (two.firms[1].name,))

    two.confirm(1, "exclusivity")
    assert two.state("exclusivity") == "agreed"
    assert blocked(two, "exclusivity") is None


def test_changed_value_resets_all_other_confirmations() -> None:
    three = world(3)
    three.propose(0, "exclusivity", "customer")
    three.confirm(1, "exclusivity")
    three.confirm(2, "exclusivity")

    three.propose(1, "exclusivity", "none")

    confirmed = Confirmation.objects.filter(point_key="exclusivity")
    assert [row.partner for row in confirmed] == [three.firms[1]]
    assert three.state("exclusivity") == "proposed"


def test_changed_note_resets_too() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.confirm(1, "exclusivity")

    two.propose(0, "exclusivity", {"choice": "customer", "note": "nur Cloud"})

    assert two.state("exclusivity") == "proposed"


def test_proposing_the_same_again_only_confirms() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")

    two.propose(1, "exclusivity", "customer", revision=0)  # from a page before the proposal

    assert two.state("exclusivity") == "agreed"
    assert Answer.objects.get().revision == 1


def test_stale_form_shows_both_values_and_writes_nothing() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")

    with pytest.raises(StalePoint) as stale:
        two.propose(1, "exclusivity", "none", revision=0)

    assert stale.value.mine == {"choice": "none", "note": ""}
    assert stale.value.theirs is not None
    assert stale.value.theirs.value == {"choice": "customer", "note": ""}
    assert stale.value.theirs.by == two.people[0].name
    assert stale.value.revision == 1
    assert Answer.objects.get().value == {"choice": "customer", "note": ""}
    assert two.state("exclusivity") == "proposed"


def test_stale_confirmation_is_refused() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.propose(0, "exclusivity", "none")

    with pytest.raises(StalePoint):
        answers.confirm(two.agreement.pk, "exclusivity", revision=1, **two.acting(1))

    assert two.state("exclusivity") == "proposed"


def test_nothing_to_confirm_before_an_answer() -> None:
    two = world()

    with pytest.raises(NotPossible, match="nothing to confirm"):
        answers.confirm(two.agreement.pk, "exclusivity", revision=0, **two.acting(1))


def test_invalid_answer_writes_nothing() -> None:
    two = world()

    with pytest.raises(kinds.InvalidAnswer):
        two.propose(0, "exclusivity", "nonsense")

    assert not Answer.objects.exists()
    assert [kind for _seq, kind in events(two)] == ["created", "invited", "accepted"]


def test_unknown_point_is_a_key_error() -> None:
    two = world()

    with pytest.raises(KeyError):
        answers.propose(two.agreement.pk, "nowhere", "x", revision=0, **two.acting(0))


def test_stranger_cannot_answer() -> None:
    two, stranger = world(), PartnerFactory.create()

    with pytest.raises(NotPossible, match="does not take part"):
        answers.propose(
            two.agreement.pk,
            "exclusivity",
            "none",
            by=member(stranger, "manager"),
            partner=stranger,
            revision=0,
        )


def test_events_are_numbered_without_gaps_and_say_from_and_to() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.propose(1, "exclusivity", "none")
    two.confirm(0, "exclusivity")

    assert [seq for seq, _kind in events(two)] == [1, 2, 3, 4, 5, 6]
    proposed = AgreementEvent.objects.get(seq=5)
    assert proposed.data == {
        "point": "exclusivity",
        "revision": 2,
        "from": {"choice": "customer", "note": ""},
        "to": {"choice": "none", "note": ""},
        "note": "",
    }
    assert (proposed.by, proposed.partner) == (two.people[1], two.firms[1])


def test_pairwise_values_stay_out_of_the_log() -> None:
    two = world()
    two.propose(0, "commercial_model", "referral_fee")

    two.propose(0, "fee_or_margin", "12,5")

    last = AgreementEvent.objects.latest("seq")
    assert last.data == {"point": "fee_or_margin", "revision": 1}


# ---- Points per partner ------------------------------------------------------------------------


def test_each_firm_answers_for_itself_and_all_confirm() -> None:
    two = world()
    assert blocked(two, "contributions") == (
        Reason.OPEN,
        (two.firms[0].name, two.firms[1].name),
    )
    two.propose(0, "contributions", "Migration")
    assert blocked(two, "contributions") == (Reason.UNANSWERED, (two.firms[1].name,))

    two.propose(1, "contributions", "Schulung")
    assert two.state("contributions") == "proposed"
    assert blocked(two, "contributions") == (Reason.UNCONFIRMED, (two.firms[0].name,))

    two.confirm(0, "contributions")
    assert two.state("contributions") == "agreed"
    assert {row.partner: row.value for row in Answer.objects.all()} == {
        two.firms[0]: {"text": "Migration"},
        two.firms[1]: {"text": "Schulung"},
    }


def test_change_of_one_firms_answer_resets_the_others() -> None:
    two = world()
    two.propose(0, "contributions", "Migration")
    two.propose(1, "contributions", "Schulung")
    two.confirm(0, "contributions")

    two.propose(1, "contributions", "Schulung und Betrieb")

    assert blocked(two, "contributions") == (Reason.UNCONFIRMED, (two.firms[0].name,))


def test_firm_cannot_confirm_before_it_has_answered_a_required_point() -> None:
    two = world()
    two.propose(0, "contributions", "Migration")

    with pytest.raises(NotPossible, match="own answer first"):
        two.confirm(1, "contributions")


def test_optional_point_per_partner_needs_only_confirmations() -> None:
    two = world()
    two.propose(0, "own_interests", "Eine Referenz")

    two.confirm(1, "own_interests")

    assert two.state("own_interests") == "agreed"


def test_others_answers_do_not_make_my_form_stale() -> None:
    two = world()
    two.propose(0, "contributions", "Migration")

    two.propose(1, "contributions", "Schulung", revision=0)

    assert Answer.objects.count() == 2


# ---- Not applicable, talks ---------------------------------------------------------------------


def test_not_applicable_counts_when_all_confirm() -> None:
    two = world()
    answers.mark_not_applicable(
        two.agreement.pk, "fair_conduct", note="Steht im Vertrag", revision=0, **two.acting(0)
    )
    assert two.state("fair_conduct") == "proposed"

    two.confirm(1, "fair_conduct")

    assert two.state("fair_conduct") == "not_applicable"
    assert blocked(two, "fair_conduct") is None
    sheet = two.sheet
    assert points.compared(sheet, sheet.book.point("fair_conduct")) is Compared.NOT_APPLICABLE


def test_talk_keeps_a_point_from_being_agreed_until_its_firm_confirms() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.confirm(1, "exclusivity")

    talk = answers.ask_to_talk(two.agreement.pk, "exclusivity", "Wie lange?", **two.acting(1))
    assert two.state("exclusivity") == "needs_talk"
    assert blocked(two, "exclusivity") == (Reason.TALK, (two.firms[1].name,))

    answers.resolve_talk(talk.pk, **two.acting(0))
    assert blocked(two, "exclusivity") == (Reason.UNCONFIRMED, (two.firms[1].name,))

    two.confirm(1, "exclusivity")
    assert two.state("exclusivity") == "agreed"


def test_confirming_settles_the_own_talk() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    answers.ask_to_talk(two.agreement.pk, "exclusivity", "Wie lange?", **two.acting(1))

    two.confirm(1, "exclusivity")

    assert two.state("exclusivity") == "agreed"


@pytest.mark.parametrize("comment", ["", "  ", "x\x00", "x" * 2001])
def test_talk_needs_a_usable_comment(comment: str) -> None:
    two = world()

    with pytest.raises(kinds.InvalidAnswer) as refused:
        answers.ask_to_talk(two.agreement.pk, "exclusivity", comment, **two.acting(1))

    assert list(refused.value.errors) == ["comment"]


# ---- Conditional points ------------------------------------------------------------------------


def test_conditional_point_appears_and_disappears_with_its_answer() -> None:
    two = world()
    point = two.point("revenue_split")
    assert not points.is_visible(two.sheet, point)

    two.propose(0, "commercial_model", "fixed_share")
    assert points.is_visible(two.sheet, point)
    assert blocked(two, "revenue_split") is not None
    keys = [str(firm.pk) for firm in two.firms]
    two.propose(0, "revenue_split", {"shares": {keys[0]: "60", keys[1]: "40"}})
    two.confirm(1, "revenue_split")

    two.propose(0, "commercial_model", "own_invoices")
    assert not points.is_visible(two.sheet, point)
    assert "revenue_split" not in [p.key for p in points.visible_points(two.sheet)]
    with pytest.raises(NotPossible, match="does not apply any more"):
        two.propose(0, "revenue_split", {"rule": "equal"})

    two.propose(0, "commercial_model", "milestone")
    assert two.state("revenue_split") == "agreed"  # the answer was kept


def test_negated_condition_waits_for_its_answer() -> None:
    two = world()
    point = two.point("payment_days")
    assert not points.is_visible(two.sheet, point)

    two.propose(0, "commercial_model", "own_invoices")
    assert not points.is_visible(two.sheet, point)

    two.propose(0, "commercial_model", "day_rates")
    assert points.is_visible(two.sheet, point)


# ---- Defaults ----------------------------------------------------------------------------------


def test_fast_track_of_both_leaves_only_the_points_that_ask() -> None:
    two = world()

    first = two.press(0)
    assert len(first.filled) == 53
    assert first.confirmed == ()
    second = two.press(1)

    assert second.filled == ()
    assert second.confirmed == first.filled
    assert second.left == (
        "shared_goal",
        "contributions",
        "cooperation_model",
        "contacts",
        "customer_lead",
        "contract_party",
        "commercial_model",
    )
    assert Agreement.objects.get().fast_track_partner == two.firms[0]


def test_fast_track_leaves_out_what_the_book_skips() -> None:
    two = world()
    two.press(0)
    sheet = two.sheet

    left_out = [p.key for p in sheet.book.points.values() if points.is_left_out(sheet, p)]

    assert left_out == [
        "own_interests",
        "out_of_scope",
        "ms_associations",
        "operations_handover",
        "key_people",
        "contract_value",
    ]
    assert all(points.point_blocker(sheet, sheet.book.point(key)) is None for key in left_out)


def test_answered_point_is_not_left_out() -> None:
    two = world()
    two.press(0)
    two.propose(0, "out_of_scope", "Keine Telefonie")

    assert blocked(two, "out_of_scope") == (Reason.UNCONFIRMED, (two.firms[1].name,))


def test_fast_track_touches_no_own_proposal_and_no_talk() -> None:
    two = world()
    two.propose(0, "exclusivity", "none")
    two.propose(0, "publicity", {"choice": "approval_all", "note": "außer auf LinkedIn"})
    answers.ask_to_talk(two.agreement.pk, "court_last", "Warum?", **two.acting(1))

    two.press(1)

    assert two.state("exclusivity") == "proposed"
    assert two.state("publicity") == "proposed"  # a note can say anything: not confirmed unread
    assert two.state("court_last") == "needs_talk"


def test_fast_track_twice_changes_nothing() -> None:
    two = world()
    two.press(0)
    before = events(two)

    again = two.press(0)

    assert (again.filled, again.confirmed) == ((), ())
    assert events(two) == before


def test_fast_track_covers_points_that_show_up_later() -> None:
    two = world()
    two.press(0)
    two.press(1)

    two.propose(0, "commercial_model", "day_rates")

    assert two.state("payment_days") == "agreed"


def test_fast_track_queries_do_not_grow_with_the_points(
    django_assert_max_num_queries: Any,
) -> None:
    two = world()
    sheets.load(two.agreement)  # the book is kept in memory

    with django_assert_max_num_queries(27):
        two.press(0)


def test_defaults_of_one_rule() -> None:
    two = world()

    taken = answers.confirm_defaults(two.agreement.pk, "disputes", **two.acting(0))
    other = answers.confirm_defaults(two.agreement.pk, "disputes", **two.acting(1))

    keys = [point.key for point in two.sheet.book.rule("disputes").points]
    assert list(taken.filled) == list(other.confirmed) == keys
    assert {two.state(key) for key in keys} == {"agreed"}
    assert two.state("exclusivity") == "open"


def test_raci_default_follows_the_lead() -> None:
    two = world()
    two.press(0)
    two.press(1)
    assert blocked(two, "raci") is None  # what is open is who leads

    two.propose(0, "customer_lead", str(two.firms[1].pk))

    sheet = two.sheet
    point = sheet.book.point("raci")
    given = sheet.given(point)
    assert given is not None
    lead = kinds.resolve(given.value or {}, point, sheet.parties, sheet.joint)
    assert lead is not None
    assert {row["cells"][str(two.firms[1].pk)] for row in lead["rows"]} == {"AR"}
    assert two.state("raci") == "agreed"


def test_raci_default_without_any_lead_blocks() -> None:
    two = world()
    two.fill()

    answers.mark_not_applicable(two.agreement.pk, "customer_lead", revision=1, **two.acting(0))
    two.confirm(1, "customer_lead")

    assert two.state("customer_lead") == "not_applicable"
    assert blocked(two, "raci") == (
        Reason.NO_LEAD,
        (two.firms[0].name, two.firms[1].name),
    )
    cells = {str(two.firms[0].pk): "A", str(two.firms[1].pk): "R"}
    two.propose(0, "raci", {"rows": [{"key": "pm", "cells": cells}]})
    two.confirm(1, "raci")
    assert points.blockers(two.sheet) == []


# ---- Firms joining -----------------------------------------------------------------------------


def join(two: World) -> World:
    firm = PartnerFactory.create()
    person = member(firm, "manager", "signer")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    projects.accept(place.pk, by=person)
    return World(two.agreement, [*two.firms, firm], [*two.people, person])


def test_new_firm_reopens_points_and_keeps_the_others_confirmations() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.confirm(1, "exclusivity")

    three = join(two)

    assert blocked(three, "exclusivity") == (Reason.UNCONFIRMED, (three.firms[2].name,))
    three.confirm(2, "exclusivity")
    assert three.state("exclusivity") == "agreed"


def test_shares_have_to_be_looked_at_again_when_a_firm_joins() -> None:
    two = world()
    keys = [str(firm.pk) for firm in two.firms]
    two.propose(0, "settlement_costs", {"shares": {keys[0]: "60", keys[1]: "40"}})
    two.confirm(1, "settlement_costs")

    three = join(two)

    answer = Answer.objects.get(point_key="settlement_costs")
    new = str(three.firms[2].pk)
    assert answer.value == {
        "rule": "",
        "shares": {keys[0]: "60.00", keys[1]: "40.00", new: "0.00"},
        "note": "",
    }
    assert answer.revision == 2
    assert not Confirmation.objects.filter(point_key="settlement_costs").exists()


def test_equal_shares_stay_equal_but_are_confirmed_again() -> None:
    two = world()
    two.press(0)
    two.press(1)

    three = join(two)

    sheet = three.sheet
    point = sheet.book.point("settlement_costs")
    given = sheet.given(point)
    assert given is not None
    shares = kinds.resolve(given.value or {}, point, sheet.parties, {})
    assert shares is not None
    assert list(shares["shares"].values()) == ["33.34", "33.33", "33.33"]
    assert len(points.unconfirmed(sheet, point)) == 3


def test_invitation_is_answered_once() -> None:
    two = world()
    firm = PartnerFactory.create()
    person = member(firm, "manager")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    projects.decline(place.pk, by=person, reason="Keine Zeit")

    with pytest.raises(NotPossible, match="answered or taken back"):
        projects.accept(place.pk, by=person)
    again = projects.invite(two.agreement.pk, firm, **two.acting(0))
    assert again.pk == place.pk
    projects.accept(again.pk, by=person)
    assert Participation.objects.accepted().count() == 3


@pytest.mark.parametrize("firm", [0, 1])
def test_firm_is_not_invited_twice(firm: int) -> None:
    two = world()

    with pytest.raises(NotPossible, match="takes part already"):
        projects.invite(two.agreement.pk, two.firms[firm], **two.acting(0))


def test_invitation_can_be_taken_back() -> None:
    two = world()
    firm = PartnerFactory.create()
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    assert points.blockers(two.sheet)[0].reason is Reason.INVITED

    projects.withdraw_invitation(place.pk, **two.acting(1))

    assert Reason.INVITED not in [b.reason for b in points.blockers(two.sheet)]


# ---- The whole picture -------------------------------------------------------------------------


def test_filled_agreement_has_no_blockers_and_seven_settled_rules() -> None:
    two = world()
    assert points.blockers(two.sheet)

    two.negotiate()

    sheet = two.sheet
    assert points.blockers(sheet) == []
    assert [str(rule.state) for rule in points.summary(sheet)] == ["agreed"] * 7
    assert sum(rule.total + rule.left_out for rule in points.summary(sheet)) == len(
        points.visible_points(sheet)
    )


def test_shortcut_of_the_tests_leaves_what_the_steps_leave() -> None:
    def rows(two: World) -> tuple[list[Any], list[Any]]:
        names = {firm.pk: number for number, firm in enumerate(two.firms)} | {None: None}
        answered = Answer.objects.filter(agreement=two.agreement)
        confirmed = Confirmation.objects.filter(agreement=two.agreement)
        return (
            sorted((a.point_key, str(names[a.partner_id])) for a in answered),
            sorted((c.point_key, names[c.partner_id]) for c in confirmed),
        )

    slow, quick = world(), world()
    slow.negotiate()
    quick.fill()

    assert rows(quick) == rows(slow)


def test_blockers_name_who_lacks_a_signer_and_lonely_firms() -> None:
    alone = world(1)
    assert points.blockers(alone.sheet)[0].reason is Reason.FEW_PARTIES

    jointly = world(2, jointly=True)
    jointly.fill()
    found = points.blockers(jointly.sheet)
    assert [(b.reason, b.names) for b in found] == [
        (Reason.NO_SIGNER, (firm.name,)) for firm in jointly.firms
    ]
    assert all(firm.name in b.sentence for b, firm in zip(found, jointly.firms, strict=True))


@pytest.mark.parametrize("firms", [2, 5])
def test_sheet_needs_the_same_five_queries(firms: int, django_assert_num_queries: Any) -> None:
    many = world(firms)
    many.press(0)
    sheets.load(many.agreement)

    with django_assert_num_queries(5):
        sheets.load(many.agreement)


def test_two_joint_answers_are_impossible() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    row = Answer.objects.get()
    row.pk = None
    row._state.adding = True

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_everything_asked_is_answered_in_this_world() -> None:
    """The helper fills what the book asks: a changed book must not make the tests vacuous."""
    asked = {
        key
        for key, point in world().sheet.book.points.items()
        if point.fast_track == "ask" and point.visible_if is None
    }

    assert asked == {*world().asked, "contributions", "contacts"}
