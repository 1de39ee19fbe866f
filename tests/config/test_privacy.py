"""Erasure, retention, one's own data, exports as jobs, and contacts that are told."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import mail, signing
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from api.models import ApiKey
from cooperation import comments, contact_notes, keeping, outside_invitations, trail_checking
from cooperation.kinds import InvalidAnswer
from cooperation.models import (
    Agreement,
    AgreementEvent,
    Answer,
    BlindAnswer,
    Comment,
    ContactNote,
    Notice,
    OutsideInvitation,
    Participation,
    Signature,
)
from partners import firm_log, invitations
from partners.forms import ContactForm
from partners.models import (
    Erasure,
    FirmEvent,
    FirmExport,
    Invitation,
    Membership,
    NamedContact,
    PartnerContact,
    Registration,
    RetentionRun,
    SupportAccess,
    SupportVisit,
    User,
)
from partners.privacy import (
    archive_jobs,
    erasure,
    named_contacts,
    personal_export,
    registry,
    retention,
)
from scoring.models import Notice as ScoreNotice
from scoring.models import PartnerCenterImport
from tests.cooperation.amended import in_force
from tests.cooperation.rounds import game
from tests.cooperation.test_reuse import done, take
from tests.cooperation.worlds import CONTACTS, World, another, world
from tests.factories import PASSWORD, MembershipFactory, PartnerFactory, UserFactory, member

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.get_default_timezone())
EN = {"accept-language": "en"}


def rule(key: str) -> retention.Rule:
    return next(each for each in retention.rules() if each.key == key)


# ---- One's own data ------------------------------------------------------------------------------


def test_the_export_holds_what_a_person_did_and_nothing_of_others() -> None:
    some = world()
    mine, other = some.people
    some.propose(0, "shared_goal", "A goal of mine")
    comments.write(some.agreement.pk, "shared_goal", "My words", **some.acting(0))
    comments.write(some.agreement.pk, "shared_goal", "Her words", **some.acting(1))

    told = json.loads(personal_export.dump(mine))

    tables = {(entry["table"], entry["as"]): entry["rows"] for entry in told["holdings"]}
    assert told["format"] == "handschlag-person/1"
    assert tables["partners.User", "pk"][0]["email"] == mine.email
    assert [row["text"] for row in tables["cooperation.Comment", "by"]] == ["My words"]
    assert tables["cooperation.Proposal", "by"][0]["value"] == {"text": "A goal of mine"}
    whole = json.dumps(told)
    assert "Her words" not in whole
    assert other.name not in whole
    assert other.email not in whole
    assert str(other.pk) not in whole
    assert mine.password not in whole
    assert "password" not in tables["partners.User", "pk"][0]


def test_the_export_covers_every_declared_way_to_a_person() -> None:
    """A way that the export does not take would be found here as a table of nobody."""
    ways = {(held.model, path) for held in registry.held() for path in held.own}
    user = UserFactory.create()
    taken = {(entry["table"], entry["as"]) for entry in personal_export._holdings(user)}
    assert taken == ways


def test_the_file_is_sent_to_its_person_only(sign_in: Callable[[User], Client]) -> None:
    user = member(PartnerFactory.create())
    browser = sign_in(user)
    back = browser.get(reverse("partners:my_data_export"))  # a link downloads nothing
    assert back.headers["location"] == reverse("partners:my_data")
    answer = browser.post(reverse("partners:my_data_export"))
    assert answer["content-disposition"].startswith('attachment; filename="handschlag-')
    assert "no-store" in answer["cache-control"]
    assert json.loads(answer.content)["person"] == str(user.pk)


# ---- Erasure -------------------------------------------------------------------------------------


def test_erasing_removes_the_person_and_keeps_the_chains() -> None:
    some = in_force()
    firm, person = some.firms[0], some.people[0]
    member(firm, "admin")
    place = Membership.objects.get(user=person)
    firm_log.record(firm, "log_exported", by=person)
    PartnerContact.objects.create(partner=firm, purpose="Data", name="P", email=person.email)
    UserSession.objects.create(user=person, ip="203.0.113.7", session_key="k", user_agent="Browser")
    before = (person.name, person.email)
    signature = Signature.objects.get(signer=person)

    erasure.erase(person, by=person)

    person.refresh_from_db()
    place.refresh_from_db()
    assert (person.name, person.is_active, person.has_usable_password()) == ("N. N.", False, False)
    assert person.email.endswith("@erased.invalid")
    assert (place.left_at is not None, place.may_sign, place.title) == (True, False, "")
    assert not EmailAddress.objects.filter(user=person).exists()
    assert not UserSession.objects.filter(user=person).exists()
    assert not PartnerContact.objects.filter(partner=firm).exists()
    told = [event.personal for event in FirmEvent.objects.filter(partner=firm)]
    assert all(name not in json.dumps(told) for name in before)
    assert FirmEvent.objects.filter(partner=firm).last().kind == "person_erased"  # type: ignore[union-attr]
    assert list(firm_log.breaks(firm)) == []
    assert trail_checking.check(some.agreement.pk).findings == []
    signature.refresh_from_db()
    assert (signature.signer_name, signature.signer_id) == (before[0], person.pk)  # evidence
    assert Erasure.objects.get().person == person.pk
    with pytest.raises(erasure.NotPossible, match="already"), translation.override("en"):
        erasure.erase(person, by=person)


def test_erasing_finds_the_address_from_before_there_was_an_account() -> None:
    some = world()
    firm = some.firms[0]
    admin = member(firm, "admin")
    asked: dict[str, Any] = {
        "email": "neu@firma.example", "name": "Nele Neu", "language": "de", "title": "",
        "rights": {"is_observer": True},
    }  # fmt: skip
    invitations.invite(firm, by=admin, **asked)
    outside_invitations.invite(
        some.agreement.pk, email="neu@firma.example", language="de", message="Hallo Nele",
        **some.acting(1),
    )  # fmt: skip
    user = UserFactory.create(name="Nele Neu", email="neu@firma.example")
    LogEntry.objects.create(
        user=admin,
        object_repr="Nele Neu",
        object_id=str(user.pk),
        content_type=ContentType.objects.get_for_model(User),
        action_flag=2,
    )
    _registration_of(user)

    erasure.erase(user, by=user)

    for table in (FirmEvent, Invitation, OutsideInvitation, Registration, LogEntry, User):
        rows = json.dumps(list(table._default_manager.values()), default=str)
        assert "Nele" not in rows, table
        assert "neu@firma.example" not in rows, table
    assert OutsideInvitation.objects.get().withdrawn_at is not None
    assert list(firm_log.breaks(firm)) == []


def _registration_of(user: User) -> None:
    row = _registration(timezone.now())
    Registration.objects.filter(pk=row.pk).update(email=user.email, person_name=user.name)


def test_an_objection_outlives_the_account_and_the_plan_says_so() -> None:
    contact = _named()
    user = UserFactory.create(email=contact.email)
    assert erasure.plan(user).stays == []
    named_contacts.object_to(contact)
    with translation.override("en"):
        assert [str(each.what).split(",")[0] for each in erasure.plan(user).stays] == [
            "That you objected to being named as a contact"
        ]
    erasure.erase(user, by=user)
    assert NamedContact.objects.values_list("name", "email").get() == ("", contact.email)


def test_a_project_that_nobody_pursued_forgets_what_the_person_said() -> None:
    some = world()
    some.propose(0, "shared_goal", "A goal")
    Agreement.objects.update(status=Agreement.Status.ABANDONED)
    member(some.firms[0], "admin")
    own = AgreementEvent.objects.filter(by=some.people[0]).count()
    assert own > 1
    erasure.erase(some.people[0], by=some.people[0])
    assert AgreementEvent.objects.filter(erased_at__isnull=False, salt="").count() == own
    assert trail_checking.check(some.agreement.pk).findings == []


def test_what_stands_in_the_way_is_said_first() -> None:
    firm = PartnerFactory.create(name="Weser IT")
    admin = member(firm, "admin")
    with translation.override("en"):
        assert [each.split(".")[0] for each in erasure.plan(admin).obstacles] == [
            "You are the only admin of Weser IT"
        ]
        with pytest.raises(erasure.NotPossible, match="only admin"):
            erasure.erase(admin, by=admin)
    member(firm, "admin")
    assert erasure.plan(admin).obstacles == []


def test_an_open_round_with_ones_signature_stands_in_the_way() -> None:
    from tests.cooperation.amended import sign

    some = world()
    version = some.freeze()
    sign(some, version, 0)
    with translation.override("en"):
        assert [
            "the round is still open" in each for each in erasure.plan(some.people[0]).obstacles
        ] == [True]
        assert erasure.plan(some.people[1]).obstacles == []


def test_nobody_is_erased_without_showing_who_they_are(sign_in: Callable[[User], Client]) -> None:
    user = member(PartnerFactory.create())
    browser, url = sign_in(user), reverse("partners:erase_me")
    page = browser.get(url, headers=EN)
    assert "What stays, and why" in page.content.decode()
    for given in (
        {},
        {"understood": "on"},
        {"understood": "on", "password": "wrong"},
        {"password": PASSWORD},
    ):
        assert browser.post(url, given).status_code == 200
        assert not Erasure.objects.exists()
    answer = browser.post(url, {"understood": "on", "password": PASSWORD})
    assert answer.headers["location"] == reverse("partners:privacy")
    assert Erasure.objects.get().person == user.pk
    assert browser.get(reverse("partners:my_data")).status_code == 302  # signed out


def test_an_admin_erases_only_who_has_left_and_belongs_nowhere(
    sign_in: Callable[[User], Client],
) -> None:
    firm = PartnerFactory.create()
    browser = sign_in(member(firm, "admin"))
    gone, still = MembershipFactory.create(partner=firm), MembershipFactory.create(partner=firm)
    elsewhere = MembershipFactory.create(partner=firm)
    MembershipFactory.create(user=elsewhere.user)
    for place in (gone, elsewhere):
        Membership.objects.filter(pk=place.pk).update(left_at=timezone.now())
    given = {"understood": "on", "password": PASSWORD}
    urls = {
        place: reverse("partners:person_erase", args=[place.pk])
        for place in (gone, still, elsewhere)
    }
    assert browser.post(urls[still], given).status_code == 404
    assert browser.post(urls[elsewhere], given).status_code == 404
    assert not Erasure.objects.exists()
    assert browser.post(urls[gone], given).status_code == 302
    assert Erasure.objects.get().person == gone.user_id
    event = FirmEvent.objects.get(partner=firm, kind="person_erased")
    assert (event.about, event.data) == (None, {"on_own_request": False})


# ---- Retention -----------------------------------------------------------------------------------


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


def _registration(at: datetime) -> Registration:
    return Registration.objects.create(
        name="Neu",
        legal_name="Neu GmbH",
        website="https://neu.example",
        domain="neu.example",
        email="chefin@neu.example",
        person_name="Chefin",
        registered_at=at,
    )


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
    "registrations": (90, _registration),
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
    named = _named()
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


# ---- Exports of a firm ---------------------------------------------------------------------------


def test_an_export_is_made_once_logged_and_gone_after_seven_days() -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")
    export = archive_jobs.order(firm, by=admin)
    assert archive_jobs.order(firm, by=admin) == export  # two people press at once
    assert firm.events.filter(kind="data_exported").count() == 1
    assert archive_jobs.build(export.pk) is True
    assert archive_jobs.build(export.pk) is False
    export.refresh_from_db()
    assert export.expires_at is not None
    assert export.finished_at is not None
    assert export.expires_at - export.finished_at == timedelta(days=7)
    due = rule("export_files").due
    assert due(export.expires_at - timedelta(seconds=1)).count() == 0
    assert due(export.expires_at).count() == 1
    name = export.file.name
    with transaction.atomic():
        assert archive_jobs.expire(export.pk) is True
    export.refresh_from_db()
    assert (export.state, bool(export.file)) == (FirmExport.State.EXPIRED, False)
    assert name


def test_only_an_admin_orders_an_export() -> None:
    firm = PartnerFactory.create()
    user = member(firm, "manager")
    with pytest.raises(archive_jobs.NotPossible):
        archive_jobs.order(firm, by=user)
    assert not FirmExport.objects.exists()


def test_an_export_whose_time_is_over_is_not_handed_out(sign_in: Callable[[User], Client]) -> None:
    firm = PartnerFactory.create()
    browser = sign_in(member(firm, "admin"))
    export = FirmExport(
        partner=firm, state="ready", size=1, expires_at=timezone.now() + timedelta(1)
    )
    export.file.save("x.zip", ContentFile(b"x"))
    url = reverse("partners:export_download", args=[export.pk])
    assert b"".join(browser.get(url)) == b"x"
    FirmExport.objects.update(expires_at=timezone.now())
    assert browser.get(url).status_code == 404


def test_a_firm_has_one_export_at_a_time_in_the_database() -> None:
    firm = PartnerFactory.create()
    FirmExport.objects.create(partner=firm)
    with pytest.raises(IntegrityError), transaction.atomic():
        FirmExport.objects.create(partner=firm)


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_of_exports_asks_as_much_for_three(
    count: int, sign_in: Callable[[User], Client], django_assert_num_queries: Any
) -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")
    for _n in range(count):
        FirmExport.objects.create(partner=firm, requested_by=admin, state="failed")
    browser = sign_in(admin)
    browser.get(reverse("partners:exports"))
    with django_assert_num_queries(QUERIES):
        page = browser.get(reverse("partners:exports"))
    assert page.content.decode().count('id="export-') == count


QUERIES = 7  # session, user, memberships, firm, admin, exports, people who left


# ---- Contacts named by others --------------------------------------------------------------------


def _named(email: str = "kontakt@kunde.example") -> NamedContact:
    firm = PartnerFactory.create(name="Weser IT")
    PartnerContact.objects.create(partner=firm, purpose="Sales", name="Kim Kontakt", email=email)
    named_contacts.note()
    return NamedContact.objects.get(partner=firm)


def test_whoever_is_named_is_told_once() -> None:
    contact = _named()
    assert named_contacts.send_due() == 1
    assert (named_contacts.note(), named_contacts.send_due()) == (0, 0)
    [letter] = mail.outbox
    assert letter.to == ["kontakt@kunde.example"]
    assert "Weser IT" in letter.subject
    assert named_contacts.path(contact) in letter.body


def test_own_people_are_not_told_that_they_are_contacts() -> None:
    firm = PartnerFactory.create()
    user = member(firm)
    PartnerContact.objects.create(partner=firm, purpose="Sales", name="Own", email=user.email)
    named_contacts.note()
    assert named_contacts.send_due() == 0
    assert NamedContact.objects.get().state == NamedContact.State.KNOWN


def test_contacts_of_a_project_are_told_too() -> None:
    some = world()
    some.fill()
    named_contacts.note()
    emails = NamedContact.objects.filter(partner=some.firms[0]).values_list("email", flat=True)
    assert list(emails) == ["ada@firma.example"]


def test_the_page_shows_what_this_firm_entered_and_takes_the_objection() -> None:
    contact = _named()
    other = PartnerFactory.create(name="Other firm")
    PartnerContact.objects.create(partner=other, purpose="X", name="K", email=contact.email)
    browser, url = Client(headers=EN), named_contacts.path(contact)
    page = browser.get(url).content.decode()
    assert "Kim Kontakt" in page
    assert "Other firm" not in page
    assert contact.partner.contacts.count() == 1  # looking changes nothing
    assert browser.post(url).status_code == 302
    assert (contact.partner.contacts.count(), other.contacts.count()) == (0, 1)
    event = FirmEvent.objects.get(kind="contact_objected")
    assert event.data == {"removed": 1, "left": 0}
    assert "kontakt@kunde.example" not in json.dumps(event.data)
    browser.post(url)
    assert FirmEvent.objects.filter(kind="contact_objected").count() == 1


def test_the_link_of_one_contact_shows_and_removes_no_other() -> None:
    mine = _named()
    hers = _named("andere@kunde.example")
    browser = Client(headers=EN)
    page = browser.get(named_contacts.path(mine)).content.decode()
    assert (mine.email in page, hers.email in page) == (True, False)
    browser.post(named_contacts.path(mine))
    hers.refresh_from_db()
    assert hers.objected_at is None
    assert hers.partner.contacts.count() == 1
    forged = signing.dumps(str(hers.pk), salt="another page")
    answer = browser.post(reverse("partners:named_contact", args=[forged]))
    assert answer.status_code == 404
    assert hers.partner.contacts.count() == 1


REFUSED = "does not want to be named as a contact by your firm"


def test_a_firm_does_not_enter_again_who_objected(sign_in: Callable[[User], Client]) -> None:
    contact = _named()
    firm, other = contact.partner, PartnerFactory.create()
    named_contacts.object_to(contact)
    given = {"purpose": "Sales", "name": "Kim", "email": "KONTAKT@kunde.example"}
    with translation.override("en"):
        again = ContactForm(given, instance=PartnerContact(partner=firm))
        assert REFUSED in str(again.errors["email"])
        assert ContactForm(given, instance=PartnerContact(partner=other)).is_valid()
        others = given | {"email": "wer@kunde.example"}
        assert ContactForm(others, instance=PartnerContact(partner=firm)).is_valid()
        by_phone = given | {"email": "", "phone": "+49 221 1"}
        assert ContactForm(by_phone, instance=PartnerContact(partner=firm)).is_valid()
    browser = sign_in(member(firm, "admin"))
    url = reverse("partners:profile_edit")
    page = browser.get(url, headers=EN).context
    posted = {f"{each.html_name}": each.value() or "" for each in page["form"]}
    posted |= {"contacts-TOTAL_FORMS": "1", "contacts-INITIAL_FORMS": "0"}
    posted |= {f"contacts-0-{name}": value for name, value in given.items()}
    assert REFUSED in browser.post(url, posted, headers=EN).content.decode()
    assert not firm.contacts.exists()


def _objected(some: World, number: int, email: str = "ada@firma.example") -> None:
    NamedContact.objects.create(partner=some.firms[number], email=email, objected_at=timezone.now())


def test_a_firm_does_not_name_again_in_a_project_who_objected() -> None:
    some = world()
    _objected(some, 0)
    with pytest.raises(InvalidAnswer, match=REFUSED), translation.override("en"):
        some.propose(0, "contacts", CONTACTS)
    assert not Answer.objects.filter(point_key="contacts").exists()
    some.propose(1, "contacts", CONTACTS)  # what she said to one firm is not said to another
    assert Answer.objects.filter(point_key="contacts").count() == 1


def test_nor_beside_a_signed_agreement() -> None:
    some = in_force()
    _objected(some, 0, "neu@firma.example")
    changed = [{**CONTACTS[0], "email": "neu@firma.example"}, CONTACTS[1]]
    signed = some.agreement.versions.get()
    with pytest.raises(InvalidAnswer, match=REFUSED), translation.override("en"):
        contact_notes.note(signed.pk, "contacts", changed, **some.acting(0))
    assert not ContactNote.objects.exists()
    contact_notes.note(signed.pk, "contacts", changed, **some.acting(1))
    assert ContactNote.objects.count() == 1


def test_nor_in_a_first_round() -> None:
    begun = game()
    _objected(begun.world, 0)
    with pytest.raises(InvalidAnswer, match=REFUSED), translation.override("en"):
        begun.say(0, "contacts", CONTACTS)
    begun.say(1, "contacts", CONTACTS)
    assert BlindAnswer.objects.get().part.partner == begun.world.firms[1]


def test_nor_by_taking_an_answer_over() -> None:
    here = another(done())
    _objected(here, 1)
    assert "contacts" in take(here, 0).filled
    assert "contacts" not in take(here, 1).filled
    named = Answer.objects.filter(agreement=here.agreement, point_key="contacts")
    assert [row.partner for row in named] == [here.firms[0]]


@pytest.mark.parametrize("token", ["x", "IjEi:abc:def", "00000000-0000-0000-0000-000000000000"])
def test_a_link_that_the_portal_did_not_sign_opens_nothing(token: str) -> None:
    _named()
    assert Client().get(reverse("partners:named_contact", args=[token])).status_code == 404


def test_a_firm_causes_so_many_mails_a_day_and_no_more() -> None:
    firm = PartnerFactory.create()
    PartnerContact.objects.bulk_create(
        PartnerContact(partner=firm, purpose="p", name=f"N {n}", email=f"n{n}@kunde.example")
        for n in range(named_contacts.A_DAY + 2)
    )
    named_contacts.note()
    assert named_contacts.send_due() == named_contacts.A_DAY
    assert named_contacts.send_due() == 0


# ---- Pages for everybody -------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_public_pages_name_every_activity(language: str, soup: Callable[[Any], Any]) -> None:
    browser = Client(headers={"accept-language": language})
    page = soup(browser.get(reverse("partners:processing")))
    with translation.override(language):
        titles = [str(activity.title) for activity in registry.activities()]
    assert [each.text for each in page.select("h2[id^=activity-]")] == titles
    privacy = browser.get(reverse("partners:privacy"))
    assert reverse("partners:processing") in privacy.content.decode()


def test_the_operator_is_named_where_it_was_set(settings: Any) -> None:
    settings.OPERATOR_NAME = "Betreiber <GmbH>"
    page = Client().get(reverse("partners:privacy")).content.decode()
    assert "Betreiber &lt;GmbH&gt;" in page
