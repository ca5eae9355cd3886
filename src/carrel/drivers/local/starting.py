"""Starts an app under a keeper, in a session of its own, with nothing of ours but what the recipe says."""

import os
import signal
import sys
from pathlib import Path

from carrel.domain.ids import WorkspaceId
from carrel.drivers.local import keeper
from carrel.drivers.local.launch import Launch

LOG_LIMIT = 2 * 1024 * 1024
"""Bytes kept of what an app prints, in two files."""

_INHERITS_NOTHING = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def start(launch: Launch, slot: Path) -> int:
    """The keeper's pid: our child as long as we live. Every descriptor of ours is closed on exec (PEP 446). Raises OSError."""
    return os.posix_spawn(
        sys.executable,
        # -I: no PYTHON* variable of the app's counts for the keeper; -S: no site-packages, so that it starts quickly and stays small
        [sys.executable, "-I", "-S", keeper.__file__, str(slot), str(LOG_LIMIT), *launch.argv],
        {**launch.environment, keeper.MARK: "1"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            # what the keeper itself may have to say goes where people look for what went wrong
            (
                os.POSIX_SPAWN_OPEN,
                2,
                str(slot / "log"),
                os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW,
                0o600,
            ),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=_INHERITS_NOTHING,
    )


def collect(children: dict[int, WorkspaceId]) -> None:
    """Takes note of keepers of ours that ended, so that no zombies stay behind; those left are alive."""
    for pid in tuple(children):
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            ended = pid
        if ended:
            children.pop(pid, None)
