"""The echo: an open door that gives nothing away, lets nobody stay, and is no other WebSocket's door."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import unix_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from carrel.app.log import configure_log
from carrel.app.sockets import SocketServer
from carrel.domain.ids import InstallationId
from carrel.rules.echo import PARAMETER, PATH, is_nonce, proof
from carrel.services.signing import open_signer
from carrel.web import echo
from carrel.web.internal import PREFIX, authorizer_app

House = Any
HUB = "http://localhost:8000"
NONCE = "n" * 16


@pytest.fixture
async def hub(house: House) -> AsyncIterator[str]:
    """The hub's socket as the control plane opens it."""
    with tempfile.TemporaryDirectory(prefix="crl") as folder:
        path = Path(folder) / "hub.sock"
        server = SocketServer(house.app, path, longest_message=echo.LONGEST)
        await server.start()
        yield str(path)
        await server.stop()


def opened(hub: str, path: str = PATH, **more: Any) -> Any:
    return unix_connect(hub, f"ws://localhost:8000{path}", compression=None, **more)


async def test_what_is_sent_comes_back(hub: str) -> None:
    async with opened(hub, origin=HUB) as socket:
        for message in ("hello", "é" * 60, b"\x00\xff"):
            await socket.send(message)
            assert await socket.recv() == message


async def test_it_ends_after_a_handful_of_messages(hub: str) -> None:
    async with opened(hub) as socket:
        for number in range(echo.MOST_MESSAGES):
            await socket.send(str(number))
            assert await socket.recv() == str(number)
        await socket.send("one more")
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_it_ends_after_some_seconds(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "LIVES", 0.1)
    async with opened(hub) as socket, asyncio.timeout(30):
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_whoever_leaves_without_a_word_leaves_nothing_in_the_log(
    hub: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A trace for each would let anybody fill the log, and the loop stand still while it is written."""
    for message in ("", "hello"):
        socket = await opened(hub)
        if message:
            await socket.send(message)
        socket.transport.abort()
    async with asyncio.timeout(30):
        while any("run_asgi" in repr(task) for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_long_messages_end_it(hub: str) -> None:
    async with opened(hub) as socket:
        await socket.send("x" * 126)
        with pytest.raises(ConnectionClosed) as ended:
            await socket.recv()
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1009


async def test_what_is_no_text_ends_it_and_leaves_no_trace_in_the_log(hub: str, tmp_path: Path) -> None:
    configure_log(tmp_path, level="info", terminal_level="error")
    async with opened(hub) as socket:
        await socket.send(b"\xff", text=True)
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert "Traceback" not in (tmp_path / "carrel.log").read_text()


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        (PATH, {"origin": "http://evil.example"}, 403),
        (PATH, {"origin": "http://localhost:8001"}, 403),
        (PATH, {"additional_headers": {"Sec-Fetch-Site": "same-site"}}, 403),
        ("/hub/", {}, 403),
        ("/hub/internal/authorize", {}, 403),
        ("/hub/static/carrel.css", {}, 403),
        (f"{PATH}/more", {}, 403),
    ],
)
async def test_who_has_no_business_there_is_refused(
    hub: str, path: str, more: dict[str, Any], status: int
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with opened(hub, path, **more):
            pass
    assert refused.value.response.status_code == status


async def test_an_opening_that_is_none_is_refused(hub: str) -> None:
    reader, writer = await asyncio.open_unix_connection(hub)
    writer.write(
        f"GET {PATH} HTTP/1.1\r\nHost: localhost:8000\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n".encode()
    )
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()


async def test_over_http_it_proves_whose_it_is(house: House) -> None:
    client = await house.client()
    answer = await client.get(PATH, params={"nonce": NONCE})
    assert answer.json() == {"echo": NONCE, "proof": proof(house.context.installation, NONCE)}
    assert house.context.installation not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "with a space in it", "<script>alert(1)</script>"])
async def test_no_nonce_no_proof_and_nothing_is_repeated(house: House, nonce: str) -> None:
    client = await house.client()
    answer = await client.get(PATH, params={"nonce": nonce})
    assert answer.status_code == 422
    assert not nonce or nonce not in answer.text


async def test_the_authorizer_proves_itself_in_place_of_a_workspace_that_is_not_there(house: House) -> None:
    app = authorizer_app(house.context, await open_signer(house.context))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://authorizer") as client:
        asked = f"{PREFIX}/w/abcdefghijklmnop/?{PARAMETER}="
        answer = await client.get(asked + NONCE)
        assert (answer.status_code, answer.text) == (404, proof(house.context.installation, NONCE))
        assert "x-carrel-door" not in answer.headers
        assert "not_found" in (await client.get(asked + "short")).text


def test_proofs_differ_by_installation_and_nonce() -> None:
    ours, theirs = InstallationId("iaaaaaaaaaaaaaaa"), InstallationId("ibbbbbbbbbbbbbbb")
    assert len({proof(ours, NONCE), proof(theirs, NONCE), proof(ours, NONCE + "n")}) == 3
    assert is_nonce(NONCE)
    assert not is_nonce(NONCE + "\n")
