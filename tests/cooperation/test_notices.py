"""The outbox of the room: who is told, what the mail says, and that it says no more."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from kombu.exceptions import OperationalError

from cooperation import notice_texts, notices
from cooperation.models import Agreement, CustomerProject, Notice, RuleBook
from cooperation.notices import Round
from cooperation.tasks import send_notices
from partners.models import Membership, Partner, User
from tests.factories import MembershipFactory, PartnerFactory, UserFactory

pytestmark = pytest.mark.django_db

PATH = "/kooperation/versionen/1/"


@pytest.fixture
def agreement() -> Agreement:
    by = UserFactory.create()
    project = CustomerProject.objects.create(
        name="Neuer Arbeitsplatz", customer_name="Geheimkunde", created_by=by
    )
    book = RuleBook.objects.create(key="test", version="1", content={}, sha256="0" * 64)
    return Agreement.objects.create(project=project, rule_book=book)


def person(firm: Partner | None = None, *roles: str, **fields: Any) -> Membership:
    firm = firm or PartnerFactory.create()
    user = UserFactory.create(**fields)
    return MembershipFactory.create(
        partner=firm, user=user, **dict.fromkeys(roles or ("manager",), True)
    )


def tell(agreement: Agreement | None, *to: Membership | User, key: str = "1", **facts: Any) -> None:
    notices.tell(
        agreement,
        facts.pop("kind", "withdrawn"),
        to,
        key=key,
        path=facts.pop("path", PATH),
        **{"firm": "Lindenhof", "version": 2, **facts},
    )


# What a mail says


def test_a_mail_says_what_waits_where_and_who_is_behind_it(agreement: Agreement) -> None:
    reader = person(name="Sabine Petersen", email="sabine@firma.example", language="en")
    tell(agreement, reader, person="Jana Brückner")

    assert notices.send_due() == Round(sent=1)

    (letter,) = mail.outbox
    assert letter.subject == "Handschlag: Signing taken back – Neuer Arbeitsplatz"
    assert (letter.to, letter.cc, letter.bcc) == (["sabine@firma.example"], [], [])
    assert letter.body == (
        "Hello Sabine Petersen,\n\n"
        "Lindenhof took the signing of version 2 of the agreement “Neuer Arbeitsplatz” back. It is "
        "open for changes again.\n\n"
        "http://127.0.0.1:8000/kooperation/versionen/1/\n\n"
        "This comes from Jana Brückner, Lindenhof.\n\n"
        "-- \n"
        f"You get this mail as one of the people of {reader.partner.name}. "
        "What firms agree on stands in the portal only, never in a mail.\n"
        "Handschlag, the neutral room of partner firms\n"
    )
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts, notice.error) == ("sent", 1, "")
    assert notice.sent_at is not None
    assert letter.extra_headers == {
        "Message-ID": f"<{notice.pk}@handschlag.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def test_a_mail_is_in_the_language_of_its_reader_not_of_the_worker(agreement: Agreement) -> None:
    tell(agreement, person(language="de"), person(language="en"))

    with translation.override("en"):
        notices.send_due()
        assert translation.get_language() == "en"

    german, english = sorted((letter.body for letter in mail.outbox), key=lambda b: "Hello" in b)
    assert german.startswith("Guten Tag ")
    assert english.startswith("Hello ")


def test_days_are_written_in_the_language_of_the_reader(agreement: Agreement) -> None:
    facts = {"kind": "notice_given", "until_on": "2027-03-31"}
    tell(agreement, person(language="en"), **facts)
    tell(agreement, person(language="de"), **facts)

    notices.send_due()

    bodies = "\n".join(str(letter.body) for letter in mail.outbox)
    assert "31 Mar 2027" in bodies
    assert "31.03.2027" in bodies
    assert "2027-03-31" not in bodies


def test_numbers_have_their_own_sentence(agreement: Agreement) -> None:
    with translation.override("en"):
        one, many = (
            notice_texts.say("reminder", {"project": "P", "version": 1, "days": days}).sentence
            for days in (1, 3)
        )

    assert one.endswith("signature for 1 working day.")
    assert many.endswith("signature for 3 working days.")


def test_every_kind_can_be_said_with_the_facts_a_mail_may_hold() -> None:
    facts: dict[str, Any] = dict.fromkeys(notice_texts.FACTS, "x")
    facts |= {fact: "2027-01-31" for fact in facts if fact.endswith("_on")} | {"days": 3}
    for language in ("de", "en"):
        with translation.override(language):
            said = {kind: notice_texts.say(kind, facts) for kind in notice_texts.WORDS}
        assert all(each.title and each.sentence.endswith((".", "?")) for each in said.values())
        assert len({each.sentence for each in said.values()}) == len(said)
    assert all(len(kind) <= 40 for kind in notice_texts.WORDS)


@pytest.mark.parametrize("fact", ["answer", "amount", "comment", "reason", "value", "subject"])
def test_what_firms_said_to_each_other_is_refused(agreement: Agreement, fact: str) -> None:
    with pytest.raises(ValueError, match=f"no mail may hold {fact}"):
        tell(agreement, person(), **{fact: "1.200,00 EUR"})
    assert not Notice.objects.exists()


def test_the_customer_is_not_named(agreement: Agreement) -> None:
    tell(agreement, person())
    notices.send_due()

    assert "Geheimkunde" not in str(mail.outbox[0].message())


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "x/", "", "/" * 301])
def test_a_link_leads_into_the_portal_only(agreement: Agreement, path: str) -> None:
    with pytest.raises(ValueError, match="not a page of the portal"):
        tell(agreement, person(), path=path)


def test_what_cannot_be_said_fails_where_it_is_told(agreement: Agreement) -> None:
    with pytest.raises(LookupError):
        tell(agreement, person(), kind="no_such_kind")
    with pytest.raises(LookupError):
        notices.tell(agreement, "withdrawn", [person()], key="1", path=PATH)
    with pytest.raises(ValueError, match="too long"):
        tell(agreement, person(), key="x" * 120)


# Attacks


@pytest.mark.parametrize(
    "name",
    [
        "Firma\r\nBcc: opfer@evil.example",
        "Firma\nSubject: Gewinn\n\nNeuer Text",
        "Firma\u2028Bcc: opfer@evil.example",
        "Firma\x07\x1b[2J",
    ],
)
def test_names_put_nothing_into_headers(agreement: Agreement, name: str) -> None:
    CustomerProject.objects.update(name=name[:200])
    agreement.project.refresh_from_db()
    reader = person(PartnerFactory.create(name=name), name=name)
    tell(agreement, reader, firm=name, person=f"\x00{name}")  # PostgreSQL stores no such name

    assert notices.send_due() == Round(sent=1)

    (letter,) = mail.outbox
    assert letter.recipients() == [reader.user.email]
    headers = letter.message().items()
    assert {key for key, _ in headers} == {
        *("Content-Type", "MIME-Version", "Content-Transfer-Encoding", "Subject", "From", "To"),
        *("Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    }
    assert len(letter.subject.splitlines()) == 1
    assert not any("\x1b" in text or "\x00" in text for text in (letter.subject, letter.body))
    assert letter.body.splitlines()[0].endswith(",")
    assert not any(line.startswith(("Bcc:", "Subject:")) for line in letter.body.splitlines())


def test_an_address_puts_nothing_into_headers(agreement: Agreement) -> None:
    reader = person()
    User.objects.filter(pk=reader.user_id).update(email="a@b.example\nbcc: opfer@evil.example")
    reader.user.refresh_from_db()
    tell(agreement, reader)

    assert notices.send_due() == Round(failed=1)

    assert mail.outbox == []
    assert "BadHeaderError" in Notice.objects.get().error


def test_names_are_short_and_no_links(agreement: Agreement) -> None:
    evil = "Ihr Konto läuft ab, https://evil.example/anmelden " + "x" * 300
    tell(agreement, person(), firm=evil, person="<b>Fett</b> & Söhne %(project)s {{ firm }} 100%s")

    notices.send_due()

    (letter,) = mail.outbox
    assert "://evil" not in letter.body
    assert letter.body.count("http://") == 1
    assert max(map(len, letter.body.splitlines())) < 400
    assert "<b>Fett</b> & Söhne %(project)s {{ firm }} 100%s" in letter.body


# Who is told


def test_people_are_managers_and_on_demand_signers_and_leads() -> None:
    firm, other = PartnerFactory.create(), PartnerFactory.create()
    manager, signer, lead = (person(firm, role) for role in ("manager", "signer", "lead"))
    person(firm, "observer")
    theirs = person(other)
    gone = person(firm)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())
    closed = person(firm, is_active=False)
    assert closed.user.is_active is False

    def told(*firms: Partner, **which: Any) -> set[Membership]:
        found = notices.people(firms, **which)
        assert len(set(found)) == len(found)
        return set(found)

    assert told(firm) == {manager}
    assert told(firm, other) == {manager, theirs}
    assert told(firm, signers=True) == {manager, signer}
    assert told(firm, signers=True, managers=False) == {signer}
    assert told(firm, leads=True) == {manager, lead}
    assert told(firm, other, without=manager.user) == {theirs}
    assert told() == set()


def test_a_firm_without_such_a_person_is_told_all_the_same() -> None:
    firm, other = PartnerFactory.create(), PartnerFactory.create()
    admin = person(firm, "admin", "observer")
    person(firm, "observer")
    observer = person(other, "observer")

    assert set(notices.people([firm, other], signers=True)) == {admin, observer}


def test_who_did_it_is_not_replaced_by_the_admins() -> None:
    firm = PartnerFactory.create()
    manager = person(firm, "manager")
    person(firm, "admin")

    assert notices.people([firm], without=manager.user) == []


def test_a_person_of_two_firms_gets_one_mail(agreement: Agreement) -> None:
    one, two = person(), PartnerFactory.create()
    MembershipFactory.create(partner=two, user=one.user, is_partner_manager=True)

    (told,) = notices.people([one.partner, two])

    assert told == one


def test_people_asks_one_query(django_assert_num_queries: Any) -> None:
    firms = [person().partner for _firm in range(3)]
    for firm in firms:
        person(firm)
    with django_assert_num_queries(1):
        found = notices.people(firms)
        assert len([(each.user.email, each.partner.name) for each in found]) == 6


# Written once


def test_the_same_key_is_told_once_for_ever(agreement: Agreement) -> None:
    reader = person()
    tell(agreement, reader, reader)
    notices.send_due()
    tell(agreement, reader)

    assert notices.send_due() == Round()
    assert len(mail.outbox) == 1

    tell(agreement, reader, key="2")
    tell(agreement, reader, kind="declined")
    tell(agreement, person())
    assert notices.send_due() == Round(sent=3)


def test_a_key_belongs_to_its_agreement(agreement: Agreement) -> None:
    second = Agreement.objects.create(
        project=CustomerProject.objects.create(
            name="Zweites", customer_name="K", created_by=UserFactory.create()
        ),
        rule_book=agreement.rule_book,
    )
    reader = person()
    tell(agreement, reader)
    tell(second, reader)

    assert notices.send_due() == Round(sent=2)


def test_a_step_that_is_rolled_back_tells_nobody(
    agreement: Agreement, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as hooks, transaction.atomic():
        tell(agreement, person())
        transaction.set_rollback(True)

    assert (hooks, Notice.objects.count()) == ([], 0)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    found: list[tuple[str, list[Any]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, args: found.append((task, args)))
    return found


def test_one_message_stands_for_all_rows_of_a_step(
    agreement: Agreement, queued: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tell(agreement, *(person() for _ in range(5)))
        assert queued == []

    assert queued == [(send_notices.name, [])]
    send_notices()
    assert len(mail.outbox) == 5


def test_nobody_to_tell_queues_nothing(
    agreement: Agreement, queued: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tell(agreement)
    assert queued == []


def test_a_broker_that_is_away_loses_no_mail(
    agreement: Agreement,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def away(*_args: Any, **_options: Any) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(current_app, "send_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        tell(agreement, person())

    assert notices.send_due() == Round(sent=1)  # the sweep


# No longer for anybody


def test_who_has_left_the_firm_is_told_no_more(agreement: Agreement) -> None:
    gone, stays = person(), person()
    tell(agreement, gone, stays)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())

    assert notices.send_due() == Round(sent=1, dropped=1)

    assert [letter.to for letter in mail.outbox] == [[stays.user.email]]
    dropped = Notice.objects.get(person=gone.user)
    assert (dropped.state, dropped.error) == (
        "dropped",
        "The person no longer belongs to the firm.",
    )
    assert notices.send_due() == Round()


def test_a_place_in_another_firm_does_not_count(agreement: Agreement) -> None:
    gone = person()
    MembershipFactory.create(user=gone.user, is_partner_manager=True)
    tell(agreement, gone)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())

    assert notices.send_due() == Round(dropped=1)


def test_a_closed_account_and_a_closed_firm_are_told_no_more(agreement: Agreement) -> None:
    closed, of_closed_firm = person(), person()
    tell(agreement, closed, of_closed_firm)
    User.objects.filter(pk=closed.user_id).update(is_active=False)
    Partner.objects.filter(pk=of_closed_firm.partner_id).update(is_active=False)

    assert notices.send_due() == Round(dropped=2)
    assert Notice.objects.get(person=closed.user).error == "The account is closed."


def test_a_neutral_person_needs_no_firm(agreement: Agreement) -> None:
    guest, closed = UserFactory.create(language="en"), UserFactory.create()
    tell(agreement, guest, closed, kind="dispute_guest", invited="Ada")
    User.objects.filter(pk=closed.pk).update(is_active=False)

    assert notices.send_due() == Round(sent=1, dropped=1)

    assert mail.outbox[0].to == [guest.email]
    assert "one of the people of" not in mail.outbox[0].body


def test_what_is_no_longer_true_is_not_sent(agreement: Agreement) -> None:
    signed, waiting = person(), person()
    for key in ("v1-3", "v1-7"):
        tell(agreement, signed, waiting, key=key)
    tell(agreement, signed, kind="declined")

    assert notices.drop(agreement, "withdrawn", partner=signed.partner) == 2
    assert notices.drop(agreement, "withdrawn", key="v1-7") == 1
    assert notices.drop(agreement, "withdrawn", key="v1") == 0  # keys are whole

    assert notices.send_due() == Round(sent=2)
    assert {(n.kind, n.person) for n in Notice.objects.filter(state="sent")} == {
        ("declined", signed.user),
        ("withdrawn", waiting.user),
    }
    assert notices.drop(agreement, "withdrawn") == 0  # what is sent is sent


def test_the_database_knows_when_what_was_sent(agreement: Agreement) -> None:
    tell(agreement, person())
    with pytest.raises(IntegrityError, match="sent_iff_dated"), transaction.atomic():
        Notice.objects.update(state="sent")


# Faults


class Broken(EmailBackend):
    """A mail server of which each next letter meets the next fault."""

    faults: list[BaseException | None] = []

    def send_messages(self, messages: Any) -> int:
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        return super().send_messages(messages)


@pytest.fixture
def broken(settings: Any) -> Callable[..., None]:
    """``broken(fault, None, ...)``: what happens to the next letters; afterwards all is well."""
    settings.EMAIL_BACKEND = f"{__name__}.Broken"

    def set_up(*faults: BaseException | None) -> None:
        Broken.faults = list(faults)

    return set_up


def test_a_server_that_is_away_ends_the_round_and_every_mail_waits(
    agreement: Agreement, broken: Callable[..., None]
) -> None:
    begun = timezone.now()
    with time_machine.travel(begun, tick=False):
        tell(agreement, *(person() for _ in range(3)))
        broken(ConnectionRefusedError(111, "refused"))

        assert notices.send_due() == Round(failed=1)
        # The one that was tried waits; the others were not even tried.
        assert sorted(Notice.objects.values_list("attempts", flat=True)) == [0, 0, 1]
        assert notices.send_due() == Round(sent=2)
    tried = Notice.objects.get(state="queued")
    assert tried.not_before == begun + timedelta(minutes=2)
    assert tried.error == "ConnectionRefusedError: [Errno 111] refused"
    with time_machine.travel(begun + timedelta(minutes=1, seconds=59), tick=False):
        assert notices.send_due() == Round()
    with time_machine.travel(begun + timedelta(minutes=2), tick=False):
        assert notices.send_due() == Round(sent=1)
    assert Notice.objects.get(pk=tried.pk).error == ""


def test_waits_grow_to_a_quarter_of_an_hour_and_end_after_days(
    agreement: Agreement, broken: Callable[..., None]
) -> None:
    now = begun = timezone.now()
    with time_machine.travel(begun, tick=False):
        tell(agreement, person())
    waits = []
    while (notice := Notice.objects.get()).state == "queued":
        now = notice.not_before
        broken(TimeoutError("slow"))
        with time_machine.travel(now, tick=False):
            assert notices.send_due() == Round(failed=1)
        waits.append(Notice.objects.get().not_before - now)

    assert [wait // timedelta(minutes=1) for wait in waits[:6]] == [2, 4, 8, 15, 15, 15]
    assert (notice.state, notice.attempts) == ("failed", notices.ATTEMPTS)
    assert timedelta(days=3) < now - begun < timedelta(days=3, hours=3)


def test_a_letter_that_cannot_be_made_keeps_no_other_waiting(agreement: Agreement) -> None:
    tell(agreement, person())
    Notice.objects.update(kind="of_the_next_release")
    tell(agreement, person())

    assert notices.send_due() == Round(sent=1, failed=1)

    left = Notice.objects.get(state="queued")
    assert left.error == "KeyError: 'of_the_next_release'"
    Notice.objects.filter(pk=left.pk).update(kind="withdrawn", not_before=timezone.now())
    assert notices.send_due() == Round(sent=1)


def test_a_killed_worker_leaves_its_mail_to_the_next(
    agreement: Agreement, broken: Callable[..., None]
) -> None:
    begun = timezone.now()
    with time_machine.travel(begun, tick=False):
        tell(agreement, person(), person())
        broken(SystemExit(9))
        with pytest.raises(SystemExit):
            notices.send_due()
        assert notices.send_due() == Round(sent=1)  # another worker, with what nobody has claimed
    with time_machine.travel(begun + notices.LEASE - timedelta(seconds=1), tick=False):
        assert notices.send_due() == Round()
    with time_machine.travel(begun + notices.LEASE, tick=False):
        assert notices.send_due() == Round(sent=1)
    assert len(mail.outbox) == 2


def test_who_was_too_slow_writes_nothing_over_the_work_of_the_next(
    agreement: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = timezone.now()
    tell(agreement, person())
    send, rounds = notices._send, list[Any]()

    def slow(notice: Notice, connection: Any) -> str:
        if not rounds:
            rounds.append("first")
            with time_machine.travel(begun + 2 * notices.LEASE, tick=False):
                rounds.append(notices.send_due())
            raise TimeoutError("too slow")
        return send(notice, connection)

    monkeypatch.setattr(notices, "_send", slow)
    notices.send_due()

    assert rounds == ["first", Round(sent=1)]
    assert Notice.objects.get().state == "sent"


def test_a_round_ends_in_time_and_the_next_goes_on(
    agreement: Agreement, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(agreement, *(person() for _ in range(4)))
    clock = iter([0, 50, 100, 150, 1000])
    monkeypatch.setattr(notices, "monotonic", lambda: next(clock))

    assert notices.send_due() == Round(sent=2)
    monkeypatch.undo()
    assert notices.send_due() == Round(sent=2)


# Without Celery


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("send_notices", *words, stdout=out)
    return out.getvalue()


def test_operators_send_by_command(agreement: Agreement, broken: Callable[..., None]) -> None:
    gone, reader = person(), person()
    tell(agreement, gone, reader)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())
    assert run() == "1 sent, 1 no longer needed, 0 not sent, 0 waiting\n"

    tell(agreement, reader, key="2")
    broken(OSError("away"))
    assert run() == "0 sent, 0 no longer needed, 1 not sent, 1 waiting\n"
    Notice.objects.filter(state="queued").update(state="failed")
    assert run() == "0 sent, 0 no longer needed, 0 not sent, 0 waiting\n"
    assert run("--again") == (
        "1 to be tried again\n1 sent, 0 no longer needed, 0 not sent, 0 waiting\n"
    )


def test_sending_asks_few_queries(agreement: Agreement, django_assert_num_queries: Any) -> None:
    tell(agreement, person(), person())
    with django_assert_num_queries(1 + 2 * 4):  # what is due; claim, read, still there?, settle
        assert notices.send_due() == Round(sent=2)


def test_the_operator_sees_states_and_no_names(agreement: Agreement, sign_in: Any) -> None:
    tell(agreement, person(), firm="Vertraulich AG")
    notice = Notice.objects.get()
    operator = sign_in(UserFactory.create(is_staff=True, is_superuser=True))
    url = lambda view, *args: reverse(f"admin:cooperation_notice_{view}", args=args)  # noqa: E731

    for page in (operator.get(url("changelist")), operator.get(url("change", notice.pk))):
        assert page.status_code == 200
        assert "withdrawn" in page.content.decode()
        assert "Vertraulich" not in page.content.decode()
        assert "Neuer Arbeitsplatz" not in page.content.decode()
    assert operator.get(url("add")).status_code == 403
    assert operator.post(url("delete", notice.pk)).status_code == 403
