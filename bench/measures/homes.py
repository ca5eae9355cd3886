"""What bringing a person's files in costs: who comes back to a home clicks, and who has none, both into a real JupyterLab."""

from collections.abc import Sequence

from bench import carrel as subject
from bench.measures.click import POOL, carrel_turn
from bench.report import Row
from bench.setting import Setting
from bench.stats import ratio, summarise

MOST = 1.5
"""Times as long as without a home."""


async def measure(setting: Setting) -> Sequence[Row]:
    """Two Carrels that differ in `home` alone take turns. The first click of each is not counted: it makes the home."""
    policy: dict[str, object] = {"warm": 2, "limit": 6, "template": POOL, "backend": "local"}
    with_home = {"pools": {POOL: policy}}
    without = {"templates": {POOL: {"home": "ephemeral"}}, **with_home}
    async with (
        subject.running(setting.folder / "with", with_home) as ours,
        subject.running(setting.folder / "without", without) as others,
    ):
        owner, guest = await ours.sign_in("returning"), await others.sign_in("passing")
        returned: list[float] = []
        passed: list[float] = []
        for turn in range(setting.choose(20, 1) + 1):
            back = await carrel_turn(ours, [owner])
            by = await carrel_turn(others, [guest])
            if turn:
                returned += back
                passed += by
    mine, other = summarise(returned), summarise(passed)
    return [
        Row(
            measure=f"click of who comes back to their files, {name}",
            unit="ms",
            ours=here * 1000,
            theirs=there * 1000,
            peer="Carrel, no files kept",
            goal=f"ratio ≤ {MOST:g}",
            met=(ratio(here, there) or 0) <= MOST,
            note=f"{mine.count} clicks each",
            details={"with": list(returned), "without": list(passed)},
        )
        for name, here, there in (("p50", mine.p50, other.p50), ("p95", mine.p95, other.p95))
    ]
