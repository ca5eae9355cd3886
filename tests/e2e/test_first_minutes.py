"""What the README promises: one command, a claim, a lab that was already running; and an end that leaves nothing behind."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import websockets

from .running import Carrel, PersonWithToken, eventually, prepared, running, small_config
from .unlucky import no_accidents

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 3\n'
POOLS = """
[pools.small]
template = "small"
backend = "local"
warm = 2
limit = 12

[pools.narrow]
template = "small"
backend = "local"
warm = 2
limit = 3

[pools.wide]
template = "small"
backend = "local"
warm = 10
limit = 10
starting_at_once = 10
"""


@pytest.fixture(scope="module")
async def carrel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Carrel]:
    """For those who leave it running; each with people of their own."""
    async with running(tmp_path_factory.mktemp("minutes"), small_config(POOLS)) as carrel:
        yield carrel


async def people(carrel: Carrel, count: int) -> list[PersonWithToken]:
    return [await carrel.person(f"person-{next(_NUMBERS)}") for _ in range(count)]


_NUMBERS = itertools.count()


async def test_up_is_ready_soon_and_ctrl_c_leaves_nothing_but_homes_and_history(tmp_path: Path) -> None:
    carrel = prepared(tmp_path, small_config(POOL))
    try:
        await carrel.launch()
        assert await carrel.line_with("Carrel is ready") == f"Carrel is ready: {carrel.hub}"
        assert "/hub/sign-in?link=" in await carrel.line_with("Sign in as admin")
        await carrel.warm("small", 2)
        held = await carrel.claim("small")
        assert len(carrel.processes()) >= 5, "control plane, Envoy and three workspaces"
        assert await carrel.signal(signal.SIGINT) == 0
        await eventually("no process names the state directory", lambda: not carrel.processes(), 10)
        assert len(list((carrel.state / "homes").iterdir())) == 1
        assert not [slot for slot in (carrel.state / "slots").iterdir() if slot.is_dir()]
        await _starts_with_nobody_listening(carrel)
        async with carrel.api() as api:
            told = (await api.get(f"/workspaces/{held['workspace']['id']}")).json()
        assert (told["phase"], told["reason"]) == ("gone", "Carrel was shut down.")
        assert carrel.process is not None
        carrel.process.send_signal(signal.SIGINT)
        assert await carrel.process.wait() == 0
        assert not carrel.processes()
    finally:
        await carrel.kill_all()
    no_accidents(carrel)


async def _starts_with_nobody_listening(carrel: Carrel) -> None:
    """`carrel up | head -1`: the pipe is gone by the time there is something to say, and that keeps nobody from work."""
    await carrel.launch()
    assert carrel.process is not None
    transport = getattr(carrel.process, "_transport").get_pipe_transport(1)  # noqa: B009 - asyncio has no other way to close it
    transport.close()
    await eventually("it serves", lambda: carrel.claim("small", expect=(200, 201)), 40)
    await asyncio.sleep(1)
    assert carrel.process.returncode is None, "it goes on"


async def test_claims_over_the_api(carrel: Carrel) -> None:
    await carrel.warm("small", 2)
    alice, bob = await people(carrel, 2)
    first = await carrel.claim("small", alice.token)
    again = await carrel.claim("small", alice.token, expect=[200])
    assert again["id"] == first["id"]
    assert again["workspace"]["id"] == first["workspace"]["id"]
    assert first["workspace"]["url"] == f"{first['workspace']['base_url']}hello"
    await _inside(carrel, first["workspace"]["base_url"], alice.token)
    await _kept_out(carrel, first["workspace"]["base_url"], bob.token)


async def _inside(carrel: Carrel, base: str, token: str) -> None:
    async with carrel.browserless() as client:
        answer = await client.get(base + "hello", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        assert "Hello from" in answer.text
        assert "set-cookie" not in answer.headers, "scripts get no cookies"
        seen = (await client.get(base + "seen", headers={"Authorization": f"Bearer {token}"})).json()
    assert "crl_" not in str(seen), "neither the token nor the bootstrap token reaches the app"
    assert ["authorization", f"token {seen['environment']['SECRET']}"] in seen["headers"]


async def _kept_out(carrel: Carrel, base: str, other_token: str) -> None:
    guessed = base.replace(base.split("/")[4], "a" + "0" * 15)
    async with carrel.browserless() as client:
        for address, headers in (
            (base, {}),
            (base, {"Authorization": f"Bearer {other_token}"}),
            (base, {"Authorization": "Bearer crl_" + "x" * 43}),
            (base, {"Cookie": "carrel-ticket=eyJhbGciOiJub25lIn0.e30."}),
            (base, {"X-Carrel-Door": f"/w/{base.split('/')[4]}/"}),
            (guessed, {"Authorization": f"Bearer {other_token}"}),
        ):
            answer = await client.get(address + "hello", headers=headers)
            assert answer.status_code in (401, 403, 404), f"{address} {headers}: {answer.status_code}"
            assert "Hello from" not in answer.text
        page = await client.get(base + "hello", headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
        assert page.status_code in (302, 303)
        assert page.headers["location"].startswith(carrel.hub)


async def test_beyond_the_limit_people_queue_and_are_served_as_others_leave(carrel: Carrel) -> None:
    await carrel.warm("narrow", 2)
    claims = [
        await carrel.claim("narrow", person.token, expect=(201, 202)) for person in await people(carrel, 5)
    ]
    async with carrel.api() as api:

        async def is_full() -> bool:
            return bool((await api.get(f"/claims/{claims[2]['id']}")).json()["state"] == "held")

        await eventually("the third is served by a start", is_full)
        assert (await api.get(f"/claims/{claims[3]['id']}")).json()["position"] == 1
        assert (await api.get(f"/claims/{claims[4]['id']}")).json()["position"] == 2
        assert (await api.delete(f"/claims/{claims[0]['id']}")).status_code in (200, 204)

        async def is_served() -> bool:
            return bool((await api.get(f"/claims/{claims[3]['id']}")).json()["state"] == "held")

        await eventually("the next in line is served after a release", is_served)
        assert (await api.get(f"/claims/{claims[4]['id']}")).json()["position"] == 1
        for claim in claims:
            await api.delete(f"/claims/{claim['id']}")


async def test_ten_people_at_once_get_ten_workspaces_that_were_warm(carrel: Carrel) -> None:
    await carrel.warm("wide", 10)
    async with carrel.api() as api:
        warm = {row["id"] for row in (await api.get("/workspaces", params={"limit": 100})).json()["items"]}
    claims = await asyncio.gather(
        *(carrel.claim("wide", person.token) for person in await people(carrel, 10))
    )
    given = {claim["workspace"]["id"] for claim in claims}
    assert len(given) == 10
    assert given <= warm


async def test_websockets_pass_and_a_second_person_cannot_open_one(carrel: Carrel) -> None:
    await carrel.warm("small", 1)
    alice, bob = await people(carrel, 2)
    base = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
    async with open_socket(carrel, base + "echo", alice.token) as socket:
        await socket.send("over and over")
        assert await socket.recv() == "over and over"
    with pytest.raises(websockets.InvalidStatus) as refused:
        await open_socket(carrel, base + "echo", bob.token).__aenter__()
    assert refused.value.response.status_code == 403


def open_socket(carrel: Carrel, address: str, token: str, **more: object) -> websockets.connect:
    """As a script opens one: with a token, to a name that this machine answers to."""
    url = httpx.URL(address)
    return websockets.connect(
        str(url.copy_with(scheme="ws")),
        host="127.0.0.1",
        port=carrel.workspaces_port,
        additional_headers={"Authorization": f"Bearer {token}"},
        **more,  # type: ignore[arg-type]
    )
