"""What makes a PDF of WeasyPrint's both PDF/A-3a and PDF/UA-1, and says who it is."""

import zlib
from typing import Any
from xml.etree import ElementTree

from weasyprint.pdf.metadata import NS, DocumentMetadata

from documents import glyphs

RDF = f"{{{NS['rdf']}}}"
UA = f"{{{NS['pdfuaid']}}}"
EXTENSION = "http://www.aiim.org/pdfa/ns/extension/"
SCHEMA = "http://www.aiim.org/pdfa/ns/schema#"
PROPERTY = "http://www.aiim.org/pdfa/ns/property#"

for prefix, uri in (
    ("pdfaExtension", EXTENSION),
    ("pdfaSchema", SCHEMA),
    ("pdfaProperty", PROPERTY),
):
    ElementTree.register_namespace(prefix, uri)

# The end of a stream whose last byte is a carriage return. Nobody can tell by looking whether that
# belongs to the stream or to the line break after it, so some validators (ISO 19005-3, 6.1.7.1)
# find its length wrong. It happens to one of 256 streams, by chance.
UNCLEAR_END = b"\r\nendstream"


def finish(document: Any, pdf: Any, *, padding: int = 0) -> None:
    """What WeasyPrint leaves undone in a PDF: a ``finisher`` for ``write_pdf``.

    ``padding``: objects that mean nothing and make the streams that list all objects differ.
    """
    glyphs.finish(document, pdf)
    if "AF" in pdf.catalog:  # WeasyPrint names every file twice there
        named = pdf.catalog["AF"]
        pdf.catalog["AF"] = type(named)(dict.fromkeys(named))
    for entry in pdf.objects:
        if getattr(entry, "compress", False):
            entry.compress = not _ends_unclear(entry)
    for _number in range(padding):
        pdf.add_object(type(pdf.info)())


def _ends_unclear(stream: Any) -> bool:
    """Whether it would once compressed: then its checksum stands last.

    What it holds is put together for that, and kept so: it is a tenth of the time to write a file.
    """
    stream.compress = False
    _head, _mark, rest = stream.data.partition(b"\nstream\n")
    content = rest.removesuffix(b"\nendstream")
    stream.stream = [content]
    return zlib.adler32(content) % 256 == ord("\r")


class ArchivalMetadata(DocumentMetadata):  # type: ignore[misc]  # untyped
    """Metadata that claim PDF/UA-1 beside the PDF/A that WeasyPrint writes.

    PDF/A allows only properties it knows, so the one of PDF/UA is declared in an extension schema
    (ISO 19005-3, 6.6.2.3.3; ISO 14289-1, 5). ``identifier`` becomes ``dc:identifier``, which needs
    no such declaration.
    """

    def __init__(self, metadata: DocumentMetadata, *, identifier: str = "") -> None:
        super().__init__()
        self.__dict__.update(vars(metadata))
        self.identifier = identifier

    def include_in_pdf(
        self, pdf: Any, variant: str, version: int, conformance: str | None, compress: bool
    ) -> None:
        # Uncompressed: archives and search tools read it without knowing PDF's filters.
        super().include_in_pdf(pdf, variant, version, conformance, False)

    def generate_rdf_metadata(self, variant: str, version: int, conformance: str | None) -> bytes:
        rdf = ElementTree.fromstring(  # noqa: S314 -- WeasyPrint made it a moment ago
            super().generate_rdf_metadata(variant, version, conformance)
        )
        about = {f"{RDF}about": ""}
        claim = ElementTree.SubElement(rdf, f"{RDF}Description", about)
        ElementTree.SubElement(claim, f"{UA}part").text = "1"
        rdf.append(_declaration())
        if self.identifier:
            own = ElementTree.SubElement(rdf, f"{RDF}Description", about)
            ElementTree.SubElement(own, f"{{{NS['dc']}}}identifier").text = self.identifier
        written: bytes = ElementTree.tostring(rdf, encoding="utf-8")
        return written


def _declaration() -> ElementTree.Element:
    """The extension schema that lets PDF/A accept ``pdfuaid:part``."""
    resource = {f"{RDF}parseType": "Resource"}
    outer = ElementTree.Element(f"{RDF}Description", {f"{RDF}about": ""})
    schemas = ElementTree.SubElement(outer, f"{{{EXTENSION}}}schemas")
    bag = ElementTree.SubElement(schemas, f"{RDF}Bag")
    schema = ElementTree.SubElement(bag, f"{RDF}li", resource)
    for name, value in (
        ("schema", "PDF/UA identification schema"),
        ("namespaceURI", NS["pdfuaid"]),
        ("prefix", "pdfuaid"),
    ):
        ElementTree.SubElement(schema, f"{{{SCHEMA}}}{name}").text = value
    properties = ElementTree.SubElement(schema, f"{{{SCHEMA}}}property")
    sequence = ElementTree.SubElement(properties, f"{RDF}Seq")
    part = ElementTree.SubElement(sequence, f"{RDF}li", resource)
    for name, value in (
        ("name", "part"),
        ("valueType", "Integer"),
        ("category", "internal"),
        ("description", "Part of ISO 14289 that the file follows"),
    ):
        ElementTree.SubElement(part, f"{{{PROPERTY}}}{name}").text = value
    return outer
