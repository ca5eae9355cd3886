"""Who mounts where the engine does not look is told so, instead of giving people an empty home."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docker.killed_mounts import no_volume, plan
from tests.docker_engine import Engine, mounts_below

from carrel.drivers.docker.homes.own_mounts import OwnMounts
from carrel.ports.driver import DriverUnavailable
from carrel.testing.driver_contract import new_workspace_id


async def make(place: Path, engine: Path) -> None:
    mounts = OwnMounts(place / "slots", place / "homes", no_volume, engine=engine)
    try:
        await mounts.make_slot(new_workspace_id(), plan(place))
    finally:
        await mounts.aclose()


async def test_in_the_engines_namespace_all_is_well(docker: Engine, place: Path) -> None:
    await make(place, docker.socket)
    assert mounts_below(place) == [str(place / "slots")]


def test_in_a_namespace_of_ones_own_it_is_refused_with_what_to_do(docker: Engine, place: Path) -> None:
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "slave", sys.executable, "-m", "tests.docker.test_sight", place, docker.socket],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert "PrivateTmp=" in done.stdout, done.stderr
    assert mounts_below(place) == []


if __name__ == "__main__":
    with pytest.raises(DriverUnavailable) as refused:
        asyncio.run(make(Path(sys.argv[1]), Path(sys.argv[2])))
    sys.stdout.write(refused.value.sentence)
