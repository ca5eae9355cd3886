"""Reading what is mounted where, and by which other way a directory can be reached."""

from pathlib import Path

import pytest

from carrel.drivers.ondisk.mountinfo import below, elsewhere, mounted

TABLE = """\
20 1 8:1 / / rw - ext4 /dev/sda1 rw
21 20 8:2 / /srv rw shared:3 - ext4 /dev/sdb1 rw
22 21 8:2 /state/slots /srv/state/slots rw shared:4 master:1 - ext4 /dev/sdb1 rw
23 22 8:2 /state/homes/h1 /srv/state/slots/w1/home rw,nosuid shared:6 - ext4 /dev/sdb1 rw
24 20 8:1 /home/ada/with\\040blank /mnt/a\\134b rw - ext4 /dev/sda1 rw
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    return path


def test_mounts_are_read_with_their_places_and_whether_they_are_shared(table: Path) -> None:
    found = mounted(table)
    assert [each.is_shared for each in found] == [False, True, True, True, False]
    assert found[-1].root == b"/home/ada/with blank"
    assert found[-1].point == b"/mnt/a\\b"


def test_what_is_mounted_at_and_below_a_directory_is_found_and_its_neighbours_are_not(table: Path) -> None:
    found = mounted(table)
    assert [each.point for each in below(b"/srv/state/slots/w1", found)] == [b"/srv/state/slots/w1/home"]
    assert below(b"/srv/state/slots/w", found) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/srv/state/homes/h1", b"/srv/state/slots/w1/home"),
        (b"/srv/state/homes", b"/srv/state/slots/w1/home"),
        (b"/srv/state/homes/h2", None),
        (b"/home/ada/with blank", b"/mnt/a\\b"),
        (b"/home/ada/with blank/deeper", None),
    ],
)
def test_a_directory_that_is_mounted_somewhere_else_too_is_found_there(
    table: Path, path: bytes, expected: bytes | None
) -> None:
    found = elsewhere(path, mounted(table))
    assert (found.point if found else None) == expected
