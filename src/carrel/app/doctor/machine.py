"""Facts about this machine: the state directory, its disk, limits, memory and clock. Measures; judges nothing."""

import os
import pwd
import resource
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import psutil

from carrel.app.doctor.checks import Check
from carrel.app.doctor.patient import Patient
from carrel.dataplane.bootstrap import check_run_dir
from carrel.dataplane.process import open_files
from carrel.domain.errors import Invalid
from carrel.domain.finding import Finding
from carrel.rules.checkup import machine
from carrel.rules.checkup.machine import Demand, Folder, Owned, Room

_CGROUPS: Final = Path("/sys/fs/cgroup")
_ENDLESS: Final = 1 << 60
"""What cgroups of the first version write for "no limit" is near the largest number there is."""


def checks(patient: Patient) -> list[Check]:
    aside = patient.aside

    async def state_dir() -> Iterable[Finding]:
        return [machine.state_dir(await aside("state directory", lambda: _folder(patient.state.root)))]

    async def private() -> Iterable[Finding]:
        return await aside("private files", lambda: [_private(patient)])

    async def disk() -> Iterable[Finding]:
        return await aside("disk", lambda: _disks(patient.state.root))

    async def files() -> Iterable[Finding]:
        many = sum(pool.limit for pool in await patient.pools())
        limit = open_files()
        return [machine.open_files(None if limit == resource.RLIM_INFINITY else limit, many)]

    async def memory() -> Iterable[Finding]:
        demand = await _demand(patient)
        return [machine.memory(demand, await aside("memory", memory_total))] if demand else []

    async def processes() -> Iterable[Finding]:
        demand = await _demand(patient)
        if demand is None:
            return []
        limit, used = await aside("processes", task_limit)
        return [machine.processes(demand, limit=limit, used=used)]

    async def clock() -> Iterable[Finding]:
        return [machine.clock(patient.clock.now(), _jumped(patient))]

    return [
        Check((machine.STATE_DIR,), state_dir),
        Check((machine.PRIVATE,), private),
        Check((machine.DISK, machine.INODES), disk),
        Check((machine.OPEN_FILES,), files),
        Check((machine.MEMORY,), memory),
        Check((machine.PROCESSES,), processes),
        Check((machine.CLOCK,), clock),
    ]


def _folder(root: Path) -> Folder:
    user = name_of(os.geteuid())
    try:
        check_run_dir(root / "run")
    except Invalid as error:
        return Folder(str(root), root.exists(), complaint=error.sentence)
    if not root.exists():
        above = _nearest(root)
        return Folder(str(root), exists=False, is_writable=_is_writable(above), owner="", user=user)
    found = root.stat()
    return Folder(
        str(root),
        exists=True,
        is_directory=root.is_dir(),
        is_writable=_is_writable(root),
        mode=found.st_mode & 0o777,
        owner=name_of(found.st_uid),
        user=user,
    )


def _is_writable(path: Path) -> bool:
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return False
    return path.is_dir() and os.access(path, os.R_OK | os.W_OK | os.X_OK)


def _nearest(path: Path) -> Path:
    """The nearest one above that exists: a first start makes the others."""
    return next(above for above in path.parents if above.exists())


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _private(patient: Patient) -> Finding:
    root = patient.state.root
    try:
        owner = name_of(root.stat().st_uid)
    except OSError:
        return machine.private([], "")
    return machine.private(_owned(_secret_paths(patient)), owner)


def _secret_paths(patient: Patient) -> list[Path]:
    state = patient.state
    folders = [state.run, state.root / "homes", state.root / "slots", state.root / "logs"]
    file = patient.database_file
    database = (
        [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-ballast"))] if file else []
    )
    return [*folders, *_below(state.run), *database]


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _owned(paths: Iterable[Path]) -> list[Owned]:
    """What is not there, or was renamed away meanwhile, is nobody's secret."""
    found: list[Owned] = []
    for path in paths:
        try:
            seen = path.lstat()
        except OSError:
            continue
        found.append(Owned(str(path), seen.st_mode & 0o777, name_of(seen.st_uid)))
    return found


def _disks(root: Path) -> list[Finding]:
    """Of every file system that the state directory is spread over."""
    places = [root if root.exists() else _nearest(root), root / "homes", root / "slots"]
    by_device = {os.stat(path).st_dev: path for path in reversed(places) if path.exists()}  # noqa: PTH116 - beside statvfs, which pathlib lacks
    found: list[Finding] = []
    for path in sorted(by_device.values()):
        stat = os.statvfs(path)
        found.append(
            machine.disk(Room(str(path), stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize))
        )
        found.append(machine.inodes(Room(str(path), stat.f_files, stat.f_favail)))
    return found


async def _demand(patient: Patient) -> Demand | None:
    """Of the pools whose workspaces are this machine's own processes; None where there is no such pool."""
    here = [pool for pool in await patient.pools() if patient.is_local(pool)]
    if not here:
        return None
    memory = {template.name: template.memory or 0 for template in await patient.templates()}
    return Demand(
        workspaces=sum(pool.limit for pool in here),
        memory=sum(pool.limit * memory.get(pool.template, 0) for pool in here),
        warm_memory=sum(pool.warm * memory.get(pool.template, 0) for pool in here),
    )


def memory_total() -> int:
    """Of the machine, or of the control group if that allows less."""
    limits = [*_limits("memory.max"), *_limits("memory/memory.limit_in_bytes")]
    return min([int(psutil.virtual_memory().total), *limits])


def task_limit() -> tuple[int | None, int]:
    """The smallest limit on processes and threads that counts for us, and how many count against it already."""
    limits = [*_limits("pids.max"), *_limits("pids/pids.max")]
    soft = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if os.geteuid() != 0 and soft != resource.RLIM_INFINITY:  # root is not held to it
        limits.append(soft)
    if not limits:
        return None, 0
    ours = os.geteuid()
    running = psutil.process_iter(["uids", "num_threads"])
    used = sum(
        one.info["num_threads"] or 0
        for one in running
        if one.info["uids"] and one.info["uids"].effective == ours
    )
    return min(limits), used


def _limits(file: str) -> Sequence[int]:
    """Of our control group and of all above it; "max" is none."""
    found: list[int] = []
    controller, _, name = file.rpartition("/")
    base = _CGROUPS / controller
    group = base / _own_group(controller)
    for folder in (group, *group.parents):
        if folder != base and base not in folder.parents:
            break
        try:
            found.append(int((folder / name).read_text()))
        except (OSError, ValueError):
            continue
    return [limit for limit in found if limit < _ENDLESS]


def _own_group(controller: str) -> str:
    """Its path below the controller's root; empty where the system has no such thing."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        _, kinds, path = line.split(":", 2)
        if controller in kinds.split(","):
            return path.lstrip("/")
    return ""


def _jumped(patient: Patient) -> float | None:
    if patient.started is None:
        return None
    at, steady = patient.started
    passed = (patient.clock.now() - at).total_seconds()
    return passed - (patient.clock.monotonic() - steady)
