"""What falls between the subjects: who joins, leaves or comes too late, and forms nobody made."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from cooperation import (
    amendments,
    annexes,
    blind,
    disputes,
    endings,
    frozen,
    leaving,
    neutral_people,
    nothing_between,
    projects,
    retrospectives,
    reuse,
    reviews,
    rule_books,
    signing,
    standing,
)
from cooperation.agreements import NotPossible
from cooperation.models import Answer, BlindRound, Confirmation, Signature
from tests.cooperation import ending_worlds
from tests.cooperation.amended import begin, freeze, in_days, in_force, sign, sign_all
from tests.cooperation.browsers import Browser
from tests.cooperation.pairing import paired
from tests.cooperation.settling import opened, signed
from tests.cooperation.worlds import World, another, world
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten_tries() -> None:
    cache.clear()


def join(some: World) -> int:
    """One more firm takes part; its number."""
    firm = PartnerFactory.create()
    person = member(firm, "manager", "signer")
    place = projects.invite(some.agreement.pk, firm, **some.acting(0))
    projects.accept(place.pk, by=person)
    some.firms.append(firm)
    some.people.append(person)
    return len(some.firms) - 1


# ---- Taken over from elsewhere -----------------------------------------------------------------


def taken_over() -> tuple[World, World]:
    old = in_force()
    old.agreement.project.name = "Geheimprojekt Hafen"
    old.agreement.project.save()
    new = another(old)
    version = old.agreement.versions.get()
    reuse.take(
        new.agreement.pk,
        str(version.pk),
        ["shared_goal", "publicity", "contributions"],
        **new.acting(0),
    )
    return old, new


def test_who_joins_is_not_told_of_agreements_it_has_no_part_in(english: None) -> None:
    _old, new = taken_over()
    own = Browser(new.people[1])
    assert "Geheimprojekt Hafen" in own.get("agreement_detail", new.agreement.pk).text()
    third = Browser(new.people[join(new)])
    for page in (
        third.get("agreement_detail", new.agreement.pk),
        third.get("point", new.agreement.pk, "shared_goal"),
        third.get("point_thread", new.agreement.pk, "shared_goal"),
        third.get("project_detail", new.agreement.project_id),
        third.get("ready", new.agreement.pk),
    ):
        assert page.status == 200
        assert "Geheimprojekt" not in page.response.content.decode()


def test_a_text_that_others_sign_names_no_agreement_of_some(english: None) -> None:
    _old, new = taken_over()
    join(new)
    at = new.agreement.created_at
    content = frozen.content(frozen.payload(new.agreement, new.sheet, number=1, at=at))
    points = {point["key"]: point for rule in content["rules"] for point in rule["points"]}
    [goal] = points["shared_goal"]["answers"]
    assert (goal["value"], goal["origin"], goal["source"]) == (
        {"text": "A quick start with Teams."},
        "previous",
        {},
    )
    assert "Geheimprojekt" not in str(content)


# ---- Who joins later ---------------------------------------------------------------------------


def test_who_joins_reads_no_earlier_review(english: None) -> None:
    some = in_force()
    found = standing.stands(some.agreement, standing.today())
    due = reviews.plan(found, standing.today()).dues[0].on
    reviews.hold(
        some.agreement.pk, due, held_on=standing.today(), note="Unter uns gesagt", **some.acting(0)
    )
    assert "Unter uns gesagt" in Browser(some.people[1]).get("work", some.agreement.pk).text()
    begin(some)
    number = join(some)
    Answer.objects.filter(agreement=some.agreement).delete()
    Confirmation.objects.filter(agreement=some.agreement).delete()
    some.fill()
    sign_all(some, freeze(some))
    page = Browser(some.people[number]).get("work", some.agreement.pk)
    assert page.status == 200
    assert "Unter uns gesagt" not in page.text()


def ended_around_a_joiner() -> tuple[World, int]:
    some = ending_worlds.in_force(ends_on="2026-06-30")
    with ending_worlds.on("2026-05-04"):
        amendments.begin(
            some.agreement.pk,
            reason="Mehr Firmen",
            effective_on=standing.today(),
            **some.acting(0),
        )
        number = join(some)
    return some, number


def test_who_only_began_to_join_reads_no_look_back(english: None) -> None:
    some, number = ended_around_a_joiner()
    with ending_worlds.on("2026-07-02"):
        for firm in (0, 1):
            for rule in rule_books.by_id(some.agreement.rule_book_id).rules:
                retrospectives.save(
                    some.agreement.pk, rule.key, rating=2, good="Offen gesagt", **some.acting(firm)
                )
            retrospectives.hand_in(some.agreement.pk, again=True, **some.acting(firm))
        endings.confirm_item(
            some.agreement.pk, "access", note="Passwort am Empfang", **some.acting(0)
        )
        own = Browser(some.people[1])
        assert "Offen gesagt" in own.get("retrospective", some.agreement.pk).text()
        assert "Passwort am Empfang" in own.get("closing", some.agreement.pk).text()
        third = Browser(some.people[number])
        for name in ("retrospective", "closing", "ending"):
            page = third.get(name, some.agreement.pk)
            assert "Offen gesagt" not in page.response.content.decode()
            assert "Passwort" not in page.response.content.decode()


# ---- Between two subjects ----------------------------------------------------------------------


def test_nothing_between_two_waits_for_the_first_round(english: None) -> None:
    three = paired()
    BlindRound.objects.create(
        agreement=three.agreement, opened_by=three.people[0], opened_by_partner=three.firms[0]
    )
    with pytest.raises(NotPossible) as refused:
        nothing_between.say(three.agreement.pk, "day_rates", [three.firms[1]], **three.acting(0))
    assert str(refused.value) == blind.points_rest()


def test_no_text_is_fixed_that_would_hold_only_after_the_end(english: None) -> None:
    some = ending_worlds.in_force()
    with ending_worlds.on("2026-05-04"):
        amendments.begin(
            some.agreement.pk,
            reason="Später",
            effective_on=standing.today() + timedelta(days=200),
            **some.acting(0),
        )
        some.propose(0, "shared_goal", "Ein anderes Ziel")
        some.confirm(1, "shared_goal")
        endings.give_notice(
            some.agreement.pk,
            ends_on=standing.today() + timedelta(days=60),
            **some.acting(1),
        )
        with pytest.raises(NotPossible) as refused:
            signing.freeze(some.agreement.pk, **some.acting(0))
    assert str(refused.value) == (
        "The agreement ends on 3 July 2026. Please choose a day before its end."
    )


def test_a_look_back_waits_for_no_firm_that_has_left(english: None) -> None:
    some = ending_worlds.in_force(3)
    with ending_worlds.on("2026-05-04"):
        row = endings.propose_end(
            some.agreement.pk,
            ends_on=standing.today() + timedelta(days=150),
            **some.acting(0),
        )
        for firm in (1, 2):
            endings.consent(row.pk, **some.acting(firm))
        for firm in (0, 1):
            for rule in rule_books.by_id(some.agreement.rule_book_id).rules:
                retrospectives.save(
                    some.agreement.pk, rule.key, rating=2, good="So war es", **some.acting(firm)
                )
            retrospectives.hand_in(some.agreement.pk, again=True, **some.acting(firm))
        assert not retrospectives.is_revealed(some.agreement)
        leaving.leave(some.agreement.pk, reason="Genug", **some.acting(2))
        assert retrospectives.is_revealed(some.agreement)


def test_a_neutral_person_who_changes_sides_reads_no_more(english: None) -> None:
    some, version = signed(3)
    dispute = opened(some, version, others=[some.firms[1].pk])
    person = UserFactory.create()
    guest = neutral_people.invite(
        dispute.pk,
        email=person.email,
        name=person.name,
        until=in_days(20),
        **some.acting(0),
    )
    neutral_people.agree(guest.pk, **some.acting(1))
    assert Browser(person).get("dispute", dispute.pk).status == 200
    MembershipFactory.create(user=person, partner=some.firms[2], is_partner_manager=True)
    assert Browser(person).get("dispute", dispute.pk).status == 404
    with pytest.raises(NotPossible):
        disputes.write(dispute.pk, "Noch ein Wort", by=person, partner=None)


def test_nobody_signs_beside_an_annex_that_the_text_does_not_name(english: None) -> None:
    some = world()
    version = some.freeze()
    annexes.store(version, {(str(some.firms[0].pk), str(some.firms[1].pk)): b'{"fee": 1}'})
    with pytest.raises(signing.NotSignable) as refused:
        sign(some, version, 0)
    assert str(refused.value) == ("The text has changed since you opened it. Please read it again.")
    assert not Signature.objects.exists()
