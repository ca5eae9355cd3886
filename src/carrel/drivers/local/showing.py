"""What is shown of one instance, told from its slot and its processes. Pure: looks at nothing itself."""

import errno
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.drivers.local.launch import HOST
from carrel.drivers.local.processes import Member
from carrel.drivers.local.slot import End, Record, Run
from carrel.ports.driver import Instance, InstanceState
from carrel.rules.causes import code_of_exit

UNSEEN = "The program ended while Carrel was not watching."
INTERRUPTED = "Its start was interrupted."


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the slot says. All None where there is none."""

    record: Record | None = None
    run: Run | None = None
    end: End | None = None


def shown(
    workspace_id: WorkspaceId, evidence: Evidence, members: Sequence[Member], under_way: InstanceState | None
) -> Instance:
    """`under_way`: what is being done to it right now."""
    record = evidence.record
    tagged = next((member.tag.pool for member in members if member.tag.pool), None)
    state = under_way or _state(evidence, members)
    return Instance(
        workspace_id=workspace_id,
        pool=record.pool if record else tagged,
        state=state,
        endpoint=Endpoint(HOST, record.port) if record else None,
        handle=json.dumps(asdict(evidence.run)) if evidence.run else None,
        sentence=_sentence(evidence) if state is InstanceState.ENDED else None,
        code=_code(evidence.end) if state is InstanceState.ENDED and evidence.end else None,
    )


def _state(evidence: Evidence, members: Sequence[Member]) -> InstanceState:
    if evidence.end is not None:
        return InstanceState.ENDED
    if evidence.run is not None:
        return InstanceState.RUNNING if _runs(evidence.run, members) else InstanceState.ENDED
    if any(member.is_keeper for member in members):
        return InstanceState.STARTING
    return InstanceState.RUNNING if members else InstanceState.ENDED


def _runs(run: Run, members: Sequence[Member]) -> bool:
    return any((member.process.pid, member.process.started) == (run.pid, run.started) for member in members)


def _sentence(evidence: Evidence) -> str:
    end = evidence.end
    if end is None:
        ran = evidence.run is not None
        return UNSEEN if ran else INTERRUPTED
    if end.error is not None:
        return f"The program could not be started: {os.strerror(end.error)}."
    if end.code is None:
        return "The program ended; how is not known."
    after = f"after {_duration(end.seconds)}"
    if end.code < 0:
        return f"The program was ended by {_signal_name(-end.code)} {after}.{_hint(end)}"
    return f"The program ended by itself {after}, with exit status {end.code}."


def _hint(end: End) -> str:
    if end.code != -signal.SIGKILL:
        return ""
    return (
        " The machine ran out of memory." if end.out_of_memory else " The machine may have run out of memory."
    )


def _code(end: End) -> ReasonCode | None:
    if end.error is not None:
        return _REFUSALS.get(end.error)
    if end.code is None:
        return None
    return ReasonCode.OUT_OF_MEMORY if end.out_of_memory else code_of_exit(end.code)


_REFUSALS: Final[Mapping[int, ReasonCode]] = {
    errno.ENOENT: ReasonCode.COMMAND_MISSING,
    errno.ENOEXEC: ReasonCode.COMMAND_MISSING,
    errno.ENOTDIR: ReasonCode.COMMAND_MISSING,
    errno.EACCES: ReasonCode.NOT_PERMITTED,
    errno.EPERM: ReasonCode.NOT_PERMITTED,
    errno.ENOMEM: ReasonCode.OUT_OF_MEMORY,
    errno.ENOSPC: ReasonCode.DISK_FULL,
    errno.EDQUOT: ReasonCode.DISK_FULL,
}
"""What kept the program from starting at all."""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
