"""Timestamps (RFC 3161) on the seal, from the service in ``settings.TIMESTAMP_URL``.

Anything that is wrong with one is ``NoTimestamp``: the document waits, and is never sealed without.
pyHanko alone would look at the nonce only, so each answer is judged here: that it is for this seal,
signed by an authority of ``settings.TIMESTAMP_TRUST_FILE``, and of this minute.
"""

import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asn1crypto import cms, core, tsp
from cryptography import x509
from django.conf import settings
from django.utils import timezone
from pyhanko.sign.general import SignedDataCerts, extract_certificate_info
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus
from pyhanko_certvalidator import ValidationContext

from documents.seal_keys import asn1
from documents.sealing import NoTimestamp

TIMEOUT = 10.0  # seconds for a whole answer
LARGEST = 12 * 1024  # bytes of an answer: those of public services have 3 to 8 KiB
DRIFT = timedelta(minutes=5)  # between the service's clock and ours


class Reply(core.Sequence):  # type: ignore[misc]  # untyped
    """``TimeStampResp`` of RFC 3161, 2.4.2: asn1crypto's knows no refusal, which has no token."""

    _fields = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


_certificates: dict[tuple[str, str], SignedDataCerts] = {}  # of the last answers, by settings


class Service(TimeStamper):
    """The timestamp service, for one seal: with the space reserved pyHanko asks it once.

    ``given_at`` is the time in the last answer. One with another certificate than ``expected`` is
    refused, if that is set.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.given_at: datetime | None = None
        self.expected: Any = None

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        """A token (CMS ``ContentInfo``) over the digest; raises ``NoTimestamp``."""
        nonce, question = self.request_cms(message_digest, md_algorithm)  # type: ignore[no-untyped-call]
        answer = _post(settings.TIMESTAMP_URL, question.dump())
        try:
            token = _granted(answer)
            info = token["content"]["encap_content_info"]["content"].parsed
            if info["nonce"].native != nonce:
                raise NoTimestamp("The timestamp answers another question (nonce).")
            given_at: datetime = info["gen_time"].native
            await _verify(token["content"], message_digest, md_algorithm)
            certificates = extract_certificate_info(token["content"])
        # asn1crypto parses when something is looked at, and raises all of these for rubbish.
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise NoTimestamp(f"The answer is no timestamp: {error}") from error
        now = timezone.now()
        if abs(given_at - now) > DRIFT:
            raise NoTimestamp(
                f"The timestamp says {given_at:%Y-%m-%d %H:%M:%S} UTC, the portal's clock "
                f"{now:%Y-%m-%d %H:%M:%S} UTC: one of them is wrong."
            )
        _certificates[_configured()] = certificates
        if self.expected is not None and self.expected.sha256 != certificates.signer_cert.sha256:
            raise NoTimestamp("The timestamp service has just changed its certificate.")
        self.given_at = given_at
        return token

    async def known_certificates(self) -> SignedDataCerts:
        """Those it signs with, before there is a timestamp; raises ``NoTimestamp``.

        From the last answer that this process had, or else from one that is asked for nothing.
        """
        if _configured() not in _certificates:
            await self.async_timestamp(bytes(32), "sha256")
        return _certificates[_configured()]


def _configured() -> tuple[str, str]:
    return settings.TIMESTAMP_URL, settings.TIMESTAMP_TRUST_FILE


def trusted() -> list[x509.Certificate]:
    """The roots that timestamps may come from; raises ``NoTimestamp``."""
    if not settings.TIMESTAMP_TRUST_FILE:
        raise NoTimestamp("TIMESTAMP_TRUST_FILE must name the roots of the timestamp service.")
    try:
        pem = Path(settings.TIMESTAMP_TRUST_FILE).read_bytes()
        return x509.load_pem_x509_certificates(pem)
    except (OSError, ValueError) as error:
        raise NoTimestamp(f"TIMESTAMP_TRUST_FILE cannot be read: {error}") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None  # becomes an HTTPError: the operator named one address, and means it


_opener = urllib.request.build_opener(_NoRedirects)


def _post(url: str, question: bytes) -> bytes:
    """The service's answer, of at most ``LARGEST`` bytes; raises ``NoTimestamp``."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise NoTimestamp(f"TIMESTAMP_URL must begin with http:// or https://, not as {url!r}.")
    headers = {
        "Content-Type": "application/timestamp-query",
        "Accept": "application/timestamp-reply",
    }
    request = urllib.request.Request(url, data=question, headers=headers)  # noqa: S310 -- checked
    until = time.monotonic() + TIMEOUT
    answer = b""
    try:
        with _opener.open(request, timeout=TIMEOUT) as response:
            while piece := response.read1(LARGEST + 1):
                answer += piece
                if len(answer) > LARGEST:
                    raise NoTimestamp(f"{url} answers with more than {LARGEST} bytes.")
                if time.monotonic() > until:  # the timeout is that of a single piece
                    raise NoTimestamp(f"{url} takes more than {TIMEOUT:g} seconds to answer.")
    except urllib.error.HTTPError as error:
        error.close()
        raise NoTimestamp(f"{url} answers with HTTP {error.code}.") from error
    except (OSError, HTTPException) as error:
        raise NoTimestamp(f"{url} does not answer: {error}") from error
    return answer


def _granted(answer: bytes) -> Any:
    reply = Reply.load(answer, strict=True)
    status = reply["status"]
    if status["status"].native not in ("granted", "granted_with_mods"):
        words = "; ".join(status["status_string"].native or ())
        raise NoTimestamp(f"The timestamp service refuses: {status['status'].native} {words}")
    return reply["time_stamp_token"]


async def _verify(signed: Any, digest: bytes, algorithm: str) -> None:
    context = ValidationContext(trust_roots=[asn1(root) for root in trusted()])
    found = TimestampSignatureStatus(
        **await validate_tst_signed_data(
            signed, context, lambda asked: digest if asked == algorithm else b""
        )
    )
    if not found.intact:
        raise NoTimestamp("The timestamp is for something else (imprint).")
    if not found.valid:
        raise NoTimestamp("The timestamp's signature is wrong.")
    if not found.trusted:
        raise NoTimestamp("The timestamp is from a service that TIMESTAMP_TRUST_FILE leaves out.")
