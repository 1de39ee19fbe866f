"""Notice, an end together, going on after all, giving up, the closing list, putting away."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cooperation import endings, leaving, projects, signing, standing
from cooperation.agreements import NotPossible
from cooperation.endings import BadDay
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementEvent,
    ClosingItem,
    Ending,
    EndingConsent,
    Notice,
    Participation,
)
from cooperation.working_days import day_of
from partners.models import Membership
from tests.cooperation import amended
from tests.cooperation.ending_worlds import (
    give_notice,
    in_force,
    logged,
    on,
    propose_end,
    stands,
)
from tests.cooperation.worlds import World, another, world
from tests.factories import PartnerFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

NOV_22 = "2026-11-22"
DEC_22 = "2026-12-22"  # a month later


def refused(step: Any) -> str:
    with pytest.raises(NotPossible) as caught:
        step()
    return str(caught.value)


def told(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("person__name", flat=True))


# ---- Notice ------------------------------------------------------------------------------------


def test_notice_of_one_of_two_firms_ends_the_agreement() -> None:
    two = in_force()
    with on(NOV_22):
        ending = give_notice(two, 0, DEC_22, reason="Der Kunde ist gewechselt.")

    assert (ending.way, ending.state, ending.ends_on) == ("notice", "announced", date(2026, 12, 22))
    assert ending.given_by_partner == two.firms[0]
    found = stands(two, NOV_22)
    assert (found.last_day, found.way, found.status) == (date(2026, 12, 22), "notice", "in_force")
    assert found.is_ending
    assert logged(two) == ["ending"]
    event = AgreementEvent.objects.get(kind="ending")
    assert event.data == {
        "way": "notice",
        "ends_on": "2026-12-22",
        "reason": "Der Kunde ist gewechselt.",
    }
    assert told("notice_given") == {two.people[1].name}


@pytest.mark.parametrize(
    ("last_day", "said"),
    [
        ("2026-12-21", "The agreed period is 1 month. The earliest last day is Dec. 22, 2026."),
        ("2026-11-22", "The agreed period is 1 month. The earliest last day is Dec. 22, 2026."),
        ("2020-01-01", "The agreed period is 1 month. The earliest last day is Dec. 22, 2026."),
        ("2036-11-21", "Please choose a day within the next ten years."),
        ("9999-12-31", "Please choose a day within the next ten years."),
    ],
)
def test_last_day_has_to_keep_the_period(last_day: str, said: str) -> None:
    two = in_force()
    with on(NOV_22), pytest.raises(BadDay) as caught:
        give_notice(two, 0, last_day)

    assert str(caught.value) == said.replace("Dec. 22, 2026", "22 December 2026")
    assert not Ending.objects.exists()
    assert logged(two) == []


def test_notice_by_the_default_goes_to_the_end_of_a_month() -> None:
    two = in_force(exit_notice={"number": 30, "unit": "days", "note": "schriftlich"})
    with on(NOV_22):
        too_early = refused(lambda: give_notice(two, 0, DEC_22))
        assert too_early == (
            "The agreed period is 30 days to the end of a month. "
            "The earliest last day is 31 December 2026."
        )
        between = refused(lambda: give_notice(two, 0, "2027-01-15"))
        assert between == (
            "Notice was agreed to the end of a month. The next such day is 31 January 2027."
        )
        assert give_notice(two, 0, "2027-01-31").ends_on == date(2027, 1, 31)


def test_notice_on_the_29th_of_february() -> None:
    two = in_force(exit_notice={"number": 1, "unit": "years"})
    with on("2028-02-29"):
        said = refused(lambda: give_notice(two, 0, "2029-02-27"))
        assert said == "The agreed period is 1 year. The earliest last day is 28 February 2029."
        assert give_notice(two, 0, "2029-02-28").ends_on == date(2029, 2, 28)


def test_notice_without_an_agreed_period_is_not_possible() -> None:
    two = in_force(exit_notice=None)
    with on(NOV_22):
        said = refused(lambda: give_notice(two, 0, "2027-12-31"))

    assert said == "No period of notice was agreed. You can end the agreement together."


def test_notice_beyond_the_agreed_term_changes_nothing() -> None:
    two = in_force(ends_on="2027-01-31")
    with on(NOV_22):
        said = refused(lambda: give_notice(two, 0, "2027-02-01"))
        assert said == "The agreement ends on 31 January 2027 anyway, as its text says."
        give_notice(two, 0, "2027-01-30")

    found = stands(two, NOV_22)
    assert (found.last_day, found.way) == (date(2027, 1, 30), "notice")


@pytest.mark.parametrize("firm", [0, 1])
def test_second_notice_is_refused(firm: int) -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        said = refused(lambda: give_notice(two, firm, "2027-03-01"))

    assert said == (
        "The end of this agreement is announced already. Its last day is 22 December 2026."
    )
    assert Ending.objects.count() == 1


def test_notice_after_the_end_is_refused() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
    with on("2026-12-23"):
        said = refused(lambda: give_notice(two, 1, "2027-03-01"))

    assert said == "This agreement has ended already."


def test_notice_of_what_is_not_in_force() -> None:
    two = world()
    ends_on = standing.today() + timedelta(days=90)
    acting = two.acting(0)
    said = "This agreement is not in force, so there is nothing to end."

    assert refused(lambda: endings.give_notice(two.agreement.pk, ends_on=ends_on, **acting)) == said
    two.freeze()
    assert refused(lambda: endings.give_notice(two.agreement.pk, ends_on=ends_on, **acting)) == said


def test_notice_of_one_of_three_firms_does_not_end_it_for_the_others() -> None:
    three = in_force(3)
    with on(NOV_22):
        said = refused(lambda: give_notice(three, 1, "2027-12-31"))

    assert said == (
        "With three or more firms, one firm alone does not end the agreement for the others. It "
        "can leave, or all can end it together."
    )


def test_when_one_of_three_has_left_a_notice_ends_it_for_the_two() -> None:
    three = in_force(3)
    with on(NOV_22):
        leaving.leave(three.agreement.pk, reason="Wir gehen.", **three.acting(2))
        give_notice(three, 0, DEC_22)

    assert stands(three, NOV_22).last_day == date(2026, 12, 22)


def test_only_who_may_sign_gives_notice() -> None:
    two = in_force()
    said = "You are not (or no longer) entitled to sign for this firm. Its admin can help."
    manager = member(two.firms[0], "admin", "manager")
    former = member(two.firms[0], "signer")
    Membership.objects.filter(user=former).update(left_at="2035-01-01T00:00Z")
    operator = member(two.firms[0], "signer")
    operator.is_staff = True
    operator.save(update_fields=["is_staff"])
    with on(NOV_22):
        for person in (manager, former, operator, two.people[1]):
            assert refused(lambda by=person: give_notice(two, 0, DEC_22, by=by)) == said


def test_stranger_gives_no_notice() -> None:
    two, other = in_force(), in_force()
    with on(NOV_22):
        said = refused(lambda: give_notice(two, 0, DEC_22, **other.acting(0)))

    assert said == "Your firm does not take part in this project."


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("x" * 2001, "Please shorten this to 2000 characters (now 2001)."),
        ("a\x07b", "The text contains invisible control characters. Please type it in again."),
        ("a\u202eb", "The text contains invisible control characters. Please type it in again."),
    ],
)
def test_reason_is_clean_text(reason: str, said: str) -> None:
    two = in_force()
    with on(NOV_22), pytest.raises(InvalidAnswer) as caught:
        give_notice(two, 0, DEC_22, reason=reason)

    assert caught.value.errors == {"reason": [said]}
    assert not Ending.objects.exists()


def test_notice_takes_the_place_of_an_open_proposal() -> None:
    two = in_force()
    with on(NOV_22):
        proposed = propose_end(two, 0, "2026-12-01")
        give_notice(two, 1, DEC_22)
        assert refused(lambda: endings.consent(proposed.pk, **two.acting(1))) == (
            "This proposal is not (or no longer) open."
        )

    assert list(Ending.objects.values_list("state", flat=True)) == ["withdrawn", "announced"]


def test_agreement_under_notice_can_be_amended_until_its_last_day() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        amended.begin(two, 1)
        two.propose(1, "publicity", "none")
        two.confirm(0, "publicity")
        version = amended.sign_all(two, amended.freeze(two))

    assert version.state == "in_force"
    assert stands(two, NOV_22).last_day == date(2026, 12, 22)


# ---- Together ----------------------------------------------------------------------------------


def test_end_together_needs_every_firm() -> None:
    three = in_force(3)
    with on(NOV_22):
        ending = propose_end(three, 0, "2026-11-30", reason="Alles getan.")
        assert stands(three, NOV_22).last_day is None
        endings.consent(ending.pk, **three.acting(1))
        assert stands(three, NOV_22).last_day is None
        endings.consent(ending.pk, **three.acting(2))

    found = stands(three, NOV_22)
    assert (found.last_day, found.way) == (date(2026, 11, 30), "mutual")
    assert logged(three) == ["ending"] * 4  # proposed, two consents, announced
    assert told("ending_proposed") == {person.name for person in three.people[1:]}
    assert told("end_agreed") == {person.name for person in three.people[:2]}


def test_consent_twice_counts_once() -> None:
    two = in_force(3)
    with on(NOV_22):
        ending = propose_end(two, 0, "2026-11-30")
        for _again in range(2):
            endings.consent(ending.pk, **two.acting(1))
            endings.consent(ending.pk, **two.acting(0))

    assert EndingConsent.objects.count() == 2
    assert logged(two) == ["ending"] * 2


@pytest.mark.parametrize(
    ("last_day", "said"),
    [
        ("2026-11-21", "This day is over. Please choose today or a later day."),
        ("2027-02-01", "The agreement ends on 31 January 2027 anyway, as its text says."),
    ],
)
def test_proposed_day_has_to_make_sense(last_day: str, said: str) -> None:
    two = in_force(ends_on="2027-01-31")
    with on(NOV_22):
        assert refused(lambda: propose_end(two, 0, last_day)) == said


def test_end_together_today_holds_until_midnight_in_berlin() -> None:
    two = in_force()
    with on(NOV_22):
        ending = propose_end(two, 0, NOV_22)
        endings.consent(ending.pk, **two.acting(1))

    assert not stands(two, NOV_22).is_over
    assert stands(two, "2026-11-23").is_over


def test_proposal_lapses_with_its_day() -> None:
    two = in_force()
    with on(NOV_22):
        ending = propose_end(two, 0, "2026-11-30")
    with on("2026-12-01"):
        assert refused(lambda: endings.consent(ending.pk, **two.acting(1))) == (
            "The proposed day is over. Please propose another one."
        )
        propose_end(two, 1, "2026-12-24")  # without taking the old one back

    assert list(Ending.objects.values_list("state", flat=True)) == ["withdrawn", "proposed"]


def test_second_proposal_waits_for_the_first() -> None:
    two = in_force()
    with on(NOV_22):
        propose_end(two, 0, "2026-11-30")
        assert refused(lambda: propose_end(two, 1, "2026-12-24")) == (
            "An end is proposed already. Please answer that proposal first, or take it back."
        )


@pytest.mark.parametrize("firm", [0, 1])
def test_proposal_is_taken_back_or_refused(firm: int) -> None:
    two = in_force()
    with on(NOV_22):
        ending = propose_end(two, 0, "2026-11-30")
        endings.withdraw_proposal(ending.pk, reason="Doch nicht", **two.acting(firm))
        assert refused(lambda: endings.consent(ending.pk, **two.acting(1))) == (
            "This proposal is not (or no longer) open."
        )

    assert stands(two, NOV_22).proposed is None
    assert logged(two) == ["ending", "ending_withdrawn"]
    assert Notice.objects.get(kind="ending_proposed").state == "dropped"


def test_announced_end_moves_when_all_agree_and_keeps_what_was_ticked_off() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        endings.confirm_item(two.agreement.pk, "access", **two.acting(1))
        assert refused(lambda: propose_end(two, 1, DEC_22)) == (
            "The agreement ends on this day already."
        )
        ending = propose_end(two, 1, "2026-11-30")
        assert stands(two, NOV_22).last_day == date(2026, 12, 22)
        endings.consent(ending.pk, **two.acting(0))

    found = stands(two, NOV_22)
    assert (found.last_day, found.way) == (date(2026, 11, 30), "mutual")
    assert ClosingItem.objects.get().ending == found.ending == ending


def test_firm_that_left_does_not_count_and_cannot_consent() -> None:
    three = in_force(3)
    with on(NOV_22):
        ending = propose_end(three, 0, "2026-11-30")
        leaving.leave(three.agreement.pk, reason="Wir gehen.", **three.acting(2))
        assert refused(lambda: endings.consent(ending.pk, **three.acting(2))) == (
            "Your firm does not take part in this project."
        )
        again = propose_end(three, 0, "2026-11-30")  # leaving took the first one off the table
        endings.consent(again.pk, **three.acting(1))

    assert stands(three, NOV_22).last_day == date(2026, 11, 30)


def test_consent_needs_the_right_to_sign() -> None:
    two = in_force()
    with on(NOV_22):
        ending = propose_end(two, 0, "2026-11-30")
        manager = member(two.firms[1], "manager")
        assert refused(lambda: endings.consent(ending.pk, by=manager, partner=two.firms[1])) == (
            "You are not (or no longer) entitled to sign for this firm. Its admin can help."
        )


# ---- Going on after all ------------------------------------------------------------------------


def test_notice_is_taken_back_by_all_firms_only() -> None:
    two = in_force()
    with on(NOV_22):
        ending = give_notice(two, 0, DEC_22)
        endings.go_on(ending.pk, **two.acting(0))
        assert stands(two, NOV_22).last_day == date(2026, 12, 22)
        endings.go_on(ending.pk, **two.acting(1))

    assert stands(two, NOV_22).last_day is None
    assert logged(two) == ["ending", "ending_withdrawn", "ending_withdrawn"]
    assert Notice.objects.get(kind="notice_given").state == "dropped"
    assert told("going_on") == {two.people[0].name}
    with on(NOV_22):
        give_notice(two, 1, DEC_22)  # and anybody can give notice again


def test_word_for_going_on_can_be_taken_back() -> None:
    two = in_force()
    with on(NOV_22):
        ending = give_notice(two, 0, DEC_22)
        endings.go_on(ending.pk, **two.acting(0))
        endings.rather_end(ending.pk, **two.acting(0))
        endings.go_on(ending.pk, **two.acting(1))

    assert stands(two, NOV_22).last_day == date(2026, 12, 22)


def test_nobody_goes_on_after_the_last_day() -> None:
    two = in_force()
    with on(NOV_22):
        ending = give_notice(two, 0, DEC_22)
        endings.go_on(ending.pk, **two.acting(0))
    with on(DEC_22, hour=22):  # 23:00 in Berlin
        endings.go_on(ending.pk, **two.acting(0))
    with on(DEC_22, hour=23):  # midnight in Berlin
        assert refused(lambda: endings.go_on(ending.pk, **two.acting(1))) == (
            "This agreement has ended already."
        )


def test_agreed_term_is_moved_by_an_amendment() -> None:
    two = in_force(ends_on="2026-12-22")
    with on("2026-12-01"):
        endings.confirm_item(two.agreement.pk, "access", **two.acting(0))
        ending = Ending.objects.get()
        assert refused(lambda: endings.go_on(ending.pk, **two.acting(0))) == (
            "This end is in the text itself. To move it, please amend the text."
        )


# ---- The term ----------------------------------------------------------------------------------


def test_agreed_term_runs_out_by_itself() -> None:
    two = in_force(ends_on="2026-12-22")

    far, near, last, over = (
        stands(two, day) for day in ("2026-11-21", NOV_22, DEC_22, "2026-12-23")
    )
    assert (far.last_day, far.way, far.is_ending) == (date(2026, 12, 22), "term", False)
    assert near.is_ending  # thirty days ahead
    assert not last.is_over
    assert (over.is_over, over.status) == (True, "ended")
    assert not Ending.objects.exists()


def test_end_before_the_last_signature_is_none() -> None:
    two = in_force(ends_on="2026-03-01")

    assert stands(two, NOV_22).last_day is None


def test_amendment_of_the_term_moves_the_end_and_begins_the_closing_list_anew() -> None:
    two = in_force(ends_on="2026-12-22")
    with on("2026-12-01"):
        endings.confirm_item(two.agreement.pk, "access", **two.acting(0))
        amended.begin(two)
        two.propose(0, "term", {"start": "signing_date", "end": "2027-12-22", "review": None})
        two.confirm(1, "term")
        amended.sign_all(two, amended.freeze(two))
        found = stands(two)
        assert (found.last_day, found.ending) == (date(2027, 12, 22), None)
        assert refused(lambda: endings.confirm_item(two.agreement.pk, "data", **two.acting(0))) == (
            "The closing list opens when the end is announced."
        )
    with on("2027-12-01"):
        endings.confirm_item(two.agreement.pk, "data", **two.acting(0))
        ending = stands(two).ending
        assert ending is not None
        assert list(ending.items.values_list("key", flat=True)) == ["data"]


def test_notice_before_the_term_keeps_what_was_ticked_off() -> None:
    two = in_force(ends_on="2026-12-22", exit_notice={"number": 7, "unit": "days"})
    with on("2026-12-01"):
        endings.confirm_item(two.agreement.pk, "access", **two.acting(0))
        ending = give_notice(two, 1, "2026-12-08")

    assert stands(two, "2026-12-01").ending == ending
    assert ClosingItem.objects.get().ending == ending
    assert set(Ending.objects.values_list("way", "state")) == {
        ("term", "withdrawn"),
        ("notice", "announced"),
    }


# ---- The last day is over ----------------------------------------------------------------------


def test_first_verb_after_the_last_day_writes_the_end() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
    with on("2027-02-01"):
        endings.confirm_item(two.agreement.pk, "access", **two.acting(0))

    agreement = Agreement.objects.get()
    assert (agreement.status, agreement.ended_on) == ("ended", date(2026, 12, 22))
    assert agreement.retain_until == date(2036, 12, 31)
    assert logged(two) == ["ending", "ended", "closing"]
    event = AgreementEvent.objects.get(kind="ended")
    assert (event.by, event.partner) == (None, None)
    assert event.data == {"way": "notice", "ends_on": "2026-12-22"}
    assert told("closing") == {person.name for person in two.people}


def test_retention_is_a_setting(settings: Any) -> None:
    settings.RETENTION_YEARS = 6
    two = in_force(ends_on=DEC_22)

    assert stands(two, "2026-12-23").retain_until == date(2032, 12, 31)
    with on("2027-02-01"):
        endings.confirm_item(two.agreement.pk, "access", **two.acting(0))
    settings.RETENTION_YEARS = 30  # what was written stays
    assert stands(two, "2027-02-02").retain_until == date(2032, 12, 31)


def test_end_closes_a_signing_round_and_drops_the_amendment() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        amended.begin(two)
        two.propose(0, "publicity", "none")
        two.confirm(1, "publicity")
        version = signing.freeze(two.agreement.pk, expires_on=date(2027, 2, 1), **two.acting(0))
        amended.sign(two, version, 0)
    with on("2026-12-23"):
        with pytest.raises(signing.NotSignable) as caught:
            amended.sign(two, version, 1)
        assert str(caught.value) == "This version is not (or no longer) open for signing."
        version.refresh_from_db()
        assert version.state == "signing"  # nothing was written: the verb was refused
        endings.archive(two.agreement.pk, partner=two.firms[0])

    version.refresh_from_db()
    assert (version.state, version.closed_by) == ("expired", None)
    assert two.agreement.amendments.get().state == "dropped"
    assert Agreement.objects.get().status == "ended"
    since = logged(two)
    assert since[-3:] == ["expired", "amendment_dropped", "ended"]
    for kind in ("expired", "amendment_dropped"):
        assert AgreementEvent.objects.get(kind=kind).data["because"] == "ended"


def test_after_the_end_nothing_is_negotiated() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        amended.begin(two)
    with on("2026-12-23"):
        said = refused(lambda: two.propose(0, "publicity", "none"))

    assert said == "This agreement is no longer in negotiation, so its points cannot be changed."


def test_only_one_end_is_announced() -> None:
    two = in_force()
    with on(NOV_22):
        first = give_notice(two, 0, DEC_22)
        with pytest.raises(IntegrityError), transaction.atomic():
            Ending.objects.create(
                agreement=two.agreement,
                way="mutual",
                state="announced",
                ends_on=first.ends_on,
                given_by=two.people[0],
                given_by_partner=two.firms[0],
            )


# ---- Giving up ---------------------------------------------------------------------------------


def test_giving_up_closes_rounds_and_invitations_and_tells_all() -> None:
    two = world()
    invitee = member(PartnerFactory.create(), "manager")
    version = two.freeze()
    firm = invitee.memberships.get().partner
    Participation.objects.create(
        project=two.agreement.project,
        partner=firm,
        position=9,
        invited_by=two.people[0],
        invited_by_partner=two.firms[0],
    )
    endings.abandon(two.agreement.pk, reason="Kein Budget", **two.acting(1))

    agreement = Agreement.objects.get()
    assert (agreement.status, agreement.ended_on, agreement.retain_until) == (
        "abandoned",
        None,
        None,
    )
    version.refresh_from_db()
    assert (version.state, version.closed_by_partner) == ("withdrawn", two.firms[1])
    assert Participation.objects.get(partner=firm).state == "withdrawn"
    kinds = ["withdrawn", "invitation_withdrawn", "abandoned"]
    assert logged(two, *kinds) == kinds
    assert told("abandoned") == {two.people[0].name, invitee.name}
    assert standing.stands(agreement, standing.today()).last_day is None


def test_given_up_project_stays_readable_and_still() -> None:
    two = world()
    endings.abandon(two.agreement.pk, **two.acting(0))

    assert Agreement.objects.visible_to(two.people[1]).exists()
    assert refused(lambda: two.press(0)) == (
        "This agreement is no longer in negotiation, so its points cannot be changed."
    )
    firm = PartnerFactory.create()
    with pytest.raises(NotPossible):
        projects.invite(two.agreement.pk, firm, **two.acting(0))
    assert refused(lambda: endings.abandon(two.agreement.pk, **two.acting(1))) == (
        "This project is closed already."
    )


def test_of_three_firms_the_one_that_began_gives_it_up() -> None:
    three = world(3)
    said = "With three or more firms, the others may want to go on. Your firm can leave."

    assert refused(lambda: endings.abandon(three.agreement.pk, **three.acting(1))) == said
    endings.abandon(three.agreement.pk, **three.acting(0))
    assert Agreement.objects.get().status == "abandoned"


def test_what_was_in_force_is_ended_and_not_given_up() -> None:
    two = in_force()
    said = "This agreement has been in force. It can be ended, not given up."

    with on(NOV_22):
        assert refused(lambda: endings.abandon(two.agreement.pk, **two.acting(0))) == said
        amended.begin(two)
        assert refused(lambda: endings.abandon(two.agreement.pk, **two.acting(0))) == said


# ---- The closing list --------------------------------------------------------------------------


def test_closing_list_is_ticked_off_firm_by_firm() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        item = endings.confirm_item(
            two.agreement.pk, "data", note="Außer den Rechnungen", **two.acting(1)
        )

    assert (item.partner, item.by, item.key) == (two.firms[1], two.people[1], "data")
    assert day_of(item.at) == date(2026, 11, 22)
    event = AgreementEvent.objects.get(kind="closing")
    assert event.data == {"item": "data", "comment": "Außer den Rechnungen"}


def test_item_said_twice_is_what_was_said_first() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        for note in ("zuerst", "später"):
            item = endings.confirm_item(two.agreement.pk, "data", note=note, **two.acting(1))

    assert (item.note, ClosingItem.objects.count()) == ("zuerst", 1)
    assert logged(two) == ["ending", "closing"]


def test_item_is_opened_again_by_its_firm_only() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        endings.confirm_item(two.agreement.pk, "data", **two.acting(1))
        endings.reopen_item(two.agreement.pk, "data", **two.acting(0))
        assert ClosingItem.objects.count() == 1
        endings.reopen_item(two.agreement.pk, "data", **two.acting(1))

    assert not ClosingItem.objects.exists()
    assert logged(two) == ["ending", "closing", "closing"]


def test_closing_list_is_closed_before_the_end_is_announced() -> None:
    two = in_force(ends_on="2027-12-31")
    with on(NOV_22):
        said = refused(lambda: endings.confirm_item(two.agreement.pk, "data", **two.acting(0)))

    assert said == "The closing list opens when the end is announced."


def test_closing_list_refuses_what_it_does_not_know() -> None:
    two = in_force()
    with on(NOV_22):
        give_notice(two, 0, DEC_22)
        said = refused(lambda: endings.confirm_item(two.agreement.pk, "nothing", **two.acting(0)))
        assert said == "The closing list has no such item."
        with pytest.raises(InvalidAnswer) as caught:
            endings.confirm_item(two.agreement.pk, "data", note="x" * 2001, **two.acting(0))

    assert list(caught.value.errors) == ["note"]
    assert not ClosingItem.objects.exists()


def test_firm_that_left_does_not_tick_off() -> None:
    three = in_force(3)
    with on(NOV_22):
        ending = propose_end(three, 0, DEC_22)
        for firm in (1, 2):
            endings.consent(ending.pk, **three.acting(firm))
    with on("2026-12-01"):
        Participation.objects.filter(partner=three.firms[2]).update(
            state="left", left_at="2026-12-01T00:00Z", left_by=three.people[2]
        )
        said = refused(lambda: endings.confirm_item(three.agreement.pk, "data", **three.acting(2)))

    assert said == "Your firm does not take part in this project."


# ---- Put away ----------------------------------------------------------------------------------


def archived(some: World) -> list[bool]:
    places = Participation.objects.filter(project=some.agreement.project_id)
    return [place.archived_at is not None for place in places.order_by("position")]


def test_putting_away_is_for_the_own_firm_alone() -> None:
    two = in_force(ends_on=DEC_22)
    with on("2026-12-23"):
        endings.archive(two.agreement.pk, partner=two.firms[1])
        assert archived(two) == [False, True]
        endings.fetch_back(two.agreement.pk, partner=two.firms[1])

    assert archived(two) == [False, False]
    assert logged(two) == ["ended"]  # and no word of it


def test_only_what_is_over_is_put_away() -> None:
    two = in_force(ends_on=DEC_22)
    given_up = another(two)
    with on(DEC_22):
        assert refused(lambda: endings.archive(two.agreement.pk, partner=two.firms[0])) == (
            "Only a project that has ended can be put away."
        )
    endings.abandon(given_up.agreement.pk, **given_up.acting(0))
    endings.archive(given_up.agreement.pk, partner=two.firms[0])
    assert archived(given_up) == [True, False]
