"""Who comes back to their files in containers: into one that was warm before they came, beside one that is started because they came."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from tests.docker_engine import Engine, an_engine, import_lab, missing, unmount_below

from bench import carrel as subject
from bench.browser import Answer, call
from bench.carrel import Carrel
from bench.processes import BenchError
from bench.report import Missing, Row
from bench.setting import Setting
from bench.stats import summarise

WARM, COLD = "warm", "cold"
FILE = "yesterday.txt"
LEAST = 3.0
"""Times as soon as without a warm one."""
WITHIN = 90.0
ASK_EVERY = 0.02


async def measure(setting: Setting) -> Sequence[Row | Missing]:
    """Two pools of one Carrel take turns, with the same person, home and image. The first turn of each is not counted: it makes the file."""
    if why := missing():
        return [Missing("who comes back to their files in containers", why, is_failure=False)]
    with an_engine() as engine:
        try:
            return await _measure(setting, engine)
        finally:
            engine.clear()
            unmount_below(setting.folder)


async def _measure(setting: Setting, engine: Engine) -> Sequence[Row]:
    config: dict[str, dict[str, dict[str, object]]] = {
        "backends": {
            "docker": {"driver": "docker", "host": engine.host, "pull": "never", "stop_grace": "1s"}
        },
        "templates": {"jupyterlab": {"image": import_lab(engine)}},
        "pools": {
            WARM: {"template": "jupyterlab", "backend": "docker", "warm": 1, "limit": 3},
            COLD: {"template": "jupyterlab", "backend": "docker", "warm": 0, "limit": 3},
        },
    }
    seconds: dict[str, list[float]] = {WARM: [], COLD: []}
    async with subject.running(setting.folder / "carrel", config) as carrel:
        token = await carrel.new_token(await carrel.add_user("returning"))
        for turn in range(setting.choose(12, 1) + 1):
            for pool, taken in seconds.items():
                took = await _comes_back(carrel, pool, token, is_first=turn == 0 and pool == WARM)
                if turn:
                    taken.append(took)
    return _rows(seconds[WARM], seconds[COLD])


async def _comes_back(carrel: Carrel, pool: str, token: str, *, is_first: bool) -> float:
    """From asking for a workspace to reading a file of the last one in it, through Envoy."""
    await carrel.settled(WARM)
    await carrel.settled(COLD)
    began = time.perf_counter()
    claim: dict[str, Any] = (await carrel.api("POST", "/claims", {"pool": pool}, token=token)).json()
    while claim["state"] == "waiting" and time.perf_counter() - began < WITHIN:
        await asyncio.sleep(ASK_EVERY)
        claim = (await carrel.api("GET", f"/claims/{claim['id']}", token=token)).json()
    if claim["state"] != "held":
        raise BenchError(f"A claim of {pool} is {claim['state']} after {WITHIN:.0f} s: {claim['sentence']}")
    contents = f"{claim['workspace']['base_url']}api/contents/{FILE}"
    if is_first:
        await _let_in("PUT", contents, token, {"type": "file", "format": "text", "content": "kept"})
    answer = await _let_in("GET", contents, token)
    if answer.status != 200 or answer.json()["content"] != "kept":
        raise BenchError(f"The file is not in the workspace ({answer.status}): {answer.text[:300]}")
    await carrel.api("DELETE", f"/claims/{claim['id']}")
    return answer.first_byte_at - began


async def _let_in(method: str, url: str, token: str, body: object | None = None) -> Answer:
    """Scripts are told to come again while the files are still on their way."""
    began = time.perf_counter()
    while True:
        answer = await call(method, url, token, body)
        if answer.status != 409 or time.perf_counter() - began > WITHIN:
            return answer
        await asyncio.sleep(ASK_EVERY)


def _rows(warm: Sequence[float], cold: Sequence[float]) -> list[Row]:
    mine, other = summarise(warm), summarise(cold)
    return [
        Row(
            measure=f"claim → own file in a container, {name}",
            unit="ms",
            ours=here * 1000,
            theirs=there * 1000,
            peer="Carrel without a warm one: the container starts for the claim",
            goal=f"≥ {LEAST:g}× as soon",
            met=there >= LEAST * here,
            note=f"{mine.count} claims each, JupyterLab, the same image",
            details={"warm": list(warm), "started": list(cold)},
        )
        for name, here, there in (("p50", mine.p50, other.p50), ("p95", mine.p95, other.p95))
    ]
