"""The `local` driver: its verbs, one at a time per workspace. Each step is small enough that being killed after it is a normal state.

The order that makes it so: slot, record (the intent), keeper, the keeper's note of the app; and back: processes, port, slot.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from carrel.clock import SystemClock
from carrel.domain.delivery import Delivery
from carrel.domain.ids import HomeId, WorkspaceId
from carrel.domain.template import HomeKind
from carrel.drivers.local import commands, launch, person, sharing, starting
from carrel.drivers.local.ending import end_everything
from carrel.drivers.local.launch import Owner
from carrel.drivers.local.options import Options, read
from carrel.drivers.local.ports import PortBook
from carrel.drivers.local.processes import Member, census, cpu_seconds
from carrel.drivers.local.showing import INTERRUPTED, UNSEEN, Evidence, shown
from carrel.drivers.local.slot import BLANK, Record, Slot, holder_of, slots_in
from carrel.drivers.local.tail import tail
from carrel.drivers.local.volumes import refuse_volume
from carrel.drivers.local.watch import Watch
from carrel.drivers.ondisk import delivered
from carrel.drivers.ondisk.faults import may_be_away, may_be_full
from carrel.drivers.ondisk.homes import PLACE, Homes
from carrel.drivers.turns import Turns, refuse_nameless
from carrel.ports.clock import Clock
from carrel.ports.driver import Driver, DriverContext, Instance, InstanceState, Ran, Rejected, Spec

T = TypeVar("T")


_MORE_LOOKS = 2
"""A short life has two such moments, its beginning and its end, and a busy machine sees both."""
_BETWEEN_LOOKS = 0.03
"""Seconds, in which a keeper comes to write what it knows."""


class LocalDriver:
    def __init__(self, state: Path, owner: Owner, options: Options, *, clock: Clock) -> None:
        self._slots = state / "slots"
        self._homes = Homes(state / "homes", lambda home: holder_of(self._slots, home))
        self._owner = owner
        self._options = options
        self._clock = clock
        self._ports = PortBook(
            self._slots / f".ports-{owner.backend}", options.ports, _held_ports(self._slots)
        )
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="carrel-local")
        # of their own: four hanging homes or four huge slots must not blind us for everybody else
        self._eyes = ThreadPoolExecutor(max_workers=2, thread_name_prefix="carrel-local-eyes")
        self._watch = Watch(lambda: census(owner), self._eyes)
        self._turns = Turns()
        self._keepers: dict[int, WorkspaceId] = {}
        """Our children, by pid."""

    async def create(self, spec: Spec) -> None:
        await self._turns.take(spec.workspace_id, lambda: self._create(spec), InstanceState.STARTING)

    async def restart(self, spec: Spec) -> None:
        await self._turns.take(spec.workspace_id, lambda: self._restart(spec), InstanceState.STARTING)

    async def destroy(self, workspace_id: WorkspaceId) -> None:
        await self._turns.take(workspace_id, lambda: self._destroy(workspace_id), InstanceState.STOPPING)

    async def attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        await self._turns.take(
            workspace_id, lambda: self._in_thread(lambda: self._attach(workspace_id, home_id))
        )

    async def detach(self, workspace_id: WorkspaceId) -> None:
        await self._turns.take(workspace_id, lambda: self._detach(workspace_id), InstanceState.STOPPING)

    async def deliver(self, workspace_id: WorkspaceId, delivery: Delivery) -> None:
        delivered.check(delivery)
        await self._turns.take(
            workspace_id, lambda: self._in_thread(lambda: self._deliver(workspace_id, delivery))
        )

    async def run(self, workspace_id: WorkspaceId, command: Sequence[str], *, seconds: float) -> Ran:
        """Its beginning holds the workspace's turn, so that whoever ends the workspace sees it; its run does not."""
        async with self._turns.of(workspace_id):
            slot, _ = self._standing(workspace_id)
            members = await self._watch.members_of(workspace_id)
            with may_be_away("The command cannot be run"):
                running = await commands.begin(members, slot.path, command, seconds)
        return await running.ended()

    @property
    def home_place(self) -> str:
        return PLACE

    async def measure_home(self, home_id: HomeId) -> int:
        await self._in_thread(lambda: refuse_volume(self._homes.path(home_id)))
        return await self._homes.measure(home_id)

    def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        refuse_volume(self._homes.path(home_id))
        return self._homes.archive(home_id)

    async def remove_home(self, home_id: HomeId) -> None:
        await self._in_thread(lambda: refuse_volume(self._homes.path(home_id)))
        await self._homes.remove(home_id)

    async def list(self) -> Sequence[Instance]:
        before = dict(self._turns.under_way)
        with may_be_away("The slots cannot be read"):
            instances = await self._look(before)
            for _ in range(_MORE_LOOKS):
                if any(_is_doubtful(instance) for instance in instances):
                    await self._clock.sleep(_BETWEEN_LOOKS)
                    instances = await self._look(before)
        starting.collect(self._keepers)
        return instances

    async def logs(self, workspace_id: WorkspaceId, lines: int) -> str:
        with may_be_away("The log cannot be read"):
            return await self._in_thread(lambda: tail(self._slot(workspace_id).path / "log", lines))

    async def cpu_seconds(self) -> Mapping[WorkspaceId, float]:
        with may_be_away("Processor time cannot be read"):
            return cpu_seconds(await self._watch.everybody())

    async def aclose(self) -> None:
        """What is under way is cut short, as if we had been killed; the next list() shows what is left of it."""
        await self._turns.cut_short()
        await self._watch.aclose()
        self._threads.shutdown()
        self._eyes.shutdown()
        self._homes.close()
        starting.collect(self._keepers)

    async def _look(self, under_way: Mapping[WorkspaceId, InstanceState]) -> Sequence[Instance]:
        """The slots before the processes: what had a slot and runs on cannot be missed that way."""
        evidence = await asyncio.get_running_loop().run_in_executor(self._eyes, self._all_evidence)
        members: dict[WorkspaceId, list[Member]] = {each: [] for each in evidence}
        for member in await self._watch.everybody():
            members.setdefault(member.tag.workspace_id, []).append(member)
        under_way = {**self._unseen(evidence), **under_way, **self._turns.under_way}
        return [
            shown(each, evidence.get(each, Evidence()), members[each], under_way.get(each))
            for each in members
        ]

    def _unseen(self, evidence: Mapping[WorkspaceId, Evidence]) -> dict[WorkspaceId, InstanceState]:
        """Those whose keeper lives and has noted nothing yet. It bears its tags only once the system has finished putting the
        program in place, which takes its time on a busy machine.
        """
        starting.collect(self._keepers)
        noted = {each for each, seen in evidence.items() if seen.run or seen.end}
        return {each: InstanceState.STARTING for each in self._keepers.values() if each not in noted}

    async def _create(self, spec: Spec) -> None:
        slot = self._slot(spec.workspace_id)
        with may_be_full("The workspace cannot be started"):
            launch.check(spec, self._options)
            if not self._is_ours(slot.record()):
                raise Rejected(
                    f"Workspace {spec.workspace_id} stands here already, of another installation or backend."
                )
            ran = await self._in_thread(lambda: slot.run() or slot.end())
            if ran or await self._watch.members_of(spec.workspace_id):
                return
            await self._in_thread(lambda: self._start(spec, slot))

    async def _restart(self, spec: Spec) -> None:
        slot = self._slot(spec.workspace_id)
        launch.check(spec, self._options)
        if slot.record() and not slot.home:
            raise Rejected("The files were taken out of this workspace; it is not started again.")
        await self._end(spec.workspace_id)
        with may_be_full("The workspace cannot be started again"):
            await self._in_thread(slot.forget_run)
            await self._in_thread(lambda: self._start(spec, slot))

    async def _detach(self, workspace_id: WorkspaceId) -> None:
        slot = self._slot(workspace_id)
        if not self._is_ours(slot.record()):
            return
        await self._end(workspace_id)
        with may_be_away(f"The files cannot be taken out of workspace {workspace_id}"):
            await self._in_thread(slot.let_home_out)

    async def _destroy(self, workspace_id: WorkspaceId) -> None:
        slot = self._slot(workspace_id)
        if not self._is_ours(slot.record()):
            return
        await self._end(workspace_id)
        with may_be_away(f"The slot of workspace {workspace_id} cannot be removed"):
            await self._in_thread(lambda: self._ports.give_back(workspace_id, self._clock.now()))
            await self._in_thread(slot.settle)
            await self._in_thread(slot.remove)
        starting.collect(self._keepers)

    def _start(self, spec: Spec, slot: Slot) -> None:
        port = self._ports.take(spec.workspace_id, self._clock.now())
        slot.make()
        slot.intend(self._record(spec, port))
        slot.write_files(spec.template.files)
        if spec.template.home is not HomeKind.PERSISTENT:
            sharing.bring_in(slot.path / BLANK, spec.template.data)
        ready = launch.render(spec, self._options, owner=self._owner, slot=str(slot.path), port=port)
        self._keepers[starting.start(ready, slot.path)] = spec.workspace_id

    def _record(self, spec: Spec, port: int) -> Record:
        owner, template = self._owner, spec.template
        return Record(
            owner.installation, owner.backend, spec.pool, port, template.home, data=dict(template.data)
        )

    async def _end(self, workspace_id: WorkspaceId) -> None:
        await end_everything(lambda: self._watch.members_of(workspace_id), self._options.stop_grace)

    def _attach(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        slot, record = self._standing(workspace_id)
        if record.home is not HomeKind.PERSISTENT:
            raise Rejected("The template of this workspace keeps no files, so no home can be brought in.")
        if not slot.home:
            raise Rejected("The files were taken out of this workspace; it takes none any more.")
        refuse_volume(self._homes.path(home_id))
        with may_be_away("The home cannot be brought in"):
            home = self._homes.make(home_id)
            sharing.bring_in(home, record.data)
            slot.switch_home(str(home))

    def _deliver(self, workspace_id: WorkspaceId, delivery: Delivery) -> None:
        slot, _ = self._standing(workspace_id)
        with may_be_away("A person's settings cannot be brought in"):
            person.deliver(slot.path, delivery)

    def _standing(self, workspace_id: WorkspaceId) -> tuple[Slot, Record]:
        slot = self._slot(workspace_id)
        record = slot.record()
        if record is None or not self._is_ours(record):
            raise Rejected(f"There is no instance of workspace {workspace_id}.")
        return slot, record

    def _all_evidence(self) -> dict[WorkspaceId, Evidence]:
        found = {
            slot.workspace_id: Evidence(slot.record(), slot.run(), slot.end())
            for slot in slots_in(self._slots)
        }
        return {each: seen for each, seen in found.items() if self._is_ours(seen.record)}

    def _is_ours(self, record: Record | None) -> bool:
        """A slot without a record was only begun. Slots of another installation or backend are not ours to show or remove."""
        return record is None or Owner(record.installation, record.backend) == self._owner

    def _slot(self, workspace_id: WorkspaceId) -> Slot:
        refuse_nameless(workspace_id)
        return Slot(self._slots, workspace_id)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _is_doubtful(instance: Instance) -> bool:
    """Seen in the moment between two notes of its keeper, or between a slot and its processes? Another look tells."""
    return instance.state is InstanceState.ENDED and instance.sentence in (UNSEEN, INTERRUPTED)


def _held_ports(slots: Path) -> dict[WorkspaceId, int]:
    records = {slot.workspace_id: slot.record() for slot in slots_in(slots)}
    return {workspace_id: record.port for workspace_id, record in records.items() if record}


def open_driver(context: DriverContext) -> Driver:
    """Options: `ports` ("20000-29999"), `stop_grace` ("5s"), `path` (as PATH, the control plane's own if absent)."""
    options = read(context)
    if not sys.platform.startswith("linux"):
        raise Rejected(
            f'Backend "{context.backend}": the local driver needs Linux, for it finds its processes in /proc.'
        )
    state = Path(context.state_dir)
    with may_be_away("The state directory cannot be used"):
        for name in ("slots", "homes"):
            (state / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalDriver(state, Owner(context.installation, context.backend), options, clock=SystemClock())
