"""JupyterHub with configurable-http-proxy, real JupyterLab or a spawner that starts nothing, driven as a person's browser drives it."""

import json
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.browser import Answer, Browser, call
from bench.install import Peers
from bench.processes import BenchError, Program, free_ports, listening

CONFIG = Path(__file__).with_name("jupyterhub_config.py")


@dataclass(slots=True)
class JupyterHub:
    program: Program
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def api(self, method: str, path: str, body: object | None = None) -> Answer:
        return await call(method, f"{self.url}/hub/api{path}", self.token, body, scheme="token")

    def control_plane(self) -> list[int]:
        """The hub and its proxy, as they are before anybody has a server."""
        return self.program.family()

    async def sign_in(self, name: str) -> Browser:
        browser = Browser()
        page = await browser.get(f"{self.url}/hub/login")
        xsrf = next(value for (_, _, cookie), value in browser.cookies.items() if cookie == "_xsrf")
        fields = {"username": name, "password": "bench", "_xsrf": xsrf}
        home = await browser.submit(f"{self.url}/hub/login?next=%2Fhub%2Fhome", fields, came_from=page.url)
        if home.status != 200 or name not in home.text:
            raise BenchError(f"JupyterHub did not sign {name} in ({home.status} at {home.url}).")
        return browser

    async def click(self, browser: Browser, name: str) -> float:
        """From "Start My Server" to the first byte of the person's own lab, in seconds. Follows the progress page as its script does."""
        began = time.perf_counter()
        answer = await browser.get(f"{self.url}/hub/spawn/{name}")
        if urlsplit(answer.url).path.startswith("/hub/spawn-pending/"):
            xsrf = quote(_cookie(browser, "/hub/"))
            async for event in browser.events(
                f"{self.url}/hub/api/users/{name}/server/progress?_xsrf={xsrf}"
            ):
                if event.get("failed"):
                    raise BenchError(f"JupyterHub could not start {name}: {event}")
                if event.get("ready"):
                    break
            answer = await browser.get(answer.url)
        if answer.status != 200 or urlsplit(answer.url).path != f"/user/{name}/lab":
            raise BenchError(f"{name} landed at {answer.url} ({answer.status}) instead of in a lab.")
        return answer.first_byte_at - began

    async def stop(self, name: str) -> None:
        await self.api("DELETE", f"/users/{name}/server")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            user = (await self.api("GET", f"/users/{name}")).json()
            if not user["servers"] and not user["pending"]:
                return
        raise BenchError(f"JupyterHub did not stop the server of {name} within a minute.")


def _cookie(browser: Browser, path: str) -> str:
    return next(
        value for (_, place, name), value in browser.cookies.items() if name == "_xsrf" and place == path
    )


@asynccontextmanager
async def running(folder: Path, peers: Peers, *, null_port: int = 0) -> AsyncIterator[JupyterHub]:
    """With `null_port`, servers are nothing but an address that answers there."""
    folder.mkdir(parents=True)
    port, hub_port, proxy_api_port = free_ports(3)
    token = secrets.token_hex(16)
    told = {
        "folder": str(folder),
        "port": port,
        "hub_port": hub_port,
        "proxy_api_port": proxy_api_port,
        "null_port": null_port,
        "token": token,
        "chp": peers.chp_command,
    }
    environment = {
        "PATH": f"{peers.hub_python.parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "CARREL_BENCH_HUB": json.dumps(told),
    }
    argv = [str(peers.hub_python), "-m", "jupyterhub", "-f", str(CONFIG)]
    program = Program(argv, env=environment, cwd=folder, log=folder / "hub.log")
    try:
        await listening(program, hub_port, within=60)
        await listening(program, port, within=60)
        hub = JupyterHub(program, port, token)
        await _answers(hub)
        yield hub
    finally:
        await program.end(signal.SIGTERM, within=30)


async def _answers(hub: JupyterHub) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (await hub.api("GET", "/users")).status == 200:
            return
    raise BenchError(f"JupyterHub's API did not answer. Its log ends:\n{hub.program.last_lines()}")
