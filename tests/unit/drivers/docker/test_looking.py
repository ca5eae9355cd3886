"""What is asked of an engine about one container that ended, and what is made of it: events near its end, and whether the engine was away."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carrel.domain.ids import InstallationId, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.looking import Looking
from carrel.drivers.docker.showing import Listed
from carrel.ports.driver import DriverUnavailable, Instance, InstanceState

ID = WorkspaceId("w000000000000001")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


class Engine:
    """With one container, and the events it remembers."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {"StartedAt": NOON.isoformat(), "ExitCode": 0}
        self.is_running = True
        self.events: list[tuple[str, datetime]] = []
        self.network_made_at: datetime | None = NOON - timedelta(days=1)
        self.away: set[str] = set()
        self.asked = asyncio.Semaphore(0)
        """When it started, so many times."""
        self.answers = asyncio.Event()
        self.answers.set()

    def end(self, status: int, at: datetime, **state: Any) -> None:
        self.is_running = False
        self.state |= {"FinishedAt": at.isoformat(), "ExitCode": status, **state}

    async def look(self, path: str, **_: object) -> Any:
        self._answer(path)
        if path == "containers/json":
            state = "running" if self.is_running else "exited"
            return [{"Id": "c1", "State": state, "Labels": {"carrel.workspace": ID, "carrel.pool": "desk"}}]
        return {"State": self.state, "HostConfig": {}}

    async def call(self, _method: str, path: str, **_: object) -> Any:
        self._answer(path)
        self.asked.release()
        await self.answers.wait()
        return {"Created": self.network_made_at.isoformat()} if self.network_made_at else None

    async def stream(
        self, path: str, *, params: Mapping[str, Any], **_: object
    ) -> AsyncGenerator[bytes, None]:
        self._answer(path)
        assert path == "events"
        (wanted,) = json.loads(params["filters"])["event"]
        for action, at in self.events:
            if action == wanted and float(params["since"]) <= at.timestamp() <= float(params["until"]):
                yield json.dumps({"Action": action}).encode()

    def _answer(self, path: str) -> None:
        if path in self.away:
            raise DriverUnavailable("The engine is away.")


class Notes:
    def all(self) -> dict[WorkspaceId, Any]:
        return {}


class Starts:
    under_way: tuple[WorkspaceId, ...] = ()

    async def resume(self, notes: object) -> None:
        return

    def progress(self, _: WorkspaceId) -> None:
        return None


class Bench:
    def __init__(self) -> None:
        self.engine = Engine()
        parts: Any = self.engine, Owner(InstallationId("i000000000000000"), "engine"), Notes(), Starts()
        self.looking = Looking(*parts)

    async def shown(self) -> Instance:
        (only,) = await self.looking.all({})
        return only


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    assert (await made.shown()).state is InstanceState.RUNNING
    return made


@pytest.mark.parametrize(
    ("ran_out", "code"),
    [
        (LATER - timedelta(minutes=3), ReasonCode.KILLED),
        (LATER - timedelta(milliseconds=20), ReasonCode.OUT_OF_MEMORY),
        (LATER + timedelta(milliseconds=20), ReasonCode.OUT_OF_MEMORY),
    ],
)
async def test_memory_that_ran_out_ended_it_only_if_it_did_at_its_end(
    bench: Bench, ran_out: datetime, code: ReasonCode
) -> None:
    """An engine says for as long as a container lives that memory once ran out in it."""
    bench.engine.events.append(("oom", ran_out))
    bench.engine.end(137, LATER, OOMKilled=True)
    assert (await bench.shown()).code is code


@pytest.mark.parametrize("ran_out_long_before", [True, False])
async def test_who_was_stopped_by_its_engine_is_told_so_whatever_happened_in_it_before(
    bench: Bench, ran_out_long_before: bool
) -> None:
    bench.engine.events.append(("kill", LATER - timedelta(seconds=1)))
    bench.engine.end(137, LATER, OOMKilled=ran_out_long_before)
    shown = await bench.shown()
    assert shown.code is ReasonCode.ENGINE_RESTARTED
    assert shown.sentence is not None
    assert "or somebody there ended it" in shown.sentence


@pytest.mark.parametrize("network_made_at", [None, NOON - timedelta(days=1)])
async def test_what_an_engine_ended_as_it_came_back_was_ended_by_its_restart(
    bench: Bench, network_made_at: datetime | None
) -> None:
    """Also where the engine makes no network anew by which its start is known."""
    bench.engine.network_made_at = network_made_at
    bench.engine.away.add("containers/json")
    with pytest.raises(DriverUnavailable):
        await bench.shown()
    bench.engine.away.clear()
    bench.engine.events.append(("kill", LATER - timedelta(seconds=1)))
    bench.engine.end(137, LATER)
    for _ in range(2):
        shown = await bench.shown()
        assert shown.sentence is not None
        assert "was restarted" in shown.sentence


async def test_an_engine_that_was_away_is_not_blamed_for_what_ended_by_itself(bench: Bench) -> None:
    bench.engine.away.add("containers/json")
    with pytest.raises(DriverUnavailable):
        await bench.shown()
    bench.engine.away.clear()
    bench.engine.end(0, LATER)
    assert (await bench.shown()).code is ReasonCode.QUIT


async def test_when_the_engine_started_is_asked_again_after_a_look_that_broke_off(bench: Bench) -> None:
    bench.engine.end(137, LATER)
    bench.engine.network_made_at = LATER + timedelta(seconds=1)
    bench.engine.away.add("networks/bridge")
    with pytest.raises(DriverUnavailable):
        await bench.shown()
    bench.engine.away.clear()
    shown = await bench.shown()
    assert shown.code is ReasonCode.ENGINE_RESTARTED
    assert shown.sentence is not None
    assert "was restarted" in shown.sentence


async def test_of_several_who_look_at_once_none_tells_an_end_before_it_is_known_when_the_engine_started(
    bench: Bench,
) -> None:
    bench.engine.events.append(("kill", LATER - timedelta(seconds=1)))
    bench.engine.end(137, LATER)
    bench.engine.network_made_at = LATER + timedelta(seconds=1)
    bench.engine.answers.clear()
    first = asyncio.create_task(bench.shown())
    await bench.engine.asked.acquire()
    second = asyncio.create_task(bench.shown())
    also = asyncio.create_task(bench.engine.asked.acquire())
    await asyncio.wait({second, also}, return_when=asyncio.FIRST_COMPLETED)
    bench.engine.answers.set()
    for shown in (await first, await second):
        assert shown.sentence is not None
        assert "was restarted" in shown.sentence


async def test_what_a_look_saw_before_a_restart_is_not_kept_after_it(bench: Bench) -> None:
    bench.engine.end(0, LATER)
    bench.engine.answers.clear()
    look = asyncio.create_task(bench.shown())
    await bench.engine.asked.acquire()
    bench.looking.forget([Listed("c1", "exited", {})])
    bench.engine.answers.set()
    await look
    bench.engine.end(3, LATER + timedelta(minutes=1))
    assert (await bench.shown()).code is ReasonCode.CRASHED
