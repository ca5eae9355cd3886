"""Homes that are volumes of the engine, for engines whose machine we cannot mount on: a container is started with its person's.

Their files are looked at through a container that is made with the volume and never started.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final

from carrel.domain.ids import HomeId
from carrel.drivers.docker import labels
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.homes.adopting import Adopting, volume_of
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.homes.repacking import repacked
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.parcel import Parcel
from carrel.drivers.ondisk.packing import streamed
from carrel.ports.driver import DriverUnavailable, Rejected

_READER: Final = "carrel-reader-"
"""How names of containers begin through which files are looked at."""
_INSIDE: Final = "/carrel/home"
_NOT_HANDED: Final = "The home cannot be handed over"
_UNREADABLE: Final = "The home cannot be read"
_UNREMOVABLE: Final = "The home cannot be removed"
_REFUSED, _GONE, _CONFLICT = 403, 404, 409
_MEASURES_WITHIN: Final = 600.0
"""Seconds: the engine goes through all files of all volumes."""


class VolumeHomes:
    """`homes`: the directory that knows which homes were another system's volumes."""

    def __init__(self, engine: Engine, owner: Owner, homes: Path) -> None:
        self._engine = engine
        self._owner = owner
        self._homes = homes
        self._adopting = Adopting(engine, homes, mounts=False)
        self._is_clear = False
        self._clearing = asyncio.Lock()

    @property
    def home_place(self) -> str:
        return f"docker:{self._engine.host}"

    async def make(self, home_id: HomeId) -> str:
        """The name of its volume, to be mounted (NoCopy) at home_path. Harmless on one that stands."""
        adopted = volume_of(self._homes, home_id)
        if adopted is not None:
            await self._require(adopted)
            return adopted
        name = labels.home_volume(home_id)
        asked = {"Name": name, "Labels": {**self._owner.labels, labels.HOME: home_id}}
        await self._engine.call("POST", "volumes/create", what="The home cannot be made", json=asked)
        return name

    async def hand_over(self, container: str, home_path: str, owner: FileOwner) -> None:
        """Between create and start of its container: the home is its person's, and nobody else may look in.

        The engine lets only the directory above say whose a directory is, and unpacks nothing into what is read-only; then another
        container does it that has the volume.
        """
        shown = await self._engine.look(f"containers/{container}/json", what=_NOT_HANDED)
        volume = _volume_at(home_path, shown or {})
        if volume is None or not (shown or {})["HostConfig"].get("ReadonlyRootfs"):
            await self._give(container, home_path, owner)
            return
        async with self._reader(volume, volume, is_to_read=False) as reader:
            await self._give(reader, _INSIDE, owner)

    async def _give(self, container: str, directory: str, owner: FileOwner) -> None:
        path = PurePosixPath(directory)
        archive = Parcel(owner).directory(path.name).packed()
        await self._engine.unpack(container, str(path.parent), archive, what=_NOT_HANDED)

    async def measure_home(self, home_id: HomeId) -> int:
        """By what the engine says; where it may not be asked that (the gate), by reading all of it."""
        name = self._name(home_id)
        if not await self._is_there(name):
            return 0
        shown = await self._engine.call(
            "GET",
            "system/df",
            what="The home cannot be measured",
            params={"type": "volume"},
            absent=(_REFUSED, _GONE),
            seconds=_MEASURES_WITHIN,
        )
        for one in (shown or {}).get("Volumes") or ():
            if one["Name"] == name and (size := (one.get("UsageData") or {}).get("Size", -1)) >= 0:
                return int(size)
        return await self._counted(home_id, name)

    async def archive_home(self, home_id: HomeId) -> AsyncIterator[bytes]:
        name = self._name(home_id)
        if not await self._is_there(name):
            async for chunk in streamed(lambda _: None):
                yield chunk
            return
        async with aclosing(self._files(home_id, name)) as files, aclosing(repacked(files)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def remove_home(self, home_id: HomeId) -> None:
        await self._clear()
        if await self._adopting.remove(home_id):
            return
        path = f"volumes/{labels.home_volume(home_id)}"
        gone = await self._engine.call("DELETE", path, what=_UNREMOVABLE, absent=(_GONE, _CONFLICT))
        if gone is None and await self._is_there(labels.home_volume(home_id)):
            raise DriverUnavailable(f"Home {home_id} is in use by a container, so it is not removed.")

    def _name(self, home_id: HomeId) -> str:
        return volume_of(self._homes, home_id) or labels.home_volume(home_id)

    async def _require(self, volume: str) -> None:
        """An engine would make an empty one in its place."""
        if not await self._is_there(volume):
            raise Rejected(f"The volume {volume} is gone, and with it the files of this home.")

    async def _is_there(self, volume: str) -> bool:
        return await self._engine.look(f"volumes/{volume}", what=_UNREADABLE) is not None

    async def _counted(self, home_id: HomeId, name: str) -> int:
        size = 0
        async with aclosing(self._files(home_id, name)) as files:
            async for chunk in files:
                size += len(chunk)
        return size

    async def _files(self, home_id: HomeId, volume: str) -> AsyncGenerator[bytes, None]:
        """As a tar archive of the engine's making."""
        async with self._reader(home_id, volume, is_to_read=True) as reader:
            path = f"containers/{reader}/archive"
            async for chunk in self._engine.stream(path, what=_UNREADABLE, params={"path": f"{_INSIDE}/."}):
                yield chunk

    @asynccontextmanager
    async def _reader(self, name: str, volume: str, *, is_to_read: bool) -> AsyncIterator[str]:
        """A container with the volume, for as long as it takes."""
        await self._clear()
        reader = f"{_READER}{name}"
        await self._forget(reader)
        body = await self._body(volume, is_to_read=is_to_read)
        path = "containers/create"
        await self._engine.call("POST", path, what=_UNREADABLE, params={"name": reader}, json=body)
        try:
            yield reader
        finally:
            await asyncio.shield(self._forget(reader))

    async def _body(self, volume: str, *, is_to_read: bool) -> dict[str, Any]:
        """Of any image, for nothing of it ever runs."""
        images = await self._engine.look("images/json", what=_UNREADABLE)
        if not images:
            raise DriverUnavailable(
                f"{_UNREADABLE}: the engine has no image, and its files are read by a container."
            )
        smallest = min(images, key=lambda each: int(each.get("Size", 0)))
        mount = {"Type": "volume", "Source": volume, "Target": _INSIDE, "ReadOnly": is_to_read}
        return {
            "Image": smallest["Id"],
            "Cmd": ["none"],
            "Labels": self._owner.labels,
            "HostConfig": {
                "NetworkMode": "none",
                "CapDrop": ["ALL"],
                "SecurityOpt": ["no-new-privileges:true"],
                "PidsLimit": 1,
                "Mounts": [mount],
            },
        }

    async def _clear(self) -> None:
        """Once: readers that a control plane left which was killed."""
        async with self._clearing:
            if self._is_clear:
                return
            wanted = {"label": [f"{name}={value}" for name, value in self._owner.labels.items()]}
            params = {"all": "1", "filters": json.dumps({**wanted, "name": [_READER]})}
            found = await self._engine.look("containers/json", what=_UNREADABLE, params=params)
            for each in found or ():
                await self._forget(each["Id"])
            self._is_clear = True

    async def _forget(self, reader: str) -> None:
        await self._engine.call(
            "DELETE",
            f"containers/{reader}",
            what=_UNREADABLE,
            params={"force": "1"},
            absent=(_GONE, _CONFLICT),
        )


def _volume_at(path: str, shown: Mapping[str, Any]) -> str | None:
    return next(
        (each.get("Name") for each in shown.get("Mounts") or () if each.get("Destination") == path), None
    )
