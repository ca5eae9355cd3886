"""A backend that costs nothing: its workspaces are rows, and one small app answers for all of them."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench import upstream
from bench.processes import Program, listening

POOL = "null"


def config(warm: int, port: int, *, limit: int) -> dict[str, dict[str, dict[str, object]]]:
    """For `carrel.running`; `port` is where the app listens."""
    template: dict[str, object] = {"command": ["nothing"], "ready": "x", "open": "x", "home": "none"}
    template["authorization"] = "token {secret}"
    pool: dict[str, object] = {"template": POOL, "backend": POOL, "warm": warm, "limit": limit}
    return {
        "backends": {POOL: {"driver": "memory", "endpoint_port": port}},
        "templates": {POOL: template},
        "pools": {POOL: pool | {"starting_at_once": 200}},
    }


@asynccontextmanager
async def app(folder: Path, port: int) -> AsyncIterator[None]:
    """What answers when somebody asks whether a workspace is up."""
    argv = [sys.executable, "-P", str(Path(upstream.__file__)), "--port", str(port), "--all-loopback"]
    program = Program(argv, env={"PATH": "/usr/bin:/bin"}, cwd=folder, log=folder / "app.log")
    try:
        await listening(program, port, within=10)
        yield
    finally:
        await program.end(signal.SIGTERM, within=5)
