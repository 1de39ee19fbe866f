"""A PDF without anything on it, for tests that need a document and not its typesetting."""

import io
from functools import cache

from pypdf import PdfWriter

from documents.models import Document


@cache
def pdf(_document: Document | None = None) -> bytes:
    """One empty page: whole enough to be sealed. May stand in for any function that renders."""
    writer, file = PdfWriter(), io.BytesIO()
    writer.add_blank_page(width=200, height=200)
    writer.write(file)
    return file.getvalue()


def instead_of_html(html: str, **_options: object) -> bytes:
    """Stands in for ``rendering.html_to_pdf``."""
    return pdf()
