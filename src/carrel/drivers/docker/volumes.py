"""Homes that are volumes of the engine, for engines whose machine we cannot mount on: a container is started with its person's."""

from pathlib import Path

from carrel.domain.ids import HomeId
from carrel.drivers.docker import labels
from carrel.drivers.docker.adopting import volume_of
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.mounts import FileOwner
from carrel.drivers.docker.parcel import Parcel
from carrel.ports.driver import Rejected


class VolumeHomes:
    def __init__(self, engine: Engine, owner: Owner, homes: Path) -> None:
        """`homes`: where it is written which of them were taken over."""
        self._engine = engine
        self._owner = owner
        self._homes = homes

    @property
    def home_place(self) -> str:
        return f"docker:{self._engine.host}"

    async def make(self, home_id: HomeId) -> str:
        """The name of its volume, to be mounted (NoCopy) at home_path. Harmless on one that stands."""
        taken_over = volume_of(self._homes, home_id)
        if taken_over is not None:
            return await self._standing(taken_over)
        name = labels.home_volume(home_id)
        asked = {
            "Name": name,
            "Labels": {labels.INSTALLATION: self._owner.installation, labels.HOME: home_id},
        }
        await self._engine.call("POST", "volumes/create", json=asked, what="The home cannot be made")
        return name

    async def _standing(self, name: str) -> str:
        """An engine would make an empty one in its place."""
        if await self._engine.look(f"volumes/{name}", what=f"The volume {name} cannot be looked at") is None:
            raise Rejected(f"The volume {name} is gone, and with it the files of this home.")
        return name

    async def hand_over(self, container: str, home_path: str, owner: FileOwner) -> None:
        """Between create and start of its container: the home is its person's, and nobody else may look in."""
        archive = Parcel(owner).directory(".").packed()
        await self._engine.unpack(container, home_path, archive, what="The home cannot be handed over")
