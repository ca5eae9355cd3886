"""Verification keys as Envoy reads them. Takes signing keys apart and keeps only what can check a ticket, never what can mint one."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from carrel.domain.errors import Invalid


@dataclass(frozen=True, slots=True, order=True)
class VerifyingKey:
    kid: str
    x: str
    """The public half, base64url without padding."""


def verifying_key(kid: str, private_pem: str) -> VerifyingKey:
    """Raises Invalid if it is not an Ed25519 key."""
    try:
        key = load_pem_private_key(private_pem.encode(), password=None)
    except ValueError as error:
        raise Invalid(f"The signing key {kid} cannot be read.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid(f"The signing key {kid} is not an Ed25519 key.")
    return of_public(kid, key.public_key())


def of_public(kid: str, key: Ed25519PublicKey) -> VerifyingKey:
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return VerifyingKey(kid, base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def jwks(keys: Iterable[VerifyingKey]) -> str:
    return json.dumps(
        {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid, "x": key.x}
                for key in sorted(keys)
            ]
        }
    )
