"""Waiting for a workspace in a terminal, in a pipe and in a program; and what ends the waiting but not the claim."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carrel.store import pools

House = Any
Shell = Any


async def queue(house: House) -> list[Any]:
    async with asyncio.timeout(30):
        while not (found := await house.waiting()):
            await asyncio.sleep(0.05)
    return list(found)


@asynccontextmanager
async def waiting(house: House, here: Shell, *words: str, **env: str) -> AsyncIterator[Any]:
    await house.pool()
    await house.person("ada")
    async with here.on_terminal("claim", "lab", "--user", "ada", *words, **env) as watched:
        await queue(house)
        yield watched


async def test_on_a_terminal_one_block_tells_place_and_steps(house: House, here: Shell) -> None:
    async with waiting(house, here) as watched:
        await watched.sees("lab: Place 1")
        await watched.sees("in the queue")
        await watched.sees("your place is kept for 2 min")
        assert "\x1b[1A" in watched.seen, "drawn over itself"
        [warm] = await house.warm()
        await house.assign()
        assert await watched.ended() == 0
    assert f"/w/{warm.id}/lab" in watched.seen


async def test_ctrl_c_says_how_to_come_back_and_how_to_leave(house: House, here: Shell) -> None:
    async with waiting(house, here) as watched:
        await watched.sees("Place 1")
        watched.process.send_signal(signal.SIGINT)
        assert await watched.ended() == 130
    [claim] = await house.waiting()
    said = " ".join(watched.seen.split())
    assert "Your place is kept for 2 min." in said
    assert "Come back: carrel claim lab --user ada" in said
    assert f"carrel claim release {claim.id}" in said
    assert "Traceback" not in said


async def test_how_long_the_place_is_kept_is_the_pools(house: House, here: Shell) -> None:
    pool = replace(await house.pool("slow"), watch_within=timedelta(minutes=10))
    await house.context.store.write(pools.put, pool, house.context.clock.now())
    await house.person("eve")
    async with here.on_terminal("claim", "slow", "--user", "eve", "--name", "two") as watched:
        await watched.sees("kept for 10 min")
        watched.process.send_signal(signal.SIGINT)
        assert await watched.ended() == 130
    assert "carrel claim slow --name two --user eve" in " ".join(watched.seen.split())


async def test_a_terminal_that_cannot_be_drawn_over_gets_lines(house: House, here: Shell) -> None:
    async with waiting(house, here, TERM="dumb") as watched:
        await watched.sees("Waiting: place 1")
        await watched.sees("A workspace is about to be started for you.")
        watched.process.kill()
        await watched.ended()
    assert "\x1b[1A" not in watched.seen


async def test_a_program_that_waits_is_told_nothing_but_the_end(house: House, here: Shell) -> None:
    await house.pool()
    await house.person("ada")
    running = asyncio.create_task(here.process("claim", "lab", "--user", "ada", "--json"))
    await queue(house)
    [warm] = await house.warm()
    await house.assign()
    ended = await running
    assert (ended.status, ended.err) == (0, "")
    assert ended.json["workspace"]["id"] == warm.id


async def test_a_claim_that_ends_says_why_and_what_to_do(house: House, here: Shell) -> None:
    await house.pool()
    await house.person("ada")
    running = asyncio.create_task(here.process("claim", "lab", "--user", "ada"))
    [claim] = await queue(house)
    await here.ok("claim", "release", claim.id)
    ended = await running
    assert (ended.status, ended.out) == (6, "")
    assert "Waiting for a free workspace." not in ended.err, (
        "that was before, and has its place in the events"
    )
    assert f"carrel claim events {claim.id}" in ended.err
    assert "Ask again: carrel claim lab --user ada" in ended.err


@pytest.mark.parametrize(("verb", "told"), [("pause", "is paused"), ("drain", "is drained")])
async def test_a_closed_pool_is_named_to_whoever_waits_for_it(
    house: House, here: Shell, verb: str, told: str
) -> None:
    await house.pool()
    await here.ok("pool", verb, "lab")
    await house.person("ada")
    async with here.on_terminal("claim", "lab", "--user", "ada", TERM="dumb") as watched:
        await watched.sees(told)
        await watched.sees("carrel pool resume lab")
