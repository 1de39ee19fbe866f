"""The mails of the designation: what they say, that they say no more, and to whom they go."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import current_app
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from partners.letters import LEASE, Round
from partners.models import Membership, Partner, User
from scoring import notice_texts, notices
from scoring.models import Notice
from scoring.tasks import send_notices
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db

PATH = "/designation/personen/"
FACTS: dict[str, Any] = {
    "person": "Ada Ohm",
    "certification": "Microsoft 365 Certified: Teams Administrator Associate",
    "day": "2027-01-31",
}


def person(firm: Partner | None = None, *roles: str, **fields: Any) -> Membership:
    user = UserFactory.create(**fields)
    return MembershipFactory.create(
        partner=firm or PartnerFactory.create(),
        user=user,
        **dict.fromkeys(roles or ("manager",), True),
    )


def tell(*to: Membership, key: str = "1", kind: str = "certificate_30", **facts: Any) -> None:
    path = facts.pop("path", PATH)
    notices.tell(to[0].partner, kind, to, key=key, path=path, **{**FACTS, **facts})


def test_a_mail_says_what_expires_and_where_to_look() -> None:
    reader = person(name="Sabine Petersen", email="sabine@firma.example", language="en")
    tell(reader)

    assert notices.send_due() == Round(sent=1)

    (letter,) = mail.outbox
    assert letter.subject == "Handschlag: A certificate expires within 30 days"
    assert letter.recipients() == ["sabine@firma.example"]
    assert letter.body == (
        "Hello Sabine Petersen,\n\n"
        "The certification “Microsoft 365 Certified: Teams Administrator Associate” of Ada Ohm is "
        "valid until 31/01/2027. Until then it can be renewed on Microsoft Learn, online and free "
        "of charge.\n\n"
        "http://127.0.0.1:8000/designation/personen/\n\n"
        "-- \n"
        f"You get this mail as one of the people of {reader.partner.name}. "
        "You can switch reminders off on that page. "
        "Points and customers stand in the portal only, never in a mail.\n"
        "Handschlag, the neutral room of partner firms\n"
    )
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts, notice.partner) == ("sent", 1, reader.partner)
    assert letter.extra_headers == {
        "Message-ID": f"<{notice.pk}@handschlag.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }


def test_a_report_is_announced_with_its_day_and_no_word_about_reminders() -> None:
    reader = person(language="en")
    notices.tell(
        reader.partner,
        "report_ready",
        [reader],
        key="1",
        path="/designation/berichte/",
        report="Modern Work",
        day="2027-01-21",
    )
    notices.send_due()

    body = str(mail.outbox[0].body)
    assert "The report “Modern Work” of 21/01/2027 is ready." in body
    assert "reminders" not in body


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"more": 1}, "1 more certificate of your people expires soon"),
        ({"more": 3}, "3 more certificates of your people expire soon"),
        ({"own": 1}, "Your certification “"),
        ({"own": 1, "more": 2}, "2 more of yours expire soon"),
        ({"more": 2}, "As long as they are valid they can be renewed on Microsoft Learn"),
        ({"renewable": 0}, "what can be renewed free of charge, and what is to be passed again"),
    ],
)
def test_one_mail_stands_for_several_certificates(facts: dict[str, Any], sentence: str) -> None:
    with translation.override("en"):
        assert sentence in notice_texts.say("certificate_90", FACTS | facts).sentence


def test_every_kind_can_be_said_with_the_facts_a_mail_may_hold() -> None:
    facts = {
        **dict.fromkeys(notice_texts.FACTS, "x"),
        "day": "2027-01-31",
        "more": 0,
        "own": 0,
        "renewable": 1,
    }
    for language in ("de", "en"):
        with translation.override(language):
            said = {kind: notice_texts.say(kind, facts) for kind in notice_texts.WORDS}
        assert all(each.title and each.sentence.endswith(".") for each in said.values())
        assert len({each.title for each in said.values()}) == len(said)


@pytest.mark.parametrize("fact", ["points", "customer", "tenant", "project", "firm"])
def test_what_no_mail_may_hold_is_refused(fact: str) -> None:
    with pytest.raises(ValueError, match=f"no mail may hold {fact}"):
        tell(person(), **{fact: "12,5"})
    assert not Notice.objects.exists()


def test_what_cannot_be_said_fails_where_it_is_told() -> None:
    with pytest.raises(LookupError):
        tell(person(), kind="no_such_kind")
    with pytest.raises(LookupError):
        notices.tell(PartnerFactory.create(), "report_ready", [person()], key="1", path=PATH)
    with pytest.raises(ValueError, match="too long"):
        tell(person(), key="x" * 160)
    with pytest.raises(ValueError, match="not a page of the portal"):
        tell(person(), path="//evil.example/")


def test_names_put_nothing_into_headers_and_are_no_links() -> None:
    name = "Ada\r\nBcc: opfer@evil.example https://evil.example/" + "x" * 300
    reader = person(PartnerFactory.create(name=name[:120]), name=name[:200])
    tell(reader, person=name)

    assert notices.send_due() == Round(sent=1)

    (letter,) = mail.outbox
    assert letter.recipients() == [reader.user.email]
    assert "Bcc" not in dict(letter.message().items())
    assert not any(line.startswith("Bcc:") for line in str(letter.body).splitlines())
    assert max(map(len, str(letter.body).splitlines())) < 500


def test_partner_managers_and_admins_are_told_each_once(django_assert_num_queries: Any) -> None:
    firm = PartnerFactory.create()
    manager, admin = person(firm, "manager", name="B"), person(firm, "admin", name="A")
    both = person(firm, "manager", "admin", name="C")
    for role in ("specialist", "observer", "signer", "lead"):
        person(firm, role)
    person(name="of another firm")
    gone = person(firm)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())
    with django_assert_num_queries(1):
        found = notices.people_to_tell(firm)
        assert [(one.user.name, one.partner.name) for one in found] == [
            (name, firm.name) for name in "ABC"
        ]
    assert found == [admin, manager, both]


def test_the_same_key_is_told_once_for_ever() -> None:
    reader, second = person(), person()
    tell(reader, reader)
    notices.send_due()
    tell(reader)
    assert notices.send_due() == Round()

    tell(reader, key="2")
    tell(reader, kind="certificate_60")
    tell(second)  # a firm of its own
    assert notices.send_due() == Round(sent=3)


def test_one_person_in_two_firms_is_told_for_each() -> None:
    one = person()
    two = MembershipFactory.create(user=one.user, is_partner_manager=True)
    tell(one)
    tell(two)
    assert notices.send_due() == Round(sent=2)


def test_who_has_left_or_is_closed_is_told_no_more() -> None:
    gone, stays, closed = person(), person(), person()
    for each in (gone, stays, closed):
        tell(each)
    Membership.objects.filter(pk=gone.pk).update(left_at=timezone.now())
    User.objects.filter(pk=closed.user_id).update(is_active=False)

    assert notices.send_due() == Round(sent=1, dropped=2)
    assert [letter.to for letter in mail.outbox] == [[stays.user.email]]


def test_a_user_is_told_only_while_they_belong_to_the_firm() -> None:
    stranger, firm = UserFactory.create(), PartnerFactory.create()
    notices.tell(firm, "certificate_30", [stranger], key="1", path=PATH, **FACTS)
    assert notices.send_due() == Round(dropped=1)


def test_the_database_knows_when_what_was_sent() -> None:
    tell(person())
    with pytest.raises(IntegrityError, match="scoring_notice_sent_iff_dated"), transaction.atomic():
        Notice.objects.update(state="sent")


class Broken(EmailBackend):
    faults: list[BaseException | None] = []

    def send_messages(self, messages: Any) -> int:
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        return super().send_messages(messages)


@pytest.fixture
def broken(settings: Any) -> Callable[..., None]:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"

    def set_up(*faults: BaseException | None) -> None:
        Broken.faults = list(faults)

    return set_up


def test_a_server_that_is_away_loses_nothing(broken: Callable[..., None]) -> None:
    begun = timezone.now()
    with time_machine.travel(begun, tick=False):
        tell(person())
        broken(ConnectionRefusedError(111, "refused"))
        assert notices.send_due() == Round(failed=1)
        assert notices.send_due() == Round()  # it waits
    with time_machine.travel(begun + timedelta(minutes=2), tick=False):
        assert notices.send_due() == Round(sent=1)


def test_a_killed_worker_leaves_its_mail_to_the_next(broken: Callable[..., None]) -> None:
    begun = timezone.now()
    with time_machine.travel(begun, tick=False):
        tell(person())
        broken(SystemExit(9))
        with pytest.raises(SystemExit):
            notices.send_due()
    with time_machine.travel(begun + LEASE, tick=False):
        assert notices.send_due() == Round(sent=1)


def test_a_letter_that_cannot_be_made_keeps_no_other_waiting() -> None:
    tell(person())
    Notice.objects.update(kind="of_the_next_release")
    tell(person())
    assert notices.send_due() == Round(sent=1, failed=1)
    Notice.objects.filter(state="queued").update(state="failed")
    assert notices.retry_failed() == 1


def test_one_message_stands_for_all_rows_of_a_step(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    queued: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda task, args: queued.append((task, args)))
    firm = PartnerFactory.create()
    with django_capture_on_commit_callbacks(execute=True):
        tell(*(person(firm) for _ in range(5)))
    assert queued == [(send_notices.name, [])]
    send_notices()
    assert len(mail.outbox) == 5


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once() -> None:
    firm = PartnerFactory.create()
    tell(*(person(firm) for _ in range(4)))
    results = at_once(notices.send_due, notices.send_due)
    assert sum(one.sent for one in results) == 4, (connection.vendor, results)
    assert Notice.objects.filter(state="sent", attempts=1).count() == 4


def test_the_operator_sees_states_and_no_names(sign_in: Any) -> None:
    tell(person(), person="Vertraulich Müller")
    operator = sign_in(UserFactory.create(is_staff=True, is_superuser=True))
    for url in ("/betrieb/scoring/notice/", f"/betrieb/scoring/notice/{Notice.objects.get().pk}/"):
        page = operator.get(url, follow=True)
        assert page.status_code == 200
        assert "certificate_30" in page.content.decode()
        assert "Vertraulich" not in page.content.decode()


def test_a_member_of_the_room_is_enough_to_be_told() -> None:
    """Whoever only signs gets a report they subscribed to."""
    firm = PartnerFactory.create()
    signer = member(firm, "signer")
    notices.tell(firm, "certificate_30", [signer], key="1", path=PATH, **FACTS)
    assert notices.send_due() == Round(sent=1)
