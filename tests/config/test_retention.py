"""Every kind of data goes on its day, not the day before, and a report changes nothing."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from api.models import ApiKey
from cooperation import comments, keeping, trail_checking
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Comment,
    Notice,
    OutsideInvitation,
    Participation,
)
from partners import firm_log
from partners.models import (
    Erasure,
    FirmExport,
    Invitation,
    Membership,
    NamedContact,
    RetentionRun,
    SupportAccess,
    SupportVisit,
    User,
)
from partners.privacy import (
    retention,
)
from scoring.models import Notice as ScoreNotice
from scoring.models import PartnerCenterImport
from tests.config.rows import named_contact, registration
from tests.cooperation.amended import in_force
from tests.cooperation.worlds import world
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.get_default_timezone())


def rule(key: str) -> retention.Rule:
    return next(each for each in retention.rules() if each.key == key)


def _session(at: datetime) -> UserSession:
    """A session that is over at ``at``, and what is noted of it."""
    Session.objects.create(session_key="gone", session_data="x", expire_date=at)
    found: UserSession = UserSession.objects.create(
        user=UserFactory.create(), ip="203.0.113.7", session_key="gone", user_agent="B"
    )
    return found


def _confirmation(at: datetime) -> Any:
    address = EmailAddress.objects.get(user=UserFactory.create())
    return EmailConfirmation.objects.create(email_address=address, created=at, key="k")


def _support(at: datetime) -> SupportAccess:
    return SupportAccess.objects.create(
        partner=PartnerFactory.create(),
        reason="Why",
        hours=1,
        granted_by=UserFactory.create(),
        granted_at=at - timedelta(hours=1),
        until=at,
    )


def _visit(at: datetime) -> SupportVisit:
    return SupportVisit.objects.create(
        access=_support(at), operator=UserFactory.create(), begun_at=at, ended_at=at
    )


def _outside(at: datetime) -> OutsideInvitation:
    some = world()
    return OutsideInvitation.objects.create(
        project=some.agreement.project,
        partner=some.firms[0],
        email="x@firma.example",
        token_sha256="1" * 64,
        invited_by=some.people[0],
        invited_at=at - timedelta(days=14),
        sent_at=at - timedelta(days=14),
        expires_at=at,
    )


def _key(at: datetime) -> ApiKey:
    return ApiKey.objects.create(
        partner=PartnerFactory.create(),
        name="Programm",
        token_sha256="2" * 64,
        prefix="hs_x",
        created_by=UserFactory.create(),
        created_at=at - timedelta(days=30),
        expires_at=at,
    )


def _unread_file(at: datetime) -> PartnerCenterImport:
    row = PartnerCenterImport(
        partner=PartnerFactory.create(),
        file_name="people.csv",
        sha256="3" * 64,
        state="rejected",
        fault="no_header",
        rejected=[{"line": 3, "value": "Ada"}],
        created_at=at,
        finished_at=at,
    )
    row.file.save("people.csv", ContentFile(b"Ada"))
    return row


def _given_up(at: datetime) -> Agreement:
    with time_machine.travel(at, tick=False):
        some = world()
        some.propose(0, "shared_goal", "A goal")
    Agreement.objects.filter(pk=some.agreement.pk).update(status=Agreement.Status.ABANDONED)
    return some.agreement


def _export(at: datetime, state: str = "expired") -> FirmExport:
    return FirmExport.objects.create(partner=PartnerFactory.create(), state=state, created_at=at)


def _left(at: datetime) -> Membership:
    place: Membership = MembershipFactory.create(joined_at=at - timedelta(days=1), left_at=at)
    return place


def _invitation(at: datetime) -> Invitation:
    return Invitation.objects.create(
        partner=PartnerFactory.create(),
        email="x@firma.example",
        name="X",
        token_sha256="0" * 64,
        invited_by=UserFactory.create(),
        invited_at=at - timedelta(days=14),
        sent_at=at - timedelta(days=14),
        expires_at=at,
    )


def _unused(at: datetime) -> User:
    user: User = UserFactory.create(joined_at=at, last_login=at)
    return user


EDGES: dict[str, tuple[int, Callable[[datetime], Any]]] = {
    "sessions": (0, _session),
    "user_sessions": (0, _session),
    "confirmations": (3, _confirmation),
    "registrations": (90, registration),
    "support": (3 * 365, _support),
    "support_visits": (3 * 365, _visit),
    "outside_invitations": (90, _outside),
    "api_keys": (365, _key),
    "unread_files": (30, _unread_file),
    "given_up_projects": (3 * 365, _given_up),
    "named_contacts": (
        1,
        lambda at: NamedContact.objects.create(
            partner=PartnerFactory.create(), email="weg@kunde.example", created_at=at
        ),
    ),
    "score_letters": (
        180,
        lambda at: ScoreNotice.objects.create(
            key="k",
            kind="expiring",
            person=UserFactory.create(),
            data={"name": "Ada"},
            path="/",
            state=ScoreNotice.State.SENT,
            sent_at=at,
            created_at=at,
        ),
    ),
    "invitations": (90, _invitation),
    "exports": (365, _export),
    "memberships": (3 * 365, _left),
    "unused_accounts": (365, _unused),
    "erasures": (
        3 * 365,
        lambda at: Erasure.objects.create(person=UserFactory.create().pk, erased_at=at),
    ),
    "runs": (3 * 365, lambda at: RetentionRun.objects.create(ran_at=at)),
    "admin_log": (
        365,
        lambda at: LogEntry.objects.create(
            user=UserFactory.create(), object_repr="x", action_flag=1, action_time=at
        ),
    ),
    "letters": (
        180,
        lambda at: Notice.objects.create(
            key="k",
            kind="invited",
            person=UserFactory.create(),
            data={"firm": "F"},
            path="/",
            state=Notice.State.SENT,
            sent_at=at,
            created_at=at,
        ),
    ),
}


@pytest.mark.parametrize("key", sorted(EDGES))
def test_a_rule_ends_a_row_on_its_day_and_not_the_day_before(key: str) -> None:
    days, make = EDGES[key]
    make(NOW - timedelta(days=days) + timedelta(days=1))
    assert rule(key).due(NOW).count() == 0
    assert rule(key).due(NOW + timedelta(days=1) - timedelta(seconds=1)).count() == 0
    assert rule(key).due(NOW + timedelta(days=1)).count() == 1
    assert retention._apply(rule(key), NOW) == 0
    assert retention._apply(rule(key), NOW + timedelta(days=1)) == 1
    assert rule(key).due(NOW + timedelta(days=1)).count() == 0


# Rules whose edge has a test of its own.
ELSEWHERE = {"ended_agreements", "names_in_logs", "export_files"}


def test_every_rule_is_tried_at_its_edge() -> None:
    assert {each.key for each in retention.rules()} == EDGES.keys() | ELSEWHERE


@pytest.mark.parametrize(
    ("key", "make", "days"),
    [("invitations", _invitation, 90), ("outside_invitations", _outside, 90)],
)
@pytest.mark.parametrize("ended", ["withdrawn", "accepted"])
def test_an_invitation_goes_ninety_days_after_it_was_settled(
    key: str, make: Callable[[datetime], Any], days: int, ended: str
) -> None:
    end = NOW - timedelta(days=days)
    row = make(NOW + timedelta(days=9))
    assert rule(key).due(NOW).count() == 0
    told: dict[str, Any] = {f"{ended}_at": end}
    if ended == "accepted":
        told["accepted_by"] = UserFactory.create()
        if key == "outside_invitations":
            told["participation"] = Participation.objects.first()
    type(row).objects.update(**told)
    assert rule(key).due(NOW - timedelta(seconds=1)).count() == 0
    assert rule(key).due(NOW).count() == 1


def test_a_withdrawn_key_goes_a_year_later() -> None:
    key = _key(NOW + timedelta(days=90))
    ApiKey.objects.update(withdrawn_at=NOW - timedelta(days=365), withdrawn_by=key.created_by)
    assert rule("api_keys").due(NOW - timedelta(seconds=1)).count() == 0
    assert rule("api_keys").due(NOW).count() == 1


def test_a_file_that_could_not_be_read_goes_and_its_row_stays(
    django_capture_on_commit_callbacks: Any,
) -> None:
    row = _unread_file(NOW - timedelta(days=30))
    storage, name = row.file.storage, str(row.file.name)
    with django_capture_on_commit_callbacks(execute=True):
        assert retention._apply(rule("unread_files"), NOW) == 1
    row.refresh_from_db()
    assert (bool(row.file), row.rejected, row.file_name) == (False, [], "people.csv")
    assert not storage.exists(name)


@pytest.mark.parametrize("state", ["done", "preview", "queued"])
def test_a_file_that_was_read_stays(state: str) -> None:
    _unread_file(NOW - timedelta(days=400))
    finished = None if state == "queued" else NOW
    PartnerCenterImport.objects.update(state=state, finished_at=finished, fault="")
    assert rule("unread_files").due(NOW).count() == 0


def test_a_contact_that_is_named_or_objected_stays() -> None:
    named = named_contact()
    NamedContact.objects.create(
        partner=named.partner, email="nie@kunde.example", objected_at=timezone.now()
    )
    NamedContact.objects.update(created_at=NOW - timedelta(days=400))
    assert rule("named_contacts").due(NOW).count() == 0


def test_who_uses_an_account_keeps_it() -> None:
    """A membership now or within the year, signing in within the year, work for the operator."""
    long_ago = NOW - timedelta(days=400)
    MembershipFactory.create(user=_unused(long_ago))
    MembershipFactory.create(
        user=_unused(long_ago), joined_at=long_ago, left_at=NOW - timedelta(days=364)
    )
    UserFactory.create(joined_at=long_ago, last_login=NOW - timedelta(days=364))
    UserFactory.create(joined_at=long_ago, last_login=None, is_staff=True)
    assert rule("unused_accounts").due(NOW).count() == 0
    assert rule("unused_accounts").due(NOW + timedelta(days=1)).count() == 2


def test_an_ended_agreement_is_forgotten_the_day_after_it_is_evidence_no_longer() -> None:
    some = in_force()
    comments.write(some.agreement.pk, "shared_goal", "Words", **some.acting(0))
    last = timezone.localdate(NOW)
    Agreement.objects.update(status="ended", ended_on=date(2016, 11, 22), retain_until=last)
    due = rule("ended_agreements").due
    assert due(NOW).count() == 0
    tomorrow = NOW + timedelta(days=1)
    assert due(tomorrow).count() == 1
    assert keeping.frozen_texts(tomorrow).count() == 1
    assert retention._apply(rule("ended_agreements"), tomorrow) == 1
    assert due(tomorrow).count() == 0
    assert not Comment.objects.exists()
    assert not AgreementEvent.objects.filter(erased_at=None).exists()
    assert trail_checking.check(some.agreement.pk).findings == []


def test_names_in_a_firms_log_go_after_three_years_and_the_chain_holds() -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")
    event = firm_log.record(firm, "log_exported", by=admin)
    end = event.at + timedelta(days=3 * 365)
    assert rule("names_in_logs").due(end - timedelta(seconds=1)).count() == 0
    assert retention._apply(rule("names_in_logs"), end) == 1
    event.refresh_from_db()
    assert (event.personal, event.by) == ({}, None)
    assert list(firm_log.breaks(firm)) == []


def test_the_report_changes_nothing_and_the_run_leaves_numbers() -> None:
    _unused(timezone.now() - timedelta(days=400))
    said = StringIO()
    call_command("retention", stdout=said)
    assert "Nothing was changed" in said.getvalue()
    assert (Erasure.objects.count(), RetentionRun.objects.count()) == (0, 0)
    call_command("retention", "--write", stdout=StringIO())
    run = RetentionRun.objects.get()
    assert run.counts["unused_accounts"] == 1
    assert set(run.counts) == {each.key for each in retention.rules()}
    assert Erasure.objects.get().on_own_request is False


def test_a_rule_that_fails_leaves_the_others_their_night(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_now: datetime) -> Any:
        raise RuntimeError

    bad = retention.Rule("bad", "Bad", timedelta(0), broken)
    monkeypatch.setattr(retention, "_rules", [bad, rule("unused_accounts")])
    _unused(timezone.now() - timedelta(days=400))
    assert retention.run().counts == {"bad": -1, "unused_accounts": 1}
