"""ASGI apps on Unix sockets: the control plane listens nowhere else. A socket takes over its name only once it can be connected to."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from carrel.domain.errors import Unavailable

BACKLOG = 2048
OWNER_ONLY = 0o600
KEPT_OPEN = 120
"""Seconds without a request. Envoy closes first (30 s, envoy.yaml): what we close while it sends the next one is answered 503."""


class _Server(uvicorn.Server):
    """Signals belong to the program, not to one of its listeners."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class SocketServer:
    """One app on one socket. WebSockets are refused, unless `longest_message` says how many bytes of one are taken."""

    def __init__(self, app: ASGIApp, path: Path, *, longest_message: int = 0) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio" if longest_message else "none",
            ws_max_size=longest_message,
            ws_per_message_deflate=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips="*",  # only Envoy and the file's owner can connect, and Envoy writes these headers itself
            timeout_keep_alive=KEPT_OPEN,
            timeout_graceful_shutdown=2,
            backlog=BACKLOG,
        )
        self._server = _Server(config)
        self._path = path
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        listening = _listen(self._path)
        self._task = asyncio.create_task(
            self._server.serve(sockets=[listening]), name=f"serve {self._path.name}"
        )
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise Unavailable(f"The socket {self._path} could not be served.")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        if self._task is None:
            return
        self._server.should_exit = True
        await asyncio.wait({self._task}, timeout=5)
        self._path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """Bound beside its name, made private, then renamed over whatever a killed predecessor left."""
    beside = path.with_name(f".{path.name}.new")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        beside.unlink(missing_ok=True)
        listening.bind(str(beside))
        beside.chmod(OWNER_ONLY)
        listening.listen(BACKLOG)
        beside.replace(path)
    except OSError as error:
        listening.close()
        why = (
            "its path is longer than the 107 characters the system allows"
            if "too long" in str(error)
            else str(error)
        )
        raise Unavailable(
            f"The socket {path} cannot be made: {why}. Choose a shorter --state-dir."
        ) from error
    listening.setblocking(False)
    return listening
