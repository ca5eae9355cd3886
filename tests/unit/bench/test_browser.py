"""The bench's browser and load generator behave as those they stand for, against a small server of this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from bench import load
from bench.browser import Browser, call, fetch
from bench.forms import find_form
from bench.processes import BenchError

Answering = Callable[[str, dict[str, str]], bytes]


@asynccontextmanager
async def server(answering: Answering) -> AsyncIterator[int]:
    open_connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = dict(line.split(": ", 1) for line in lines)
                await reader.readexactly(int(headers.get("content-length", "0")))
                writer.write(answering(first, headers))
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()
            await writer.wait_closed()
            open_connections.remove(writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        while open_connections:
            await asyncio.sleep(0.001)


def plain(body: str, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", body]
    return "\r\n".join(lines).encode()


async def test_a_browser_keeps_cookies_by_host_and_path_and_follows_redirects() -> None:
    seen: list[tuple[str, str]] = []

    def answering(first: str, headers: dict[str, str]) -> bytes:
        seen.append((first.rsplit(" ", 1)[0], headers.get("cookie", "")))
        if first.startswith("POST"):
            return plain(
                "", "set-cookie: a=1; Path=/hub/; HttpOnly", "location: /hub/next", status="303 See Other"
            )
        if "/hub/next" in first:
            return plain("", "set-cookie: b=2; Path=/other/", "location: /w/x", status="302 Found")
        return plain("there", "set-cookie: a=; Path=/hub/; Max-Age=0")

    async with server(answering) as port:
        browser = Browser()
        url = f"http://localhost:{port}"
        answer = await browser.submit(f"{url}/hub/claim", {"pool": "p"}, came_from=f"{url}/hub/")
    assert (answer.status, answer.text, answer.url) == (200, "there", f"{url}/w/x")
    assert seen == [("POST /hub/claim", ""), ("GET /hub/next", "a=1"), ("GET /w/x", "")]
    assert browser.cookies == {("localhost", "/other/", "b"): "2"}


async def test_a_redirect_to_another_origin_is_told_as_browsers_tell_it() -> None:
    told: list[str] = []

    def answering(first: str, headers: dict[str, str]) -> bytes:
        told.append(headers["sec-fetch-site"])
        port = headers["host"].rsplit(":", 1)[1]
        return (
            plain("", f"location: http://abc.localhost:{port}/w/", status="302 Found")
            if len(told) == 1
            else plain("")
        )

    async with server(answering) as port:
        url = f"http://localhost:{port}/hub/"
        await Browser().submit(url, {}, came_from=url)
    assert told == ["same-origin", "cross-site"]


async def test_chunked_answers_and_events_are_read() -> None:
    chunks = b'a\r\ndata: {"a"\r\n6\r\n: 1}\n\n\r\n0\r\n\r\n'
    whole = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks
    async with server(lambda first, headers: whole) as port:
        url = f"http://localhost:{port}/"
        assert (await fetch("GET", url)).body == b'data: {"a": 1}\n\n'
        assert [event async for event in Browser().events(url)] == [{"a": 1}]


async def test_nobody_but_this_machine_is_asked() -> None:
    with pytest.raises(BenchError, match="not on this machine"):
        await call("GET", "http://example.org/", "token")


async def test_a_load_sends_what_it_says_and_times_every_answer() -> None:
    count = 0

    def answering(first: str, headers: dict[str, str]) -> bytes:
        nonlocal count
        count += 1
        return plain("x" * 160)

    async with server(answering) as port:
        done = await load.hammer(port, load.request("GET", "h", "/"), total=50, connections=4)
        burst = await load.burst(port, [load.request("POST", "h", "/", body=b"{}")] * 10)
    assert count == 60
    assert {len(reply.body) for reply in done.replies} == {160}
    assert (len(done.replies), len(burst.replies)) == (50, 10)
    assert all(0 < reply.seconds <= done.seconds for reply in done.replies)


async def test_a_load_that_is_refused_is_no_measurement() -> None:
    async with server(lambda first, headers: plain("no", status="403 Forbidden")) as port:
        done = await load.hammer(port, load.request("GET", "h", "/"), total=3, connections=1)
    with pytest.raises(BenchError, match="3 of 3 answers were not 200; the first was 403: no"):
        done.all_are(200, "Reads")


def test_a_form_is_found_by_what_it_asks_for() -> None:
    page = '<form method="get"><input name="pool" value="p"></form><form method="post" action="/go"><input name="pool" value="p"><button name="b"></form>'
    form = find_form(page, lambda form: form.mentions("p"), "for p")
    assert (form.action, form.fields) == ("/go", {"pool": "p", "b": ""})
    with pytest.raises(BenchError, match="no form for q"):
        find_form(page, lambda form: form.mentions("q"), "for q")
