"""What a page that means harm gets from the hub and from other workspaces: nothing. Played in Chromium, each test named after its finding.

Two pages attack: one served by a workspace of the person who looks at it, and one on another port of the hub's own name.
"""

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from .running import eventually
from .stage import Stage, attack, chromium_at, id_in, saying, set_up, spoils, target

pytestmark = pytest.mark.chromium

FAMILIES = {
    "reading": [
        "fetch", "fetch, no-cors", "fetch, redirected", "fetch, keepalive", "fetch, forged headers", "XHR",
    ],
    "writing": [
        "POST, no-cors", "POST, text/plain", "POST, form by fetch", "POST, redirected", "POST, JSON", "DELETE", "PUT",
        "beacon", "form in a frame", "form, text/plain",
    ],
    "embedding": ["frame", "frame, sandboxed", "object", "image", "style", "script", "module", "prefetch"],
    "windows": ["window", "window, redirected"],
    "forms in windows": ["form in a window", "form in a window, redirected"],
    "streams": ["EventSource", "WebSocket", "service worker"],
}  # fmt: skip
ATTACKERS = ["a workspace", "another port"]
SILENT = {"beacon"}
"""Whoever sends these never reads anything; whether they arrived stands in the book."""


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_at(chromium) as launched:
        yield launched


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Stage]:
    async with set_up(tmp_path_factory.mktemp("walls"), browser) as stage:
        yield stage


@pytest.fixture(scope="module")
async def inside(stage: Stage) -> AsyncIterator[BrowserContext]:
    """Alice's browser, signed in and inside of both her workspaces. For attacks that leave no trace; others take a window of their own."""
    async with stage.window(stage.alice) as context:
        await stage.enter(context)
        yield context
        await stage.works(context)


@pytest.fixture
async def hostile_page(
    stage: Stage, inside: BrowserContext, request: pytest.FixtureRequest
) -> AsyncIterator[Page]:
    page = await inside.new_page()
    await page.goto(stage.attackers[getattr(request, "param", ATTACKERS[0])] + "hello")
    yield page
    for opened in inside.pages:
        await opened.close()


by_every_attacker = pytest.mark.parametrize("hostile_page", ATTACKERS, indirect=True)
in_every_family = pytest.mark.parametrize("family", FAMILIES)


@by_every_attacker
@in_every_family
async def test_each_attack_would_succeed_where_there_is_no_wall(
    stage: Stage, hostile_page: Page, family: str
) -> None:
    root = hostile_page.url.removesuffix("hello")
    token = stage.alice.token if root == stage.hostile else None
    for kind in FAMILIES[family]:
        await stage.book(root, token)
        (got,) = await attack(hostile_page, kind, target(root, kind))
        arrived = await stage.book(root, token)
        assert got or kind in SILENT, kind
        assert got != "late", kind
        assert [asked for asked in arrived if asked["path"] == path_in(target(root, kind))], kind


@by_every_attacker
@in_every_family
async def test_finding_09_a_page_gets_nothing_of_another_workspace(
    stage: Stage, inside: BrowserContext, hostile_page: Page, family: str
) -> None:
    roots = [stage.own, stage.in_path_mode(stage.own), stage.bobs]
    await stage.book(stage.bobs, stage.bob.token)
    async with stage.nothing_happens(inside):
        attacks = {kind: [target(root, kind) for root in roots] for kind in FAMILIES[family]}
        assert await spoils(hostile_page, attacks) == {}
    assert await stage.book(stage.bobs, stage.bob.token) == []


def path_in(address: str) -> str:
    return "/" + address.split("/", 3)[3].partition("?")[0]


# -- the hub ---------------------------------------------------------------------------------------------------------------


def hub_reads(stage: Stage, kind: str) -> list[str]:
    """What an attack of this kind could read there."""
    files = {"image": "carrel.svg", "style": "carrel.css", "script": "waiting.js", "module": "waiting.js"}
    if kind in files:
        return [f"{stage.hub}static/{files[kind]}"]
    if kind == "EventSource":
        return [f"{stage.hub}api/v1/claims/{stage.claim}/events"]
    return [f"{stage.hub}{path}" for path in ("", "api/v1/claims", "open/hostile")]


def hub_writes(stage: Stage) -> list[tuple[str, str]]:
    """What a forged request would change there: start, release, sign out, sign in as somebody else."""
    json = '{"name": "=", "pool": "hostile", "name": "stolen"}'  # also what a form of text/plain can say
    signing_in = f"name={stage.bob.name}&password={stage.bob.password}&next=/hub/"
    addresses = {
        "api/v1/claims": json,
        f"api/v1/claims/{stage.claim}": json,
        "open/hostile/stolen": "path=",
        f"claims/{stage.claim}/release": "",
        "sign-out": "",
        "sign-in": signing_in,
    }
    return [(stage.hub + path, body) for path, body in addresses.items()]


@by_every_attacker
@pytest.mark.parametrize("family", ["reading", "embedding", "windows", "streams"])
async def test_finding_04_a_page_reads_nothing_of_the_hub(
    stage: Stage, inside: BrowserContext, hostile_page: Page, family: str
) -> None:
    async with stage.nothing_happens(inside):
        attacks = {kind: hub_reads(stage, kind) for kind in FAMILIES[family]}
        assert await spoils(hostile_page, attacks) == {}


@by_every_attacker
@pytest.mark.parametrize("family", ["writing", "forms in windows"])
async def test_finding_04_a_page_makes_the_hub_do_nothing(
    stage: Stage, inside: BrowserContext, hostile_page: Page, family: str
) -> None:
    targets = hub_writes(stage)
    async with stage.nothing_happens(inside):
        attacks = dict.fromkeys(FAMILIES[family], targets[2:] if family == "forms in windows" else targets)
        assert await spoils(hostile_page, attacks) == {}


@by_every_attacker
async def test_finding_04_a_page_that_sends_itself_off_makes_the_hub_do_nothing(
    stage: Stage, inside: BrowserContext, hostile_page: Page
) -> None:
    """As in real life, with nobody's hand on it: the whole page becomes the form's answer; also by way of a second site."""
    root = hostile_page.url.removesuffix("hello")
    async with stage.nothing_happens(inside):
        for url, body in hub_writes(stage):
            (name, _, value) = body.partition("=")
            form = f"<form method=post action='{url}'><input name='{name}' value='{value}'></form>"
            itself = saying(root, body=f"{form}<script>document.forms[0].submit()</script>")
            for start in (itself, saying(stage.hostile, status="302", headers=(f"Location: {itself}",))):
                await hostile_page.goto(start)
                await hostile_page.wait_for_url(f"{stage.hub}**")
                assert "403" in str(await hostile_page.evaluate("performance.getEntries()[0].responseStatus"))


async def test_finding_04_what_is_refused_to_others_the_hubs_own_page_may_do(
    stage: Stage, inside: BrowserContext
) -> None:
    """Otherwise all of this would prove nothing but a wrong address."""
    page = await inside.new_page()
    await page.goto(stage.hub)
    for kind in ("fetch", "XHR", "image", "style", "script", "EventSource"):
        assert all(await attack(page, kind, *hub_reads(stage, kind))), kind
    ((address, body), *_) = hub_writes(stage)
    (told,) = await attack(page, "POST, JSON", (address, body))
    claim = json.loads(told)
    assert claim["name"] == "stolen"
    await attack(page, "DELETE", f"{address}/{claim['id']}")
    assert [claim["id"], "released"] in [row[:2] for row in (await stage.state())["claims"]]
    await page.close()


async def test_finding_02_the_hub_is_not_on_the_workspaces_port_nor_its_inside_on_its_own(
    stage: Stage, inside: BrowserContext, hostile_page: Page
) -> None:
    ask = "async (url) => { const r = await fetch(url); return [r.status, await r.text()] }"
    door = f"w/{id_in(stage.own)}/"
    for path in ("hub/", "hub/api/v1/claims", f"hub/internal/authorize/{door}", "%68ub/", "w/../hub/"):
        assert await hostile_page.evaluate(ask, f"/{path}") in ([404, "no such page\n"], [404, ""]), path
    shared = await hostile_page.goto(f"http://localhost:{stage.carrel.workspaces_port}/hub/")
    assert shared is not None
    assert (shared.status, await shared.text()) == (404, "no such page\n")
    await hostile_page.goto(stage.hub)
    for path in (
        "internal",
        "internal/health",
        f"internal/authorize/{door}",
        "%69nternal/health",
        "x/../internal/health",
    ):
        assert await hostile_page.evaluate(ask, f"/hub/{path}") == [404, ""], path


@by_every_attacker
async def test_finding_a1_a_window_on_the_hub_is_out_of_reach_of_who_opened_it(
    stage: Stage, inside: BrowserContext, hostile_page: Page
) -> None:
    async with stage.nothing_happens(inside), inside.expect_page() as opening:
        await hostile_page.evaluate("(url) => { window.opened = open(url) }", stage.hub)
        opened = await opening.value
        await opened.wait_for_load_state()
        assert await opened.evaluate("window.opener") is None
        await eventually("cut off", lambda: hostile_page.evaluate("window.opened.closed"))


@by_every_attacker
async def test_finding_a1_a_window_on_another_workspace_shows_nothing_to_who_opened_it(
    stage: Stage, inside: BrowserContext, hostile_page: Page
) -> None:
    async with stage.nothing_happens(inside), inside.expect_page() as opening:
        await hostile_page.evaluate("(url) => { window.opened = open(url) }", f"{stage.own}hello")
        opened = await opening.value
        await opened.wait_for_url(f"{stage.own}hello")
        await eventually("another origin", lambda: hostile_page.evaluate(REFUSED, "document"))
        for what in ("document", "localStorage", "sessionStorage", "caches", "fetch", "eval", "navigator"):
            assert await hostile_page.evaluate(REFUSED, what), what
        assert await hostile_page.evaluate(REFUSED, "closed") is False, "what everybody may see"


REFUSED = (
    "(what) => { try { window.opened[what]; return false } catch (e) { return e.name === 'SecurityError' } }"
)
