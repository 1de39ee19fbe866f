"""The figures of a world: files, scores, corrections, plans and reports of one firm."""

from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from documents import jobs
from partners.models import Partner, User
from scoring import claim_list, corrections, enrolments, monthly_reports, reports, scenarios
from scoring.enrolments import MODERN_WORK
from scoring.models import ColumnMapping
from tests import blank
from tests.scoring.stage import OLD, hand_in, stored_score
from tests.scoring.worlds import Row, guid, office_usage

BODIES: dict[str, dict[str, str]] = {
    "compute": {"as_of": "2025-03-25", "rule_set": "modern-work-2023"},
    "disclosure": {"what": "designation"},
    "disclosure_public": {"badge": "on"},
    "import_columns": {
        "kind": "claims",
        "column-tenant": "Mandant",
        "column-workload": "Produkt",
    },
    "report_order": {"language": "en", "length": "short"},
}
OF_SCORES = {"score", "ledger_csv", "ledger_xlsx", "difference", "difference_csv", "report_order"}
OF_FILES = {
    "import",
    "import_status",
    "import_commit",
    "import_good_rows",
    "import_original",
}


class Figures:
    """``word`` is in the names of the customers and in whatever is written."""

    def __init__(
        self, firm: Partner, shown_to: Partner, by: User, observer: User, word: str
    ) -> None:
        self.firm, self.shown_to, self.word = firm, shown_to, word
        some = [
            Row(f"{word} {n}", usage={"2024-02": (9, 2), "2025-02": (50, 25)}, begins_on=OLD)
            for n in range(3)
        ]
        stored_score(firm, some, as_of=date(2025, 3, 24))  # an earlier one, to be compared with
        self.score = stored_score(firm, some)
        bad = office_usage([Row(usage={"2025-02": (-5, 1)}), Row("B", usage={"2025-02": (50, 1)})])
        self.rejected = hand_in(firm, bad, name=f"{word}.csv", by=by)
        self.done = hand_in(firm, office_usage([Row(f"{word} C", usage={"2025-02": (50, 1)})]))
        # Files are gone at once, whatever becomes of the transaction.
        self.discarded = hand_in(firm, bad, name=f"{word}-3.csv", by=by)
        self.unmapped = hand_in(firm, b"Mandant,Produkt\nx,y", name=f"{word}-2.csv")
        self.mapping = ColumnMapping.objects.create(
            partner=firm, kind="claims", columns=[word, "b"], mapping={"tenant": word}
        )
        day = timezone.localdate()
        self.enrolment = enrolments.record(firm, MODERN_WORK, day, by=by, today=day)
        self.correction = corrections.make(
            firm, "left", corrections.OfPerson("mcp:1"), reason=f"{word} ist nicht mehr hier", by=by
        )
        self.work = claim_list.note(firm, claim_list.Noted(f"{word} Neukunde", 5, 50, 10), by=by)
        self.scenario = scenarios.make(firm, f"{word} Plan", by=by)
        self.report = reports.order(self.score.pk, language="de", by=by)
        jobs.build(self.report.document_id, blank.pdf)
        self.reader = observer.memberships.get(partner=firm)
        self.subscription = monthly_reports.subscribe(
            by.memberships.get(partner=firm).pk, language="de", length="short", by=by
        )

    def arguments(self, kind: str) -> dict[str, Any]:
        """For the address ``scoring:<kind>``."""
        if kind in {"customer", "customer_correct"}:
            return {"guid": UUID(guid(f"{self.word} 0"))}
        if kind == "history_month":
            return {"month": "2025-02"}
        if kind == "history_metric":
            return {"month": "2025-02", "track": "smb", "metric": "net_customer_adds"}
        if kind == "metric":
            return {"pk": self.score.pk, "track": "smb", "metric": "net_customer_adds"}
        row = self._row(kind)
        return {} if row is None else {"pk": row.pk}

    def _row(self, kind: str) -> Any:
        rows = {
            "report_status": self.report,
            "report_download": self.report,
            "report_unsubscribe": self.subscription,
            "work_close": self.work,
            "correction_withdraw": self.correction,
            "disclosure": self.shown_to,
            "enrolment_renew": self.enrolment,
            "enrolment_give_up": self.enrolment,
            "import_undo": self.done,
            "import_columns": self.unmapped,
            "import_discard": self.discarded,
            "columns_forget": self.mapping,
            **dict.fromkeys(OF_SCORES, self.score),
            **dict.fromkeys(OF_FILES, self.rejected),
        }
        others = {"scenarios", "scenario_create", "scenario_compare"}
        if kind.startswith("scenario") and kind not in others:
            return self.scenario
        return rows.get(kind)

    def query(self, kind: str) -> dict[str, str]:
        return {"a": str(self.scenario.pk)} if kind == "scenario_compare" else {}

    def body(self, kind: str) -> dict[str, str]:
        if kind == "report_subscribe":
            return {"membership": str(self.reader.pk), "length": "full", "language": "de"}
        return BODIES.get(kind, {})

    @property
    def ids(self) -> dict[str, UUID]:
        return {
            "score": self.score.pk,
            "import": self.done.pk,
            "rejected import": self.rejected.pk,
            "enrolment": self.enrolment.pk,
            "correction": self.correction.pk,
            "noted work": self.work.pk,
            "scenario": self.scenario.pk,
            "report": self.report.pk,
            "subscription": self.subscription.pk,
            "customer": UUID(guid(f"{self.word} 0")),
        }
