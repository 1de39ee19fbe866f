"""Beginning with what was said before: earlier agreements, frame agreements, own preferences."""

from typing import Any

import pytest

from cooperation import preferences, projects, reuse, sheets, signing
from cooperation.agreements import NotPossible
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    CustomerProject,
    FirmPreference,
    Proposal,
)
from cooperation.points import Sheet
from tests.cooperation.browsers import Browser
from tests.cooperation.worlds import World, another, world
from tests.factories import PartnerFactory, member
from tests.racing import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def sign(signed: World) -> None:
    version = signing.freeze(signed.agreement.pk, **signed.acting(0))
    for firm in range(len(signed.firms)):
        signing.sign(
            version.pk,
            seen=version.sha256,
            language="de",
            authority="prokura",
            **signed.acting(firm),
        )


def done(firms: int = 2) -> World:
    """An agreement of these firms that all have signed, with an answer of its own."""
    first = world(firms=firms)
    first.fill()
    first.propose(0, "exclusivity", "customer")
    for firm in range(1, firms):
        first.confirm(firm, "exclusivity")
    sign(first)
    return first


def offered(here: World, firm: int) -> list[str]:
    return [source.title for source in reuse.sources(here.agreement, here.firms[firm])]


def key_of(here: World, firm: int) -> str:
    return reuse.sources(here.agreement, here.firms[firm])[0].key


def candidates(here: World, firm: int) -> list[reuse.Candidate]:
    sheet: Sheet = sheets.load(here.agreement)
    source = reuse.sources(here.agreement, here.firms[firm])[0]
    return reuse.candidates(here.agreement, sheet, here.firms[firm], source)


def take(here: World, firm: int, *keys: str) -> reuse.Taken:
    source = key_of(here, firm)
    wanted = keys or {candidate.key for candidate in candidates(here, firm)}
    return reuse.take(here.agreement.pk, source, wanted, **here.acting(firm))


# ---- From an earlier agreement -----------------------------------------------------------------


def test_signed_answers_of_the_same_firms_become_proposals_that_name_their_source() -> None:
    first = done()
    here = another(first)
    taken = take(here, 0)

    answer = Answer.objects.get(agreement=here.agreement, point_key="exclusivity")
    version = first.agreement.versions.get()
    assert "exclusivity" in taken.filled
    assert (answer.value, answer.origin) == ({"choice": "customer", "note": ""}, "previous")
    assert answer.source == {
        "version": str(version.pk),
        "project": "Neuer Arbeitsplatz",
        "number": 1,
    }
    assert here.state("exclusivity") == "proposed"  # the other firm has not said anything yet
    page = Browser(here.people[1]).get("agreement_detail", here.agreement.pk)
    assert "from the agreement “Neuer Arbeitsplatz”, version 1" in page.text("#point-exclusivity")


def test_second_firm_confirms_all_that_stands_there_and_adds_its_own_parts() -> None:
    here = another(done())
    take(here, 0)
    assert here.state("contacts") == "proposed"

    taken = take(here, 1)

    assert "exclusivity" in taken.confirmed
    assert set(taken.filled) == {"contributions", "contacts"}
    assert here.state("exclusivity") == "agreed"
    own = Answer.objects.filter(agreement=here.agreement, point_key="contributions")
    assert {row.value["text"] for row in own if row.value} == {
        "What firm 0 can do",
        "What firm 1 can do",
    }


def test_nothing_is_overwritten() -> None:
    here = another(done())
    here.propose(1, "exclusivity", "none")
    taken = take(here, 0)
    assert "exclusivity" not in taken.filled + taken.confirmed
    assert Answer.objects.get(agreement=here.agreement, point_key="exclusivity").value == {
        "choice": "none",
        "note": "",
    }


def test_only_what_is_ticked_is_taken_and_the_goal_of_another_project_is_not_ticked() -> None:
    here = another(done())
    usual = {each.key: each.usual for each in candidates(here, 0)}
    assert not usual.pop("shared_goal")
    assert all(usual.values())
    taken = take(here, 0, "exclusivity", "no_such_point")
    assert taken.filled == ("exclusivity",)
    assert Answer.objects.filter(agreement=here.agreement).count() == 1


def test_what_was_taken_is_told_in_the_log_and_kept_in_the_course() -> None:
    here = another(done())
    take(here, 0, "exclusivity")
    event = AgreementEvent.objects.get(agreement=here.agreement, kind="reused")
    assert (event.data["origin"], event.data["filled"]) == ("previous", ["exclusivity"])
    assert Proposal.objects.get(agreement=here.agreement).origin == "previous"
    page = Browser(here.people[1]).get("project_detail", here.agreement.project_id)
    assert "from the agreement “Neuer Arbeitsplatz”, version 1" in page.text()


def test_texts_that_a_firm_of_the_project_has_not_signed_are_no_source() -> None:
    first = done()
    here = another(first)
    assert offered(here, 0) == ["Neuer Arbeitsplatz"]
    joiner = PartnerFactory.create()
    place = projects.invite(here.agreement.pk, joiner, **here.acting(0))
    assert offered(here, 0) == []  # an invited firm will read what stands there, too
    projects.withdraw_invitation(place.pk, **here.acting(0))
    assert offered(here, 0) == ["Neuer Arbeitsplatz"]


def test_source_of_other_firms_is_refused_however_its_id_became_known() -> None:
    foreign = done()
    here = world()
    secret = str(foreign.agreement.versions.get().pk)
    for key in (secret, "nonsense", ""):
        with pytest.raises(NotPossible):
            reuse.take(here.agreement.pk, key, {"exclusivity"}, **here.acting(0))
    page = Browser(here.people[0]).get("reuse", here.agreement.pk, query=f"?von={secret}")
    assert "For this customer as a whole" not in page.text()
    assert not Answer.objects.filter(agreement=here.agreement).exists()


def test_unsigned_and_own_text_are_no_source() -> None:
    two = world()
    two.freeze()
    assert offered(another(two), 0) == []
    assert offered(two, 0) == []


def test_what_two_firms_settled_is_offered_to_these_two_only() -> None:
    first = world(firms=3)
    first.fill()
    first.propose(0, "commercial_model", "day_rates")
    for firm in (1, 2):
        first.confirm(firm, "commercial_model")
    for firm in range(3):
        for other in range(3):
            if firm != other:
                first.propose(
                    firm,
                    "day_rates",
                    {"rows": [{"key": "consultant", "amount": str(1000 + firm)}]},
                    other=other,
                )
    for firm in range(3):
        for other in range(3):
            if firm != other:
                first.confirm(firm, "day_rates", other=other)
    sign(first)
    here = another(first)
    here.propose(0, "commercial_model", "day_rates")

    mine = [each for each in candidates(here, 2) if each.point.key == "day_rates"]
    taken = take(here, 2)

    assert [each.other.name for each in mine if each.other] == [
        first.firms[0].name,
        first.firms[1].name,
    ]
    assert {each.value["rows"][0]["amount"] for each in mine} == {"1002.00"}
    assert [key for key in taken.filled if key.startswith("day_rates")] == [
        each.key for each in mine
    ]
    rows = Answer.objects.filter(agreement=here.agreement, point_key="day_rates")
    assert {row.partner for row in rows} == {first.firms[2]}
    told = AgreementEvent.objects.filter(agreement=here.agreement, kind="reused")
    assert sorted(event.pair is None for event in told) == [False, False, True]
    assert "1002" not in str([event.data for event in told])


def test_dates_that_are_over_stay_where_they_are() -> None:
    first = world()
    first.fill()
    first.propose(0, "term", {"start": "2020-01-01", "end": "2020-12-31", "review": None})
    first.confirm(1, "term")
    sign(first)
    assert "term" not in {each.key for each in candidates(another(first), 0)}


def test_answer_that_names_a_firm_that_is_not_there_is_left_out() -> None:
    first = done(firms=3)
    here_people, here_firms = first.people[1:], first.firms[1:]
    agreement = projects.create(
        name="Zu zweit", customer_name="Werft", by=here_people[0], partner=here_firms[0]
    )
    place = projects.invite(agreement.pk, here_firms[1], by=here_people[0], partner=here_firms[0])
    projects.accept(place.pk, by=here_people[1])
    here = World(agreement, here_firms, here_people)
    keys = {each.key for each in candidates(here, 0)}
    assert "customer_lead" not in keys  # it was the firm that does not take part here
    assert "exclusivity" in keys


def test_first_talk_takes_only_what_it_asks() -> None:
    here = another(done())
    Agreement.objects.filter(pk=here.agreement.pk).update(depth="exploratory")
    here.agreement.refresh_from_db()
    keys = {each.key for each in candidates(here, 0)}
    assert "exclusivity" not in keys
    assert "cooperation_model" in keys


@pytest.mark.django_db(transaction=True)
def test_two_firms_that_take_over_at_once_make_one_answer() -> None:
    here = another(done())
    at_once(lambda: take(here, 0, "exclusivity"), lambda: take(here, 1, "exclusivity"))
    answer = Answer.objects.get(agreement=here.agreement, point_key="exclusivity")
    assert answer.revision == 1
    assert here.state("exclusivity") == "agreed"


# ---- Frame agreements --------------------------------------------------------------------------


def test_frame_agreement_has_no_customer_and_is_the_first_source() -> None:
    first = done()
    frame = projects.create(name="Rahmen 2027", customer_name="", is_frame=True, **first.acting(0))
    place = projects.invite(frame.pk, first.firms[1], **first.acting(0))
    projects.accept(place.pk, by=first.people[1])
    framed = World(frame, first.firms, first.people)
    framed.fill()
    sign(framed)

    here = another(first)
    sources = reuse.sources(here.agreement, here.firms[0])

    assert [(each.title, each.origin) for each in sources] == [
        ("Rahmen 2027", "frame"),
        ("Neuer Arbeitsplatz", "previous"),
    ]
    take(here, 0, "publicity")
    assert Answer.objects.get(agreement=here.agreement).origin == "frame"


def test_frame_agreement_is_begun_from_its_own_form() -> None:
    person = member(PartnerFactory.create(), "manager")
    browser = Browser(person)
    form = browser.get("frame_create")
    assert form.soup.select("[name=customer_name]") == []
    made = browser.follow("frame_create", name="Rahmen", customer_name="Eingeschmuggelt")
    project = CustomerProject.objects.get()
    assert (project.is_frame, project.customer_name) == (True, "")
    assert "Frame agreement" in made.text()


def test_project_without_a_customer_is_refused() -> None:
    browser = Browser(member(PartnerFactory.create(), "manager"))
    page = browser.post("project_create", name="Ohne")
    assert page.status == 200
    assert len(page.errors()) == 1
    assert not CustomerProject.objects.exists()


# ---- Preferences -------------------------------------------------------------------------------


def prefer(here: World, firm: int, key: str, value: Any) -> FirmPreference:
    return preferences.keep(here.sheet.book, key, value, **here.acting(firm))


def test_preferences_of_the_own_firm_are_a_source_for_it_alone() -> None:
    here = world()
    prefer(here, 0, "exclusivity", {"choice": "none", "note": "wie immer"})
    assert offered(here, 0) == [here.firms[0].name]
    assert offered(here, 1) == []
    taken = take(here, 0)
    answer = Answer.objects.get(agreement=here.agreement)
    assert taken.filled == ("exclusivity",)
    assert (answer.origin, answer.source) == ("preference", {"firm": here.firms[0].name})
    card = Browser(here.people[1]).get("agreement_detail", here.agreement.pk)
    assert f"what {here.firms[0].name} usually proposes" in card.text("#point-exclusivity")


@pytest.mark.parametrize("key", ["raci", "revenue_split", "customer_lead", "ms_associations"])
def test_points_that_name_the_firms_have_no_preference(key: str) -> None:
    here = world()
    with pytest.raises(KeyError):
        prefer(here, 0, key, {"rule": "lead"})
    assert not preferences.has_preference(here.point(key))


def test_preference_is_changed_and_forgotten() -> None:
    here = world()
    browser = Browser(here.people[0])
    args = ("p2p-kodex", "exit_notice")
    assert browser.get("preference", *args).status == 200
    wrong = browser.post("preference", *args, number="-3", unit="days")
    kept = browser.follow("preference", *args, number="14", unit="days")
    assert wrong.status == 422
    assert "14 days" in kept.text()
    assert FirmPreference.objects.get().value["number"] == 14
    again = browser.follow("preference_forget", *args)
    assert again.messages() == ["Forgotten. Projects that took it over keep it."]
    assert not FirmPreference.objects.exists()


def test_preferences_page_tells_nothing_of_other_firms() -> None:
    here = world()
    prefer(here, 0, "exclusivity", {"choice": "none", "note": "unser Geheimnis"})
    page = Browser(here.people[1]).get("preference_list")
    assert "Geheimnis" not in page.response.content.decode()
    assert "Geheimnis" in Browser(here.people[0]).get("preference_list").text()


@pytest.mark.parametrize("role", ["lead", "specialist", "observer", "signer", "admin"])
def test_preferences_are_for_partner_managers(role: str) -> None:
    here = world()
    browser = Browser(member(here.firms[0], role))
    assert browser.get("preference_list").status == 403
    assert browser.post("preference", "p2p-kodex", "exclusivity", choice="none").status == 403
    assert browser.post("preference_forget", "p2p-kodex", "exclusivity").status == 403
    assert browser.get("reuse", here.agreement.pk).status == 403


@pytest.mark.parametrize("args", [("no-book", "exclusivity"), ("p2p-kodex", "nothing")])
def test_unknown_book_or_point_is_not_found(args: tuple[str, str]) -> None:
    here = world()
    assert Browser(here.people[0]).get("preference", *args).status == 404


# ---- Pages -------------------------------------------------------------------------------------


def test_page_shows_what_can_be_taken_and_takes_it() -> None:
    here = another(done())
    browser = Browser(here.people[0])
    page = browser.get("reuse", here.agreement.pk)
    ticked = [str(box["value"]) for box in page.soup.select("[name=take][checked]")]
    assert "exclusivity" in ticked
    assert "shared_goal" not in ticked
    after = browser.follow("reuse", here.agreement.pk, source=key_of(here, 0), take=ticked)
    assert after.messages() == [f"{len(ticked)} answers are taken over as your proposals."]


def test_page_without_sources_says_what_would_be_here() -> None:
    here = world()
    page = Browser(here.people[0]).get("reuse", here.agreement.pk)
    assert "There is nothing to take over yet" in page.text()


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_sources(count: int, django_assert_num_queries: Any) -> None:
    first = done()
    for _number in range(count - 1):
        more = another(first)
        more.fill()
        sign(more)
    here = another(first)
    assert len(reuse.sources(here.agreement, here.firms[0])) == count
    browser = Browser(here.people[0])
    with django_assert_num_queries(QUERIES):
        page = browser.get("reuse", here.agreement.pk, query=f"?von={key_of_first(first)}")
    assert page.status == 200


def key_of_first(first: World) -> str:
    return str(first.agreement.versions.get().pk)


QUERIES = 23
