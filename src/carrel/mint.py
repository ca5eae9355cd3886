"""The one door for ids, secrets and chance."""

import hashlib
import hmac
import secrets
import string

_FIRST = string.ascii_lowercase
_REST = string.ascii_lowercase + string.digits

TOKEN_PREFIX = "crl_"  # noqa: S105 - how tokens begin, so that scanners and people recognise one


def new_id() -> str:
    """16 characters of [a-z][a-z0-9]{15}, about 82 bits of chance; fits `domain.ids.ID_PATTERN`."""
    return secrets.choice(_FIRST) + "".join(secrets.choice(_REST) for _ in range(15))


def new_secret() -> str:
    """A password for a machine: 256 bits, safe in a header, an address and an environment."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is stored in place of a random secret. Not for passwords people choose: those get argon2id."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Equality that takes the same time wherever the difference is."""
    return hmac.compare_digest(one.encode(), other.encode())
