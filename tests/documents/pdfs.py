"""PDFs read back, and asked whether they keep what they claim to be."""

import io
from collections.abc import Iterator
from typing import Any

import page
from pypdf import PdfReader

PROFILES = ("3a", "ua1")  # PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)


def faults(pdf: bytes) -> dict[str, str]:
    """What the validator says against each claimed profile; empty for a PDF that keeps both."""
    reports = {profile: page.validate_pdf_bytes(pdf, profile=profile) for profile in PROFILES}
    return {profile: str(report) for profile, report in reports.items() if not report.is_compliant}


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def words(pdf: bytes) -> str:
    """All text, in the order of the pages, with single blanks."""
    return " ".join(" ".join(page.extract_text() for page in reader(pdf).pages).split())


def squeeze(text: str) -> str:
    """Without blanks and hyphens: lines break where they like."""
    return "".join(character for character in text if character not in " \n-\u00ad\u2010")


def elements(pdf: bytes, kind: str) -> list[Any]:
    """The elements of structure of one kind: "/H1", "/TH", "/Figure"."""
    return list(_elements(reader(pdf).root_object["/StructTreeRoot"], kind))


def _elements(node: Any, kind: str) -> Iterator[Any]:
    node = node.get_object()
    if isinstance(node, dict):
        if node.get("/S") == kind:
            yield node
        node = node.get("/K", [])
    if isinstance(node, list):
        for child in node:
            yield from _elements(child, kind)


def headings(pdf: bytes) -> list[int]:
    """The levels of the headings, in reading order."""
    return [int(level) for level in _levels(reader(pdf).root_object["/StructTreeRoot"])]


def _levels(node: Any) -> Iterator[str]:
    node = node.get_object()
    if isinstance(node, dict):
        kind = str(node.get("/S", ""))
        if kind[:2] == "/H" and kind[2:].isdigit():
            yield kind[2:]
        node = node.get("/K", [])
    if isinstance(node, list):
        for child in node:
            yield from _levels(child)


def files(pdf: bytes) -> dict[str, bytes]:
    """What is attached, by name."""
    return {name: contents[0] for name, contents in reader(pdf).attachments.items()}
