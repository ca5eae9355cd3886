"""Volumes of the engine that another system made for its users, and that are homes now: which there could be, and which is whose. The one
place that knows `<home id>.volume` in the directory of homes, which holds the volume's name.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from carrel.domain.ids import HomeId, is_id
from carrel.drivers.docker import labels
from carrel.drivers.docker.engine import Engine
from carrel.ports.driver import Adoptable, DriverUnavailable, Rejected

_SUFFIX: Final = ".volume"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
"""What an engine takes as a volume's name; whatever else a file holds is none."""
_LONGEST_NOTE: Final = 1024
_NAMELESS: Final = re.compile(r"[0-9a-f]{64}")
"""Made for one container and named by nobody."""


def volume_of(homes: Path, home_id: HomeId) -> str | None:
    """Which volume is this home; None for one of our own making. Raises DriverUnavailable, Rejected."""
    if not is_id(home_id):
        raise Rejected("A home is named by its id.")
    try:
        name = _noted(homes / f"{home_id}{_SUFFIX}")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as problem:
        raise DriverUnavailable(f"It cannot be read which volume is home {home_id}: {problem}.") from problem
    if not _NAME.fullmatch(name):
        raise Rejected(f"{home_id}{_SUFFIX} holds no name of a volume.")
    return name


def _noted(path: Path) -> str:
    """Follows no link and waits for no pipe: the reader may be root, and who writes there is not."""
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(opened, "rb") as file:
        return file.read(_LONGEST_NOTE).decode().strip()


class Adopting:
    def __init__(self, engine: Engine, homes: Path, *, mounts: bool) -> None:
        """`mounts`: homes are mounted from this machine, so a volume's files must be on it."""
        self._engine = engine
        self._homes = homes
        self._mounts = mounts

    async def adoptable(self) -> list[Adoptable]:
        shown = await self._engine.look("volumes", what="The volumes cannot be listed")
        found = [one for one in (shown or {}).get("Volumes") or () if _is_somebodys(one)]
        users = await self._users() if found else {}
        return [Adoptable(one["Name"], self._obstacle(one, users)) for one in found]

    async def adopt(self, home_id: HomeId, name: str) -> None:
        known = volume_of(self._homes, home_id)
        if known == name:
            return
        if known is not None:
            raise Rejected(f"Home {home_id} is the volume {known} already.")
        if (other := self._home_of(name)) is not None:
            raise Rejected(f"The volume {name} is home {other} already.")
        shown = await self._engine.look(_path(name), what=f"The volume {name} cannot be looked at")
        if shown is None or not _is_somebodys(shown):
            raise Rejected(f"There is no volume {name} that could be taken over.")
        if sentence := self._obstacle(shown, await self._users()):
            raise Rejected(sentence)
        self._write(home_id, name)

    async def place_of(self, name: str) -> Path:
        """Where on the engine's machine its files are. Raises DriverUnavailable, Rejected."""
        shown = await self._engine.look(_path(name), what=f"The volume {name} cannot be looked at")
        if shown is None:
            raise Rejected(f"The volume {name} is gone, and with it the files of this home.")
        if not shown.get("Mountpoint") or _is_elsewhere(shown):
            raise Rejected(_elsewhere(name))
        return Path(shown["Mountpoint"])

    async def remove(self, home_id: HomeId) -> bool:
        """The volume with its files, for good. False for a home that is none. Raises DriverUnavailable while anything uses it."""
        name = volume_of(self._homes, home_id)
        if name is None:
            return False
        answer = await self._engine.call(
            "DELETE", _path(name), what=f"The volume {name} cannot be removed", absent=(404, 409)
        )
        if answer is None and await self._engine.look(_path(name), what="The volumes cannot be listed"):
            raise DriverUnavailable(f"The volume {name} is in use by a container, so it is not removed.")
        self._path_of(home_id).unlink(missing_ok=True)
        return True

    def _obstacle(self, shown: Mapping[str, Any], users: Mapping[str, list[str]]) -> str:
        name = shown["Name"]
        if self._mounts and _is_elsewhere(shown):
            return _elsewhere(name)
        if used_by := users.get(name):
            return f"It is in use by {', '.join(used_by)}. Stop that first: two programs would write the same files."
        return ""

    async def _users(self) -> dict[str, list[str]]:
        """The containers that run with each volume."""
        running = await self._engine.look("containers/json", what="The containers cannot be listed")
        found: dict[str, list[str]] = {}
        for one in running or ():
            called = next(iter(one.get("Names") or ()), one["Id"][:12]).lstrip("/")
            for mount in one.get("Mounts") or ():
                if mount.get("Type") == "volume":
                    found.setdefault(mount.get("Name", ""), []).append(called)
        return found

    def _home_of(self, name: str) -> HomeId | None:
        ids = (HomeId(path.name.removesuffix(_SUFFIX)) for path in self._homes.glob(f"*{_SUFFIX}"))
        return next((each for each in ids if is_id(each) and volume_of(self._homes, each) == name), None)

    def _path_of(self, home_id: HomeId) -> Path:
        return self._homes / f"{home_id}{_SUFFIX}"

    def _write(self, home_id: HomeId, name: str) -> None:
        path = self._path_of(home_id)
        beside = path.with_suffix(".adopting")
        try:
            beside.write_text(f"{name}\n", encoding="utf-8")
            beside.replace(path)
        except OSError as problem:
            raise DriverUnavailable(
                f"It cannot be written down whose the volume {name} is: {problem}."
            ) from problem


def _is_somebodys(shown: Mapping[str, Any]) -> bool:
    """Neither Carrel's, of whatever installation, nor made for one container."""
    ours = any(
        label.startswith(f"{labels.INSTALLATION.partition('.')[0]}.") for label in shown.get("Labels") or ()
    )
    return not ours and not _NAMELESS.fullmatch(shown["Name"])


def _is_elsewhere(shown: Mapping[str, Any]) -> bool:
    """A driver of its own, or a share that the engine mounts only while a container uses it."""
    return shown.get("Driver") != "local" or bool((shown.get("Options") or {}).get("type"))


def _elsewhere(name: str) -> str:
    return f'The files of {name} are not on the engine\'s own disk. A backend with homes = "volume" can take it over.'


def _path(name: str) -> str:
    return f"volumes/{quote(name, safe='')}"
