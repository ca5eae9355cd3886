"""Certificates made on the spot: an authority of our own, and pairs of it as PEM files."""

import datetime as dt
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from carrel.clock import SystemClock

DAY = dt.timedelta(days=1)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: Any) -> str:
    kept: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return kept.decode()


@dataclass
class Authority:
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    @property
    def own(self) -> x509.Certificate:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        return (
            self._about("authority", self.key, 3650 * DAY)
            .add_extension(constraints, critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def pair(self, *names: str, ends: dt.timedelta = 90 * DAY, key: Any = None) -> tuple[str, str]:
        """Certificate and key for these host names, as text."""
        key = key or new_key()
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        made = self._about(names[0], key, ends).add_extension(alternatives, critical=False)
        return made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(), pem_of(key)

    def _about(self, name: str, key: Any, ends: dt.timedelta) -> x509.CertificateBuilder:
        now = SystemClock().now()
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 400 * DAY)
            .not_valid_after(now + ends)
        )

    def trusted(self, *protocols: str) -> ssl.SSLContext:
        """A client that believes this authority, and offers these protocols."""
        context = ssl.create_default_context(cadata=self.own.public_bytes(Encoding.PEM).decode())
        context.verify_flags &= ~ssl.VerifyFlags.VERIFY_X509_STRICT
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context


def put(folder: Path, pair: tuple[str, str]) -> tuple[Path, Path]:
    """Both files, written in place."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "fullchain.pem", folder / "privkey.pem"
    certificate.write_text(pair[0])
    key.write_text(pair[1])
    return certificate, key
