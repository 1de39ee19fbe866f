"""Nothing of what two firms settle between them reaches a third, in any way.

Two of three firms put unmistakable words and amounts everywhere they can: answers, notes, talks,
comments, in a negotiation and in a signed version that is negotiated anew. Then people of the third
firm, and an operator, open and post to every address of the portal with every id there is.
"""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import get_resolver, reverse
from pypdf import PdfReader

from cooperation import agreement_pdf, answers, comments, history, sheets, waiting
from cooperation.models import (
    Agreement,
    AgreementAnnex,
    AgreementDocument,
    AgreementEvent,
    AgreementVersion,
    Comment,
    CustomerProject,
    Notice,
    Pair,
    Participation,
    TalkRequest,
)
from documents import jobs
from documents.models import Document
from partners.models import User
from tests.cooperation import walking
from tests.cooperation.pairing import ROWS, paired, rates, settle, signed, talk
from tests.cooperation.walking import GET, GET_AND_POST, reachable, walk
from tests.cooperation.worlds import World, another
from tests.factories import UserFactory, member

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

AMOUNTS = ("987654", "987.654", "987,654")  # as data, in German and in English
WORDS = [*AMOUNTS, "Zimtstern", "Anisplatz", "Lebkuchen", "Spekulatius", "Marzipan", "Dominostein"]
NOTE, OTHER_NOTE, ASKED, SETTLED, WROTE, NOTHING = WORDS[3:]


def between(several: World, amount: str = "987654.32") -> None:
    """The first two firms: rates with notes, a talk that is over and one that is not."""
    settle(several, 0, 1, amount, NOTE)
    talked = talk(several, 0, 1, SETTLED)
    answers.resolve_talk(talked.pk, **several.acting(1))
    several.propose(1, "day_rates", rates("987654.99", OTHER_NOTE), other=0)


@pytest.fixture
def firms() -> World:
    """In negotiation: rates, talks and a comment between the first two of three firms."""
    three = paired()
    between(three)
    talk(three, 1, 0, ASKED)
    comments.write(three.agreement.pk, "day_rates", WROTE, other=three.firms[1], **three.acting(0))
    return three


@pytest.fixture
def version(firms: World) -> AgreementVersion:
    """A second project of the same firms: signed by all, with the PDFs made."""
    second = another(firms)
    second.fill()
    second.propose(0, "commercial_model", "day_rates")
    for number in (1, 2):
        second.confirm(number, "commercial_model")
    between(second)
    second.confirm(0, "day_rates", other=1)
    for one, other in ((0, 2), (1, 2)):
        answers.mark_not_applicable(
            second.agreement.pk,
            "day_rates",
            revision=0,
            note=NOTHING if other == 1 else "",
            other=second.firms[other],
            **second.acting(one),
        )
        answers.mark_not_applicable(
            second.agreement.pk,
            "day_rates",
            revision=0,
            other=second.firms[one],
            **second.acting(other),
        )
        second.confirm(one, "day_rates", other=other)
    return signed(second)


@pytest.fixture
def printed(version: AgreementVersion) -> AgreementVersion:
    """The same with its PDFs made, in one language."""
    for row in AgreementDocument.objects.filter(version=version, language="de"):
        jobs.build(row.document_id, agreement_pdf.render)
    return version


def readable(content: bytes) -> str:
    """A response as text; of a PDF what can be read in it."""
    if content[:5] != b"%PDF-":
        return content.decode(errors="replace")
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


@pytest.fixture(autouse=True)
def _points_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(walking.WORDS, "key", ("day_rates", "shared_goal"))


# Whose ids are tried where an address does not say whose it takes. A full checklist has hundreds
# of answers and events, and no address takes one.
ROWS_TRIED = [
    AgreementAnnex,
    Agreement,
    AgreementVersion,
    Comment,
    CustomerProject,
    Document,
    Pair,
    Participation,
    TalkRequest,
]


def leaks(person: User, queries: list[str], *, post: bool = False) -> tuple[set[str], int]:
    """The words that the person finds anywhere, and how many answers were looked through."""
    urls = reachable(person, ROWS_TRIED)
    for name, pattern in walking.routes(get_resolver()):
        if set(pattern.pattern.converters) == {"pk", "key"} and name.startswith("cooperation:"):
            for agreement in Agreement.objects.filter(status=Agreement.Status.DRAFT):
                url = reverse(name, kwargs={"pk": agreement.pk, "key": "day_rates"})
                urls += [url + query for query in queries]
    found: set[str] = set()
    seen = walk(person, urls, GET_AND_POST if post else GET)
    for page in seen:
        told = readable(page.content) + repr(page.headers)
        found |= {word for word in WORDS if word in told}
    return found, len(seen)


def queries(firms: World) -> list[str]:
    """Each firm named in turn, also the own."""
    return [f"?mit={firm.pk}" for firm in firms.firms]


def test_third_firm_finds_nothing_at_any_address(
    firms: World, printed: AgreementVersion, caplog: pytest.LogCaptureFixture
) -> None:
    third = firms.firms[2]
    everything = member(third, "admin", "manager", "lead", "specialist", "signer")
    people = {
        "everything": everything,
        "signer": member(third, "signer"),
        "operator": UserFactory.create(is_staff=True, is_superuser=True),
    }
    found = {}
    with caplog.at_level(logging.INFO):
        for who, person in people.items():
            full = person == everything  # whoever has more roles sees more
            named = queries(firms) if full else []
            told, answers_seen = leaks(person, named, post=full)
            found[who] = told
            assert answers_seen > (20 if who == "operator" else 60)
    assert found == {who: set() for who in people}
    assert not any(word in record.getMessage() for record in caplog.records for word in WORDS)


def test_walk_would_find_what_there_is_to_find(firms: World, printed: AgreementVersion) -> None:
    """As one of the two firms: else the test above could not fail."""
    found, _number = leaks(firms.people[0], queries(firms))
    # What was said between the first two, but for what a settled talk leaves nowhere.
    assert found >= {"987.654", "987,654", OTHER_NOTE, ASKED, WROTE}


def test_operators_pages_hold_no_value(firms: World, version: AgreementVersion) -> None:
    client = Client()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    index = client.get(reverse("admin:index"))
    assert index.status_code == 200
    for app in index.context["app_list"]:
        if app["app_label"] not in ("cooperation", "documents"):
            continue
        for model in app["models"]:
            if not model["admin_url"]:
                continue
            page = client.get(model["admin_url"])
            bodies = [page.content]
            for row in model["model"]._default_manager.all()[:20]:
                answer = client.get(f"{model['admin_url']}{row.pk}/change/")
                bodies.append(answer.content)
            assert not any(word in body.decode() for body in bodies for word in WORDS)


def test_log_titles_mails_and_notices_hold_no_value(
    firms: World, version: AgreementVersion
) -> None:
    told = json.dumps(list(AgreementEvent.objects.filter(pair=None).values("kind", "data")))
    of_pairs = json.dumps(list(AgreementEvent.objects.exclude(pair=None).values("kind", "data")))
    titles = " ".join(Document.objects.values_list("title", flat=True))
    letters = " ".join(f"{letter.subject} {letter.body}" for letter in mail.outbox)
    notices = repr(list(Notice.objects.values()))
    for text in (told, of_pairs, titles, letters, notices):
        assert [word for word in WORDS if word in text] == []


def test_third_firm_waits_for_nothing_it_may_not_know(
    firms: World, version: AgreementVersion
) -> None:
    person = firms.people[2]
    lines = [f"{line.title} {line.detail}" for line in waiting.for_user(person)]
    assert lines
    assert [word for line in lines for word in WORDS if word in line] == []
    events = AgreementEvent.objects.known_to(firms.firms[2])
    entries = history.entries(events.select_related("by", "partner", "pair"), firms.sheet.book, {})
    assert not any(word in repr(entry) for entry in entries for word in WORDS)
    assert {event.pair_id for event in events} - {None} == set(
        events.filter(pair__second=firms.firms[2]).values_list("pair", flat=True)
    )


def test_counts_of_a_third_firm_do_not_tell_what_stands_between_two(firms: World) -> None:
    """Whatever two firms do short of settling it, a third firm's pages read the same."""

    def pages() -> Iterator[str]:
        person = firms.people[2]
        names: list[tuple[str, Any]] = [
            ("agreement_detail", firms.agreement.pk),
            ("ready", firms.agreement.pk),
            ("project_detail", firms.agreement.project_id),
        ]
        urls = [reverse(f"cooperation:{name}", args=[pk]) for name, pk in names]
        for page in walk(person, [*urls, reverse("cooperation:project_list"), reverse("home")]):
            yield page.content.decode()

    before = list(pages())
    firms.propose(0, "day_rates", rates("123456.78", "Ganz neu"), other=1)
    talk(firms, 0, 1, "Noch einmal")
    assert sheets.load(firms.agreement).seen_by(str(firms.firms[2].pk)).elsewhere
    assert list(pages()) == before


def test_stale_form_tells_a_third_firm_nothing(firms: World) -> None:
    """A form made for one's own pair, sent with the revision of another."""
    client = Client()
    client.force_login(firms.people[2])
    address = reverse("cooperation:point_answer", args=[firms.agreement.pk, "day_rates"])
    data = {f"rows.{index}.amount": "1" for index in range(len(ROWS))}
    data |= {f"rows.{index}.key": key for index, key in enumerate(ROWS)}
    for other in (0, 1):
        page = client.post(
            f"{address}?mit={firms.firms[other].pk}",
            {**data, "revision": "1", "seen": "3", "currency": "EUR", "note": ""},
        )
        assert page.status_code == 409
        assert [word for word in WORDS if word in page.content.decode()] == []
