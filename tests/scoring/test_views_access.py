"""Who may open what: one row per URL of the room. A new URL fails until it has a row."""

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
from scoring.urls import urlpatterns
from tests import blank
from tests.factories import PartnerFactory, UserFactory, member
from tests.scoring.stage import body, hand_in, stored_score
from tests.scoring.worlds import Row, guid, office_usage

pytestmark = pytest.mark.django_db

WHO = ("manager", "specialist", "signer", "observer", "stranger", "loner", "nobody")
# method and answer for: a partner manager, a specialist, somebody who only signs, an observer,
# another firm's admin, a person without a firm, somebody who is not signed in
ACCESS = {
    "overview": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "compute": ("post", (302, 302, 403, 403, 200, 403, 302)),
    "outlook": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "plan": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "plan_efforts": ("post", (200, 200, 403, 403, 200, 403, 302)),
    "plan_keep": ("post", (302, 302, 403, 403, 302, 403, 302)),
    "scenarios": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "scenario_create": ("post", (302, 302, 403, 403, 302, 403, 302)),
    "scenario_compare": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "scenario": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "scenario_add": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "scenario_take_out": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "scenario_rename": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "scenario_copy": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "scenario_delete": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "unclaimed": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "unclaimed_csv": ("get", (200, 200, 200, 200, 302, 200, 302)),
    "work_note": ("post", (200, 200, 403, 403, 302, 403, 302)),
    "work_close": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "history": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "history_status": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "history_month": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "history_metric": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "enrolment_record": ("post", (200, 403, 403, 403, 200, 403, 302)),
    "enrolment_renew": ("post", (302, 403, 403, 403, 404, 404, 302)),
    "enrolment_give_up": ("post", (302, 403, 403, 403, 404, 404, 302)),
    "score": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "ledger_csv": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "ledger_xlsx": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "difference": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "difference_csv": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "report_order": ("post", (302, 302, 302, 403, 404, 404, 302)),
    "metric": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "reports": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "report_subscribe": ("post", (302, 403, 403, 302, 404, 403, 302)),  # the observer
    "report_unsubscribe": ("post", (302, 403, 403, 403, 404, 404, 302)),  # the manager
    "report_status": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "report_download": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "customers": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "customer": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "customer_correct": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "people": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "person_correct": ("post", (302, 302, 403, 403, 302, 403, 302)),
    "reminders_switch": ("post", (302, 302, 302, 302, 302, 403, 302)),
    "corrections": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "corrections_csv": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "correction_withdraw": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "disclosures": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "disclosure_public": ("post", (302, 403, 302, 403, 302, 403, 302)),
    "disclosure": ("post", (302, 403, 302, 403, 302, 404, 302)),
    "imports": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "imports_status": ("get", (200, 200, 200, 200, 200, 200, 302)),
    "import_upload": ("post", (200, 200, 403, 403, 200, 403, 302)),
    "import": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "import_status": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "import_commit": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "import_good_rows": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "import_discard": ("post", (302, 302, 403, 403, 404, 404, 302)),
    "import_original": ("get", (200, 200, 200, 200, 404, 404, 302)),
    "import_columns": ("get", (200, 200, 403, 403, 404, 404, 302)),
    "import_undo": ("get", (200, 200, 403, 403, 404, 404, 302)),
    "columns_forget": ("post", (404, 302, 403, 403, 404, 403, 302)),  # the second finds it gone
}
POSTS = [name for name, (method, _) in ACCESS.items() if method == "post"]


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
        own = {who: user.memberships.get() for who, user in self.people.items() if who != "loner"}
        self.subscription = monthly_reports.subscribe(
            own["manager"].pk, language="de", length="short", by=self.people["manager"]
        )
        self.data = {
            "report_subscribe": {
                "membership": str(own["observer"].pk),
                "length": "full",
                "language": "de",
            }
        }

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


DATA = {
    "disclosure": {"what": "designation"},
    "disclosure_public": {"badge": "on"},
    "compute": {"as_of": "2025-03-25", "rule_set": "modern-work-2023"},
    "report_order": {"language": "en", "length": "short"},
}


@pytest.mark.parametrize("name", [str(pattern.name) for pattern in urlpatterns])
def test_access(name: str, world: World, sign_in: Callable[[User], Client]) -> None:
    method, expected = ACCESS[name]
    answers = []
    for who in reversed(WHO):  # those who may do most come last: they change what others see
        browser = Client() if who == "nobody" else sign_in(world.people[who])
        data = {} if who == "stranger" and name == "compute" else (DATA | world.data).get(name)
        response = getattr(browser, method)(world.url(name), data)
        body(response)
        answers.append(response.status_code)

    assert tuple(reversed(answers)) == expected


@pytest.mark.parametrize("name", ["import_columns", "import_undo"])
def test_access_to_what_a_page_with_a_form_does(
    name: str, world: World, sign_in: Callable[[User], Client]
) -> None:
    data = {"kind": "claims", "column-tenant": "Mandant", "column-workload": "Produkt"}
    codes = {
        who: sign_in(world.people[who]).post(world.url(name), data).status_code
        for who in ("loner", "stranger", "observer", "signer", "specialist")
    }
    assert codes == {
        "loner": 404,
        "stranger": 404,
        "observer": 403,
        "signer": 403,
        "specialist": 302,
    }


@pytest.mark.parametrize("name", POSTS)
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
