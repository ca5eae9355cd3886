"""Brings a workspace up on the engine, step by step: images, network, containers, files, start. Each step may be done already, by a
control plane that was killed; what is there is left, what is missing is made.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from carrel.drivers.docker import container, labels, person, removing
from carrel.drivers.docker.container import Body, Member, Plan
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.faults import NoDiskLimit, PlaceTaken
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.homes.owners import home_owner, read
from carrel.drivers.docker.homes.sources import Source
from carrel.drivers.docker.images.fetching import ImageFacts, Images
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.guard import Guard
from carrel.drivers.docker.parcel import Parcel
from carrel.drivers.docker.person import SLOT
from carrel.drivers.docker.places import Places
from carrel.ports.driver import Rejected

AT_ONCE: Final = 8
"""Containers that are being made or started; more of them at once only make each slower."""
_OTHER_PLACES: Final = 5
_CANNOT: Final = "The workspace cannot be started"
_CONFLICT: Final = 409
_ALREADY: Final = 304
_DIRECTORIES: Final = ("run", "data", "etc", "tmp")
"""Of every slot, for the app; nothing else in it is the app's to change."""

Step = Callable[[], None]
"""Called between any two steps; raises to go no further."""


@dataclass(slots=True)
class Bringer:
    engine: Engine
    owner: Owner
    images: Images
    guard: Guard
    places: Places
    source: Source
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _limits_disks: bool = True
    """Until the engine says that it cannot."""

    async def images_of(self, plan: Plan) -> ImageFacts:
        """Of the app's, once all are there. May take many minutes. Raises as `Images.ensure`."""
        facts = [await self.images.ensure(image) for image in plan.images]
        return facts[0]

    async def make(self, plan: Plan, facts: ImageFacts, step: Step) -> None:
        """All its containers, not started. Raises as `ports.driver.Driver.create`."""
        async with self._turns:
            step()
            at = await self.guard.ready()
            step()
            mounts = await self.source.mounts(plan, self._owner_inside(plan, facts))
            app, *beside = plan.members
            step()
            if not await self._stands(app):
                location = await self.places.choose(at, plan.port)
                body = container.with_mounts(container.at(app.body, location, plan.port), mounts)
                body = container.with_labels(body, self._labels(plan, facts))
                step()
                await self._create(app, body)
            for member in beside:
                step()
                if not await self._stands(member):
                    await self._create(member, member.body)

    async def start(self, plan: Plan, facts: ImageFacts, step: Step) -> None:
        """What `make` made; it runs when this returns."""
        async with self._turns:
            await self._start(plan, facts, step)

    async def bring_up(
        self, plan: Plan, facts: ImageFacts, step: Step, made: Callable[[], Awaitable[None]]
    ) -> None:
        """Both; at another place when somebody has the first one."""
        for turn in range(_OTHER_PLACES):
            await self.make(plan, facts, step)
            await made()
            try:
                await self.start(plan, facts, step)
            except PlaceTaken:
                if plan.is_filled or turn == _OTHER_PLACES - 1:
                    raise
                group = await removing.group_of(self.engine, self.owner, plan.workspace_id)
                await removing.remove_containers(self.engine, group)
            else:
                return

    async def _start(self, plan: Plan, facts: ImageFacts, step: Step) -> None:
        if not plan.is_filled:
            step()
            await self._fill(plan, facts)
            step()
            await self.source.hand_over(plan, self._owner_inside(plan, facts))
        for member in plan.members:
            step()
            path = f"containers/{member.name}/start"
            await self.engine.call("POST", path, what=_CANNOT, absent=(_ALREADY,))

    async def _fill(self, plan: Plan, facts: ImageFacts) -> None:
        """The slot itself is root's, so that no app puts anything in the way of what is delivered."""
        owner = self._owner_inside(plan, facts)
        begins_as = read(plan.user or facts.user)
        # an image that begins as somebody else than it goes on has both write there; there is nobody else in a container
        mode = 0o755 if begins_as == owner else 0o777
        parcel = person.nothing_yet(Parcel(owner))
        for directory in (*_DIRECTORIES, *self.source.directories(plan)):
            parcel.directory(directory, mode)
        for path, text in plan.files.items():
            if "/" in path:
                parcel.directory(path.rpartition("/")[0], mode)
            parcel.file(path, text, 0o644)
        await self.engine.unpack(plan.members[0].name, SLOT, parcel.packed(), what=_CANNOT)

    def _labels(self, plan: Plan, facts: ImageFacts) -> dict[str, str]:
        """What has to be known of a container later and only image and recipe together tell."""
        owner = str(self._owner_inside(plan, facts))
        is_root = (plan.user or facts.user).partition(":")[0] in ("", "0", "root")
        return {
            labels.FILES_OWNER: owner,
            labels.HOME_PATH: plan.home_path,
            labels.RUNS_AS: owner if is_root else "",
        }

    def _owner_inside(self, plan: Plan, facts: ImageFacts) -> FileOwner:
        return home_owner(plan.container, facts.user)

    async def _stands(self, member: Member) -> bool:
        """Raises Rejected where somebody else's has its name."""
        found = await self.engine.look(f"containers/{member.name}/json", what=_CANNOT)
        if found is None:
            return False
        if not self.owner.owns(found["Config"].get("Labels")):
            raise Rejected(
                f"The engine has a container {member.name} already, of another installation or backend."
            )
        return True

    async def _create(self, member: Member, body: Body) -> None:
        if not self._limits_disks:
            body = container.without_disk_limit(body)
        try:
            await self._post(member, body)
        except NoDiskLimit:
            self._limits_disks = False
            await self._post(member, container.without_disk_limit(body))

    async def _post(self, member: Member, body: Body) -> None:
        params: dict[str, Any] = {"name": member.name}
        answer = await self.engine.call(
            "POST", "containers/create", what=_CANNOT, params=params, json=body, absent=(_CONFLICT,)
        )
        if answer is None and not await self._stands(member):
            raise Rejected(f"{_CANNOT}: the engine says that {member.name} is in the way, and shows none.")
