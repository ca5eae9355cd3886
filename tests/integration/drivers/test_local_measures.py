"""How much processor time an instance used: its own, and that of all it started."""

import asyncio

from .place import Local

SLEEPS = "import time\ntime.sleep(300)"
COMPUTES = "while True: pass"
HAS_OTHERS_COMPUTE = """
import subprocess, sys
while True:
    subprocess.run([sys.executable, "-I", "-S", "-c", "for _ in range(10**6): pass"])
"""


async def test_what_computes_is_told_from_what_sleeps(local: Local) -> None:
    driver = local.open()
    asleep = await local.start(driver, local.spec(SLEEPS))
    busy = await local.start(driver, local.spec(COMPUTES))
    through_others = await local.start(driver, local.spec(HAS_OTHERS_COMPUTE))
    async with asyncio.timeout(60):
        used = await driver.cpu_seconds()
        while min(used[busy], used[through_others]) < 1.0:
            await asyncio.sleep(0.1)
            used = await driver.cpu_seconds()
    assert used[asleep] < 0.5
    for workspace_id in (asleep, busy, through_others):
        await driver.destroy(workspace_id)
    assert await driver.cpu_seconds() == {}
