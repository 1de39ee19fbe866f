"""What can be seen of a sealed PDF without reading it as one: where it begins, ends and is sealed.

Libraries read PDFs kindly. Here nothing is let pass that the portal would not have written.
"""

import re
from dataclasses import dataclass

from documents.examining.findings import Fault

END = b"%%EOF"
RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
# Digits are bounded: of a tail of nothing but digits each would be the beginning of a long try.
OBJECT = re.compile(rb"\d{1,10} \d{1,10} obj\b")


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes that one signature is over: all up to ``gap``, and all from its end to ``end``."""

    gap: tuple[int, int]
    end: int


def spans(data: bytes) -> list[Span]:
    """One per signature, in the order of the file; those of impossible form are left out."""
    found = []
    for match in RANGE.finditer(data):
        start, length, again, rest = (int(number) for number in match.groups())
        if start == 0 and length < again:
            found.append(Span((length, again), again + rest))
    return found


def faults(data: bytes) -> list[Fault]:
    """Why these bytes cannot be a whole PDF; the first is the one that counts."""
    if not data:
        return [Fault.EMPTY]
    if not data.startswith(b"%PDF-"):
        return [Fault.NOT_A_PDF]
    end = data.rfind(END)
    if end < 0:
        return [Fault.TRUNCATED]
    tail = data[end + len(END) :]
    is_short = any(span.end > len(data) for span in spans(data)[-1:])
    if tail.strip() and (is_short or (OBJECT.search(tail) and not spans(data))):
        return [Fault.TRUNCATED]  # a last part has begun and does not end
    return []


def gap_holds_only(data: bytes, span: Span, signature: bytes) -> bool:
    """Whether the gap is the signature in hexadecimal digits and zeros up to its end.

    The gap is the one place that the signature is not over: whatever else stood there, in another
    notation or behind it, nobody would notice.
    """
    begin, end = span.gap
    gap = data[begin:end]
    if gap[:1] != b"<" or gap[-1:] != b">":
        return False
    digits = gap[1:-1]
    written = signature.hex().encode()
    same = digits[: len(written)] in (written, written.upper())
    return same and not digits[len(written) :].strip(b"0")
