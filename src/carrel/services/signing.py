"""Signs tickets and graces, and reads old ones back. What they say is decided in rules.ticket; Envoy checks them in daily use."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from carrel.domain.errors import Internal
from carrel.mint import new_signing_key
from carrel.rules.ticket import Proof, proof_of, remembered_for
from carrel.services.context import Context
from carrel.store import keys

ALGORITHM = "EdDSA"
LONGEST_TOKEN = 2048
"""Ours have about 400 characters; nothing longer is worth a look."""


class Signer:
    """Signs with one key and believes all of them, so that several replicas and a new key agree."""

    def __init__(self, kid: str, private_pem: str, *, older: Mapping[str, str] | None = None) -> None:
        self._kid = kid
        self._key = _load(private_pem)
        self._public: dict[str, Ed25519PublicKey] = {
            name: _load(pem).public_key() for name, pem in {**(older or {}), kid: private_pem}.items()
        }

    @property
    def kid(self) -> str:
        return self._kid

    def sign(self, claims: Mapping[str, Any]) -> str:
        return jwt.encode(dict(claims), self._key, algorithm=ALGORITHM, headers={"kid": self._kid})

    def verify_old(self, token: str, now: datetime) -> dict[str, Any] | None:
        """Its claims if we signed it and it ended not too long ago, else None. Never raises, whatever `token` is."""
        if len(token) > LONGEST_TOKEN:
            return None
        try:
            key = self._public.get(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                return None
            claims = jwt.decode(
                token, key, algorithms=[ALGORITHM], options={"verify_exp": False, "verify_aud": False}
            )
            end = float(claims["exp"])
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            return None
        return claims if end >= (now - remembered_for(claims)).timestamp() else None

    def proof(self, token: str, now: datetime) -> Proof | None:
        claims = self.verify_old(token, now)
        return proof_of(claims) if claims else None


async def open_signer(ctx: Context) -> Signer:
    """With the keys in the store; the very first replica puts one there."""
    kid, private_pem = new_signing_key()
    known = await ctx.store.write(keys.ensure, kid, private_pem, ctx.clock.now())
    newest = max(known, key=lambda key: (key.created_at, key.kid))
    return Signer(newest.kid, newest.private_pem, older={key.kid: key.private_pem for key in known})


def _load(private_pem: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise Internal("A signing key in the store is of the wrong kind.")
    return key
