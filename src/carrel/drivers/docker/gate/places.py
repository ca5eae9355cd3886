"""Which directories and volumes the gate itself may touch: what somebody else could move or replace, it must not believe."""

import stat
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from carrel.domain.errors import Invalid
from carrel.drivers.docker.gate.bodies import NAME_OF_VOLUME
from carrel.drivers.docker.gate.outcome import Policy
from carrel.drivers.docker.gate.upstream import EngineAway, Upstream
from carrel.ports.driver import DriverUnavailable, Rejected


def demand_roots_own(directory: Path) -> None:
    """Nobody but root can put anything in its place. Raises Invalid."""
    for place in (directory, *directory.parents):
        found = place.lstat()
        if stat.S_ISLNK(found.st_mode) or found.st_uid != 0:
            raise Invalid(
                f"{place} is not root's own directory, so the gate cannot rely on {directory}. Choose another directory."
            )
        if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
            raise Invalid(
                f"Others than root may write in {place}, so the gate cannot rely on {directory}. Choose another directory."
            )


class PermittedVolumes:
    """Where the engine keeps a volume: the installation's own, or one that was named at the gate's start."""

    def __init__(self, upstream: Upstream, policy: Callable[[], Policy]) -> None:
        self._upstream = upstream
        self._policy = policy

    async def __call__(self, name: str) -> Path:
        """Raises DriverUnavailable, Rejected."""
        found = await self._shown(name) if NAME_OF_VOLUME.fullmatch(name) else None
        if found is None:
            raise Rejected(f'There is no volume "{name[:80]}" on the engine.')
        if not self._is_permitted(name, found.get("Labels") or {}):
            raise Rejected(
                f'The volume "{name}" is not of this installation; `carrel gate --volumes` lets others in.'
            )
        if found.get("Driver") != "local" or found.get("Options"):
            raise Rejected(f'The volume "{name}" is kept elsewhere than in a directory of the engine.')
        return Path(str(found["Mountpoint"]))

    def _is_permitted(self, name: str, labels: Any) -> bool:
        policy = self._policy()
        is_own = bool(policy.installation) and labels.get("carrel.installation") == policy.installation
        return is_own or any(fnmatchcase(name, pattern) for pattern in policy.volumes)

    async def _shown(self, name: str) -> Any:
        try:
            status, found = await self._upstream.shown(f"/volumes/{name}")
        except EngineAway as error:
            raise DriverUnavailable(f"The volume cannot be found: {error}.") from error
        return found if status == 200 else None
