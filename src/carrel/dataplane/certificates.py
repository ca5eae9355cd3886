"""Brings certificates from where they are renewed to where Envoy watches: only pairs that fit, only when they changed.

The files may be replaced by rename, by a link that leads elsewhere, or in place: their content is looked at, not their names.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from carrel.dataplane.files import write_whole
from carrel.dataplane.tls import CERTIFICATES, certificate_file
from carrel.domain.errors import Invalid, Unavailable
from carrel.ports.clock import Clock

_log = structlog.get_logger(__name__)

EVERY: Final = 10.0
"""Seconds between two looks."""
_SHORTEST_RSA: Final = 2048
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True, slots=True)
class CertificatePlace:
    certificate: Path
    """PEM: that of the listener first, then those that lead to its root."""
    key: Path


@dataclass(frozen=True, slots=True)
class Pair:
    chain: str
    key: str
    ends: datetime


def read_pair(place: CertificatePlace) -> Pair:
    """Raises Invalid, saying which file is wrong and how. Expired is not wrong: see `Certificates`."""
    chain, key = _text(place.certificate), _text(place.key)
    leaf = _leaf(chain, place.certificate)
    private = _private(key, place.key)
    if private.public_key().public_bytes(*_SHAPE) != leaf.public_key().public_bytes(*_SHAPE):
        raise Invalid(
            f"The key {place.key} is not that of the certificate {place.certificate}. Give a pair that belongs together."
        )
    return Pair(chain, key, leaf.not_valid_after_utc)


_SHAPE: Final = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except OSError as error:
        raise Invalid(
            f"{path} cannot be read: {error.strerror}. Let Carrel's user read it, or correct its path in the settings."
        ) from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is no PEM file. Give one that begins with -----BEGIN.") from error


def _leaf(chain: str, path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(chain.encode())[0]
    except (ValueError, IndexError) as error:
        raise Invalid(f"{path} holds no certificate in PEM form.") from error


def _private(key: str, path: Path) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Invalid(f"{path} holds no private key in PEM form.") from error
    except TypeError as error:
        raise Invalid(f"The key {path} is kept under a password. Give one without.") from error
    match private:
        case rsa.RSAPrivateKey() if private.key_size >= _SHORTEST_RSA:
            return private
        case ec.EllipticCurvePrivateKey() if private.curve.name in _CURVES:
            return private
        case _:
            raise Invalid(
                f"Envoy takes no key of the kind in {path}. Make one of kind ECDSA P-256, or RSA with 2048 bits or more."
            )


class Certificates:
    """One per run directory. What does not fit is not brought in: the pair before goes on, and `trouble` says why."""

    def __init__(self, run_dir: Path, places: Mapping[str, CertificatePlace], clock: Clock) -> None:
        """`places`: where that of each listener is kept; none where Envoy speaks plain HTTP."""
        self._run_dir = run_dir
        self._places = places
        self._clock = clock
        self._present: dict[str, Pair] = {}
        self.trouble: dict[str, str] = {}
        """By listener, in words for an operator."""

    async def start(self) -> None:
        """Raises Invalid where a pair cannot be used, Unavailable."""
        for listener, place in self._places.items():
            pair = await asyncio.to_thread(read_pair, place)
            await asyncio.to_thread(self._bring_in, listener, pair)

    async def run(self) -> None:
        """For ever; ends at once where there is nothing to look after."""
        while self._places:
            await self._clock.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        for listener, place in self._places.items():
            try:
                await asyncio.to_thread(self._renew, listener, place)
            except (Invalid, Unavailable) as error:
                if self.trouble.get(listener) != error.sentence:
                    _log.warning("certificate not brought in", listener=listener, why=error.sentence)
                self.trouble[listener] = error.sentence
            else:
                self.trouble.pop(listener, None)

    def _renew(self, listener: str, place: CertificatePlace) -> None:
        pair, before = read_pair(place), self._present.get(listener)
        if pair == before:
            return
        if before is not None and pair.ends <= self._clock.now() < before.ends:
            raise Invalid(
                f"The certificate {place.certificate} has expired already, and the one before has not. Renew it."
            )
        self._bring_in(listener, pair)
        _log.info("certificate brought in", listener=listener, ends=pair.ends.isoformat())

    def _bring_in(self, listener: str, pair: Pair) -> None:
        write_whole(self._run_dir / CERTIFICATES[listener], certificate_file(listener, pair.chain, pair.key))
        self._present[listener] = pair
