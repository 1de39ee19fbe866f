"""That nobody has revoked the seal's certificate, or the timestamp's: the proof, inside the file.

With it a seal stays provable when the authorities no longer answer (PAdES B-LT). The proof goes
into the same revision of the PDF as the seal, so nothing is ever appended to a sealed file.
"""

from dataclasses import dataclass
from typing import Any

from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    OCSPValidationError,
    PathError,
    ValidationError,
)
from pyhanko_certvalidator.fetchers.aiohttp_fetchers import AIOHttpFetcherBackend
from pyhanko_certvalidator.fetchers.api import FetchLimits

from documents import seal_keys, timestamps
from documents.sealing import NoSeal
from documents.timestamps import Service

TIMEOUT = 10  # seconds for each list or answer
LIMITS = FetchLimits(max_requests=20, max_cert_requests=6)
LARGEST = 2 * 1024 * 1024  # bytes of all proofs in one file


@dataclass(frozen=True, slots=True)
class Proofs:
    paths: list[Any]  # both chains
    lists: list[Any]  # CRLs
    answers: list[Any]  # of OCSP services

    def put_into(self, writer: Any) -> None:
        DocumentSecurityStore.supply_dss_in_writer(
            writer, None, paths=self.paths, crls=self.lists, ocsps=self.answers
        )


async def gather(signer: Any, service: Service) -> Proofs:
    """The proofs for both chains; from now on ``service`` takes only timestamps with the
    certificate that is proved here.

    Raises ``NoSeal`` when they cannot be had, and ``NoTimestamp``.
    """
    known = await service.known_certificates()
    roots = [*seal_keys.trusted(), *timestamps.trusted()]
    backend = AIOHttpFetcherBackend(per_request_timeout=TIMEOUT, limits=LIMITS)
    async with backend as fetchers:
        context = ValidationContext(
            trust_roots=[seal_keys.asn1(root) for root in roots],
            other_certs=[*signer.cert_registry, *known.other_certs],
            allow_fetching=True,
            revocation_mode="require",
            fetchers=fetchers,
        )
        paths = [
            await _path(signer.signing_cert, set(), context),
            await _path(known.signer_cert, {"time_stamping"}, context),
        ]
    proofs = [*context.crls, *context.ocsps]
    if sum(len(proof.dump()) for proof in proofs) > LARGEST:
        raise NoSeal(f"The revocation data has more than {LARGEST} bytes.")
    service.expected = known.signer_cert
    return Proofs(paths, context.crls, context.ocsps)


async def _path(certificate: Any, usage: set[str], context: ValidationContext) -> Any:
    validator: Any = CertificateValidator(certificate, validation_context=context)
    try:
        return await validator.async_validate_usage(set(), usage)
    except (PathError, ValidationError, CRLValidationError, OCSPValidationError) as error:
        name = certificate.subject.human_friendly
        raise NoSeal(f"No proof that {name} is not revoked: {error}") from error
