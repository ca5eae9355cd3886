"""Which volume is which home, as it is written down; and which volumes could be one."""

from pathlib import Path
from typing import Any

import pytest

from carrel.domain.ids import HomeId
from carrel.drivers.docker.engine import Engine
from carrel.drivers.docker.homes.adopting import Adopting, volume_of
from carrel.ports.driver import DriverUnavailable, Rejected

HOME, OTHER = HomeId("haaaaaaaaaaaaaaa"), HomeId("hbbbbbbbbbbbbbbb")
SHOWN: dict[str, Any] = {
    "local": {"Name": "local", "Driver": "local", "Labels": None, "Options": None, "Mountpoint": "/v/local/_data"},
    "share": {"Name": "share", "Driver": "local", "Labels": {}, "Options": {"type": "nfs", "o": "addr=x"}, "Mountpoint": "/v"},
    "cloud": {"Name": "cloud", "Driver": "rexray", "Labels": {"a": "b"}, "Options": None, "Mountpoint": ""},
    "ours": {"Name": "ours", "Driver": "local", "Labels": {"carrel.home": "x"}, "Options": None, "Mountpoint": "/v"},
    "a" * 64: {"Name": "a" * 64, "Driver": "local", "Labels": None, "Options": None, "Mountpoint": "/v"},
}  # fmt: skip
BUSY = [
    {"Id": "c1", "Names": ["/jupyter-ada"], "Mounts": [{"Type": "volume", "Name": "local"}]},
    {"Id": "c2", "Names": ["/web"], "Mounts": [{"Type": "bind", "Source": "/local"}]},
]


class AnEngine(Engine):
    """Answers from what is shown above."""

    def __init__(self, *, busy: bool = False) -> None:
        super().__init__("unix:///nowhere")
        self.busy = busy
        self.removed: list[str] = []

    async def look(self, path: str, **_: object) -> Any:
        if path == "volumes":
            return {"Volumes": list(SHOWN.values())}
        if path == "containers/json":
            return BUSY if self.busy else []
        name = path.removeprefix("volumes/")
        return None if name in self.removed else SHOWN.get(name)

    async def call(self, method: str, path: str, **_: object) -> Any:
        name = path.removeprefix("volumes/")
        if method == "DELETE" and not self.busy and name in SHOWN:
            self.removed.append(name)
            return b""
        return None


def adopting(homes: Path, *, busy: bool = False, mounts: bool = True) -> Adopting:
    return Adopting(AnEngine(busy=busy), homes, mounts=mounts)


async def test_neither_ours_nor_nameless_ones_are_offered(tmp_path: Path) -> None:
    offered = {one.name: one.obstacle for one in await adopting(tmp_path).adoptable()}
    assert offered.keys() == {"local", "share", "cloud"}
    assert offered["local"] == ""
    assert "not on the engine's own disk" in offered["share"]
    assert "not on the engine's own disk" in offered["cloud"]
    by_volume = await adopting(tmp_path, mounts=False).adoptable()
    assert {one.obstacle for one in by_volume} == {""}
    busy = {one.name: one.obstacle for one in await adopting(tmp_path, busy=True).adoptable()}
    assert busy["local"].startswith("It is in use by jupyter-ada.")


async def test_it_is_written_down_once_which_volume_is_which_home(tmp_path: Path) -> None:
    mine = adopting(tmp_path)
    assert volume_of(tmp_path, HOME) is None
    await mine.adopt(HOME, "local")
    await mine.adopt(HOME, "local")
    assert volume_of(tmp_path, HOME) == "local"
    assert [path.name for path in tmp_path.iterdir()] == [f"{HOME}.volume"]
    for home_id, name in (
        (OTHER, "local"),
        (HOME, "cloud"),
        (OTHER, "ours"),
        (OTHER, "none"),
        (OTHER, "share"),
    ):
        with pytest.raises(Rejected):
            await mine.adopt(home_id, name)
    assert volume_of(tmp_path, OTHER) is None
    assert await mine.place_of("local") == Path("/v/local/_data")


async def test_a_volume_is_removed_with_its_home_and_not_while_it_is_used(tmp_path: Path) -> None:
    await adopting(tmp_path).adopt(HOME, "local")
    with pytest.raises(DriverUnavailable, match="in use"):
        await adopting(tmp_path, busy=True).remove(HOME)
    assert volume_of(tmp_path, HOME) == "local"
    assert await adopting(tmp_path).remove(HOME) is True
    assert volume_of(tmp_path, HOME) is None
    assert await adopting(tmp_path).remove(HOME) is False


@pytest.mark.parametrize("text", ["", "../etc", "a b", "-x", "x/y", "a\nb"])
def test_what_is_no_name_of_a_volume_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{HOME}.volume").write_text(text)
    with pytest.raises(Rejected):
        volume_of(tmp_path, HOME)


def test_a_home_is_named_by_its_id(tmp_path: Path) -> None:
    with pytest.raises(Rejected):
        volume_of(tmp_path, HomeId("../secret"))
