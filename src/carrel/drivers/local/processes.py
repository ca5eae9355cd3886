"""Finds the processes of our instances by their tags and by descent, and signals them. Never believes a bare pid."""

import os
import re
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from carrel.domain.ids import PoolName, WorkspaceId
from carrel.drivers.local import launch
from carrel.drivers.local.keeper import MARK
from carrel.drivers.local.launch import Owner

_QUICK_LOOKS = 50
_ENDED_STATES = frozenset("ZXx")


@dataclass(frozen=True, slots=True)
class Tag:
    workspace_id: WorkspaceId
    pool: PoolName | None
    is_keeper: bool


@dataclass(frozen=True, slots=True)
class Process:
    """One process for ever: a later one with the same pid began at another tick."""

    pid: int
    started: int
    parent: int
    has_terminal: bool
    is_stopped: bool = False
    ticks: int = field(default=0, compare=False)
    """Processor time that it used so far, with its children's who have ended and were collected."""


@dataclass(frozen=True, slots=True)
class Member:
    """A process that belongs to one of our instances."""

    process: Process
    tag: Tag
    """Its own, or that of the nearest ancestor who has one."""
    is_keeper: bool


def census(owner: Owner) -> list[Member]:
    """Every live process of the owner's instances: whoever bears the tag, and whoever descends from one who does.

    Descent matters because a program may overwrite its own environment (nginx, PostgreSQL) or start others without it.
    """
    reader = _TagReader(owner)
    found = [(process, reader.tag_of(process.pid)) for process in _all_processes()]
    children: dict[int, list[tuple[Process, Tag | None]]] = defaultdict(list)
    for process, tag in found:
        children[process.parent].append((process, tag))
    members: dict[int, Member] = {}
    ours = [(process, tag) for process, tag in found if tag is not None]
    while ours:
        process, tag = ours.pop()
        if process.pid in members:
            continue
        members[process.pid] = Member(process, tag, is_keeper=tag.is_keeper)
        heirs = children[process.pid]
        ours.extend(
            (child, Tag(tag.workspace_id, tag.pool, is_keeper=False)) for child, own in heirs if own is None
        )
    members.pop(os.getpid(), None)
    return list(members.values())


def cpu_seconds(members: Iterable[Member]) -> dict[WorkspaceId, float]:
    """Of each instance, all its processes together."""
    ticks: dict[WorkspaceId, int] = defaultdict(int)
    for member in members:
        ticks[member.tag.workspace_id] += member.process.ticks
    a_second = os.sysconf("SC_CLK_TCK")
    return {workspace_id: count / a_second for workspace_id, count in ticks.items()}


def send(process: Process, number: signal.Signals) -> None:
    """To that very process or to nobody. One that is gone, or not ours to signal, is passed over."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        now = _read_process(process.pid)
        if now is not None and now.started == process.started:
            signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        os.close(handle)


def is_childless(process: Process) -> bool:
    return not _children(process)


def stop_children(keeper: Process) -> None:
    """A look at all processes takes milliseconds, in which a process can fork and end; a look at one keeper's children microseconds.

    Whoever runs away that way is always its keeper's child by then.
    """
    stopped: set[int] = set()
    for _ in range(_QUICK_LOOKS):
        new = _children(keeper) - stopped
        if not new:
            return
        for pid in new:
            if (process := _read_process(pid)) is not None:
                send(process, signal.SIGSTOP)
        stopped |= new


def _children(process: Process) -> set[int]:
    try:
        with open(f"/proc/{process.pid}/task/{process.pid}/children", "rb") as file:  # noqa: PTH123 - beside the others
            return {int(pid) for pid in file.read().split()}
    except OSError:
        return set()


class _TagReader:
    def __init__(self, owner: Owner) -> None:
        self._ours = (
            f"\0{launch.INSTALLATION_TAG}={owner.installation}\0".encode(),
            f"\0{launch.BACKEND_TAG}={owner.backend}\0".encode(),
        )
        self._workspace = re.compile(rf"\0{launch.WORKSPACE_TAG}=([a-z][a-z0-9]{{15}})\0".encode())
        self._pool = re.compile(rf"\0{launch.POOL_TAG}=([a-z0-9-]+)\0".encode())
        self._keeper = f"\0{MARK}=".encode()

    def tag_of(self, pid: int) -> Tag | None:
        try:
            with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:  # noqa: PTH123 - a thousand a second
                environment = b"\0" + file.read()
        except OSError:
            return None
        if not all(mark in environment for mark in self._ours):
            return None
        workspace, pool = self._workspace.search(environment), self._pool.search(environment)
        if workspace is None:
            return None
        return Tag(
            WorkspaceId(workspace[1].decode()),
            PoolName(pool[1].decode()) if pool else None,
            is_keeper=self._keeper in environment,
        )


def _all_processes() -> Iterator[Process]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - as above
        if name.isdigit() and (process := _read_process(int(name))) is not None:
            yield process


def _read_process(pid: int) -> Process | None:
    """None if it is gone, or ended and only not yet collected by its parent."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - as above
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    state = fields[0].decode()
    if (
        state in _ENDED_STATES and int(fields[17]) <= 1
    ):  # its first thread may end before the others, who hold its files and ports
        return None
    return Process(
        pid=pid,
        started=int(fields[19]),
        parent=int(fields[1]),
        has_terminal=fields[4] != b"0",
        is_stopped=state in "Tt",
        ticks=sum(int(fields[at]) for at in (11, 12, 13, 14)),
    )
