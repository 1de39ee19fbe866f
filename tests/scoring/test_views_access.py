"""Rows of a firm behind every address of the room; who may open what is in ``tests/access``."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from documents import jobs
from partners.models import Partner, User
from scoring import claim_list, corrections, enrolments, monthly_reports, reports, scenarios
from scoring.enrolments import MODERN_WORK
from scoring.models import ColumnMapping, PartnerCenterImport
from tests import blank
from tests.access.tables import read_all
from tests.factories import PartnerFactory, UserFactory, member
from tests.scoring.stage import hand_in, stored_score
from tests.scoring.worlds import Row, guid, office_usage

pytestmark = pytest.mark.django_db

ADDRESSES: dict[str, set[str]] = {}  # and their methods
for method, address in read_all():
    if address.startswith("scoring:"):
        ADDRESSES.setdefault(address.removeprefix("scoring:"), set()).add(method)
STEPS = [name for name, methods in ADDRESSES.items() if methods == {"POST"}]


class World:
    def __init__(self) -> None:
        self.firm: Partner = PartnerFactory.create()
        self.people: dict[str, User] = {
            "manager": member(self.firm, "manager"),
            "specialist": member(self.firm, "specialist"),
            "signer": member(self.firm, "signer"),
            "observer": member(self.firm, "observer"),
            "stranger": member(PartnerFactory.create(), "admin"),
            "loner": UserFactory.create(),
        }
        stored_score(self.firm, as_of=date(2025, 3, 24))  # an earlier one, to be compared with
        self.score = stored_score(self.firm)
        bad = office_usage([Row(usage={"2025-02": (-5, 1)}), Row("B", usage={"2025-02": (50, 1)})])
        self.rejected = hand_in(self.firm, bad, by=self.people["manager"])
        self.done = hand_in(self.firm, office_usage([Row("C", usage={"2025-02": (50, 1)})]))
        self.unmapped = hand_in(self.firm, b"Mandant,Produkt\nx,y")
        self.mapping = ColumnMapping.objects.create(
            partner=self.firm, kind="claims", columns=["a", "b"], mapping={"tenant": "A"}
        )
        day = timezone.localdate()
        self.enrolment = enrolments.record(self.firm, MODERN_WORK, day, by=None, today=day)
        self.correction = corrections.make(
            self.firm,
            "left",
            corrections.OfPerson("mcp:1"),
            reason="seit Mai nicht mehr hier",
            by=self.people["manager"],
        )
        self.work = claim_list.note(
            self.firm, claim_list.Noted("Neukunde", 5, 50, 10), by=self.people["manager"]
        )
        self.scenario = scenarios.make(self.firm, "Plan A", by=self.people["manager"])
        self.other: Partner = PartnerFactory.create()  # in the directory, as everybody sees it
        self.report = reports.order(self.score.pk, language="de", by=self.people["manager"])
        jobs.build(self.report.document_id, blank.pdf)
        self.subscription = monthly_reports.subscribe(
            self.people["manager"].memberships.get().pk,
            language="de",
            length="short",
            by=self.people["manager"],
        )

    def url(self, name: str) -> str:
        args: list[UUID | str] = []
        if name in {"report_status", "report_download"}:
            args = [self.report.pk]
        elif name == "report_unsubscribe":
            args = [self.subscription.pk]
        elif name == "work_close":
            args = [self.work.pk]
        elif name == "scenario_compare":
            return f"{reverse('scoring:scenario_compare')}?a={self.scenario.pk}"
        elif name.startswith("scenario") and name not in {"scenarios", "scenario_create"}:
            args = [self.scenario.pk]
        elif name == "metric":
            args = [self.score.pk, "smb", "net_customer_adds"]
        elif name in {
            "score",
            "ledger_csv",
            "ledger_xlsx",
            "difference",
            "difference_csv",
            "report_order",
        }:
            args = [self.score.pk]
        elif name in {"customer", "customer_correct"}:
            args = [guid("Kunde 000")]
        elif name == "correction_withdraw":
            args = [self.correction.pk]
        elif name == "disclosure":
            args = [self.other.pk]
        elif name == "history_month":
            args = ["2025-02"]
        elif name == "history_metric":
            args = ["2025-02", "smb", "net_customer_adds"]
        elif name in {"enrolment_renew", "enrolment_give_up"}:
            args = [self.enrolment.pk]
        elif name == "import_undo":
            args = [self.done.pk]
        elif name == "import_columns":
            args = [self.unmapped.pk]
        elif name == "columns_forget":
            args = [str(self.mapping.pk)]
        elif (name.startswith("import_") and name != "import_upload") or name == "import":
            args = [self.rejected.pk]
        return reverse(f"scoring:{name}", args=args)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("name", STEPS)
def test_a_link_changes_nothing(name: str, world: World, sign_in: Callable[[User], Client]) -> None:
    before = list(PartnerCenterImport.objects.values("pk", "state"))
    # Back to the page with the form.
    assert sign_in(world.people["manager"]).get(world.url(name)).status_code == 302
    assert list(PartnerCenterImport.objects.values("pk", "state")) == before


def test_who_has_left_the_firm_sees_nothing_of_it(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(world.people["manager"])
    world.people["manager"].memberships.update(left_at=timezone.now())
    names = ["score", "metric", "report_download", "import"]
    assert [browser.get(world.url(name)).status_code for name in names] == [404] * 4


def test_a_member_of_another_firm_sees_only_its_own_lists(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    browser = sign_in(world.people["stranger"])
    pages = [
        browser.get(world.url(name)).content.decode() for name in ("overview", "history", "imports")
    ]
    assert world.rejected.file_name == "usage.csv"
    assert all("usage.csv" not in page and "Kunde 001" not in page for page in pages)
    assert all(str(world.score.pk) not in page for page in pages)
