"""Everything works as plain forms and pages, too."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cooperation.models import Agreement, AgreementVersion, Answer, Confirmation, Signature
from scoring import imports
from scoring.models import PartnerCenterImport
from tests.browser import steps
from tests.browser.conftest import sign_in
from tests.browser.steps import state
from tests.cooperation.worlds import world
from tests.factories import PASSWORD, MembershipFactory
from tests.scoring.worlds import Row, office_usage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def ends_with(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(url) + "$")


def test_two_firms_co_sign(open_browser: Callable[..., Page]) -> None:
    firms = world()
    url = steps.checklist(firms.agreement)
    page = open_browser(javascript=False)
    sign_in(page, firms.people[0])

    # One sentence takes the defaults and shows what is left.
    page.goto(url)
    page.get_by_role("button", name="Wir machen es im Sinne vom Kodex").click()
    expect(page).to_have_url(ends_with("?show=mine"))
    expect(page.locator("#point-shared_goal")).to_be_visible()
    expect(page.locator("#point-publicity")).to_be_empty()

    # An answer has a page of its own, which says what is missing and leads back to the point.
    page.locator("#point-shared_goal-answer").click()
    expect(page).to_have_url(ends_with(f"{url}punkt/shared_goal/antworten/?show=mine"))
    steps.submit(page, "shared_goal")
    expect(page.locator("#shared_goal-text_errors")).to_be_visible()
    page.locator("textarea[name=text]").fill("Ein Start mit Teams")
    steps.submit(page, "shared_goal")
    expect(page).to_have_url(ends_with(f"{url}?show=mine#point-shared_goal"))
    expect(steps.card(page, "shared_goal")).to_be_empty()  # it no longer waits for this firm

    # What else was open is settled; then one answer is changed, and counts for one firm only.
    Answer.objects.filter(point_key="shared_goal").delete()
    Confirmation.objects.filter(point_key="shared_goal").delete()
    firms.fill()
    page.goto(url)
    page.locator("#point-shared_goal-answer").click()
    page.locator("textarea[name=text]").fill("Ein Start <b>ohne</b> Papier")
    steps.submit(page, "shared_goal")
    expect(steps.card(page, "shared_goal")).to_contain_text("Ein Start <b>ohne</b> Papier")
    expect(state(page, "shared_goal")).to_have_class("tag tag--proposed")

    # Rows of a table are added and taken away by buttons that send the form.
    steps.unfold(page, "ms_associations")
    page.locator("#point-ms_associations-answer").click()
    rows = page.locator(".answer-rows tbody tr")
    before = rows.count()
    page.locator("#ms_associations-add").click()
    expect(rows).to_have_count(before + 1)

    # A talk needs its words.
    page.goto(url)
    steps.unfold(page, "publicity")
    page.locator("#point-publicity-talk").click()
    steps.submit(page, "publicity")
    expect(page.locator("#point-publicity-comment_errors")).to_be_visible()
    page.locator("textarea[name=comment]").fill("Dürfen wir darüber schreiben?")
    steps.submit(page, "publicity")
    expect(state(page, "publicity")).to_have_class("tag tag--talk")
    expect(steps.card(page, "publicity")).to_contain_text("Dürfen wir darüber schreiben?")

    # A point can be set aside.
    steps.unfold(page, "review_rhythm")
    page.locator("#point-review_rhythm-na").click()
    page.locator("textarea[name=note]").fill("Das Projekt dauert zwei Wochen.")
    steps.submit(page, "review_rhythm")
    expect(state(page, "review_rhythm")).to_have_class("tag tag--proposed")

    # The other firm talks and confirms.
    other = open_browser(user=firms.people[1], javascript=False)
    other.goto(url)
    other.locator("#point-publicity form[action*='/gespraech/'] button").click()
    expect(other.locator("#point-publicity form[action*='/gespraech/']")).to_have_count(0)
    other.locator("#point-review_rhythm-confirm").click()
    expect(state(other, "review_rhythm")).to_have_class("tag tag--na")
    other.locator("#point-shared_goal-confirm").click()
    expect(state(other, "shared_goal")).to_have_class("tag tag--agreed")

    # Who asked for the talk still has to agree; then freeze, and both sign.
    page.goto(url)
    steps.unfold(page, "publicity")
    page.locator("#point-publicity-confirm").click()
    expect(state(page, "publicity")).to_have_class("tag tag--agreed")
    page.locator(f"#summary a[href='{url}unterschreiben/']").click()
    page.locator("form[action$='/festschreiben/'] button").click()
    version = AgreementVersion.objects.get()
    expect(page).to_have_url(re.compile(f"/fassung/{version.pk}/"))
    steps.sign(page, "nicht mein Kennwort")
    expect(page.locator("form.sign-form .errorlist")).to_be_visible()
    assert not Signature.objects.exists()
    steps.sign(page, PASSWORD)
    expect(page.locator("form.sign-form")).to_have_count(0)
    other.goto(f"/fassung/{version.pk}/")
    steps.sign(other, PASSWORD)
    expect(other.locator("form.sign-form")).to_have_count(0)
    assert Signature.objects.count() == 2
    assert Agreement.objects.get().status == Agreement.Status.IN_FORCE
    # The PDFs are queued, and a link asks for the page anew.
    expect(other.locator("#pdf noscript a")).to_have_count(2)


def test_a_file_is_handed_in_and_its_good_rows_taken(open_browser: Callable[..., Page]) -> None:
    manager = MembershipFactory.create(manager=True)
    page = open_browser(user=manager.user, javascript=False)
    rows = [
        Row("Kanzlei", usage={"2024-02": (50, 10), "2025-02": (50, 30)}),
        Row("Praxis", usage={"2025-02": (-7, 3)}),
    ]

    page.goto("/designation/daten/")
    page.locator("input[name=uploads]").set_input_files(
        {"name": "usage.csv", "mimeType": "text/csv", "buffer": office_usage(rows)}
    )
    page.locator("form[enctype='multipart/form-data'] button[type=submit]").click()
    expect(page.locator("#import noscript a")).to_be_visible()
    file = PartnerCenterImport.objects.get()
    imports.run(file.pk)
    page.locator("#import noscript a").click()

    rejected = page.locator("section[aria-labelledby='rejected-heading'] tbody tr")
    expect(rejected).to_have_count(1)
    expect(rejected.locator("th")).to_have_text("4")  # the line of the file
    expect(rejected.locator("code")).to_have_text("-7")
    page.locator("form[action$='/gute-zeilen/'] button").click()
    imports.run(file.pk)
    page.locator("#import noscript a").click()
    expect(page.locator("section[aria-labelledby='facts-heading'] .tag--ok")).to_be_visible()
    file.refresh_from_db()
    assert (file.rows_read, file.rows_new, file.rows_rejected) == (3, 2, 1)
