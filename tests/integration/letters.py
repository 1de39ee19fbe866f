"""One more task for a worker (``--include``): a document whose rendering a test can hold up."""

import os
import time
from pathlib import Path

from config.celery import app
from documents import jobs
from documents.models import Document
from documents.rendering import html_to_pdf

TASK = "tests.integration.letters.write"
HOLD = "hold"  # while a file of this name lies in the meeting place, a renderer waits
PATIENCE = 60


@app.task(bind=True, name=TASK)
def write(self: object, document_id: str) -> None:
    """Render a letter; before that, leave the process id in the meeting place and wait."""
    place = Path(os.environ["MEETING_PLACE"])

    def render(document: Document) -> bytes:
        (place / f"renderer-{os.getpid()}").touch()
        end = time.monotonic() + PATIENCE
        while (place / HOLD).exists() and time.monotonic() < end:
            time.sleep(0.02)
        return html_to_pdf(f"<html lang=de><title>{document.title}</title><h1>Für Jürgen</h1>")

    jobs.build(document_id, render, message_id=self.request.id)  # type: ignore[attr-defined]
