import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from partners.models import Partner
from scoring.models import Association, PartnerCenterImport, Tenant, UsageMonth
from tests.factories import PartnerFactory
from tests.scoring.test_scores import GROWN, PEOPLE
from tests.scoring.worlds import Row, guid, office_usage, training

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    return PartnerFactory.create(slug="mueller", name="Müller IT")


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    usage, people = tmp_path / "usage.csv", tmp_path / "people.csv"
    usage.write_bytes(office_usage([*GROWN, Row("X", "Power BI", usage={"2025-02": (5, 5)})]))
    people.write_bytes(training(PEOPLE))
    return str(usage), str(people)


def call(*args: str) -> str:
    out = io.StringIO()
    with translation.override("de"):  # the process may speak German, the command line does not
        call_command(*args, stdout=out)
    return out.getvalue()


def test_import_prints_counts(partner: Partner, files: tuple[str, str]) -> None:
    assert call("import_partner_center", "mueller", *files).splitlines() == [
        "usage.csv: office-usage, 21 rows read",
        "  20 new, 0 changed, 0 unchanged, 0 rejected, 1 not used, 0 merged",
        "  new tenants: 10",
        "  new associations: 10",
        "  months: 2024-02 to 2025-02 (2)",
        "    2024-02: 10 new, 0 changed, 0 unchanged",
        "    2025-02: 10 new, 0 changed, 0 unchanged",
        "  not used by this designation: workload Power BI: 1",
        "people.csv: training, 3 rows read",
        "  3 new, 0 changed, 0 unchanged, 0 rejected, 0 not used, 0 merged",
    ]


def test_import_again_says_that_it_is_the_same_file(
    partner: Partner, files: tuple[str, str]
) -> None:
    call("import_partner_center", "mueller", *files)
    lines = call("import_partner_center", "mueller", files[0]).splitlines()
    assert lines[1].startswith("  the same file was imported on 20")
    assert lines[2] == "  0 new, 0 changed, 20 unchanged, 0 rejected, 1 not used, 0 merged"


def test_preview_says_what_would_change_and_imports_nothing(
    partner: Partner, files: tuple[str, str]
) -> None:
    call("import_partner_center", "mueller", files[0])
    changed = Path(files[0])
    changed.write_bytes(changed.read_bytes().replace(b",60,", b",61,", 2))
    rows = list(UsageMonth.objects.order_by("pk").values_list("seats", "users"))
    assert call("import_partner_center", "mueller", *files, "--preview").splitlines() == [
        "usage.csv: office-usage, 21 rows read",
        "  0 new, 2 changed, 18 unchanged, 0 rejected, 1 not used, 0 merged",
        "  months: 2024-02 to 2025-02 (2)",
        "    2024-02: 0 new, 0 changed, 10 unchanged",
        "    2025-02: 0 new, 2 changed, 8 unchanged",
        "  not used by this designation: workload Power BI: 1",
        "people.csv: training, 3 rows read",
        "  3 new, 0 changed, 0 unchanged, 0 rejected, 0 not used, 0 merged",
        "This was a preview: nothing was imported.",
    ]
    assert list(UsageMonth.objects.order_by("pk").values_list("seats", "users")) == rows
    assert PartnerCenterImport.objects.count() == 1


def test_columns_are_named_on_the_command_line(partner: Partner, tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    path.write_text(f"Kundennummer,Produkt\n{guid('Contoso')},Exchange\n")
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"^Nothing was imported\.$"):
        call_command("import_partner_center", "mueller", str(path), stdout=out)
    assert out.getvalue().splitlines()[1].startswith("claims.csv: name the columns, e.g. --kind ")
    named = ("--mapping", "tenant=Kundennummer", "--mapping", "workload=Produkt")
    lines = call("import_partner_center", "mueller", str(path), "--kind", "claims", *named)
    assert lines.splitlines()[:3] == [
        "claims.csv: claims, 1 rows read",
        "  0 new, 0 changed, 0 unchanged, 0 rejected, 0 not used, 0 merged",
        "  new tenants: 1",
    ]
    assert Association.objects.count() == 1
    for wrong in ("tenant", "nonsense=Produkt"):
        with pytest.raises(CommandError, match="write FIELD=HEADER, with one of aad, activation"):
            call("import_partner_center", "mueller", str(path), "--mapping", wrong)


def test_one_bad_row_stops_all_files(partner: Partner, files: tuple[str, str], capsys: Any) -> None:
    bad = Path(files[1])
    bad.write_bytes(bad.read_bytes().replace(b"2024-01-31", b"31.31.2024", 1))
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"^Nothing was imported\.$"):
        call_command("import_partner_center", "mueller", *files, stdout=out)
    assert out.getvalue().splitlines() == [
        "people.csv: line 2, TrainingCompletionDate: '31.31.2024': "
        "This is not a date we can read, e.g. 2025-02-01.",
        "people.csv: 1 of 3 rows rejected",
    ]
    assert not PartnerCenterImport.objects.exists()
    assert not Tenant.objects.exists()
    text = call("import_partner_center", "mueller", *files, "--good-rows")
    assert "  2 new, 0 changed, 0 unchanged, 1 rejected, 0 not used, 0 merged" in text


def test_every_rejected_row_is_printed(partner: Partner, tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(office_usage([Row(f"T{n}", usage={"2025-02": (-1, 0)}) for n in range(700)]))
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_partner_center", "mueller", str(path), stdout=out)
    assert len(out.getvalue().splitlines()) == 701


def test_commands_name_what_is_missing(partner: Partner, tmp_path: Path) -> None:
    missing = tmp_path / "missing.csv"
    for args, said in (
        (("import_partner_center", "nobody", str(missing)), "There is no firm with the short name"),
        (("import_partner_center", "mueller", str(missing)), "cannot be read: No such file"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command(*args)
