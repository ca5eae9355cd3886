"""Killed at the worst moment, or told to end more often than once: nothing doubled, nothing left over, nobody cut off."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .browserless import Visitor, signed_in
from .running import Carrel, PersonWithToken, eventually, free_ports, prepared, running, small_config
from .unlucky import QUIET_LAB, no_accidents, refused

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 8\n'
CROWD, LIMIT = 14, 8


@pytest.fixture
async def carrel(tmp_path: Path) -> AsyncIterator[Carrel]:
    async with running(tmp_path, small_config(POOL)) as carrel:
        await carrel.warm("small", 2)
        yield carrel
    no_accidents(carrel)


def _tell(carrel: Carrel, number: signal.Signals) -> None:
    assert carrel.process is not None
    with contextlib.suppress(ProcessLookupError):
        carrel.process.send_signal(number)


async def _said_at_the_end(carrel: Carrel) -> str:
    said = "\n".join(carrel.lines)
    assert "Traceback" not in said, said
    return said


async def test_sigterm_again_and_again_is_heard_once_and_cuts_nobody_off(carrel: Carrel) -> None:
    alice = await carrel.person("alice")
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
    assert (await carrel.claim("small", alice.token, expect=[200]))["workspace"]["base_url"] == base
    assert (await visitor.get(base + "hello")).status_code == 200


async def test_an_impatient_second_ctrl_c_leaves_a_state_that_the_next_start_repairs(carrel: Carrel) -> None:
    alice = await carrel.person("alice")
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


@pytest.mark.parametrize(
    ("number", "as_soon_as"),
    [(signal.SIGTERM, "hub.sock"), (signal.SIGINT, "envoy.pid")],
)
async def test_told_to_end_while_it_still_starts_it_ends(
    tmp_path: Path, number: signal.Signals, as_soon_as: str
) -> None:
    carrel = prepared(tmp_path, small_config(POOL))
    try:
        await carrel.launch()
        await eventually(f"{as_soon_as} is there", (carrel.state / "run" / as_soon_as).exists)
        _tell(carrel, number)
        await carrel.ended()
        await _said_at_the_end(carrel)
        if number is signal.SIGINT:
            await eventually("nothing is left running", lambda: not carrel.processes(), 10)
        await carrel.start()
        await carrel.warm("small", 2)
        await _nothing_is_left_over(carrel)
    finally:
        await carrel.kill_all()
    no_accidents(carrel)


async def test_two_starts_at_once_in_one_new_place_are_one_carrel(tmp_path: Path) -> None:
    first = prepared(tmp_path, QUIET_LAB)
    second = Carrel(first.state, *_other_ports(tmp_path), config=first.config)
    try:
        await asyncio.gather(first.launch(), second.launch())
        ends = [asyncio.create_task(_outcome(carrel)) for carrel in (first, second)]
        outcomes = await asyncio.gather(*ends)
        assert sorted(outcomes) == [6, None] if None not in outcomes else set(outcomes) == {6, None}
        assert not any("Traceback" in line for carrel in (first, second) for line in carrel.lines)
    finally:
        await first.kill_all()
        await second.kill_all()


async def _outcome(carrel: Carrel) -> int | None:
    """None when it came up; else its exit status."""
    try:
        await carrel.line_with("Sign in as admin", 30)
    except AssertionError:
        return await carrel.ended()
    return None


def _other_ports(tmp_path: Path) -> tuple[int, int]:
    fresh = prepared(tmp_path)
    return fresh.port, fresh.workspaces_port


async def test_kill_9_amid_many_claims_doubles_nothing_and_leaves_nothing_over(carrel: Carrel) -> None:
    people = [await carrel.person(f"person{number}") for number in range(CROWD)]
    asking = [asyncio.create_task(_asked(carrel, person)) for person in people]
    await asyncio.sleep(0.05)
    _tell(carrel, signal.SIGKILL)
    before = [claim for claim in await asyncio.gather(*asking) if claim is not None]
    assert carrel.process is not None
    await carrel.process.wait()
    await carrel.start()
    claims = await asyncio.gather(
        *(carrel.claim("small", person.token, expect=(200, 201, 202)) for person in people)
    )
    assert len({claim["id"] for claim in claims}) == CROWD
    kept = {claim["id"] for claim in before}
    assert kept <= {claim["id"] for claim in claims}, "what was answered is still true"

    async def full() -> bool:
        counts = (await carrel.pool("small"))["counts"]
        return bool((counts["claimed"], counts["waiting"]) == (LIMIT, CROWD - LIMIT))

    await eventually("the pool is as full as it may be", full, 40)
    async with carrel.api() as api:
        held = (await api.get("/claims", params={"state": "held", "limit": 100})).json()["items"]
    given = [claim["workspace"]["id"] for claim in held]
    assert len(given) == len(set(given)) == LIMIT
    await asyncio.gather(*(_lets_in(carrel, people, claims, claim) for claim in held))
    await _nothing_is_left_over(carrel)


async def _asked(carrel: Carrel, person: PersonWithToken) -> dict[str, Any] | None:
    """None where no answer came, or one that promises nothing."""
    try:
        async with carrel.api(person.token) as api:
            answer = await api.post("/claims", json={"pool": "small"})
    except httpx.HTTPError:
        return None
    return dict(answer.json()) if answer.status_code < 300 else None


async def _lets_in(
    carrel: Carrel, people: list[PersonWithToken], claims: list[dict[str, Any]], claim: dict[str, Any]
) -> None:
    owner = next(person for person, own in zip(people, claims, strict=True) if own["id"] == claim["id"])

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


async def test_while_carrel_is_away_grace_is_given_to_nobody_who_does_not_have_it(carrel: Carrel) -> None:
    """Ticket and grace of another door, of somebody who signed out, or in one another's place."""
    alice, bob = await carrel.person("alice"), await carrel.person("bob")
    own = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
    bobs = (await carrel.claim("small", bob.token))["workspace"]["base_url"]
    inside, gone = await signed_in(carrel, alice), await signed_in(carrel, bob)
    await inside.enter(own)
    await gone.enter(bobs)
    ticket, grace = _cookie(inside, "carrel-ticket"), _cookie(inside, "carrel-grace")
    kept = {"ticket": _cookie(gone, "carrel-ticket"), "grace": _cookie(gone, "carrel-grace")}
    await gone.sign_out()
    _tell(carrel, signal.SIGKILL)
    assert carrel.process is not None
    await carrel.process.wait()
    assert await _status(carrel, own, grace=grace) == 200
    assert await _status(carrel, own, ticket=ticket) == 200
    assert await _status(carrel, own, grace=ticket) == 503, "a ticket is no grace"
    assert await _status(carrel, own, ticket=grace) == 503, "a grace is no ticket"
    assert await _status(carrel, bobs, grace=grace, ticket=ticket) in (403, 503), "another door"
    assert await _status(carrel, bobs, **kept) == 503, "signed out"
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


async def test_changed_ports_are_not_taken_over_behind_the_backs_of_those_inside(carrel: Carrel) -> None:
    """Envoy outlives Carrel, with its ports. Only who says so moves it, and is told what that costs."""
    alice = await carrel.person("alice")
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


async def test_nobody_listening_to_what_it_prints_keeps_nobody_from_work(tmp_path: Path) -> None:
    """`carrel up | head -1`: the pipe is gone by the time there is something to say."""
    carrel = prepared(tmp_path, small_config(POOL))
    try:
        await carrel.launch()
        assert carrel.process is not None
        transport = getattr(carrel.process, "_transport").get_pipe_transport(1)  # noqa: B009 - asyncio has no other way to close it
        transport.close()
        await eventually("it serves", lambda: carrel.claim("small", expect=(200, 201)), 40)
        await asyncio.sleep(1)
        assert carrel.process.returncode is None, "it goes on"
        carrel.process.send_signal(signal.SIGINT)
        assert await carrel.process.wait() == 0
        assert not carrel.processes()
    finally:
        await carrel.kill_all()
    no_accidents(carrel)
