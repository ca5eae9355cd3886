"""An engine with user namespaces of its own: whoever is 1000 inside is somebody else on its machine."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker.stock import Stock
from tests.docker_engine import Engine, an_engine, import_small, missing

from carrel.domain.delivery import Delivery
from carrel.drivers.docker.variants import MountedDriver
from carrel.testing.delivery_contract import deliver, run
from carrel.testing.driver_contract import attach, new_home_id, running

MAPPED = "daemon:231000:65536\n"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """What /etc/subuid says counts in this mount namespace alone."""
    if why := missing():
        pytest.skip(why)
    with ExitStack() as stack:
        for name in ("subuid", "subgid"):
            (tmp_path / name).write_text(MAPPED)
            place = Path("/etc", name)
            if not place.exists():
                pytest.skip(f"{place} is missing, which engines read")
            subprocess.run(["mount", "--bind", tmp_path / name, place], check=True)
            stack.callback(subprocess.run, ["umount", place], check=True)
        yield stack.enter_context(an_engine("--userns-remap=daemon"))


async def test_homes_and_deliveries_are_their_persons_there_too(engine: Engine, tmp_path: Path) -> None:
    docked = Docked(engine, tmp_path, tiny(import_small(engine)), options={"homes": "mounted"})
    bench, home = Stock(docked).bench(), new_home_id()
    spec = await running(bench)
    await deliver(bench, spec.workspace_id, Delivery({"CARREL_TEST": "theirs"}))
    await attach(bench, spec.workspace_id, home)
    ran = await run(
        bench,
        spec.workspace_id,
        "echo $CARREL_TEST; stat -c '%u:%g' .; echo mine > mine.txt; cat /proc/self/uid_map",
    )
    assert ran.output.split()[:4] == ["theirs", "1000:1000", "0", "231000"]
    place = docked.home(home)
    assert (place / "mine.txt").stat().st_uid == place.parent.stat().st_uid
    assert isinstance(bench.driver, MountedDriver)
    await bench.driver.detach(spec.workspace_id)
    assert (place / "mine.txt").read_text() == "mine\n"
    await docked.clear()
    assert docked.leftovers() == []
