"""What is noted of each workspace on this machine: from before the first thing is made for it until after the last is removed.

So whatever is killed in between leaves something that list() shows. All else stands in the engine.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from carrel.domain.ids import PoolName, WorkspaceId, is_id
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.container import Plan
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.presence import Presence

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class Note:
    workspace_id: WorkspaceId
    pool: PoolName | None
    plan: Plan | None = None
    """What is being brought up; None once it runs or has failed."""
    sentence: str | None = None
    """Why its start failed."""
    code: ReasonCode | None = None
    is_out: bool = False
    """Its files were taken out; it is not started again."""
    maker: str = ""
    """Which control plane wrote it (`Presence.name`)."""


@dataclass(slots=True)
class Notes:
    """One file each, written whole or not at all. Blocks on the disk; give it a thread."""

    directory: Path
    """For one backend alone."""
    owner: Owner
    presence: Presence
    _known: dict[str, tuple[tuple[int, int], Note | None]] = field(default_factory=dict)

    def write(self, note: Note) -> None:
        with self._alone():
            self._write(note)

    def read(self, workspace_id: WorkspaceId) -> Note | None:
        """None where there is none of this installation."""
        path = self._path(workspace_id)
        try:
            found = path.stat()
        except FileNotFoundError:
            self._known.pop(path.name, None)
            return None
        stamp = (found.st_mtime_ns, found.st_ino)
        known = self._known.get(path.name)
        if known is None or known[0] != stamp:
            known = (stamp, self._parsed(workspace_id, path))
            self._known[path.name] = known
        return known[1]

    def all(self) -> dict[WorkspaceId, Note]:
        ids = [path.name.removesuffix(_SUFFIX) for path in self.directory.glob(f"*{_SUFFIX}")]
        notes = [self.read(WorkspaceId(each)) for each in ids if is_id(each)]
        return {note.workspace_id: note for note in notes if note is not None}

    def take_over(self, notes: Iterable[Note]) -> list[Note]:
        """Of these, what a control plane was bringing up that lives no more: ours from now on, and nobody else's."""
        taken = []
        for note in notes:
            with self._alone():
                now = self.read(note.workspace_id)
                if now is not None and now.plan is not None and self.presence.is_gone(now.maker):
                    self._write(now)
                    taken.append(now)
        return taken

    def done(self, workspace_id: WorkspaceId) -> None:
        """It runs: with the plan goes its secret."""
        with self._alone():
            note = self.read(workspace_id)
            if note is not None:
                self._write(replace(note, plan=None, sentence=None, code=None))

    def let_out(self, workspace_id: WorkspaceId, pool: PoolName | None) -> None:
        with self._alone():
            note = self.read(workspace_id) or Note(workspace_id, pool)
            self._write(replace(note, plan=None, is_out=True))

    def forget(self, workspace_id: WorkspaceId) -> None:
        """The last of a workspace, with what was only half written. Absence is success."""
        with self._alone():
            self._draft(workspace_id).unlink(missing_ok=True)
            if self.read(workspace_id) is not None:
                self._path(workspace_id).unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Of all control planes of this machine: two must not take over the same."""
        opened = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)

    def _write(self, note: Note) -> None:
        kept = {**asdict(self.owner), "pool": note.pool, "sentence": note.sentence, "code": note.code}
        kept |= {"maker": self.presence.name, "is_out": note.is_out}
        kept |= {"plan": note.plan.kept() if note.plan is not None else None}
        draft = self._draft(note.workspace_id)
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(self._path(note.workspace_id))

    def _path(self, workspace_id: WorkspaceId) -> Path:
        return self.directory / f"{workspace_id}{_SUFFIX}"

    def _draft(self, workspace_id: WorkspaceId) -> Path:
        return self.directory / f"{workspace_id}.new"

    def _parsed(self, workspace_id: WorkspaceId, path: Path) -> Note | None:
        """A damaged one is a note all the same: something may have been made for it."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if Owner(kept["installation"], kept["backend"]) != self.owner:
                return None
            plan, code = kept["plan"], kept["code"]
            return Note(
                workspace_id,
                kept["pool"],
                plan=Plan.of(plan) if plan is not None else None,
                sentence=kept["sentence"],
                code=ReasonCode(code) if code is not None else None,
                is_out=bool(kept["is_out"]),
                maker=str(kept["maker"]),
            )
        except (ValueError, KeyError, TypeError):
            return Note(workspace_id, None)
