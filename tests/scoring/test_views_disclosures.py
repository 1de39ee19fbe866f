"""The pages on which a firm chooses what others see, and on which they see it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners.models import Partner, User
from scoring import disclosures, enrolments
from scoring.enrolments import MODERN_WORK
from scoring.models import Disclosure
from tests.factories import PartnerFactory, member
from tests.parsing import parsed
from tests.scoring.test_disclosures import DESIGNATION, METRIC, NOTHING, bring

pytestmark = pytest.mark.django_db

PAGE = reverse("scoring:disclosures")
DIRECTORY = reverse("partners:directory")
BADGE = (
    "Solutions Partner for Modern Work: requirements met, as computed by this portal from data of "
    "February 2025"
)
HTML = "<b>Fett</b> & „so“"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2025, 3, 25, 9, tzinfo=UTC), tick=True) as clock:
        yield clock


@pytest.fixture
def owner() -> Partner:
    partner: Partner = PartnerFactory.create(name="Nord", city="Kiel")
    bring(partner)
    return partner


@pytest.fixture
def reader() -> Partner:
    return PartnerFactory.create(name="Süd")


def browser(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def firm_url(firm: Partner) -> str:
    return reverse("partners:firm_detail", args=[firm.pk])


def change_url(firm: Any) -> str:
    return reverse("scoring:disclosure", args=[getattr(firm, "pk", firm)])


def page(client: Client, url: str, *args: Any, **options: Any) -> BeautifulSoup:
    response = client.get(url, *args, **options)
    assert response.status_code == 200
    return parsed(response.content)


def words(found: Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split()).replace(" :", ":")


def badges(client: Client) -> list[str]:
    return [words(tag) for tag in page(client, DIRECTORY).select(".badge")]


def cards(client: Client, firm: Partner) -> list[str]:
    return [words(tag) for tag in page(client, firm_url(firm)).select("#between .card")]


# ---- The badge -----------------------------------------------------------------------------------


def test_badge_is_switched_on_and_off_on_the_page(owner: Partner, reader: Partner) -> None:
    own, other = browser(member(owner, "manager")), browser(member(reader, "observer"))
    assert badges(other) == []
    assert words(page(own, PAGE).select_one(".section__head .tag")) == "off"

    done = page(own, reverse("scoring:disclosure_public"), follow=True)
    assert not Disclosure.objects.exists()  # a link switches nothing
    done = parsed(
        own.post(reverse("scoring:disclosure_public"), {"badge": "on"}, follow=True).content
    )
    assert words(done.select_one(".notices")) == (
        "The badge is on. Everybody in the directory sees it."
    )
    assert words(done.select_one(".section__head .tag")) == "on, shown"
    assert badges(other) == [BADGE]
    assert cards(other, owner)[0] == f"What Nord shows you {BADGE}"

    own.post(reverse("scoring:disclosure_public"), {"badge": "off"})
    assert badges(other) == []
    rows = [words(row) for row in page(own, PAGE).select("table.data tbody tr")]
    assert [row.split(" ", 2)[2].split(" Person")[0] for row in rows] == [
        "everybody Badge off",
        "everybody Badge on",
    ]


def test_preview_is_exactly_what_others_see(owner: Partner, reader: Partner) -> None:
    own, other = browser(member(owner, "manager")), browser(member(reader, "observer"))
    preview = page(own, PAGE).select_one(".disclosure-preview .badge")  # before it is switched on
    own.post(reverse("scoring:disclosure_public"), {"badge": "on"})
    assert preview is not None
    assert page(own, PAGE).select_one(".disclosure-preview .badge") == preview
    assert page(other, DIRECTORY).select_one(".badge") == preview
    assert page(other, firm_url(owner)).select_one("#between .badge") is None  # in words there
    assert page(own, firm_url(owner)).select_one("#between .badge") == preview


def test_page_says_why_a_badge_is_not_shown(reader: Partner) -> None:
    owner = PartnerFactory.create()
    bring(owner, 1)
    own, other = browser(member(owner, "signer")), browser(member(reader, "observer"))
    before = page(own, PAGE)
    assert words(before.select_one(".notice--info")).startswith(
        "Switched on now, it would not be shown yet. Your newest score does not meet"
    )
    done = parsed(
        own.post(reverse("scoring:disclosure_public"), {"badge": "on"}, follow=True).content
    )
    assert "It is not shown at the moment" in words(done.select_one(".notices"))
    assert words(done.select_one(".section__head .tag")) == "on, not shown now"
    assert words(page(own, reverse("partners:profile")).select_one(".tag--warn")) == (
        "not shown now"
    )
    assert badges(other) == []

    today = timezone.localdate()
    enrolments.record(owner, MODERN_WORK, today, by=None, today=today)
    assert badges(other) == [
        "Solutions Partner for Modern Work: enrolled, as the firm recorded in March 2025"
    ]
    assert page(own, PAGE).select(".notice--info") == []


def test_profile_says_what_is_shown(owner: Partner, reader: Partner) -> None:
    user = member(owner, "manager")
    own = browser(user)
    url = reverse("partners:profile")
    assert "The badge in the directory is off." in words(page(own, url).find("main"))
    disclosures.show(owner, None, DESIGNATION, by=user)
    disclosures.show(owner, reader, DESIGNATION, by=user)
    shown = page(own, url)
    assert words(shown.select_one(".badge")) == BADGE
    assert "1 single firm sees something of your score." in words(shown.find("main"))
    assert shown.select_one(f'main a[href="{PAGE}"]') is not None


# ---- Between two firms ---------------------------------------------------------------------------


def test_form_on_the_page_of_a_firm_without_javascript(owner: Partner, reader: Partner) -> None:
    own, other = browser(member(owner, "manager", name="Ada")), browser(member(reader, "observer"))
    assert cards(own, reader)[1].startswith("What Süd sees of you Nothing at the moment.")
    assert cards(other, owner)[0] == "What Nord shows you Nothing at the moment."
    options = page(own, firm_url(reader)).select("#between option")
    assert len(options) == 11
    assert words(options[4]) == "Usage growth (today 0.0 of 30 points)"
    assert "Today, the designation would say: In progress; requirements met, SMB at 95" in words(
        page(own, firm_url(reader)).select_one("#between .helptext")
    )

    done = own.post(change_url(reader), {"what": DESIGNATION, "back": "firm"})
    assert done.headers["Location"] == firm_url(reader) + "#between"
    assert cards(own, reader)[1].startswith(
        "What Süd sees of you Solutions Partner for Modern Work: In progress; requirements met, "
        "SMB at 95 of 100 points Data of February 2025, computed by this portal for 25/03/2025. "
        "Chosen by Ada on 25/03/2025."
    )
    assert cards(other, owner) == [
        "What Nord shows you Solutions Partner for Modern Work: In progress; requirements met, "
        "SMB at 95 of 100 points Data of February 2025, computed by this portal for 25/03/2025.",
        "What Nord sees of you Nothing at the moment. Admins, partner managers and those who may "
        "sign for your firm can change it.",
    ]
    assert page(other, firm_url(owner)).select("#between form") == []
    third = browser(member(PartnerFactory.create(), "admin"))
    assert cards(third, owner)[0] == "What Nord shows you Nothing at the moment."


def test_fragment_is_what_a_reload_shows(owner: Partner, reader: Partner) -> None:
    own = browser(member(owner, "manager"))
    data = {"what": METRIC, "metric": "smb:deployments", "back": "firm"}
    done = own.post(change_url(reader), data, headers={"hx-request": "true"})
    fragment = parsed(done.content)

    notice = fragment.select_one("#between > .notice--ok")
    assert words(notice) == "Süd sees from now on: SMB: Deployments."
    assert fragment.find("html") is None
    assert notice is not None
    notice.decompose()
    for soup in (fragment, again := page(own, firm_url(reader))):
        for token in soup.select("[name=csrfmiddlewaretoken]"):
            token.decompose()
    first, second = fragment.select_one("#between"), again.select_one("#between")
    assert words(first) == words(second)
    assert [tag.get("value") for tag in fragment.select("#between [checked]")] == [METRIC]
    assert [tag.get("value") for tag in fragment.select("#between [selected]")] == [
        "smb:deployments"
    ]


def test_a_metric_has_to_be_chosen(owner: Partner, reader: Partner) -> None:
    own = browser(member(owner, "manager"))
    for metric in ("", "smb:total", "deployments", "smb:deployments:x"):
        data = {"what": METRIC, "metric": metric, "back": "firm"}
        refused = own.post(change_url(reader), data, headers={"hx-request": "true"})
        assert refused.status_code == 422
        assert parsed(refused.content).select("#between details[open] .errorlist")
        plain = own.post(change_url(reader), data)
        assert parsed(plain.content).select(".disclosure-open .errorlist")
    assert own.post(change_url(reader), {"what": "everything"}).status_code == 200
    assert not Disclosure.objects.exists()


def test_own_page_shows_what_everybody_sees(owner: Partner) -> None:
    own = browser(member(owner, "manager"))
    assert "The others see nothing of your designation here." in words(
        page(own, firm_url(owner)).select_one("#between")
    )
    assert page(own, firm_url(owner)).select("#between form") == []


# ---- The page of all -----------------------------------------------------------------------------


def test_a_firm_is_searched_and_chosen(owner: Partner, reader: Partner) -> None:
    own = browser(member(owner, "admin"))
    found = page(own, PAGE, {"q": "süd"}).select(".disclosure-found a")
    assert [words(link) for link in found] == ["Süd"]
    assert page(own, PAGE, {"q": "nord"}).select(".disclosure-found a") == []  # the own firm

    form = page(own, PAGE + str(found[0]["href"]).split("#")[0]).select_one(".disclosure-open form")
    assert form is not None
    assert form["action"] == change_url(reader)
    data = {"what": DESIGNATION, "back": "page"}
    done = parsed(own.post(str(form["action"]), data, follow=True).content)
    assert words(done.select_one(".notices")) == "Süd sees your designation from now on."
    assert [words(tag) for tag in done.select("#single .list__title")] == ["Süd"]

    own.post(change_url(reader), {"what": NOTHING, "back": "page"})
    assert page(own, PAGE).select("#single .list__title") == []


def test_page_shows_what_others_show(owner: Partner, reader: Partner) -> None:
    silent = PartnerFactory.create(name="Still")
    disclosures.show(owner, reader, DESIGNATION, by=member(owner, "manager"))
    disclosures.show(silent, owner, DESIGNATION, by=member(silent, "manager"))
    text = words(page(browser(member(reader, "observer")), PAGE).find("main"))
    assert "Nord Solutions Partner for Modern Work: In progress; requirements met, SMB" in text
    assert "Still" not in text


@pytest.mark.parametrize("which", ["unknown", "garbage", "own", "closed"])
def test_firms_that_cannot_be_chosen(owner: Partner, which: str) -> None:
    closed = PartnerFactory.create(is_active=False)
    pk = {"unknown": uuid4(), "garbage": "x", "own": owner.pk, "closed": closed.pk}[which]
    own = browser(member(owner, "manager"))
    assert own.get(PAGE, {"firm": str(pk)}).status_code == 404
    if which in {"unknown", "closed"}:
        answer = own.post(change_url(pk), {"what": DESIGNATION})
        assert answer.status_code == 404
    if which == "own":
        answer = own.post(change_url(pk), {"what": DESIGNATION, "back": "page"})
        assert "Your own firm sees its score anyway." in answer.content.decode()
    assert not Disclosure.objects.exists()


def test_what_a_closed_firm_saw_can_be_taken_back(owner: Partner, reader: Partner) -> None:
    user = member(owner, "manager")
    disclosures.show(owner, reader, DESIGNATION, by=user)
    outsider = browser(member(reader, "admin"))
    Partner.objects.filter(pk=reader.pk).update(is_active=False)
    assert outsider.get(firm_url(owner)).status_code == 404

    own = browser(user)
    text = words(page(own, PAGE).select_one("#single .list"))
    assert "This firm is no longer on Handschlag and sees nothing." in text
    more = own.post(change_url(reader), {"what": METRIC, "metric": "smb:deployments"})
    assert "no longer on Handschlag, so nothing can be shown" in more.content.decode()
    own.post(change_url(reader), {"what": NOTHING, "back": "page"})
    assert page(own, PAGE).select("#single .list__title") == []


def test_who_may_only_read_finds_no_form(owner: Partner, reader: Partner) -> None:
    disclosures.show(owner, reader, DESIGNATION, by=member(owner, "manager"))
    for role in ("observer", "specialist", "lead"):
        shown = page(browser(member(owner, role)), PAGE, {"firm": str(reader.pk)})
        assert shown.select("main form") == []
        assert "can change it" in words(shown.find("main"))


def test_names_are_shown_as_text(owner: Partner) -> None:
    nasty = PartnerFactory.create(name=HTML)
    own = browser(member(owner, "manager", name=HTML))
    own.post(change_url(nasty), {"what": DESIGNATION})
    for url in (PAGE, firm_url(nasty), PAGE + f"?firm={nasty.pk}"):
        shown = page(own, url)
        assert HTML in words(shown.find("main"))
        assert shown.select("main b b, h1 b, h3 b, th b") == []


# ---- What it costs -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(reader: Partner, count: int, django_assert_num_queries: Any) -> None:
    user = member(reader, "manager")
    bring(reader)
    for _number in range(count):
        firm = PartnerFactory.create()
        bring(firm)
        by = member(firm, "manager")
        for to in (None, reader):
            disclosures.show(firm, to, DESIGNATION, by=by)
        disclosures.show(reader, firm, METRIC, track="smb", metric="deployments", by=user)
    client = browser(user)
    # As in the room of firms, and four: words, scores, enrolments, months.
    with django_assert_num_queries(10):
        assert len(badges(client)) == count
    # Session, user, memberships; own scores, enrolments, months; own words; who shows something;
    # words, scores, enrolments and months of others; changes twice; the right.
    with django_assert_num_queries(15):
        assert len(page(client, PAGE).select("#single .list__title")) == count
    # As in the room of firms; what it shows (4), own facts (3) and words, the right.
    with django_assert_num_queries(15):
        page(client, firm_url(firm))


def test_pages_only_read(
    owner: Partner, reader: Partner, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    user = member(owner, "manager")
    disclosures.show(owner, reader, DESIGNATION, by=user)
    before = list(Disclosure.objects.values())
    client = browser(user)
    for url in (PAGE, PAGE + f"?firm={reader.pk}", change_url(reader), firm_url(reader)):
        client.get(url)
    assert list(Disclosure.objects.values()) == before
