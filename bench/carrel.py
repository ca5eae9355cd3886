"""Carrel itself, started as people start it (`carrel up`) and clicked as people click it. Imports nothing of Carrel."""

import asyncio
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin, urlsplit

from bench.browser import Answer, Browser, call
from bench.forms import find_form
from bench.install import ROOT
from bench.processes import BenchError, Program, free_ports, listening

LAB = ROOT / ".lab" / "bin"
PASSWORD = "a bench's password"


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    browser: Browser


@dataclass(slots=True)
class Carrel:
    program: Program
    port: int
    workspaces_port: int
    state: Path
    token: str

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    async def api(
        self, method: str, path: str, body: object | None = None, *, token: str | None = None
    ) -> Answer:
        answer = await call(method, f"{self.url}/hub/api/v1{path}", token or self.token, body)
        if answer.status >= 400:
            raise BenchError(f"Carrel answered {method} {path} with {answer.status}: {answer.text[:500]}")
        return answer

    @property
    def envoy_pid(self) -> int:
        return int((self.state / "run" / "envoy.pid").read_text().split()[0])

    def control_plane(self) -> list[int]:
        """Carrel without Envoy; only meaningful while there is no workspace."""
        return [pid for pid in self.program.family() if pid != self.envoy_pid]

    async def add_user(self, name: str) -> str:
        return str((await self.api("POST", "/users", {"name": name, "password": PASSWORD})).json()["id"])

    async def new_token(self, user_id: str) -> str:
        body = {"label": "bench", "scopes": ["read", "use"], "user": user_id}
        return str((await self.api("POST", "/tokens", body)).json()["secret"])

    async def sign_in(self, name: str) -> Person:
        """A new person with a password, at the home page."""
        user_id = await self.add_user(name)
        browser = Browser()
        page = await browser.get(f"{self.url}/hub/")
        form = find_form(page.text, lambda form: "password" in form.fields, "to sign in with")
        form.fields |= {key: name for key in ("name", "username", "user") if key in form.fields} | {
            "password": PASSWORD
        }
        home = await browser.submit(
            urljoin(page.url, form.action or page.url), form.fields, came_from=page.url
        )
        if home.status != 200:
            raise BenchError(
                f"Carrel did not sign {name} in ({home.status} at {home.url}): {home.text[:300]}"
            )
        return Person(user_id, name, browser)

    async def click(self, person: Person, pool: str) -> tuple[float, str]:
        """From pressing the pool's button on the home page to the first byte of the person's own app: seconds, and where that was."""
        home = await person.browser.get(f"{self.url}/hub/")
        form = find_form(home.text, lambda form: form.mentions(pool), f"for the pool {pool}")
        began = time.perf_counter()
        answer = await person.browser.submit(urljoin(home.url, form.action), form.fields, came_from=home.url)
        parts = urlsplit(answer.url)
        if answer.status != 200 or parts.port != self.workspaces_port or not parts.path.startswith("/w/"):
            raise BenchError(
                f"{person.name} landed at {answer.url} ({answer.status}) instead of in a lab: {answer.text[:300]}"
            )
        return answer.first_byte_at - began, answer.url

    async def pool(self, name: str) -> dict[str, Any]:
        pool: dict[str, Any] = (await self.api("GET", f"/pools/{name}")).json()
        return pool

    async def settled(self, pool: str, *, held: int = 0, within: float = 120) -> None:
        """Wait until the pool has what it wants: all warm, nothing on its way in or out, and so many held."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            told = await self.pool(pool)
            counts = told["counts"]
            is_moving = counts["starting"] + counts["stopping"] + counts["waiting"]
            if counts["ready"] == told["warm"] and counts["claimed"] == held and not is_moving:
                return
            await asyncio.sleep(0.1)
        raise BenchError(
            f"The pool {pool} did not settle within {within:.0f} s: {told}. {self.program.last_lines()}"
        )

    async def release_all(self, pool: str) -> None:
        """Of everybody; at most one page of claims, which is enough for the few people of a bench."""
        for claim in (await self.api("GET", f"/claims?pool={pool}&state=held")).json()["items"]:
            await self.api("DELETE", f"/claims/{claim['id']}")

    def address_of(self, workspace_id: str) -> tuple[str, int]:
        """Where the app of a workspace listens, from the table that Envoy reads."""
        for row in _objects(json.loads((self.state / "run" / "eds.json").read_text())):
            if "socket_address" in str(row.get("endpoint")) and workspace_id in json.dumps(row):
                address = row["endpoint"]["address"]["socket_address"]
                return str(address["address"]), int(address["port_value"])
        raise BenchError(f"Workspace {workspace_id} is not in eds.json.")


def _objects(value: object) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(found for inner in value.values() for found in _objects(inner))]
    if isinstance(value, list):
        return [found for inner in value for found in _objects(inner)]
    return []


@asynccontextmanager
async def running(
    folder: Path,
    config: Mapping[str, Mapping[str, Mapping[str, object]]],
    *,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Carrel]:
    """`config` as in carrel.toml: kind of table, its name, its keys. The built-in pool keeps nothing warm unless it is named.
    `settings` as in the environment.
    """
    folder.mkdir(parents=True)
    port, workspaces_port = free_ports(2)
    token = f"crl_{secrets.token_urlsafe(32)}"
    state, file = folder / "s", folder / "carrel.toml"
    file.write_text(_toml({**config, "pools": {"jupyterlab": {"warm": 0}, **config.get("pools", {})}}))
    argv = [
        sys.executable,
        "-m",
        "carrel",
        "up",
        "--port",
        str(port),
        "--workspaces-port",
        str(workspaces_port),
    ]
    argv += ["--state-dir", str(state), "--config", str(file), "--no-open"]
    environment = {
        "PATH": f"{LAB}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "CARREL_BOOTSTRAP_TOKEN": token,
        "CARREL_LOG_LEVEL": "warning",
        **settings,
    }
    program = Program(argv, env=environment, cwd=folder, log=folder / "carrel.log")
    try:
        await listening(program, port, within=60)
        carrel = Carrel(program, port, workspaces_port, state, token)
        await _ready(carrel)
        program.remember([carrel.envoy_pid])
        yield carrel
    finally:
        await program.end(signal.SIGINT, within=30)


async def _ready(carrel: Carrel) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not carrel.program.has_ended:
        if "Carrel is ready" in carrel.program.log.read_text(errors="replace"):
            return
        await asyncio.sleep(0.05)
    raise BenchError(f"Carrel did not become ready. Its log ends:\n{carrel.program.last_lines()}")


def _toml(config: Mapping[str, Mapping[str, Mapping[str, object]]]) -> str:
    lines = []
    for kind, tables in config.items():
        for name, keys in tables.items():
            lines.append(f"[{kind}.{name}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"
