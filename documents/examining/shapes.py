"""What a PDF shows and carries, in so far as two states of it can be compared by it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic, misc

from documents.examining.findings import Difference, Fault
from documents.examining.opening import Reader, TooComplex, items, quiet, streams, value

PAGES = 2000
BOXES = ("/MediaBox", "/CropBox", "/TrimBox", "/BleedBox", "/ArtBox", "/Rotate", "/UserUnit")
INHERITED = ("/MediaBox", "/CropBox", "/Rotate")
INFO = ("/Title", "/Author", "/Subject", "/Keywords", "/Creator", "/Producer", "/ModDate")


@dataclass(frozen=True, slots=True)
class Page:
    boxes: tuple[str, ...]
    content: str  # SHA-256 of what is drawn
    annotations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    pages: tuple[Page, ...]
    attachments: dict[str, str]  # SHA-256 by name
    metadata: tuple[str, ...]


def compared(original: bytes, other: bytes) -> tuple[Difference, ...]:
    """Where ``other`` differs from ``original``; nothing when one of them cannot be read.

    Nothing either when they have not a single page in common: whoever knows only the code of a
    document could otherwise find its title, or how many pages it has, by trying.
    """
    try:
        with quiet():
            ours, theirs = shape(Reader(original)), shape(Reader(other))
            if not {page.content for page in ours.pages} & {page.content for page in theirs.pages}:
                return ()
            return tuple(differences(ours, theirs))
    except Exception:  # the examination has named what is wrong with such a file
        return ()


def shape(handler: Any) -> Shape:
    """Of a reader, or of an earlier revision; raises whatever pyHanko raises for a bad PDF."""
    info = value(handler.trailer_view, "/Info", {})
    metadata = value(handler.root, "/Metadata")
    return Shape(
        pages=tuple(_page(page, boxes) for page, boxes in _pages(handler.root["/Pages"], {})),
        attachments=dict(attachments(handler)),
        metadata=(
            *(str(value(info, key, "")) for key in INFO),
            _sha256(metadata.data) if metadata is not None else "",
        ),
    )


def differences(before: Shape, after: Shape) -> Iterator[Difference]:
    if len(before.pages) != len(after.pages):
        yield Difference(Fault.PAGE_COUNT_CHANGED)
    pairs = list(zip(before.pages, after.pages, strict=False))
    for fault, name in (
        (Fault.PAGE_BOXES_CHANGED, "boxes"),
        (Fault.PAGE_CONTENT_CHANGED, "content"),
        (Fault.ANNOTATIONS_CHANGED, "annotations"),
    ):
        if any(getattr(old, name) != getattr(new, name) for old, new in pairs):
            yield Difference(fault)
    old, new = before.attachments, after.attachments
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Difference(Fault.ATTACHMENT_REMOVED, name)
        elif name not in old:
            yield Difference(Fault.ATTACHMENT_ADDED, name)
        elif old[name] != new[name]:
            yield Difference(Fault.ATTACHMENT_CHANGED, name)
    if before.metadata != after.metadata:
        yield Difference(Fault.METADATA_CHANGED)


def attachments(handler: Any) -> Iterator[tuple[str, str]]:
    """Name and SHA-256 of each embedded file."""
    tree = value(value(handler.root, "/Names", {}), "/EmbeddedFiles")
    for key, file in streams(tree) if tree is not None else ():
        name = str(value(file, "/UF", value(file, "/F", key)))[:200]
        try:
            content = file["/EF"]["/F"].data
        except (KeyError, misc.PdfError):  # a damaged one differs from every whole one
            content = b""
        yield name, _sha256(content)


def _pages(node: Any, above: dict[str, str], depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Pages in their order, each with its boxes, inherited ones included."""
    if depth > 40:
        raise TooComplex
    boxes = {**above, **{key: _plain(node[key]) for key in INHERITED if key in node}}
    if "/Kids" not in node:
        yield node, boxes
        return
    for number, kid in enumerate(items(node["/Kids"])):
        if number > PAGES:
            raise TooComplex
        yield from _pages(kid, boxes, depth + 1)


def _page(page: Any, boxes: dict[str, str]) -> Page:
    content = value(page, "/Contents", ())
    parts = items(content) if isinstance(content, generic.ArrayObject) else [content]
    drawn = hashlib.sha256()  # part by part: a page may name the same large part many times
    for part in parts:
        if isinstance(part, generic.StreamObject):
            drawn.update(part.data)
            drawn.update(b"\n")
    return Page(
        boxes=tuple(_plain(page[key]) if key in page else boxes.get(key, "") for key in BOXES),
        content=drawn.hexdigest(),
        annotations=tuple(
            f"{value(each, '/Subtype', '')} {_plain(value(each, '/Rect', ''))}"
            for each in items(value(page, "/Annots", ()))
            if value(each, "/FT") != "/Sig"  # the seal's own place
        ),
    )


def _plain(written: Any) -> str:
    """A box or a number in one way of writing: 595.0 and 595 are the same."""
    if isinstance(written, generic.ArrayObject):
        return " ".join(_plain(each) for each in items(written))
    try:
        return f"{float(written):.3f}"
    except (TypeError, ValueError):
        return str(written)[:40]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
