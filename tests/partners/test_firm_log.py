"""The log of a firm: gap-free, read by its admins, taken along; tampering is found."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partners import firm_log, firm_log_checking, firm_log_files, support_access
from partners.models import FirmEvent, Partner, SupportAccess, User
from support import trails
from support.trails import Head
from tests.evidence import lifted, ways_in
from tests.factories import PartnerFactory, UserFactory, member
from tests.racing import at_once

pytestmark = pytest.mark.django_db
Soup = Callable[[Any], BeautifulSoup]
EN = {"accept-language": "en"}
firm_log.register({"test": "Tested", "test_other": "Something else"})


@pytest.fixture
def firm() -> Partner:
    made: Partner = PartnerFactory.create(name="Brückner IT")
    return made


@pytest.fixture
def admin(firm: Partner) -> User:
    return member(firm, "admin", name="Jana Brückner")


def written(firm: Partner, admin: User, count: int = 5) -> list[FirmEvent]:
    about = UserFactory.create(name="Timo Wagner")
    return [
        firm_log.record(firm, "test", by=admin, about=about, personal={"mail": "t@x.example"}, n=n)
        for n in range(1, count + 1)
    ]


def events(firm: Partner) -> Any:
    return FirmEvent.objects.filter(partner=firm)


def found(firm: Partner, *heads: Head) -> list[tuple[int | None, str]]:
    report = firm_log_checking.check(firm.pk, heads=heads)
    return [(each.seq, each.what) for each in report.findings]


# ---- Writing -------------------------------------------------------------------------------------


def test_events_are_numbered_and_chained_per_firm(firm: Partner, admin: User) -> None:
    first, second = written(firm, admin, 2)
    other = firm_log.record(PartnerFactory.create(), "test")

    assert (first.seq, second.seq, other.seq) == (1, 2, 1)
    assert first.previous_hash == trails.genesis(str(firm.pk))
    assert second.previous_hash == first.hash
    assert other.previous_hash != first.previous_hash
    assert found(firm) == []


def test_content_names_nobody(firm: Partner, admin: User) -> None:
    event = written(firm, admin, 1)[0]
    text = json.dumps(firm_log.content(event))
    for name in ("Jana", "Timo", "t@x.example", str(admin.pk)):
        assert name not in text
    assert event.personal["by"] == {"id": str(admin.pk), "name": "Jana Brückner"}


def test_unknown_kinds_are_not_written(firm: Partner) -> None:
    with pytest.raises(KeyError):
        firm_log.record(firm, "no_such_kind")


def test_erasing_people_keeps_the_chain(firm: Partner, admin: User) -> None:
    event = written(firm, admin, 3)[1]

    assert firm_log.erase(event) is True
    assert firm_log.erase(event) is False

    event.refresh_from_db()
    assert (event.personal, event.personal_salt, event.by, event.about) == ({}, "", None, None)
    assert found(firm) == []
    assert firm_log_checking.check(firm.pk).erased == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_writers_at_once_leave_no_gap_and_no_fork() -> None:
    firm = PartnerFactory.create()
    admin = member(firm, "admin")

    results = at_once(*[lambda: firm_log.record(firm, "test", by=admin) for _each in range(20)])

    assert [error for error in results if isinstance(error, Exception)] == []
    assert sorted(events(firm).values_list("seq", flat=True)) == list(range(1, 21))
    assert found(firm) == []


# ---- Standing ------------------------------------------------------------------------------------


def test_event_stands_whichever_way_somebody_comes(firm: Partner, admin: User) -> None:
    event = written(firm, admin, 1)[0]
    assert ways_in(event) == []
    with lifted():
        assert len(ways_in(event)) > 5  # the ways are ways


def test_erased_event_stands_too(firm: Partner, admin: User) -> None:
    event = written(firm, admin, 1)[0]
    firm_log.erase(event)
    event.refresh_from_db()
    assert ways_in(event) == []


# ---- Tampering, by whoever owns the tables -------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": "test_other"}, [(3, "changed")]),
        ({"data": {"n": 7}}, [(3, "changed")]),
        ({"at": "2030-01-01T00:00Z"}, [(3, "changed")]),
        ({"salt": "0" * 64}, [(3, "changed")]),
        ({"personal_digest": "0" * 64}, [(3, "changed"), (3, "changed")]),
        ({"personal": {"mail": "x"}}, [(3, "changed")]),
        ({"personal_salt": "00"}, [(3, "changed")]),
        ({"personal_salt": "zz"}, [(3, "changed")]),
        ({"erased_at": "2030-01-01T00:00Z"}, [(3, "changed")]),
        ({"digest": "0" * 64}, [(3, "changed"), (3, "relinked")]),
        ({"hash": "0" * 64}, [(3, "relinked"), (4, "relinked")]),
        ({"previous_hash": "0" * 64}, [(3, "relinked")]),
    ],
)
def test_changed_event_is_found(
    change: dict[str, Any], what: list[tuple[int, str]], firm: Partner, admin: User
) -> None:
    written(firm, admin)
    with lifted():
        events(firm).filter(seq=3).update(**change)
    assert found(firm) == what
    if "digest" not in change and "hash" not in change:
        assert {each.seq for each in firm_log.breaks(firm)} <= {3}


@pytest.mark.parametrize("role", ["by", "about"])
def test_somebody_else_put_in_the_place_of_who_did_it_is_found(
    role: str, firm: Partner, admin: User
) -> None:
    written(firm, admin)
    with lifted():
        events(firm).filter(seq=3).update(**{role: UserFactory.create()})
    assert found(firm) == [(3, "changed")]


def test_dropped_event_is_found(firm: Partner, admin: User) -> None:
    written(firm, admin)
    with lifted():
        events(firm).filter(seq=3).delete()
    assert found(firm) == [(4, "missing")]


def test_dropped_event_whose_gap_was_closed_is_found(firm: Partner, admin: User) -> None:
    written(firm, admin)
    with lifted():
        events(firm).filter(seq=3).delete()
        for seq in (4, 5):
            events(firm).filter(seq=seq).update(seq=F("seq") - 1)
    assert {what for _seq, what in found(firm)} == {"changed", "relinked"}


def test_swapped_events_are_found(firm: Partner, admin: User) -> None:
    written(firm, admin)
    with lifted():
        for old, new in ((2, 999), (3, 2), (999, 3)):
            events(firm).filter(seq=old).update(seq=new)
    assert {seq for seq, _what in found(firm)} == {2, 3, 4}


def test_inserted_event_is_found(firm: Partner, admin: User) -> None:
    written(firm, admin)
    with lifted():
        for seq in (5, 4, 3):
            events(firm).filter(seq=seq).update(seq=F("seq") + 1)
        forged = events(firm).get(seq=2)
        forged.pk, forged.seq, forged.previous_hash = None, 3, forged.hash
        forged.digest = trails.digest(firm_log.content(forged), forged.salt)
        forged.hash = trails.link(3, forged.previous_hash, forged.digest)
        forged.save(force_insert=True)
    assert (4, "relinked") in found(firm)


def test_event_of_another_firm_does_not_fit(firm: Partner, admin: User) -> None:
    other = PartnerFactory.create()
    written(firm, admin, 1)
    with lifted():
        events(firm).update(partner=other)
    assert found(other) == [(1, "changed"), (1, "relinked")]


def test_cut_log_is_found_by_whoever_keeps_its_head(firm: Partner, admin: User) -> None:
    last = written(firm, admin)[-1]
    head = Head(last.seq, last.hash, "the export of May")
    assert found(firm, head) == []
    with lifted():
        events(firm).filter(seq__gt=3).delete()
    assert found(firm) == []  # the chain alone cannot tell
    assert found(firm, head) == [(3, "cut")]
    written(firm, admin, 2)
    assert found(firm, head) == [(5, "rewritten")]


def test_consent_without_its_event_is_found(firm: Partner, admin: User) -> None:
    support_access.grant(firm, operator=None, reason="May", hours=1, by=admin)
    assert found(firm) == []
    with lifted():
        events(firm).delete()
    assert found(firm) == [(None, "missing")]


def test_access_made_behind_the_back_of_the_log_is_found(firm: Partner, admin: User) -> None:
    now = timezone.now()
    SupportAccess.objects.create(
        partner=firm, reason="x", hours=1, granted_by=admin, until=now + timedelta(hours=1)
    )
    assert found(firm) == [(None, "missing")]


# ---- The command ---------------------------------------------------------------------------------


def run(*args: Any) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_trail", *args, stdout=out)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def export(firm: Partner, folder: Path) -> Path:
    path = folder / "log.jsonl"
    path.write_text("".join(firm_log_files.lines(firm)), "utf-8")
    return path


def test_command_reads_all_firms_or_those_named(firm: Partner, admin: User) -> None:
    written(firm, admin)
    other = PartnerFactory.create()
    firm_log.record(other, "test")
    whole = "Everything is as it was written.\n"
    assert run() == (0, f"0 agreements, 2 firms, 6 events, 0 erased\n{whole}")
    with lifted():
        events(firm).filter(seq=2).delete()
    assert run(str(other.pk)) == (0, f"0 agreements, 1 firms, 1 events, 0 erased\n{whole}")
    code, said = run()
    assert code == 1
    assert said.splitlines()[0] == f"{firm.pk} event 3: missing: event test"
    code, said = run("--json")
    assert json.loads(said.rpartition("}")[0] + "}")["findings"] == [
        {"subject": str(firm.pk), "seq": 3, "what": "missing", "about": "event test"}
    ]


def test_command_holds_the_log_against_an_export(
    firm: Partner, admin: User, tmp_path: Path
) -> None:
    written(firm, admin)
    kept = export(firm, tmp_path)
    assert run("--export", kept)[0] == 0
    with lifted():
        events(firm).filter(seq__gt=3).delete()
    code, said = run("--export", kept)
    assert code == 1
    assert f"{firm.pk} event 3: cut: log.jsonl knows event 5\n" in said


def test_command_finds_a_forged_export(firm: Partner, admin: User, tmp_path: Path) -> None:
    written(firm, admin)
    kept = export(firm, tmp_path)
    kept.write_text(kept.read_text("utf-8").replace('"n": 3', '"n": 4'), "utf-8")
    code, said = run("--export", kept)
    assert (code, said.splitlines()[0]) == (
        1,
        f"{firm.pk} event 3: changed: event in log.jsonl",
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"firm": {"id": 7}}', "{", '{"firm": null}'])
def test_command_refuses_what_is_no_log(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text, "utf-8")
    code, said = run("--export", path)
    assert (code, said) == (1, f"{path} is no log as the portal exports it.")


# ---- The page ------------------------------------------------------------------------------------


def browser(user: User) -> Client:
    client = Client(headers=EN)
    client.force_login(user)
    return client


def rows(page: BeautifulSoup) -> list[str]:
    return [" ".join(row.text.split()) for row in page.select(".firm-log tbody tr th")]


def test_admin_reads_who_did_what_newest_first(firm: Partner, admin: User, soup: Soup) -> None:
    first = written(firm, admin, 1)[0]
    firm_log.record(firm, "test_other")
    firm_log.erase(first)
    firm_log.record(firm, "test", by=admin)

    page = soup(browser(admin).get(reverse("partners:log")))

    cells = [
        [" ".join(cell.text.split()) for cell in row.select("th, td:nth-of-type(3)")]
        for row in page.select(".firm-log tbody tr")
    ]
    assert cells == [
        ["Tested", "Jana Brückner"],
        ["Something else", "the portal"],
        ["Tested", "erased"],
    ]


def test_log_is_filtered_by_kind_person_and_day(firm: Partner, admin: User, soup: Soup) -> None:
    written(firm, admin, 1)
    firm_log.record(firm, "test_other")
    page, today = browser(admin), timezone.localdate()
    about = events(firm).get(seq=1).about

    def shown(**query: Any) -> list[str]:
        return rows(soup(page.get(reverse("partners:log"), query)))

    timo = "Tested: Timo Wagner t@x.example"
    assert shown() == ["Something else", timo]
    assert shown(kind="test_other") == ["Something else"]
    assert shown(person=about.pk) == [timo]
    assert shown(person=admin.pk) == [timo]
    assert shown(day=str(today)) == ["Something else", timo]
    assert shown(day=str(today - timedelta(days=1))) == []
    for nonsense in ({"kind": "'"}, {"person": "x"}, {"day": "x"}, {"page": "x"}):
        assert shown(**nonsense) == ["Something else", timo]


def test_other_firms_people_are_no_choice(firm: Partner, admin: User, soup: Soup) -> None:
    stranger = PartnerFactory.create()
    written(stranger, member(stranger, "admin", name="Fremde"), 1)
    written(firm, admin, 1)
    page = soup(browser(admin).get(reverse("partners:log")))
    names = [option.text for option in page.select("#id_person option")]
    assert names == ["Everybody", "Jana Brückner", "Timo Wagner"]


@pytest.mark.parametrize(
    ("role", "status"), [("admin", 200), ("manager", 403), ("signer", 403), ("observer", 403)]
)
def test_only_admins_read_and_take_the_log(
    role: str, status: int, firm: Partner, admin: User
) -> None:
    written(firm, admin, 1)
    person = browser(member(firm, role))
    assert person.get(reverse("partners:log")).status_code == status
    assert person.post(reverse("partners:log_export")).status_code == status
    assert person.get(reverse("partners:log_export")).status_code == 302  # to where the form is


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_page_do_not_grow(
    count: int, firm: Partner, admin: User, django_assert_num_queries: Any
) -> None:
    written(firm, admin, count)
    client = browser(admin)
    with django_assert_num_queries(QUERIES):
        client.get(reverse("partners:log"))


QUERIES = 9  # session, person, firm and rights; then count, page, kinds and people


def test_export_is_the_whole_log_with_the_hashes_and_its_head(firm: Partner, admin: User) -> None:
    written(firm, admin, 2)
    firm_log.erase(events(firm).get(seq=1))

    answer = browser(admin).post(reverse("partners:log_export"))

    assert answer.streaming
    text = b"".join(answer).decode()
    lines = [json.loads(line) for line in text.splitlines()]
    head, *told = lines
    assert head["format"] == "handschlag-firm-log/1"
    assert head["head"] == {"seq": 3, "hash": events(firm).get(seq=3).hash}
    assert [line["content"]["kind"] for line in told] == ["test", "test", "log_exported"]
    assert [line["personal"] is None for line in told] == [True, False, False]
    assert told[1]["personal"]["about"]["name"] == "Timo Wagner"
    previous = head["genesis"]
    for line in told:  # by hand, as somebody without the portal would
        assert line["previous"] == previous
        assert line["digest"] == trails.digest(line["content"], line["salt"])
        previous = trails.link(line["seq"], line["previous"], line["digest"])
        assert line["hash"] == previous
        if line["personal"] is not None:
            digest = trails.digest(line["personal"], line["personal_salt"])
            assert digest == line["content"]["personal"]


def test_role_of_the_application_may_write_the_log_and_not_change_it() -> None:
    from documents.management.commands import grant_app_role

    [grant] = [line for line in grant_app_role.sql("app") if "partners_firmevent" in line]
    columns = '"about_id", "by_id", "erased_at", "personal", "personal_salt"'
    name = connection.ops.quote_name("partners_firmevent")
    assert grant == f'GRANT SELECT, INSERT, UPDATE ({columns}) ON {name} TO "app"'
