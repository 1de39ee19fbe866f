import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from celery import current_app
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone, translation

from partners.models import Partner
from scoring import (
    bulk,
    facts,
    history,
    import_files,
    import_findings,
    import_leases,
    import_words,
    imports,
    months,
    scores,
)
from scoring.models import (
    NO_END,
    Association,
    Contribution,
    MonthOfData,
    PartnerCenterImport,
    Score,
    Tenant,
    UsageMonth,
)
from scoring.models import Certificate as CertificateRow
from scoring.people import Certificate
from scoring.reading import originals
from tests.factories import MembershipFactory, PartnerFactory, UserFactory, member
from tests.scoring.worlds import AS_OF, Row, guid, office_usage, table, training

pytestmark = pytest.mark.django_db
State = PartnerCenterImport.State

USAGE = {"2024-02": (50, 10), "2025-02": (50, 25)}
FILE = office_usage([Row(usage=USAGE), Row("Fabrikam", "Teams", "CSP", USAGE)])
CORRECTED = office_usage(
    [Row(usage=USAGE | {"2025-02": (50, 30)}, begins_on=date(2023, 5, 1)), Row("New", usage=USAGE)]
)
BAD = FILE + office_usage([Row(usage={"2025-01": (-5, 1)})]).split(b"\r\n", 1)[1]


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create()


def queue(
    partner: Partner, content: bytes, name: str = "usage.csv", **options: Any
) -> PartnerCenterImport:
    return imports.create(partner, ContentFile(content, name=name), **options)


def run(partner: Partner, content: bytes, **options: Any) -> PartnerCenterImport:
    row = queue(partner, content, **options)
    assert imports.run(row.pk) is True
    row.refresh_from_db()
    return row


def figures(partner: Partner) -> list[tuple[Any, ...]]:
    rows = UsageMonth.objects.filter(portfolio__partner=partner)
    return sorted(rows.values_list("tenant__name", "workload", "option", "month", "seats", "users"))


def test_import_stores_facts_report_file_and_score(partner: Partner) -> None:
    person = member(partner, "manager")
    row = run(partner, FILE, by=person, name=r"C:\Users\ada\usage 2025.csv")
    assert (row.state, row.kind, row.file_name) == ("done", "office-usage", "usage 2025.csv")
    assert (row.rows_read, row.rows_new, row.rows_changed, row.rows_unchanged) == (4, 4, 0, 0)
    assert (row.rows_rejected, row.rows_unused, row.rows_merged) == (0, 0, 0)
    assert row.months == ["2024-02", "2025-02"]
    assert row.is_finished
    assert len(figures(partner)) == 4
    score = scores.latest(partner)
    assert score is not None
    assert (score.import_ids, score.computed_by) == ([str(row.pk)], person)


def test_same_file_twice_changes_nothing_and_says_so(partner: Partner) -> None:
    first = run(partner, FILE)
    before = figures(partner), Score.objects.count(), Contribution.objects.count()
    again = run(partner, FILE)
    assert (again.rows_new, again.rows_changed, again.rows_unchanged) == (0, 0, 4)
    assert again.same_as == first
    assert (figures(partner), Score.objects.count(), Contribution.objects.count()) == before


def test_same_file_after_another_one_takes_its_changes_back(partner: Partner) -> None:
    run(partner, FILE)
    before = figures(partner)
    run(partner, FILE.replace(b",25,", b",26,"))
    assert figures(partner) != before
    again = run(partner, FILE)
    assert (again.rows_changed, figures(partner)) == (2, before)
    assert import_words.has_changes(again)


def test_later_file_corrects_an_earlier_one(partner: Partner) -> None:
    run(partner, FILE)
    row = run(partner, CORRECTED)
    assert (row.rows_new, row.rows_changed, row.rows_unchanged) == (2, 1, 1)
    assert row.dates_changed == 1
    assert row.same_as is None
    association = Association.objects.get(tenant__name="Contoso")
    assert (association.begins_on, association.begins) == (date(2023, 5, 1), 2023 * 12 + 4)


def test_empty_dates_of_a_later_file_take_nothing_back(partner: Partner) -> None:
    run(partner, CORRECTED)
    row = run(partner, FILE)
    assert Association.objects.get(tenant__name="Contoso").begins_on == date(2023, 5, 1)
    assert row.dates_changed == 0


def test_earlier_months_move_a_derived_beginning(partner: Partner) -> None:
    run(partner, office_usage([Row(usage={"2024-06": (50, 10)})]))
    run(partner, office_usage([Row(usage={"2023-11": (50, 10)})]))
    association = Association.objects.get()
    assert (association.begins_on, association.begins) == (None, 2023 * 12 + 10)
    assert (association.baseline_month, association.baseline_users) == (2023 * 12 + 10, 10)


def test_renamed_customer_is_the_same_tenant(partner: Partner) -> None:
    run(partner, FILE)
    run(partner, FILE.replace(b"Contoso", b"Contoso <b>SE</b>"))
    assert sorted(Tenant.objects.values_list("name", flat=True)) == [
        "Contoso <b>SE</b>",
        "Fabrikam",
    ]


def test_bad_row_stops_the_whole_file(partner: Partner) -> None:
    row = run(partner, BAD)
    assert (row.state, row.rows_read, row.rows_rejected) == ("rejected", 5, 1)
    assert row.rejected == [
        {"line": 6, "column": "PaidAvailableUnits", "value": "-5", "reason": "negative"}
    ]
    assert not Tenant.objects.exists()
    assert not Score.objects.exists()
    with translation.override("en"):
        assert row.rejected_rows[0]["sentence"] == "The number is negative."


def test_good_rows_can_be_taken_afterwards(partner: Partner) -> None:
    row = run(partner, BAD)
    person = member(partner, "manager")
    assert imports.take_good_rows(row.pk, by=person) is True
    assert imports.run(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.rows_new, row.rows_rejected, row.imported_by) == ("done", 4, 1, person)
    assert imports.take_good_rows(row.pk, by=person) is False


def test_file_that_cannot_be_used_says_why(partner: Partner) -> None:
    row = run(partner, b"%PDF-1.7\n", name="report.pdf")
    assert (row.state, row.fault, row.rows_rejected) == ("rejected", "not_text", 0)
    with translation.override("en"):
        assert row.fault_sentence.startswith("This is not a table we can read but PDF.")
    assert imports.take_good_rows(row.pk, by=None) is False


def test_empty_and_huge_uploads_are_refused(partner: Partner, settings: Any) -> None:
    with pytest.raises(imports.ImportRefused), translation.override("en"):
        queue(partner, b"")
    settings.PARTNER_CENTER_MAX_BYTES = 3 * 1024 * 1024
    with (
        translation.override("en"),
        pytest.raises(imports.ImportRefused, match=r"4 MB\. We read files of up to 3 MB"),
    ):
        queue(partner, b"x" * (3 * 1024 * 1024 + 1))
    assert not PartnerCenterImport.objects.exists()


def test_row_is_queued_on_commit(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args: sent.append((name, args)))
    with django_capture_on_commit_callbacks(execute=True):
        row = queue(partner, FILE)
        assert (row.state, sent) == ("queued", [])
    assert sent == [("scoring.tasks.run_import", [str(row.pk)])]


def test_finished_import_is_not_run_again(partner: Partner) -> None:
    row = run(partner, FILE)
    assert imports.run(row.pk) is False


def test_same_tenant_at_two_firms_shares_nothing(partner: Partner) -> None:
    other = PartnerFactory.create()
    run(other, CORRECTED)
    before = (
        figures(other),
        list(Score.objects.filter(partner=other).values_list("result", flat=True)),
    )
    row = run(partner, FILE)
    assert row.rows_new == 4
    assert (
        figures(other),
        list(Score.objects.filter(partner=other).values_list("result", flat=True)),
    ) == before
    assert Tenant.objects.filter(name="Contoso").count() == 2


def test_only_own_firms_imports_and_scores_are_visible(partner: Partner) -> None:
    row = run(partner, FILE)
    observer = member(partner, "observer")
    stranger = MembershipFactory.create().user
    left = MembershipFactory.create(partner=partner, left_at=timezone.now() + timedelta(1)).user
    nobody = UserFactory.create()
    seen = {
        name: (
            PartnerCenterImport.objects.visible_to(user).filter(pk=row.pk).exists(),
            Score.objects.visible_to(user).exists(),
        )
        for name, user in {
            "observer": observer,
            "stranger": stranger,
            "left": left,
            "nobody": nobody,
        }.items()
    }
    assert seen == {
        "observer": (True, True),
        "stranger": (False, False),
        "left": (False, False),
        "nobody": (False, False),
    }


# ---- Looking first -------------------------------------------------------------------------------


def test_preview_says_what_would_change_and_writes_nothing(partner: Partner) -> None:
    run(partner, FILE)
    before, score = figures(partner), scores.latest(partner)
    row = run(partner, CORRECTED, at_once=False)
    assert (row.state, row.done_at) == ("preview", None)
    assert (row.rows_new, row.rows_changed, row.rows_unchanged) == (2, 1, 1)
    assert row.by_month == [
        {"month": "2024-02", "known": True, "new": 1, "changed": 0, "unchanged": 1},
        {"month": "2025-02", "known": True, "new": 1, "changed": 1, "unchanged": 0},
    ]
    assert import_findings.lines(row, "tenants", "tenant") == [
        {"what": "tenants", "value": "", "rows": 1},
        {"what": "tenant", "value": "New", "rows": 1},
    ]
    (claim,) = import_findings.lines(row, "claim")
    assert (claim["value"], claim["before"], claim["after"]) == (
        "Contoso",
        [[None, None, 0]],
        [["2023-05-01", None, 0]],
    )
    assert (figures(partner), scores.latest(partner)) == (before, score)


def test_preview_is_imported_as_the_facts_are_then(partner: Partner) -> None:
    row = run(partner, FILE, at_once=False)
    assert row.rows_new == 4
    run(partner, FILE, name="the same from a colleague.csv")
    person = member(partner, "manager")
    assert imports.commit(row.pk, by=person) is True
    assert imports.commit(row.pk, by=person) is False
    assert imports.run(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.imported_by) == ("done", person)
    assert (row.rows_new, row.rows_unchanged) == (0, 4)


def test_rejected_file_says_what_its_good_rows_would_change(partner: Partner) -> None:
    row = run(partner, BAD)
    assert (row.state, row.rows_new, len(row.by_month)) == ("rejected", 4, 2)


def test_upload_is_kept_as_columns_and_then_deleted(partner: Partner) -> None:
    row = queue(partner, FILE, at_once=False)
    upload = Path(row.file.path)
    imports.run(row.pk)
    row.refresh_from_db()
    original = Path(row.original.path)
    assert (upload.exists(), original.exists()) == (True, True)
    imports.commit(row.pk, by=None)
    imports.run(row.pk)
    row.refresh_from_db()
    assert (row.file.name, upload.exists(), original.exists()) == ("", False, True)
    kept = "".join(originals.as_csv(original))
    assert kept.encode() == FILE
    assert list(original.parent.iterdir()) == [original]  # no half-written one beside it


def test_discarded_file_is_deleted(partner: Partner) -> None:
    row = run(partner, FILE, at_once=False)
    paths = [Path(row.file.path), Path(row.original.path)]
    assert imports.discard(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.file.name, row.original.name) == ("discarded", "", "")
    assert [path.exists() for path in paths] == [False, False]
    assert imports.commit(row.pk, by=None) is False
    assert imports.discard(row.pk) is False


def test_sweep_discards_what_nobody_decided_about(partner: Partner) -> None:
    preview, bad, unreadable = (
        run(partner, FILE, at_once=False),
        run(partner, BAD),
        run(partner, b"%PDF"),
    )
    rows = PartnerCenterImport.objects
    rows.update(finished_at=timezone.now() - timedelta(days=29))
    imports.sweep()
    assert not rows.filter(state="discarded").exists()
    rows.update(finished_at=timezone.now() - timedelta(days=31))
    imports.sweep()
    assert set(rows.filter(state="discarded")) == {preview, bad}
    unreadable.refresh_from_db()
    assert unreadable.state == "rejected"


def test_sweep_deletes_what_a_killed_run_should_have(partner: Partner) -> None:
    row = queue(partner, FILE)
    with mock.patch.object(import_files, "let_go_of_upload"):
        imports.run(row.pk)
    row.refresh_from_db()
    upload = Path(row.file.path)
    assert upload.exists()
    imports.sweep()
    row.refresh_from_db()
    assert (row.file.name, upload.exists(), bool(row.original)) == ("", False, True)


def test_progress_is_told_and_keeps_the_lease(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_leases, "BEAT", 0)
    row = queue(partner, FILE, at_once=False)
    seen: list[tuple[int, int | None]] = []
    real = import_leases.Lease.tell

    def tell(lease: Any, one: Any, progress: int, of: int | None = None) -> None:
        long_ago = timezone.now() - timedelta(minutes=4)
        PartnerCenterImport.objects.filter(pk=row.pk).update(started_at=long_ago)
        real(lease, one, progress, of)
        row.refresh_from_db()
        assert row.started_at is not None
        assert row.started_at > timezone.now() - timedelta(minutes=1)
        seen.append((row.progress, row.progress_of))

    monkeypatch.setattr(import_leases.Lease, "tell", tell)
    imports.run(row.pk)
    imports.commit(row.pk, by=None)
    imports.run(row.pk)
    assert seen == [(4, None), (4, 4)]


# ---- One command, several files ------------------------------------------------------------------


def several(*contents: bytes) -> list[tuple[str, ContentFile[bytes]]]:
    return [(f"{n}.csv", ContentFile(content)) for n, content in enumerate(contents)]


def test_several_files_are_claimed_together(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = facts.plan
    states: list[list[str]] = []

    def meanwhile(*args: Any, **options: Any) -> facts.Plan:
        rows = PartnerCenterImport.objects.order_by("created_at")
        states.append(list(rows.values_list("state", flat=True)))
        with pytest.raises(imports.Busy):
            imports.run_now(partner, several(FILE))
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(facts, "plan", meanwhile)
        done = imports.run_now(partner, several(FILE, CORRECTED))
    assert states == [["running"] * 2] * 2
    assert [row.rows_new for _read, row in done] == [4, 2]
    assert [row.state for row in PartnerCenterImport.objects.all()] == ["done"] * 2
    score = Score.objects.get()
    assert score.import_ids == [str(row.pk) for _read, row in done]
    assert "import_running" not in {caution["code"] for caution in score.cautions}


def test_several_files_killed_in_between_are_completed(
    partner: Partner, killed_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = facts.steps
    killed_after(2)
    with pytest.raises(Killed):
        imports.run_now(partner, several(FILE, CORRECTED))
    monkeypatch.setattr(facts, "steps", real)
    for row in PartnerCenterImport.objects.order_by("created_at"):
        assert row.state == "queued"
        assert imports.run(row.pk) is True
    assert len(figures(partner)) == 6


def test_nothing_stays_of_files_that_are_refused(partner: Partner, settings: Any) -> None:
    with pytest.raises(imports.Rejected):
        imports.run_now(partner, several(FILE, BAD))
    assert not PartnerCenterImport.objects.exists()
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


# ---- What files may say against each other -------------------------------------------------------


def test_later_file_with_other_figures_for_a_month_stands(partner: Partner) -> None:
    run(partner, office_usage([Row(usage={"2025-01": (50, 10)})]))
    row = run(partner, office_usage([Row(usage={"2025-01": (60, 5)})]))
    assert (row.rows_changed, figures(partner)[0][-2:]) == (1, (60, 5))


def test_month_twice_in_one_file_takes_the_larger_figures(partner: Partner) -> None:
    twice = [Row(usage={"2025-01": (50, 10)}), Row(usage={"2025-01": (40, 20)})]
    row = run(partner, office_usage(twice))
    assert (row.rows_merged, figures(partner)[0][-2:]) == (1, (50, 20))


def test_claim_rejected_later_counts_no_more(partner: Partner) -> None:
    def claims(state: str) -> bytes:
        header = ["CustomerTenantId", "WorkloadName", "ClaimStatus"]
        cells = {"CustomerTenantId": guid("Contoso"), "WorkloadName": "Exchange"}
        return table(header, [cells | {"ClaimStatus": state}])

    run(partner, FILE)
    run(partner, claims("Approved"))
    assert Association.objects.get(tenant__name="Contoso").state == 1
    row = run(partner, claims("Rejected"), at_once=False)
    (claim,) = import_findings.lines(row, "claim")
    assert (claim["before"][0][2], claim["after"][0][2]) == (1, 6)
    imports.commit(row.pk, by=None)
    imports.run(row.pk)
    assert Association.objects.get(tenant__name="Contoso").state == 6


def test_association_that_changes_its_type_is_two(partner: Partner) -> None:
    until = Row(usage={"2025-05": (50, 9), "2025-06": (50, 10)}, ended_on=date(2025, 6, 30))
    since = Row(option="CSP", usage={"2025-07": (50, 11)}, begins_on=date(2025, 7, 1))
    run(partner, office_usage([until]))
    run(partner, office_usage([since]))
    rows = Association.objects.order_by("begins").values_list("begins", "ends", "baseline_users")
    assert list(rows) == [
        (months.parse_label("2025-05"), months.parse_label("2025-06"), 9),
        (months.parse_label("2025-07"), NO_END, 11),
    ]


def test_spellings_of_a_guid_in_two_files_are_one_tenant(partner: Partner) -> None:
    run(partner, FILE)
    spelled = FILE.replace(guid("Contoso").encode(), f"{{{guid('Contoso').upper()}}}".encode())
    row = run(partner, spelled)
    assert (row.rows_new, row.rows_unchanged, Tenant.objects.count()) == (0, 4, 2)


def test_locations_and_tiers_are_one_row(partner: Partner) -> None:
    usage = {"2025-01": (50, 10)}
    rows = [
        Row(option="CSP Tier 1", usage=usage, location="1000001"),
        Row(option="CSP Tier 2", usage=usage, location="1000001"),
        Row(option="CSP Tier 2", usage=usage, location="1000002"),
    ]
    row = run(partner, office_usage(rows))
    assert (row.rows_new, row.rows_merged, len(figures(partner))) == (1, 2, 1)


# ---- Training ------------------------------------------------------------------------------------


def test_training_file_alone_gives_a_score(partner: Partner) -> None:
    row = run(partner, training([Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31))]))
    assert (row.kind, row.rows_new, row.months) == ("training", 1, [])
    score = scores.compute(partner, AS_OF)
    assert score.last_month is None
    assert [caution["code"] for caution in score.cautions] == ["no_usage_data"]
    assert {track.key: track.exact for track in score.tracks} == {"enterprise": "2.5", "smb": "5"}


def test_renewed_certificate_is_brought_up_to_date(partner: Partner) -> None:
    old = Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31), date(2025, 1, 31))
    run(partner, training([old]))
    row = run(partner, training([old._replace(expires_on=date(2026, 1, 31))]))
    assert (row.rows_new, row.rows_changed) == (0, 1)
    assert CertificateRow.objects.get().expires_on == date(2026, 1, 31)


def test_person_is_counted_once_over_two_kinds_of_file(partner: Partner) -> None:
    run(partner, training([Certificate("mcp:1", "Ada Ohm", "", "MS-700", date(2024, 1, 31))]))
    run(
        partner,
        table(
            ["Individual name", "Certification name", "Completion date", "Expiry date"],
            [
                {
                    "Individual name": "Ohm, Ada",
                    "Certification name": "Microsoft 365 Certified: Teams Administrator Associate",
                    "Completion date": "2024-01-31",
                }
            ],
        ),
    )
    smb = next(track for track in scores.compute(partner, AS_OF).tracks if track.key == "smb")
    assert {metric.key: metric.value for metric in smb.metrics}["intermediate_certifications"] == 1


# ---- Killed, twice, at once ----------------------------------------------------------------------


class Killed(BaseException):
    """Stands for a worker that dies: nothing of the product catches it and goes on."""


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """``killed_after(n)`` ends the next run after ``n`` steps of writing, in steps of two rows."""
    monkeypatch.setattr(bulk, "rows_per_transaction", lambda: 2)
    real = facts.steps

    def arm(number: int) -> None:
        def steps(*args: Any) -> Iterator[Callable[[], None]]:
            for index, step in enumerate(real(*args)):
                if index == number:
                    raise Killed
                yield step

        monkeypatch.setattr(facts, "steps", steps)

    return arm


@pytest.mark.parametrize("after", range(5))
def test_killed_import_completes_when_run_again(
    partner: Partner,
    killed_after: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    with monkeypatch.context() as patch:
        # It died without a word.
        patch.setattr(import_leases.Lease, "fail", lambda *_args: None)
        row = queue(partner, FILE)
        real = facts.steps
        killed_after(after)
        with pytest.raises(Killed):
            imports.run(row.pk, message_id="m1")
    monkeypatch.setattr(facts, "steps", real)
    assert imports.run(row.pk, message_id="another") is False  # the lease has not run out
    assert imports.run(row.pk, message_id="m1") is True
    row.refresh_from_db()
    assert (row.state, row.rows_new, row.rows_unchanged) == ("done", 4, 0)
    assert len(figures(partner)) == 4
    assert MonthOfData.objects.count() == 2


def test_where_one_transaction_is_enough_a_killed_import_leaves_nothing(
    partner: Partner, killed_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "rows_per_transaction", lambda: None)
    killed_after(3)
    with pytest.raises(Killed):
        imports.run(queue(partner, FILE).pk)
    assert not Tenant.objects.exists()
    assert not UsageMonth.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_import_killed_while_scoring_completes_when_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner = PartnerFactory.create()
    row = queue(partner, FILE)
    with monkeypatch.context() as patch:
        patch.setattr(scores, "_store", lambda *_args: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            imports.run(row.pk)
    row.refresh_from_db()
    assert (row.state, row.finished_at) == ("queued", None)
    assert imports.run(row.pk) is True
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("done", 2)
    assert Score.objects.count() == 1


def test_failed_run_is_tried_again_by_the_sweep(
    partner: Partner, killed_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = queue(partner, FILE)
    with monkeypatch.context() as patch:
        patch.setattr(facts, "plan", lambda *_args: (_ for _ in ()).throw(OSError("disk")))
        for attempt in range(1, imports.ATTEMPTS + 1):
            with pytest.raises(OSError, match="disk"):
                imports.run(row.pk)
            row.refresh_from_db()
            is_last = attempt == imports.ATTEMPTS
            assert (row.state, row.is_finished) == ("failed" if is_last else "queued", is_last)
    assert row.error == "OSError: disk"


def test_worker_that_lost_its_row_writes_nothing_more(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = queue(partner, FILE)
    real = facts.plan

    def taken_over(*args: Any) -> facts.Plan:
        PartnerCenterImport.objects.filter(pk=row.pk).update(claimed_by="another", attempts=2)
        return real(*args)

    monkeypatch.setattr(facts, "plan", taken_over)
    monkeypatch.setattr(bulk, "rows_per_transaction", lambda: 2)
    assert imports.run(row.pk, message_id="m1") is False
    assert not UsageMonth.objects.exists()
    row.refresh_from_db()
    assert (row.state, row.claimed_by) == ("running", "another")


def test_second_import_of_a_firm_waits_for_the_first(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    first, second = queue(partner, FILE), queue(partner, CORRECTED)
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args: sent.append((name, args[0])))
    real = facts.plan

    def meanwhile(portfolio: Any, said: Any) -> facts.Plan:
        assert imports.run(second.pk) is False
        return real(portfolio, said)

    with monkeypatch.context() as patch:
        patch.setattr(facts, "plan", meanwhile)
        with django_capture_on_commit_callbacks(execute=True):
            assert imports.run(first.pk) is True
    assert sent == [
        (history.TASK, str(facts.portfolio_of(partner).pk)),
        (import_leases.TASK, str(second.pk)),
    ]
    assert imports.run(second.pk) is True


def test_files_are_imported_in_the_order_they_came(partner: Partner) -> None:
    first, second = queue(partner, FILE), queue(partner, FILE.replace(b",25,", b",26,"))
    elsewhere = queue(PartnerFactory.create(), FILE)
    assert imports.run(second.pk) is False
    assert imports.run(elsewhere.pk) is True
    dead = timezone.now() - 2 * imports.LEASE
    PartnerCenterImport.objects.filter(pk=first.pk).update(
        state=State.RUNNING, started_at=dead, attempts=1
    )
    assert imports.run(second.pk) is False
    assert imports.run(first.pk) is True
    assert imports.run(second.pk) is True
    assert [row[-1] for row in figures(partner)] == [10, 26, 10, 26]


@pytest.mark.django_db(transaction=True)
def test_two_workers_import_once() -> None:
    partner = PartnerFactory.create()
    row = queue(partner, FILE)
    finished: list[bool] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        try:
            barrier.wait()
            finished.append(imports.run(row.pk))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(finished) == [False, True]
    assert len(figures(partner)) == 4
    assert Score.objects.count() == 1


def test_sweep_queues_what_was_lost(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    fresh, lost, dead, done = (queue(partner, FILE) for _ in range(4))
    long_ago = timezone.now() - timedelta(minutes=10)
    rows = PartnerCenterImport.objects
    rows.filter(pk=lost.pk).update(created_at=long_ago)
    rows.filter(pk=dead.pk).update(state=State.RUNNING, started_at=long_ago)
    rows.filter(pk=done.pk).update(state=State.DONE, finished_at=long_ago, created_at=long_ago)
    sent: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda _name, args: sent.append(args[0]))
    with django_capture_on_commit_callbacks(execute=True):
        assert imports.sweep() == 2
    assert set(sent) == {str(lost.pk), str(dead.pk)}
    assert str(fresh.pk) not in sent


def test_many_rows_are_written_in_parts(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "rows_per_transaction", lambda: 7)
    rows = [Row(f"Tenant {n}", usage={"2024-02": (n, 1), "2025-02": (n, 2)}) for n in range(40)]
    row = run(partner, office_usage(rows))
    assert row.rows_new == 80
    assert len(figures(partner)) == 80
