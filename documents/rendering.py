"""From a template to a PDF, with bundled fonts and no way out to any network or file.

WeasyPrint is imported inside the functions: it needs Pango, which a web node does without.
"""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from documents import rendered

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

HERE = Path(__file__).parent
VARIANT = "pdf/a-3a"  # and PDF/UA-1, see ``archival.py``
TRIES = 4  # one of a hundred needs a second, one of ten thousand a third


class ForbiddenAddress(Exception):
    """A document tried to load something from outside itself: a bug, or an attack."""


@dataclass(frozen=True, slots=True)
class File:
    """A file inside a PDF. ``relationship`` as in ISO 19005-3: Source, Data, Supplement."""

    name: str  # with the ending that says its type
    content: bytes
    description: str
    relationship: str
    made_at: datetime


def render_pdf(
    template: str,
    context: dict[str, Any],
    *,
    language: str,
    files: Sequence[File] = (),
    identifier: str = "",
) -> bytes:
    """Render ``template`` in ``language`` to PDF/A-3a and PDF/UA-1, set by ``styles/print.css``.

    ``files`` are embedded, ``identifier`` names the document in its metadata. The same input gives
    the same bytes, for some hours without setting them again. A template may refer to ``data:``
    addresses and to nothing else: any other raises ``ForbiddenAddress``, so no text can make the
    worker fetch it.
    """
    with translation.override(language):
        html = render_to_string(template, {**context, "document_language": language})
    make = partial(html_to_pdf, html, files=files, identifier=identifier)
    if not settings.KEEP_RENDERED:
        return make()
    return rendered.once(rendered.key(html, files, identifier), make)


def html_to_pdf(html: str, *, files: Sequence[File] = (), identifier: str = "") -> bytes:
    """The PDF of a whole HTML document; raises ``ForbiddenAddress`` as ``render_pdf`` does."""
    _tools()  # sets the fonts up, before WeasyPrint is imported
    from weasyprint.urls import FatalURLFetchingError  # noqa: PLC0415

    from documents import archival, glyphs  # noqa: PLC0415

    text = glyphs.shown(html)
    try:
        with _undisturbed():
            for padding in range(TRIES):
                pdf = _written(text, files, identifier, padding)
                if archival.UNCLEAR_END not in pdf:
                    break
    except FatalURLFetchingError as error:  # a BaseException: nothing above would catch it
        raise ForbiddenAddress(str(error)) from error
    return pdf


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without looking for garbage: a layout is millions of objects, and none of them is any yet."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _written(html: str, files: Sequence[File], identifier: str, padding: int) -> bytes:
    fetcher, fonts, styles = _tools()
    from weasyprint import HTML, Attachment  # noqa: PLC0415

    from documents import archival  # noqa: PLC0415

    document = HTML(string=html, url_fetcher=fetcher).render(
        stylesheets=[styles], font_config=fonts, pdf_variant=VARIANT
    )
    document.metadata = archival.ArchivalMetadata(document.metadata, identifier=identifier)
    pdf: bytes = document.write_pdf(
        finisher=partial(archival.finish, padding=padding),
        pdf_variant=VARIANT,
        attachments=[_attachment(Attachment, file) for file in sorted(files, key=_name)],
    )
    return pdf


def _name(file: File) -> str:
    """By which a PDF lists its files (ISO 32000-1, 7.9.6)."""
    return file.name


def _attachment(make: Any, file: File) -> Any:
    made_at = file.made_at.astimezone(UTC)
    return make(
        string=file.content,
        name=file.name,
        description=file.description,
        relationship=file.relationship,
        created=made_at,  # else the clock's, and no two renderings would be alike
        modified=made_at,
    )


@cache
def _tools() -> "tuple[URLFetcher, FontConfiguration, CSS]":
    """Fetcher, fonts and parsed styles, once per process: shared they save a fifth of a report."""
    # The bundled fonts and no others: a machine's own would make other bytes.
    os.environ.setdefault("FONTCONFIG_FILE", str(HERE / "fonts" / "fonts.conf"))
    os.environ.setdefault("XDG_CACHE_HOME", str(settings.VAR_DIR / "cache"))
    from weasyprint import CSS  # noqa: PLC0415
    from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415

    from documents.fetching import ClosedFetcher  # noqa: PLC0415

    fetcher, fonts = ClosedFetcher(), FontConfiguration()
    css = (HERE / "styles" / "print.css").read_text(encoding="utf-8")
    return fetcher, fonts, CSS(string=css, font_config=fonts, url_fetcher=fetcher)
