"""`Mounts` and `Firewall` by the gate: the control plane asks, the gate does. Knows the way there, and judges nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.homes.mounts import SlotPlan, SlotView
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected

_SECONDS: Final = 120.0
"""A home on a slow disk may have to be changed owners."""
_KINDS: Final[Mapping[int, type[DriverUnavailable] | type[OutOfCapacity] | type[Rejected]]] = {
    400: Rejected,
    403: Rejected,
    409: Rejected,
    507: OutOfCapacity,
}


class Gate:
    """One way to one gate."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._client: httpx.AsyncClient | None = None

    async def ask(self, verb: str, **given: Any) -> Any:
        """Raises DriverUnavailable, OutOfCapacity, Rejected."""
        try:
            response = await self._connected().post(f"/carrel/{verb}", json=given)
            said = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise DriverUnavailable(
                f"The gate does not answer at {self._socket} ({type(error).__name__}). Is `carrel gate` running, and may Carrel use its socket?"
            ) from error
        if response.status_code == 200:
            return said.get("result")
        raise _error(response.status_code, said)

    def _connected(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
            self._client = httpx.AsyncClient(transport=transport, base_url="http://gate", timeout=_SECONDS)
        return self._client

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


def _error(status: int, said: Mapping[str, Any]) -> DriverError:
    code = said.get("code")
    known = ReasonCode(code) if code in [each.value for each in ReasonCode] else None
    sentence = str(said.get("message", "The gate gave no reason."))
    return _KINDS.get(status, DriverUnavailable)(sentence, known)


class GateMounts:
    """Implements `mounts.Mounts`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def make_slot(self, workspace_id: WorkspaceId, plan: SlotPlan) -> str:
        given = {
            "uid": plan.owner.uid,
            "gid": plan.owner.gid,
            "takes_home": plan.takes_home,
            "folders": dict(plan.folders),
        }
        return str(await self._gate.ask("mounts/make-slot", workspace_id=workspace_id, plan=given))

    async def bring_in(self, workspace_id: WorkspaceId, home_id: HomeId) -> None:
        await self._gate.ask("mounts/bring-in", workspace_id=workspace_id, home_id=home_id)

    async def take_out(self, workspace_id: WorkspaceId) -> None:
        await self._gate.ask("mounts/take-out", workspace_id=workspace_id)

    async def remove_slot(self, workspace_id: WorkspaceId) -> None:
        await self._gate.ask("mounts/remove-slot", workspace_id=workspace_id)

    async def slots(self) -> Mapping[WorkspaceId, SlotView]:
        found = await self._gate.ask("mounts/slots")
        return {
            WorkspaceId(name): SlotView(slot["is_open"], HomeId(slot["home_id"]) if slot["home_id"] else None)
            for name, slot in found.items()
        }

    async def leave(self) -> None:
        await self._gate.ask("mounts/leave")

    async def aclose(self) -> None:
        await self._gate.aclose()


class GateFirewall:
    """Implements `firewall.Firewall`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def raise_walls(self, walls: Walls) -> None:
        await self._gate.ask("walls/raise", **_told(walls))

    async def missing(self, walls: Walls) -> Sequence[str]:
        found = await self._gate.ask("walls/missing", **_told(walls))
        return [str(line) for line in found]

    async def lower_walls(self, walls: Walls) -> None:
        await self._gate.ask("walls/lower", **_told(walls))


def _told(walls: Walls) -> dict[str, Any]:
    return {"bridge": walls.bridge, "subnet": walls.subnet, "deny": list(walls.deny)}
