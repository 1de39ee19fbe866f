"""Reading a stranger's PDF with pyHanko, with an end to what that may cost."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyhanko.pdf_utils.decode_limits import (
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import PdfFileReader

MiB = 1024 * 1024
SECONDS = 5.0  # the portal's own documents take a hundredth of that
OBJECTS = 100_000  # objects read; a document of 30 pages needs fewer than a thousand
LIMITS = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=60 * MiB),
    per_purpose={
        # Both are read entry by entry in Python: 4 MiB take seconds.
        DecodePurpose.OBJECT_STREAM: StreamDecodeLimits(max_output_size=8 * MiB),
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(max_output_size=4 * MiB),
        DecodePurpose.XMP_METADATA: StreamDecodeLimits(max_output_size=MiB),
        DecodePurpose.CERTIFICATE: StreamDecodeLimits(max_output_size=MiB),
        DecodePurpose.OCSP_RESPONSE: StreamDecodeLimits(max_output_size=MiB),
        DecodePurpose.CRL: StreamDecodeLimits(max_output_size=8 * MiB),
    },
    document_budget=DocumentDecodeBudget(base_allowance=256 * MiB, max_ratio=4),
)


class TooComplex(Exception):
    """Reading the file takes more than a document of the portal could."""


class Clocked(io.BytesIO):
    """Bytes that can be read until the time is up: a parser's loops all come back here."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.until = time.monotonic() + SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if time.monotonic() > self.until:
            raise TooComplex
        return super().read(size)


class Reader(PdfFileReader):
    """pyHanko's reader, strict, within the limits above."""

    def __init__(self, data: bytes) -> None:
        self.left = OBJECTS
        self.clocked = Clocked(data)
        super().__init__(self.clocked, strict=True, decode_limits=LIMITS)

    def get_object(self, *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left < 0 or time.monotonic() > self.clocked.until:
            raise TooComplex
        return super().get_object(*args, **kwargs)  # type: ignore[no-untyped-call]


def is_encrypted(reader: Reader) -> bool:
    return "/Encrypt" in reader.trailer_view


def value(of: Any, key: str, default: Any = None) -> Any:
    """What stands under ``key``, looked up where it is a reference: ``get`` leaves those alone."""
    return of[key] if key in of else default  # noqa: SIM401


def items(array: Any) -> Iterator[Any]:
    """The values of a PDF array, looked up where they are references: a loop leaves those alone."""
    return (array[index] for index in range(len(array)))


def streams(tree: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Names and values of a PDF name tree (ISO 32000-1, 7.9.6)."""
    if depth > 20:
        raise TooComplex
    names = value(tree, "/Names", ())
    for index in range(0, len(names) - 1, 2):
        yield str(names[index]), names[index + 1]
    for kid in items(value(tree, "/Kids", ())):
        yield from streams(kid, depth + 1)


@contextmanager
def quiet() -> Iterator[None]:
    """pyHanko and its validator log what they think of each bad file; the examination says it."""
    import logging  # noqa: PLC0415

    loggers = [logging.getLogger(name) for name in ("pyhanko", "pyhanko_certvalidator")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
