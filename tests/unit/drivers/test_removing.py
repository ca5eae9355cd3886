"""How directories are removed, whatever their owners made of them."""

import os
from pathlib import Path

from carrel.drivers.ondisk.removing import empty, remove_tree

DEPTH = 3000
"""More than a program may have files open or functions in one another."""


def deep(place: Path) -> None:
    at = os.open(place, os.O_RDONLY)
    for turn in range(DEPTH):
        os.mkdir("d", dir_fd=at)
        if turn % 100 == 0:
            os.symlink("/etc", "link", dir_fd=at)
            os.close(os.open("file", os.O_CREAT, dir_fd=at))
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)


def test_a_tree_of_any_depth_goes(tmp_path: Path) -> None:
    """Somebody made one so deep that their workspace was never removed, and took a place of its pool for good."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    deep(tree)
    (tree / "link").unlink()
    (tree / "link").symlink_to(outside)
    remove_tree(tree, what="a tree")
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "precious").exists()


def test_an_open_directory_is_emptied_and_no_link_is_followed(tmp_path: Path) -> None:
    outside, full = tmp_path / "outside", tmp_path / "full"
    for each in (outside, full, full / "a" / "b", full / "c"):
        each.mkdir(parents=True)
    (outside / "precious").touch()
    (full / "a" / "b" / "link").symlink_to(outside)
    (full / "a" / "file").touch()
    opened = os.open(full, os.O_RDONLY)
    empty(opened)
    os.close(opened)
    assert list(full.iterdir()) == []
    assert (outside / "precious").exists()
