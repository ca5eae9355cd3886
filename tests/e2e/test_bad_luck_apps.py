"""Recipes that cannot work, and apps that do not: whoever waits is told why, nobody else notices, and nothing starts for ever."""

import asyncio
import contextlib
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psutil
import pytest

from carrel.domain.workspace import Phase

from .running import Carrel, PersonWithToken, eventually, running, small_config
from .unlucky import no_accidents

SICK = (
    "import sys, http.server as h\n"
    "class Sick(h.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_error(500)\n"
    "    def log_message(self, *told): pass\n"
    "h.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Sick).serve_forever()\n"
)
BROKEN = {
    "missing": ["/nowhere/app", "{port}"],
    "unnamed": ["no-such-program-anywhere"],
    "mute": [sys.executable, "-c", "import time; time.sleep(1000)"],
    "dying": ["/bin/sh", "-c", "echo I cannot find my keys; exit 7"],
    "sick": [sys.executable, "-c", SICK, "{host}", "{port}"],
}
"""Pool and template → its command."""
REFILLED = ("missing", "dying")
"""Those that would be started even if nobody asked."""


def _config() -> str:
    tables = ['[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 8\nper_user = 4\n']
    for name, command in BROKEN.items():
        warm = 2 if name in REFILLED else 0
        tables.append(f'[templates.{name}]\ntitle = "{name}"\ncommand = {_toml(command)}\nready = "ready"\n')
        tables.append(
            f'[pools.{name}]\ntemplate = "{name}"\nbackend = "local"\nwarm = {warm}\nlimit = 4\nstart_timeout = "3s"\n'
        )
    return small_config("\n".join(tables))


def _toml(words: list[str]) -> str:
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for word in words)
    return "[" + ", ".join(f'"{word}"' for word in quoted) + "]"


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Carrel]:
    async with running(tmp_path_factory.mktemp("apps"), _config()) as carrel:
        yield carrel


@pytest.fixture
def carrel(shared: Carrel) -> Iterator[Carrel]:
    yield shared
    no_accidents(shared)


async def _newcomer(carrel: Carrel, name: str) -> PersonWithToken:
    """Also where a test is run once more."""
    return await carrel.person(f"{name}-{secrets.token_hex(3)}")


async def _told_while_waiting(carrel: Carrel, person: PersonWithToken, pool: str) -> str:
    """The first thing they are told besides that they wait."""
    claim = await carrel.claim(pool, person.token, expect=[202])
    async with carrel.api(person.token) as api:

        async def delay() -> str:
            events = (await api.get(f"/claims/{claim['id']}/events")).json()["items"]
            return next((event["sentence"] for event in events if event["kind"] == "delayed"), "")

        sentence = await eventually("they are told what is wrong", delay, 75)
        assert (await api.get(f"/claims/{claim['id']}")).json()["state"] == "waiting", "they keep their place"
        await api.delete(f"/claims/{claim['id']}")
    return str(sentence)


async def _all_of(carrel: Carrel, pool: str) -> list[dict[str, Any]]:
    """Every workspace there ever was in it, newest first."""
    every = {"pool": pool, "limit": 200, "phase": [phase.value for phase in Phase]}
    async with carrel.api() as api:
        return list((await api.get("/workspaces", params=every)).json()["items"])


async def _reasons(carrel: Carrel, pool: str) -> set[str]:
    return {row["reason"] for row in await _all_of(carrel, pool) if row["phase"] in ("failed", "gone")}


async def _printed(carrel: Carrel, workspace: str) -> list[str]:
    async with carrel.api() as api:
        events = (await api.get(f"/workspaces/{workspace}/events")).json()["items"]
    return [event["sentence"] for event in events if event["kind"] == "printed"]


LEFT_THE_QUEUE = "The pool wants fewer ready workspaces, and nobody held this one."
EXPECTED = {
    "missing": 'The program "/nowhere/app" was not found: install it or change templates.missing.command.',
    "unnamed": 'The program "no-such-program-anywhere" was not found on PATH',
    "mute": "It did not answer within 3 seconds of its start.",
    "dying": "with exit status 7.",
    "sick": "It did not answer within 3 seconds of its start.",
}


async def test_whoever_waits_for_what_cannot_start_is_told_why_and_so_is_the_operator(carrel: Carrel) -> None:
    people = {pool: await _newcomer(carrel, f"waits-for-{pool}") for pool in BROKEN}
    told = await asyncio.gather(
        *(_told_while_waiting(carrel, person, pool) for pool, person in people.items())
    )
    for pool, sentence in zip(people, told, strict=True):
        assert sentence.startswith("A workspace could not be started; it is tried again. "), sentence
        assert EXPECTED[pool] in sentence
        reasons = await eventually(f"{pool} failed", lambda pool=pool: _reasons(carrel, pool))
        assert all(EXPECTED[pool] in reason for reason in reasons - {LEFT_THE_QUEUE}), reasons


async def test_what_an_app_printed_before_it_died_outlives_it(carrel: Carrel) -> None:
    async def last_words() -> list[str]:
        gone = [row["id"] for row in await _all_of(carrel, "dying") if row["phase"] == "gone"]
        return await _printed(carrel, gone[0])

    assert await eventually("one died", last_words) == ["Its app printed last: I cannot find my keys"]


async def test_what_cannot_start_is_tried_ever_more_rarely(carrel: Carrel) -> None:
    """Two at once at first, then after 2, 4 and 8 seconds, then one at a time."""
    before = {pool: len(await _all_of(carrel, pool)) for pool in REFILLED}
    await asyncio.sleep(5)
    for pool in REFILLED:
        during = len(await _all_of(carrel, pool)) - before[pool]
        assert during <= 4, f"{pool} was started {during} times within 5 s"
        assert (await carrel.pool(pool))["counts"]["starting"] <= 2


async def test_nobody_else_notices(carrel: Carrel) -> None:
    alice = await _newcomer(carrel, "alice")
    for _ in range(3):
        await carrel.warm("small", 1)
        began = time.monotonic()
        claim = await carrel.claim("small", alice.token)
        assert time.monotonic() - began < 20
        async with carrel.api(alice.token) as api:
            assert (await api.delete(f"/claims/{claim['id']}")).status_code == 200


async def test_nothing_of_what_failed_is_left_running(carrel: Carrel) -> None:
    async def clean() -> bool:
        live = {row["id"] for pool in BROKEN for row in await _all_of(carrel, pool) if row["phase"] != "gone"}
        slots = {slot.name for slot in (carrel.state / "slots").iterdir() if slot.is_dir()}
        gone = {row["id"] for pool in BROKEN for row in await _all_of(carrel, pool)} - live
        return not slots & gone

    await eventually("slots of what is gone are removed", clean)


async def test_a_stopped_workspace_is_passed_over_and_another_one_is_given(carrel: Carrel) -> None:
    """SIGSTOP: it has its port and takes connections, but never answers. Two people come, so one of them is given it."""
    people = [await _newcomer(carrel, name) for name in ("bob", "carol")]
    await carrel.warm("small", 2)
    async with carrel.api() as api:
        rows = (await api.get("/workspaces", params={"pool": "small", "phase": "ready"})).json()["items"]
    chosen = next(row["id"] for row in rows if row["owner"] is None)
    stopped = _app_of(carrel, chosen)
    stopped.send_signal(signal.SIGSTOP)
    try:
        await asyncio.gather(*(_is_served_by_another(carrel, person, chosen) for person in people))
        await eventually("the stopped one is ended", lambda: not stopped.is_running())

        async def is_told() -> bool:
            return "It was running but did not answer." in await _reasons(carrel, "small")

        await eventually("the reason stands in its history", is_told)
    finally:
        with contextlib.suppress(psutil.Error):
            stopped.send_signal(signal.SIGCONT)


async def _is_served_by_another(carrel: Carrel, person: PersonWithToken, stopped: str) -> None:
    claim = await carrel.claim("small", person.token, expect=(201, 202))
    async with carrel.api(person.token) as api, carrel.browserless() as client:

        async def inside() -> bool:
            told = (await api.get(f"/claims/{claim['id']}")).json()
            if told["state"] != "held" or told["workspace"]["id"] == stopped:
                return False
            answer = await client.get(
                told["workspace"]["url"], headers={"Authorization": f"Bearer {person.token}"}
            )
            return answer.status_code == 200

        await eventually(f"{person.name} is in", inside)
        await api.delete(f"/claims/{claim['id']}")


async def test_an_app_killed_while_it_is_being_claimed_is_replaced_unnoticed(carrel: Carrel) -> None:
    """Killed before, during and after the hand-over: what a person is given answers, or they learn why it does not."""
    for number in range(3):
        person = await _newcomer(carrel, f"killed{number}")
        await carrel.warm("small", 2)
        asked = asyncio.create_task(carrel.claim("small", person.token, expect=(201, 202)))
        await asyncio.sleep(number * 0.006)
        async with carrel.api() as api:
            rows = (await api.get("/workspaces", params={"pool": "small", "phase": "ready"})).json()["items"]
        oldest = min(rows, key=lambda row: row["created_at"])
        with contextlib.suppress(psutil.Error, StopIteration):
            _app_of(carrel, oldest["id"]).kill()
        claim = await asked
        async with carrel.api(person.token) as api:

            async def served(api: Any = api, claim: Any = claim, person: Any = person) -> bool:
                told = (await api.get(f"/claims/{claim['id']}")).json()
                if told["state"] == "released":
                    return "SIGKILL" in told["workspace"]["reason"]
                async with carrel.browserless() as client:
                    answer = await client.get(
                        told["workspace"]["url"], headers={"Authorization": f"Bearer {person.token}"}
                    )
                return answer.status_code == 200

            await eventually("they are in, or know why not", served)
            await api.delete(f"/claims/{claim['id']}")


def _app_of(carrel: Carrel, workspace: str) -> psutil.Process:
    """Not its keeper, who stands beside it."""
    return next(
        process
        for process in carrel.processes()
        if any(f"/w/{workspace}/" in word for word in process.cmdline())
        and not any("keeper.py" in word for word in process.cmdline())
    )
