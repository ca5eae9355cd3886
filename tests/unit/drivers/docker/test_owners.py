"""Whose a person's files are in a container, and how owners change places."""

from itertools import pairwise

import pytest

from carrel.domain.container import Container
from carrel.drivers.docker.homes.idmap import alone, swapped
from carrel.drivers.docker.homes.mounts import FileOwner
from carrel.drivers.docker.homes.owners import base, home_owner, on_machine


@pytest.mark.parametrize(
    ("container", "image_user", "expected"),
    [
        (None, "", FileOwner(1000, 1000)),
        (None, "jovyan", FileOwner(1000, 1000)),
        (None, "1001", FileOwner(1001, 1001)),
        (None, "1001:100", FileOwner(1001, 100)),
        (None, "1001:users", FileOwner(1001, 1001)),
        (None, "0", FileOwner(0, 0)),
        (Container(user="7:8"), "1001", FileOwner(7, 8)),
        (Container(user="somebody"), "1001", FileOwner(1001, 1001)),
        (Container(user="0:0", home_owner="1000:100"), "1001", FileOwner(1000, 100)),
    ],
)
def test_files_belong_to_who_is_said_first_in_numbers(
    container: Container | None, image_user: str, expected: FileOwner
) -> None:
    assert home_owner(container, image_user) == expected


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("/var/lib/docker", FileOwner(0, 0)),
        ("/var/lib/docker/231072.231073", FileOwner(231072, 231073)),
        ("/srv/engine.1.2/docker", FileOwner(0, 0)),
    ],
)
def test_the_engines_directory_tells_what_its_namespace_adds(root: str, expected: FileOwner) -> None:
    assert base(root) == expected
    assert on_machine(FileOwner(1000, 100), expected) == FileOwner(expected.uid + 1000, expected.gid + 100)


@pytest.mark.parametrize(
    ("one", "other"), [(0, 1000), (1000, 0), (1000, 1001), (5, 4294967294), (7, 7), (0, 0)]
)
def test_two_ids_change_places_and_all_others_keep_theirs(one: int, other: int) -> None:
    extents = [tuple(map(int, line.split())) for line in swapped(one, other).splitlines()]

    def shown(number: int) -> list[int]:
        return [to + number - first for first, to, count in extents if first <= number < first + count]

    assert shown(one) == [other]
    assert shown(other) == [one]
    for number in {0, 1, 6, 999, 1002, 65534, 4294967293} - {one, other}:
        assert shown(number) == [number]
    assert sum(count for _, _, count in extents) == 2**32 - 1
    assert len(extents) <= 5


@pytest.mark.parametrize(
    ("on_disk", "inside"),
    [(10001, 1000), (1000, 1000), (10001, 0), (0, 1000), (0, 0), (10001, 232072), (1 << 30, 5), (7, 3 << 30)],
)
def test_nobody_but_the_owner_is_anybody_of_the_machine(on_disk: int, inside: int) -> None:
    extents = [tuple(map(int, line.split())) for line in alone(on_disk, inside).splitlines()]

    def written_as(number: int) -> list[int]:
        return [first + number - to for first, to, count in extents if to <= number < to + count]

    assert written_as(inside) == [on_disk]
    for number in {0, 1, 100, 999, 1000, 10001, 65534} - {inside}:
        (found,) = written_as(number)
        assert found >= 1 << 30
        assert found != on_disk
    spans = sorted((first, first + count) for first, _, count in extents)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    spans = sorted((to, to + count) for _, to, count in extents)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
