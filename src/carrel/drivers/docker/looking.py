"""What stands on the engine now: one question for all containers, and one more for each that is new or has ended since the last look."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker import showing
from carrel.drivers.docker.engine import LOOKS_WITHIN, Engine
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.notes import Note, Notes
from carrel.drivers.docker.showing import Evidence, Listed, Run
from carrel.drivers.docker.starting import Starts
from carrel.ports.driver import DriverUnavailable, Instance, InstanceState

_CANNOT: Final = "The containers cannot be listed"
AT_ONCE: Final = 16
_BEFORE: Final = timedelta(minutes=2)
"""Longer than anybody grants a container to end by itself."""
_AT_END: Final = timedelta(seconds=10)
"""Memory that ran out earlier ended something else in it: this one lived on."""
_HEARD_WITHIN: Final = timedelta(seconds=1)

UnderWay = Mapping[WorkspaceId, InstanceState]


class Looking:
    def __init__(self, engine: Engine, owner: Owner, notes: Notes, starts: Starts) -> None:
        self._engine = engine
        self._owner = owner
        self._notes = notes
        self._starts = starts
        self._runs: dict[str, tuple[bool, Run]] = {}
        """By container, with whether it was running."""
        self._engine_started_at: datetime | None = None
        self._forgot = 0
        """Times; a look that was under way then may have seen what is over."""
        self._was_away = False
        """Since the last look that it answered in full."""

    async def all(self, under_way: UnderWay) -> list[Instance]:
        """`under_way` is asked again at the end, for what was begun meanwhile. Raises DriverUnavailable."""
        before = {**dict.fromkeys(self._starts.under_way, InstanceState.STARTING), **under_way}
        # notes first: what is listed then is noted, or was begun since
        notes = await asyncio.to_thread(self._notes.all)
        await self._starts.resume(notes.values())
        groups, runs = await self._groups()
        now = {**dict.fromkeys(self._starts.under_way, InstanceState.STARTING), **under_way}
        busy = {**before, **now}
        return [
            showing.shown(
                each, self._evidence(each, notes.get(each), groups.get(each, []), runs), busy.get(each)
            )
            for each in notes.keys() | groups.keys()
        ]

    def forget(self, containers: list[Listed]) -> None:
        """They are started again: what was seen of them is over."""
        self._forgot += 1
        for each in containers:
            self._runs.pop(each.id, None)

    async def _groups(self) -> tuple[Mapping[WorkspaceId, list[Listed]], Mapping[str, Run]]:
        params = {"all": "1", "filters": self._owner.filters}
        was_away = self._was_away
        try:
            found = await self._engine.look("containers/json", what=_CANNOT, params=params)
            groups = showing.read_list(found or ())
            containers = [each for group in groups.values() for each in group]
            runs = await self._runs_of(containers, was_away or self._was_away)
        except (DriverUnavailable, asyncio.CancelledError):
            self._was_away = True
            raise
        self._was_away = False
        return groups, runs

    def _evidence(
        self, workspace_id: WorkspaceId, note: Note | None, group: list[Listed], runs: Mapping[str, Run]
    ) -> Evidence:
        progress = self._starts.progress(workspace_id)
        return Evidence(note, group, runs, self._engine_started_at, progress)

    async def _runs_of(self, containers: list[Listed], was_away: bool) -> Mapping[str, Run]:
        """Nothing is kept before it is known when the engine started: another look at the same time, or the next where this one breaks off,
        would tell an end without it.
        """
        forgot = self._forgot
        fresh = [each for each in containers if self._is_news(each)]
        seen: dict[str, tuple[bool, Run]] = {}
        gate = asyncio.Semaphore(AT_ONCE)

        async def ask(container: Listed) -> None:
            async with gate:
                found = await self._engine.look(f"containers/{container.id}/json", what=_CANNOT)
            if found is not None:
                run = showing.read_run(found)
                is_over = not container.is_running
                if is_over:
                    run = await self._with_end(container, run, was_away)
                seen[container.id] = (not is_over, run)

        await asyncio.gather(*(ask(each) for each in fresh))
        if any(not each.is_running for each in fresh):
            self._engine_started_at = await self._engine_start()
        present = {each.id for each in containers}
        found = {each: one for each, one in (self._runs | seen).items() if each in present}
        if forgot == self._forgot:
            self._runs = found
        return {each: run for each, (_, run) in found.items()}

    async def _with_end(self, container: Listed, run: Run, was_away: bool) -> Run:
        """Its end in the light of what the engine did shortly before. An engine that is shut down answers still while it ends what runs, and
        forgets its events then; who asked for this end, asks nothing of it.
        """
        ended_at = run.ended_at
        if ended_at is None:
            return run
        if run.ran_out_of_memory:
            since, until = ended_at - _AT_END, ended_at + _HEARD_WITHIN
            run = replace(run, ran_out_of_memory=await self._happened(container, "oom", since, until))
        if showing.may_have_been_stopped(run):
            was_stopped = await self._happened(container, "kill", ended_at - _BEFORE, ended_at)
            run = replace(run, was_stopped=was_stopped, engine_was_away=was_stopped and was_away)
        return run

    async def _happened(self, container: Listed, action: str, since: datetime, until: datetime) -> bool:
        """By the engine's own clock, and with an end, so that the answer ends."""
        filters = {"type": ["container"], "event": [action], "container": [container.id]}
        labels = [f"{key}={value}" for key, value in self._owner.labels.items()]
        params = {
            "since": f"{since.timestamp():.0f}",
            "until": f"{until.timestamp():.6f}",
            "filters": json.dumps(filters | {"label": labels}),
        }
        async with aclosing(self._engine.stream("events", what=_CANNOT, params=params)) as told:
            async for event in told:
                if event.strip():
                    return True
        return False

    def _is_news(self, container: Listed) -> bool:
        if container.state == "created":
            return False
        seen = self._runs.get(container.id)
        return seen is None or seen[0] != container.is_running

    async def _engine_start(self) -> datetime | None:
        """Engines do not say it, but make their own first network anew each time, after they have ended what ran. None where there is none."""
        shown: Mapping[str, Any] | None = await self._engine.call(
            "GET", "networks/bridge", what=_CANNOT, absent=(403, 404), seconds=LOOKS_WITHIN
        )
        return showing.moment(shown.get("Created")) if shown else None
