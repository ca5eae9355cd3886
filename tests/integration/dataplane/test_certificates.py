"""TLS of Envoy's own: what is shown, how a renewed certificate takes its place, and what it cuts (nothing)."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from tests.certificates import DAY, Authority, pem_of, put

from carrel.clock import SystemClock
from carrel.dataplane.certificates import CertificatePlace, Certificates, read_pair
from carrel.dataplane.files import prepare_run_dir
from carrel.domain.address import Addresses
from carrel.domain.errors import Invalid

from .raw import Connection, request
from .rig import Rig, Workspace, free_port, started, until

WORKSPACES = "*.labs.example.net"


@asynccontextmanager
async def encrypted(
    root: Path, places: dict[str, CertificatePlace]
) -> AsyncIterator[tuple[Rig, Certificates]]:
    port, workspaces_port = free_port(), free_port()
    addresses = Addresses(f"https://carrel.example.org:{port}", "https", "labs.example.net", workspaces_port)
    prepare_run_dir(root / "run")
    certificates = Certificates(root / "run", places, SystemClock())
    await certificates.start()
    options = {"port": port, "workspaces_port": workspaces_port, "addresses": addresses, "encrypted": True}
    async with started(root, **options) as rig:
        yield rig, certificates


def both(place: tuple[Path, Path]) -> dict[str, CertificatePlace]:
    return dict.fromkeys(("hub", "workspaces"), CertificatePlace(*place))


@asynccontextmanager
async def tls(port: int, name: str, context: ssl.SSLContext) -> AsyncIterator[Connection]:
    ends = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    connection = Connection(*ends)
    try:
        yield connection
    finally:
        connection.close()


async def shown(port: int, name: str, context: ssl.SSLContext) -> int:
    """The serial number of the certificate that a new visitor gets."""
    async with tls(port, name, context) as connection:
        session = connection.writer.get_extra_info("ssl_object")
        return x509.load_der_x509_certificate(session.getpeercert(binary_form=True)).serial_number


def serial(pair: tuple[str, str]) -> int:
    return x509.load_pem_x509_certificate(pair[0].encode()).serial_number


def name_of(workspace: Workspace) -> str:
    return f"{workspace.id}.labs.example.net"


async def served(rig: Rig) -> Workspace:
    workspace = await rig.add()
    await rig.publish()
    return workspace


def asking(rig: Rig, workspace: Workspace, *headers: tuple[str, str]) -> bytes:
    host = f"{name_of(workspace)}:{rig.workspaces_port}"
    return rig.said(workspace, "x", host=host, headers=headers)


UPGRADE = (
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


@asynccontextmanager
async def stream(rig: Rig, workspace: Workspace, trusted: ssl.SSLContext) -> AsyncIterator[Connection]:
    async with tls(rig.workspaces_port, name_of(workspace), trusted) as connection:
        await connection.say(asking(rig, workspace, *UPGRADE))
        answer = await connection.answer()
        assert answer is not None
        assert answer.status == 101
        yield connection


async def test_both_listeners_speak_tls_each_with_its_own_certificate_and_nothing_else(
    tmp_path: Path,
) -> None:
    authority = Authority()
    hub, workspaces = authority.pair("carrel.example.org"), authority.pair(WORKSPACES)
    places = {
        "hub": CertificatePlace(*put(tmp_path / "hub", hub)),
        "workspaces": CertificatePlace(*put(tmp_path / "workspaces", workspaces)),
    }
    async with encrypted(tmp_path, places) as (rig, _):
        workspace, trusted = await served(rig), authority.trusted("http/1.1")
        assert await shown(rig.port, "carrel.example.org", trusted) == serial(hub)
        assert await shown(rig.workspaces_port, name_of(workspace), trusted) == serial(workspaces)

        async with tls(rig.port, "carrel.example.org", trusted) as connection:
            host = f"carrel.example.org:{rig.port}"
            await connection.say(request("GET", "/hub/", [("host", host)]))
            answer = await connection.answer()
            assert answer is not None
            assert answer.text == "the hub"
            assert rig.control.hub.last.header("x-forwarded-proto") == "https"
        async with stream(rig, workspace, trusted) as connection:
            assert await connection.echoes(b"over TLS")

        plain = await Connection.to(rig.port)
        await plain.say(request("GET", "/hub/", [("host", host)]))
        assert await plain.answer() is None
        plain.close()
        kept = [rig.run / f"{listener}-certificate.json" for listener in places]
        assert [file.stat().st_mode & 0o777 for file in kept] == [0o600, 0o600]


async def test_a_renewed_certificate_is_shown_to_new_visitors_and_cuts_nobody(tmp_path: Path) -> None:
    """Whichever way it comes: written in place, renamed over the old one, or by a link that leads elsewhere."""
    authority = Authority()
    names = ("carrel.example.org", WORKSPACES)
    archive, live = tmp_path / "archive", tmp_path / "live"
    live.mkdir()

    def issue(number: int) -> tuple[str, str]:
        pair = authority.pair(*names, ends=(90 + number) * DAY)
        for content, path in zip(pair, put(archive / str(number), pair), strict=True):
            assert path.read_text() == content
        return pair

    def link(number: int) -> None:
        for name in ("fullchain.pem", "privkey.pem"):
            (live / f".{name}").symlink_to(archive / str(number) / name)
            (live / f".{name}").replace(live / name)

    first = issue(1)
    link(1)
    async with encrypted(tmp_path, both((live / "fullchain.pem", live / "privkey.pem"))) as (
        rig,
        certificates,
    ):
        workspace, trusted = await served(rig), authority.trusted("http/1.1")
        assert await shown(rig.workspaces_port, name_of(workspace), trusted) == serial(first)
        async with stream(rig, workspace, trusted) as connection:
            second = issue(2)
            link(2)
            await certificates.look()
            await until(lambda: shows(rig, workspace, trusted, second))

            third = authority.pair(*names)
            put(archive / "2", third)  # through the links, in place
            await certificates.look()
            await until(lambda: shows(rig, workspace, trusted, third))

            fourth = authority.pair(*names)
            for beside in put(tmp_path / "beside", fourth):
                beside.replace(live / beside.name)
            await certificates.look()
            await until(lambda: shows(rig, workspace, trusted, fourth))

            assert await connection.echoes(b"still the connection of the first")
            assert certificates.trouble == {}


async def shows(rig: Rig, workspace: Workspace, trusted: ssl.SSLContext, pair: tuple[str, str]) -> bool:
    hub = await shown(rig.port, "carrel.example.org", trusted)
    return {hub, await shown(rig.workspaces_port, name_of(workspace), trusted)} == {serial(pair)}


async def test_a_pair_that_does_not_fit_is_not_shown_and_the_one_before_goes_on(tmp_path: Path) -> None:
    authority = Authority()
    first = authority.pair("carrel.example.org", WORKSPACES)
    place = put(tmp_path / "live", first)
    async with encrypted(tmp_path, both(place)) as (rig, certificates):
        kept = (rig.run / "hub-certificate.json").read_bytes()
        halfway = authority.pair("carrel.example.org", WORKSPACES)
        place[0].write_text(halfway[0])
        await certificates.look()
        assert "is not that of the certificate" in certificates.trouble["hub"]

        put(tmp_path / "live", authority.pair("carrel.example.org", WORKSPACES, ends=-DAY))
        await certificates.look()
        assert "has expired already" in certificates.trouble["workspaces"]

        place[1].unlink()
        await certificates.look()
        assert "cannot be read" in certificates.trouble["hub"]
        assert (rig.run / "hub-certificate.json").read_bytes() == kept
        assert await shown(rig.port, "carrel.example.org", authority.trusted()) == serial(first)

        put(tmp_path / "live", halfway)
        await certificates.look()
        assert certificates.trouble == {}


async def test_http_2_is_spoken_with_whoever_can_and_its_walls_are_the_same(tmp_path: Path) -> None:
    authority = Authority()
    place = put(tmp_path / "live", authority.pair("carrel.example.org", WORKSPACES))
    async with encrypted(tmp_path, both(place)) as (rig, _):
        workspace, trusted = await served(rig), authority.trusted("h2", "http/1.1")
        authority_header = f"{name_of(workspace)}:{rig.workspaces_port}"
        ticket = ("cookie", f"carrel-ticket={rig.signer.ticket(workspace.id)}")

        async def status(*headers: tuple[str, str], method: str = "GET", path: str = workspace.door) -> bytes:
            async with tls(rig.workspaces_port, name_of(workspace), trusted) as connection:
                spoken = connection.writer.get_extra_info("ssl_object").selected_alpn_protocol()
                assert spoken == "h2"
                return await http2(connection, method, authority_header, path, headers)

        assert await status(ticket, ("cookie", "mine=1")) == b"200"
        assert workspace.app.last.cookies() == {"mine": "1"}
        assert await status() == b"401"
        assert await status(ticket, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")) == b"403"
        assert await status(ticket, ("origin", "https://evil.test"), method="POST") == b"403"
        assert await status(ticket, path="/hub/api/v1/claims") == b"404"
        assert len(workspace.app.seen) == 1

        jar = [("cookie", f"c{number}={'x' * 4000}") for number in range(100)]
        assert await status(ticket, *jar) == b"reset"
        async with tls(rig.port, "carrel.example.org", trusted) as connection:
            assert connection.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            await connection.say(
                request(
                    "GET",
                    "/hub/",
                    [
                        ("host", f"carrel.example.org:{rig.port}"),
                        ("cookie", "; ".join(value for _, value in jar)),
                    ],
                )
            )
            answer = await connection.answer()
        assert answer is not None
        assert answer.text == "the hub"
        assert len(rig.control.hub.last.cookies()) == 100


async def http2(
    connection: Connection,
    method: str,
    authority: str,
    path: str,
    headers: tuple[tuple[str, str], ...] | list[tuple[str, str]],
) -> bytes:
    """The status of one request without a body, said by hand."""
    pseudo = [(":method", method), (":scheme", "https"), (":authority", authority), (":path", path)]
    block = b""
    for name, value in (*pseudo, *headers):
        block += b"\x00" + literal(name) + literal(value)
    parts = [block[start : start + 16_000] for start in range(0, len(block), 16_000)]
    await connection.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, b"", stream=0))
    for number, part in enumerate(parts):
        ends = 0x4 if number == len(parts) - 1 else 0
        await connection.say(frame(9 if number else 1, ends | (0 if number else 0x1), part))
    async with asyncio.timeout(20):
        while True:
            length, kind, payload = await read_frame(connection)
            assert kind != 7, f"the connection ends: {payload!r}"
            if kind == 3:
                return b"reset"
            if kind == 1:
                assert length
                return status_of(payload)


def literal(text: str) -> bytes:
    data = text.encode()
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, size = len(data) - 127, b"\x7f"
    while rest >= 128:
        size += bytes([rest % 128 + 128])
        rest //= 128
    return size + bytes([rest]) + data


def frame(kind: int, flags: int, payload: bytes, *, stream: int = 1) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


async def read_frame(connection: Connection) -> tuple[int, int, bytes]:
    head = await connection.reader.readexactly(9)
    length = int.from_bytes(head[:3], "big")
    return length, head[3], await connection.reader.readexactly(length)


INDEXED = {0x88: b"200", 0x8C: b"400", 0x8D: b"404", 0x8E: b"500"}


def status_of(block: bytes) -> bytes:
    """It comes first: from HPACK's table, or as digits after the name's index (plain, or in the code of Huffman)."""
    if block[0] in INDEXED:
        return INDEXED[block[0]]
    assert block[0] & 0x3F in (8, 9, 10, 11, 12, 13, 14), block[:4]
    length = block[1] & 0x7F
    digits = block[2 : 2 + length]
    if not block[1] & 0x80:
        return digits
    codes = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5"}
    bits, text = "".join(f"{byte:08b}" for byte in digits), ""
    while len(text) < 3:
        code = next(code for code in codes if bits.startswith(code))
        text, bits = text + codes[code], bits[len(code) :]
    return text.encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda place: place[0].unlink(), "fullchain.pem cannot be read"),
        (lambda place: place[0].write_text("nothing"), "holds no certificate"),
        (lambda place: place[0].write_bytes(b"\xff\xfe"), "is no PEM file"),
        (lambda place: place[1].write_text("nothing"), "holds no private key"),
        (lambda place: place[1].write_text(Authority().pair("a")[1]), "is not that of the certificate"),
        (
            lambda place: place[1].write_text(pem_of(ed25519.Ed25519PrivateKey.generate())),
            "Envoy takes no key",
        ),
        (
            lambda place: place[1].write_text(pem_of(rsa.generate_private_key(65537, 1024))),
            "Envoy takes no key",
        ),
    ],
    ids=["missing", "no certificate", "no text", "no key", "another's", "ed25519", "short"],
)
def test_what_is_wrong_with_a_pair_is_said_with_its_file(tmp_path: Path, change: object, said: str) -> None:
    place = put(tmp_path, Authority().pair("carrel.example.org"))
    assert read_pair(CertificatePlace(*place)).chain == place[0].read_text()
    change(place)  # type: ignore[operator]
    with pytest.raises(Invalid, match=said):
        read_pair(CertificatePlace(*place))
