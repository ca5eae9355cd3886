"""A real JupyterLab with the built-in template: started warm, given a person's home while it runs, and used in it."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from carrel import mint
from carrel.domain.delivery import Delivery
from carrel.domain.ids import HomeId, PoolName
from carrel.drivers.local.driver import LocalDriver
from carrel.ports.driver import InstanceState, Spec
from carrel.settings.load import load
from carrel.testing.driver_contract import leave_nothing, new_home_id, new_workspace_id, shown, until

from .place import Local

pytestmark = pytest.mark.jupyterlab


THEIRS = Delivery(
    {"COURSE_KEY": 'it\'s "quoted"\nand $HOME', "CARREL_USER": "ada"},
    {"gitconfig": "[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n"},
)
SAYS_TYPED = 'printf "<%s>:<%s>" "$(git config user.name)" "$CARREL_USER"'
SAYS = (
    "import json, os, subprocess;"
    "git = lambda key: subprocess.run(['git', 'config', key], capture_output=True, text=True).stdout.strip();"
    "print(json.dumps([os.environ.get('COURSE_KEY'), git('user.name'), git('user.email')]))"
)


@dataclass
class Lab:
    driver: LocalDriver
    spec: Spec
    http: httpx.AsyncClient
    home_id: HomeId
    home: Path
    """Where the person's files are on disk."""

    @asynccontextmanager
    async def socket(self, path: str) -> AsyncIterator[ClientConnection]:
        address = str(self.http.base_url).replace("http", "ws", 1) + path
        headers = {"Authorization": f"token {self.spec.secret}"}
        async with asyncio.timeout(60), connect(address, additional_headers=headers) as socket:
            yield socket


def unstarted(local: Local, bin_folder: Path) -> tuple[LocalDriver, Spec]:
    """All there is before it is started."""
    driver = local.open(path=f"{bin_folder}:/usr/bin:/bin", stop_grace="40s")
    template = load(None, {}, {"HOME": "/nowhere"}).templates["jupyterlab"].to_domain("jupyterlab")
    return driver, Spec(new_workspace_id(), PoolName("jupyterlab"), template, mint.new_secret())


@asynccontextmanager
async def started(local: Local, bin_folder: Path) -> AsyncIterator[Lab]:
    driver, spec = unstarted(local, bin_folder)
    await driver.create(spec)
    instance = await shown(driver, spec.workspace_id)
    assert instance is not None
    assert instance.endpoint is not None
    address = f"http://{instance.endpoint.host}:{instance.endpoint.port}{spec.base_path}"
    headers = {"Authorization": f"token {spec.secret}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as http:
        async with asyncio.timeout(60):
            while not await answers(http):
                await asyncio.sleep(0.05)
        home_id = new_home_id()
        yield Lab(driver, spec, http, home_id, local.state / "homes" / home_id)


async def given_a_home(lab: Lab) -> None:
    """That has a file from before."""
    lab.home.mkdir(mode=0o700)
    (lab.home / "old.txt").write_text("from before")
    await lab.driver.attach(lab.spec.workspace_id, lab.home_id)


@pytest.fixture
async def lab(local: Local, jupyterlab: Path) -> AsyncIterator[Lab]:
    """For a test that ends it."""
    async with started(local, jupyterlab) as lab:
        await given_a_home(lab)
        yield lab


@dataclass(frozen=True, slots=True)
class Early:
    """What a kernel and a terminal knew that were there before the claim."""

    kernel: list[str | None]
    terminal: str


@pytest.fixture(scope="module")
async def with_early(
    tmp_path_factory: pytest.TempPathFactory, jupyterlab: Path
) -> AsyncIterator[tuple[Lab, Early]]:
    local = Local(tmp_path_factory.mktemp("lab") / "state")
    async with started(local, jupyterlab) as lab:
        kernel = await kernel_of(lab, "early.ipynb")
        early = Early(json.loads(await run_in(lab, kernel, SAYS)), await typed(lab, SAYS_TYPED))
        await given_a_home(lab)
        await lab.driver.deliver(lab.spec.workspace_id, THEIRS)
        yield lab, early
    await leave_nothing(local.open())
    for driver in local.opened:
        await driver.aclose()


@pytest.fixture
def everybodys(with_early: tuple[Lab, Early]) -> Lab:
    """For all that leave it running and do not mind what others left in its home."""
    return with_early[0]


async def answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("api/status")).is_success
    except httpx.HTTPError:
        return False


async def test_nobody_enters_without_the_secret(everybodys: Lab) -> None:
    async with httpx.AsyncClient(base_url=everybodys.http.base_url) as stranger:
        assert (await stranger.get("api/contents")).status_code == 403
        wrong = await stranger.get("api/contents", headers={"Authorization": f"token {mint.new_secret()}"})
        assert wrong.status_code == 403


async def test_the_page_of_the_lab_holds_no_secret_and_names_its_own_door(everybodys: Lab) -> None:
    page = await everybodys.http.get("lab")
    assert page.status_code == 200
    assert everybodys.spec.secret not in page.text
    assert f'"baseUrl": "{everybodys.spec.base_path}"' in page.text


async def test_at_its_end_the_persons_files_are_kept_and_nothing_runs_on(lab: Lab, local: Local) -> None:
    """Kernels and terminals do not cost the grace. A kernel without a notebook works in the directory that the app was started in,
    before there was a home: what it saved there is recovered.
    """
    listed = (await lab.http.get("api/contents")).json()["content"]
    assert [each["name"] for each in listed] == ["old.txt"]
    made = await lab.http.post("api/contents", json={"type": "notebook"})
    assert made.status_code == 201
    assert (lab.home / made.json()["path"]).exists()
    kernel = (await lab.http.post("api/kernels", json={"name": "python3"})).json()["id"]
    await run_in(lab, kernel, "open('result.csv', 'w').write('1')")
    await run(lab, "import subprocess; subprocess.Popen(['sleep', '300'], start_new_session=True)")
    await lab.http.post("api/terminals")
    assert len(local.members(lab.spec.workspace_id)) >= 6
    loop = asyncio.get_running_loop()
    began = loop.time()
    await lab.driver.destroy(lab.spec.workspace_id)
    assert local.members(lab.spec.workspace_id) == []
    assert loop.time() - began < 30
    assert (lab.home / made.json()["path"]).exists()
    assert (lab.home / "old.txt").read_text() == "from before"
    assert (lab.home / f"recovered-{lab.spec.workspace_id}" / "result.csv").read_text() == "1"


async def test_a_notebook_is_saved_kept_as_a_checkpoint_and_deleted(everybodys: Lab) -> None:
    content = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    saved = await everybodys.http.put(
        "api/contents/n.ipynb", json={"type": "notebook", "format": "json", "content": content}
    )
    assert saved.status_code == 201
    assert (await everybodys.http.post("api/contents/n.ipynb/checkpoints")).status_code == 201
    assert (everybodys.home / ".ipynb_checkpoints" / "n-checkpoint.ipynb").exists()
    assert (await everybodys.http.delete("api/contents/n.ipynb")).status_code == 204
    assert not (everybodys.home / "n.ipynb").exists()


async def test_theme_and_layout_follow_the_person(everybodys: Lab) -> None:
    theme = "lab/api/settings/@jupyterlab/apputils-extension:themes"
    assert (await everybodys.http.put(theme, json={"raw": '{"theme": "JupyterLab Dark"}'})).status_code == 204
    layout = {"data": {}, "metadata": {"id": "default"}}
    assert (await everybodys.http.put("lab/api/workspaces/default", json=layout)).status_code == 204
    kept = {path.name for path in (everybodys.home / ".jupyter" / "lab").rglob("*") if path.is_file()}
    assert "themes.jupyterlab-settings" in kept
    assert any(name.endswith(".jupyterlab-workspace") for name in kept)


async def test_a_kernel_starts_in_the_home_and_knows_nothing_of_ours(
    everybodys: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import json, os; open('by_kernel.txt', 'w').write('x'); print(json.dumps(dict(os.environ)))"
    environment = json.loads(await run(everybodys, code))
    assert (everybodys.home / "by_kernel.txt").exists()
    assert not any("crl_" in value for value in environment.values())
    ours = {name for name in environment if name.startswith("CARREL_")}
    assert ours - set(THEIRS.environment) == {
        *("CARREL_WORKSPACE", "CARREL_INSTALLATION", "CARREL_BACKEND", "CARREL_POOL"),
        "CARREL_PERSON",
    }


async def test_what_is_started_after_the_claim_has_what_was_delivered_and_nothing_before_has(
    with_early: tuple[Lab, Early],
) -> None:
    lab, early = with_early
    assert early == Early([None, "", ""], "<>:<>")
    kernel = await kernel_of(lab, "second.ipynb")
    said = [THEIRS.environment["COURSE_KEY"], "Ada Lovelace", "ada@example.org"]
    assert json.loads(await run_in(lab, kernel, SAYS)) == said
    assert (await lab.http.post(f"api/kernels/{kernel}/restart")).status_code == 200
    assert json.loads(await run_in(lab, kernel, SAYS)) == said
    assert await typed(lab, SAYS_TYPED) == "<Ada Lovelace>:<ada>"
    (lab.home / ".gitconfig").write_text("[user]\n\tname = Countess\n")
    assert json.loads(await run_in(lab, kernel, SAYS))[1:] == ["Countess", "ada@example.org"]


async def test_the_kernel_keeps_its_name_and_can_be_interrupted(everybodys: Lab) -> None:
    specs = (await everybodys.http.get("api/kernelspecs")).json()
    assert specs["default"] == "python3"
    assert specs["kernelspecs"]["python3"]["spec"]["display_name"].startswith("Python 3")
    kernel = await kernel_of(everybodys, "n.ipynb")
    sleeping = asyncio.create_task(
        run_in(
            everybodys,
            kernel,
            "try:\n    print(open('begun', 'w').close());import time; time.sleep(300)\nexcept KeyboardInterrupt: print('woken')",
        )
    )
    async with asyncio.timeout(30):
        while not (everybodys.home / "begun").exists():
            await asyncio.sleep(0.05)
        await everybodys.http.post(f"api/kernels/{kernel}/interrupt")
        assert "woken" in await sleeping


@pytest.mark.parametrize(("asked", "below"), [({}, ""), ({"cwd": ""}, ""), ({"cwd": "sub"}, "sub")])
async def test_a_terminal_opens_in_the_home(everybodys: Lab, asked: dict[str, str], below: str) -> None:
    (everybodys.home / "sub").mkdir(exist_ok=True)
    name = f"{mint.new_id()}.txt"
    await typed(everybodys, f"echo typed > {name}", asked)
    assert (everybodys.home / below / name).read_text() == "typed\n"


async def test_a_taken_port_ends_the_app_instead_of_moving_it(local: Local, jupyterlab: Path) -> None:
    driver, spec = unstarted(local, jupyterlab)
    await driver.create(spec)
    before = await until(driver, spec.workspace_id, InstanceState.RUNNING)
    assert before.endpoint is not None
    os.kill(json.loads((local.slot(spec.workspace_id) / "process.json").read_text())["pid"], signal.SIGKILL)
    await until(driver, spec.workspace_id, InstanceState.ENDED)
    squatter = await asyncio.start_server(lambda *_: None, before.endpoint.host, before.endpoint.port)
    async with squatter:
        await driver.restart(spec)
        async with asyncio.timeout(60):  # it may be seen between its end and the note of how it ended
            while "exit status 1" not in (
                (await until(driver, spec.workspace_id, InstanceState.ENDED)).sentence or ""
            ):
                await asyncio.sleep(0.1)
    assert f"port {before.endpoint.port}" in await driver.logs(spec.workspace_id, 50)


async def typed(lab: Lab, line: str, asked: dict[str, str] | None = None) -> str:
    """What a line prints in a new terminal between the words `beg` + `un` and `do` + `ne`."""
    name = (await lab.http.post("api/terminals", json=asked or {})).json()["name"]
    async with lab.socket(f"terminals/websocket/{name}") as socket:
        await socket.send(json.dumps(["stdin", f"echo beg''un; {line}; echo do''ne\r"]))
        shown_so_far = ""
        while "done" not in shown_so_far:
            kind, *texts = json.loads(await socket.recv())
            shown_so_far += texts[0] if kind == "stdout" else ""
    return shown_so_far.partition("begun")[2].partition("done")[0].strip()


async def run(lab: Lab, code: str) -> str:
    """What a cell prints."""
    return await run_in(lab, await kernel_of(lab, "n.ipynb"), code)


async def kernel_of(lab: Lab, path: str) -> str:
    session = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    kernel: str = (await lab.http.post("api/sessions", json=session)).json()["kernel"]["id"]
    return kernel


async def run_in(lab: Lab, kernel: str, code: str) -> str:
    request = execute_request(code)
    async with lab.socket(f"api/kernels/{kernel}/channels") as socket:
        await socket.send(json.dumps(request))
        printed, said = "", set[str]()
        while not {"execute_reply", "idle"} <= said:
            message = json.loads(await socket.recv())
            if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                continue
            content = message["content"]
            said.add(content.get("execution_state") or message["msg_type"])
            assert content.get("status") != "error", content
            printed += content["text"] if message["msg_type"] == "stream" else ""
    return printed


def execute_request(code: str) -> dict[str, Any]:
    header = {
        "msg_id": mint.new_id(),
        "username": "",
        "session": "test",
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {
        "code": code,
        "silent": False,
        "store_history": False,
        "user_expressions": {},
        "allow_stdin": False,
    }
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": content,
        "buffers": [],
    }
