"""The one door for ids, secrets and chance."""

import hashlib
import hmac
import secrets
import string

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_FIRST = string.ascii_lowercase
_LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
_REST = string.ascii_lowercase + string.digits

TOKEN_PREFIX = "crl_"  # noqa: S105 - how tokens begin, so that scanners and people recognise one


def new_id() -> str:
    """16 characters of [a-z][a-z0-9]{15}, about 82 bits of chance; fits `domain.ids.ID_PATTERN`."""
    return secrets.choice(_FIRST) + "".join(secrets.choice(_REST) for _ in range(15))


def id_of(*parts: str) -> str:
    """The same id for the same words each time, like no other: for what must not be made twice."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest())
    number, first = divmod(number, len(_FIRST))
    signs = [_FIRST[first]]
    for _ in range(15):
        number, rest = divmod(number, len(_REST))
        signs.append(_REST[rest])
    return "".join(signs)


def new_secret() -> str:
    """A password for a machine: 256 bits, safe in a header, an address and an environment."""
    return secrets.token_urlsafe(32)


def new_password() -> str:
    """For a person who copies it from paper: three groups of four, 59 bits, without signs that look like others."""
    signs = [secrets.choice(_LEGIBLE) for _ in range(12)]
    return "-".join("".join(signs[start : start + 4]) for start in (0, 4, 8))


def new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_signing_key() -> tuple[str, str]:
    """A name for it (kid) and the private half of an Ed25519 key as PEM (PKCS 8)."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return new_id(), pem.decode()


def fingerprint(secret: str) -> str:
    """What is stored in place of a random secret. Not for passwords people choose: those get argon2id."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality that takes the same time wherever the difference is."""
    return hmac.compare_digest(one.encode(), other.encode())
