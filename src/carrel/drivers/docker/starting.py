"""The starts that are under way: each goes on in the background once it is accepted, after a restart of the control plane too.

What can never work is told to whoever asked, while they wait; afterwards it is noted, and list() shows it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import Progress
from carrel.drivers.docker.bringing import Bringer
from carrel.drivers.docker.container import Plan
from carrel.drivers.docker.images.fetching import ImageFacts
from carrel.drivers.docker.images.pulling import tried_again
from carrel.drivers.docker.notes import Note, Notes
from carrel.ports.clock import Clock
from carrel.ports.driver import DriverError, DriverUnavailable, Rejected

PATIENCE: Final = 2.0
"""Seconds in which a start that cannot be is refused rather than noted as failed; fetching an image takes longer."""
PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before another try at what may be over: an engine away, a machine full."""
_log = structlog.get_logger(__name__)

Undo = Callable[[WorkspaceId], Awaitable[None]]


class _Unwanted(Exception):
    """It is to be removed; nothing more is made."""


@dataclass(slots=True)
class _Start:
    plan: Plan
    accepted: "asyncio.Future[None]"
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None
    trouble: str | None = None
    """What went wrong at the last try."""

    def step(self) -> None:
        if self.stopped.is_set():
            raise _Unwanted

    def accept(self) -> None:
        if not self.accepted.done():
            self.accepted.set_result(None)

    def refuse(self, error: DriverError) -> None:
        if not self.accepted.done():
            self.accepted.set_exception(error)
            self.accepted.exception()  # looked at, as whoever asked may have given up


class Starts:
    def __init__(self, bringer: Bringer, notes: Notes, undo: Undo, *, clock: Clock) -> None:
        """`undo` removes whatever was made for a workspace, its note last."""
        self._bringer = bringer
        self._notes = notes
        self._undo = undo
        self._clock = clock
        self._starts: dict[WorkspaceId, _Start] = {}
        self._is_closed = False

    @property
    def under_way(self) -> Mapping[WorkspaceId, Plan]:
        return {each: start.plan for each, start in self._starts.items()}

    def progress(self, workspace_id: WorkspaceId) -> Progress | None:
        """How far the fetching of an image has come that it waits for, or what else went wrong at the last try."""
        start = self._starts.get(workspace_id)
        if start is None:
            return None
        fetching = (self._bringer.images.progress(each) for each in start.plan.images)
        failing = tried_again(start.trouble) if start.trouble is not None else None
        return next((found for found in fetching if found is not None), failing)

    async def begin(self, plan: Plan) -> None:
        """Notes it and brings it up; returns once its containers are made, or after a while. Raises as `ports.driver.Driver.create`."""
        start = self._starts.get(plan.workspace_id)
        if start is None:
            await asyncio.to_thread(self._notes.write, Note(plan.workspace_id, plan.pool, plan=plan))
            start = self._go(plan)
        done, _ = await asyncio.wait([start.accepted], timeout=PATIENCE)
        start.accept()
        for each in done:
            each.result()

    async def resume(self, notes: Iterable[Note]) -> None:
        """Whatever a control plane had begun that was killed. What another one is at is left to it."""
        strange = [note for note in notes if note.plan is not None and note.workspace_id not in self._starts]
        if not strange:
            return
        for note in await asyncio.to_thread(self._notes.take_over, strange):
            if note.plan is not None and note.workspace_id not in self._starts and not self._is_closed:
                self._go(note.plan).accept()

    async def stop(self, workspace_id: WorkspaceId) -> None:
        """Before its workspace is removed or started anew: returns once nothing more will be made for it."""
        start = self._starts.get(workspace_id)
        if start is not None and start.task is not None:
            start.stopped.set()
            await asyncio.wait([start.task])

    async def aclose(self) -> None:
        """Cut short, as if we had been killed."""
        self._is_closed = True
        tasks = [start.task for start in self._starts.values() if start.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _go(self, plan: Plan) -> _Start:
        start = _Start(plan, asyncio.get_running_loop().create_future())
        self._starts[plan.workspace_id] = start
        start.task = asyncio.create_task(self._run(start))
        return start

    async def _run(self, start: _Start) -> None:
        workspace_id = start.plan.workspace_id
        try:
            await self._bring_up(start)
        except _Unwanted:
            start.accept()
        except DriverError as error:
            await self._failed(start, error)
        except Exception as error:  # noqa: BLE001 - a start that nobody looks after would be waited for until its time is up
            _log.exception("a start broke off", workspace=workspace_id)
            await self._failed(
                start, Rejected(f"Carrel made a mistake in starting it ({type(error).__name__}).")
            )
        finally:
            self._starts.pop(workspace_id, None)
            start.refuse(DriverUnavailable("This backend is being closed."))

    async def _bring_up(self, start: _Start) -> None:
        async def made() -> None:
            start.accept()

        for pause in (*PAUSES, None):
            try:
                facts = await self._images(start)
                start.trouble = None
                await self._bringer.bring_up(start.plan, facts, start.step, made)
            except DriverError as error:
                if isinstance(error, Rejected) or pause is None or not start.accepted.done():
                    raise
                start.trouble = error.sentence
                _log.info("a start is tried again", workspace=start.plan.workspace_id, why=error.sentence)
                with suppress(TimeoutError):
                    await asyncio.wait_for(start.stopped.wait(), pause)
                start.step()
            else:
                await asyncio.to_thread(self._notes.done, start.plan.workspace_id)
                return

    async def _images(self, start: _Start) -> ImageFacts:
        """Nobody waits for an image that is not wanted any more; what is being fetched is fetched to its end."""
        fetching = asyncio.create_task(self._bringer.images_of(start.plan))
        stopping = asyncio.create_task(start.stopped.wait())
        try:
            await asyncio.wait([fetching, stopping], return_when=asyncio.FIRST_COMPLETED)
            start.step()
            return await fetching
        finally:
            fetching.cancel()
            stopping.cancel()
            await asyncio.gather(fetching, stopping, return_exceptions=True)

    async def _failed(self, start: _Start, error: DriverError) -> None:
        """Whoever waits for it hears of it, and nothing is left; else it stays as something that failed."""
        plan = start.plan
        failed = Note(plan.workspace_id, plan.pool, sentence=error.sentence, code=error.code)
        if not start.accepted.done():
            try:
                await self._undo(plan.workspace_id)
            except DriverError:
                await asyncio.to_thread(self._notes.write, failed)
            start.refuse(error)
            if start.accepted.exception() is error:
                return
        await asyncio.to_thread(self._notes.write, failed)
