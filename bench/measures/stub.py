"""A Carrel with one person inside a workspace that is nothing but upstream.py, for the measures that load the data plane."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import carrel as subject
from bench import upstream
from bench.browser import Browser
from bench.carrel import Carrel
from bench.peers.chp import Proxy
from bench.processes import BenchError

POOL = "stub"


@dataclass(frozen=True, slots=True)
class Room:
    """The workspace, and the browser of the person who holds it."""

    envoy: Proxy
    url: str
    path: str
    """The workspace's own prefix, `/w/<id>/`."""
    app_host: str
    app_port: int
    browser: Browser

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    async def cookies(self) -> str:
        """With a ticket that is fresh: they live for a minute, so every turn asks for one."""
        answer = await self.browser.get(self.url)
        if answer.status != 200:
            raise BenchError(f"The person inside was answered {answer.status} at {answer.url}.")
        return self.browser.cookie_header(self.url)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Room]:
    command = [sys.executable, "-P", str(Path(upstream.__file__)), "--host={host}", "--port={port}"]
    template = {
        "command": command,
        "open": "x",
        "ready": "x",
        "authorization": "token {secret}",
        "home": "none",
    }
    pool = {"template": POOL, "backend": "local", "warm": 1, "limit": 3}
    async with subject.running(folder, {"templates": {POOL: template}, "pools": {POOL: pool}}) as carrel:
        yield await _enter(carrel)


async def _enter(carrel: Carrel) -> Room:
    person = await carrel.sign_in("person")
    await carrel.settled(POOL)
    _, url = await carrel.click(person, POOL)
    workspace_id = urlsplit(url).path.split("/")[2]
    app_host, app_port = carrel.address_of(workspace_id)
    envoy = Proxy("Envoy", carrel.workspaces_port, (carrel.envoy_pid,))
    return Room(envoy, url, f"/w/{workspace_id}/", app_host, app_port, person.browser)
