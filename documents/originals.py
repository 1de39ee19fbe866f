"""What makes a PDF an original that anybody can check: its address, its code, the files in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from documents import addresses, offline
from documents.models import Document
from documents.rendering import File


@dataclass(frozen=True, slots=True)
class Original:
    """For ``documents/pdf_check.html`` and ``documents/pdf_files.html``."""

    identifier: str  # for the metadata
    url: str
    code: str  # in groups
    qr: str  # inline SVG of ``url``
    files: tuple[File, ...]


def original(document: Document, files: Iterable[File], *, made_at: datetime) -> Original:
    """``document`` with ``files`` and, as the last one, how to check it without the portal.

    ``made_at``: when what it tells of was so; not today's, or no two renderings were alike.
    """
    url = addresses.check_url(document)
    check = File(
        "pruefen-verify.txt",
        offline.instructions(),
        _("How to check this document without the portal, and the program for it"),
        "Supplement",
        made_at,
    )
    return Original(
        identifier=f"urn:handschlag:{document.code}",
        url=url,
        code=groups(document.code),
        qr=addresses.qr_svg(url),
        files=(*files, check),
    )


def groups(digits: str) -> str:
    """A hash or a code in groups of eight, for reading; the check page takes the blanks, too."""
    return " ".join(digits[start : start + 8] for start in range(0, len(digits), 8))
