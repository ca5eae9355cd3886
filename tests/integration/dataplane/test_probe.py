"""Whether an app answers: asked over real connections of apps that behave badly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from carrel.clock import SystemClock
from carrel.dataplane.probe import HttpProbe
from carrel.domain.endpoint import Endpoint

from .raw import App, Message, Reply
from .rig import free_port


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App("probed")
    yield app
    await app.stop()


@pytest.fixture
async def probe() -> AsyncIterator[HttpProbe]:
    async with HttpProbe(within=0.5) as probe:
        yield probe


async def answers(probe: HttpProbe, app: App, reply: Callable[[], Reply]) -> bool:
    async def handler(_: Message) -> Reply:
        return reply()

    app.handler = handler
    return await probe.answers(Endpoint("127.0.0.1", await app.listen()), "/w/x/api/status", "token s")


@pytest.mark.parametrize(
    ("status", "counts"), [(200, True), (302, True), (399, True), (400, False), (401, False), (503, False)]
)
async def test_everything_below_400_counts(probe: HttpProbe, app: App, status: int, counts: bool) -> None:
    assert await answers(probe, app, lambda: Reply(status, (("location", "http://127.0.0.1:1/"),))) is counts

    assert app.last.target == "/w/x/api/status"
    assert app.last.every("authorization") == ["token s"]
    assert len(app.seen) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xff",
        b"HTTP/1.1 abc\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx",
    ],
)
async def test_garbage_is_no_answer(probe: HttpProbe, app: App, raw: bytes) -> None:
    assert await answers(probe, app, lambda: Reply(raw=raw)) is False


async def test_nobody_there_is_no_answer(probe: HttpProbe) -> None:
    for endpoint in (
        Endpoint("127.0.0.1", free_port()),
        Endpoint("not an address", 1),
        Endpoint("127.0.0.1", 70_000),
    ):
        assert await probe.answers(endpoint, "/", "token s") is False
    assert await probe.answers(Endpoint("127.0.0.1", free_port()), "/", "token\r\nx: y") is False


async def test_an_app_that_hangs_is_given_up_in_time(probe: HttpProbe, app: App) -> None:
    async def hangs(_: Message) -> Reply:
        await asyncio.sleep(30)
        return Reply()

    app.handler = hangs
    clock = SystemClock()
    began = clock.monotonic()

    assert not await probe.answers(Endpoint("127.0.0.1", await app.listen()), "/", "t")
    assert clock.monotonic() - began < 10


async def test_an_endless_answer_is_enough_of_one(probe: HttpProbe) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await probe.answers(Endpoint("127.0.0.1", port), "/", "t")


async def test_connections_are_used_again_and_one_the_app_closed_is_no_verdict(
    probe: HttpProbe, app: App
) -> None:
    endpoint = Endpoint("127.0.0.1", await app.listen())
    for _ in range(3):
        assert await probe.answers(endpoint, "/", "t")
    assert len(app.writers) == 1

    for writer in list(app.writers):
        writer.transport.abort()
    assert await probe.answers(endpoint, "/", "t")


async def test_no_cookie_of_one_app_reaches_another(probe: HttpProbe, app: App) -> None:
    other = App("other")
    await answers(probe, app, lambda: Reply(headers=(("set-cookie", "session=of-the-first; Path=/"),)))
    await probe.answers(Endpoint("127.0.0.1", await other.listen()), "/w/x/api/status", "t")

    assert "cookie" not in other.last.names
    await other.stop()


async def test_the_environments_proxy_is_not_asked(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with HttpProbe() as probe:
        assert await answers(probe, app, Reply)
