from celery import shared_task


@shared_task
def sweep() -> None:
    from documents import jobs  # noqa: PLC0415 -- tasks are leaves: verbs import them

    jobs.sweep()
