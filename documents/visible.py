"""The seal as something to be seen: two lines at the foot of the first page, who sealed and when.

They are the signature's own appearance, so they are in the file if the seal is. Their fonts are
embedded (PDF/A): they are set with WeasyPrint. And they are part of the document's structure
(PDF/UA), to which the seal's update adds one element.
"""

import io
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from django.utils import translation
from django.utils.translation import gettext as _
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.generic import pdf_name as name
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.stamp import StaticStampStyle

from documents.rendering import render_pdf
from documents.seal_keys import Certificate

MILLIMETRE = 72 / 25.4  # in points
# Edges and size on the first page, below the line of its footer; the size is the template's too.
LEFT, BOTTOM, WIDTH, HEIGHT = 25, 5, 110, 7  # millimetres


def prepare(
    writer: Any, field: str, label: str, *, by: Certificate, at: datetime
) -> StaticStampStyle:
    """Add the empty signature field to page and structure; how pyHanko is to draw it.

    The text is in the document's language, the time in UTC.
    """
    language = str(writer.root.get("/Lang", "de"))[:2]
    with translation.override(language):
        text = _("Sealed by %(name)s") % {"name": _common_name(by)}
    when = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    edges = (LEFT, BOTTOM, LEFT + WIDTH, BOTTOM + HEIGHT)
    left, bottom, right, top = (round(edge * MILLIMETRE) for edge in edges)
    box = (left, bottom, right, top)
    spec = fields.SigFieldSpec(field, on_page=0, box=box, readable_field_name=label)
    fields.append_signature_field(writer, spec)
    _put_into_structure(writer, field, f"{text}, {when}")
    appearance = render_pdf(
        "documents/visible_seal.html", {"text": text, "when": when}, language=language
    )
    return StaticStampStyle(
        background=_Page(appearance),
        background_layout=SimpleBoxLayoutRule(
            x_align=AxisAlignment.ALIGN_MIN,
            y_align=AxisAlignment.ALIGN_MIN,
            margins=Margins(0, 0, 0, 0),
        ),
        border_width=0,
    )


def _common_name(certificate: Certificate) -> str:
    own = x509.load_pem_x509_certificates(certificate.chain.encode())[0]
    names = own.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject


class _Page(PdfContent):
    """The first page of another PDF, as something to draw."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        writer: Any = self.writer
        page = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)))
        self.resources.xobject["/Seal"] = page
        left, bottom, right, top = page.get_object()["/BBox"]
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return b"/Seal Do"


def _put_into_structure(writer: Any, field: str, description: str) -> None:
    """Make the field's widget an element ``Form``, the last that is read of the document."""
    page = writer.find_page_for_modification(0)[0]
    _name, _value, widget = next(fields.enumerate_sig_fields(writer, with_name=field))
    root = writer.root["/StructTreeRoot"]
    document = root["/K"].raw_get(0)
    numbers = root["/ParentTree"]["/Nums"]
    dictionary: Any = generic.DictionaryObject
    number: Any = generic.NumberObject
    key = max(int(numbers[index]) for index in range(0, len(numbers), 2)) + 1
    element = writer.add_object(
        dictionary(
            {
                name("/Type"): name("/StructElem"),
                name("/S"): name("/Form"),
                name("/P"): document,
                name("/Pg"): page,
                name("/Alt"): generic.pdf_string(description),
                name("/K"): dictionary(
                    {name("/Type"): name("/OBJR"), name("/Obj"): widget, name("/Pg"): page}
                ),
            }
        )
    )
    document.get_object()["/K"].append(element)
    numbers.extend([number(key), element])
    widget.get_object()[name("/StructParent")] = number(key)
    for changed in (document, root.container_ref, widget):
        writer.mark_update(changed)
    for part in (document.get_object()["/K"], root["/ParentTree"], numbers):
        writer.update_container(part)
