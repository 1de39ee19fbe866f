from typing import TYPE_CHECKING
from uuid import UUID

from celery import shared_task

if TYPE_CHECKING:
    from celery import Task


@shared_task(bind=True)
def run_import(self: "Task[[str], None]", import_id: str) -> None:
    from scoring import imports  # noqa: PLC0415 -- tasks are leaves: verbs import them

    imports.run(import_id, message_id=self.request.id or "")


@shared_task
def sweep() -> None:
    from scoring import imports  # noqa: PLC0415

    imports.sweep()


@shared_task(bind=True)
def build_report(self: "Task[[str], None]", document_id: str) -> None:
    from scoring import monthly_reports, reports  # noqa: PLC0415

    if reports.build(document_id, message_id=self.request.id or ""):
        monthly_reports.document_is_there(document_id)


@shared_task
def monthly_reports() -> None:
    from django.utils import timezone  # noqa: PLC0415

    from scoring import monthly_reports  # noqa: PLC0415

    monthly_reports.start(timezone.localdate())


@shared_task
def monthly_report(partner_id: str) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from scoring import monthly_reports  # noqa: PLC0415

    monthly_reports.make(partner_id, timezone.localdate())


@shared_task
def sweep_monthly_reports() -> None:
    from scoring import monthly_reports  # noqa: PLC0415

    monthly_reports.sweep()


@shared_task
def refresh_history(portfolio_pk: str) -> None:
    from scoring import history  # noqa: PLC0415

    history.refresh(int(portfolio_pk))


@shared_task
def sweep_histories() -> None:
    from scoring import history  # noqa: PLC0415

    history.sweep()


@shared_task
def sweep_rule_sets_of_histories() -> None:
    from scoring import history  # noqa: PLC0415

    history.sweep_rule_sets()
    history.sweep_damaged()


@shared_task(bind=True)
def score_firm(self: "Task[[str, int], None]", run_id: str, portfolio_id: int) -> None:
    from scoring import scoring_runs  # noqa: PLC0415

    scoring_runs.score_firm(UUID(run_id), portfolio_id, message_id=self.request.id or "")


@shared_task
def score_all_at_night() -> None:
    from django.utils import timezone  # noqa: PLC0415

    from scoring import scoring_runs  # noqa: PLC0415

    scoring_runs.start_nightly(timezone.localdate())


@shared_task
def sweep_scoring_runs() -> None:
    from scoring import scoring_runs  # noqa: PLC0415

    scoring_runs.sweep()


@shared_task
def send_notices() -> None:
    from scoring import notices  # noqa: PLC0415

    notices.send_due()


@shared_task
def remind_of_certificates() -> None:
    from django.utils import timezone  # noqa: PLC0415

    from scoring import reminders  # noqa: PLC0415

    reminders.remind_all(timezone.localdate())
