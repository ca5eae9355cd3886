"""What the gate does itself, in place of a control plane that is not root: mounts and walls. Ids, numbers and networks come in, never a place."""

import json
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Network
from typing import Any, Final

from carrel.domain.ids import HomeId, WorkspaceId, is_id
from carrel.drivers.docker.gate.outcome import Policy
from carrel.drivers.docker.gate.shapes import NotLetThrough, read, refuse
from carrel.drivers.docker.homes.mounts import FileOwner, Mounts, SlotPlan
from carrel.drivers.docker.network.firewall import Firewall
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.driver import DriverError, OutOfCapacity, Rejected

_BRIDGE: Final = re.compile(r"crl-[0-9a-f]{1,11}")
_MOST_IDS: Final = 2**32 - 2
_MOST_DENIED: Final = 100
_STATUS: Final[Mapping[type[DriverError], int]] = {Rejected: 409, OutOfCapacity: 507}
REFUSED: Final = 403
AWAY: Final = 503


class Verbs:
    def __init__(self, mounts: Mounts, firewall: Firewall, policy: Policy) -> None:
        self._mounts = mounts
        self._firewall = firewall
        self._policy = policy
        self._known: Mapping[str, Callable[[Any], Awaitable[Any]]] = {
            "POST mounts/make-slot": self._make_slot,
            "POST mounts/bring-in": self._bring_in,
            "POST mounts/take-out": self._take_out,
            "POST mounts/remove-slot": self._remove_slot,
            "POST mounts/slots": self._slots,
            "POST mounts/leave": self._leave,
            "POST walls/raise": self._raise_walls,
            "POST walls/missing": self._missing,
            "POST walls/lower": self._lower_walls,
        }

    async def do(self, name: str, body: bytes) -> tuple[int, bytes]:
        """Status and JSON: what came out, or a sentence."""
        try:
            done = self._known.get(name) or refuse(name[:80], "is no verb of the gate")
            return 200, json.dumps({"result": await done(read(body))}).encode()
        except NotLetThrough as refusal:
            return REFUSED, json.dumps({"message": f"carrel gate: {refusal.sentence}"}).encode()
        except DriverError as error:
            code = error.code.value if error.code is not None else None
            said = {"message": error.sentence, "code": code}
            return _STATUS.get(type(error), AWAY), json.dumps(said).encode()

    # -- mounts --------------------------------------------------------------------------------------------------------

    async def _make_slot(self, given: Any) -> str:
        return await self._mounts.make_slot(_workspace(given), self._plan(_field(given, "plan")))

    def _plan(self, given: Any) -> SlotPlan:
        takes_home = _field(given, "takes_home")
        folders = _field(given, "folders")
        if not isinstance(takes_home, bool) or not isinstance(folders, dict):
            refuse("the plan", "cannot be read")
        owner = FileOwner(_whole(given, "uid"), _whole(given, "gid"))
        return SlotPlan(
            owner, takes_home, {str(name): self._folder(place) for name, place in folders.items()}
        )

    def _folder(self, given: Any) -> str:
        if not self._policy.is_shared(str(given)):
            refuse(
                f'the folder "{str(given)[:120]}"',
                "is not shared with workspaces here; `carrel gate --folder` names those that may be",
            )
        return str(given)

    async def _bring_in(self, given: Any) -> None:
        await self._mounts.bring_in(_workspace(given), HomeId(_id(given, "home_id")))

    async def _take_out(self, given: Any) -> None:
        await self._mounts.take_out(_workspace(given))

    async def _remove_slot(self, given: Any) -> None:
        await self._mounts.remove_slot(_workspace(given))

    async def _slots(self, _given: Any) -> dict[str, Any]:
        found = await self._mounts.slots()
        return {name: {"is_open": slot.is_open, "home_id": slot.home_id} for name, slot in found.items()}

    async def _leave(self, _given: Any) -> None:
        await self._mounts.leave()

    # -- walls ---------------------------------------------------------------------------------------------------------

    async def _raise_walls(self, given: Any) -> None:
        await self._firewall.raise_walls(_walls(given))

    async def _missing(self, given: Any) -> list[str]:
        return list(await self._firewall.missing(_walls(given)))

    async def _lower_walls(self, given: Any) -> None:
        walls = _walls(given)
        if _stands(walls.bridge):
            refuse(walls.bridge, "is there still, and its walls with it; remove the network first")
        await self._firewall.lower_walls(walls)


def _field(given: Any, name: str) -> Any:
    return given.get(name) if isinstance(given, dict) else refuse("the body", "is no object")


def _id(given: Any, name: str) -> str:
    value = _field(given, name)
    return value if isinstance(value, str) and is_id(value) else str(refuse(name, "is no id"))


def _workspace(given: Any) -> WorkspaceId:
    return WorkspaceId(_id(given, "workspace_id"))


def _whole(given: Any, name: str) -> int:
    value = _field(given, name)
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_IDS
    return int(value) if is_one else int(refuse(name, "is no number of a user or group"))


def _walls(given: Any) -> Walls:
    bridge, denied = _field(given, "bridge"), _field(given, "deny")
    if not isinstance(bridge, str) or _BRIDGE.fullmatch(bridge) is None:
        refuse("bridge", "is none of Carrel's")
    if not isinstance(denied, list) or len(denied) > _MOST_DENIED:
        refuse("deny", "is no list of networks")
    return Walls(bridge, _subnet(_field(given, "subnet")), tuple(map(_subnet, denied)))


def _stands(bridge: str) -> bool:
    try:
        return socket.if_nametoindex(bridge) > 0
    except OSError:
        return False


def _subnet(given: Any) -> str:
    try:
        return str(IPv4Network(str(given)))
    except ValueError:
        return str(refuse(f'"{str(given)[:40]}"', "is no network"))
