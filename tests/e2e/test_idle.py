"""Idleness, with a real JupyterLab behind a real Envoy: a kernel that only sleeps goes on without a browser, a tab that nobody touches
does not, and whoever asks for more time has it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from .running import Carrel, PersonWithToken, eventually, running
from .test_first_minutes import open_socket

pytestmark = [pytest.mark.chromium, pytest.mark.jupyterlab]

LIMIT = 12
CONFIG = f"""
activity_every = "1s"

[pools.jupyterlab]
warm = 3
limit = 3
stop_after_idle = "{LIMIT}s"
"""
SLEEPING = "import time\nwhile True:\n    time.sleep(1)\n"


@pytest.fixture
async def carrel(tmp_path: Path, jupyterlab: Path) -> AsyncIterator[Carrel]:
    async with running(tmp_path, CONFIG) as carrel:
        await carrel.warm("jupyterlab", 3, within=90)
        yield carrel


async def test_what_computes_goes_on_what_is_only_open_does_not_and_its_person_is_told_before(
    carrel: Carrel, browser: Browser
) -> None:
    """All of it at once: the limit is the same for each of them."""
    people = [await carrel.person(name) for name in ("computes", "leaves", "extends")]
    computes, leaves, extends = people
    async with AsyncExitStack() as stack:
        await _opens_a_tab_and_leaves_it(carrel, browser, stack, leaves)
        claims = [await carrel.claim("jupyterlab", person.token, (200, 201)) for person in people]
        busy, tab, extended = (claim["workspace"]["id"] for claim in claims)
        await _computes(carrel, computes, claims[0]["workspace"]["base_url"])
        await _warned(carrel, extends, extended, claims[2]["workspace"]["base_url"])
        async with carrel.api(extends.token) as api:
            answer = await api.post(f"/workspaces/{extended}/extend", json={"hours": 2})
            assert answer.status_code == 200, answer.text
        await _stops_for_idleness(carrel, leaves, tab)
        await _is_long_past_the_limit(carrel, computes, busy)
    for person, kept in ((computes, busy), (extends, extended)):
        found = await _workspace(carrel, person, kept)
        assert found["phase"] == "ready", found["reason"]
        assert found["reason"] is None
    kinds = [event["kind"] for event in await _events(carrel, computes, busy)]
    assert "warned" not in kinds, "who computes is not frightened"
    assert (await _workspace(carrel, computes, busy))["last_active_because"]
    assert (await _workspace(carrel, extends, extended))["stops_because"] == (
        "the time it was extended to, unless it is used before"
    )


async def _opens_a_tab_and_leaves_it(
    carrel: Carrel, browser: Browser, stack: AsyncExitStack, person: PersonWithToken
) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    stack.push_async_callback(context.close)
    context.set_default_timeout(60_000)
    page = await context.new_page()
    await page.goto(carrel.hub)
    await page.get_by_label("Name").fill(person.name)
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(carrel.hub)
    await page.get_by_role("button", name="Open JupyterLab").click()
    await expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)


async def _computes(carrel: Carrel, person: PersonWithToken, base: str) -> None:
    """In a kernel, and goes away as soon as it runs."""
    async with _inside(carrel, person, base) as lab:
        made = await lab.post("api/kernels", json={"name": "python3"}, timeout=60)
        assert made.status_code == 201, made.text
    request = {
        "header": {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"},
        "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
        "content": {"code": SLEEPING, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
    }  # fmt: skip
    async with asyncio.timeout(60):
        address = f"{base}api/kernels/{made.json()['id']}/channels"
        async with open_socket(carrel, address, person.token) as socket:
            await socket.send(json.dumps(request))
            async for message in socket:
                told = json.loads(message)
                is_ours = told["parent_header"].get("msg_id") == "1"
                if is_ours and told.get("content", {}).get("execution_state") == "busy":
                    return


async def _warned(carrel: Carrel, person: PersonWithToken, workspace_id: str, base: str) -> None:
    async with _inside(carrel, person, base) as lab:
        assert (await lab.get("api/status")).status_code == 200

    async def is_warned() -> bool:
        found = await _workspace(carrel, person, workspace_id)
        return found["warned_at"] is not None and "nobody typed since" in found["stops_because"]

    await eventually("its person is warned", is_warned, 60, every=0.2)


async def _stops_for_idleness(carrel: Carrel, person: PersonWithToken, workspace_id: str) -> None:
    async def is_gone() -> dict[str, Any] | None:
        found = await _workspace(carrel, person, workspace_id)
        return found if found["phase"] == "gone" else None

    gone = await eventually(f"the workspace of {person.name} stops", is_gone, 90, every=0.2)
    assert gone["reason"].startswith("It was stopped at ")
    assert ": nothing ran and nobody typed since " in gone["reason"]
    told = await _events(carrel, person, workspace_id)
    kinds = [event["kind"] for event in told]
    assert kinds.index("warned") < kinds.index("stopping") < kinds.index("gone")
    assert gone["reason"] in [event["sentence"] for event in told if event["kind"] == "stopping"]
    async with carrel.api(person.token) as api:
        kept = (await api.get(f"/workspaces/{workspace_id}/logs")).json()["text"]
    assert "Jupyter Server" in kept or "jupyter" in kept.lower(), "what it printed last is kept"


async def _is_long_past_the_limit(carrel: Carrel, person: PersonWithToken, workspace_id: str) -> None:
    events = await _events(carrel, person, workspace_id)
    entered = next(_at(event) for event in events if event["kind"] == "entered")

    async def is_past() -> bool:
        found = await _workspace(carrel, person, workspace_id)
        assert found["phase"] == "ready", found["reason"]
        return (_at({"at": found["idle_since"]}) - entered).total_seconds() > 2 * LIMIT

    await eventually("it was in use for twice the limit", is_past, 90, every=0.2)


def _at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"])


async def _workspace(carrel: Carrel, person: PersonWithToken, workspace_id: str) -> dict[str, Any]:
    async with carrel.api(person.token) as api:
        return dict((await api.get(f"/workspaces/{workspace_id}")).json())


async def _events(carrel: Carrel, person: PersonWithToken, workspace_id: str) -> list[dict[str, Any]]:
    async with carrel.api(person.token) as api:
        return list((await api.get(f"/workspaces/{workspace_id}/events")).json()["items"])


def _inside(carrel: Carrel, person: PersonWithToken, base: str) -> httpx.AsyncClient:
    client = carrel.browserless()
    client.base_url = httpx.URL(base)
    client.headers["Authorization"] = f"Bearer {person.token}"
    return client
