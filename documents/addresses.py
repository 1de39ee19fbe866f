"""The address that is printed in a document: where anybody can check it."""

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from documents.models import Document

MILLIMETRES = 26  # a side on paper: what the camera of a phone reads at arm's length
QUIET_ZONE = 4  # modules of white around it, as ISO/IEC 18004 asks for


def check_url(document: Document) -> str:
    """Where the page is that checks the document; the code in it finds it and proves nothing."""
    return settings.BASE_URL.rstrip("/") + reverse("documents:check_code", args=[document.code])


def qr_svg(text: str) -> str:
    """``text`` as a QR code: an inline SVG, 26 mm wide, with a title for whoever cannot see it.

    Error correction M: it is still read when 15 % of it are dirty or bent.
    """
    code = segno.make_qr(text, error="m")
    return code.svg_inline(
        scale=round(MILLIMETRES / code.symbol_size(border=QUIET_ZONE)[0], 3),
        unit="mm",
        border=QUIET_ZONE,
        dark="#1b1f1d",
        light="#ffffff",
        title=_("QR code: check this document on the portal"),
    )
