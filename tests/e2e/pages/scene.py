"""One Carrel with everything that pages show: pools in every mood, people, workspaces that run, wait and failed, tokens, reports, audit."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext
from sqlalchemy import Connection
from tests.e2e.browserless import Visitor, signed_in
from tests.e2e.running import Carrel, PersonWithToken, eventually, running, small_config
from tests.e2e.signing_in import sign_in
from tests.every_page import Page, Who

from carrel.domain.ids import PoolName
from carrel.domain.sample import Sample
from carrel.store import samples
from carrel.store.engine import open_store

POOLS = f"""
[templates.broken]
title = "Broken on purpose"
command = ["{sys.executable}", "-c", "raise SystemExit('ModuleNotFoundError: No module named numpy')"]
ready = "ready"

[templates.slow]
title = "Never there"
description = "Its app takes an hour until it answers."
command = ["{sys.executable}", "-c", "import time; time.sleep(3600)"]
ready = "ready"
price_per_hour = 0.4

[pools.small]
template = "small"
backend = "local"
warm = 2
limit = 12
per_user = 4

[pools.cold]
template = "small"
backend = "local"
warm = 0
limit = 4

[pools.paused]
template = "small"
backend = "local"
warm = 1
paused = true

[pools.broken]
template = "broken"
backend = "local"
warm = 1
limit = 2

[pools.slow]
template = "slow"
backend = "local"
warm = 1
limit = 2
start_timeout = "2h"

[pools.full]
template = "small"
backend = "local"
warm = 0
limit = 1
watch_within = "6h"
"""

NAMES = {Who.PERSON: "ada.lovelace", Who.ADMIN: "grace"}
OTHERS = ["barbara", "carol", "frances", "henrietta", "dorothy-of-a-long-name-with-no-space-in-it"]


@dataclass(slots=True)
class Scene:
    carrel: Carrel
    people: dict[str, PersonWithToken] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return self.carrel.hub.removesuffix("/hub/")

    def url(self, page: Page) -> str:
        return self.origin + page.at(self.places)

    async def window(self, browser: Browser, who: Who, **more: Any) -> BrowserContext:
        """A browser of its own with this person signed in."""
        context = await browser.new_context(**more)
        context.set_default_timeout(20_000)
        if who is not Who.STRANGER:
            await sign_in(context, self.carrel, self.people[NAMES[who]])
        return context

    async def claim(self, name: str, pool: str, called: str = "default", **more: str) -> dict[str, Any]:
        async with self.carrel.api(self.people[name].token) as api:
            answer = await api.post("/claims", json={"pool": pool, "name": called, **more})
            assert answer.status_code in (200, 201, 202), answer.text
            return dict(answer.json())

    async def held(self, name: str, pool: str, called: str = "default", **more: str) -> dict[str, Any]:
        asked = await self.claim(name, pool, called, **more)
        return await self._until(name, asked["id"], "held")

    async def _until(self, name: str, claim_id: str, state: str) -> dict[str, Any]:
        async with self.carrel.api(self.people[name].token) as api:

            async def is_so() -> dict[str, Any] | None:
                found = (await api.get(f"/claims/{claim_id}")).json()
                return dict(found) if found["state"] == state else None

            return dict(await eventually(f"{name}'s claim is {state}", is_so, 60))

    async def released(self, name: str, claim_id: str) -> None:
        async with self.carrel.api(self.people[name].token) as api:
            assert (await api.delete(f"/claims/{claim_id}")).status_code in (200, 204)
        await self._until(name, claim_id, "released")

    async def crashed(self, name: str, claim: dict[str, Any]) -> None:
        """Its app ends by itself while somebody works in it."""
        headers = {"Authorization": f"Bearer {self.people[name].token}"}
        async with self.carrel.browserless() as client:
            await client.get(claim["workspace"]["base_url"] + "die", headers=headers)
        await self._until(name, claim["id"], "released")


@contextlib.asynccontextmanager
async def set_up(tmp_path: Path) -> AsyncIterator[Scene]:
    async with running(tmp_path, "development = true\n" + small_config(POOLS)) as carrel:
        scene = Scene(carrel)
        for name in (*NAMES.values(), *OTHERS):
            scene.people[name] = await carrel.person(name)
        async with carrel.api() as api:
            grace = scene.people[NAMES[Who.ADMIN]]
            assert (await api.patch(f"/users/{grace.id}", json={"role": "admin"})).status_code == 200
            last = scene.people[OTHERS[-1]]
            assert (await api.patch(f"/users/{last.id}", json={"disabled": True})).status_code == 200
        await asyncio.gather(_adas_day(scene), _a_queue(scene), _a_morning(scene))
        yield scene


async def _adas_day(scene: Scene) -> None:
    """One workspace she is in, one that crashed, one given back."""
    ada = NAMES[Who.PERSON]
    await scene.carrel.warm("small", 1)
    here = await scene.held(ada, "small")
    broken = await scene.held(ada, "small", "analysis")
    done = await scene.held(ada, "small", "homework")
    visitor: Visitor = await signed_in(scene.carrel, scene.people[ada])
    await visitor.enter(here["workspace"]["base_url"])
    await visitor.aclose()
    await scene.crashed(ada, broken)
    await scene.released(ada, done["id"])
    async with scene.carrel.api(scene.people[ada].token) as api:
        said = {"claim_id": broken["id"], "message": "It was gone in the middle of a long calculation."}
        sent = await api.post("/reports", json=said)
        assert sent.status_code == 201, sent.text
    scene.places |= {
        "report": sent.json()["id"],
        "pool": "small",
        "workspace": here["workspace"]["id"],
        "held": here["id"],
        "failed": broken["id"],
        "broken": broken["workspace"]["id"],
        "ended": done["workspace"]["id"],
        "released": done["id"],
        "user": scene.people[ada].id,
        "nonce": "0" * 64,
    }


async def _a_queue(scene: Scene) -> None:
    """Barbara has the only one there is; ada waits behind carol."""
    theirs = await scene.held("barbara", "full")
    await scene.claim("carol", "full")
    waiting = await scene.claim(NAMES[Who.PERSON], "full", home="course")
    scene.places |= {"waiting": waiting["id"], "somebody_elses": theirs["id"]}


async def _a_morning(scene: Scene) -> None:
    """As if it had run for six hours: what the plots of pools show."""
    store = open_store(f"sqlite:///{scene.carrel.state / 'carrel.sqlite'}")
    await store.write(_samples, datetime.now(UTC))
    await store.aclose()


def _samples(conn: Connection, now: datetime) -> None:
    for minute in range(1, 360):
        at, waiting = now - timedelta(minutes=minute), 3 if 100 < minute < 130 else 0
        busy = Sample(
            PoolName("small"), at, ready=0 if waiting else 2 + minute % 2,
            starting=minute % 3, claimed=8 - minute // 50, waiting=waiting, failed=minute % 90 == 0,
        )  # fmt: skip
        samples.add(conn, busy)
        for pool in ("broken", "cold", "full", "jupyterlab", "paused", "slow"):
            fails, is_full = pool == "broken" and minute % 10 == 0, pool == "full"
            quiet = Sample(
                PoolName(pool), at, ready=0, starting=0, claimed=is_full, waiting=is_full, failed=fails
            )
            samples.add(conn, quiet)
