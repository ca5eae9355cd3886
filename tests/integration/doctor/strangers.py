"""Whoever may stand at an address that people are given: nobody, a stranger, a proxy with another time, a bad certificate."""

import asyncio
import contextlib
import datetime as dt
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from email.utils import format_datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carrel.domain.ids import InstallationId
from carrel.rules.echo import proof

Answer = Callable[[str], str]
"""The request's first line → the whole answer."""


def closed_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextlib.asynccontextmanager
async def answering(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that gives every request this answer; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(head.decode().split("\r\n", 1)[0]).encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def a_stranger(_line: str) -> str:
    return whole("It works!")


def a_proxy_of(installation: InstallationId, *, ahead: dt.timedelta = dt.timedelta(0)) -> Answer:
    """Brings our proof, with the Date of its own clock."""

    def answer(line: str) -> str:
        found = re.search(r"=([\w-]+) HTTP", line)
        assert found is not None
        moment = dt.datetime.now(dt.UTC) + ahead
        return whole(proof(installation, found[1]), date=format_datetime(moment, usegmt=True))

    return answer


def whole(body: str, status: str = "200 OK", **headers: str) -> str:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *lines]
    return "\r\n".join([*head, "", body])


def certified(folder: Path, *, ends: dt.timedelta) -> ssl.SSLContext:
    """A self-signed certificate that ends so long from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=400))
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
