"""Where the attacks on the walls are played: one Carrel, somebody with two workspaces, somebody else, and pages that mean harm."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from .conftest import QUIET
from .running import Carrel, PersonWithToken, eventually, free_ports, running
from .signing_in import sign_in

HERE = Path(__file__).parent
ATTACKS = (HERE / "attacks.js").read_text()
SESSION = "__Host-Http-carrel-session"
LOADS = {
    "image": ("image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    "style": ("text/css", "body { color: red }"),
    "script": ("text/javascript", "window.reached = 1"),
    "module": ("text/javascript", "export default 1"),
    "service worker": ("text/javascript", "self.addEventListener('fetch', () => {})"),
}
"""What an attack of this kind needs as an answer, were it to succeed: its type and its body."""

CONFIG = f"""
[templates.hostile]
title = "Hostile"
command = ["{sys.executable}", "{HERE / "hostile_app.py"}", "{{host}}", "{{port}}", "{{base_path}}"]
open = "hello"
ready = "ready"
environment = {{ HOME = "{{home}}" }}

[pools.jupyterlab]
warm = 0

[pools.hostile]
template = "hostile"
backend = "local"
warm = 1
limit = 12
per_user = 4
"""


@dataclass(slots=True)
class Stage:
    carrel: Carrel
    browser: Browser
    alice: PersonWithToken
    bob: PersonWithToken
    hostile: str
    """The root of alice's workspace whose app attacks."""
    own: str
    """The root of alice's other workspace, which is attacked."""
    bobs: str
    claim: str
    """Alice's, of `own`."""
    elsewhere: str
    """A web page on another port of the hub's own name, with nobody between it and the browser."""

    @property
    def hub(self) -> str:
        return self.carrel.hub

    @property
    def attackers(self) -> dict[str, str]:
        return {"a workspace": self.hostile, "another port": self.elsewhere}

    def in_path_mode(self, root: str) -> str:
        """The same workspace under the name that all share."""
        return f"http://localhost:{self.carrel.workspaces_port}/w/{id_in(root)}/"

    @contextlib.asynccontextmanager
    async def window(
        self, person: PersonWithToken | None = None, **more: Any
    ) -> AsyncIterator[BrowserContext]:
        """A browser of its own, with this person signed in."""
        context = await self.browser.new_context(viewport={"width": 1280, "height": 800}, **more)
        context.set_default_timeout(10_000)
        if person is not None:
            await self.sign_in(context, person)
        yield context
        await context.close()

    async def sign_in(self, context: BrowserContext, person: PersonWithToken) -> None:
        await sign_in(context, self.carrel, person)

    async def enter(self, context: BrowserContext) -> None:
        """Alice, who is signed in, gets the tickets of both her workspaces."""
        page = await context.new_page()
        for root in (self.own, self.hostile):
            await page.goto(root + "hello")
            assert page.url == root + "hello"
        await page.close()

    async def book(self, root: str, token: str | None = None) -> list[dict[str, Any]]:
        """What arrived at this app since it was last asked."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.carrel.browserless() as client:
            answer = await client.get(root + "book", headers=headers)
            assert answer.status_code == 200, answer.text
            return list(answer.json())

    async def state(self) -> dict[str, Any]:
        """All that an attack could have changed, as an admin sees it."""
        async with self.carrel.api() as api:
            claims = (await api.get("/claims", params={"limit": 100})).json()["items"]
            audit = (await api.get("/audit", params={"limit": 100})).json()["items"]
            users = (await api.get("/users", params={"limit": 100})).json()["items"]
        held = [[claim["id"], claim["state"], (claim["workspace"] or {}).get("id")] for claim in claims]
        return {"claims": held, "audit": audit, "users": [[user["id"], user["role"]] for user in users]}

    @contextlib.asynccontextmanager
    async def nothing_happens(self, context: BrowserContext) -> AsyncIterator[None]:
        """No attack in here changes anything, signs alice out, or reaches her own workspace but by a plain link."""
        await self.book(self.own, self.alice.token)
        before, session = await self.state(), await self.session_in(context)
        yield
        for page in context.pages:
            with contextlib.suppress(Exception):
                await page.wait_for_load_state(timeout=2000)
        assert await self.state() == before
        arrived = [
            asked for asked in await self.book(self.own, self.alice.token) if not is_followed_link(asked)
        ]
        assert arrived == []
        assert await self.session_in(context) == session

    async def session_in(self, context: BrowserContext) -> list[str]:
        """The session that her browser would send to the hub; one, if all is well."""
        return [
            str(kept.get("value"))
            for kept in await context.cookies(self.hub)
            if "session" in str(kept.get("name"))
        ]

    async def works(self, context: BrowserContext) -> None:
        """Alice is still alice, and both her workspaces are hers."""
        page = await context.new_page()
        await page.goto(self.hub)
        await expect(page.locator("header")).to_contain_text(self.alice.name)
        await expect(page.get_by_role("heading", name="Yours")).to_be_visible()
        for root in (self.own, self.hostile):
            answer = await page.goto(root + "hello")
            assert answer is not None
            assert answer.status == 200, await answer.text()
            await expect(page.get_by_role("heading")).to_have_text(f"Hello from {path_of(root)}")
            assert page.url == root + "hello"
            assert await attack(page, "fetch", root + "hello") != [""], "its own page may read it"
        await page.close()


def id_in(root: str) -> str:
    return root.split("/")[4]


def path_of(root: str) -> str:
    return "/" + root.split("/", 3)[3].rstrip("/")


def is_followed_link(asked: dict[str, Any]) -> bool:
    """A whole page by reading: what any link on any site does, and what shows its reader nothing of it."""
    headers = asked["headers"]
    said = (asked["method"], headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return said == ("GET", "navigate", "document")


def saying(root: str, kind: str = "", *, headers: tuple[str, ...] = (), body: str = "", **more: str) -> str:
    """An address at which the app gives such an answer."""
    media, wanted = LOADS.get(kind, ("text/html", body))
    fields = [("type", media), ("body", wanted), *more.items(), *(("header", line) for line in headers)]
    return f"{root}say?{urlencode(fields)}"


def target(root: str, kind: str) -> str:
    """Where an attack of this kind would find something at an app of ours."""
    if kind in LOADS:
        return saying(root, kind)
    return root + {"WebSocket": "echo", "EventSource": "stream"}.get(kind, "hello")


async def attack(page: Page, kind: str, *targets: str | tuple[str, str]) -> list[str]:
    """What the page got to read of each target: an address, or one with what to send there."""
    home = page.url.rpartition("/")[0] + "/"
    wanted = [target if isinstance(target, tuple) else (target, "stolen=1") for target in targets]
    return list(await page.evaluate(ATTACKS, {"kind": kind, "targets": wanted, "home": home}))


async def spoils(page: Page, attacks: Mapping[str, Sequence[str | tuple[str, str]]]) -> dict[str, list[str]]:
    """Of all these attacks, by kind, the ones that the page got something by."""
    found = {kind: await attack(page, kind, *targets) for kind, targets in attacks.items()}
    return {kind: got for kind, got in found.items() if any(got)}


@contextlib.asynccontextmanager
async def set_up(tmp_path: Path, browser: Browser) -> AsyncIterator[Stage]:
    async with running(tmp_path, CONFIG) as carrel, other_port() as elsewhere:
        alice, bob = await carrel.person("alice"), await carrel.person("bob")
        hostile = await held(carrel, alice, "hostile")
        own = await held(carrel, alice, "own")
        bobs = await held(carrel, bob, "bobs")
        await carrel.warm("hostile", 1)
        roots = [claim["workspace"]["base_url"] for claim in (hostile, own, bobs)]
        yield Stage(carrel, browser, alice, bob, *roots, claim=own["id"], elsewhere=elsewhere)


async def held(carrel: Carrel, person: PersonWithToken, name: str) -> dict[str, Any]:
    async with carrel.api(person.token) as api:
        asked = await api.post("/claims", json={"pool": "hostile", "name": name})
        assert asked.status_code in (201, 202), asked.text
        address = f"/claims/{asked.json()['id']}"

        async def is_held() -> dict[str, Any] | None:
            found = (await api.get(address)).json()
            return dict(found) if found["state"] == "held" else None

        return dict(await eventually(f"{person.name} holds {name}", is_held))


@contextlib.asynccontextmanager
async def other_port() -> AsyncIterator[str]:
    """The same hostile app on a port of its own: to a browser the same site as the hub."""
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "hostile_app.py"), "127.0.0.1", str(port), "/"
    )
    root = f"http://localhost:{port}/"

    async def answers() -> bool:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{port}/ready")).status_code == 200

    try:
        await eventually("the other port answers", answers)
        yield root
    finally:
        process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def chromium_at(program: str) -> AsyncIterator[Browser]:
    """With the cache that answers the back button, which Playwright would switch off."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=program,
            args=[*QUIET, *sandbox],
            ignore_default_args=["--disable-back-forward-cache"],
        )
        yield launched
        await launched.close()
