"""One piece of work at a time for each workspace, done to its end though its caller gives up. Knows no driver."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakValueDictionary

from carrel.domain.ids import WorkspaceId, is_id
from carrel.ports.driver import InstanceState, Rejected


def refuse_nameless(workspace_id: WorkspaceId) -> None:
    """What is no id could be the path of something else. Raises Rejected."""
    if not is_id(workspace_id):
        raise Rejected("A workspace is named by its id.")


class Turns:
    def __init__(self) -> None:
        self._locks: WeakValueDictionary[WorkspaceId, asyncio.Lock] = WeakValueDictionary()
        self._under_way: dict[WorkspaceId, InstanceState] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> Mapping[WorkspaceId, InstanceState]:
        """What is being done at this moment, as a look should show it; it goes on changing."""
        return self._under_way

    def of(self, workspace_id: WorkspaceId) -> asyncio.Lock:
        """For work that its caller may stop in the middle. Raises Rejected."""
        refuse_nameless(workspace_id)
        return self._locks.setdefault(workspace_id, asyncio.Lock())

    async def take(
        self,
        workspace_id: WorkspaceId,
        work: Callable[[], Awaitable[object]],
        state: InstanceState | None = None,
    ) -> None:
        """The next one for this workspace waits for it. `state`: what it is `under_way` as. Raises Rejected."""
        task = asyncio.create_task(self._one_at_a_time(workspace_id, work, state))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)

    async def settle(self) -> None:
        """Until nothing is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cut_short(self) -> None:
        """What is under way stops where it is, as if we had been killed."""
        for task in tuple(self._tasks):
            task.cancel()
        await self.settle()

    async def _one_at_a_time(
        self,
        workspace_id: WorkspaceId,
        work: Callable[[], Awaitable[object]],
        state: InstanceState | None,
    ) -> None:
        async with self.of(workspace_id):
            if state is not None:
                self._under_way[workspace_id] = state
            try:
                await work()
            finally:
                self._under_way.pop(workspace_id, None)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever gave up waiting does not hear of it; the next look will tell
