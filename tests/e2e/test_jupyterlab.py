"""A real JupyterLab through Envoy, as scripts use it: contents, a kernel over the proxied WebSocket, a terminal, and the person's own files."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .lab import lab_of, printed_by
from .running import Carrel, PersonWithToken, eventually, running
from .test_first_minutes import open_socket

pytestmark = [pytest.mark.jupyterlab]


@pytest.fixture
async def carrel(tmp_path: Path, jupyterlab: Path) -> AsyncIterator[Carrel]:
    async with running(tmp_path, "[pools.jupyterlab]\nwarm = 2\nlimit = 2\n") as carrel:
        await carrel.warm("jupyterlab", 2)
        yield carrel


async def test_files_kernel_terminal_and_a_return_with_yesterdays_files(carrel: Carrel) -> None:
    alice = await carrel.person("alice")
    first = await carrel.claim("jupyterlab", alice.token)
    base = first["workspace"]["base_url"]
    async with lab_of(carrel, base, alice) as lab:
        notebook = (await lab.post("api/contents", json={"type": "notebook"})).json()
        assert notebook["name"] == "Untitled.ipynb"
        homes = list((carrel.state / "homes").iterdir())
        assert [(home / "Untitled.ipynb").exists() for home in homes] == [True]

        asked = {"path": "Untitled.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        kernel = (await lab.post("api/sessions", json=asked)).json()["kernel"]["id"]
        code = "import os; print([v for v in os.environ.values() if 'crl_' in v], sorted(os.environ)); open('made.txt', 'w').write('x')"
        printed = await printed_by(carrel, f"{base}api/kernels/{kernel}/channels", alice, code)
        assert printed.startswith("[] ")
        assert "CARREL_BOOTSTRAP_TOKEN" not in printed
        assert (homes[0] / "made.txt").read_text() == "x"

        terminal = (await lab.post("api/terminals")).json()["name"]
        async with open_socket(carrel, f"{base}terminals/websocket/{terminal}", alice.token) as socket:
            await socket.send(json.dumps(["stdin", "echo $((6*7)) > from-terminal.txt\r"]))
            await eventually("the terminal works in the home", (homes[0] / "from-terminal.txt").exists)
        assert (homes[0] / "from-terminal.txt").read_text() == "42\n"
    await _comes_back(carrel, alice, first)


async def _comes_back(carrel: Carrel, alice: PersonWithToken, first: dict[str, Any]) -> None:
    async with carrel.api(alice.token) as api:
        await api.delete(f"/claims/{first['id']}")
    await carrel.warm("jupyterlab", 2)
    second = await carrel.claim("jupyterlab", alice.token)
    assert second["workspace"]["id"] != first["workspace"]["id"]
    async with lab_of(carrel, second["workspace"]["base_url"], alice) as lab:

        async def is_home() -> bool:
            """The files come out of the former workspace first, which may be a moment after the claim."""
            listed = (await lab.get("api/contents")).json()["content"]
            return {"Untitled.ipynb", "made.txt", "from-terminal.txt"} <= {file["name"] for file in listed}

        await eventually("yesterday's files are there", is_home)
    async with carrel.browserless() as client:
        old = await client.get(
            first["workspace"]["base_url"] + "api/status", headers={"Authorization": f"Bearer {alice.token}"}
        )
    assert old.status_code in (403, 404, 410, 502, 503), "a released workspace lets nobody in"

    def nothing_left() -> bool:
        gone = str(first["workspace"]["id"])
        return not any(gone in " ".join(process.cmdline()) for process in carrel.processes())

    await eventually("kernel, terminal and lab of the released workspace have ended", nothing_left)
