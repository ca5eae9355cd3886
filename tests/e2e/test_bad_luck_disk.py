"""A disk without a byte left: clear answers, nothing that was confirmed lost, and everything works again once there is room."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .browserless import signed_in
from .running import Carrel, eventually, prepared, small_config
from .unlucky import full, no_accidents, refused, small_disk

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 8\n'
MEGABYTES = 24


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(tmp_path_factory.mktemp("full") / "disk", MEGABYTES) as place:
        yield place


@pytest.fixture(scope="module")
async def place(disk: Path) -> AsyncIterator[Carrel]:
    """Not started yet, the first time."""
    carrel = prepared(disk, small_config(POOL))
    yield carrel
    await carrel.kill_all()


@pytest.fixture
async def carrel(place: Carrel) -> AsyncIterator[Carrel]:
    if place.process is None or place.process.returncode is not None:
        await place.start()
    await place.warm("small", 2)
    yield place
    no_accidents(place)


async def test_a_start_on_a_full_disk_says_so_and_the_next_one_succeeds(place: Carrel, disk: Path) -> None:
    await place.kill_all()
    with full(disk):
        refusal = await refused(place)
    assert refusal.status == 8, refusal
    assert "No space left on device" in refusal.said or "is full" in refusal.said, refusal.said
    await place.start()
    await place.warm("small", 2)
    no_accidents(place)


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
    alice, bob = [await carrel.person(f"{name}-{secrets.token_hex(3)}") for name in ("alice", "bob")]
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
    carol = await carrel.person(f"carol-{secrets.token_hex(3)}")
    held = await carrel.claim("small", carol.token)
    await carrel.warm("small", 2)
    with full(disk):
        async with carrel.api(carol.token) as api:
            answers = [await api.delete(f"/claims/{held['id']}") for _ in range(5)]
            done = [answer for answer in answers if _is_clear(answer)]
            state = (await api.get(f"/claims/{held['id']}")).json()["state"]
        assert state == ("released" if done else "held"), "what was answered is what is true"
    async with carrel.api(carol.token) as api:
        assert (await api.delete(f"/claims/{held['id']}")).json()["state"] == "released"
    await carrel.warm("small", 2, within=75)
