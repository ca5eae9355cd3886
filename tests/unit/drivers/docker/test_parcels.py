"""The archive in which a person's settings reach a container: its order is what makes it all or nothing."""

import io
import tarfile

import pytest

from carrel.domain.delivery import Delivery
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.parcel import Parcel
from carrel.drivers.docker.person import NOTHING, nothing_yet, replacing

OWNER = FileOwner(1000, 100)
THEIRS = Delivery({"NAME": "it's"}, {"deep/er/file": "text"})


def entries(parcel: Parcel) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(parcel.packed())) as archive:
        return archive.getmembers()


@pytest.mark.parametrize(("former", "now"), [(NOTHING, "one"), ("one", "two"), ("two", "one"), ("", "one")])
def test_the_link_changes_after_all_files_and_before_the_former_ends(former: str, now: str) -> None:
    found = entries(replacing(THEIRS, former, OWNER))
    names = [each.name for each in found]
    [link] = [each for each in found if each.issym()]
    assert (link.name, link.linkname) == ("person", f"deliveries/{now}")
    [gone] = names[names.index("person") + 1 :]
    assert gone == f"deliveries/{'two' if now == 'one' else 'one'}"
    before = names[: names.index("person")]
    assert set(before) >= {
        f"deliveries/{now}/{each}" for each in ("environment", "environment.json", "deep/er/file")
    }


def test_what_was_left_half_way_in_its_place_goes_first() -> None:
    found = entries(replacing(THEIRS, "two", OWNER))
    kinds = [each.isdir() for each in found if each.name == "deliveries/one"]
    assert kinds == [False, True]


def test_everything_is_its_persons_and_nobody_elses() -> None:
    for each in entries(replacing(THEIRS, "one", OWNER)):
        assert (each.uid, each.gid) == (1000, 100)
        assert each.issym() or each.mode == (0o700 if each.isdir() else 0o600)


def test_a_directory_comes_once_and_before_what_is_in_it() -> None:
    parcel = Parcel(OWNER).directory("a/b").file("a/b/c", "x").directory("a/b").directory("a/d")
    assert [each.name for each in entries(parcel)] == ["a", "a/b", "a/b/c", "a/d"]


def test_an_empty_person_stands_before_anything_is_delivered() -> None:
    found = {each.name: each for each in entries(nothing_yet(Parcel(OWNER)))}
    assert found["person"].linkname == "deliveries/none"
    assert found["deliveries/none"].isdir()
