"""Envoy's life: started or adopted, watched, brought back when it dies, ended only on request. Knows nothing of what it carries."""

import asyncio
import contextlib
import json
import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog

from carrel.dataplane import files, logfile, tls
from carrel.dataplane.binary import check_ports_free, find_binary
from carrel.dataplane.bootstrap import BootstrapOptions, bootstrap, listens_at
from carrel.dataplane.process import Process, find, open_files, spawn
from carrel.domain.errors import Conflict, Internal, Unavailable
from carrel.ports.clock import Clock

_log = structlog.get_logger(__name__)

LOG_LIMIT: Final = 8 << 20
_LOOK_EVERY: Final = 30.0
_LONG_ENOUGH: Final = 30.0
"""Seconds after which a death is a new one and no longer part of a series."""
_PAUSES: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0)
_NEEDED: Final = (files.ROUTES, files.TICKETS, files.GRACES, files.VERDICT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyOptions:
    bootstrap: BootstrapOptions
    log: Path
    binary: str | None = None
    workers: int | None = None
    """Threads; None is one per processor."""
    start_within: float = 15.0


class Envoy:
    """`start` before anything else. After `aclose` Envoy runs on and the next `start` adopts it; after `stop` it is gone."""

    def __init__(self, options: EnvoyOptions, clock: Clock) -> None:
        fitting = options.bootstrap.limits.fitting(open_files())
        self._options = replace(options, bootstrap=replace(options.bootstrap, limits=fitting))
        self._clock = clock
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._attempt = 0
        self.adopted = False
        """Whether the one that runs was started by a predecessor of ours."""
        self.outdated = False
        """Whether it runs with another configuration than ours; `restart` brings ours in and cuts every connection."""
        self.trouble: str | None = None
        """Why it does not run, in words for an operator; None while it does."""
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def check(self, *, afresh: bool = False) -> None:
        """What would keep `start` from working, asked before anything else is set in motion. Raises Unavailable, Invalid, Conflict."""
        wanted = listens_at(self.rendered())
        running = await asyncio.to_thread(find, self._pid_file, self._config)
        if running is None:
            self._program()
            return
        running.close()
        present = listens_at(self._content_of_running())
        if present and present != wanted and not afresh:
            raise Conflict(
                f"Envoy still runs with {', '.join(sorted(present))}, and somebody may be inside. Start with those addresses again, "
                "or move it with `carrel up --restart-dataplane`, which cuts open connections."
            )

    async def start(self, *, afresh: bool = False) -> None:
        """Return once both listeners answer. Everything in the run directory must have been written before.

        `afresh`: one that runs with other settings, or answers no more, is ended first, which cuts every connection.
        Raises Unavailable (binary missing, port taken, Envoy refuses), Invalid (state directory's path too long), Internal.
        """
        self._check_files()
        content = self.rendered()
        self._process = await asyncio.to_thread(find, self._pid_file, self._config)
        self.outdated = self._process is not None and self.differs()
        if self._process is not None and afresh and (self.outdated or not await self._answers()):
            await self.stop()
        self.adopted = self._process is not None
        if self.adopted:
            await self._ready()
            _log.info("envoy adopted", pid=self.pid, outdated=self.outdated)
        else:
            await self._launch(content)
        self._watching = asyncio.create_task(self._watch(), name="watch envoy")

    async def stop(self) -> None:
        """End it, adopted or not."""
        await self._stop_watching()
        if self._process is None:
            return
        for ask in (signal.SIGTERM, signal.SIGKILL):
            self._process.send(ask)
            self._process.send(signal.SIGCONT)
            if await self._process.ended(within=5.0):
                break
        self._forget()
        self._pid_file.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Writes the bootstrap and starts nothing: the caller becomes it. Raises Unavailable, Invalid, Internal."""
        self._check_files()
        program = self._program()
        files.write_whole(self._config, self.rendered())
        files.write_whole(self._pid_file, f"{os.getpid()}\n".encode())
        return self._argv(program)

    def differs(self) -> bool:
        """Whether the one that runs was started with another configuration than ours. Raises Invalid."""
        return self._content_of_running() != self.rendered()

    async def aclose(self) -> None:
        """Let go of it. It runs on."""
        await self._stop_watching()
        self._forget()

    # -- one start -----------------------------------------------------------------------------------------------------

    async def _launch(self, content: bytes) -> None:
        program = self._program()
        self._prepare_log()
        files.write_whole(self._config, content)
        self._process = await asyncio.to_thread(spawn, self._argv(program), self._options.log)
        files.write_whole(self._pid_file, f"{self._process.pid}\n".encode())
        self.adopted = self.outdated = False
        try:
            await self._ready()
        except BaseException:
            self._process.send(signal.SIGKILL)
            await self._process.ended(within=5.0)
            self._forget()
            self._pid_file.unlink(missing_ok=True)
            raise
        self.trouble = None
        _log.info("envoy started", pid=self.pid)

    def _program(self) -> str:
        options = self._options.bootstrap
        check_ports_free(options.host, {"port": options.port, "workspaces_port": options.workspaces_port})
        return find_binary(self._options.binary)

    def _argv(self, program: str) -> list[str]:
        workers = ["--concurrency", str(self._options.workers)] if self._options.workers else []
        # Hot restart would have the kernel end it with its parent. Stream reports are of use only while they are fresh.
        quick = ["--disable-hot-restart", "--file-flush-interval-msec", "1000"]
        return [program, "--config-path", str(self._config), "--log-level", "warning", *quick, *workers]

    async def _ready(self) -> None:
        process, deadline = self._process, self._clock.monotonic() + self._options.start_within
        while not await self._answers():
            if process is None or process.has_ended:
                raise Unavailable(f"Envoy ended at once. {self._last_words()}", detail=str(self._options.log))
            if self._clock.monotonic() > deadline:
                within = f"{self._options.start_within:.0f} seconds"
                way_out = (
                    " `carrel up --restart-dataplane` ends it and starts another." if self.adopted else ""
                )
                raise Unavailable(
                    f"Envoy (pid {process.pid}) does not answer within {within}; see {self._options.log}.{way_out}"
                )
            await self._clock.sleep(0.02)

    async def _answers(self) -> bool:
        options = self._options.bootstrap
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)  # noqa: S104 - compared, not listened on
        try:
            async with asyncio.timeout(2):
                if b" 200 " not in await self._ask_admin("/ready"):
                    return False
                for port in (options.port, options.workspaces_port):
                    _, writer = await asyncio.open_connection(host, port)
                    writer.close()
        except (OSError, TimeoutError):
            return False
        return True

    async def _ask_admin(self, path: str) -> bytes:
        """The first line of the answer."""
        socket = self._options.bootstrap.run_dir / "envoy-admin.sock"
        reader, writer = await asyncio.open_unix_connection(str(socket))
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n".encode())
            return await reader.readline()
        finally:
            writer.close()

    # -- its life ------------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            began = self._clock.monotonic()
            while not await self._process_ended():
                await asyncio.to_thread(logfile.bound, self._options.log, LOG_LIMIT)
            await self._bring_back(self._clock.monotonic() - began > _LONG_ENOUGH)

    async def _process_ended(self) -> bool:
        return self._process is None or await self._process.ended(within=_LOOK_EVERY)

    async def _bring_back(self, is_first_death: bool) -> None:
        pid = self.pid
        self._forget()
        attempt = 0 if is_first_death else self._attempt
        self.trouble = f"Envoy (pid {pid}) ended by itself. {self._last_words()}"
        _log.error("envoy ended by itself", pid=pid, series=attempt)
        while self._process is None:
            await self._clock.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1
            try:
                await self._launch(self.rendered())
            except Unavailable as error:
                self.trouble = error.sentence
                _log.error("envoy not restarted", why=error.sentence)
        self._attempt = attempt
        self.restarts += 1

    async def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None

    def _forget(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    # -- its files -----------------------------------------------------------------------------------------------------

    @property
    def _config(self) -> Path:
        return self._options.bootstrap.run_dir / "bootstrap.json"

    @property
    def _pid_file(self) -> Path:
        return self._options.bootstrap.run_dir / "envoy.pid"

    def rendered(self) -> bytes:
        """What one that we start now would run with. Raises Invalid."""
        return json.dumps(bootstrap(self._options.bootstrap), indent=1, sort_keys=True).encode()

    def _content_of_running(self) -> bytes:
        """Its file is only written when none runs, so it says what the running one was started with."""
        try:
            return self._config.read_bytes()
        except OSError:
            return b""

    def _check_files(self) -> None:
        missing = self.missing_files()
        if missing:
            run_dir = self._options.bootstrap.run_dir
            raise Internal(f"Envoy cannot start before {', '.join(missing)} stand in {run_dir}.")

    def missing_files(self) -> list[str]:
        """Which of those that the control plane writes are not there yet."""
        options = self._options.bootstrap
        needed = (*_NEEDED, *(tls.CERTIFICATES.values() if options.encrypted else ()))
        return [name for name in needed if not (options.run_dir / name).exists()]

    def _prepare_log(self) -> None:
        log = self._options.log
        try:
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log.touch(mode=0o600)
        except OSError as error:
            raise Unavailable(f"The log {log} cannot be written: {error.strerror}.") from error

    def _last_words(self) -> str:
        lines = logfile.tail(self._options.log, 4096).decode("utf-8", "replace").strip().splitlines()
        return f"Its last words: {lines[-1][:500]}" if lines else ""
