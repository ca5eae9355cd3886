"""What is shown of one workspace, told from its note, its containers in the engine's list, and how those that ended did. Pure."""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import PoolName, WorkspaceId
from carrel.domain.instance import Progress
from carrel.domain.reason import ReasonCode
from carrel.domain.units import rough_size
from carrel.drivers.docker import labels
from carrel.drivers.docker.faults import refusal
from carrel.drivers.docker.notes import Note
from carrel.ports.driver import Instance, InstanceState
from carrel.rules import blame
from carrel.rules.causes import code_of_exit

INTERRUPTED: Final = "Its start was interrupted."
_STARTED: Final = "The container is being started."
_KEPT: Final = "Saved files are kept."
_WITH_ENGINE: Final = frozenset({0, 1, 129, 130, 137, 143, 255})
"""How apps end that were told to by an engine on its way out, or killed as it came back."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_AROUND_RESTART: Final = timedelta(minutes=10)
"""Between the end of a container and the next start of its engine: longer than that, and one did not cause the other."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One container in the engine's list."""

    id: str
    state: str
    labels: Mapping[str, str]
    made_at: datetime | None = None

    @property
    def companion(self) -> str:
        """Its name; empty for the app."""
        return self.labels.get(labels.COMPANION, "")

    @property
    def is_running(self) -> bool:
        return self.state in ("running", "paused")


@dataclass(frozen=True, slots=True)
class Run:
    """A container's last run, as `inspect` has it."""

    started_at: datetime | None
    ended_at: datetime | None
    status: int
    ran_out_of_memory: bool
    error: str
    memory: int | None
    """Its limit in bytes."""
    was_stopped: bool = False
    """The engine was told to end it, or ended it on its own way out."""
    engine_was_away: bool = False
    """And was away between the last time it ran and this end."""

    @property
    def handle(self) -> str | None:
        return self.started_at.isoformat() if self.started_at else None


def read_list(found: Sequence[Mapping[str, Any]]) -> dict[WorkspaceId, list[Listed]]:
    """By workspace. What bears no id of one was not made here."""
    groups: dict[WorkspaceId, list[Listed]] = {}
    for each in found:
        tags = each.get("Labels") or {}
        if workspace_id := tags.get(labels.WORKSPACE):
            listed = Listed(str(each["Id"]), str(each.get("State", "")), tags, _made_at(each.get("Created")))
            groups.setdefault(WorkspaceId(workspace_id), []).append(listed)
    return groups


def _made_at(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def read_run(inspected: Mapping[str, Any]) -> Run:
    state = inspected.get("State") or {}
    return Run(
        started_at=moment(state.get("StartedAt")),
        ended_at=moment(state.get("FinishedAt")),
        status=int(state.get("ExitCode") or 0),
        ran_out_of_memory=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        memory=(inspected.get("HostConfig") or {}).get("Memory") or None,
    )


def may_have_been_stopped(run: Run) -> bool:
    return run.status in _WITH_ENGINE and not _killed_for_memory(run) and run.ended_at is not None


def _killed_for_memory(run: Run) -> bool:
    return run.ran_out_of_memory and run.status == 128 + signal.SIGKILL


def moment(text: str | None) -> datetime | None:
    """Engines write nanoseconds, and the year 1 for never."""
    if not text or text.startswith("0001-"):
        return None
    whole, dot, rest = text.replace("Z", "+00:00").partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return datetime.fromisoformat(
        f"{whole}{dot}{digits[:6].ljust(6, '0') if dot else ''}{rest[len(digits) :]}"
    )


def app_of(group: Sequence[Listed]) -> Listed | None:
    return next((each for each in group if not each.companion), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one workspace."""

    note: Note | None = None
    group: Sequence[Listed] = ()
    runs: Mapping[str, Run] | None = None
    """By container, of those that are no longer being started."""
    engine_started_at: datetime | None = None
    progress: Progress | None = None


def shown(workspace_id: WorkspaceId, evidence: Evidence, under_way: InstanceState | None) -> Instance:
    """`under_way`: what is being done to it right now."""
    app = app_of(evidence.group)
    state, sentence, code = _told(evidence, under_way)
    run = (evidence.runs or {}).get(app.id) if app else None
    return Instance(
        workspace_id=workspace_id,
        pool=_pool(evidence),
        state=state,
        endpoint=endpoint_of(app.labels) if app else None,
        handle=json.dumps({"id": app.id, "started": run.handle}) if app and run and run.handle else None,
        sentence=sentence,
        code=code,
        progress=(evidence.progress or Progress(_STARTED)) if state is InstanceState.STARTING else None,
        begun_at=app.made_at if app else None,
    )


def _told(
    evidence: Evidence, under_way: InstanceState | None
) -> tuple[InstanceState, str | None, ReasonCode | None]:
    note = evidence.note
    if under_way is not None:
        return under_way, None, None
    if note is not None and note.plan is not None:
        return InstanceState.STARTING, None, None
    if note is not None and note.sentence is not None:
        return InstanceState.ENDED, note.sentence, note.code
    app = app_of(evidence.group)
    if app is None or app.state == "created":
        return InstanceState.ENDED, INTERRUPTED, None
    if app.state == "removing":
        return InstanceState.STOPPING, None, None
    return _told_by_members(evidence, app)


def _told_by_members(evidence: Evidence, app: Listed) -> tuple[InstanceState, str | None, ReasonCode | None]:
    """Whoever ended first ended the others."""
    runs = evidence.runs or {}
    present = {each.companion for each in evidence.group}
    wanted = [name for name in app.labels.get(labels.COMPANIONS, "").split(",") if name]
    if absent := [name for name in wanted if name not in present]:
        return InstanceState.ENDED, f'Its companion "{absent[0]}" was removed.', None
    ended = [each for each in evidence.group if not each.is_running]
    if not ended:
        return InstanceState.RUNNING, None, None
    known = [(each, runs[each.id]) for each in ended if each.id in runs]
    if not known:
        return InstanceState.ENDED, "It ended; how is not known.", None
    first, run = min(known, key=lambda one: one[1].ended_at or _NEVER)
    sentence, code = ending(run, evidence.engine_started_at, companion=first.companion)
    return InstanceState.ENDED, sentence, code


def ending(
    run: Run, engine_started_at: datetime | None, *, companion: str = ""
) -> tuple[str, ReasonCode | None]:
    who = f'The companion "{companion}"' if companion else "The program"
    if run.error and run.started_at is None:
        refused = refusal(f"{who} could not be started", 500, run.error)
        return refused.sentence, refused.code
    if _ended_with_engine(run, engine_started_at):
        return f"{blame.ENGINE_RESTARTED.sentence} {_KEPT}", ReasonCode.ENGINE_RESTARTED
    if run.was_stopped:
        return f"{blame.STOPPED_THERE.sentence} {_KEPT}", ReasonCode.ENGINE_RESTARTED
    after = _after(run)
    if _killed_for_memory(run):
        limit = f" It may use {rough_size(run.memory)}." if run.memory else ""
        return f"{who} was ended {after}because memory ran out.{limit}", ReasonCode.OUT_OF_MEMORY
    code = code_of_exit(run.status)
    if companion and code is ReasonCode.QUIT:
        code = ReasonCode.CRASHED
    if 128 < run.status < 160:
        return f"{who} was ended {after}by {_signal(run.status - 128)}.", code
    return f"{who} ended by itself {after}with exit status {run.status}.", code


def _ended_with_engine(run: Run, engine_started_at: datetime | None) -> bool:
    """An engine that comes up ends what it finds running (or what is left of it) before it makes its own network: that is its start.
    Not each makes one.
    """
    if run.engine_was_away:
        return True
    if engine_started_at is None or run.started_at is None or run.ended_at is None:
        return False
    since = engine_started_at - run.ended_at
    return run.status in _WITH_ENGINE and timedelta(0) <= since <= _AROUND_RESTART


def _pool(evidence: Evidence) -> PoolName | None:
    if evidence.note is not None and evidence.note.pool:
        return evidence.note.pool
    tagged = next((each.labels.get(labels.POOL) for each in evidence.group), None)
    return PoolName(tagged) if tagged else None


def endpoint_of(tags: Mapping[str, str]) -> Endpoint | None:
    host, colon, port = tags.get(labels.ENDPOINT, "").rpartition(":")
    return Endpoint(host, int(port)) if colon and port.isdigit() else None


def _after(run: Run) -> str:
    if run.started_at is None or run.ended_at is None:
        return ""
    seconds = max(0.0, (run.ended_at - run.started_at).total_seconds())
    if seconds < 120:
        return f"after {seconds:.1f} s " if seconds < 10 else f"after {seconds:.0f} s "
    minutes = seconds / 60
    return f"after {minutes:.0f} min " if minutes < 120 else f"after {minutes / 60:.1f} h "


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
