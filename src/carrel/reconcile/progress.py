"""Writes down how far starts have come, for those who wait, as often as that is worth saying. Remembers hints that a restart may lose."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from carrel.domain.ids import WorkspaceId
from carrel.domain.instance import InstanceState, Progress
from carrel.domain.workspace import Phase
from carrel.ports.clock import Clock
from carrel.rules.progress import is_worth_saying
from carrel.rules.view import View
from carrel.store import progress
from carrel.store.engine import Store

_RUNS: Final = Progress("It runs now; its app is coming up.")
"""In place of what was said last, which is over."""


@dataclass(slots=True)
class Told:
    store: Store
    clock: Clock
    _said: dict[WorkspaceId, Progress] = field(default_factory=dict)

    async def __call__(self, view: View) -> dict[WorkspaceId, str]:
        """One transaction for all that moved in a pool, none where nothing did: what is wrong with those of them that get nowhere.
        Raises Unavailable.
        """
        shown = dict(self._shown(view))
        await self._recall([id_ for id_, one in shown.items() if one is _RUNS and id_ not in self._said])
        news = {id_: one for id_, one in shown.items() if is_worth_saying(self._said.get(id_), one)}
        if news:
            await self.store.write(progress.note, news, self.clock.now())
        self._said = {id_: news.get(id_) or self._said[id_] for id_ in shown}
        return {id_: one.trouble for id_, one in news.items() if one.trouble is not None}

    async def _recall(self, running: list[WorkspaceId]) -> None:
        """Of those that ran when they were first seen: what was said before may be from the process before this one."""
        if running:
            told = await self.store.read(progress.of_each, running)
            self._said.update({id_: told.get(id_, _RUNS) for id_ in running})

    def _shown(self, view: View) -> Iterator[tuple[WorkspaceId, Progress]]:
        starting = {row.id for row in view.workspaces if row.phase is Phase.STARTING}
        for one in view.instances:
            if one.workspace_id not in starting:
                continue
            if one.state is InstanceState.STARTING and one.progress is not None:
                yield one.workspace_id, one.progress
            elif one.state is InstanceState.RUNNING:
                yield one.workspace_id, _RUNS
