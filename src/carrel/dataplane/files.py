"""Writes the files that Envoy watches: each appears whole, by rename, readable by its owner alone. Decides nothing about their content."""

import asyncio
import itertools
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from carrel.dataplane import rendering
from carrel.dataplane.keys import VerifyingKey
from carrel.domain.errors import Invalid, Unavailable
from carrel.domain.route import Route, Withdrawal
from carrel.ports.clock import Clock
from carrel.rules.withdrawals import current

ROUTES: Final = "eds.json"
TICKETS: Final = "tickets.json"
GRACES: Final = "graces.json"
VERDICT: Final = "verdict.json"


def prepare_run_dir(run_dir: Path) -> None:
    """Make it, and make it ours alone: secrets and sockets stand in it. Raises Unavailable."""
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        run_dir.chmod(0o700)
    except OSError as error:
        raise Unavailable(
            f"The run directory {run_dir} cannot be used: {error.strerror}. "
            "Give the state directory to this user, or choose another with --state-dir."
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Readers see the old file or the new one, never a part. Without fsync: after a crash of the machine all are written anew.

    Raises Unavailable.
    """
    beside: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        beside = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # whatever the umask took
            file.write(content)
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            beside.unlink(missing_ok=True)
        raise Unavailable(
            f"{path} could not be written: {error.strerror}. The data plane keeps what it had."
        ) from error


class EnvoyFiles:
    """Implements `ports.dataplane.DataPlane`. One writer per run directory."""

    def __init__(self, run_dir: Path, clock: Clock) -> None:
        self._clock = clock
        self._withdrawals: tuple[Withdrawal, ...] = ()
        self._files = {name: _File(run_dir / name) for name in (ROUTES, TICKETS, GRACES, VERDICT)}

    async def publish(self, routes: Sequence[Route]) -> None:
        await self._files[ROUTES].put(lambda: rendering.routes_file(routes))

    async def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Adds to what is known: of two sign-outs at the same time neither may bring the other's session back."""
        known = self._withdrawals = current((*self._withdrawals, *withdrawals), self._clock.now())
        await self._files[VERDICT].put(lambda: rendering.verdict_file(known))

    async def trust(self, keys: Sequence[VerifyingKey]) -> None:
        """Tickets and graces signed by these and no others are believed from now on. Raises Invalid, Unavailable."""
        if not keys:
            raise Invalid(
                "There must be a verification key: Envoy refuses an empty set and would keep the old one."
            )
        await self._files[TICKETS].put(lambda: rendering.tickets_file(keys))
        await self._files[GRACES].put(lambda: rendering.graces_file(keys))


class _File:
    """One watched file. A write whose caller was cancelled still ends, and never on top of a later one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._turns = itertools.count(1)
        self._last_turn = 0
        self._content: bytes | None = None

    async def put(self, render: Callable[[], bytes]) -> None:
        await asyncio.to_thread(self._put, next(self._turns), render)

    def _put(self, turn: int, render: Callable[[], bytes]) -> None:
        with self._lock:
            if turn < self._last_turn and self._content is not None:
                return
            self._last_turn = turn
            content = render()
            if content != self._content:
                self._content = None
                write_whole(self._path, content)
                self._content = content
