"""From the click to the first byte of the person's own, real JupyterLab: one person, then ten at once."""

import asyncio
from collections.abc import Mapping, Sequence

from bench import carrel as subject
from bench.browser import Browser
from bench.carrel import Carrel, Person
from bench.peers import jupyterhub
from bench.peers.jupyterhub import JupyterHub
from bench.report import Row
from bench.setting import Setting
from bench.stats import percentile, summarise

POOL = "jupyterlab"
CALM_SECONDS = 1.0
"""Between the turns, so that what ends on one side does not slow the other."""


async def measure(setting: Setting) -> Sequence[Row]:
    people = setting.choose(10, 2)
    policy = {"warm": people, "limit": 3 * people, "template": "jupyterlab", "backend": "local"}
    names = [f"person{number}" for number in range(people)]
    async with (
        jupyterhub.running(setting.folder / "hub", setting.peers) as hub,
        subject.running(setting.folder / "carrel", {"pools": {POOL: policy}}) as carrel,
    ):
        ours = [await carrel.sign_in(name) for name in names]
        theirs = {name: await hub.sign_in(name) for name in names}
        alone: tuple[list[float], list[float]] = [], []
        steps: list[list[float]] = []
        for _ in range(setting.choose(12, 1)):
            alone[0].extend(await carrel_turn(carrel, ours[:1]))
            steps.append(ours[0].browser.steps)
            alone[1].extend(await _hub_turn(hub, theirs, names[:1]))
        together: tuple[list[float], list[float]] = [], []
        for _ in range(setting.choose(4, 1)):
            together[0].extend(await carrel_turn(carrel, ours))
            together[1].extend(await _hub_turn(hub, theirs, names))
    return [*_rows_alone(*alone, steps), *_rows_together(people, *together)]


async def carrel_turn(carrel: Carrel, people: Sequence[Person]) -> list[float]:
    """Everybody clicks at once; what they were given is given back, and all is warm again. Seconds of each click."""
    await carrel.settled(POOL)
    await asyncio.sleep(CALM_SECONDS)
    clicks = await asyncio.gather(*(carrel.click(person, POOL) for person in people))
    await carrel.release_all(POOL)
    await carrel.settled(POOL)
    return [seconds for seconds, _ in clicks]


async def _hub_turn(hub: JupyterHub, browsers: Mapping[str, Browser], names: Sequence[str]) -> list[float]:
    await asyncio.sleep(CALM_SECONDS)
    seconds = await asyncio.gather(*(hub.click(browsers[name], name) for name in names))
    await asyncio.gather(*(hub.stop(name) for name in names))
    return list(seconds)


def _rows_alone(
    ours: Sequence[float], theirs: Sequence[float], steps: Sequence[Sequence[float]]
) -> list[Row]:
    mine, other = summarise(ours), summarise(theirs)
    details: dict[str, object] = {
        "carrel": list(ours),
        "jupyterhub": list(theirs),
        "carrel_steps": list(steps),
    }
    way = " + ".join(f"{percentile(step, 0.5) * 1000:.0f}" for step in zip(*steps, strict=False))
    return [
        Row(
            measure=f"click → own lab, one person, {name}",
            unit="ms",
            ours=here * 1000,
            theirs=there * 1000,
            peer="JupyterHub, real JupyterLab",
            goal=f"≤ {goal} ms",
            met=here * 1000 <= goal,
            note=f"{mine.count} clicks each; Carrel's steps {way} ms",
            details=details,
        )
        for name, here, there, goal in (("p50", mine.p50, other.p50, 60), ("p95", mine.p95, other.p95, 150))
    ]


def _rows_together(people: int, ours: Sequence[float], theirs: Sequence[float]) -> list[Row]:
    mine, other = summarise(ours), summarise(theirs)
    details: dict[str, object] = {"carrel": list(ours), "jupyterhub": list(theirs)}
    return [
        Row(
            measure=f"click → own lab, {people} people at once, {name}",
            unit="ms",
            ours=here * 1000,
            theirs=there * 1000,
            peer="JupyterHub, real JupyterLab",
            goal=goal,
            met=here <= 1 if goal else None,
            note=f"{mine.count} clicks each",
            details=details,
        )
        for name, here, there, goal in (
            ("p50", mine.p50, other.p50, ""),
            ("p95", mine.p95, other.p95, ""),
            ("slowest", mine.most, other.most, "all ≤ 1 s"),
        )
    ]
