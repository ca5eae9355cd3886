"""Requests that are too large, too slow, malformed, doubled or meant to be two: refused in so many words, and people go on working."""

import asyncio
import contextlib
import json
import resource
import secrets
import tarfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from .running import Carrel, PersonWithToken, eventually, running, small_config
from .unlucky import no_accidents

POOL = '[pools.{name}]\ntemplate = "small"\nbackend = "local"\nwarm = {warm}\nlimit = 12\nper_user = 3\n'
POOLS = POOL.format(name="small", warm=2) + POOL.format(name="pausing", warm=0)
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class House:
    carrel: Carrel
    alice: PersonWithToken
    bob: PersonWithToken
    own: str
    bobs: str


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with running(tmp_path_factory.mktemp("requests"), small_config(POOLS)) as carrel:
        alice, bob = await carrel.person("alice"), await carrel.person("bob")
        await carrel.warm("small", 2)
        own = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
        bobs = (await carrel.claim("small", bob.token))["workspace"]["base_url"]
        yield House(carrel, alice, bob, own, bobs)


@pytest.fixture
def house(shared: House) -> Iterator[House]:
    yield shared
    no_accidents(shared.carrel)


async def _newcomer(house: House, name: str) -> PersonWithToken:
    """Also where a test is run once more."""
    return await house.carrel.person(f"{name}-{secrets.token_hex(3)}")


def _bearer(person: PersonWithToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def _is_problem(answer: httpx.Response, *statuses: int) -> bool:
    told = answer.json()
    assert answer.status_code in statuses, f"{answer.status_code}: {answer.text[:300]}"
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text[:300]
    assert told["status"] == answer.status_code
    assert told["detail"]
    return True


async def aenumerated(items: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    number = 0
    async for item in items:
        yield number, item
        number += 1


def _packing(hub: psutil.Process) -> bool:
    """Whether a file of somebody's home is open in the control plane."""
    return any("/homes/" in file.path for file in hub.open_files())


# -- too large -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
async def test_two_megabytes_to_the_api_are_too_large(house: House, announced: bool) -> None:
    body = json.dumps({"pool": "small", "name": "x" * 2 * MEBIBYTE}).encode()

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    async with house.carrel.api(house.alice.token) as api:
        answer = await api.post(
            "/claims",
            content=body if announced else in_chunks(),
            headers={"Content-Type": "application/json"},
        )
        assert _is_problem(answer, 413)
        assert (await api.get("/claims")).status_code == 200


async def test_fifty_megabytes_into_a_workspace_arrive_whole(house: House) -> None:
    body = secrets.token_bytes(MEBIBYTE) * 50
    async with house.carrel.browserless() as client:
        sent = await client.put(house.own + "files/large", content=body, headers=_bearer(house.alice))
        assert sent.status_code == 201, sent.text
        back = await client.get(house.own + "files/large", headers=_bearer(house.alice))
    assert back.content == body


async def test_fifty_megabytes_of_files_are_downloaded_whole_and_never_kept_in_memory(
    house: House, tmp_path: Path
) -> None:
    """Somebody reads slowly, and the packing waits for them; somebody goes away in the middle, and it ends."""
    content = secrets.token_bytes(50 * MEBIBYTE)
    assert house.carrel.process is not None
    hub, most = psutil.Process(house.carrel.process.pid), 0
    async with house.carrel.api(house.alice.token) as api:
        [home] = (await api.get("/homes")).json()["items"]
        (house.carrel.state / "homes" / home["id"] / "large").write_bytes(content)
        before = hub.memory_info().rss
        async with api.stream("GET", f"/homes/{home['id']}/archive") as answer:
            assert answer.status_code == 200
            with (tmp_path / "files.tar.gz").open("wb") as file:
                async for number, chunk in aenumerated(answer.aiter_raw()):
                    if number == 200:
                        await asyncio.sleep(1)
                    if number % 50 == 0:
                        most = max(most, hub.memory_info().rss)
                    file.write(chunk)
        for _ in range(6):  # more than one may have under way
            async with api.stream("GET", f"/homes/{home['id']}/archive") as answer:
                assert answer.status_code == 200
                await anext(answer.aiter_raw())
            await eventually("the download ended", lambda: not _packing(hub))
    with tarfile.open(tmp_path / "files.tar.gz") as packed:
        whole = packed.extractfile("large")
        assert whole is not None
        assert whole.read() == content
    assert most - before < 25 * MEBIBYTE


@pytest.mark.parametrize("place", ["the hub", "a workspace"])
async def test_oversized_headers_and_addresses_are_refused(house: House, place: str) -> None:
    address = f"{house.carrel.hub}api/v1/claims" if place == "the hub" else house.own + "hello"
    many = {f"x-filler-{number}": "x" for number in range(300)}
    async with house.carrel.browserless() as client:
        for headers, query in (
            ({"X-Filler": "x" * 100_000}, ""),
            (many, ""),
            ({"Cookie": "; ".join(f"filler{number}={'x' * 900}" for number in range(80))}, ""),
            ({}, "?q=" + "x" * 62_000),
        ):
            answer = await client.get(address + query, headers={**_bearer(house.alice), **headers})
            assert answer.status_code in (400, 413, 414, 431), f"{answer.status_code}: {answer.text[:200]}"
            assert house.alice.token not in answer.text
            assert "xxxx" not in answer.text, "nothing of it is repeated"
        good = await client.get(address, headers=_bearer(house.alice))
        assert good.status_code == 200


# -- malformed -----------------------------------------------------------------------------------------------------------

NASTY: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b'"small"',
    b"{",
    b'{"pool": "small"',
    b'{"pool": "small"} {"pool": "small"}',
    b"\xff\xfe\x00\x00",
    b'{"pool": "\xff"}',
    b'{"pool": "\\ud800"}',
    b'{"pool": "small\\u0000"}',
    b'{"pool": "small", "name": "a\\u0000b"}',
    b'{"pool": ["small"]}',
    b'{"pool": {"$ne": null}}',
    b'{"pool": 1e999}',
    b'{"pool": NaN}',
    b'{"pool": ' + b"9" * 5000 + b"}",
    b'{"pool": "small", "parameters": {"a": ' + b"9" * 400 + b"}}",
    b'{"pool": "small", "parameters": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"pool": "small", "parameters": {"a": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}}",
    b'{"pool": "small", "pool": "pausing", "extra": true}',
    b'{"pool": "' + b"x" * 500_000 + b'"}',
    b'{"pool": "../../etc/passwd"}',
    b'{"pool": "\'; DROP TABLE claims; --"}',
    b'{"pool": "small", "user": 7}',
    b"pool=small",
    b"\x1f\x8b\x08\x00 not really gzip",
]


@pytest.mark.parametrize("place", ["/claims", "/users", "/tokens"])
async def test_whatever_is_posted_is_answered_with_a_problem_and_nothing_is_made(
    house: House, place: str
) -> None:
    async with house.carrel.api() as api:
        before = (await api.get(place, params={"limit": 200})).text
        for body in NASTY:
            answer = await api.post(place, content=body, headers={"Content-Type": "application/json"})
            assert _is_problem(answer, 400, 404, 413, 415, 422), body[:80]
        assert (await api.get(place, params={"limit": 200})).text == before


async def test_pools_take_no_nonsense_from_an_admin(house: House) -> None:
    async with house.carrel.api() as api:
        before = (await api.get("/pools/small")).json()
        for change in (
            {"limit": -1},
            {"limit": 2**70},
            {"limit": 1.5},
            {"limit": "a dozen"},
            {"warm": -1},
            {"warm": 10**30},
            {"paused": "maybe"},
            {"counts": {"ready": 99}},
        ):
            answer = await api.patch("/pools/small", json=change)
            assert _is_problem(answer, 422), change
        after = (await api.get("/pools/small")).json()
    assert {**after, "counts": None} == {**before, "counts": None}


ADDRESSES = [
    "/claims/%00",
    "/claims/%ff%fe",
    "/claims/" + "a" * 5000,
    "/claims/..%2f..%2fusers",
    "/claims/a%0d%0aSet-Cookie:%20x=1",
    "/workspaces/%F0%9F%92%A9",
    "/workspaces/a" + "0" * 15 + "/events?after=99999999999999999999999999",
    "/workspaces/a" + "0" * 15 + "/logs?lines=-5",
    "/claims?limit=0",
    "/claims?limit=10000000000000000000000",
    "/claims?limit=abc",
    "/claims?after=%00",
    "/claims?after=" + "A" * 3000,
    "/claims?after=eyJhIjoxfQ==",
    "/claims?state=everything",
    "/users?after=%ff",
    "/audit?after=-1",
    "/pools/%00",
    "/pools/" + "x" * 300,
    "/templates/%2e%2e",
    "/workspaces/undefined/events",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_that_means_nothing_is_answered_with_a_problem(house: House, address: str) -> None:
    async with house.carrel.api() as api:
        answer = await api.get(_raw(api, address))
    assert answer.status_code in (400, 404, 422), f"{answer.status_code}: {answer.text[:200]}"
    if answer.headers.get("content-type", "").startswith("application/"):
        assert _is_problem(answer, 400, 404, 422)
    assert "set-cookie" not in answer.headers


def _raw(api: httpx.AsyncClient, address: str) -> httpx.URL:
    """As it stands: httpx would tidy it up."""
    return api.base_url.copy_with(raw_path=b"/hub/api/v1" + address.encode())


# -- two in one -----------------------------------------------------------------------------------------------------------


def _smuggled(host: str, path: str, headers: str, inner: str) -> list[bytes]:
    """Each could be one request to whoever reads it first and two to the next; the second one is `inner`."""
    chunked = f"0\r\n\r\n{inner}"
    top = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}"
    bodies = [
        f"{top}Content-Length: {len(chunked)}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}",
        f"{top}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunked}",
        f"{top}Content-Length: 6\r\nContent-Length: 5\r\n\r\n12345G{inner}",
        f"{top}Content-Length: {len(chunked)}\r\nTransfer-Encoding: xchunked\r\n\r\n{chunked}",
        f"{top}Content-Length: {len(chunked)}\r\nTransfer-Encoding : chunked\r\n\r\n{chunked}",
        f"{top}Content-Length: {len(chunked)}\r\nTransfer-Encoding:\tchunked\r\n\r\n{chunked}",
        f"{top}Content-Length: {len(chunked)}\r\nTransfer-Encoding: chunked, identity\r\n\r\n{chunked}",
        f"{top}Content-Length: {len(chunked)}\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n{chunked}",
        f"{top}Content-Length: {len(chunked)}\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n{chunked}",
        f"{top}Content-Length: -1\r\n\r\n{inner}",
        f"{top}Content-Length: +{len(inner)}\r\n\r\n{inner}",
        f"{top}Content-Length: 0x{len(inner):x}\r\n\r\n{inner}",
        f"{top}Transfer-Encoding: chunked\r\n\r\n0;\nx\r\n\r\n{inner}",
        f"{top}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{inner}",
        f"{top}Transfer-Encoding: chunked\r\n\r\n-1\r\n{inner}",
        f"{top}Expect: 100-continue\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n{inner}",
        f"{top}Connection: Content-Length\r\nContent-Length: {len(inner)}\r\n\r\n{inner}",
        f"{top}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 0\r\n\r\n{inner}",
        f"{top}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 777\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n\r\n{inner}",
        f"GET {path} HTTP/1.0\r\nHost: {host}\r\n{headers}Transfer-Encoding: chunked\r\n\r\n{chunked}",
        f"GET {path}\r\n\r\n{inner}",
        f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {len(inner)}\r\n\r\n{inner}",
    ]
    return [body.encode() for body in bodies]


async def _exchange(port: int, sent: bytes) -> str:
    """Everything that comes back until the other side is done, or is silent for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(sent)
        await writer.drain()
        with contextlib.suppress(TimeoutError, ConnectionError):
            while data := await asyncio.wait_for(reader.read(65536), 0.7):
                received += data
    except ConnectionError:
        pass
    finally:
        writer.close()
    return received.decode("latin-1")


async def test_no_second_request_is_smuggled_into_a_workspace(house: House) -> None:
    """The first one is allowed; the one inside must be judged on its own, and there nobody is signed in."""
    own, bobs = urlsplit(house.own), urlsplit(house.bobs)
    inner = f"GET {bobs.path}hello HTTP/1.1\r\nHost: {bobs.netloc}\r\n\r\n"
    token = f"Authorization: Bearer {house.alice.token}\r\n"
    attempts = _smuggled(own.netloc, f"{own.path}seen", token, inner)
    inner_own = f"GET {own.path}hello HTTP/1.1\r\nHost: {own.netloc}\r\n\r\n"
    attempts += _smuggled(own.netloc, f"{own.path}seen", token, inner_own)
    answers = await asyncio.gather(
        *(_exchange(house.carrel.workspaces_port, attempt) for attempt in attempts)
    )
    for attempt, answer in zip(attempts, answers, strict=True):
        assert "Hello from" not in answer, f"{attempt!r}\n{answer}"


async def test_no_second_request_is_smuggled_into_the_hub(house: House) -> None:
    host = f"localhost:{house.carrel.port}"
    inner = f"GET /hub/internal/health HTTP/1.1\r\nHost: {host}\r\n\r\n"
    unsigned = f"GET /hub/api/v1/users HTTP/1.1\r\nHost: {host}\r\n\r\n"
    token = f"Authorization: Bearer {house.carrel.token}\r\nContent-Type: application/json\r\n"
    attempts = _smuggled(host, "/hub/api/v1/claims", token, inner)
    attempts += _smuggled(host, "/hub/api/v1/claims", token, unsigned)
    answers = await asyncio.gather(*(_exchange(house.carrel.port, attempt) for attempt in attempts))
    for attempt, answer in zip(attempts, answers, strict=True):
        assert "\r\n\r\nok" not in answer, f"{attempt!r}\n{answer}"
        assert '"display_name"' not in answer, f"{attempt!r}\n{answer}"
    async with house.carrel.api() as api:
        assert (await api.get("/users")).status_code == 200


# -- too slow -------------------------------------------------------------------------------------------------------------

SLOW = 2000


async def test_two_thousand_slow_clients_keep_nobody_from_work(house: House) -> None:
    _allow_open_files(SLOW + 1000)
    slow: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        for start in range(0, SLOW, 200):
            opened = [
                _crawl(house.carrel.port if number % 2 else house.carrel.workspaces_port)
                for number in range(start, start + 200)
            ]
            slow += await asyncio.gather(*opened)
        crawling = asyncio.create_task(_keep_crawling(slow))
        try:
            took = await _a_days_work(house)
            still_there = sum(not reader.at_eof() for reader, _ in slow)
        finally:
            crawling.cancel()
    finally:
        for _, writer in slow:
            writer.transport.abort()
    assert still_there > 0.95 * SLOW, "they were there all the time"
    assert max(took) < 15, f"the slowest of {len(took)} steps took {max(took):.2f} s"
    assert sorted(took)[len(took) // 2] < 3


def _allow_open_files(number: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        if hard != resource.RLIM_INFINITY and hard < number:
            pytest.skip(f"{number} open files are not allowed here: raise the hard limit with ulimit -Hn")
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


async def _crawl(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /hub/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    return reader, writer


async def _keep_crawling(slow: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    while True:
        for number, (_, writer) in enumerate(slow):
            if not writer.transport.is_closing():
                writer.write(b"x")
            if number % 100 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)


async def _a_days_work(house: House) -> list[float]:
    """Somebody new comes, claims, works and leaves, again and again, each time with other files: those of before may still be on
    their way out. Seconds of each step.
    """
    carol = await _newcomer(house, "carol")
    took: list[float] = []

    @contextlib.contextmanager
    def timed() -> Iterator[None]:
        began = time.monotonic()
        yield
        took.append(time.monotonic() - began)

    for number in range(3):  # over before Envoy lets go of whoever takes so long
        await house.carrel.warm("small", 1)
        async with house.carrel.api(carol.token) as api, house.carrel.browserless() as client:
            with timed():
                asked = {"pool": "small", "home": f"round-{number}"}
                claim = (await api.post("/claims", json=asked)).json()
            base = claim["workspace"]["base_url"]
            for _ in range(4):
                with timed():
                    answer = await client.get(base + "hello", headers=_bearer(carol))
                assert answer.status_code == 200
            with timed():
                assert (await api.delete(f"/claims/{claim['id']}")).status_code == 200
    return took


# -- two clicks at once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyed", ["no key", "one key", "a key each"])
async def test_twenty_clicks_at_once_are_one_workspace(house: House, keyed: str) -> None:
    carrel = house.carrel
    person = await _newcomer(house, f"clicks-{keyed.replace(' ', '-')}")
    await carrel.warm("small", 2)

    async def click(number: int) -> httpx.Response:
        keys = {"no key": None, "one key": "the-one", "a key each": f"key-{number}"}
        headers = {"Idempotency-Key": key} if (key := keys[keyed]) else {}
        async with carrel.api(person.token) as api:
            return await api.post("/claims", json={"pool": "small"}, headers=headers)

    answers = await asyncio.gather(*(click(number) for number in range(20)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201, 409}, statuses
    if keyed == "one key":
        assert statuses[201] >= 1, "the answer is the same for all who were answered"
    else:
        assert statuses == {201: 1, 200: 19}
    given = {answer.json()["workspace"]["id"] for answer in answers if answer.status_code < 300}
    assert len(given) == 1
    async with carrel.api(person.token) as api:
        claims = (await api.get("/claims", params={"state": "held"})).json()["items"]
        assert [claim["workspace"]["id"] for claim in claims] == list(given)
        await api.delete(f"/claims/{claims[0]['id']}")


async def test_twenty_releases_at_once_are_one_release(house: House) -> None:
    carrel = house.carrel
    person = await _newcomer(house, "releases")
    await carrel.warm("small", 1)
    claim = await carrel.claim("small", person.token)

    async def release() -> httpx.Response:
        async with carrel.api(person.token) as api:
            return await api.delete(f"/claims/{claim['id']}")

    answers = await asyncio.gather(*(release() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["state"] for answer in answers} == {"released"}
    async with carrel.api() as api:
        events = (await api.get(f"/claims/{claim['id']}/events")).json()["items"]
        assert Counter(event["kind"] for event in events)["released"] == 1
        book = (await api.get("/audit", params={"limit": 200})).json()["items"]
    assert (
        sum(1 for line in book if (line["action"], line["target"]) == ("release", f"claim:{claim['id']}"))
        == 1
    )
    again = await eventually("the limit is free again", lambda: carrel.claim("small", person.token, (201,)))
    async with carrel.api(person.token) as api:
        await api.delete(f"/claims/{again['id']}")


async def test_a_claim_of_a_paused_pool_waits_and_is_served_when_it_goes_on(house: House) -> None:
    carrel = house.carrel
    person = await _newcomer(house, "patient")
    async with carrel.api() as admin, carrel.api(person.token) as api:
        assert (await admin.patch("/pools/pausing", json={"paused": True})).status_code == 200
        claim = await carrel.claim("pausing", person.token, expect=[202])
        await asyncio.sleep(1)
        told = (await api.get(f"/claims/{claim['id']}")).json()
        assert (told["state"], told["position"], told["estimate_seconds"]) == ("waiting", 1, None)
        assert (await carrel.pool("pausing"))["counts"]["starting"] == 0, "nothing is started"
        assert (await admin.patch("/pools/pausing", json={"paused": False})).status_code == 200

        async def served() -> bool:
            return bool((await api.get(f"/claims/{claim['id']}")).json()["state"] == "held")

        await eventually("served after the pause", served)
        await api.delete(f"/claims/{claim['id']}")
