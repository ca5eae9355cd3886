"""A control plane whose disk somebody filled to the last byte while it was not there."""

from pathlib import Path

import pytest
from tests.small_disks import KIB, fill, small_disk

from carrel.app.control import control_plane
from carrel.settings import load
from carrel.store import ballast


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a short name: the path of a socket has 107 bytes at most."""
    return tmp_path_factory.mktemp("full")


async def test_it_starts_with_what_it_had_set_aside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ballast, "SIZE", 1024 * KIB)
    monkeypatch.setattr(ballast, "PIECE", 512 * KIB)
    with small_disk(place / "small", 16) as disk:
        settings = load(None, {"state_dir": str(disk / "state")}, {"CARREL_POOLS__JUPYTERLAB__WARM": "0"})
        async with control_plane(settings):
            pass
        fill(disk)
        async with control_plane(settings) as plane:
            assert plane.context.store.is_writable
        assert ballast.kept(disk / "state" / "carrel.sqlite") == 512 * KIB
