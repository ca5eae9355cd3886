"""What a page that means harm can do to the browser's memory: cookies, caches, service workers. Played in Chromium, named after the findings."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from .running import eventually
from .stage import SESSION, Stage, attack, chromium_at, id_in, path_of, saying, set_up

pytestmark = pytest.mark.chromium

NAMES = [
    "carrel-session", SESSION, "__Host-carrel-session", "__Secure-carrel-session", "carrel-probe", "__Host-Http-carrel-probe",
    "carrel-ticket", "carrel-grace", "carrel-nonce", "Carrel-Ticket", "",
]  # fmt: skip
BIG = "x" * 4000


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_at(chromium) as launched:
        yield launched


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[Stage]:
    async with set_up(tmp_path_factory.mktemp("cookies"), browser) as stage:
        yield stage


@pytest.fixture
async def alices(stage: Stage) -> AsyncIterator[BrowserContext]:
    """Her browser, signed in and inside of both her workspaces, where she still can do her work when all is over."""
    async with stage.window(stage.alice) as context:
        await stage.enter(context)
        yield context
        await stage.works(context)


@pytest.fixture(scope="module")
async def bobs_cookies(stage: Stage) -> dict[str, str]:
    """What somebody who means harm can take out of his own browser."""
    async with stage.window(stage.bob) as context:
        page = await context.new_page()
        await page.goto(stage.bobs + "hello")
        found = await jar(context, stage.hub) | await jar(context, stage.bobs)
    assert {SESSION, "carrel-ticket", "carrel-grace"} <= {name for name, _ in found}
    return {name: value for (name, _), value in found.items()}


async def jar(context: BrowserContext, address: str) -> dict[tuple[str, str], str]:
    """What the browser would send there, by name and path."""
    return {(kept["name"], kept["path"]): kept["value"] for kept in await context.cookies(address)}


def spellings(stage: Stage, stolen: dict[str, str]) -> list[str]:
    """Each of our cookies with somebody else's value, for every path and host that it might be believed at."""
    own = id_in(stage.own)
    values = {name: stolen[SESSION if "session" in name else "carrel-ticket"] for name in NAMES}
    paths = (
        "/",
        "/hub/",
        "/hub/api/v1/",
        f"/w/{own}/",
        f"/w/{own}/hello",
        f"/w/{id_in(stage.hostile)}/hello",
    )
    hosts = ("", "; Domain=localhost", "; Domain=.localhost", f"; Domain={own}.localhost", "; Secure")
    return [
        f"{name}={value}; Path={path}{host}"
        if name
        else f"carrel-ticket={value}; Path={path}{host}".lstrip("=")
        for name, value in values.items()
        for path in paths
        for host in hosts
    ]


async def visit(context: BrowserContext, address: str) -> Page:
    page = await context.new_page()
    await page.goto(address)
    return page


async def toss(page: Page, cookies: list[str]) -> None:
    await page.evaluate("(cookies) => { for (const cookie of cookies) document.cookie = cookie }", cookies)


async def test_finding_10_a_workspaces_script_gives_nobody_another_session_or_ticket(
    stage: Stage, alices: BrowserContext, bobs_cookies: dict[str, str]
) -> None:
    page = await visit(alices, stage.hostile + "hello")
    before = [await jar(alices, address) for address in (stage.hub, stage.own)]
    async with stage.nothing_happens(alices):
        await toss(page, ["mine=1; Path=/"])
        assert ("mine", "/") in await jar(alices, stage.hostile), "tossing works"
        await toss(page, spellings(stage, bobs_cookies))
        assert [await jar(alices, address) for address in (stage.hub, stage.own)] == before


async def test_finding_10_a_workspaces_answers_set_no_cookie_of_ours_and_none_elsewhere(
    stage: Stage, alices: BrowserContext, bobs_cookies: dict[str, str]
) -> None:
    page = await visit(alices, stage.hostile + "hello")
    addresses = (stage.hub, stage.own, stage.hostile)
    before = [await jar(alices, address) for address in addresses]
    async with stage.nothing_happens(alices):
        for kept in [*spellings(stage, bobs_cookies), "carrel-x=1", "=carrel-ticket=1", " carrel-ticket =1"]:
            await attack(page, "fetch, no-cors", saying(stage.hostile, headers=(f"Set-Cookie: {kept}",)))
        assert [await jar(alices, address) for address in addresses] == before
        for name, where in (("mine", "Path=/; Domain=localhost"), ("low", "Path=/w/"), ("bare", "Secure")):
            answer = saying(stage.hostile, headers=(f"Set-Cookie: {name}=1; {where}",))
            await attack(page, "fetch", answer)
        door = f"/w/{id_in(stage.hostile)}/"
        gained = (await jar(alices, stage.hostile)).keys() - before[2].keys()
        assert gained == {("mine", door), ("low", door), ("bare", door[:-1])}, "an app's own, at home"
        assert [await jar(alices, address) for address in (stage.hub, stage.own)] == before[:2]


async def test_finding_10_a_script_on_another_port_makes_nobody_somebody_else(
    stage: Stage, alices: BrowserContext, bobs_cookies: dict[str, str]
) -> None:
    """Ports share cookies, so that it can set some of ours; the hub then believes none of two, and the person signs in again."""
    page, hub = await visit(alices, stage.elsewhere + "hello"), await visit(alices, stage.hub)
    tossed = spellings(stage, bobs_cookies)
    strong = [kept for kept in tossed if kept.startswith("__")]
    await toss(page, strong)
    await stage.works(alices)
    for path in ("/", "/hub/"):
        await toss(page, [f"carrel-session={bobs_cookies[SESSION]}; Path={path}"])
        answer = await hub.goto(stage.hub)
        assert answer is not None
        assert answer.status == 400
        assert "sign in again" in await answer.text()
        assert await jar(alices, stage.hub) == {}, "all are deleted, whatever their path"
        await hub.goto(stage.hub)
        await expect(hub.get_by_role("heading", name="Sign in")).to_be_visible()
        await stage.sign_in(alices, stage.alice)


async def test_finding_10_a_script_cannot_forge_the_session_of_a_browser_that_has_none(
    stage: Stage, bobs_cookies: dict[str, str]
) -> None:
    async with stage.window() as context:
        page = await visit(context, stage.elsewhere + "hello")
        await toss(page, [kept for kept in spellings(stage, bobs_cookies) if kept.startswith(SESSION)])
        assert await jar(context, stage.hub) == {}
        hub = await visit(context, stage.hub)
        await expect(hub.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_finding_14_the_hubs_session_reaches_no_app_by_the_shared_name(
    stage: Stage, alices: BrowserContext, bobs_cookies: dict[str, str]
) -> None:
    """At http://localhost:<port>/w/… the browser sends the hub's session along, and somebody else's ticket opens the door."""
    door = path_of(stage.bobs) + "/"
    page = await visit(alices, stage.elsewhere + "hello")
    await toss(page, [f"carrel-ticket={bobs_cookies['carrel-ticket']}; Path={door}", "plain=1; Path=/"])
    await stage.book(stage.bobs, stage.bob.token)
    await page.goto(stage.in_path_mode(stage.bobs) + "hello")
    arrived = await stage.book(stage.bobs, stage.bob.token)
    assert [asked["headers"].get("cookie") for asked in arrived] == ["plain=1"]


async def test_finding_11_a_workspace_cannot_clear_what_the_browser_keeps_for_others(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await visit(alices, stage.hostile + "hello")
    addresses = (stage.hub, stage.own, stage.hostile)
    before = [await jar(alices, address) for address in addresses]
    async with stage.nothing_happens(alices):
        for what in ('"*"', '"cookies", "storage"', '"cookies"', '"executionContexts"'):
            clearing = saying(stage.hostile, body="cleared", headers=(f"Clear-Site-Data: {what}",))
            assert await attack(page, "fetch", clearing) == ["cleared"]
            assert await attack(page, "frame", clearing) == ["cleared"]
        assert [await jar(alices, address) for address in addresses] == before


async def test_finding_11_where_nothing_is_between_clearing_works(stage: Stage) -> None:
    """Or the test before would show nothing. Another port of the hub's name can sign people out: ports share cookies."""
    async with stage.window() as context:
        page = await visit(context, stage.elsewhere + "hello")
        await toss(page, ["kept=1; Path=/hub/"])
        assert await jar(context, stage.hub)
        await page.goto(saying(stage.elsewhere, headers=('Clear-Site-Data: "cookies"',)))
        assert await jar(context, stage.hub) == {}


REGISTERED = """async ([script, scope]) => {
  try { return (await navigator.serviceWorker.register(script, { scope })).scope } catch (error) { return error.name }
}"""


async def test_finding_12_a_service_worker_stays_in_the_workspace_that_brought_it(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await visit(alices, stage.hostile + "hello")
    script = saying(stage.hostile, "service worker", headers=("Service-Worker-Allowed: /",))
    others = script.replace(path_of(stage.hostile), path_of(stage.own), 1)
    beside, door = path_of(stage.own) + "/", path_of(stage.hostile) + "/"
    async with stage.nothing_happens(alices):
        for where in ("/", "/w/", beside, stage.own, stage.hub):
            assert await page.evaluate(REGISTERED, [script, where]) in ("SecurityError", "TypeError"), where
        for source in (others, saying(stage.own, "service worker"), f"{stage.hub}static/waiting.js"):
            assert await page.evaluate(REGISTERED, [source, "/"]) in ("SecurityError", "TypeError"), source
        assert await page.evaluate(REGISTERED, [script, door]) == stage.hostile, "at home it may"
        worker = "navigator.serviceWorker.getRegistrations().then((found) => found.length)"
        for address in (stage.own + "hello", stage.hub):
            assert await (await visit(alices, address)).evaluate(worker) == 0


async def test_finding_12_a_workspaces_host_serves_no_other_workspace(
    stage: Stage, alices: BrowserContext, bobs_cookies: dict[str, str]
) -> None:
    """What A serves below B's address on A's own host would be A's, but it is not even asked; people are led to B's host."""
    page = await visit(alices, stage.hostile + "hello")
    wrong = stage.hostile.replace(path_of(stage.hostile), path_of(stage.own)) + "hello"
    await stage.book(stage.hostile, stage.alice.token)
    async with stage.nothing_happens(alices):
        told = await page.evaluate(
            "(url) => fetch(url).then((r) => r.text().then((t) => [r.status, t]))", wrong
        )
        assert told[0] == 403
        assert "another workspace" in told[1]
    assert await stage.book(stage.hostile, stage.alice.token) == []
    await page.goto(wrong)
    assert page.url == stage.own + "hello"


async def stuff(page: Page, path: str) -> None:
    """More than any listener takes; the browser writes it down in its own time."""
    await toss(page, [f"big{number}={BIG}; Path={path}" for number in range(40)])

    async def is_full() -> bool:
        kept = await page.context.cookies(page.url.rpartition("/")[0] + path)
        return sum(len(cookie["value"]) for cookie in kept) > 100_000

    await eventually("the jar is full", is_full)


async def test_finding_18_a_workspace_that_stuffs_the_jar_hinders_only_itself(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await visit(alices, stage.hostile + "hello")
    await stuff(page, "/")
    for address, status in ((f"{stage.hostile}hello", 431), (stage.hub, 200), (f"{stage.own}hello", 200)):
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status == status, address
    assert await attack(page, "fetch", f"{stage.own}hello") != [""]
    await alices.clear_cookies(name=re.compile("^big"))


async def test_finding_18_a_stuffed_jar_of_the_hub_empties_itself(
    stage: Stage, alices: BrowserContext
) -> None:
    page = await visit(alices, stage.elsewhere + "hello")
    await stuff(page, "/hub/")
    answer = await page.goto(stage.hub)
    assert answer is not None
    assert answer.status == 431
    await page.goto(stage.hub)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await stage.sign_in(alices, stage.alice)


@pytest.mark.parametrize("attacker", ["a workspace", "another port"])
async def test_finding_18_a_link_that_is_too_long_signs_nobody_out(
    stage: Stage, alices: BrowserContext, attacker: str
) -> None:
    page = await visit(alices, stage.attackers[attacker] + "hello")
    addresses = (stage.hub, stage.own)
    before = [await jar(alices, address) for address in addresses]
    async with stage.nothing_happens(alices):
        for kind in ("image", "fetch, no-cors", "window"):
            long = [f"{address}?{'y' * size}" for address in addresses for size in (120_000, 900_000)]
            assert await attack(page, kind, *long) == [""] * 4
        for opened in alices.pages:
            await opened.wait_for_load_state()
        assert [await jar(alices, address) for address in addresses] == before
