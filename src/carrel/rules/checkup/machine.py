"""CRL1xx: is this machine fit to run what the settings ask for? Judges figures; measures none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from carrel.domain.finding import Finding
from carrel.domain.units import format_size
from carrel.rules.checkup.kind import Kind

SETTINGS: Final = Kind(
    "CRL101",
    "Settings",
    "Carrel does not start with settings it cannot understand, and one that runs goes on with those of its start.",
    "Correct the line that is named; docs/reference/settings.md lists every key.",
)
STATE_DIR: Final = Kind(
    "CRL102",
    "State directory",
    "Everything that must outlive a restart is kept there: people's files, the store, the sockets.",
    "Give it to the user that runs Carrel and make it private, or choose another with --state-dir.",
)
PRIVATE: Final = Kind(
    "CRL103",
    "Private files",
    "Whoever may open the sockets is believed to be the owner; run/ and the store hold keys and every app's secret.",
    "Make them private and the property of the user that runs Carrel.",
)
DISK: Final = Kind(
    "CRL104",
    "Disk space",
    "On a full disk nobody can save, and nothing new can be started or recorded.",
    "Free some space, or move the state directory to a larger disk.",
)
INODES: Final = Kind(
    "CRL105",
    "Room for more files",
    "A file system can be out of inodes long before it is out of space; then no file can be made.",
    "Remove what has many small files (package caches, old environments), or use a file system made with more inodes.",
)
OPEN_FILES: Final = Kind(
    "CRL106",
    "Open files",
    "Each visitor's connection takes two in the data plane, which refuses visitors when they are used up.",
    "Raise the limit: LimitNOFILE=65536 in the service's unit, or `ulimit -Hn 65536` before `carrel up`.",
)
MEMORY: Final = Kind(
    "CRL107",
    "Memory",
    "When memory runs out, the system ends somebody's kernel or lab, usually the largest.",
    "Lower `limit` (or `warm`) of the pools, lower `memory` of the template if it needs less, or use a larger machine.",
)
PROCESSES: Final = Kind(
    "CRL108",
    "Processes",
    "Kernels and terminals are processes with many threads; at the limit nothing can be started any more, not even a shell.",
    "Raise the limit: TasksMax=infinity and LimitNPROC=infinity in the service's unit, or `--pids-limit` of the container.",
)
CLOCK: Final = Kind(
    "CRL109",
    "This machine's clock",
    "Tickets live for a minute: with a clock that is wrong or jumps, people are sent away or sessions end early.",
    "Let a time service keep it: `timedatectl set-ntp true`.",
)
RUNS: Final = Kind(
    "CRL110",
    "Carrel's process",
    "Without it nobody can sign in or claim; whoever is inside goes on working.",
    "Look at the last lines of logs/carrel.log in the state directory, and start it again with `carrel up`.",
)
ALL: Final = (SETTINGS, STATE_DIR, PRIVATE, DISK, INODES, OPEN_FILES, MEMORY, PROCESSES, CLOCK, RUNS)

_GIB: Final = 1 << 30
_FILES_BESIDES: Final = 1024
_FILES_EACH: Final = 16
"""A browser keeps up to six connections and its WebSockets open to one lab, each of which is two files in the data plane."""
TASKS_EACH: Final = 40
"""JupyterLab with one kernel and one terminal was seen with 30 to 40 threads."""
NOT_BEFORE: Final = 2025
"""A clock that shows an earlier year was never set."""


def settings(complaint: str | None, places: Sequence[str]) -> Finding:
    if complaint is not None:
        return SETTINGS.bad(complaint)
    return SETTINGS.good(f"They come from {', '.join(places)}." if places else "All have their defaults.")


@dataclass(frozen=True, slots=True)
class Folder:
    path: str
    exists: bool
    is_directory: bool = True
    is_writable: bool = True
    """By whoever asks; for one that does not exist, whether it could be made."""
    mode: int = 0o700
    owner: str = ""
    user: str = ""
    """Who asks."""
    complaint: str | None = None
    """Something else that makes it unusable, e.g. a path too long for sockets."""


def state_dir(folder: Folder) -> Finding:
    if folder.complaint is not None:
        return STATE_DIR.bad(folder.complaint)
    if folder.exists and not folder.is_directory:
        return STATE_DIR.bad(
            f"{folder.path} is no directory.", "Move it away, or choose another with --state-dir."
        )
    if not folder.is_writable:
        what = "may not be written" if folder.exists else "does not exist and cannot be made"
        whose = f" It belongs to {folder.owner}." if folder.owner and folder.owner != folder.user else ""
        return STATE_DIR.bad(
            f"{folder.path} {what} by {folder.user}.{whose}",
            f"`chown -R {folder.user} {folder.path}`, run as the right user, or choose another with --state-dir.",
        )
    if not folder.exists:
        return STATE_DIR.good(f"{folder.path} does not exist yet and can be made.")
    if folder.mode & 0o077:
        return STATE_DIR.warning(
            f"{folder.path} can be entered by others (mode {folder.mode:04o}).", f"`chmod 700 {folder.path}`"
        )
    return STATE_DIR.good(f"{folder.path} is private and can be written.")


@dataclass(frozen=True, slots=True)
class Owned:
    path: str
    mode: int
    owner: str


def private(files: Sequence[Owned], owner: str) -> Finding:
    """`owner` is the state directory's."""
    if not files:
        return PRIVATE.good("There are none yet.")
    open_ones = [file.path for file in files if file.mode & 0o077]
    foreign = [file.path for file in files if file.owner != owner]
    if open_ones:
        return PRIVATE.bad(
            f"Others may open {_some(open_ones)}.", f"`chmod go-rwx {' '.join(open_ones[:_SHOWN])}`"
        )
    if foreign:
        return PRIVATE.bad(
            f"{_some(foreign)} does not belong to {owner}.", f"`chown {owner} {' '.join(foreign[:_SHOWN])}`"
        )
    return PRIVATE.good(f"Only {owner} may open the sockets, keys and the store.")


@dataclass(frozen=True, slots=True)
class Room:
    path: str
    total: int
    free: int
    """For ordinary users."""


def disk(room: Room) -> Finding:
    """A share alone would call 900 GiB of a large disk little."""
    share = room.free / room.total if room.total else 0.0
    said = f"{_bytes(room.free)} of {_bytes(room.total)} ({share:.0%}) are free at {room.path}."
    if (share < 0.02 and room.free < 20 * _GIB) or room.free < _GIB // 4:
        return DISK.bad(said, about=room.path)
    if share < 0.10 and room.free < 100 * _GIB:
        return DISK.warning(said, about=room.path)
    return DISK.good(said, about=room.path)


def inodes(room: Room) -> Finding:
    if room.total == 0:
        return INODES.good(f"The file system at {room.path} makes them as needed.", about=room.path)
    share = room.free / room.total
    said = f"{room.free} of {room.total} inodes ({share:.0%}) are free at {room.path}."
    if share < 0.02:
        return INODES.bad(said, about=room.path)
    return (INODES.warning if share < 0.10 else INODES.good)(said, about=room.path)


def open_files(limit: int | None, people: int) -> Finding:
    """`limit` is the hard one, None without; `people` is how many workspaces the pools may have in all."""
    if limit is None:
        return OPEN_FILES.good("There is no limit.")
    enough_for = max(0, limit - _FILES_BESIDES) // _FILES_EACH
    said = f"At most {limit} may be open: enough for about {enough_for} people at once; the pools allow {people}."
    if enough_for < 10:
        return OPEN_FILES.bad(said)
    return (OPEN_FILES.warning if enough_for < people else OPEN_FILES.good)(said)


@dataclass(frozen=True, slots=True)
class Demand:
    """What the pools that run on this machine ask of it."""

    workspaces: int
    """All limits together."""
    memory: int
    """Bytes, if all of them were taken."""
    warm_memory: int
    """Bytes for the warm ones alone."""


def memory(demand: Demand, total: int) -> Finding:
    said = (
        f"The machine has {_bytes(total)}; {demand.workspaces} workspaces may take {_bytes(demand.memory)} "
        f"by their templates, the warm ones {_bytes(demand.warm_memory)}."
    )
    if demand.warm_memory > total:
        return MEMORY.bad(said)
    return (MEMORY.warning if demand.memory > total else MEMORY.good)(said)


def processes(demand: Demand, *, limit: int | None, used: int) -> Finding:
    needed = demand.workspaces * TASKS_EACH
    if limit is None:
        return PROCESSES.good("There is no limit.")
    said = f"{used} of {limit} are used; {demand.workspaces} workspaces need about {needed} more."
    if limit - used < TASKS_EACH:
        return PROCESSES.bad(said)
    return (PROCESSES.warning if limit - used < needed else PROCESSES.good)(said)


def clock(now: datetime, jumped: float | None) -> Finding:
    """`jumped`: seconds that the clock moved besides the passing of time since Carrel started; None where none runs."""
    said = f"It shows {now:%Y-%m-%d %H:%M:%S} UTC."
    if now.year < NOT_BEFORE:
        return CLOCK.bad(f"{said} That cannot be.")
    if jumped is None or abs(jumped) < 2:
        return CLOCK.good(said)
    told = f"{said} It was set {'forward' if jumped > 0 else 'back'} by {abs(jumped):.0f} seconds since Carrel started."
    return CLOCK.bad(told) if abs(jumped) > 60 else CLOCK.warning(told)


def runs(pid: int | None, *, answers: bool, state: str, owner: str | None = None) -> Finding:
    """`owner`: whose it is, where it is somebody else's than whoever asks."""
    if pid is None:
        return RUNS.good(f"None runs in {state}; what only a running one knows was not looked at.")
    if answers:
        return RUNS.good(f"It runs (process {pid}) and answers.")
    if owner is not None:
        return RUNS.unknown(
            f"It runs (process {pid}) as {owner}, and tells nobody else how it is.",
            f"`sudo -u {owner} carrel doctor --state-dir {state}`",
        )
    return RUNS.bad(
        f"It runs (process {pid}), and does not answer at its owner's socket in {state}.",
        f"If it hangs, end it with `kill {pid}` (people go on working) and start it again.",
    )


_SHOWN: Final = 4


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def _bytes(size: int) -> str:
    """Rounded: nobody needs the last kibibytes of a disk."""
    if size < 1 << 10:
        return f"{size} B"
    unit = next((unit for unit in (1 << 40, 1 << 30, 1 << 20) if size >= unit), 1 << 10)
    return f"{size / unit:.1f} {format_size(unit)[1:]}"
