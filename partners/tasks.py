from typing import TYPE_CHECKING

from celery import shared_task

if TYPE_CHECKING:
    from celery import Task


@shared_task(bind=True)
def build_export(self: "Task[[str], None]", export_id: str) -> None:
    from partners.privacy import archive_jobs  # noqa: PLC0415 -- tasks are leaves

    archive_jobs.build(export_id, message_id=self.request.id or "")


@shared_task
def sweep_exports() -> None:
    from partners.privacy import archive_jobs  # noqa: PLC0415

    archive_jobs.sweep()


@shared_task
def keep_no_longer() -> None:
    from partners.privacy import retention  # noqa: PLC0415

    retention.run()


@shared_task
def tell_contacts() -> None:
    from partners.privacy import named_contacts  # noqa: PLC0415

    named_contacts.note()
    named_contacts.send_due()
