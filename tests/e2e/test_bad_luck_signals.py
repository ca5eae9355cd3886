"""Killed at the worst moment, or told to end more often than once: nothing doubled, nothing left over, nobody cut off."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from .browserless import signed_in
from .running import Carrel, PersonWithToken, eventually, free_ports, prepared, small_config
from .unlucky import no_accidents, refused

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 8\nper_user = 8\n'
PEOPLE, NAMES, LIMIT = 2, 7, 8
_NUMBERS = count()


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Carrel]:
    """One place for all, in whatever state the test before left it: what ends one test is where the next one begins."""
    carrel = prepared(tmp_path_factory.mktemp("signals"), small_config(POOL))
    yield carrel
    await carrel.kill_all()


@pytest.fixture
async def carrel(place: Carrel) -> AsyncIterator[Carrel]:
    """Running, and nobody holds anything."""
    if not _runs(place):
        await place.start()
    async with place.api() as api:
        for claim in (await api.get("/claims", params={"limit": 100})).json()["items"]:
            if claim["state"] in ("held", "waiting"):
                await api.delete(f"/claims/{claim['id']}")
    await place.warm("small", 2)
    yield place
    no_accidents(place)


def _runs(carrel: Carrel) -> bool:
    return carrel.process is not None and carrel.process.returncode is None


async def _somebody(carrel: Carrel) -> PersonWithToken:
    return await carrel.person(f"person{next(_NUMBERS)}")


def _tell(carrel: Carrel, number: signal.Signals) -> None:
    assert carrel.process is not None
    with contextlib.suppress(ProcessLookupError):
        carrel.process.send_signal(number)


async def _said_at_the_end(carrel: Carrel) -> str:
    said = "\n".join(carrel.lines)
    assert "Traceback" not in said, said
    return said


async def test_two_starts_at_once_in_one_new_place_are_one_carrel(place: Carrel, tmp_path: Path) -> None:
    """The one that came up is where the others of this module begin."""
    first = place if place.process is None else prepared(tmp_path, small_config(POOL))
    second = Carrel(first.state, *free_ports(2), config=first.config, token=first.token)
    try:
        await asyncio.gather(first.launch(), second.launch())
        outcomes = await asyncio.gather(*(_outcome(carrel) for carrel in (first, second)))
        assert set(outcomes) == {6, None}
        assert not any("Traceback" in line for carrel in (first, second) for line in carrel.lines)
        if outcomes[0] is not None:
            first.process, first.lines = second.process, second.lines
            first.port, first.workspaces_port = second.port, second.workspaces_port
    finally:
        if first is not place or not _runs(first):
            await first.kill_all()
            await second.kill_all()


async def _outcome(carrel: Carrel) -> int | None:
    """None when it came up; else its exit status."""
    try:
        await carrel.line_with("Sign in as admin", 30)
    except AssertionError:
        return await carrel.ended()
    return None


async def test_sigterm_again_and_again_is_heard_once_and_cuts_nobody_off(carrel: Carrel) -> None:
    alice = await _somebody(carrel)
    base = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
    visitor = await signed_in(carrel, alice)
    await visitor.enter(base)
    for _ in range(5):
        _tell(carrel, signal.SIGTERM)
        await asyncio.sleep(0.02)
    assert await carrel.ended() == 0
    await _said_at_the_end(carrel)
    assert (await visitor.get(base + "hello")).status_code == 200
    await carrel.start()
    assert any("goes on; nobody was cut off" in line for line in carrel.lines)
    assert (await carrel.claim("small", alice.token, expect=[200]))["workspace"]["base_url"] == base
    assert (await visitor.get(base + "hello")).status_code == 200


async def test_an_impatient_second_ctrl_c_leaves_a_state_that_the_next_start_repairs(carrel: Carrel) -> None:
    alice = await _somebody(carrel)
    held = await carrel.claim("small", alice.token)
    await carrel.warm("small", 2)
    _tell(carrel, signal.SIGINT)
    await asyncio.sleep(0.05)
    _tell(carrel, signal.SIGINT)
    await carrel.ended()
    await _said_at_the_end(carrel)
    await carrel.start()
    await carrel.warm("small", 2)
    async with carrel.api(alice.token) as api:
        told = (await api.get(f"/claims/{held['id']}")).json()
        assert told["state"] in ("held", "released")
        claim = await carrel.claim("small", alice.token, expect=(200, 201))
        assert (claim["id"] == held["id"]) == (told["state"] == "held")
    await _nothing_is_left_over(carrel)


async def test_kill_9_amid_many_claims_doubles_nothing_and_leaves_nothing_over(carrel: Carrel) -> None:
    people = [await _somebody(carrel) for _ in range(PEOPLE)]
    crowd = [(person, f"name{number}") for person in people for number in range(NAMES)]
    asking = [asyncio.create_task(_asked(carrel, *each)) for each in crowd]
    await eventually("some are answered", lambda: sum(task.done() for task in asking) >= 3, every=0.001)
    _tell(carrel, signal.SIGKILL)
    before = [claim for claim in await asyncio.gather(*asking) if claim is not None]
    assert carrel.process is not None
    await carrel.process.wait()
    await carrel.start()
    found = await asyncio.gather(*(_asked(carrel, *each) for each in crowd))
    claims = [claim for claim in found if claim is not None]
    assert len({claim["id"] for claim in claims}) == len(crowd)
    kept = {claim["id"] for claim in before}
    assert kept <= {claim["id"] for claim in claims}, "what was answered is still true"

    async def full() -> bool:
        counts = (await carrel.pool("small"))["counts"]
        return bool((counts["claimed"], counts["waiting"]) == (LIMIT, len(crowd) - LIMIT))

    await eventually("the pool is as full as it may be", full, 40)
    async with carrel.api() as api:
        held = (await api.get("/claims", params={"state": "held", "limit": 100})).json()["items"]
    given = [claim["workspace"]["id"] for claim in held]
    assert len(given) == len(set(given)) == LIMIT
    await asyncio.gather(*(_lets_in(carrel, crowd, claims, claim) for claim in held))
    await _nothing_is_left_over(carrel)


async def _asked(carrel: Carrel, person: PersonWithToken, name: str) -> dict[str, Any] | None:
    """None where no answer came, or one that promises nothing."""
    try:
        async with carrel.api(person.token) as api:
            answer = await api.post("/claims", json={"pool": "small", "name": name})
    except httpx.HTTPError:
        return None
    return dict(answer.json()) if answer.status_code < 300 else None


async def _lets_in(
    carrel: Carrel,
    crowd: list[tuple[PersonWithToken, str]],
    claims: list[dict[str, Any]],
    claim: dict[str, Any],
) -> None:
    owner = next(person for (person, _), own in zip(crowd, claims, strict=True) if own["id"] == claim["id"])

    async def inside() -> bool:
        async with carrel.browserless() as client:
            answer = await client.get(
                claim["workspace"]["url"], headers={"Authorization": f"Bearer {owner.token}"}
            )
        return answer.status_code == 200

    await eventually(f"{owner.name} is let in", inside)


async def _nothing_is_left_over(carrel: Carrel) -> None:
    """As many slots and keepers as there are workspaces, and one for each."""

    async def tidy() -> bool:
        async with carrel.api() as api:
            rows = (await api.get("/workspaces", params={"limit": 200})).json()["items"]
        live = {row["id"] for row in rows if row["phase"] != "gone"}
        slots = {slot.name for slot in (carrel.state / "slots").iterdir() if slot.is_dir()}
        apps = [
            word.split("/w/")[1].rstrip("/")
            for process in carrel.processes()
            for word in process.cmdline()
            if word.startswith("/w/") and not any("keeper.py" in other for other in process.cmdline())
        ]
        return slots == live and sorted(apps) == sorted(live)

    await eventually("as many slots and apps as workspaces", tidy, 30)


async def test_changed_ports_are_not_taken_over_behind_the_backs_of_those_inside(carrel: Carrel) -> None:
    """Envoy outlives Carrel, with its ports. Only who says so moves it, and is told what that costs."""
    alice = await _somebody(carrel)
    before = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
    visitor = await signed_in(carrel, alice)
    await visitor.enter(before)
    assert await carrel.signal(signal.SIGTERM) == 0
    carrel.port, carrel.workspaces_port = free_ports(2)
    refusal = await refused(carrel)
    assert refusal.status == 6
    assert "--restart-dataplane" in refusal.said
    assert (await visitor.get(before + "hello")).status_code == 200, "nobody was cut off"
    await carrel.start("--restart-dataplane")
    after = (await carrel.claim("small", alice.token, expect=[200]))["workspace"]["base_url"]
    assert after.split("/")[4] == before.split("/")[4], "the same workspace, at another port"
    async with carrel.browserless() as client:
        moved = await client.get(after + "hello", headers={"Authorization": f"Bearer {alice.token}"})
    assert moved.status_code == 200


async def test_told_to_end_while_it_still_starts_it_ends(place: Carrel) -> None:
    if _runs(place):
        await place.signal(signal.SIGINT)
    for number, as_soon_as in ((signal.SIGINT, "envoy.pid"), (signal.SIGTERM, "hub.sock")):
        (place.state / "run" / as_soon_as).unlink(missing_ok=True)
        await place.launch()
        await eventually(f"{as_soon_as} is there", (place.state / "run" / as_soon_as).exists, every=0.005)
        _tell(place, number)
        await place.ended()
        await _said_at_the_end(place)
        if number is signal.SIGINT:
            await eventually("nothing is left running", lambda: not place.processes(), 10)
    await place.start()
    await place.warm("small", 2)
    await _nothing_is_left_over(place)
    no_accidents(place)
