from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.utils import timezone

from documents import loops, seal_checks, seal_keys, sealing
from documents.seal_checks import Weight


class Command(BaseCommand):
    help = "Say with what the portal seals, and what has to be done. Exit 1 if anything has."

    @no_translations
    def handle(self, **options: object) -> None:
        self._say("Key", _key())
        try:
            certificate = seal_keys.configured()
        except seal_keys.Unusable:
            pass  # told below
        else:
            self._say("Certificate", certificate.subject)
            self._say("SHA-256", certificate.sha256)
            self._say("Valid", f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%F}")
        self._say("Trusted roots", str(len(seal_keys.trusted())))
        told, answered = _timestamps()
        self._say("Timestamps", told)
        self._say("Revocation data", settings.SEAL_REVOCATION or "left out")
        found = seal_checks.findings(timezone.now())
        for finding in found:
            self.stdout.write(f"{finding.weight.value}: {finding.text}")
        if not answered or any(finding.weight is not Weight.NOTE for finding in found):
            raise CommandError("The seal needs somebody.")

    def _say(self, what: str, text: str) -> None:
        self.stdout.write(f"{what + ':':<17}{text}")


def _key() -> str:
    if settings.SEAL_PKCS11_MODULE:
        return (
            f"{settings.SEAL_PKCS11_KEY_LABEL} in the PKCS#11 token {settings.SEAL_PKCS11_TOKEN} "
            f"({settings.SEAL_PKCS11_MODULE})"
        )
    return f"file {settings.SEAL_KEY_FILE}"


def _timestamps() -> tuple[str, bool]:
    """What the service says when it is asked now, and whether that is well."""
    if not settings.TIMESTAMP_URL:
        return "none (no TIMESTAMP_URL): seals are PAdES B-B", True
    from documents.timestamps import Service  # noqa: PLC0415

    service = Service()
    try:
        loops.run(service.async_timestamp(bytes(32), "sha256"))
    except sealing.NoTimestamp as error:
        return str(error), False
    return f"{settings.TIMESTAMP_URL} answers: {service.given_at:%Y-%m-%d %H:%M:%S} UTC", True
