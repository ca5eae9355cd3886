"""A slot: the directory of one instance. Made, noted in and removed here, never by following a link, and never a person's home."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from carrel.domain.ids import InstallationId, PoolName, WorkspaceId, is_id
from carrel.domain.template import HomeKind
from carrel.drivers.local import person, sharing
from carrel.drivers.ondisk.files import read_object, write_object, write_whole, written_out
from carrel.drivers.ondisk.removing import remove_tree
from carrel.ports.driver import DriverUnavailable, Rejected

BLANK = "blank"
"""What a warm workspace's home link points at: an empty directory inside the slot."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was intended, committed before anything was started."""

    installation: InstallationId
    backend: str
    pool: PoolName
    port: int
    home: HomeKind
    data: Mapping[str, str] = field(default_factory=dict)
    """Shared folders: name in the home, and where they are."""


@dataclass(frozen=True, slots=True)
class Run:
    """The app's process as the keeper started it."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class End:
    """How the app ended, as the keeper saw it: an exit code (negative: a signal), or the error that kept it from starting."""

    code: int | None = None
    seconds: float = 0.0
    error: int | None = None
    out_of_memory: bool = False
    """It was killed, and the kernel ended something for want of memory while it ran."""


class Slot:
    def __init__(self, slots: Path, workspace_id: WorkspaceId) -> None:
        self.workspace_id = workspace_id
        self.path = slots / workspace_id

    def make(self) -> None:
        """Harmless on a slot that stands, and completes one that was begun."""
        for directory in (self.path, *(self.path / name for name in (BLANK, "run", "data", "etc"))):
            directory.mkdir(mode=0o700, exist_ok=True)
        if not os.path.lexists(self.path / "home"):
            self.switch_home(BLANK)
        person.make(self.path)

    def switch_home(self, target: str) -> None:
        """In one step: whoever looks sees the old home or the new one."""
        draft = self.path / "home.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(self.path / "home")

    def write_files(self, files: Mapping[str, str]) -> None:
        """The app may have put links in the way meanwhile; nothing is written outside the slot through them."""
        inside = self.path.resolve()
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.parent.resolve().is_relative_to(inside):
                raise Rejected(
                    f'The file "{name}" would be written outside the slot: a link stands in its way.'
                )
            write_whole(path, text)

    def intend(self, record: Record) -> None:
        write_object(self.path / "instance.json", asdict(record))

    def forget_run(self) -> None:
        for name in ("process.json", "ended.json"):
            (self.path / name).unlink(missing_ok=True)

    def record(self) -> Record | None:
        found = read_object(self.path / "instance.json") or {}
        try:
            return Record(
                installation=InstallationId(str(found["installation"])),
                backend=str(found["backend"]),
                pool=PoolName(str(found["pool"])),
                port=int(found["port"]),
                home=HomeKind(found["home"]),
                data=dict(found.get("data", {})),
            )
        except (KeyError, ValueError, TypeError):
            return None

    def run(self) -> Run | None:
        found = _integers(read_object(self.path / "process.json"), "pid", "started")
        return Run(*found) if found else None

    def end(self) -> End | None:
        found = read_object(self.path / "ended.json")
        if found is None:
            return None
        code, error, seconds = found.get("code"), found.get("error"), found.get("seconds")
        return End(
            code=code if isinstance(code, int) else None,
            seconds=float(seconds) if isinstance(seconds, int | float) else 0.0,
            error=error if isinstance(error, int) else None,
            out_of_memory=found.get("out_of_memory") is True,
        )

    @property
    def home(self) -> str:
        """What its home link points at; empty where there is none."""
        link = self.path / "home"
        return str(link.readlink()) if link.is_symlink() else ""

    def let_home_out(self) -> None:
        """Only once all its processes have ended, so that every write of theirs is in the home. Harmless on one that is out, or absent.

        A slot without the link takes no home any more, so that whoever is late brings none in. To remove it takes no room on a full disk.
        """
        self.settle()
        if not self.path.is_symlink():
            (self.path / "home").unlink(missing_ok=True)

    def settle(self) -> None:
        """What was saved is in the home, and on the disk; shared folders are in it no more.

        Raises DriverUnavailable when the home is away and there is something to save.
        """
        self.rescue()
        if self.home not in ("", BLANK) and Path(self.home).is_dir():
            record = self.record()
            sharing.take_out(Path(self.home), record.data if record is not None else {})
            written_out(Path(self.home))

    def rescue(self) -> None:
        """An app works on in the blank directory it was started in, whatever the home link says since. What a person saved there goes home.

        Files with a dot are what programs leave about; they alone are not worth a directory in somebody's home.
        Raises DriverUnavailable when the home is away.
        """
        blank, link = self.path / BLANK, self.path / "home"
        if not link.is_symlink() or str(link.readlink()) == BLANK or not _is_real_directory(blank):
            return
        if all(path.name.startswith(".") for path in blank.iterdir()):
            return
        if not link.is_dir():
            raise DriverUnavailable(
                f"{link.readlink()} is not there, so the files saved in workspace {self.workspace_id} have nowhere to go: "
                "mount or make it; until then its slot is kept."
            )
        shutil.move(blank, link.resolve() / f"recovered-{self.workspace_id}")

    def remove(self) -> None:
        """Only once all its processes have ended. Raises DriverUnavailable if something is mounted below it."""
        remove_tree(self.path, what=f"the slot of workspace {self.workspace_id}")


def slots_in(directory: Path) -> list[Slot]:
    """Whatever bears an id, also what was only begun; other names in the directory are not ours to judge."""
    with os.scandir(directory) as entries:
        return [Slot(directory, WorkspaceId(entry.name)) for entry in entries if is_id(entry.name)]


def holder_of(slots: Path, home: Path) -> WorkspaceId | None:
    """Whose slot leads to it."""
    return next((slot.workspace_id for slot in slots_in(slots) if slot.home == str(home)), None)


def _integers(found: dict[str, Any] | None, *names: str) -> list[int] | None:
    values = [(found or {}).get(name) for name in names]
    numbers = [value for value in values if isinstance(value, int)]
    return numbers if len(numbers) == len(names) else None


def _is_real_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
