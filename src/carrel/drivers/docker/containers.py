"""The verbs of a backend that runs containers, one at a time per workspace. How files come in is for `variants`; each step, for others.

The order that makes being killed harmless: note, containers, files, start; and back: end, files out, containers, volume, note.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from carrel.domain.delivery import Delivery
from carrel.domain.finding import Finding
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.drivers.docker import container, labels, logs, person, removing, showing
from carrel.drivers.docker.ailments import Ailments
from carrel.drivers.docker.bringing import Bringer
from carrel.drivers.docker.commands import Commands, Place
from carrel.drivers.docker.container import Plan
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.findings import Site, findings
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.homes.owners import DEFAULT, read
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.looking import Looking
from carrel.drivers.docker.measuring import Measuring
from carrel.drivers.docker.notes import Note, Notes
from carrel.drivers.docker.options import Options
from carrel.drivers.docker.removing import Removal
from carrel.drivers.docker.showing import Listed
from carrel.drivers.docker.starting import Starts
from carrel.drivers.turns import Turns, refuse_nameless
from carrel.ports.clock import Clock
from carrel.ports.driver import (
    Ailment,
    Instance,
    InstanceState,
    Ran,
    Rejected,
    Spec,
)
from carrel.rules.delivery import refusal


@dataclass(frozen=True, slots=True)
class Parts:
    """What a backend is put together from."""

    owner: Owner
    options: Options
    engine: Engine
    notes: Notes
    bringer: Bringer
    removal: Removal
    commands: Commands
    measuring: Measuring
    ailments: Ailments
    site: Site
    clock: Clock


class ContainerDriver:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._engine = parts.engine
        self._notes = parts.notes
        self._removal = parts.removal
        self._starts = Starts(parts.bringer, parts.notes, parts.removal.remove, clock=parts.clock)
        self._looking = Looking(parts.engine, parts.owner, parts.notes, self._starts)
        self._turns = Turns()

    async def create(self, spec: Spec) -> None:
        plan = self._planned(spec)
        await self._turns.take(spec.workspace_id, lambda: self._create(plan), InstanceState.STARTING)

    async def restart(self, spec: Spec) -> None:
        plan = self._planned(spec)
        await self._turns.take(spec.workspace_id, lambda: self._restart(plan), InstanceState.STARTING)

    async def destroy(self, workspace_id: WorkspaceId) -> None:
        await self._turns.take(workspace_id, lambda: self._destroy(workspace_id), InstanceState.STOPPING)

    async def detach(self, workspace_id: WorkspaceId) -> None:
        await self._turns.take(workspace_id, lambda: self._detach(workspace_id), InstanceState.STOPPING)

    async def deliver(self, workspace_id: WorkspaceId, delivery: Delivery) -> None:
        if (sentence := refusal(delivery)) is not None:
            raise Rejected(sentence)
        await self._turns.take(workspace_id, lambda: self._deliver(workspace_id, delivery))

    async def run(self, workspace_id: WorkspaceId, command: Sequence[str], *, seconds: float) -> Ran:
        async with self._turns.of(workspace_id):
            app = await self._standing(workspace_id)
        place = Place(
            app.id, home=app.labels.get(labels.HOME_PATH, "/"), user=app.labels.get(labels.RUNS_AS, "")
        )
        return await self._parts.commands.run(place, command, seconds=seconds)

    async def list(self) -> Sequence[Instance]:
        self._parts.bringer.guard.watch()
        self._parts.ailments.start()
        return await self._looking.all(self._turns.under_way)

    async def logs(self, workspace_id: WorkspaceId, lines: int) -> str:
        group = await removing.group_of(self._engine, self._parts.owner, workspace_id)
        return await logs.last_lines(self._engine, group, lines)

    async def cpu_seconds(self) -> Mapping[WorkspaceId, float]:
        return await self._parts.measuring.cpu_seconds()

    async def ailments(self) -> Mapping[WorkspaceId, Ailment]:
        return await self._parts.ailments.current()

    def alert(self, ring: Callable[[], None]) -> None:
        self._parts.ailments.alert(ring)

    async def findings(self) -> Sequence[Finding]:
        return await findings(self._parts.site)

    async def leave(self) -> None:
        if not await self._looking.all(self._turns.under_way):
            await self._parts.bringer.guard.leave()

    async def aclose(self) -> None:
        """What is under way is cut short, as if we had been killed; the next list() goes on with it."""
        await self._turns.cut_short()
        await self._starts.aclose()
        await self._parts.ailments.aclose()
        await self._parts.bringer.guard.aclose()
        await self._parts.bringer.images.aclose()
        await self._engine.aclose()
        self._notes.presence.close()

    def _planned(self, spec: Spec) -> Plan:
        refuse_nameless(spec.workspace_id)
        options = self._parts.options
        return container.render(
            spec, owner=self._parts.owner, stop_grace=options.stop_grace, runtime=options.runtime
        )

    async def _create(self, plan: Plan) -> None:
        note = await asyncio.to_thread(self._notes.read, plan.workspace_id)
        if note is not None and note.plan is None:
            return
        if note is None and await removing.group_of(self._engine, self._parts.owner, plan.workspace_id):
            return
        await self._starts.begin(plan)

    async def _restart(self, plan: Plan) -> None:
        """Its containers stay: with them its address, and what was delivered."""
        workspace_id = plan.workspace_id
        note = await asyncio.to_thread(self._notes.read, workspace_id)
        if note is not None and note.is_out:
            raise Rejected("The files were taken out of this workspace; it is not started again.")
        await self._starts.stop(workspace_id)
        group = await removing.group_of(self._engine, self._parts.owner, workspace_id)
        app = showing.app_of(group)
        if app is not None and app.state != "created":
            plan = replace(plan, is_filled=True)
            await asyncio.to_thread(self._notes.write, Note(workspace_id, plan.pool, plan=plan))
            await removing.stop(self._engine, group, self._parts.options.stop_grace)
            self._looking.forget(group)
        await self._starts.begin(plan)

    async def _destroy(self, workspace_id: WorkspaceId) -> None:
        await self._starts.stop(workspace_id)
        await self._removal.remove(workspace_id)

    async def _detach(self, workspace_id: WorkspaceId) -> None:
        await self._starts.stop(workspace_id)
        group = await self._removal.end(workspace_id)
        note = await asyncio.to_thread(self._notes.read, workspace_id)
        if not group and note is None:
            return
        pool = PoolName(group[0].labels[labels.POOL]) if group else None
        await asyncio.to_thread(self._notes.let_out, workspace_id, pool)
        await self._removal.source.let_out(workspace_id)

    async def _deliver(self, workspace_id: WorkspaceId, delivery: Delivery) -> None:
        app = await self._standing(workspace_id)
        await person.deliver(self._engine, app.id, delivery, _files_owner(app))

    async def _standing(self, workspace_id: WorkspaceId) -> Listed:
        """The container of its app."""
        app = showing.app_of(await removing.group_of(self._engine, self._parts.owner, workspace_id))
        if app is None:
            raise Rejected(f"There is no instance of workspace {workspace_id}.")
        return app


def _files_owner(app: Listed) -> FileOwner:
    return read(app.labels.get(labels.FILES_OWNER, "")) or DEFAULT
