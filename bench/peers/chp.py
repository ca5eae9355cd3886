"""configurable-http-proxy alone, with one route and no check of any kind."""

import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.browser import call
from bench.install import Peers
from bench.processes import BenchError, Program, free_ports, listening


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that a run may load: where it listens and what it is billed for."""

    name: str
    port: int
    pids: tuple[int, ...]


@asynccontextmanager
async def running(
    folder: Path, peers: Peers, *, path: str, target_host: str, target_port: int
) -> AsyncIterator[Proxy]:
    """`path` (with slashes at both ends) goes to the app, unchanged."""
    folder.mkdir(parents=True)
    port, api_port = free_ports(2)
    token = secrets.token_hex(16)
    argv = [*peers.chp_command, "--ip", "127.0.0.1", "--port", str(port), "--log-level", "warn"]
    argv += ["--api-ip", "127.0.0.1", "--api-port", str(api_port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "CONFIGPROXY_AUTH_TOKEN": token}
    program = Program(argv, env=environment, cwd=folder, log=folder / "chp.log")
    try:
        await listening(program, port, within=20)
        await listening(program, api_port, within=20)
        target = {"target": f"http://{target_host}:{target_port}"}
        answer = await call(
            "POST", f"http://127.0.0.1:{api_port}/api/routes{path}", token, target, scheme="token"
        )
        if answer.status != 201:
            raise BenchError(f"configurable-http-proxy took no route: {answer.status} {answer.text}")
        yield Proxy("configurable-http-proxy", port, (program.pid,))
    finally:
        await program.end(signal.SIGTERM, within=10)
