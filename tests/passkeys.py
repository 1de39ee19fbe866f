"""A passkey of software: an EC key that answers challenges as a device does."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from partners.models import User

ORIGIN = "http://testserver"
RP_ID = "testserver"


@dataclass
class Passkey:
    """One of ``user``, stored as their authenticator; ``answer`` says yes as the device would."""

    user: User
    id: bytes = b"passkey-of-a-test"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        public = ES256.from_cryptography_key(self.key.public_key())
        attested = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = AuthenticatorData.create(
            hashlib.sha256(RP_ID.encode()).digest(),
            AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV | AuthenticatorData.FLAG.AT,
            0,
            attested,
        )
        credential = {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": {
                "clientDataJSON": websafe_encode(self._client_data("webauthn.create", "AAAA")),
                "attestationObject": websafe_encode(
                    bytes(AttestationObject.create("none", data, {}))
                ),
            },
        }
        Authenticator.objects.create(
            user=self.user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": "Passkey", "credential": credential},
        )

    @staticmethod
    def _client_data(kind: str, challenge: str, origin: str = ORIGIN) -> bytes:
        data = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        return json.dumps(data).encode()

    def answer(self, options: dict[str, Any], *, origin: str = ORIGIN) -> str:
        """What the browser sends for the challenge in ``options``, as JSON."""
        client_data = self._client_data("webauthn.get", options["publicKey"]["challenge"], origin)
        data = AuthenticatorData.create(
            hashlib.sha256(RP_ID.encode()).digest(),
            AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV,
            1,
        )
        signed = self.key.sign(
            bytes(data) + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256())
        )
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": websafe_encode(client_data),
                    "authenticatorData": websafe_encode(bytes(data)),
                    "signature": websafe_encode(signed),
                    "userHandle": websafe_encode(user_pk_to_url_str(self.user).encode()),
                },
            }
        )
