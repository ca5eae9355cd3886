"""Tiny workspaces that run before the tests begin, so that a contract of fifty tests does not start each one by itself. A test takes those it
needs; what is left of all of them goes at the end.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from tests.docker.bench import Docked

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker import labels
from carrel.ports.driver import InstanceState, Runs, Spec
from carrel.testing.driver_contract import Bench, until

READ_ALL = "find /carrel -type f -exec cat {} + 2>/dev/null; cat /proc/[0-9]*/environ 2>/dev/null"


class Stock:
    def __init__(self, docked: Docked) -> None:
        self.docked = docked
        self.ready: list[Spec] = []
        self._taken: list[Spec] = []

    async def fill(self, count: int) -> None:
        driver = self.docked.open()
        specs = [self.docked.spec() for _ in range(count)]
        await asyncio.gather(*(driver.create(spec) for spec in specs))
        for spec in specs:
            await until(driver, spec.workspace_id, InstanceState.RUNNING)
        await self.close()
        self.ready += specs

    def take(self) -> Spec:
        self._taken.append(self.ready.pop() if self.ready else self.docked.spec())
        return self._taken[-1]

    def bench(self) -> Bench:
        return replace(
            self.docked.bench(),
            make_spec=self.take,
            put_file=self.put_file,
            files=self.files,
            environment=self.environment,
            everything=self.everything,
        )

    async def put_file(self, workspace_id: WorkspaceId, name: str) -> None:
        await self.docked.put_file(workspace_id, name)

    async def files(self, workspace_id: WorkspaceId) -> set[str]:
        """Nobody is inside what has ended; then it is what would appear there."""
        found = await self._inside(workspace_id, 'ls -A "$HOME"')
        if found is None:
            slot = self.docked.state / "slots" / f"docker-{self.docked.backend}" / "slots" / workspace_id
            return {path.name for path in (slot / "home").iterdir()} if slot.is_dir() else set()
        return set(found.splitlines())

    async def environment(self, workspace_id: WorkspaceId) -> Mapping[str, str]:
        driver = cast("Runs", self.docked.opened[-1])
        pairs = (await driver.run(workspace_id, ["env", "-0"], seconds=30)).output.split("\0")
        return {name: value for name, _, value in (pair.partition("=") for pair in pairs if pair)}

    async def everything(self, workspace_id: WorkspaceId) -> str:
        return await self._inside(workspace_id, READ_ALL) or ""

    async def take_back(self) -> None:
        """Those that run still, without what was saved in them, for the next test."""
        instances = await self.docked.open().list()
        running = {each.workspace_id for each in instances if each.state is InstanceState.RUNNING}
        for spec in self._taken:
            if spec.workspace_id in running and spec not in self.ready:
                await self._inside(spec.workspace_id, 'cd "$HOME" && rm -f *')
                self.ready.append(spec)
        await self.close()

    async def close(self) -> None:
        self._taken.clear()
        for driver in self.docked.opened:
            await driver.aclose()
        self.docked.opened.clear()

    async def _inside(self, workspace_id: WorkspaceId, script: str) -> str | None:
        """None where nothing runs."""
        arguments = ("exec", labels.container(workspace_id), "sh", "-c", script)
        done = await asyncio.to_thread(lambda: self.docked.engine.docker(*arguments, check=False))
        is_gone = "is not running" in done.stderr or "No such container" in done.stderr
        return None if is_gone else done.stdout


@contextmanager
def stocked(docked: Docked, count: int) -> Iterator[Stock]:
    """Nothing is left of it."""
    stock = Stock(docked)
    asyncio.run(stock.fill(count))
    try:
        yield stock
    finally:
        asyncio.run(_emptied(docked))
    assert docked.leftovers() == []


async def _emptied(docked: Docked) -> None:
    docked.opened.clear()
    docked.open()
    await docked.clear()
