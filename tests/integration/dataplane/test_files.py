"""The files that Envoy watches: how they are written, and how soon they count."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from carrel import mint
from carrel.clock import SystemClock
from carrel.dataplane import files, rendering
from carrel.dataplane.files import EnvoyFiles, prepare_run_dir, write_whole
from carrel.domain.endpoint import Endpoint
from carrel.domain.errors import Invalid, Unavailable
from carrel.domain.ids import WorkspaceId
from carrel.domain.route import Route

from .rig import Rig, Workspace, envoy_options, prepare, until

WATCHED = (files.ROUTES, files.TICKETS, files.GRACES, files.VERDICT)


def routes(count: int) -> list[Route]:
    return [
        Route(WorkspaceId(mint.new_id()), Endpoint("127.0.0.1", 20_000 + n), f"token {n}")
        for n in range(count)
    ]


async def test_a_new_route_is_live_within_moments_of_the_write(rig: Rig) -> None:
    workspace = await rig.add()
    assert (await rig.enter(workspace)).status == 503
    clock = SystemClock()

    await rig.publish()
    began = clock.monotonic()
    await until(lambda: answers(rig, workspace), every=0.001)

    assert clock.monotonic() - began < 10, "moments, on a busy machine too"


async def answers(rig: Rig, workspace: Workspace) -> bool:
    return (await rig.enter(workspace)).status == 200


async def test_a_removed_route_leads_nowhere_and_the_others_stay(rig: Rig, workspace: Workspace) -> None:
    leaving = await rig.workspace()
    async with rig.stream(workspace) as stream:
        rig.workspaces.remove(leaving)
        await rig.publish()

        async def is_gone() -> bool:
            return (await rig.enter(leaving)).status == 503

        await until(is_gone)
        assert await stream.echoes(b"undisturbed")
    await leaving.app.stop()


async def test_a_file_full_of_garbage_leaves_the_last_good_one_in_force(
    rig: Rig, workspace: Workspace
) -> None:
    for name in WATCHED:
        path = rig.run / name
        good = path.read_bytes()
        for garbage in (b"", b"{", b"[]", b'{"version_info": "x", "resources": [{"@type": "nothing"}]}'):
            write_whole(path, garbage)
        await asyncio.sleep(0.05)
        assert (await rig.enter(workspace)).status == 200, name
        assert (await rig.enter(workspace, cookies={})).status == 401, name
        write_whole(path, good)

    assert (await rig.enter(workspace)).status == 200


async def test_finding_23_only_the_owner_can_read_or_connect(rig: Rig) -> None:
    assert stat.S_IMODE(rig.run.stat().st_mode) == 0o700
    for entry in rig.run.iterdir():
        if entry.name not in (
            "authorizer.sock",
            "hub.sock",
        ):  # the control plane's; its own tests look at them
            assert stat.S_IMODE(entry.stat().st_mode) & 0o077 == 0, entry


async def test_finding_23_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    for mask in (0o000, 0o777):
        run = tmp_path / f"run-{mask}"
        before = os.umask(mask)
        try:
            prepare_run_dir(run)
            write_whole(run / "eds.json", b"secrets")
        finally:
            os.umask(before)
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        assert stat.S_IMODE((run / "eds.json").stat().st_mode) == 0o600


async def test_finding_22_nothing_listens_beyond_this_machine_unless_told(tmp_path: Path) -> None:
    bootstrap = envoy_options(tmp_path).bootstrap

    assert bootstrap.host == "127.0.0.1"


async def test_equal_routes_in_any_order_are_not_written_again(tmp_path: Path) -> None:
    plane, _ = await prepare(envoy_options(tmp_path))
    path, some = tmp_path / "run" / files.ROUTES, routes(5)

    await plane.publish(some)
    first = path.stat().st_ino
    await plane.publish(list(reversed(some)))
    assert path.stat().st_ino == first

    await plane.publish(some[1:])
    assert path.stat().st_ino != first


async def test_readers_never_see_a_part_of_a_file(tmp_path: Path) -> None:
    plane, _ = await prepare(envoy_options(tmp_path))
    path, few, many = tmp_path / "run" / files.ROUTES, routes(1), routes(3000)
    sizes = {len(rendering.routes_file(few)), len(rendering.routes_file(many))}
    await plane.publish(few)

    async def write() -> None:
        for _ in range(5):
            await plane.publish(many)
            await plane.publish(few)

    writing = asyncio.create_task(write())
    seen = set()
    while not writing.done():
        seen.add(len(await asyncio.to_thread(path.read_bytes)))
    await writing

    assert seen <= sizes
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []


async def test_a_write_whose_caller_gave_up_does_not_land_on_a_later_one(tmp_path: Path) -> None:
    plane, _ = await prepare(envoy_options(tmp_path))
    path, last = tmp_path / "run" / files.ROUTES, routes(1)

    for _ in range(20):
        given_up = asyncio.create_task(plane.publish(routes(500)))
        await asyncio.sleep(0)
        given_up.cancel()
    await plane.publish(last)
    await asyncio.sleep(0.2)

    assert path.read_bytes() == rendering.routes_file(last)


async def test_without_a_key_nothing_is_written(tmp_path: Path) -> None:
    plane, _ = await prepare(envoy_options(tmp_path))
    before = (tmp_path / "run" / files.TICKETS).read_bytes()

    with pytest.raises(Invalid):
        await plane.trust([])

    assert (tmp_path / "run" / files.TICKETS).read_bytes() == before


async def test_a_run_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    plane = EnvoyFiles(tmp_path / "absent", SystemClock())

    with pytest.raises(Unavailable, match=r"absent/eds\.json could not be written"):
        await plane.publish([])

    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(Unavailable, match="cannot be used"):
        prepare_run_dir(tmp_path / "file")


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("mount") is None, reason="mounting a small disk needs root"
)
async def test_a_full_disk_keeps_the_old_file_and_says_so(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount")
    try:
        plane = EnvoyFiles(disk, SystemClock())
        few = routes(2)
        await plane.publish(few)
        with pytest.raises(Unavailable, match="No space left"):
            await plane.publish(routes(5000))

        assert (disk / files.ROUTES).read_bytes() == rendering.routes_file(few)
        assert [entry.name for entry in disk.iterdir()] == [files.ROUTES]
        await plane.publish(few[1:])
        assert (
            len(
                json.loads((disk / files.ROUTES).read_bytes())["resources"][0]["endpoints"][0]["lb_endpoints"]
            )
            == 1
        )
    finally:
        subprocess.run(["umount", disk], check=True)
