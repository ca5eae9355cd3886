"""What was delivered to one workspace's person: a directory in the slot that is replaced whole. Decides nothing about what is delivered."""

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from carrel.domain.delivery import Delivery
from carrel.drivers.ondisk import delivered
from carrel.drivers.ondisk.delivered import OBJECT
from carrel.drivers.ondisk.files import read_object, write_whole
from carrel.mint import new_id
from carrel.ports.driver import Rejected

NAME: Final = "person"
"""A link in the slot to the one directory that counts."""
DELIVERIES: Final = "deliveries"
_NOTHING: Final = "none"


def make(slot: Path) -> None:
    """An empty one, unless something was delivered already."""
    (slot / DELIVERIES / _NOTHING).mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (slot / NAME).is_symlink():
        _switch(slot, _NOTHING)


def deliver(slot: Path, delivery: Delivery) -> None:
    """Whoever looks sees all of the former or all of this, whatever is killed meanwhile; then nothing of the former is left.

    Raises Rejected where the app put a link in the way: secrets would go elsewhere, and what is there would be taken for leftovers.
    """
    if (slot / DELIVERIES).is_symlink():
        raise Rejected("A link stands where a person's settings are brought in.")
    name = new_id()
    draft = slot / DELIVERIES / name
    draft.mkdir(mode=0o700, parents=True)
    for path, text in delivered.files(delivery).items():
        _make_parents(draft, PurePosixPath(path).parts[:-1])
        write_whole(draft / path, text)
    _switch(slot, name)
    _forget_others(slot, keep=(name, _NOTHING))


def environment(slot: Path) -> dict[str, str]:
    return {str(name): str(value) for name, value in (read_object(slot / NAME / OBJECT) or {}).items()}


def _make_parents(draft: Path, parts: Iterable[str]) -> None:
    for part in parts:
        draft = draft / part
        draft.mkdir(mode=0o700, exist_ok=True)


def _switch(slot: Path, name: str) -> None:
    draft = slot / f"{NAME}.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(f"{DELIVERIES}/{name}")
    draft.replace(slot / NAME)


def _forget_others(slot: Path, keep: Iterable[str]) -> None:
    for each in (slot / DELIVERIES).iterdir():
        if each.name in keep:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
