"""The course of a point: what was proposed, confirmed and said, and who may read it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from cooperation import answers, blind, comments, points, projects
from cooperation.agreements import NotPossible
from cooperation.kinds import InvalidAnswer
from cooperation.models import Agreement, Comment, Notice, Participation, Proposal
from tests.cooperation.browsers import Browser, Page
from tests.cooperation.worlds import World, world
from tests.factories import PartnerFactory, member
from tests.racing import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def write(two: World, firm: int, text: str = "Wie meinen Sie das?", **more: Any) -> Comment:
    key = more.pop("key", "exclusivity")
    return comments.write(two.agreement.pk, key, text, **two.acting(firm), **more)


def thread(two: World, firm: int, key: str = "exclusivity", query: str = "") -> Page:
    return Browser(two.people[firm]).get("point_thread", two.agreement.pk, key, query=query)


def turns(page: Page) -> list[str]:
    return [" ".join(item.get_text(" ").split()) for item in page.soup.select("#thread li")]


# ---- Proposals ---------------------------------------------------------------------------------


def test_every_answer_is_remembered_with_who_gave_it() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.propose(1, "exclusivity", "none")
    two.confirm(0, "exclusivity")

    told = turns(thread(two, 0))

    assert [line.split(" ")[0] for line in told] == [
        "Proposal",
        "Counter-proposal",
        "Confirmed",
        "Confirmed",
    ]
    assert "For this customer as a whole" in told[0]
    assert "replaced" in told[0]
    assert "None: everyone may offer the same with others" in told[1]
    assert two.people[1].name in told[1]
    assert "replaced" not in told[1]


def test_own_change_of_an_own_proposal_is_no_counter_proposal() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.propose(0, "exclusivity", "none")
    assert [line.split(" ")[0] for line in turns(thread(two, 1))] == [
        "Proposal",
        "Proposal",
        "Confirmed",
    ]


def test_defaults_taken_in_one_step_are_remembered_too() -> None:
    two = world()
    two.press(0)
    kept = Proposal.objects.filter(agreement=two.agreement)
    assert set(kept.values_list("origin", flat=True)) == {"default"}
    assert kept.count() == two.agreement.answers.count()


def test_same_answer_again_is_no_new_proposal() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    two.propose(1, "exclusivity", "customer")
    assert Proposal.objects.count() == 1


def test_each_firms_own_part_has_its_own_course() -> None:
    two = world()
    two.propose(0, "contributions", "Technik")
    two.propose(1, "contributions", "Vertrieb")
    told = turns(thread(two, 0, "contributions"))
    assert [line.split(")")[0] for line in told if line.startswith("Proposal")] == [
        f"Proposal ({two.firms[0].name}",
        f"Proposal ({two.firms[1].name}",
    ]
    assert not any("replaced" in line or line.startswith("Counter") for line in told)


# ---- Comments ----------------------------------------------------------------------------------


def test_shared_comment_is_read_by_all_and_internal_one_by_the_own_firm() -> None:
    two = world()
    write(two, 0, "Das ist uns wichtig.")
    write(two, 0, "Notfalls geben wir nach.", audience="internal")
    colleague = member(two.firms[0], "observer")

    mine, theirs = thread(two, 0), thread(two, 1)
    own = Browser(colleague).get("point_thread", two.agreement.pk, "exclusivity")

    assert [line.split(" ")[0] for line in turns(mine)] == ["Comment", "Comment"]
    assert "Notfalls geben wir nach." in own.text()
    assert len(turns(theirs)) == 1
    assert "Notfalls" not in theirs.response.content.decode()
    assert f"only {two.firms[0].name} sees this" in turns(mine)[1]


def test_checklist_counts_only_comments_the_reader_can_read() -> None:
    two = world()
    write(two, 0, "Offen")
    write(two, 0, "Intern", audience="internal")
    seen = [
        Browser(person)
        .get("agreement_detail", two.agreement.pk)
        .text("#point-exclusivity .point__thread")
        for person in two.people
    ]
    assert seen == ["Course and 2 comments", "Course and 1 comment"]


def test_comment_between_two_firms_stays_between_them() -> None:
    three = world(firms=3)
    three.propose(0, "commercial_model", "day_rates")
    write(three, 0, "Unser Satz ist knapp.", key="day_rates", other=three.firms[1])
    query = f"?mit={three.firms[0].pk}"

    assert "Unser Satz ist knapp." in thread(three, 1, "day_rates", query).text()
    third = thread(three, 2, "day_rates", query)
    assert turns(third) == []
    assert thread(three, 2, "day_rates", f"?mit={three.firms[1].pk}").status == 200
    assert (
        "knapp"
        not in Browser(three.people[2])
        .get("agreement_detail", three.agreement.pk)
        .response.content.decode()
    )


def test_pairwise_thread_of_two_other_firms_is_not_found() -> None:
    three = world(firms=3)
    three.propose(0, "commercial_model", "day_rates")
    assert thread(three, 2, "day_rates", f"?mit={three.firms[2].pk}").status == 404
    assert thread(three, 2, "day_rates", f"?mit={uuid4()}").status == 404
    assert thread(three, 2, "day_rates").status == 404  # with which firm, nobody can guess


def test_who_joins_later_does_not_read_what_was_said_before() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    write(two, 0, "Firma C ist teuer.")
    Comment.objects.update(at=timezone.now() - timedelta(hours=1))
    Proposal.objects.update(at=timezone.now() - timedelta(hours=1))
    joiner = PartnerFactory.create()
    person = member(joiner, "manager")
    place = projects.invite(two.agreement.pk, joiner, **two.acting(0))
    projects.accept(place.pk, by=person)
    write(two, 1, "Willkommen!")

    page = Browser(person).get("point_thread", two.agreement.pk, "exclusivity")

    assert "teuer" not in page.response.content.decode()
    assert [line.split(" ")[0] for line in turns(page)] == ["Confirmed", "Comment"]
    card = Browser(person).get("agreement_detail", two.agreement.pk)
    assert card.text("#point-exclusivity .point__thread") == "Course and 1 comment"


def test_comment_taken_back_leaves_a_trace_and_no_text() -> None:
    two = world()
    comment = write(two, 0, "Zu schnell geschrieben")
    page = Browser(two.people[0]).follow("comment_remove", two.agreement.pk, comment.pk)
    assert "Zu schnell" not in page.response.content.decode()
    assert "This comment was taken back." in page.text()
    again = comments.remove(comment.pk, **two.acting(0))
    comment.refresh_from_db()
    assert again.removed_at == comment.removed_at


def test_only_its_author_takes_a_comment_back() -> None:
    two = world()
    comment = write(two, 0)
    with pytest.raises(NotPossible):
        comments.remove(comment.pk, **two.acting(1))
    internal = write(two, 0, audience="internal")
    page = Browser(two.people[1]).post("comment_remove", two.agreement.pk, internal.pk)
    assert page.status == 404
    assert not Comment.objects.exclude(removed_at=None).exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\x00b", "\u202eumgekehrt"])
def test_unusable_comment_is_refused_with_a_sentence(text: str) -> None:
    two = world()
    page = Browser(two.people[0]).post(
        "comment_write", two.agreement.pk, "exclusivity", comment=text
    )
    assert page.status == 422
    assert len(page.errors()) >= 1
    assert not Comment.objects.exists()


def test_comment_is_shown_as_text_whatever_it_holds() -> None:
    two = world()
    write(two, 0, "<script>alert(1)</script>")
    body = thread(two, 1).response.content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_comments_rest_while_each_firm_answers_alone() -> None:
    two = world()
    blind.open_round(two.agreement.pk, **two.acting(0))
    with pytest.raises(NotPossible):
        write(two, 0, key="shared_goal")
    with pytest.raises(NotPossible):
        two.propose(0, "shared_goal", "Ein Ziel")
    with pytest.raises(NotPossible):
        two.press(1)


def test_nothing_is_added_to_an_agreement_that_is_over() -> None:
    two = world()
    Agreement.objects.update(status="abandoned")
    with pytest.raises(NotPossible):
        write(two, 0)


def test_stranger_and_former_party_write_nothing() -> None:
    two = world()
    other = PartnerFactory.create()
    with pytest.raises(NotPossible):
        comments.write(
            two.agreement.pk, "exclusivity", "Hallo", by=member(other, "manager"), partner=other
        )
    Participation.objects.filter(partner=two.firms[1]).update(
        state="left", left_at=timezone.now(), left_by=two.people[1]
    )
    with pytest.raises(NotPossible):
        write(two, 1)


# ---- Asking somebody ---------------------------------------------------------------------------


def test_who_is_mentioned_gets_a_mail_that_says_where_and_not_what() -> None:
    two = world()
    expert = member(two.firms[1], "specialist", name="Ina Kern")
    comment = write(two, 0, "Streng geheime Frage", mentions=[expert.pk])
    notice = Notice.objects.get(kind="mention")
    assert notice.person == expert
    assert notice.data["point"] == two.point("exclusivity").number
    assert "geheim" not in str(notice.data)
    assert notice.path == f"/vereinbarung/{two.agreement.pk}/punkt/exclusivity/verlauf/"
    assert "Asks: Ina Kern" in thread(two, 0).text()
    comments.remove(comment.pk, **two.acting(0))
    notice.refresh_from_db()
    assert notice.state == "dropped"


def test_nobody_is_asked_about_what_they_cannot_read() -> None:
    three = world(firms=3)
    with pytest.raises(InvalidAnswer) as internal:
        write(three, 0, audience="internal", mentions=[three.people[1].pk])
    with pytest.raises(InvalidAnswer):
        write(three, 0, mentions=[member(PartnerFactory.create(), "manager").pk])
    three.propose(0, "commercial_model", "day_rates")
    with pytest.raises(InvalidAnswer):
        write(three, 0, key="day_rates", other=three.firms[1], mentions=[three.people[2].pk])
    assert internal.value.errors == {
        "mentions": ["Somebody you mention could not read this comment."]
    }
    assert not Comment.objects.exists()
    assert not Notice.objects.filter(kind="mention").exists()


def test_asking_oneself_sends_no_mail() -> None:
    two = world()
    write(two, 0, mentions=[two.people[0].pk])
    assert not Notice.objects.filter(kind="mention").exists()


# ---- Pages -------------------------------------------------------------------------------------


def test_fragment_is_what_a_reload_shows() -> None:
    two = world()
    args = (two.agreement.pk, "exclusivity")
    fragment = Browser(two.people[0], htmx=True).post(
        "comment_write", *args, comment="Passt", audience="shared"
    )
    page = thread(two, 0)
    assert turns(fragment) == turns(page)
    assert fragment.status == 200


@pytest.mark.parametrize(("role", "status"), [("observer", 403), ("lead", 302), ("signer", 302)])
def test_observers_read_and_the_others_write(role: str, status: int) -> None:
    two = world()
    browser = Browser(member(two.firms[0], role))
    assert browser.get("point_thread", two.agreement.pk, "exclusivity").status == 200
    page = browser.post(
        "comment_write", two.agreement.pk, "exclusivity", comment="Gut", audience="shared"
    )
    assert page.status == status


@pytest.mark.parametrize("count", [1, 3])
def test_thread_queries_do_not_grow(count: int, django_assert_num_queries: Any) -> None:
    two = world()
    for number in range(count):
        two.propose(number % 2, "exclusivity", ["customer", "none"][number % 2])
        write(two, 0, f"Nummer {number}", mentions=[two.people[1].pk])
        answers.ask_to_talk(two.agreement.pk, "exclusivity", "Bitte", **two.acting(1))
    browser = Browser(two.people[0])
    with django_assert_num_queries(QUERIES):
        page = browser.get("point_thread", two.agreement.pk, "exclusivity")
    assert page.status == 200


QUERIES = 19


def test_progress_says_who_is_waited_for_at_which_rule() -> None:
    two = world()
    two.propose(0, "exclusivity", "customer")
    page = Browser(two.people[0]).get("agreement_detail", two.agreement.pk)
    first = [
        cell.get_text(" ", strip=True)
        for cell in page.soup.select(".progress-table tbody tr")[0].select("td")
    ]
    turns_of = [
        sum(point.rule == "partnership" for point in points.turns(two.sheet, str(firm.pk)))
        for firm in two.firms
    ]
    assert first == [str(number) for number in turns_of]
    assert turns_of[1] == turns_of[0] + 1


@pytest.mark.django_db(transaction=True)
def test_two_comments_at_once_both_count() -> None:
    two = world()
    at_once(lambda: write(two, 0, "Erster"), lambda: write(two, 1, "Zweiter"))
    assert set(Comment.objects.values_list("text", flat=True)) == {"Erster", "Zweiter"}
