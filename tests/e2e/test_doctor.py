"""`carrel doctor` beside a real Carrel: well, with an Envoy that is fed nonsense, with a control plane that hangs, and after its end."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from carrel.cli.exits import UNWELL

from .running import CARREL, Carrel, eventually, running, small_config
from .unlucky import Loaded, loaded

SMALL = small_config('[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 1\n')
WITHIN_ENVOY = {"CRL201", "CRL202", "CRL203", "CRL204", "CRL205", "CRL206", "CRL207"}
THROUGH_ENVOY = {"CRL301", "CRL302", "CRL304", "CRL307"}


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Loaded]:
    async with loaded(tmp_path / "told") as process:
        yield process


async def doctor(carrel: Carrel, by: Loaded | None = None) -> dict[str, Any]:
    """Its findings by code; of several of one code the worst."""
    arguments = ["doctor", "--json", "--config", str(carrel.config), "--state-dir", str(carrel.state)]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/",
        "CARREL_PORT": str(carrel.port),
        "CARREL_WORKSPACES_PORT": str(carrel.workspaces_port),
    }
    if by is not None:
        told = await by.run(arguments, environment)
        status, out = told.status, told.said
    else:
        process = await asyncio.create_subprocess_exec(
            CARREL, *arguments, cwd=carrel.state.parent, env=environment, stdout=asyncio.subprocess.PIPE
        )
        out = (await process.communicate())[0].decode()
        status = process.returncode or 0
    assert status in (0, UNWELL), out
    found = json.loads(out)["findings"]
    return {one["code"]: one for one in reversed(found)}


def outcomes(found: dict[str, Any], codes: set[str]) -> set[str]:
    return {found[code]["outcome"] for code in codes}


async def upgraded(carrel: Carrel, path: str, origin: str | None = None) -> int:
    """The status that an opening of a WebSocket at the hub gets."""
    address = f"ws://localhost:{carrel.port}{path}"
    try:
        async with connect(address, origin=origin, compression=None, host="127.0.0.1") as socket:  # type: ignore[arg-type]
            await socket.send("hello")
            assert await socket.recv() == "hello"
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


async def test_a_real_carrel_is_found_well_and_ill_as_it_is(tmp_path: Path, quick: Loaded) -> None:
    """The first time by a program of its own."""
    async with running(tmp_path, SMALL) as carrel:
        await carrel.warm("small", 1)
        found = await doctor(carrel)
        assert outcomes(found, WITHIN_ENVOY | THROUGH_ENVOY) == {"good"}, found
        assert found["CRL503"]["outcome"] == "good"
        assert "answers" in found["CRL110"]["found"]

        await _only_the_echo_takes_an_upgrade(carrel)
        beside = await _ports_that_another_carrel_has(carrel, quick)
        await _a_file_that_envoy_refuses(carrel, quick)
        await _a_control_plane_that_hangs(carrel, quick)
        await _an_envoy_that_outlives_its_carrel(carrel, quick)
    assert (await doctor(beside, quick))["CRL201"]["outcome"] == "good", "its ports are free"


async def _only_the_echo_takes_an_upgrade(carrel: Carrel) -> None:
    ours = f"http://localhost:{carrel.port}"
    assert await upgraded(carrel, "/hub/health/echo") == 101
    assert await upgraded(carrel, "/hub/health/echo", origin=ours) == 101
    workspaces = f"http://localhost:{carrel.workspaces_port}"
    assert await upgraded(carrel, "/hub/health/echo", origin=workspaces) == 403
    for path in ("/hub/", "/hub/api/v1/pools", "/hub/health/live", "/hub/internal/health", "/"):
        assert await upgraded(carrel, path) in (403, 404), path


async def _ports_that_another_carrel_has(other: Carrel, quick: Loaded) -> Carrel:
    """Told with who has them. The one beside it was never started."""
    beside = Carrel(other.state.with_name("T"), other.port, other.workspaces_port, config=other.config)
    found = await doctor(beside, quick)
    assert found["CRL201"]["outcome"] == "bad"
    assert f"process {other.envoy_pid()}" in found["CRL201"]["found"]
    return beside


async def _a_file_that_envoy_refuses(carrel: Carrel, quick: Loaded) -> None:
    broken = carrel.state / "run" / ".verdict"
    broken.write_text('{"resources": [{"@type": "nonsense"}]}')
    broken.replace(carrel.state / "run" / "verdict.json")

    async def is_told() -> bool:
        return bool((await doctor(carrel, quick))["CRL205"]["outcome"] == "bad")

    await eventually("the refused file is told", is_told, within=60, every=0.5)


async def _a_control_plane_that_hangs(carrel: Carrel, quick: Loaded) -> None:
    """From beside: it holds the lock and does not answer, and Envoy holds it for dead."""
    assert carrel.process is not None
    carrel.process.send_signal(signal.SIGSTOP)
    try:

        async def is_told() -> bool:
            found = await doctor(carrel, quick)
            return outcomes(found, {"CRL110", "CRL206"}) == {"bad"}

        await eventually("the hanging control plane is told", is_told, within=90, every=3)
    finally:
        carrel.process.send_signal(signal.SIGCONT)


async def _an_envoy_that_outlives_its_carrel(carrel: Carrel, quick: Loaded) -> None:
    await carrel.signal(signal.SIGTERM)
    found = await doctor(carrel, quick)
    assert found["CRL110"]["outcome"] == "good"
    assert found["CRL203"]["outcome"] == "good", "people go on working"
    assert found["CRL201"]["outcome"] == "good", "its ports are ours"
    assert "CRL301" not in found
    os.kill(carrel.envoy_pid(), signal.SIGSTOP)
    try:
        assert (await doctor(carrel, quick))["CRL203"]["outcome"] == "bad"
    finally:
        os.kill(carrel.envoy_pid(), signal.SIGCONT)
