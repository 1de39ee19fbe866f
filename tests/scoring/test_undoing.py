"""Taking an import out again: the facts are what the others say, and nothing is lost."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.files.base import ContentFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners.models import Partner
from scoring import bulk, facts, import_leases, imports, scores, undoing
from scoring.import_files import NotKept
from scoring.models import (
    NO_END,
    Association,
    Certificate,
    MonthOfData,
    PartnerCenterImport,
    Portfolio,
    Tenant,
    UsageMonth,
)
from scoring.people import Certificate as Person
from tests.factories import PartnerFactory, member
from tests.scoring.worlds import Row, guid, office_usage, table, training

pytestmark = pytest.mark.django_db

FIRST = office_usage([Row(usage={"2024-02": (50, 10)}), Row("Fabrikam", usage={"2025-02": (9, 1)})])
SECOND = office_usage(
    [
        Row(usage={"2024-02": (50, 20), "2025-02": (50, 30)}, begins_on=date(2023, 5, 1)),
        Row("New", usage={"2025-01": (50, 5)}),
    ]
)
THIRD = office_usage([Row(usage={"2025-02": (50, 40)})])
PEOPLE = training([Person("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31))])


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create()


def bring(partner: Partner, content: bytes) -> PartnerCenterImport:
    row = imports.create(partner, ContentFile(content, name="usage.csv"))
    assert imports.run(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.error) == ("done", "")
    return row


def take_out(row: PartnerCenterImport) -> None:
    assert imports.undo(row.pk, by=None) is True
    assert imports.run(row.pk) is True
    row.refresh_from_db()


Facts = tuple[list[tuple[Any, ...]], ...]


def stored(partner: Partner) -> Facts:
    """All facts of a firm, with the tenants by their GUIDs."""
    own = {"portfolio__partner": partner}
    return (
        sorted(
            UsageMonth.objects.filter(**own).values_list(
                "tenant__tenant_id", "month", "workload", "option", "seats", "users"
            )
        ),
        sorted(
            Association.objects.filter(**own).values_list(
                "tenant__tenant_id", "workload", "option", *facts.ASSOCIATION_VALUES
            ),
            key=lambda row: row[:4],
        ),
        sorted(
            Certificate.objects.filter(**own).values_list(*facts.CERTIFICATE_FIELDS[1:]),
            key=lambda row: row[:3],
        ),
        sorted(MonthOfData.objects.filter(**own).values_list("month")),
    )


# ---- One after the other, and without one of them ------------------------------------------------


@pytest.mark.parametrize("place", range(4))
def test_undone_import_was_never_there(place: int, partner: Partner) -> None:
    contents = [FIRST, SECOND, THIRD, PEOPLE]
    rows = [bring(partner, content) for content in contents]
    take_out(rows[place])
    assert rows[place].state == "undone"

    other = PartnerFactory.create()
    for content in contents[:place] + contents[place + 1 :]:
        bring(other, content)
    assert stored(partner) == stored(other)


def test_undo_says_who_and_scores_anew(partner: Partner) -> None:
    first, second = bring(partner, FIRST), bring(partner, SECOND)
    person = member(partner, "manager")
    assert imports.undo(second.pk, by=person) is True
    imports.run(second.pk)
    second.refresh_from_db()
    assert (second.state, second.undone_by) == ("undone", person)
    score = scores.latest(partner)
    assert score is not None
    assert (score.import_ids, score.computed_by) == ([str(first.pk)], person)


def test_undoing_makes_no_month_newer(partner: Partner, time_machine: Any) -> None:
    time_machine.move_to("2025-03-01")
    bring(partner, FIRST)
    before = dict(MonthOfData.objects.values_list("month", "imported_at"))
    time_machine.move_to("2025-05-01")
    row = bring(partner, SECOND)
    time_machine.move_to("2025-06-01")
    take_out(row)
    assert dict(MonthOfData.objects.values_list("month", "imported_at")) == {
        month: PartnerCenterImport.objects.get(state="done").done_at for month in before
    }


def test_only_import_undone_leaves_nothing(partner: Partner) -> None:
    row = bring(partner, FIRST)
    take_out(row)
    assert stored(partner) == ([], [], [], [])
    assert imports.undo(row.pk, by=None) is False


def test_undone_file_can_be_imported_again(partner: Partner) -> None:
    row = bring(partner, FIRST)
    before = stored(partner)
    take_out(row)
    again = bring(partner, FIRST)
    assert (again.rows_new, again.same_as, stored(partner)) == (2, None, before)


def test_latest_names_of_the_other_files_stand(partner: Partner) -> None:
    bring(partner, FIRST)
    row = bring(partner, FIRST.replace(b"Contoso", b"Contoso SE"))
    take_out(row)
    assert sorted(Tenant.objects.values_list("name", flat=True)) == ["Contoso", "Fabrikam"]


def test_expected_is_what_the_undo_does(partner: Partner) -> None:
    bring(partner, FIRST)
    row = bring(partner, SECOND)
    made = undoing.expected(row)
    assert made is not None
    assert (len(made.gone_usage), made.changed, made.dates_changed) == (2, 1, 1)
    with mock.patch.object(undoing, "AT_ONCE", 1):
        assert undoing.expected(row) is None


def test_nothing_is_undone_when_an_original_is_gone(partner: Partner) -> None:
    first, second = bring(partner, FIRST), bring(partner, SECOND)
    before = stored(partner)
    Path(first.original.path).unlink()
    with pytest.raises(NotKept):
        undoing.expected(second)
    assert imports.undo(second.pk, by=None) is True
    imports.run(second.pk)
    second.refresh_from_db()
    assert (second.state, second.error.split(":")[0]) == ("done", "NotKept")
    assert stored(partner) == before


def test_nothing_is_undone_when_an_original_is_damaged(partner: Partner) -> None:
    first, second = bring(partner, FIRST), bring(partner, SECOND)
    Path(first.original.path).write_bytes(b"PAR1 and nothing more")
    with pytest.raises(NotKept):
        undoing.expected(second)


def test_import_kept_as_it_was_uploaded_is_read_too(partner: Partner) -> None:
    first = bring(partner, FIRST)
    first.file.save("file", ContentFile(FIRST), save=False)
    first.original.delete(save=False)
    first.save(update_fields=["file", "original"])
    before = stored(partner)
    take_out(bring(partner, SECOND))
    assert stored(partner) == before


def test_days_that_lay_in_the_future_do_so_again(partner: Partner, time_machine: Any) -> None:
    time_machine.move_to("2025-02-10")
    content = office_usage([Row(usage={"2025-01": (50, 10), "2025-03": (50, 99)})])
    row = imports.create(partner, ContentFile(content, name="usage.csv"), good_rows=True)
    imports.run(row.pk)
    second = bring(partner, FIRST)
    time_machine.move_to("2025-06-10")
    take_out(second)
    assert [month for (month,) in stored(partner)[3]] == [2025 * 12]


# ---- All of it -----------------------------------------------------------------------------------


def test_rebuild_finds_facts_as_they_are(partner: Partner) -> None:
    for content in (FIRST, SECOND, THIRD, PEOPLE):
        bring(partner, content)
    assert imports.rebuild(partner).is_empty


def test_rebuild_puts_right_what_was_changed_beside(partner: Partner) -> None:
    for content in (FIRST, SECOND, PEOPLE):
        bring(partner, content)
    before = stored(partner)
    UsageMonth.objects.filter(tenant__name="New").delete()
    UsageMonth.objects.filter(tenant__name="Contoso").update(users=7)
    Association.objects.filter(tenant__name="Contoso").delete()
    Certificate.objects.update(is_linked=False)
    looked = imports.rebuild(partner, write=False)
    assert (looked.is_empty, stored(partner) == before) == (False, False)
    assert imports.rebuild(partner).is_empty is False
    assert stored(partner) == before
    assert imports.rebuild(partner).is_empty


def test_rebuild_and_import_never_run_at_once(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(partner, FIRST)
    UsageMonth.objects.all().delete()
    row = imports.create(partner, ContentFile(SECOND, name="usage.csv"))
    real = facts.steps

    def meanwhile(*args: Any) -> Iterator[Callable[[], None]]:
        assert import_leases.claim(row.pk, "m1") is not None
        return real(*args)

    monkeypatch.setattr(facts, "steps", meanwhile)
    monkeypatch.setattr(bulk, "rows_per_transaction", lambda: 2)
    with pytest.raises(imports.Busy):
        imports.rebuild(partner)


# ---- At once, and killed -------------------------------------------------------------------------


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(4))
def test_killed_undo_completes_when_run_again(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    bring(partner, FIRST)
    before = stored(partner)
    row = bring(partner, SECOND)
    imports.undo(row.pk, by=None)
    real = facts.steps

    def steps(*args: Any) -> Iterator[Callable[[], None]]:
        for number, step in enumerate(real(*args)):
            if number == after:
                raise Killed
            yield step

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "rows_per_transaction", lambda: 1)
        patch.setattr(facts, "steps", steps)
        patch.setattr(import_leases.Lease, "fail", lambda *_args: None)
        with pytest.raises(Killed):
            imports.run(row.pk, message_id="m1")
    assert imports.run(row.pk, message_id="another") is False
    assert imports.run(row.pk, message_id="m1") is True
    row.refresh_from_db()
    assert (row.state, stored(partner) == before) == ("undone", True)


def test_undo_that_breaks_off_for_good_leaves_the_import_in(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = bring(partner, FIRST)
    imports.undo(row.pk, by=None)
    monkeypatch.setattr(facts, "plan", lambda *_a, **_o: (_ for _ in ()).throw(OSError("disk")))
    for _attempt in range(imports.ATTEMPTS):
        with pytest.raises(OSError, match="disk"):
            imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.error, row.is_finished) == ("done", "OSError: disk", True)
    assert imports.undo(row.pk, by=None) is True


def test_import_that_broke_off_for_good_can_be_taken_out(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(partner, FIRST)
    before = stored(partner)
    row = imports.create(partner, ContentFile(SECOND, name="usage.csv"))
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "rows_per_transaction", lambda: 1)
        patch.setattr(scores, "compute", lambda *_a, **_o: (_ for _ in ()).throw(OSError("disk")))
        for _attempt in range(imports.ATTEMPTS):
            with pytest.raises(OSError, match="disk"):
                imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, stored(partner) == before) == ("failed", False)
    take_out(row)
    assert (row.state, stored(partner) == before) == ("undone", True)


def test_undo_and_import_wait_for_each_other(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bring(partner, FIRST)
    second = imports.create(partner, ContentFile(SECOND, name="usage.csv"))
    imports.undo(first.pk, by=None)
    real = facts.plan

    def meanwhile(*args: Any, **options: Any) -> facts.Plan:
        assert imports.run(second.pk) is False
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(facts, "plan", meanwhile)
        assert imports.run(first.pk) is True
    assert imports.run(second.pk) is True
    other = PartnerFactory.create()
    bring(other, SECOND)
    assert stored(partner) == stored(other)


def test_corrections_stay(partner: Partner) -> None:
    from scoring.models import Correction

    bring(partner, FIRST)
    row = bring(partner, SECOND)
    tenant = Tenant.objects.get(name="New")
    correction = Correction.objects.create(
        portfolio=Portfolio.objects.get(partner=partner),
        field="begins_on",
        tenant=tenant,
        workload=1,
        option=1,
        value_day=date(2024, 1, 1),
        reason="As the contract says.",
    )
    take_out(row)
    correction.refresh_from_db()
    assert (correction.withdrawn_at, correction.tenant) == (None, tenant)


# ---- Any files -----------------------------------------------------------------------------------

MONTHS = ["2024-02", "2024-11", "2025-01", "2025-02"]
DAYS = [None, date(2024, 1, 15), date(2024, 11, 3), date(2025, 1, 9), date(2025, 2, 20)]


@st.composite
def usage_rows(draw: Any) -> Row:
    begins_on, ended_on = draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))
    if begins_on and ended_on and ended_on < begins_on:
        begins_on, ended_on = ended_on, begins_on
    figures = st.tuples(st.integers(0, 3), st.integers(0, 3))
    return Row(
        draw(st.sampled_from(["A", "B"])),
        draw(st.sampled_from(["Exchange", "Teams"])),
        draw(st.sampled_from(["CPOR", "CSP"])),
        draw(st.dictionaries(st.sampled_from(MONTHS), figures, min_size=1, max_size=3)),
        begins_on,
        ended_on,
    )


def claims_file(rows: Sequence[tuple[str, str, date | None, date | None]]) -> bytes:
    header = ["CustomerTenantId", "WorkloadName", "ClaimStatus", "DateAssociated", "DateEnded"]
    return table(
        header,
        [
            {
                "CustomerTenantId": guid(tenant),
                "WorkloadName": "Exchange",
                "ClaimStatus": state,
                "DateAssociated": begins_on or "",
                "DateEnded": ended_on or "",
            }
            for tenant, state, begins_on, ended_on in rows
        ],
    )


def in_order(row: tuple[str, str, date | None, date | None]) -> bool:
    return not (row[2] and row[3] and row[3] < row[2])


claims_rows = st.tuples(
    st.sampled_from(["A", "B"]),
    st.sampled_from(["Approved", "Rejected", ""]),
    st.sampled_from(DAYS),
    st.sampled_from(DAYS),
).filter(in_order)
certificates = st.builds(
    lambda person, year, until, linked: Person(
        person, person, "", "MS-700", date(2023, 1, year), until, linked
    ),
    st.sampled_from(["mcp:1", "mcp:2"]),
    st.integers(1, 2),
    st.sampled_from([None, date(2025, 1, 31), date(2026, 1, 31)]),
    st.booleans(),
)
files = st.one_of(
    st.lists(usage_rows(), min_size=1, max_size=4).map(office_usage),
    st.lists(claims_rows, min_size=1, max_size=3).map(claims_file),
    st.lists(certificates, min_size=1, max_size=2).map(training),
)


class AnyFilesTest(TestCase):
    @given(st.lists(files, min_size=2, max_size=4), st.data())
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    def test_facts_are_the_fold_of_the_files(self, contents: list[bytes], data: Any) -> None:
        with mock.patch.object(scores, "compute"):  # the facts are looked at, and nothing else
            self._check(contents, data)

    def _check(self, contents: list[bytes], data: Any) -> None:
        partner, other = PartnerFactory.create(), PartnerFactory.create()
        rows = [bring(partner, content) for content in contents]
        made = imports.rebuild(partner, write=False)
        assert made.is_empty, made

        place = data.draw(st.integers(0, len(rows) - 1))
        take_out(rows[place])
        for content in contents[:place] + contents[place + 1 :]:
            bring(other, content)
        assert stored(partner) == stored(other)


def test_association_that_ended_before_its_first_figures_shares_no_month(partner: Partner) -> None:
    claims = claims_file([("A", "Approved", date(2024, 11, 3), None)])
    early = Row("A", usage={"2024-11": (5, 1)}, ended_on=date(2024, 1, 15))
    bring(partner, claims)
    bring(partner, office_usage([early]))
    held = Association.objects.order_by("begins").values_list("begins", "ends")
    months = [2024 * 12, 2024 * 12 + 10]
    assert list(held) == [(months[0], months[0]), (months[1], NO_END)]
    assert imports.rebuild(partner).is_empty


def test_end_told_later_finds_the_first_figures_that_are_stored(partner: Partner) -> None:
    bring(partner, office_usage([Row("A", usage={"2024-02": (5, 1)}, begins_on=date(2025, 1, 9))]))
    bring(partner, claims_file([("A", "", None, date(2024, 11, 3))]))
    held = Association.objects.order_by("begins").values_list("begins", "ends", "baseline_month")
    assert list(held) == [
        (2024 * 12 + 1, 2024 * 12 + 10, 2024 * 12 + 1),
        (2025 * 12, NO_END, None),
    ]
    assert imports.rebuild(partner).is_empty
