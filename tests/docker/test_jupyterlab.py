"""JupyterLab as the catalogue has it, in containers that were warm before: kernel and terminal in one's own files, and yesterday's files."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.docker_engine import Engine
from tests.e2e.lab import lab_of, printed_by
from tests.e2e.running import Carrel, PersonWithToken, eventually, running
from tests.e2e.test_first_minutes import open_socket

CONFIG = """
[backends.docker]
driver = "docker"
host = "{host}"
pull = "never"
stop_grace = "1s"

[templates.jupyterlab]
image = "{image}"

[templates.jupyterlab.claim_environment]
COURSE = "statistics"

[pools.jupyterlab]
backend = "docker"
warm = 2
limit = 3
"""


@pytest.fixture
async def carrel(tmp_path: Path, docker: Engine, lab_image: str) -> AsyncIterator[Carrel]:
    try:
        async with running(tmp_path, CONFIG.format(host=docker.host, image=lab_image)) as carrel:
            await carrel.warm("jupyterlab", 2, 90)
            yield carrel
    finally:
        docker.clear()


async def test_kernel_terminal_and_yesterdays_files_in_containers_that_were_warm(carrel: Carrel) -> None:
    alice = await carrel.person("alice")
    first = await carrel.claim("jupyterlab", alice.token)
    base = first["workspace"]["base_url"]
    async with lab_of(carrel, base, alice) as lab:
        notebook = (await lab.post("api/contents", json={"type": "notebook"})).json()
        asked = {"path": notebook["path"], "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        kernel = (await lab.post("api/sessions", json=asked)).json()["kernel"]["id"]
        code = "import os; print(os.getcwd(), os.environ['COURSE'], 'CARREL_BOOTSTRAP_TOKEN' in os.environ); open('made', 'w').write('x')"
        said = await printed_by(carrel, f"{base}api/kernels/{kernel}/channels", alice, code)
        assert said == "/home/jovyan statistics False\n"

        terminal = (await lab.post("api/terminals")).json()["name"]
        async with open_socket(carrel, f"{base}terminals/websocket/{terminal}", alice.token) as socket:
            await socket.send(json.dumps(["stdin", "echo $COURSE > typed\r"]))
            await eventually("the terminal works in the files", lambda: is_there(carrel, "typed"))
    assert {"Untitled.ipynb", "made", "typed"} <= {file.name for file in home(carrel).iterdir()}
    assert (home(carrel) / "typed").read_text() == "statistics\n"
    await comes_back(carrel, alice, first)


async def comes_back(carrel: Carrel, alice: PersonWithToken, first: dict[str, Any]) -> None:
    async with carrel.api(alice.token) as api:
        await api.delete(f"/claims/{first['id']}")
        second = await api.post("/claims", json={"pool": "jupyterlab"})
        claim = second.json()["id"]

        async def is_held() -> dict[str, Any] | None:
            found = dict((await api.get(f"/claims/{claim}")).json())
            return found["workspace"] if found["state"] == "held" else None

        workspace = await eventually("alice is in another one", is_held, 60)
    assert workspace["id"] != first["workspace"]["id"]
    async with lab_of(carrel, workspace["base_url"], alice) as lab:

        async def is_home() -> bool:
            answer = await lab.get("api/contents")
            assert answer.status_code == 200, answer.text
            return {"Untitled.ipynb", "made", "typed"} <= {file["name"] for file in answer.json()["content"]}

        await eventually("yesterday's files are there", is_home)


def home(carrel: Carrel) -> Path:
    (only,) = (entry for entry in (carrel.state / "homes").iterdir() if entry.is_dir())
    return only


def is_there(carrel: Carrel, name: str) -> bool:
    return (home(carrel) / name).exists()
