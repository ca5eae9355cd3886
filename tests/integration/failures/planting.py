"""One pool over a real store, its real loop and a driver that will fail, and a person with a browser at the hub."""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from carrel.domain.actor import Role, System
from carrel.domain.ids import BackendName, PoolName, TemplateName
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.drivers.local.driver import open_driver
from carrel.mint import new_id
from carrel.ports.driver import Driver, DriverContext
from carrel.ports.probe import Probe
from carrel.ports.wake import pool_topic
from carrel.reconcile.apply import Apply
from carrel.reconcile.look import Look
from carrel.reconcile.loop import PoolLoop
from carrel.reconcile.publish import Publisher
from carrel.rules.recipe import versioned
from carrel.services import pools as pool_service
from carrel.services.handover import hand_over
from carrel.store import pools, templates
from carrel.web.app import hub_app

POOL = PoolName("lab")
WITHIN = 10.0
"""Seconds on a busy machine; alone, each failure is on its page within one or two."""

House = Any


class Answers:
    """An app answers or not, as the test says."""

    def __init__(self, *, it_does: bool) -> None:
        self._it_does = it_does

    async def answers(self, *args: object) -> bool:
        return self._it_does


@dataclass(frozen=True, slots=True)
class Planted:
    house: House
    browser: httpx.AsyncClient

    async def opened(self) -> str:
        """Asks for a workspace, as the button does; the address of the claim's page."""
        front = await self.browser.get("/hub/open/lab")
        answer = await self.browser.post("/hub/open/lab", data={"form_key": form_key(front.text)})
        assert answer.status_code == 303, answer.text
        await self.house.assign(POOL)
        newest = (await self.browser.get("/hub/api/v1/claims")).json()["items"][0]
        return f"/hub/claims/{newest['id']}"

    async def told(self, address: str, *phrases: str) -> str:
        """The text of the page once it holds all of these."""
        async with asyncio.timeout(WITHIN):
            while True:
                text = plain((await self.browser.get(address)).text)
                if all(phrase in text for phrase in phrases):
                    return text
                self.look()
                await asyncio.sleep(0.1)

    def look(self) -> None:
        """Now; the loop by itself looks every five seconds while nothing is on its way."""
        self.house.context.wake.ring(pool_topic(POOL))

    async def failure(self, address: str) -> dict[str, Any]:
        claim = address.rpartition("/")[2]
        answer: dict[str, Any] = (await self.browser.get(f"/hub/api/v1/claims/{claim}/failure")).json()
        return answer

    async def trouble(self) -> str | None:
        found: str | None = (await self.browser.get("/hub/api/v1/pools/lab")).json()["trouble"]
        return found

    async def trouble_of_admins(self) -> str | None:
        return (await pool_service.get(self.house.context, System("owner"), POOL)).trouble


def form_key(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


def plain(page: str) -> str:
    """As people read it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@asynccontextmanager
async def planted(
    house: House,
    driver: Driver,
    *,
    command: tuple[str, ...] = ("true",),
    probe: Probe | None = None,
    **policy: Any,
) -> AsyncIterator[Planted]:
    house.context = replace(
        house.context,
        drivers={BackendName("there"): driver},
        probe=probe or Answers(it_does=False),
    )
    house.app = hub_app(house.context)
    ctx, now = house.context, house.context.clock.now()
    recipe = versioned(Template(TemplateName("lab"), command, title="Lab", environment={"TOKEN": "{secret}"}))
    pool = Pool(POOL, recipe.name, BackendName("there"), **{"warm": 0, "limit": 2, **policy})
    await ctx.store.write(templates.put, recipe, now)
    await ctx.store.write(pools.put, pool, now)
    person = await house.person("ada", Role.USER)
    loop = asyncio.create_task(_loop(house).run())
    try:
        yield Planted(house, await house.browser(person))
    finally:
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop
        for instance in await _listed(driver):
            await driver.destroy(instance)
        await driver.aclose()


def _loop(house: House) -> PoolLoop:
    ctx = house.context
    driver = ctx.drivers[BackendName("there")]
    publisher = Publisher(ctx.store, ctx.clock, ctx.wake, ctx.dataplane)

    async def give(claim: Any) -> Any:
        return await hand_over(ctx, claim)

    apply = Apply(ctx.store, ctx.clock, ctx.wake, driver, give, publisher.publish)
    look = Look(POOL, ctx.store, ctx.clock, ctx.probe, driver)
    return PoolLoop(POOL, new_id(), ctx.store, ctx.clock, ctx.wake, look, apply)


async def _listed(driver: Driver) -> list[Any]:
    try:
        return [instance.workspace_id for instance in await driver.list()]
    except Exception:  # noqa: BLE001 - a driver that was planted to fail
        return []


def local(house: House, state: Path, **options: object) -> Driver:
    return open_driver(
        DriverContext("there", house.context.installation, str(state), {"stop_grace": "100ms"} | options)
    )


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", program)


SOON = {"start_timeout": timedelta(milliseconds=400)}
