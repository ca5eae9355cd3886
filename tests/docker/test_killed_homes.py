"""`kill -9` of whoever mounts, between any two steps of bringing a home in and taking it out: the same verb completes it, and then no mount,
no slot and no file is left over or lost.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.docker.killed_mounts import opened, plan
from tests.docker_engine import mounts_below

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.ports.driver import Rejected

KILLED = Path(__file__).with_name("killed_mounts.py")


def victims(state: Path, verb: str) -> list[tuple[WorkspaceId, HomeId]]:
    done = subprocess.run(
        [sys.executable, str(KILLED), str(state), verb],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pairs = [line.split() for line in done.stdout.splitlines()]
    assert len(pairs) > 6
    return [(WorkspaceId(one), HomeId(other)) for one, other in pairs]


@pytest.mark.parametrize("verb", ["make", "attach"])
async def test_killed_while_a_home_comes_in_it_comes_in_again_whole(place: Path, verb: str) -> None:
    found = victims(place, verb)
    mounts = opened(place)
    for workspace_id, home_id in found:
        shown = Path(await mounts.make_slot(workspace_id, plan(place)))
        await mounts.bring_in(workspace_id, home_id)
        (shown / "mine.txt").write_text("mine")
        assert (shown / "data" / "course" / "lesson.txt").read_text() == "first"
        assert len([each for each in mounts_below(place) if workspace_id in each]) == 2
        await mounts.take_out(workspace_id)
        await mounts.remove_slot(workspace_id)
    nothing_is_left(place, [home_id for _, home_id in found])
    await mounts.aclose()


@pytest.mark.parametrize("verb", ["make", "attach", "detach", "remove"])
async def test_killed_at_any_step_it_can_be_removed_and_the_home_stays(place: Path, verb: str) -> None:
    found = victims(place, verb)
    mounts = opened(place)
    for workspace_id, _ in found:
        await mounts.remove_slot(workspace_id)
    homes = [home_id for _, home_id in found]
    nothing_is_left(place, homes if verb in ("detach", "remove") else [])
    await mounts.aclose()


async def test_killed_while_a_home_goes_out_it_goes_out_and_none_comes_in(place: Path) -> None:
    found = victims(place, "detach")
    mounts = opened(place)
    for workspace_id, home_id in found:
        await mounts.take_out(workspace_id)
        assert (await mounts.slots())[workspace_id].home_id is None
        with pytest.raises(Rejected):
            await mounts.bring_in(workspace_id, home_id)
    assert mounts_below(place / "slots") == []
    assert (await mounts.slots()).keys() == {workspace_id for workspace_id, _ in found}
    await mounts.aclose()


def nothing_is_left(state: Path, filled: list[HomeId]) -> None:
    assert mounts_below(state / "slots") == []
    assert list((state / "slots").iterdir()) == []
    for home_id in filled:
        assert {path.name for path in (state / "homes" / home_id).iterdir()} == {"mine.txt"}
    assert not [path for path in (state / "homes").iterdir() if path.name.startswith(".")]
