"""One look at all processes for everybody who asks at the same time: a hundred stops must not read /proc a hundred times over."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from carrel.domain.ids import WorkspaceId
from carrel.drivers.local.processes import Member


class Watch:
    def __init__(self, look: Callable[[], Sequence[Member]], executor: Executor) -> None:
        self._look = look
        self._executor = executor
        self._turn = asyncio.Lock()
        self._coming: asyncio.Task[Sequence[Member]] | None = None

    async def everybody(self) -> Sequence[Member]:
        """From a look that began after this call."""
        if self._coming is None:
            self._coming = asyncio.create_task(self._one_look())
        return await asyncio.shield(self._coming)

    async def members_of(self, workspace_id: WorkspaceId) -> list[Member]:
        return [member for member in await self.everybody() if member.tag.workspace_id == workspace_id]

    async def aclose(self) -> None:
        if self._coming is not None:
            await asyncio.wait([self._coming])
        async with self._turn:
            pass

    async def _one_look(self) -> Sequence[Member]:
        async with self._turn:
            self._coming = None
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._look)
