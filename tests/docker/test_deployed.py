"""The three services of deploy/systemd, started by their own lines: only the gate is root, with the capabilities of its unit and no others."""

import asyncio
import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from configparser import ConfigParser
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.docker_engine import Engine
from tests.e2e.running import Carrel, eventually, free_ports

from .not_root import NOBODY

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
APP = """
import http.server, os

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "visit" in self.path:
            with open("/carrel/home/visits", "a") as kept:
                kept.write("x")
        self.send_response(200)
        self.end_headers()
        if "visit" in self.path:
            self.wfile.write(open("/carrel/home/visits", "rb").read())

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("", 8888), Page).serve_forever()
"""
CONFIG = """
port = {port}
workspaces_port = {workspaces_port}

[backends.docker]
driver = "docker"
gate = "{gate}"
pull = "never"
stop_grace = "1s"

[templates.small]
image = "{image}"
command = ["python3", "-IS", "-c", '''{app}''']
path = "strip"

[pools.jupyterlab]
warm = 0

[pools.small]
template = "small"
backend = "docker"
warm = 1
limit = 2
"""


class Unit:
    """One service as systemd would start it, at other places than on a real machine."""

    def __init__(self, name: str, places: dict[str, str]) -> None:
        parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read(UNITS / f"{name}.service")
        self.service = dict(parser["Service"])
        self._places = places

    def command(self) -> list[str]:
        words = [self._placed(word) for word in shlex.split(self.service["ExecStart"])]
        return ["setpriv", *self._rights(), str(Path(sys.executable).with_name("carrel")), *words[1:]]

    def _placed(self, word: str) -> str:
        return self._places.get(word, word)

    def _rights(self) -> Iterator[str]:
        kept = self.service["CapabilityBoundingSet"].lower().replace("cap_", "").split()
        if self.service.get("User") == "carrel":
            # whoever runs the tests may have this repository where nobody else can read
            kept = ["dac_read_search"]
            yield from ("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
            yield from ("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search")
        yield from ("--bounding-set", ",".join(["-all", *(f"+{name}" for name in kept)]))
        if self.service["NoNewPrivileges"] == "yes":
            yield "--no-new-privs"


@asynccontextmanager
async def service(unit: Unit, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    said = {"PATH": os.environ["PATH"], "HOME": "/", **environment}
    process = await asyncio.create_subprocess_exec(*unit.command(), env=said)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 30)


@pytest.fixture
async def carrel(docker: Engine, image: str) -> AsyncIterator[Carrel]:
    with tempfile.TemporaryDirectory(prefix="deployed-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        state, config, gate, keep = (folder / each for each in ("state", "carrel.toml", "gate.sock", "keep"))
        state.mkdir(mode=0o700)
        os.chown(state, NOBODY, NOBODY)
        port, workspaces_port = free_ports(2)
        given = {"port": port, "workspaces_port": workspaces_port, "gate": gate, "image": image, "app": APP}
        config.write_text(CONFIG.format(**given))
        places = {"/var/lib/carrel": str(state), "/etc/carrel.toml": str(config), "carrel": str(NOBODY)}
        carrel = Carrel(state, port, workspaces_port, config)
        guarding = Unit("carrel-gate", places)
        guarding.service["ExecStart"] += f" --socket {gate} --keep {keep} --engine {docker.socket}"
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(service(guarding))
                await stack.enter_async_context(service(Unit("carrel-envoy", places)))
                await eventually("the gate is open", gate.is_socket)
                control = service(Unit("carrel", places), CARREL_BOOTSTRAP_TOKEN=carrel.token)
                await stack.enter_async_context(control)
                yield carrel
                docker.clear()
        finally:
            docker.clear()
            with contextlib.suppress(subprocess.CalledProcessError):
                subprocess.run(["umount", "--recursive", keep / "slots"], check=True, capture_output=True)


async def claimed(carrel: Carrel) -> dict[str, Any]:
    async with carrel.api() as api:
        claim = (await api.post("/claims", json={"pool": "small"})).json()

        async def held() -> Any:
            found = (await api.get(f"/claims/{claim['id']}")).json()
            return found if found["state"] == "held" and found["workspace"]["phase"] == "ready" else None

        found: dict[str, Any] = await eventually("the claim is held", held, 60)
        return found


async def visits(carrel: Carrel, claim: dict[str, Any]) -> str:
    async with carrel.api() as api:

        async def page() -> Any:
            address = f"http://localhost:{carrel.workspaces_port}/w/{claim['workspace']['id']}/visit"
            answer = await api.get(address)
            return answer.text if answer.status_code == 200 else None

        return str(await eventually("the page is there", page))


async def test_three_services_of_which_one_is_root_give_people_their_files_in_warm_containers(
    carrel: Carrel, docker: Engine
) -> None:
    async def warm() -> bool:
        async with carrel.api() as api:
            return bool((await api.get("/pools/small")).json()["counts"]["ready"])

    await eventually("a warm workspace", warm, 120)
    first = await claimed(carrel)
    assert await visits(carrel, first) == "x"
    async with carrel.api() as api:
        assert (await api.delete(f"/claims/{first['id']}")).status_code in (200, 202, 204)
    await eventually("another warm workspace", warm, 60)
    second = await claimed(carrel)
    assert second["workspace"]["id"] != first["workspace"]["id"]
    assert await visits(carrel, second) == "xx", "yesterday's file in a container that was warm before"
    [kept] = [home for home in (carrel.state / "homes").iterdir() if home.is_dir()]
    assert (kept.stat().st_uid, (kept / "visits").stat().st_uid) == (NOBODY, NOBODY)
    users = {process.uids().effective for process in carrel.processes() if "gate" not in process.cmdline()}
    assert users == {NOBODY}, "neither the control plane nor Envoy"
