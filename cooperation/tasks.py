from typing import Any

from celery import shared_task


@shared_task(bind=True)
def build_blank_checklist(self: Any, document_id: str) -> None:
    from cooperation import checklist_pdf  # noqa: PLC0415 -- tasks are leaves: verbs import them
    from documents import jobs  # noqa: PLC0415

    jobs.build(document_id, checklist_pdf.render, message_id=self.request.id or "")


@shared_task(bind=True)
def build_agreement_pdf(self: Any, document_id: str) -> None:
    from cooperation import agreement_pdf  # noqa: PLC0415 -- tasks are leaves: verbs import them
    from documents import jobs  # noqa: PLC0415

    jobs.build(document_id, agreement_pdf.render, message_id=self.request.id or "")


@shared_task
def send_notices() -> None:
    from cooperation import notices  # noqa: PLC0415

    notices.send_due()


@shared_task
def tick() -> None:
    """A task per subject: one that takes long, or kills its worker, keeps no other waiting."""
    from cooperation import clock  # noqa: PLC0415

    for subject in clock.SUBJECTS:
        run_subject.apply_async((subject,), expires=300)


@shared_task
def run_subject(name: str) -> None:
    from cooperation import clock  # noqa: PLC0415

    clock.run_one(name)


@shared_task(bind=True)
def build_first_round_pdf(self: Any, document_id: str) -> None:
    from cooperation import first_round_pdf  # noqa: PLC0415 -- tasks are leaves: verbs import them
    from documents import jobs  # noqa: PLC0415

    jobs.build(document_id, first_round_pdf.render, message_id=self.request.id or "")
