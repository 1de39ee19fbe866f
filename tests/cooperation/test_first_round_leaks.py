"""While a first round is open nothing of a firm's answers reaches another firm, in any way.

The first firm types unmistakable words into every question, on the pages. Then people of the other
firm open every address of the portal with every id there is, and the words are looked for: in
pages, fragments, redirects, headers, mails, the log, and in every table of the database.
"""

import io
import logging

import pytest
from django.core import mail
from django.urls import reverse
from pypdf import PdfReader

from cooperation import blind, first_round_pdf, first_rounds
from cooperation.models import FirstRoundDocument, Participation
from documents import jobs
from partners.models import User
from tests.cooperation.browsers import Browser
from tests.cooperation.rounds import GOAL, LEAD, OWN, Game, game, outsider
from tests.cooperation.walking import (
    GET,
    GET_AND_POST,
    Seen,
    Ways,
    everything_stored,
    reachable,
    walk,
)
from tests.cooperation.worlds import another
from tests.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.walk]

MARKS = [f"Zimtstern{number:02}" for number in range(1, 13)]
TYPED: dict[str, dict[str, str]] = {  # by question: what the first firm sends
    "shared_goal": {"text": f"{MARKS[0]} <b>{MARKS[1]}</b>"},
    "contributions": {"text": MARKS[2]},
    "own_interests": {"text": MARKS[3]},
    "cooperation_model": {"choice": "prime_sub", "note": MARKS[4]},
    "customer_protection": {"answer": "no", "note": MARKS[5]},
    "contacts": {
        "contacts.0.role": "sponsor",
        "contacts.0.person": MARKS[6],
        "contacts.0.email": f"{MARKS[7]}@firma.example",
        "contacts.1.role": "project_lead",
        "contacts.1.person": MARKS[8],
        "contacts.1.phone": "+49 30 7654321",
    },
    "speak_up": {"answer": "no", "note": MARKS[9]},
    "nda_basis": {"choice": "kodex", "note": MARKS[10]},
}
SKIPPED = {"non_solicitation": MARKS[11]}
WORDS = [*MARKS, "+49 30 7654321"]
HANDED_IN_BY = "Balthasar Zwetschgenknecht"  # of the first firm; handing in names nobody


@pytest.fixture
def begun() -> Game:
    return game()


def type_it(played: Game, words: dict[str, dict[str, str]] | None = None) -> None:
    """The first firm answers on the pages, as people do."""
    browser = Browser(played.world.people[0])
    pk = played.agreement.pk
    for key, data in (words or TYPED).items():
        page = browser.post("first_round_answer", pk, key, revision=0, **data)
        assert page.status == 302, (key, page.errors())
    for key, note in SKIPPED.items():
        page = browser.post("first_round_not_applicable", pk, key, revision=0, note=note)
        assert page.status == 302


def found(person: User, words: list[str], ways: Ways = GET[:1]) -> list[tuple[str, str]]:
    """Where any of the words can be read."""
    seen = walk(person, reachable(person), ways)
    return [(page.url, word) for page in seen for word in words if page.holds(word)]


def test_the_words_can_be_read_by_those_who_typed_them(begun: Game) -> None:
    """The walk finds what there is to find: without this the other tests say nothing."""
    type_it(begun)

    told = {word for _url, word in found(begun.world.people[0], WORDS)}

    assert told == set(WORDS)


def test_no_page_shows_another_firms_answers_while_the_round_is_open(begun: Game) -> None:
    type_it(begun)
    manager, observer = begun.world.people[1], member(begun.world.firms[1], "observer")

    assert found(manager, WORDS, GET_AND_POST) == []
    assert found(observer, WORDS, GET) == []
    assert found(outsider()[1], WORDS) == []


def test_handing_in_names_nobody(begun: Game) -> None:
    type_it(begun)
    colleague = member(begun.world.firms[0], "manager")
    User.objects.filter(pk=colleague.pk).update(name=HANDED_IN_BY)
    colleague.refresh_from_db()

    blind.hand_in(begun.agreement.pk, by=colleague, partner=begun.world.firms[0])

    seen = found(begun.world.people[1], [*WORDS, HANDED_IN_BY])
    own = (str(begun.agreement.pk), str(begun.agreement.project_id), "/start/", "/projekte/")
    assert [(url, words) for url, words in seen if words in WORDS] == []
    assert [url for url, _name in seen if any(part in url for part in own)] == []


def test_what_is_typed_stays_in_one_table(begun: Game, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        type_it(begun)
        begun.hand_in(0)
        begun.take_back(0)
        begun.wish(0)

    stored = everything_stored()

    holding = {table for table, rows in stored.items() if any(word in rows for word in WORDS)}
    assert holding == {"cooperation_blindanswer"}
    assert all(word in stored["cooperation_blindanswer"] for word in WORDS)
    # The debug log of SQL is the database's own; what the portal itself logs says nothing.
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("django.db")]
    assert [line for line in logged if any(word in line for word in WORDS)] == []
    assert [m for m in mail.outbox if any(word in str(m.message()) for word in WORDS)] == []


def test_pages_and_queries_are_the_same_whatever_another_firm_does_alone(begun: Game) -> None:
    """Nothing can be counted, nothing moves up in a list, nothing takes another way."""
    begun.say(1, GOAL, "Unser eigenes Ziel")
    another(begun.world)  # a second project of theirs, in which something happened later
    person = begun.world.people[1]
    urls = reachable(person)
    assert {reverse("home"), reverse("cooperation:project_list")} <= set(urls)
    walk(person, urls, GET[:1])  # caches are warm from here on
    before = walk(person, urls)

    type_it(begun)
    after = walk(person, urls)
    begun.say(0, GOAL, "Etwas ganz anderes")
    begun.skip(0, "speak_up")
    blind.clear(begun.agreement.pk, OWN, revision=1, **begun.world.acting(0))
    begun.hand_in(0)
    begun.take_back(0)
    later = walk(person, urls)

    for now in (after, later):
        assert [what for pair in zip(before, now, strict=True) for what in unlike(*pair)] == []


def unlike(one: Seen, other: Seen) -> list[tuple[str, object, object]]:
    """What tells two answers of one address apart."""
    found: list[tuple[str, object, object]] = [
        (one.url, mine, theirs)
        for mine, theirs in zip(one.content.split(b"\n"), other.content.split(b"\n"), strict=False)
        if mine != theirs
    ]
    found += [
        (one.url, getattr(one, name), getattr(other, name))
        for name in ("status", "headers", "queries")
        if getattr(one, name) != getattr(other, name)
    ]
    return found


def test_handing_in_changes_only_the_word_whether(begun: Game) -> None:
    """Who looks before and after sees the state of the firm, and no day, person or count."""
    type_it(begun)
    page = lambda: Browser(begun.world.people[1]).get("first_round", begun.agreement.pk)  # noqa: E731
    before = page().text("#state")

    begun.hand_in(0)

    name = begun.world.firms[0].name
    assert f"{name} Not handed in yet" in before
    assert page().text("#state") == before.replace(
        f"{name} Not handed in yet", f"{name} Handed in", 1
    )


def pdfs(played: Game) -> str:
    """The text of the agenda in both languages, made as the worker makes it."""
    texts = []
    for row in FirstRoundDocument.objects.filter(round=played.round):
        jobs.build(row.document_id, first_round_pdf.render)
        row.document.refresh_from_db()
        with row.document.file.open("rb") as file:
            reader = PdfReader(io.BytesIO(file.read()))
        texts.append("\n".join(page.extract_text() for page in reader.pages))
        texts.append(str(reader.metadata))
    return "\n".join(texts)


def test_what_was_not_handed_in_stays_hidden_for_ever(begun: Game) -> None:
    type_it(begun)
    begun.say(1, GOAL, "Unser eigenes Ziel")
    begun.hand_in(1)
    begun.wish(0, 1)
    assert begun.round.closed_early
    text = pdfs(begun)
    assert "Unser eigenes Ziel" in text

    assert [word for word in WORDS if word in text] == []
    assert found(begun.world.people[1], WORDS) == []
    told = {word for _url, word in found(begun.world.people[0], WORDS)}
    assert MARKS[0] in told  # the firm itself still reads its own words
    holding = {
        table for table, rows in everything_stored().items() if any(word in rows for word in WORDS)
    }
    assert holding == {"cooperation_blindanswer"}


def test_a_firm_that_joins_later_reads_only_what_became_an_answer(begun: Game) -> None:
    begun.say(0, GOAL, "Einerlei")
    begun.say(1, GOAL, "Einerlei")
    begun.say(0, LEAD, {"choice": str(begun.world.firms[0].pk), "note": MARKS[0]})
    begun.say(1, LEAD, {"choice": str(begun.world.firms[1].pk), "note": MARKS[1]})
    begun.skip(0, "speak_up", MARKS[2])
    begun.say(0, OWN, "Technik und Beratung")
    begun.hand_in(0, 1)
    pdfs(begun)
    third = begun.join()

    late, early = begun.world.people[third], begun.world.people[1]

    words = [*MARKS[:3], "Einerlei", "Technik und Beratung"]
    assert {word for _url, word in found(late, words)} == {"Einerlei", "Technik und Beratung"}
    assert {word for _url, word in found(early, words)} == set(words)
    urls = reachable(late)
    assert reverse("cooperation:first_round", args=[begun.agreement.pk]) not in urls
    assert [url for url in urls if url.endswith(("/pdf/de/", "/pdf/de/stand/"))] == []


def test_a_firm_that_left_reads_nothing_of_the_result(begun: Game) -> None:
    third = begun.join()
    begun.say(third, GOAL, "Drei")
    begun.say(0, GOAL, MARKS[0])
    begun.say(1, GOAL, MARKS[1])
    begun.hand_in(0, 1)
    begun.hand_in(third)
    assert not begun.round.is_open
    person = begun.world.people[third]
    place = Participation.objects.get(
        project=begun.agreement.project_id, partner=begun.world.firms[third]
    )
    Participation.objects.filter(pk=place.pk).update(
        state="left", left_at=place.invited_at, left_by=person
    )

    assert found(person, MARKS[:2]) == []
    assert first_rounds.agenda(begun.round).counts["difference"] == 1
