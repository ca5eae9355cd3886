"""A workspace that takes all it can get: its neighbours go on as before, and what it suffers from is named, for its own person."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.docker import stage
from tests.docker.cell import PORT, recipe, started
from tests.docker_engine import PREFIX, Engine, import_small, missing

from carrel.clock import SystemClock
from carrel.domain.ids import InstallationId, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker import labels
from carrel.drivers.docker.ailments import Ailments
from carrel.drivers.docker.engine import Engine as Connection
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import Network
from carrel.ports.driver import Ailment

OWNER = Owner(InstallationId("i00000000000limi"), "engine")
BOMBED, HUNGRY, CALM = (WorkspaceId(f"w0000000000000l{each}") for each in "abc")
MiB = 1 << 20
WITHIN = 60.0
BOMB = """
import os, time
while True:
    try:
        if os.fork() == 0:
            time.sleep(600)
    except OSError:
        time.sleep(0.01)
"""
"""Takes every process it can get, and again whenever one is free."""
HOG = "bytearray(400 * 1024 * 1024)"
FILL = """
import os
with open("/tmp/full", "wb") as file:
    try:
        while True:
            file.write(bytes(1 << 16))
    except OSError as problem:
        print(problem.errno, flush=True)
        os._exit(0)
"""
ENOSPC = ("28", "122")
"""No room, or no room left of its share."""


@pytest.fixture
async def engine(docker: Engine) -> AsyncIterator[Connection]:
    engine = Connection(docker.host)
    yield engine
    await engine.aclose()
    docker.clear()


@pytest.fixture
async def ailments(engine: Connection) -> AsyncIterator[Ailments]:
    ailments = Ailments(engine, OWNER, lambda: measured(engine), clock=SystemClock())
    ailments.start()
    yield ailments
    await ailments.aclose()


async def measured(engine: Connection) -> Mapping[WorkspaceId, Mapping[str, Any]]:
    what = "Nothing can be measured"
    running = await engine.look("containers/json", what=what, params={"filters": OWNER.filters})
    once = {"stream": "0", "one-shot": "1"}
    return {
        WorkspaceId(each["Labels"][labels.WORKSPACE]): await engine.look(
            f"containers/{each['Id']}/stats", what=what, params=once
        )
        for each in running
    }


async def until_told(
    ailments: Ailments, workspace_id: WorkspaceId, holds: Callable[[Ailment], bool]
) -> Mapping[WorkspaceId, Ailment]:
    deadline = time.monotonic() + WITHIN
    while True:
        told = await ailments.current()
        if workspace_id in told and holds(told[workspace_id]):
            return told
        assert time.monotonic() < deadline, told
        await asyncio.sleep(0.1)


async def test_neither_a_fork_bomb_nor_a_memory_hog_hurts_a_neighbour_and_both_are_named(
    docker: Engine, image: str, engine: Connection, ailments: Ailments, tmp_path: Path
) -> None:
    network = Network(engine, OWNER, tmp_path / "book", clock=SystemClock())
    await network.ensure()
    few = recipe(image, memory=256 * MiB, processes=40)
    small = recipe(image, memory=64 * MiB)
    *_, calm = await asyncio.gather(
        started(engine, network, few, workspace_id=BOMBED, owner=OWNER),
        started(engine, network, small, workspace_id=HUNGRY, owner=OWNER),
        started(engine, network, small, workspace_id=CALM, owner=OWNER),
    )
    stage.until_reached(calm, PORT)
    docker.docker("exec", "--detach", labels.container(BOMBED), "python3", "-c", BOMB)
    hog = docker.docker("exec", labels.container(HUNGRY), "python3", "-c", HOG, check=False)

    assert hog.returncode == 137
    await until_told(ailments, BOMBED, lambda told: told.code is ReasonCode.TOO_MANY_PROCESSES)
    told = await until_told(ailments, HUNGRY, lambda told: told.code is ReasonCode.OUT_OF_MEMORY)
    assert "as it may, 40" in told[BOMBED].sentence
    assert "64 MiB" in told[HUNGRY].sentence
    assert CALM not in told
    assert stage.reached(calm, PORT)
    state = docker.docker("inspect", "--format", "{{.State.Running}}", labels.container(HUNGRY))
    assert state.stdout == "true\n"


async def test_what_happened_while_nobody_listened_is_told_and_a_new_start_ends_it(
    docker: Engine, image: str, engine: Connection, ailments: Ailments, tmp_path: Path
) -> None:
    await ailments.aclose()
    network = Network(engine, OWNER, tmp_path / "book", clock=SystemClock())
    await started(engine, network, recipe(image, memory=64 * MiB), workspace_id=HUNGRY, owner=OWNER)
    docker.docker("exec", labels.container(HUNGRY), "python3", "-c", HOG, check=False)
    await until_told(ailments, HUNGRY, lambda told: told.code is ReasonCode.OUT_OF_MEMORY)
    docker.docker("restart", "--time", "0", labels.container(HUNGRY))
    deadline = time.monotonic() + WITHIN
    while await ailments.current():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


KINDS = {"xfs": ("loop,pquota", 24 * MiB), "btrfs": ("loop", 180 * MiB)}
"""File systems that keep a share for each container, how they are mounted, and how large a share is here: on Btrfs it holds the image too."""


@dataclass(frozen=True, slots=True)
class Shared:
    engine: Engine
    share: int


@pytest.fixture
def shared() -> Iterator[Shared]:
    """An engine whose disk, in a file, keeps a share for each container."""
    if why := missing():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir="/tmp", ignore_cleanup_errors=True) as folder:
        engine = Engine(Path(folder))
        engine.data.mkdir()
        (engine.folder / "owner").write_text(str(os.getpid()))
        kind = next((each for each in KINDS if mounted(engine, each)), None)
        if kind is None:
            pytest.skip(
                "Neither XFS with quotas nor Btrfs can be mounted: apt-get install xfsprogs btrfs-progs"
            )
        try:
            engine.start()
            yield Shared(engine, KINDS[kind][1])
        finally:
            engine.end()


def mounted(engine: Engine, kind: str) -> bool:
    disk = engine.folder / kind
    with disk.open("wb") as file:
        file.truncate(800 * MiB)
    for command in (
        [f"mkfs.{kind}", "-q", str(disk)],
        ["mount", "-o", KINDS[kind][0], str(disk), str(engine.data)],
    ):
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


@pytest.mark.docker
async def test_a_disk_that_is_full_is_full_for_one_workspace_only(shared: Shared, tmp_path: Path) -> None:
    engine, connection = shared.engine, Connection(shared.engine.host)
    template = recipe(import_small(engine), disk=shared.share)
    network = Network(connection, OWNER, tmp_path / "book", clock=SystemClock(), subnet="10.88.7.0/24")
    try:
        await network.ensure()
        await asyncio.gather(
            *(
                started(connection, network, template, workspace_id=each, owner=OWNER)
                for each in (HUNGRY, CALM)
            )
        )
        assert filled(engine, HUNGRY) in ENOSPC
        engine.docker("exec", labels.container(CALM), "sh", "-c", "head -c 1M /dev/zero > /tmp/note")
        assert engine.docker("exec", labels.container(HUNGRY), "true").returncode == 0
    finally:
        await connection.aclose()


@contextlib.contextmanager
def small_disk(place: Path, size: int) -> Iterator[None]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "small", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


class WithShares(Connection):
    """An engine of which each container says that it has a share of XFS; in its place is a small disk below `places`."""

    def __init__(self, host: str, places: Path) -> None:
        super().__init__(host)
        self.places = places

    async def look(self, path: str, *, what: str, params: Mapping[str, Any] | None = None) -> Any:
        shown = await super().look(path, what=what, params=params)
        if not path.endswith("/json") or path == "containers/json":
            return shown
        upper = self.places / str(shown["Config"]["Labels"][labels.WORKSPACE])
        share = {"StorageOpt": {"size": str(16 * MiB)}}
        return {**shown, "HostConfig": share, "GraphDriver": {"Data": {"UpperDir": str(upper)}}}


async def test_whose_own_disk_is_full_is_named_and_everybody_where_that_of_all_homes_is(
    docker: Engine, image: str, engine: Connection, tmp_path: Path
) -> None:
    network = Network(engine, OWNER, tmp_path / "book", clock=SystemClock())
    await network.ensure()
    await asyncio.gather(
        *(started(engine, network, recipe(image), workspace_id=each, owner=OWNER) for each in (HUNGRY, CALM))
    )
    homes, shares = tmp_path / "homes", WithShares(docker.host, tmp_path)
    ailments = Ailments(shares, OWNER, lambda: measured(engine), clock=SystemClock(), homes=homes)
    with contextlib.ExitStack() as disks:
        for place in (homes, tmp_path / HUNGRY, tmp_path / CALM):
            disks.enter_context(small_disk(place, 16 * MiB))
        assert await ailments.current() == {}
        (tmp_path / HUNGRY / "big").write_bytes(bytes(15 * MiB))
        told = await ailments.current()
        assert told.keys() == {HUNGRY}
        assert told[HUNGRY].code is ReasonCode.DISK_FULL
        assert "16 MiB" in told[HUNGRY].sentence
        (homes / "big").write_bytes(bytes(15 * MiB))
        told = await ailments.current()
        assert told[CALM].code is ReasonCode.DISK_FULL
        assert "everybody's files" in told[CALM].sentence
    await ailments.aclose()
    await shares.aclose()


def filled(engine: Engine, workspace_id: WorkspaceId) -> str:
    done = engine.docker("exec", labels.container(workspace_id), "python3", "-c", FILL)
    return done.stdout.strip()
