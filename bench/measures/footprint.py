"""What stands around costs while nobody works: the memory of both control planes and their proxies, as PSS."""

import asyncio
from collections.abc import Sequence

from bench import carrel as subject
from bench import processes
from bench.peers import jupyterhub
from bench.report import Row
from bench.setting import Setting
from bench.stats import percentile

MEGABYTE = 1_000_000
SETTLE_SECONDS = 5.0
GOAL = 160


async def measure(setting: Setting) -> Sequence[Row]:
    """Both after one person signed in, so that neither is told smaller for what it has not loaded yet."""
    ours: list[tuple[float, float]] = []
    theirs: list[float] = []
    companions = 0
    for turn in range(setting.choose(3, 1)):
        async with subject.running(setting.folder / f"carrel{turn}", {}) as carrel:
            await carrel.sign_in("person")
            await asyncio.sleep(SETTLE_SECONDS)
            companions = max(companions, processes.companions(carrel.envoy_pid))
            ours.append((_megabytes(carrel.control_plane()), _megabytes([carrel.envoy_pid])))
        async with jupyterhub.running(setting.folder / f"hub{turn}", setting.peers) as hub:
            await hub.sign_in("person")
            await asyncio.sleep(SETTLE_SECONDS)
            theirs.append(_megabytes(hub.control_plane()))
    whole = percentile([control + envoy for control, envoy in ours], 0.5)
    envoy = percentile([share for _, share in ours], 0.5)
    return [
        Row(
            measure="idle footprint",
            unit="MB",
            ours=whole,
            theirs=percentile(theirs, 0.5),
            peer="JupyterHub + configurable-http-proxy",
            goal=f"≤ {GOAL} MB",
            met=whole <= GOAL,
            note=f"PSS; Envoy {envoy:.0f} MB of it; median of {len(ours)} starts{_doubt(companions)}",
            details={"carrel": [list(pair) for pair in ours], "jupyterhub": theirs},
        )
    ]


def _megabytes(pids: Sequence[int]) -> float:
    return sum(processes.pss_bytes(pid) for pid in pids) / MEGABYTE


def _doubt(companions: int) -> str:
    return f"; too small, for {companions} other Envoys ran" if companions else ""
