"""Projects and invitations."""

from typing import Any

import pytest

from cooperation import projects
from cooperation.models import CustomerProject, Participation
from tests.cooperation.browsers import Browser, fields
from tests.cooperation.worlds import world
from tests.factories import PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db

NASTY = '<img src=x onerror="alert(1)"> & „so“'


def test_project_with_invitations() -> None:
    own, other = PartnerFactory.create(), PartnerFactory.create(name="Zweite Firma")
    browser = Browser(member(own, "manager"))
    form = browser.get("project_create").one("main form.form")
    assert "Zweite Firma, Köln" in form.get_text()

    done = browser.follow(
        "project_create",
        **fields(form)
        | {
            "name": NASTY,
            "customer_name": NASTY,
            "customer_is_alias": "on",
            "description": NASTY,
            "role": NASTY,
            "firms": [str(other.pk)],
            "message": NASTY,
        },
    )

    assert done.messages() == ["The project is there and 1 firm is invited."]
    project = CustomerProject.objects.get()
    assert (project.name, project.customer_name, project.customer_is_alias) == (NASTY, NASTY, True)
    assert Participation.objects.get(partner=other).state == "invited"
    assert "<img" not in done.one("main").decode().replace("&lt;img", "")
    assert done.one("h1").get_text() == NASTY


def test_project_needs_a_name_and_the_own_firm_cannot_be_invited() -> None:
    own = PartnerFactory.create()
    browser = Browser(member(own, "manager"))
    page = browser.post(
        "project_create", name="", customer_name="Kunde", firms=[str(own.pk)], message=""
    )
    assert page.status == 200
    assert page.errors() == [
        "This field is required.",
        f"Select a valid choice. {own.pk} is not one of the available choices.",
    ]
    assert page.one("[name=customer_name]")["value"] == "Kunde"
    assert not CustomerProject.objects.exists()


@pytest.mark.parametrize("role", ["observer", "specialist", "lead", "signer"])
def test_projects_are_begun_by_partner_managers(role: str) -> None:
    browser = Browser(member(PartnerFactory.create(), role))
    assert browser.get("project_create").status == 403
    assert browser.get("project_list").soup.select(".page-head .btn") == []


def test_invited_firm_sees_the_invitation_and_no_answer() -> None:
    two = world()
    two.propose(0, "shared_goal", "Streng vertraulich")
    project = two.agreement.project
    project.customer_name = "Geheimer Kunde"
    project.save()
    firm = PartnerFactory.create()
    person = member(firm, "manager")
    place = projects.invite(
        two.agreement.pk, firm, role="Schulung", message="Macht ihr mit?", **two.acting(0)
    )
    browser = Browser(person)

    page = browser.get("invitation", place.pk)

    for shown in (
        project.name,
        two.people[0].name,
        two.firms[0].name,
        "Schulung",
        "Macht ihr mit?",
    ):
        assert shown in page.text()
    for hidden in ("Streng vertraulich", "Geheimer Kunde", two.firms[1].name):
        assert hidden not in page.response.content.decode()
    assert browser.get("project_detail", project.pk).status == 404
    assert browser.get("agreement_detail", two.agreement.pk).status == 404
    assert [tag.get_text() for tag in browser.get("project_list").soup.select(".list__title")] == [
        project.name
    ]


def test_invitation_accepted() -> None:
    two = world()
    firm = PartnerFactory.create()
    person = member(firm, "manager")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    done = Browser(person).follow("invitation_accept", place.pk)

    assert done.messages() == ["Welcome. Your firm takes part; here is what it is about."]
    assert two.firms[1].name in done.text()
    assert Browser(person).post("invitation_accept", place.pk).status == 404


def test_invitation_declined_closes_the_door() -> None:
    two = world()
    firm = PartnerFactory.create()
    person = member(firm, "signer")
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))

    done = Browser(person).follow("invitation_decline", place.pk, reason="Keine Zeit <b>jetzt</b>")

    assert done.messages() == ["Declined. The firm that invited you sees it in its project."]
    assert Browser(person).get("invitation", place.pk).status == 404
    log = (
        Browser(two.people[0])
        .get("project_detail", two.agreement.project_id)
        .text(".timeline--log")
    )
    assert "Keine Zeit <b>jetzt</b>" in log


def test_who_may_not_decide_reads_the_invitation() -> None:
    two = world()
    firm = PartnerFactory.create()
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    browser = Browser(member(firm, "specialist"))
    assert browser.get("invitation", place.pk).soup.select("main form") == []
    assert browser.post("invitation_accept", place.pk).status == 403
    assert browser.post("invitation_decline", place.pk).status == 403


def test_invitation_is_for_its_firm_only() -> None:
    two = world()
    firm = PartnerFactory.create()
    place = projects.invite(two.agreement.pk, firm, **two.acting(0))
    for person in (two.people[0], member(PartnerFactory.create(), "manager"), UserFactory.create()):
        assert Browser(person).get("invitation", place.pk).status == 404
        assert Browser(person).post("invitation_accept", place.pk).status == 404


def test_one_more_firm_and_its_invitation_taken_back() -> None:
    two = world()
    firm = PartnerFactory.create()
    browser = Browser(two.people[0])
    form = browser.get("project_invite", two.agreement.project_id)
    offered = {str(option["value"]) for option in form.soup.select("[name=firm] option")}
    assert offered == {"", str(firm.pk)}

    done = browser.follow(
        "project_invite", two.agreement.project_id, firm=str(firm.pk), role="Betrieb", message=""
    )
    assert done.messages() == [f"{firm.name} is invited."]

    place = Participation.objects.get(partner=firm)
    assert Browser(member(two.firms[1], "lead")).post("invitation_withdraw", place.pk).status == 403
    done = browser.follow("invitation_withdraw", place.pk)
    assert done.messages() == ["The invitation is taken back."]
    assert Participation.objects.get(partner=firm).state == "withdrawn"


def test_no_invitation_while_signing() -> None:
    two = world()
    two.freeze()
    firm = PartnerFactory.create()
    browser = Browser(two.people[0])
    assert "Invite a firm" not in browser.get("project_detail", two.agreement.project_id).text()
    page = browser.post("project_invite", two.agreement.project_id, firm=str(firm.pk))
    assert page.errors() == [
        "The agreement is being signed or over, so no further firm can be invited."
    ]


def test_list_says_whom_a_project_waits_for() -> None:
    two = world()
    two.fill()
    two.propose(0, "exclusivity", "none")
    mine = Browser(two.people[1]).get("project_list")
    theirs = Browser(two.people[0]).get("project_list")
    assert "Waits for you (since" in mine.text(".project-line")
    assert f"Waits for {two.firms[1].name} (since" in theirs.text(".project-line")
    assert len(mine.one(".project-line .mark").select("g")) == 7


def test_lists_are_empty_for_a_stranger() -> None:
    two = world()
    page = Browser(member(PartnerFactory.create(), "manager")).get("project_list")
    assert two.agreement.project.name not in page.text()
    assert "No project yet" in page.text()
    assert Browser(UserFactory.create()).get("project_list").status == 200


@pytest.mark.parametrize("count", [1, 3])
def test_list_queries_do_not_grow(count: int, django_assert_num_queries: Any) -> None:
    own = world(3)
    for number in range(count - 1):
        more = projects.create(name=f"Noch eins {number}", customer_name="Kunde", **own.acting(0))
        place = projects.invite(more.pk, own.firms[1], **own.acting(0))
        projects.accept(place.pk, by=own.people[1])
    browser = Browser(own.people[0])
    browser.get("project_list")
    with django_assert_num_queries(12):
        page = browser.get("project_list")
    assert len(page.soup.select(".project-line")) == count


@pytest.mark.parametrize("firms", [2, 4])
def test_detail_queries_do_not_grow(firms: int, django_assert_num_queries: Any) -> None:
    made = world(firms)
    for number in range(firms):
        made.propose(number, "contributions", f"Beitrag {number}")
    browser = Browser(made.people[0])
    browser.get("project_detail", made.agreement.project_id)
    with django_assert_num_queries(19):
        page = browser.get("project_detail", made.agreement.project_id)
    assert f"Beitrag {firms}" not in page.text()
