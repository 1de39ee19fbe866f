"""One more task for a worker (``--include``): a document whose rendering a test can hold up."""

import os
import time
from pathlib import Path

from config.celery import app
from documents import jobs, sealing
from documents.models import Document
from documents.rendering import html_to_pdf

TASK = "tests.integration.letters.write"
HOLD = "hold"  # while a file of this name lies in the meeting place, a renderer waits
HOLD_SEALED = "hold-sealed"  # the same for one that has sealed and not stored yet
PATIENCE = 60

seal = sealing.seal


def seal_and_wait(pdf: bytes) -> sealing.Sealed:
    """The portal's seal; while a test holds it up, the process id is left and nothing returned."""
    place = Path(os.environ["MEETING_PLACE"])
    sealed = seal(pdf)
    if (place / HOLD_SEALED).exists():
        (place / "sealed.new").write_text(str(os.getpid()))
        (place / "sealed.new").rename(place / "sealed")
        wait_while(place / HOLD_SEALED)
    return sealed


def wait_while(hold: Path) -> None:
    end = time.monotonic() + PATIENCE
    while hold.exists() and time.monotonic() < end:
        time.sleep(0.02)


@app.task(bind=True, name=TASK)
def write(self: object, document_id: str) -> None:
    """Render a letter; before that, leave the process id in the meeting place and wait."""
    place = Path(os.environ["MEETING_PLACE"])
    sealing.seal = seal_and_wait  # in this process only, which is a worker's

    def render(document: Document) -> bytes:
        (place / f"renderer-{os.getpid()}").touch()
        wait_while(place / HOLD)
        return html_to_pdf(f"<html lang=de><title>{document.title}</title><h1>Für Jürgen</h1>")

    jobs.build(document_id, render, message_id=self.request.id)  # type: ignore[attr-defined]
