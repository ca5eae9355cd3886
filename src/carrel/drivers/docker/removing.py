"""Ends and removes what was made for a workspace on the engine: containers, and the volume of its slot. Absence is success throughout."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from carrel.domain.ids import WorkspaceId
from carrel.drivers.docker import labels
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.homes.sources import Source
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.notes import Notes
from carrel.drivers.docker.places import Places
from carrel.drivers.docker.showing import Listed, endpoint_of, read_list
from carrel.ports.driver import DriverUnavailable

_GONE: Final = 404
_ALREADY: Final = 304
_CONFLICT: Final = 409
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4)
"""Seconds between looks at what somebody else is removing; the last one repeats."""
_LOOKS: Final = 60
_SLACK: Final = 30.0
"""Seconds that an engine may take over its own time limit."""


async def group_of(engine: Engine, owner: Owner, workspace_id: WorkspaceId) -> list[Listed]:
    """Its containers, if they are ours."""
    wanted = {
        "label": [
            f"{name}={value}" for name, value in {**owner.labels, labels.WORKSPACE: workspace_id}.items()
        ]
    }
    found = await engine.look(
        "containers/json",
        what=f"The containers of workspace {workspace_id} cannot be listed",
        params={"all": "1", "filters": wanted},
    )
    return read_list(found or ()).get(workspace_id, [])


async def stop(engine: Engine, group: Sequence[Listed], grace: float) -> None:
    """The app before its companions: what it saves at its end, it may save in them. Raises DriverUnavailable."""
    for some in ([each for each in group if not each.companion], [each for each in group if each.companion]):
        await asyncio.gather(*(_stop(engine, each, grace) for each in some))


async def _stop(engine: Engine, container: Listed, grace: float) -> None:
    if container.state in ("created", "exited", "dead"):
        return
    await engine.call(
        "POST",
        f"containers/{container.id}/stop",
        what="The workspace cannot be stopped",
        params={"t": str(max(1, round(grace)))},
        absent=(_ALREADY, _GONE),
        seconds=grace + _SLACK,
    )


async def remove_containers(engine: Engine, group: Sequence[Listed]) -> None:
    """Companions first: none is left without the network it lives in. Raises DriverUnavailable."""
    for some in ([each for each in group if each.companion], [each for each in group if not each.companion]):
        await asyncio.gather(
            *(_remove(engine, f"containers/{each.id}", {"v": "1", "force": "1"}) for each in some)
        )


async def remove_slot(engine: Engine, workspace_id: WorkspaceId) -> None:
    await _remove(engine, f"volumes/{labels.slot_volume(workspace_id)}", {})


async def _remove(engine: Engine, path: str, params: dict[str, Any]) -> None:
    """Returns once it is gone, also when somebody else removes it: engines take their time over that."""
    for turn in range(_LOOKS):
        answer = await engine.call(
            "DELETE", path, what="The workspace cannot be removed", params=params, absent=(_GONE, _CONFLICT)
        )
        if answer is not None or await _is_gone(engine, path):
            return
        await asyncio.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
    raise DriverUnavailable(f"The engine does not get done with removing {path}.")


async def _is_gone(engine: Engine, path: str) -> bool:
    shown = f"{path}/json" if path.startswith("containers/") else path
    return await engine.look(shown, what="The workspace cannot be removed") is None


@dataclass(frozen=True, slots=True)
class Removal:
    """All of one workspace, in an order in which being killed leaves something to be found: its note goes last."""

    engine: Engine
    owner: Owner
    source: Source
    places: Places
    notes: Notes
    grace: float

    async def end(self, workspace_id: WorkspaceId) -> list[Listed]:
        """Nothing of it runs any more. Raises DriverUnavailable."""
        group = await group_of(self.engine, self.owner, workspace_id)
        await stop(self.engine, group, self.grace)
        return group

    async def remove(self, workspace_id: WorkspaceId) -> None:
        """What is somebody else's is left alone. Raises DriverUnavailable."""
        group = await self.end(workspace_id)
        if not group and await asyncio.to_thread(self.notes.read, workspace_id) is None:
            await asyncio.to_thread(self.notes.forget, workspace_id)
            return
        await self.source.remove(workspace_id)
        for endpoint in filter(None, (endpoint_of(each.labels) for each in group)):
            await asyncio.to_thread(self.places.give_back, endpoint)
        await remove_containers(self.engine, group)
        await remove_slot(self.engine, workspace_id)
        await asyncio.to_thread(self.notes.forget, workspace_id)
