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
