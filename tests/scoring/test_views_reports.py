"""The archive of a firm's reports, and who gets them each month."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from documents import jobs
from documents.models import Document
from partners.models import Membership, Partner, User
from scoring import history, monthly_reports, report_archive, reports, rule_sets, scores
from scoring.models import MonthlyReport, MonthResult, Portfolio, ReportSubscription, Score
from tests import blank
from tests.factories import PartnerFactory, member
from tests.scoring.past import growing, remember, store
from tests.scoring.stage import stored_score

pytestmark = pytest.mark.django_db

Soup = Callable[[Any], BeautifulSoup]
SignIn = Callable[[User], Client]
URL = "/designation/berichte/"
BOOK = "modern-work-2023"
FEBRUARY, MARCH = 2025 * 12 + 1, 2025 * 12 + 2


@pytest.fixture
def firm() -> Partner:
    return PartnerFactory.create(name="Kern", slug="kern")


@pytest.fixture
def user(firm: Partner) -> User:
    return member(firm, "manager", name="Mona Manager")


@pytest.fixture
def browser(user: User, sign_in: SignIn) -> Client:
    browser = sign_in(user)
    browser.cookies["django_language"] = "en"
    return browser


def made(score: Score, *, by: User | None, **options: str) -> Any:
    report = reports.order(score.pk, by=by, **({"language": "de"} | options))
    jobs.build(report.document_id, blank.pdf)
    return report


def place(user: User) -> Membership:
    return user.memberships.get()


# ---- The archive ---------------------------------------------------------------------------------


def test_before_the_first_report_the_page_says_what_one_is_for(browser: Client, soup: Soup) -> None:
    page = soup(browser.get(URL))
    empty = page.select_one(".empty")
    assert empty is not None
    assert empty.a is not None
    assert empty.a["href"] == reverse("scoring:overview")


def test_the_archive_shows_each_pdf_with_its_proof(
    firm: Partner, user: User, browser: Client, soup: Soup
) -> None:
    remember(firm, growing(["2025-02", "2025-03"], ["2024-02", "2024-03"]))
    old = scores.compute(firm, date(2025, 3, 25), rule_sets.get(BOOK))
    new = scores.compute(firm, date(2025, 4, 25), rule_sets.get(BOOK))
    made(old, by=user)
    short = made(new, by=None, length="short", language="en")
    monthly = MonthlyReport.objects.create(partner=firm, month=MARCH, score=new)
    monthly.reports.add(short)
    waiting = reports.order(new.pk, language="de", by=user)

    page = soup(browser.get(URL))
    groups = page.select(".reported")
    assert [str(link["href"]) for group in groups for link in group.select("h2 a")] == [
        reverse("scoring:score", args=[score.pk]) for score in (new, old)
    ]
    newest = groups[0]
    compare = newest.select_one(".reported__points a")
    assert compare is not None
    assert compare["href"] == f"{reverse('scoring:difference', args=[new.pk])}?other={old.pk}"
    assert browser.get(str(compare["href"])).status_code == 200
    assert groups[1].select_one(".reported__points a") is None

    pdf = newest.select_one(f"#report-{short.pk}")
    assert pdf is not None
    document = Document.objects.get(pk=short.document_id)
    assert document.sha256 in pdf.get_text()
    assert pdf.select_one(f"a[href='{reverse('documents:check_code', args=[document.code])}']")
    download = reverse("scoring:report_download", args=[short.pk])
    assert pdf.select_one(f"a[href='{download}']")
    assert "Mona" not in pdf.get_text()
    ordered = newest.select_one(f"#report-{waiting.pk}")
    assert ordered is not None
    assert "Mona Manager" in ordered.get_text()
    assert ordered.select_one(f"[hx-get='{reverse('scoring:report_status', args=[waiting.pk])}']")


def test_corrected_data_stand_beside_the_report(
    firm: Partner, user: User, browser: Client, soup: Soup
) -> None:
    remember(firm, growing(["2025-02"], ["2024-02"]))
    score = scores.compute(firm, date(2025, 3, 25), rule_sets.get(BOOK))
    made(score, by=user)
    assert soup(browser.get(URL)).select(".reported__known") == []

    remember(firm, growing(["2025-02"], ["2024-02"], count=5))
    (known,) = soup(browser.get(URL)).select(".reported__known")
    row = MonthResult.objects.get(month=FEBRUARY)
    smb = next(track for track in row.tracks if track.key == "smb")
    assert smb.total != next(track for track in score.tracks if track.key == "smb").total
    assert str(smb.total) in known.get_text()
    assert known.a is not None
    assert known.a["href"] == reverse("scoring:history_month", args=["2025-02"])
    assert browser.get(str(known.a["href"])).status_code == 200
    points = soup(browser.get(URL)).select_one(".reported__points")
    assert points is not None
    assert points.get_text() == "SMB 100 points on 25 March 2025"  # what was reported


def test_only_what_tenants_add_is_compared_with_today(firm: Partner) -> None:
    remember(firm, growing(["2025-02"], ["2024-02"]))
    score = scores.compute(firm, date(2025, 3, 25), rule_sets.get(BOOK))
    row = MonthResult.objects.get(month=FEBRUARY)
    assert report_archive.known_today(score, row) is None

    remember(firm, growing(["2025-02"], ["2024-02"]), people=[])
    row = MonthResult.objects.get(month=FEBRUARY)
    assert row.tracks != score.tracks
    assert report_archive.known_today(score, row) is None
    row.result["tracks"][0]["metrics"][0]["options"][0]["value"] += 1
    assert report_archive.known_today(score, row) is not None
    row.rule_set = "modern-work-2026"
    assert report_archive.known_today(score, row) is None


def test_the_archive_has_pages(
    firm: Partner, user: User, browser: Client, soup: Soup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.views.report_archive.SCORES_A_PAGE", 1)
    for day in (20, 21):
        made(stored_score(firm, as_of=date(2025, 3, day)), by=user)
    first, second = (soup(browser.get(f"{URL}?page={page}")) for page in (1, 2))
    assert len(first.select(".reported")) == len(second.select(".reported")) == 1
    assert first.select_one(".reported h2") != second.select_one(".reported h2")


def test_the_archive_shows_no_other_firms_reports(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    other = PartnerFactory.create()
    made(stored_score(other), by=None)
    assert soup(browser.get(URL)).select(".reported") == []


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(
    count: int, firm: Partner, user: User, browser: Client, django_assert_num_queries: Any
) -> None:
    history.refresh(store(firm, growing(["2025-02"], ["2024-02"])).pk)
    for number in range(count):
        score = scores.compute(firm, date(2025, 3, 20 + number), rule_sets.get(BOOK))
        # One score a day: else the same one comes back.
        for length in ("short", "full"):
            made(score, by=user, length=length)
        monthly_reports.subscribe(
            place(member(firm, "observer")).pk, language="de", length="short", by=user
        )
    assert Portfolio.objects.count() == 1
    # session, user, memberships; scores: number, page; reports, monthly, history; right to order;
    # right to subscribe others, last month, people, right again, subscriptions
    with django_assert_num_queries(14):
        browser.get(URL)


# ---- Who gets them -------------------------------------------------------------------------------


def test_a_manager_subscribes_a_colleague_in_place(
    firm: Partner, user: User, browser: Client, soup: Soup
) -> None:
    colleague = member(firm, "observer", name="Olga Observer")
    page = soup(browser.get(URL))
    choices = page.select("#subscriptions select[name=membership] option")
    assert {choice.get_text() for choice in choices} == {"Mona Manager", "Olga Observer"}

    data = {"membership": str(place(colleague).pk), "length": "short", "language": "de"}
    url = reverse("scoring:report_subscribe")
    fragment = soup(browser.post(url, data, headers={"hx-request": "true"}))
    (row,) = ReportSubscription.objects.all()
    assert (row.membership.user, row.length, row.language, row.made_by) == (
        colleague,
        "short",
        "de",
        user,
    )
    after = soup(browser.get(URL))
    for region in (fragment, after):
        for gone in region.select("[role=status], input[name=csrfmiddlewaretoken]"):
            gone.decompose()
    shown = [" ".join(str(one.select_one("#subscriptions")).split()) for one in (fragment, after)]
    assert shown[0] == shown[1]

    end = reverse("scoring:report_unsubscribe", args=[row.pk])
    assert after.select_one(f"form[action='{end}']") is not None
    fragment = soup(browser.post(end, headers={"hx-request": "true"}))
    assert fragment.select(".subscribers") == []
    assert ReportSubscription.objects.count() == 0


def test_without_javascript_the_form_leads_back(user: User, browser: Client) -> None:
    data = {"membership": str(place(user).pk), "length": "full", "language": "en"}
    response = browser.post(reverse("scoring:report_subscribe"), data)
    assert response["Location"] == f"{URL}#subscriptions"
    row = ReportSubscription.objects.get()
    response = browser.post(reverse("scoring:report_unsubscribe", args=[row.pk]))
    assert response["Location"] == f"{URL}#subscriptions"


def test_an_observer_is_asked_for_nobody_else(
    firm: Partner, user: User, sign_in: SignIn, soup: Soup
) -> None:
    observer = member(firm, "observer")
    own = sign_in(observer)
    field = soup(own.get(URL)).select_one("#subscriptions [name=membership]")
    assert field is not None
    assert (field["type"], field["value"]) == ("hidden", str(place(observer).pk))

    data = {"membership": str(place(user).pk), "length": "short", "language": "de"}
    assert own.post(reverse("scoring:report_subscribe"), data).status_code == 403
    monthly_reports.subscribe(place(user).pk, language="de", length="short", by=user)
    page = soup(own.get(URL))
    assert len(page.select(".subscribers li")) == 1
    assert page.select(".subscribers form") == []


def test_a_subscription_of_who_has_left_is_gone_from_the_page(
    firm: Partner, user: User, browser: Client, soup: Soup
) -> None:
    colleague = member(firm, "observer")
    row = monthly_reports.subscribe(place(colleague).pk, language="de", length="short", by=user)
    colleague.memberships.update(left_at=timezone.now())
    assert soup(browser.get(URL)).select(".subscribers") == []
    assert browser.post(reverse("scoring:report_unsubscribe", args=[row.pk])).status_code == 404


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"length": "short", "language": "xx"}, 422),
        ({"length": "", "language": "de"}, 422),
        ({"membership": "nonsense", "length": "short", "language": "de"}, 404),
        ({"membership": "", "length": "short", "language": "de"}, 404),
    ],
)
def test_what_makes_no_sense_is_refused(
    data: dict[str, str], status: int, user: User, browser: Client
) -> None:
    sent = {"membership": str(place(user).pk)} | data
    url = reverse("scoring:report_subscribe")
    assert browser.post(url, sent, headers={"hx-request": "true"}).status_code == status
    assert ReportSubscription.objects.count() == 0
    assert browser.post(url, sent).status_code == (200 if status == 422 else status)


def test_who_leaves_while_being_subscribed_is_told(
    user: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise monthly_reports.NotSubscribable("gone")

    monkeypatch.setattr(monthly_reports, "subscribe", refuse)
    data = {"membership": str(place(user).pk), "length": "short", "language": "de"}
    response = browser.post(
        reverse("scoring:report_subscribe"), data, headers={"hx-request": "true"}
    )
    assert response.status_code == 422
    assert "gone" in response.content.decode()


# ---- Ordering ------------------------------------------------------------------------------------


def test_the_page_of_a_score_orders_either_length(
    firm: Partner, browser: Client, soup: Soup
) -> None:
    score = stored_score(firm)
    page = soup(browser.get(reverse("scoring:score", args=[score.pk])))
    choices = page.select("#report select[name=length] option")
    assert [choice["value"] for choice in choices] == ["short", "full"]
    browser.post(
        reverse("scoring:report_order", args=[score.pk]), {"length": "short", "language": "de"}
    )
    (report,) = score.reports.all()
    assert report.length == "short"
