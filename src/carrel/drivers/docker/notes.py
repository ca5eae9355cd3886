"""What is noted of each workspace on this machine: from before the first thing is made for it until after the last is removed.

So whatever is killed in between leaves something that list() shows. All else stands in the engine.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from carrel.domain.ids import PoolName, WorkspaceId, is_id
from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.container import Plan
from carrel.drivers.docker.labels import Owner

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


@dataclass(slots=True)
class Notes:
    """One file each, written whole or not at all. Blocks on the disk; give it a thread."""

    directory: Path
    """For one backend alone."""
    owner: Owner
    _known: dict[str, tuple[tuple[int, int], Note | None]] = field(default_factory=dict)

    def make(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, note: Note) -> None:
        """On the disk when it returns: it is the first there is of a workspace."""
        kept = {**asdict(self.owner), "pool": note.pool, "sentence": note.sentence, "code": note.code}
        kept |= {"is_out": note.is_out, "plan": note.plan.kept() if note.plan is not None else None}
        path = self._path(note.workspace_id)
        draft = self._draft(note.workspace_id)
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(path)

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

    def done(self, workspace_id: WorkspaceId) -> None:
        """It runs: with the plan goes its secret."""
        self._change(workspace_id, plan=None, sentence=None, code=None)

    def let_out(self, workspace_id: WorkspaceId, pool: PoolName | None) -> None:
        note = self.read(workspace_id) or Note(workspace_id, pool)
        self.write(replace(note, plan=None, is_out=True))

    def forget(self, workspace_id: WorkspaceId) -> None:
        """The last of a workspace, with what was only half written. Absence is success."""
        self._draft(workspace_id).unlink(missing_ok=True)
        if self.read(workspace_id) is not None:
            self._path(workspace_id).unlink(missing_ok=True)

    def _change(self, workspace_id: WorkspaceId, **changes: Any) -> None:
        note = self.read(workspace_id)
        if note is not None:
            self.write(replace(note, **changes))

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
            )
        except (ValueError, KeyError, TypeError):
            return Note(workspace_id, None)
