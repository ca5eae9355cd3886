"""What it costs to know who uses their workspace: thousands are held, and each says every minute that it is in use."""

import asyncio
import json
import time
from collections.abc import Sequence

from bench import carrel as subject
from bench import load, null
from bench.carrel import Carrel
from bench.null import POOL
from bench.processes import BenchError, cpu_seconds, free_ports
from bench.report import Row
from bench.setting import Setting
from bench.stats import percentile

EVERY = 15
"""Seconds between rounds here; the cost of a round is what counts, and there is one a minute unless it is set otherwise."""
GOAL = 6.0
"""A tenth of one core, over a minute."""
AT_ONCE = 50
TYPED = 900
"""Bytes between two reports: somebody types."""


async def measure(setting: Setting) -> Sequence[Row]:
    """First nobody types and every app is asked over HTTP, then everybody does and the streams say it. What the control plane spends
    anyhow, while the same workspaces stand warm, is taken off.
    """
    held, rounds = setting.choose(3000, 100), setting.choose(3, 1)
    (port,) = free_ports(1)
    config = null.config(held, port, limit=held)
    config["templates"][POOL] |= {"activity": "jupyter", "activity_bytes": 500}
    config["pools"][POOL] |= {"per_user": 1000, "stop_after_idle": "12h"}
    every = {"CARREL_ACTIVITY_EVERY": f"{EVERY}s"}
    async with (
        null.app(setting.folder, port),
        subject.running(setting.folder / "carrel", config, settings=every) as carrel,
    ):
        await carrel.settled(POOL, within=600)
        anyhow = await _spent(carrel, rounds * EVERY) / rounds
        ids = await _claim(carrel, held)
        await asyncio.sleep(EVERY)  # the pool is at its limit: nothing is started in their place
        asked = [await _spent(carrel, EVERY) - anyhow for _ in range(rounds)]
        before = await _last_uses(carrel, ids)
        told = []
        for number in range(1, rounds + 1):
            _report(carrel, ids, number)
            told.append(await _spent(carrel, EVERY) - anyhow)
        after = await _last_uses(carrel, ids)
    if not all(before) or any(one <= other for one, other in zip(after, before, strict=True)):
        raise BenchError(f"It was cheap because nobody looked: {before}, then {after}.")
    return [
        _row(
            f"activity, {held:,} workspaces in use", told, "one report of a stream each, written in one batch"
        ),
        _row(f"activity, {held:,} apps asked", asked, "for kernels and terminals, two requests to each"),
    ]


async def _claim(carrel: Carrel, many: int) -> list[str]:
    """A few people with many each: who holds them costs nothing here. The ids of what they were given."""
    host = f"localhost:{carrel.port}"
    tokens = [await carrel.new_token(await carrel.add_user(f"person{number}")) for number in range(3)]
    requests = []
    for number in range(many):
        body = json.dumps({"pool": POOL, "name": f"c{number}"}).encode()
        bearer = [("authorization", f"Bearer {tokens[number % 3]}")]
        requests.append(load.request("POST", host, "/hub/api/v1/claims", bearer, body))
    ids = []
    for first in range(0, many, AT_ONCE):
        done = await load.burst(carrel.port, requests[first : first + AT_ONCE])
        done.all_are(201, f"{many} claims")
        ids += [str(json.loads(reply.body)["workspace"]["id"]) for reply in done.replies]
    return ids


def _report(carrel: Carrel, ids: Sequence[str], number: int) -> None:
    """As Envoy writes them: whole lines at the end of its file, of streams that began when the run did."""
    now = int(time.time())
    rows = (
        {
            "door": f"/w/{workspace}/",
            "method": "GET",
            "path": f"/w/{workspace}/api/kernels/k/channels",
            "start": str(now - number * EVERY),
            "conn": "7",
            "ms": number * EVERY * 1000,
            "rx": number * TYPED,
            "tx": number * TYPED,
            "code": 101,
        }
        for workspace in ids
    )
    with (carrel.state / "run" / "streams.log").open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))


async def _spent(carrel: Carrel, seconds: float) -> float:
    """CPU seconds of the control plane."""
    pids = carrel.control_plane()
    before = sum(cpu_seconds(pid) for pid in pids)
    await asyncio.sleep(seconds)
    return sum(cpu_seconds(pid) for pid in pids) - before


async def _last_uses(carrel: Carrel, ids: Sequence[str]) -> list[str]:
    """Of a few of them; empty where none was seen."""
    some = (ids[0], ids[len(ids) // 2], ids[-1])
    return [
        str((await carrel.api("GET", f"/workspaces/{one}")).json()["last_active_at"] or "") for one in some
    ]


def _row(name: str, costs: Sequence[float], note: str) -> Row:
    cost = percentile(costs, 0.5)
    return Row(
        measure=name,
        unit="CPU s a minute",
        ours=cost,
        theirs=None,
        peer="–",
        goal=f"≤ {GOAL:g} (a tenth of a core)",
        met=cost <= GOAL,
        note=f"{note}; median of {len(costs)}",
        details={"carrel": list(costs)},
    )
