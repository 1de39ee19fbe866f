from celery import shared_task
from django.utils import timezone


@shared_task
def sweep() -> None:
    from documents import jobs, rendered  # noqa: PLC0415 -- tasks are leaves: verbs import them

    jobs.sweep()
    rendered.prune()


@shared_task
def check_documents() -> None:
    from documents import keeping  # noqa: PLC0415

    keeping.raise_alarm(list(keeping.damages()))


@shared_task
def watch_seal() -> None:
    from documents import seal_checks  # noqa: PLC0415

    seal_checks.warn(timezone.now())
