"""PDFs that were set a short while ago, by the hash of everything that goes into them.

A document that waits for its seal or its timestamp, or whose worker died, is not set anew at each
try. What lies here is confidential and could be given a seal, so each file carries a keyed hash
(HMAC) of the portal's secret: another file in its place is not taken.
"""

import hashlib
import hmac
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import salted_hmac

if TYPE_CHECKING:
    from documents.rendering import File

HERE = Path(__file__).parent
KEPT = 6 * 3600  # seconds
MOST = 200 * 1024**2  # bytes of all files together
SALT = "documents.rendered"
TAG = hashlib.sha256().digest_size


def key(html: str, files: Sequence["File"], identifier: str) -> str:
    """The hash (hex) of all that decides how the PDF comes out."""
    digest = hashlib.sha256(_surroundings())
    for part in (html, identifier):
        _add(digest, part.encode())
    for file in files:
        for text in (file.name, file.description, file.relationship, file.made_at.isoformat()):
            _add(digest, text.encode())
        _add(digest, file.content)
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big") + part)  # so that no two parts read as one


@cache
def _surroundings() -> bytes:
    """Programs, code, style sheet and fonts: after an update nothing that was kept fits."""
    digest = hashlib.sha256()
    for name in ("weasyprint", "pydyf", "fonttools"):
        _add(digest, version(name).encode())
    sources = [*HERE.glob("*.py"), *(HERE / "styles").iterdir(), *(HERE / "fonts").iterdir()]
    for path in sorted(sources):
        _add(digest, path.read_bytes())
    return digest.digest()


def once(of: str, make: Callable[[], bytes]) -> bytes:
    """The PDF kept under the key ``of``, or what ``make`` returns, which is kept from now on."""
    path = _folder() / of
    try:
        kept = path.read_bytes()
    except OSError:
        kept = b""
    tag, pdf = kept[:TAG], kept[TAG:]
    if pdf and hmac.compare_digest(tag, _tag(of, pdf)):
        return pdf
    pdf = make()
    handle, name = tempfile.mkstemp(dir=path.parent)  # readable by this account only
    with os.fdopen(handle, "wb") as file:
        file.write(_tag(of, pdf) + pdf)
    Path(name).replace(path)
    return pdf


def _tag(of: str, pdf: bytes) -> bytes:
    return salted_hmac(SALT, of.encode() + pdf, algorithm="sha256").digest()


def _folder() -> Path:
    folder: Path = settings.VAR_DIR / "cache" / "rendered"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def prune() -> int:
    """Delete what is older than ``KEPT``, and the oldest beyond ``MOST`` bytes: how many."""
    found = []
    for path in _folder().iterdir():
        try:
            found.append((path.stat().st_mtime, path.stat().st_size, path))
        except FileNotFoundError:  # another worker prunes, too
            continue
    room, deleted, oldest = MOST, 0, time.time() - KEPT
    for at, size, path in sorted(found, reverse=True):
        room -= size
        if at < oldest or room < 0:
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
