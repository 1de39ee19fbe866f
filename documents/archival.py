"""What makes a PDF of WeasyPrint's both PDF/A-3a and PDF/UA-1, and says who it is."""

from typing import Any
from xml.etree import ElementTree

from weasyprint.pdf.metadata import NS, DocumentMetadata

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
