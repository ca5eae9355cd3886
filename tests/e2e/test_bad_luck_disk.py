"""A disk without a byte left: clear answers, nothing that was confirmed lost, and everything works again once there is room."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .browserless import signed_in
from .running import Carrel, eventually, prepared, small_config
from .unlucky import full, no_accidents, refused, small_disk

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 8\n'
MEGABYTES = 24


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    with small_disk(tmp_path / "disk", MEGABYTES) as place:
        yield place


@pytest.fixture
async def carrel(disk: Path) -> AsyncIterator[Carrel]:
    carrel = prepared(disk, small_config(POOL))
    try:
        await carrel.start()
        await carrel.warm("small", 2)
        yield carrel
    finally:
        await carrel.kill_all()
    no_accidents(carrel)


def _is_clear(answer: httpx.Response) -> bool:
    """Either it was done, or one is told what is the matter; never a mistake of ours."""
    if answer.status_code < 300:
        return True
    told = answer.json()
    assert answer.status_code == 503, answer.text
    assert told["code"] == "unavailable"
    assert "full" in told["detail"], told
    assert "retry-after" in answer.headers
    return False


async def test_while_the_disk_is_full_everybody_is_told_and_afterwards_everything_works(
    carrel: Carrel, disk: Path
) -> None:
    alice, bob = await carrel.person("alice"), await carrel.person("bob")
    held = await carrel.claim("small", alice.token)
    inside = await signed_in(carrel, alice)
    await inside.enter(held["workspace"]["base_url"])
    await carrel.warm("small", 2)
    with full(disk):
        answers = await _everything_is_asked(carrel, held, alice.token, bob.token)
        assert any(not _is_clear(answer) for answer in answers), "so full that something could not be written"
        async with carrel.api(alice.token) as api:
            assert (await api.get(f"/claims/{held['id']}")).json()["state"] == "held", "reading goes on"
            health = await api.get(f"{carrel.hub}health/live")
            assert health.status_code == 200
        page = await inside.get(held["workspace"]["base_url"] + "hello")
        assert page.status_code == 200, "whoever is inside goes on working"
    async with carrel.api(alice.token) as api:
        assert (await api.get(f"/claims/{held['id']}")).json()["state"] == "held", "nothing confirmed is lost"
    again = await eventually(
        "claims are served again", lambda: carrel.claim("small", bob.token, (200, 201)), 75
    )
    assert again["workspace"] is not None
    async with carrel.api(alice.token) as api:
        assert (await api.delete(f"/claims/{held['id']}")).status_code == 200
    await carrel.warm("small", 2, within=75)
    await eventually("what was released is removed", lambda: _slots(carrel) == 3)
    counts = (await carrel.pool("small"))["counts"]
    assert (counts["ready"], counts["claimed"], counts["failed"], counts["waiting"]) == (2, 1, 0, 0)
    await inside.aclose()


async def _everything_is_asked(
    carrel: Carrel, held: dict[str, Any], alice: str, bob: str
) -> list[httpx.Response]:
    answers = []
    for number in range(4):
        async with carrel.api(bob) as api:
            answers.append(await api.post("/claims", json={"pool": "small", "name": "default"}))
            answers.append(
                await api.post(
                    "/claims", json={"pool": "small"}, headers={"Idempotency-Key": f"while-full-{number}"}
                )
            )
        async with carrel.api() as api:
            answers.append(
                await api.post("/users", json={"name": f"late{number}", "password": "a long enough password"})
            )
            answers.append(await api.post(f"/workspaces/{held['workspace']['id']}/extend"))
        await asyncio.sleep(0.3)
    return answers


def _slots(carrel: Carrel) -> int:
    return sum(1 for slot in (carrel.state / "slots").iterdir() if slot.is_dir())


async def test_a_release_while_the_disk_is_full_is_done_or_said_not_to_be(carrel: Carrel, disk: Path) -> None:
    alice = await carrel.person("alice")
    held = await carrel.claim("small", alice.token)
    await carrel.warm("small", 2)
    with full(disk):
        async with carrel.api(alice.token) as api:
            answers = [await api.delete(f"/claims/{held['id']}") for _ in range(5)]
            done = [answer for answer in answers if _is_clear(answer)]
            state = (await api.get(f"/claims/{held['id']}")).json()["state"]
        assert state == ("released" if done else "held"), "what was answered is what is true"
    async with carrel.api(alice.token) as api:
        assert (await api.delete(f"/claims/{held['id']}")).json()["state"] == "released"
    await carrel.warm("small", 2, within=75)


async def test_a_start_on_a_full_disk_says_so_and_the_next_one_succeeds(disk: Path) -> None:
    carrel = prepared(disk, small_config(POOL))
    try:
        with full(disk):
            refusal = await refused(carrel)
        assert refusal.status == 8, refusal
        assert "No space left on device" in refusal.said or "is full" in refusal.said, refusal.said
        await carrel.start()
        await carrel.warm("small", 2)
    finally:
        await carrel.kill_all()
    no_accidents(carrel)
