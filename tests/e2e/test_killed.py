"""Nothing that dies takes the others along: the control plane, Envoy, an app."""

import os
import signal
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from .browserless import Visitor, signed_in
from .running import Carrel, PersonWithToken, eventually, running, small_config
from .test_first_minutes import open_socket

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 12\n'
KINDS = ("ready", "claimed", "failed")
_NUMBERS = count()


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Carrel]:
    async with running(tmp_path_factory.mktemp("killed"), small_config(POOL)) as carrel:
        yield carrel


@pytest.fixture
async def carrel(shared: Carrel) -> Carrel:
    """Running, whatever the test before did to it, and with somebody new to come."""
    if shared.process is None or shared.process.returncode is not None:
        await shared.start()
    await shared.warm("small", 2)
    return shared


@pytest.fixture
async def alice(carrel: Carrel) -> PersonWithToken:
    return await carrel.person(f"alice-{next(_NUMBERS)}")


async def test_kill_9_of_the_control_plane_cuts_nobody_off(carrel: Carrel, alice: PersonWithToken) -> None:
    bob = await carrel.person(f"bob-{next(_NUMBERS)}")
    base = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
    bobs = (await carrel.claim("small", bob.token))["workspace"]["base_url"]
    await carrel.warm("small", 2)
    before = {process.pid for process in carrel.processes()}
    counts = (await carrel.pool("small"))["counts"]
    inside = await signed_in(carrel, alice)
    gone = await signed_in(carrel, bob)
    await inside.enter(base)
    await gone.enter(bobs)
    await gone.sign_out()
    async with open_socket(carrel, base + "echo", alice.token) as socket:
        assert carrel.process is not None
        carrel.process.kill()
        await carrel.process.wait()
        for number in range(20):
            await socket.send(str(number))
            assert await socket.recv() == str(number)
            answer = await inside.get(base + "hello")
            assert answer.status_code == 200, f"request {number} of somebody inside: {answer.status_code}"
        stranger = await Visitor(carrel).get(base + "hello")
        assert stranger.status_code == 503
        by_token = await Visitor(carrel).get(base + "hello", headers={"Authorization": f"Bearer {bob.token}"})
        assert by_token.status_code == 503
        await _grace_is_given_to_nobody_who_does_not_have_it(inside, base, gone, bobs)

        await carrel.start()
        await socket.send("still here")
        assert await socket.recv() == "still here"
        again = await carrel.claim("small", alice.token, expect=[200])
        assert again["workspace"]["base_url"] == base
        await carrel.warm("small", 2)
        after = (await carrel.pool("small"))["counts"]
        assert [after[kind] for kind in KINDS] == [counts[kind] for kind in KINDS]
        assert carrel.process is not None
        left = {process.pid for process in carrel.processes()} - {carrel.process.pid}
        assert left >= {pid for pid in before if _is_app(carrel, pid)}, (
            "what ran before was adopted, not started again"
        )
    await inside.aclose()
    await gone.aclose()


async def _grace_is_given_to_nobody_who_does_not_have_it(
    inside: Visitor, own: str, gone: Visitor, theirs: str
) -> None:
    """Ticket and grace of another door, of somebody who signed out, or in one another's place."""
    carrel = inside.carrel
    ticket, grace = _cookie(inside, "carrel-ticket"), _cookie(inside, "carrel-grace")
    kept = {"ticket": _cookie(gone, "carrel-ticket"), "grace": _cookie(gone, "carrel-grace")}
    assert await _status(carrel, own, grace=grace) == 200, "grace lets in whoever was in"
    assert await _status(carrel, own, ticket=ticket) == 200
    assert await _status(carrel, own, grace=ticket) == 503, "a ticket is no grace"
    assert await _status(carrel, own, ticket=grace) == 503, "a grace is no ticket"
    assert await _status(carrel, theirs, grace=grace, ticket=ticket) in (403, 503), "another door"
    assert await _status(carrel, theirs, **kept) == 503, "a sign-out holds while the control plane is away"
    assert await _status(carrel, own, grace=grace[:-6] + "AAAAAA") == 503, "broken"
    page = await Visitor(carrel).navigate(own + "hello")
    assert page.status_code == 503
    assert "comes again by itself" in page.text


def _cookie(visitor: Visitor, name: str) -> str:
    return next(value for (_, _, found), value in visitor.cookies.items() if found == name)


async def _status(carrel: Carrel, base: str, **cookies: str) -> int:
    text = "; ".join(f"carrel-{name}={value}" for name, value in cookies.items())
    async with carrel.browserless() as client:
        answer = await client.get(base + "hello", headers={"Cookie": text})
    assert ("Hello from" in answer.text) == (answer.status_code == 200)
    return answer.status_code


def _is_app(carrel: Carrel, pid: int) -> bool:
    return any(
        process.pid == pid and "small_app" in " ".join(process.cmdline()) for process in carrel.processes()
    )


async def test_kill_9_of_envoy_it_is_back_by_itself(carrel: Carrel, alice: PersonWithToken) -> None:
    base = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
    first = carrel.envoy_pid()
    os.kill(first, signal.SIGKILL)

    async def serves() -> bool:
        async with carrel.browserless() as client:
            answer = await client.get(base + "hello", headers={"Authorization": f"Bearer {alice.token}"})
        return answer.status_code == 200 and carrel.envoy_pid() != first

    await eventually("Envoy serves again", serves)


async def test_kill_9_of_an_app_its_owner_sees_why_and_gets_another(
    carrel: Carrel, alice: PersonWithToken
) -> None:
    held = await carrel.claim("small", alice.token)
    base = held["workspace"]["base_url"]
    async with carrel.browserless() as client:
        answer = await client.get(base + "die", headers={"Authorization": f"Bearer {alice.token}"})
    assert answer.status_code in (502, 503), "the request that it died on"
    async with carrel.api(alice.token) as api:

        async def is_told() -> dict[str, Any] | None:
            told = (await api.get(f"/claims/{held['id']}")).json()
            return told if told["state"] == "released" else None

        told = await eventually("the claim of a crashed workspace ends", is_told)
        assert "exit status 3" in told["workspace"]["reason"]
        another = await carrel.claim("small", alice.token)
    assert another["workspace"]["id"] != held["workspace"]["id"]

    async def inside() -> bool:
        """Its files have come over from the other one."""
        async with carrel.browserless() as client:
            answer = await client.get(
                another["workspace"]["url"], headers={"Authorization": f"Bearer {alice.token}"}
            )
        return answer.status_code == 200

    await eventually("they are in again", inside)
