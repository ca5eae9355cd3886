"""A slot on the disk: where a container's home appears, and notes of what it is for. Below `slots/` nobody but root writes, except in `home`.

<id>/home       the empty directory a container starts with; a person's home is mounted over it
<id>/slot.json  what the slot is for
<id>/open       stands until its home is taken out, or until one may come no more
<id>/holds      a link whose text is the home that is in it, or on its way in or out
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from carrel.domain.ids import HomeId, WorkspaceId, is_id
from carrel.drivers.docker.homes import rescuing
from carrel.drivers.docker.homes.folders import DIRECTORY
from carrel.drivers.docker.homes.idmap import give_to
from carrel.drivers.docker.homes.mounts import FileOwner, SlotPlan, SlotView
from carrel.drivers.ondisk.files import read_object, write_object
from carrel.drivers.ondisk.removing import empty, remove_tree
from carrel.ports.driver import DriverUnavailable


class Slot:
    def __init__(self, slots: Path, workspace_id: WorkspaceId) -> None:
        self.workspace_id = workspace_id
        self.path = slots / workspace_id
        self.home = self.path / "home"

    def make(self, plan: SlotPlan) -> None:
        """Whole or not at all."""
        draft = self._draft
        remove_tree(draft, what="a slot that was begun")
        draft.mkdir(mode=0o711)
        (draft / "home").mkdir(mode=0o700)
        self._own(draft / "home", plan.owner)
        write_object(draft / "slot.json", asdict(plan))
        (draft / "open").touch(mode=0o600)
        draft.rename(self.path)

    @property
    def stands(self) -> bool:
        return self.path.is_dir()

    @property
    def plan(self) -> SlotPlan:
        """Raises DriverUnavailable for one that was damaged."""
        found: dict[str, Any] = read_object(self.path / "slot.json") or {}
        try:
            owner = found["owner"]
            return SlotPlan(
                FileOwner(int(owner["uid"]), int(owner["gid"])),
                bool(found["takes_home"]),
                dict(found["folders"]),
            )
        except (KeyError, TypeError, ValueError) as problem:
            raise DriverUnavailable(
                f"The note {self.path / 'slot.json'} is damaged: this workspace can only be removed."
            ) from problem

    @property
    def is_open(self) -> bool:
        return (self.path / "open").exists()

    def close(self) -> None:
        """For good. To remove something takes no room on a full disk."""
        (self.path / "open").unlink(missing_ok=True)

    @property
    def holds(self) -> HomeId | None:
        link = self.path / "holds"
        return HomeId(str(link.readlink())) if link.is_symlink() else None

    def hold(self, home_id: HomeId) -> None:
        if self.holds is None:
            (self.path / "holds").symlink_to(home_id)

    def hold_nothing(self) -> None:
        (self.path / "holds").unlink(missing_ok=True)

    @property
    def view(self) -> SlotView:
        return SlotView(is_open=self.is_open, home_id=self.holds)

    @property
    def _draft(self) -> Path:
        return self.path.with_name(f".{self.workspace_id}.new")

    def remove(self) -> None:
        """Also one that was only begun. Raises DriverUnavailable if something is mounted below it."""
        for path in (self._draft, self.path):
            remove_tree(path, what=f"the slot of workspace {self.workspace_id}")

    def _own(self, directory: Path, owner: FileOwner) -> None:
        opened = os.open(directory, DIRECTORY)
        try:
            give_to(opened, owner)
        finally:
            os.close(opened)


def slots_in(directory: Path) -> list[Slot]:
    if not directory.is_dir():
        return []
    with os.scandir(directory) as entries:
        return [Slot(directory, WorkspaceId(entry.name)) for entry in entries if is_id(entry.name)]


def rescue(slot: Slot, home: int, owner: FileOwner) -> None:
    """What an app saved in the directory it was started in, beside the home that came later, goes home. Once nothing is mounted there.

    `home`: an open directory of `owner`. Files with a dot are what programs leave about; they alone are not worth a directory of
    somebody's home. Only while no program of the workspace runs.
    """
    if all(path.name.startswith(".") for path in slot.home.iterdir()):
        return
    name = f"recovered-{slot.workspace_id}"
    saved = os.open(slot.home, DIRECTORY)
    try:
        if name not in os.listdir(home):
            rescuing.bring_home(saved, home, name, owner)
        empty(saved)
    finally:
        os.close(saved)
