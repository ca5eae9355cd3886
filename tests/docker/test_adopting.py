"""Volumes that a JupyterHub left on an engine become homes: their files are in the warm workspace, its own, and nothing is copied."""

import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker_engine import Engine

from carrel.domain.ids import HomeId
from carrel.drivers.docker.containers import ContainerDriver
from carrel.drivers.docker.variants import MountedDriver, VolumeDriver
from carrel.mint import new_id
from carrel.ports.driver import InstanceState, Rejected
from carrel.testing.driver_contract import until

ADA, BOB = "jupyterhub-user-ada", "jupyterhub-user-bob"
AS_JOVYAN = "mkdir -p /v/sub; echo of-$0 > /v/notes.txt; echo deep > /v/sub/deep.txt; chown -R 1000:100 /v; chmod 700 /v/sub"
LOOK = 'cat "$HOME/notes.txt" "$HOME/sub/deep.txt"; echo new > "$HOME/sub/new.txt"; stat -c %u "$HOME/sub/new.txt" "$HOME/notes.txt"'


@pytest.fixture(scope="module")
def left_behind(docker: Engine, image: str) -> None:
    """Two people's volumes as a hub made them, with files of uid 1000."""
    for name in (ADA, BOB):
        docker.docker("volume", "create", name)
        run = ("run", "--rm", "--network", "none", "--user", "0", "--volume", f"{name}:/v", image)
        docker.docker(*run, "sh", "-c", AS_JOVYAN, name)


@pytest.fixture(params=["mounted", "volume"])
async def docked(
    request: pytest.FixtureRequest, docker: Engine, image: str, tmp_path: Path, left_behind: None
) -> AsyncIterator[Docked]:
    docked = Docked(docker, tmp_path, tiny(image), options={"homes": request.param})
    yield docked
    await docked.clear()


async def in_a_workspace(docked: Docked, driver: ContainerDriver, home_id: HomeId) -> str:
    spec = docked.spec()
    if isinstance(driver, VolumeDriver):
        spec = replace(spec, home_id=home_id)
    await driver.create(spec)
    await until(driver, spec.workspace_id, InstanceState.RUNNING)
    if isinstance(driver, MountedDriver):
        await driver.attach(spec.workspace_id, home_id)
    return await docked.inside(spec.workspace_id, "sh", "-c", LOOK)


async def test_what_another_system_left_is_found_and_nothing_else(docked: Docked, docker: Engine) -> None:
    docker.docker("volume", "create", "--label", "carrel.installation=another", "carrel-home-another")
    hub = ("run", "--detach", "--network", "none", "--name", "jupyter-bob", "--volume", f"{BOB}:/v")
    docker.docker(*hub, docked.template.image or "", "sleep", "300")
    driver = docked.open()
    assert isinstance(driver, ContainerDriver)
    try:
        found = {one.name: one.obstacle for one in await driver.adoptable()}
        assert found.keys() == {ADA, BOB}
        assert found[ADA] == ""
        assert "in use by jupyter-bob" in found[BOB]
        with pytest.raises(Rejected, match="in use by jupyter-bob"):
            await driver.adopt(HomeId(new_id()), BOB)
        with pytest.raises(Rejected, match="no volume"):
            await driver.adopt(HomeId(new_id()), "carrel-home-another")
    finally:
        docker.docker("rm", "--force", "jupyter-bob")


async def test_files_are_in_the_workspace_and_are_its_users_own(docked: Docked) -> None:
    driver, home_id = docked.open(), HomeId(new_id())
    assert isinstance(driver, ContainerDriver)
    await driver.adopt(home_id, ADA)
    await driver.adopt(home_id, ADA)
    with pytest.raises(Rejected, match="already"):
        await driver.adopt(HomeId(new_id()), ADA)
    with pytest.raises(Rejected, match="already"):
        await driver.adopt(home_id, BOB)
    assert (await in_a_workspace(docked, driver, home_id)).split() == [f"of-{ADA}", "deep", "1000", "1000"]
    at_hub = (
        "run",
        "--rm",
        "--network",
        "none",
        "--user",
        "1000",
        "--volume",
        f"{ADA}:/v",
        docked.template.image or "",
    )
    assert await docked.docker(*at_hub, "cat", "/v/sub/new.txt") == "new\n", "written where it lies"


async def test_a_volume_that_is_gone_is_no_empty_home(docked: Docked, docker: Engine) -> None:
    driver, home_id = docked.open(), HomeId(new_id())
    assert isinstance(driver, ContainerDriver)
    docker.docker("volume", "create", "jupyterhub-user-eve")
    await driver.adopt(home_id, "jupyterhub-user-eve")
    docker.docker("volume", "rm", "jupyterhub-user-eve")
    spec = docked.spec()
    if isinstance(driver, MountedDriver):
        await driver.create(spec)
        await until(driver, spec.workspace_id, InstanceState.RUNNING)
        with pytest.raises(Rejected, match="is gone"):
            await driver.attach(spec.workspace_id, home_id)
    else:
        with pytest.raises(Rejected, match="is gone"):
            await driver.create(replace(spec, home_id=home_id))
    assert docker.docker("volume", "ls", "--quiet", "--filter", "name=jupyterhub-user-eve").stdout == ""


async def test_it_is_measured_packed_and_removed_where_it_lies(
    docked: Docked, docker: Engine, image: str
) -> None:
    driver, home_id, name = docked.open(), HomeId(new_id()), f"jupyterhub-user-kim-{new_id()}"
    assert isinstance(driver, MountedDriver | VolumeDriver)
    docker.docker("volume", "create", name)
    fill = ("run", "--rm", "--network", "none", "--user", "0", "--volume", f"{name}:/v", image)
    docker.docker(*fill, "sh", "-c", AS_JOVYAN, name)
    await driver.adopt(home_id, name)
    assert 0 < await driver.measure_home(home_id) < 1 << 20
    packed = b"".join([chunk async for chunk in driver.archive_home(home_id)])
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert {"notes.txt", "sub/deep.txt"} <= set(archive.getnames())
    await driver.remove_home(home_id)
    await driver.remove_home(home_id)
    assert docker.docker("volume", "ls", "--quiet", "--filter", f"name={name}").stdout == ""
    assert not list(docked.state.glob("homes/*.volume"))
