"""The life of an agreement of three firms, walked in the browser, in both languages.

From the first round to the archive. Controls are found by ids, names and addresses, so that one
journey serves both languages.
"""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.utils import timezone
from playwright.sync_api import Page, expect

from cooperation import retrospectives, rule_books, signing
from cooperation.models import (
    Agreement,
    AgreementVersion,
    Dispute,
    DisputeGuest,
    Participation,
    Signature,
)
from partners.models import User
from tests.browser import life_cycle_steps as life
from tests.browser import steps
from tests.browser.conftest import sign_in
from tests.cooperation.amended import sign_all
from tests.cooperation.ending_worlds import put
from tests.cooperation.worlds import World, begin
from tests.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("english", [False, True], ids=["german", "english"]),
]

GOALS = (
    "Alle Filialen arbeiten bis Ostern ohne Papier.",
    "Vierzig Filialen melden sich ohne Kennwort an.",
    "Die Menschen in den Filialen arbeiten gern damit.",
)


@pytest.mark.usefixtures("worker")
def test_three_firms_answer_alone_and_then_compare(
    open_browser: Callable[..., Page], *, english: bool
) -> None:
    one, two, three = desks = life.desks(open_browser, *life.three_firms(), english=english)

    # The first firm begins with a first round and invites the two others; both take part.
    one.page.goto("/projekte/neu/")
    form = one.page.locator("main form")
    steps.fill(form, {"name": "Papierlose Bäckerei", "customer_name": "Bäckerei Korn"})
    steps.choose(form, "depth", "first_round")
    steps.choose(form, "firms", two.key, three.key)
    form.locator("button[type=submit]").click()
    expect(one.page).to_have_url(re.compile(r"/projekte/[0-9a-f-]{36}/$"))
    agreement = Agreement.objects.get()
    for desk in (two, three):
        place = Participation.objects.get(partner=desk.firm)
        desk.page.goto("/start/")
        desk.page.locator(f"main .list__action a[href='/einladung/{place.pk}/']").click()
        life.press(desk.page, "/annehmen/")
        desk.page.wait_for_url(f"**{life.project(agreement)}")

    # Each answers alone, and no page of another firm holds a word of it.
    first_round = life.place(agreement, "erste-runde/")
    said = {"cooperation_model": ("prime_sub",) * 3, "customer_lead": (one.key, two.key, one.key)}
    for number, desk in enumerate(desks):
        page = desk.page
        page.goto(life.project(agreement))
        life.follow(page, first_round)
        steps.answer(page, "shared_goal", {"text": GOALS[number]})
        for key, choices in said.items():
            steps.answer_choice(page, key, choices[number])
        life.take_default(page, "customer_protection")
        expect(page.locator("#state progress")).to_have_attribute("value", "4")
    steps.answer(three.page, "contributions", {"text": "Wir schulen alle Filialen."})
    steps.choose(steps.open_form(three.page, "fair_conduct"), "answer", "yes")
    steps.send(three.page, "fair_conduct")
    addresses = [
        first_round,
        life.project(agreement),
        steps.checklist(agreement),
        life.place(agreement, "unterschreiben/"),
        life.place(agreement, "punkt/shared_goal/verlauf/"),
        "/start/",
        "/projekte/",
    ]
    for number, desk in enumerate(desks):
        read = life.source(desk.page, *addresses)
        assert [goal in read for goal in GOALS] == [goal == GOALS[number] for goal in GOALS]

    # All hand in: the last one finds the agenda, with what differs first.
    for desk in (one, two):
        desk.page.locator("#hand-in-button").click()
        expect(desk.page.locator("#take-back")).to_be_visible()
    assert GOALS[1] not in life.source(three.page, *addresses)
    three.page.locator("#hand-in-button").click()
    agenda = three.page
    expect(agenda.locator("#difference article[id^=point-]")).to_have_count(2)
    expect(agenda.locator("#difference #point-customer_lead .compare > div")).to_have_count(3)
    for goal in GOALS:
        expect(agenda.locator("#difference #point-shared_goal")).to_contain_text(goal)
    matches = agenda.locator("#match [id^=point-]")
    expect(matches).to_have_count(2)
    expect(matches.locator(".tag")).to_have_class(["tag tag--agreed"] * 2)
    expect(agenda.locator("#open #point-fair_conduct")).to_be_visible()

    # Its PDF comes while one looks on.
    one.page.goto(first_round)
    language = "en" if english else "de"
    link = one.page.locator(f"#pdf a[download][href$='/pdf/{language}/']")
    expect(link).to_be_visible(timeout=60_000)
    written = life.words(life.download(one.page, link))
    assert [life.close_up(goal) in written for goal in GOALS] == [True] * 3

    # One answer is proposed as it stands; the others agree, and the point is settled.
    differs = one.page.locator("#difference #point-customer_lead")
    differs.locator(f"a[href$='?first_round={two.key}']").click()
    one.page.locator("#point-customer_lead-save").click()
    expect(steps.state(one.page, "customer_lead")).to_have_class("tag tag--proposed")
    for desk in (two, three):
        desk.page.goto(steps.checklist(agreement, "mine"))
        steps.confirm(desk.page, "customer_lead")
    expect(steps.state(three.page, "customer_lead")).to_have_class("tag tag--agreed")
    expect(steps.card(three.page, "customer_lead").locator(".answer").first).to_contain_text(
        two.firm.name
    )

    # They go on to the full checklist, which keeps what was said; defaults are taken by rule or
    # all at once with one sentence.
    page = one.page
    page.goto(life.project(agreement))
    life.follow(page, steps.checklist(agreement, "mine"))
    life.press(page, "/tiefe/", "full")
    expect(steps.card(page, "ai_tools")).to_be_visible()
    life.press(page, "/regel/confidentiality/")
    page.goto(steps.checklist(agreement))
    expect(steps.state(page, "ai_tools")).to_have_class("tag tag--proposed")
    for desk in desks:
        desk.page.goto(steps.checklist(agreement))
        life.press(desk.page, "/im-sinne-vom-kodex/")
        desk.page.wait_for_url("**?show=mine")
    page.goto(steps.checklist(agreement))
    for key in ("cooperation_model", "customer_lead", "ai_tools"):
        expect(steps.state(page, key)).to_have_class("tag tag--agreed")
    for number in range(3):
        expect(steps.card(page, "shared_goal")).to_contain_text(GOALS[number])


RATES = {  # what each firm charges another for a day
    (0, 1): "1111",
    (0, 2): "1222",
    (1, 0): "1333",
    (1, 2): "1444",
    (2, 0): "1555",
    (2, 1): "1666",
}


@pytest.mark.usefixtures("worker")
def test_three_firms_settle_what_two_of_them_share_and_sign(
    open_browser: Callable[..., Page], mailoutbox: list[EmailMessage], *, english: bool
) -> None:
    firms, people = life.three_firms()
    some = begin(firms, people)
    some.fill()
    agreement = some.agreement
    one, two, three = desks = life.desks(open_browser, firms, people, english=english)

    # Another model for the money: its questions appear.
    one.page.goto(steps.checklist(agreement))
    steps.answer_choice(one.page, "commercial_model", "day_rates")
    for desk in (two, three):
        desk.page.goto(steps.checklist(agreement, "mine"))
        steps.confirm(desk.page, "commercial_model")
    one.page.goto(steps.checklist(agreement))
    expect(steps.state(one.page, "payment_days")).to_have_class("tag tag--agreed")

    # Every two firms settle their day rates; nobody else reads them, nor what they say about them.
    for (first, second), amount in RATES.items():
        page, key = desks[first].page, life.between("day_rates", desks[second])
        form = steps.open_form(page, key)
        for row in form.locator("input[name$='.amount']").all():
            row.fill(amount)
        steps.send(page, key)
    for desk in desks:
        desk.page.goto(steps.checklist(agreement, "mine"))
    assert [steps.confirm_all(desk.page) for desk in desks] == [2, 1, 0]  # who answered first
    one.page.goto(steps.checklist(agreement))
    for other in (two, three):
        expect(steps.state(one.page, life.between("day_rates", other))).to_have_class(
            "tag tag--agreed"
        )
    read = life.source(
        three.page,
        steps.checklist(agreement),
        life.place(agreement, "unterschreiben/"),
        life.place(agreement, f"punkt/day_rates/verlauf/?mit={one.key}"),
        life.place(agreement, f"punkt/day_rates/verlauf/?mit={two.key}"),
        life.project(agreement),
        "/start/",
    )
    shown = {rate for rate in RATES.values() if said_amount(rate, english=english) in read}
    assert shown == {amount for pair, amount in RATES.items() if 2 in pair}

    # A comment asks somebody, who gets a mail that says where, and reads it there.
    thread = life.place(agreement, "punkt/publicity/verlauf/")
    one.page.goto(steps.checklist(agreement))
    life.follow(one.page, thread)
    form = one.page.locator("form.thread__form")
    steps.choose(form, "audience", "shared")
    steps.reach(form.locator(f"input[name=mentions][value='{three.person.pk}']")).check()
    life.submit(form, {"comment": "Dürfen wir den Kunden im Herbst nennen?"})
    expect(one.page.locator("#thread")).to_contain_text("im Herbst nennen?")
    mail = wait_for_mail(mailoutbox, three.person)
    assert thread in mail.body
    assert "Herbst" not in f"{mail.body} {mail.subject}"
    three.page.goto(thread)
    expect(three.page.locator("#thread")).to_contain_text("im Herbst nennen?")

    # A proposal and a counter-proposal: what counts is what all confirm.
    three.page.goto(steps.checklist(agreement))
    steps.answer(three.page, "response_time", {"number": "4", "unit": "working_days"})
    two.page.goto(steps.checklist(agreement, "mine"))
    steps.answer(two.page, "response_time", {"number": "3", "unit": "working_days"})
    for desk in (one, three):
        desk.page.goto(steps.checklist(agreement, "mine"))
        steps.confirm(desk.page, "response_time")
    one.page.goto(life.place(agreement, "punkt/response_time/verlauf/"))
    expect(one.page.locator("#thread .tag--na")).to_have_count(2)  # default and first proposal

    # Two change one point at the same second: the second sees both and is asked.
    goals = {one.key: "Ostern ohne Papier", two.key: "Pfingsten ohne Papier"}
    forms = {}
    for desk in (one, two):
        desk.page.goto(steps.checklist(agreement))
        forms[desk.key] = steps.open_form(desk.page, "shared_goal")
        steps.fill(forms[desk.key], {"text": goals[desk.key]})
    for desk in (one, two):
        steps.submit(desk.page, "shared_goal")
    asked, settled = "#point-shared_goal-stale", "#point-shared_goal-answer"
    for desk in (one, two):
        expect(desk.page.locator(f"{asked}, {settled}")).to_be_visible()
    quick, slow = sorted((one, two), key=lambda desk: desk.page.locator(asked).count())
    assert quick.page.locator(asked).count() == 0
    expect(slow.page.locator(asked)).to_contain_text(goals[quick.key])
    expect(forms[slow.key].locator("textarea[name=text]")).to_have_value(goals[slow.key])
    slow.page.locator("#point-shared_goal-save-again").click()
    expect(slow.page.locator(settled)).to_be_visible()
    for desk in (quick, three):
        desk.page.goto(steps.checklist(agreement, "mine"))
        expect(steps.card(desk.page, "shared_goal")).to_contain_text(goals[slow.key])
        steps.confirm(desk.page, "shared_goal")

    # The text is fixed, with a last day; each signs and says by which right.
    one.page.goto(steps.checklist(agreement))
    life.follow(one.page, life.place(agreement, "unterschreiben/"))
    last_day = timezone.localdate() + timedelta(days=14)
    form = one.page.locator("form[action$='/festschreiben/']")
    life.submit(form, {"expires_on": last_day.isoformat()})
    one.page.wait_for_url("**/fassung/**")
    version = AgreementVersion.objects.get()
    assert version.expires_on == last_day
    rights = ("managing_director", "prokura", "power_of_attorney")
    for desk, right in zip(desks, rights, strict=True):
        desk.page.goto("/start/")
        desk.page.locator(f"main .list__action a[href^='/fassung/{version.pk}/']").click()
        expect(desk.page.locator("main")).to_contain_text(goals[slow.key])
        life.sign(desk, right)
    assert list(Signature.objects.order_by("signed_at").values_list("authority", flat=True)) == [
        *rights
    ]
    agreement.refresh_from_db()
    assert agreement.status == Agreement.Status.IN_FORCE

    # Each reads its own day rates in its PDF, and of the annex of the others only the fingerprint.
    language = "en" if english else "de"
    annexes = {row.sha256 for row in version.annexes.all()}
    for desk in desks:
        desk.page.goto(f"/fassung/{version.pk}/")
        link = desk.page.locator(f"#pdf a[download][href$='/pdf/{language}/']")
        expect(link).to_be_visible(timeout=60_000)
        written = life.words(life.download(desk.page, link))
        own = desks.index(desk)
        mine = {amount for pair, amount in RATES.items() if own in pair}
        found = {rate for rate in RATES.values() if said_amount(rate, english=english) in written}
        assert found == mine
        assert {sha256 for sha256 in annexes if sha256 in written} == annexes


def said_amount(amount: str, *, english: bool) -> str:
    """An amount as the pages and the PDF write it, without blanks."""
    return f"{amount[0]}{',' if english else '.'}{amount[1:]}"


def wait_for_mail(mailoutbox: list[EmailMessage], person: User) -> EmailMessage:
    """The mail to ``person`` that asks her, as soon as the worker has sent it."""
    for _attempt in range(150):
        for mail in mailoutbox:
            if mail.to == [person.email]:
                return mail
        time.sleep(0.1)
    raise AssertionError(f"no mail to {person.email}: {[mail.to for mail in mailoutbox]}")


@pytest.fixture
def signed(transactional_db: None) -> World:
    """An agreement that the three have signed, with every point answered.

    Made before the worker begins, which drops what is queued: nobody reads these PDFs.
    """
    some = begin(*life.three_firms())
    some.fill()
    put(some, "commercial_model", "referral_fee")
    sign_all(some, signing.freeze(some.agreement.pk, **some.acting(0)))
    return some


@pytest.mark.usefixtures("signed", "worker")
def test_three_firms_work_by_the_agreement_and_change_it(
    open_browser: Callable[..., Page], signed: World, *, english: bool
) -> None:
    agreement = signed.agreement
    one, two, three = desks = life.desks(open_browser, signed.firms, signed.people, english=english)

    # Who does what, from the signed text, and its days for the calendar.
    work = life.place(agreement, "arbeit/")
    one.page.goto(life.project(agreement))
    life.follow(one.page, work)
    expect(one.page.locator(".people-card")).to_have_count(6)
    expect(one.page.locator(".people-card").first).to_contain_text("Ada Probst")
    link = one.page.locator(f"a[href='{work}kalender.ics']")
    calendar = life.download(one.page, link).decode().replace("\r\n ", "")  # unfolded
    assert calendar.startswith("BEGIN:VCALENDAR")
    titles = re.findall(r"^SUMMARY.*Neuer Arbeitsplatz", calendar, re.MULTILINE)
    assert len(titles) == calendar.count("BEGIN:VEVENT") == 1  # the first review

    # Contacts change by a note of the firm, which nobody has to sign.
    first = AgreementVersion.objects.get()
    three.page.goto(life.project(agreement))
    life.follow(three.page, f"/fassung/{first.pk}/kontakte/contacts/")
    form = three.page.locator("main form")
    life.submit(form, {"contacts.0.person": "Nora Neu", "reason": "Elternzeit bis zum Herbst"})
    three.page.wait_for_url(f"**/fassung/{first.pk}/**")
    one.page.goto(work)
    expect(one.page.locator(".people-card").filter(has_text="Nora Neu")).to_have_count(1)
    agreement.refresh_from_db()
    assert agreement.status == Agreement.Status.IN_FORCE

    # A change: why and from when, then the point, and every firm sees what it said before.
    two.page.goto(life.project(agreement))
    life.follow(two.page, life.place(agreement, "aendern/"))
    life.submit(
        two.page.locator("main form"),
        {
            "reason": "Der Kunde zahlt schneller als gedacht.",
            "effective_on": timezone.localdate().isoformat(),
        },
    )
    change = life.place(agreement, "aenderung/")
    two.page.wait_for_url(f"**{steps.checklist(agreement)}")
    steps.answer(two.page, "payment_days", {"number": "14", "unit": "days"})
    for desk in (one, three):
        desk.page.goto("/start/")
        life.follow(desk.page, steps.checklist(agreement, "mine"))
        steps.confirm(desk.page, "payment_days")
        desk.page.goto(change)
        expect(desk.page.locator(".diff")).to_have_count(2)  # the noted contacts, and the days
        days = desk.page.locator(".diff").filter(has=desk.page.locator("a[href$='payment_days']"))
        expect(days.locator("del")).to_contain_text("30")
        expect(days.locator("ins")).to_contain_text("14")

    # All sign the new version, which says what changes; then everybody works by it.
    one.page.goto(life.project(agreement))
    life.follow(one.page, life.place(agreement, "unterschreiben/"))
    life.press(one.page, "/festschreiben/")
    one.page.wait_for_url("**/fassung/**")
    second = AgreementVersion.objects.get(number=2)
    for desk in desks:
        desk.page.goto(f"/fassung/{second.pk}/")
        changed = desk.page.locator("#changes li").filter(has=desk.page.locator("del"))
        expect(changed).to_have_count(1)
        expect(changed.locator("del")).to_have_text("30 days" if english else "30 Tage")
        expect(changed.locator("ins")).to_have_text("14 days" if english else "14 Tage")
        life.sign(desk, "managing_director")
    first.refresh_from_db()
    second.refresh_from_db()
    assert [first.state, second.state] == ["superseded", "in_force"]
    one.page.goto(work)
    expect(one.page.locator(f"main a[href='/fassung/{second.pk}/']")).to_be_visible()
    expect(one.page.locator(".people-card").filter(has_text="Nora Neu")).to_have_count(1)
    one.page.goto(f"/fassung/{second.pk}/")
    link = one.page.locator(f"#pdf a[download][href$='/pdf/{'en' if english else 'de'}/']")
    expect(link).to_be_visible(timeout=60_000)
    said = "30 days → 14 days" if english else "30 Tage → 14 Tage"
    assert life.close_up(said) in life.words(life.download(one.page, link))


@pytest.mark.usefixtures("signed", "worker")
def test_three_firms_settle_a_point_and_part_as_friends(
    open_browser: Callable[..., Page],
    signed: World,
    mailoutbox: list[EmailMessage],
    *,
    english: bool,
) -> None:
    agreement, version = signed.agreement, AgreementVersion.objects.get()
    one, two, three = desks = life.desks(open_browser, signed.firms, signed.people, english=english)

    # Something works differently than agreed: one firm opens the point, the others hear of it.
    two.page.goto(f"/fassung/{version.pk}/")
    life.follow(two.page, f"/fassung/{version.pk}/klaeren/change_requests/")
    life.submit(
        two.page.locator("main form"),
        {
            "subject": "Vier Filialen mehr als beschrieben",
            "description": "Im Angebot stehen vierzig Filialen, der Kunde nennt vierundvierzig.",
        },
    )
    two.page.wait_for_url("**/klaerung/**")
    dispute = Dispute.objects.get()
    address = f"/klaerung/{dispute.pk}/"
    three.page.goto("/start/")
    life.follow(three.page, address)
    life.submit(three.page.locator("form#write"), {"text": "Uns fehlt dafür eine Woche."})
    expect(three.page.locator("#entries")).to_contain_text("Uns fehlt dafür eine Woche.")

    # The first level finds no way: the next one is called at once, and a neutral person is asked.
    one.page.goto(address)
    life.press(one.page, "/stufe/#fail")
    expect(one.page.locator(".ladder [aria-current=step]")).to_contain_text("2.")
    life.submit(
        one.page.locator("form[action$='/neutral/#invite']"),
        {"name": "Nele Neutral", "email": "nele@mediation.example", "language": "de"},
    )
    guest = DisputeGuest.objects.get()
    for desk in (two, three):
        desk.page.goto("/start/")
        life.follow(desk.page, f"{address}#neutral")
        life.press(desk.page, f"/neutral/{guest.pk}/zustimmen/")
        expect(desk.page.locator(f"form[action$='/neutral/{guest.pk}/zustimmen/']")).to_have_count(
            0
        )
    mail = wait_for_mail(mailoutbox, guest.user)
    neutral = open_browser(english=english)
    mailed = re.search(r"https?://[^/]+(/konto/kennwort/\S+)", str(mail.body))
    assert mailed is not None
    neutral.goto(mailed[1])
    form = neutral.locator("main form")
    life.submit(form, {"password1": PASSWORD, "password2": PASSWORD})
    neutral.goto("/konto/anmelden/")
    life.submit(
        neutral.locator("main form:has(input[name=password])"),
        {"login": guest.user.email, "password": PASSWORD},
    )
    neutral.wait_for_url("**/start/")
    life.follow(neutral, address)
    life.submit(neutral.locator("form#write"), {"text": "Was braucht jede Firma von den anderen?"})
    expect(neutral.locator("#entries .talk__entry--neutral")).to_have_count(1)
    hidden = [
        life.project(agreement),
        steps.checklist(agreement),
        f"/fassung/{version.pk}/",
        life.place(agreement, "arbeit/"),
    ]
    assert [neutral.request.get(page).status for page in hidden] == [404] * 4

    # The firms agree on an outcome, each for itself, and could carry it into the text.
    outcome = "Vier Filialen kommen in der zweiten Welle dazu, eine Woche später."
    life.submit(one.page.locator("form[action$='/ergebnis/#propose']"), {"outcome": outcome})
    expect(one.page.locator("#outcome")).to_contain_text(outcome)
    for desk in (two, three):
        desk.page.goto("/start/")
        life.follow(desk.page, f"{address}#outcome")
        expect(desk.page.locator("#outcome")).to_contain_text(outcome)
        life.press(desk.page, "/bestaetigen/")
    expect(two.page.locator("main")).to_contain_text(outcome)
    dispute.refresh_from_db()
    assert dispute.state == Dispute.State.SETTLED
    two.page.reload()
    expect(two.page.locator(f"main a[href^='{life.place(agreement, 'aendern/')}']")).to_be_visible()

    # They end it together: one proposes the day, each consents with the own password.
    ending = life.place(agreement, "ende/")
    one.page.goto(life.project(agreement))
    life.follow(one.page, ending)
    today = timezone.localdate()
    life.submit(
        one.page.locator("form[action$='/gemeinsam/#together']"),
        {"ends_on": today.isoformat(), "reason": "Alles läuft.", "password": PASSWORD},
    )
    expect(one.page.locator("#proposal")).to_be_visible()
    for desk in (two, three):
        desk.page.goto("/start/")
        life.follow(desk.page, ending)
        life.submit(desk.page.locator("form#consent"), {"password": PASSWORD})
        expect(desk.page.locator("form#consent")).to_have_count(0)

    # The closing list, ticked off by each firm for itself.
    closing = life.place(agreement, "abschluss/")
    life.follow(three.page, closing)
    buttons = three.page.locator("#closing button[id^=done-]")
    items = [str(button.get_attribute("id")) for button in buttons.all()]
    for item in items:
        three.page.locator(f"#{item}").click()
        expect(three.page.locator(f"#{item}")).to_have_count(0)
    one.page.goto(closing)
    column = one.page.locator(f".closing-matrix td[data-firm='{three.firm.name}'] .tag")
    expect(column).to_have_class(["tag tag--ok"] * len(items))

    # Each looks back for itself; what it wrote is opened to all at once with the last firm's.
    look_back, book = life.place(agreement, "rueckblick/"), rule_books.packaged()
    good = ("Wir waren ehrlich.", "Wir waren schnell.", "Wir waren freundlich.")
    for number, desk in enumerate(desks):
        desk.page.goto(closing)
        life.follow(desk.page, look_back)
        form = desk.page.locator("#rule-partnership form")
        steps.choose(form, "rating", "4")
        life.submit(form, {"good": good[number]})
        expect(form.locator("#saved-partnership [data-announce]")).to_be_visible()
        others = [words for words in good if words != good[number]]
        assert not [words for words in others if words in life.source(desk.page, look_back)]
        for rule in book.rules[1:]:
            if desk is one:
                form = desk.page.locator(f"#rule-{rule.key} form")
                steps.choose(form, "rating", "3")  # is kept at once
                expect(form.locator(f"#saved-{rule.key} [data-announce]")).to_be_visible()
            else:
                retrospectives.save(agreement.pk, rule.key, rating=5, **signed.acting(number))
        form = desk.page.locator("#hand-in form")
        steps.choose(form, "again", "yes")
        form.locator("button[type=submit]").click()
        expect(form).to_have_count(0)
    one.page.reload()
    views = one.page.locator("section[aria-labelledby=rule-partnership] .side-by-side__firm")
    expect(views).to_have_count(3)
    for number in range(3):
        expect(views.nth(number)).to_contain_text(good[number])

    # The day after, the project is over, and each firm can put it away for itself.
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        for desk in (one, two):
            sign_in(desk.page, desk.person)  # no session lasts from one day to the next
        one.page.goto(life.project(agreement))
        life.press(one.page, "/weglegen/")
        for desk, count in ((one, 0), (two, 1)):
            desk.page.goto("/projekte/")
            link = desk.page.locator(f"main a[href='{life.project(agreement)}']")
            expect(link).to_have_count(count)
        one.page.goto("/projekte/")
        life.follow(one.page, "?away")
        life.follow(one.page, life.project(agreement))
        life.follow(one.page, f"/fassung/{version.pk}/")
        expect(one.page.locator(".hash code").last).to_have_text(version.sha256)
