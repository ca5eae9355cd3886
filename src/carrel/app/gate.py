"""The gate as a process of its own, run by root: its socket, who may use it, and its life. Decides nothing about requests."""

import asyncio
import os
import pwd
import signal
import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from carrel.domain.errors import Invalid, Unavailable
from carrel.domain.ids import is_id
from carrel.drivers.docker.gate.heads import LONGEST_HEAD
from carrel.drivers.docker.gate.installation import KnownInstallation
from carrel.drivers.docker.gate.outcome import Policy
from carrel.drivers.docker.gate.places import PermittedVolumes, demand_roots_own
from carrel.drivers.docker.gate.server import GateServer
from carrel.drivers.docker.gate.upstream import Upstream
from carrel.drivers.docker.gate.verbs import Verbs
from carrel.drivers.docker.homes.own_mounts import OwnMounts
from carrel.drivers.docker.network.firewall import Iptables

_log = structlog.get_logger(__name__)

_LISTENS_FOR: Final = 256
_GROUPS_TOO: Final = 0o660


@dataclass(frozen=True, slots=True)
class GateOptions:
    socket: Path
    engine: Path
    """The engine's own socket."""
    state_dir: Path
    """Of the control plane; its owner may use the gate."""
    keep: Path
    """A directory that is root's alone."""
    user: str | None = None
    """Who may use it, if not the state directory's owner."""
    installation: str | None = None
    volumes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ("runc",)


def run_gate(options: GateOptions) -> None:
    """Until SIGTERM or SIGINT. Raises CarrelError."""
    if os.geteuid() != 0:
        raise Invalid(
            "`carrel gate` has to be run by root: it is what has the rights that the control plane has not."
        )
    if options.installation is not None and not is_id(options.installation):
        raise Invalid("--installation is no id of an installation; `carrel settings` tells it.")
    asyncio.run(_run(options))


async def _run(options: GateOptions) -> None:
    server = _server(options, _uid(options))
    listening = _listen(options.socket, _gid(options))
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    opened = await asyncio.start_unix_server(server.serve, sock=listening, limit=LONGEST_HEAD)
    _log.info("the gate is open", socket=str(options.socket), engine=str(options.engine))
    await ending.wait()
    opened.close()
    options.socket.unlink(missing_ok=True)


def _server(options: GateOptions, uid: int) -> GateServer:
    slots = _prepared(options.keep)
    demand_roots_own(
        options.state_dir.parent
    )  # else another directory of homes could be put in the place of this one
    upstream, known = (
        Upstream(options.engine),
        KnownInstallation(options.keep / "installation", options.installation),
    )
    policy = Policy("", str(slots), options.volumes, options.folders, options.runtimes)
    volumes = PermittedVolumes(upstream, lambda: replace(policy, installation=known.learn(None)))
    mounts = OwnMounts(slots, options.state_dir / "homes", volumes, engine=options.engine)
    verbs = Verbs(mounts, Iptables(), policy)
    return GateServer(upstream, policy, known, verbs.do, frozenset({uid}))


def _prepared(keep: Path) -> Path:
    """Its directory of slots. Raises Invalid, Unavailable."""
    slots = keep / "slots"
    try:
        for place, mode in ((keep, 0o700), (slots, 0o700)):
            place.mkdir(mode=mode, parents=True, exist_ok=True)
        demand_roots_own(slots)
    except OSError as error:
        raise Unavailable(
            f"The directory {keep} cannot be used: {error.strerror}. Choose another --keep."
        ) from error
    return slots


def _uid(options: GateOptions) -> int:
    if options.user is not None:
        return _entry(options.user).pw_uid
    try:
        return options.state_dir.stat().st_uid
    except OSError as error:
        raise Invalid(
            f"The state directory {options.state_dir} cannot be looked at: {error.strerror}. "
            "Make it, as the user that runs Carrel, or say with --user who that is."
        ) from error


def _gid(options: GateOptions) -> int:
    if options.user is not None:
        return _entry(options.user).pw_gid
    return options.state_dir.stat().st_gid


def _entry(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user) if not user.isdecimal() else pwd.getpwuid(int(user))
    except KeyError as error:
        raise Invalid(f'There is no user "{user}" on this machine.') from error


def _listen(path: Path, gid: int) -> socket.socket:
    """Bound beside its name and renamed, so that one who connects is heard, and a killed predecessor's is replaced."""
    beside = path.with_name(f".{path.name}.new")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        listening.bind(str(beside))
        os.chown(beside, 0, gid)
        beside.chmod(_GROUPS_TOO)
        listening.listen(_LISTENS_FOR)
        beside.replace(path)
    except OSError as error:
        listening.close()
        raise Unavailable(
            f"The socket {path} cannot be made: {error.strerror or error}. Choose another --socket."
        ) from error
    return listening
