"""Every app of the catalogue in a real browser: it opens, works, goes on while the control plane is started anew, and stops when nobody uses it."""

import asyncio
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, WebSocket, expect

from carrel.app.doctor.catalogue import missing
from carrel.settings.load import load

from .conftest import absent
from .running import LAB_BIN, REPOSITORY, Carrel, PersonWithToken, eventually, prepared
from .signing_in import sign_in
from .stage import chromium_at

pytestmark = [pytest.mark.chromium, pytest.mark.catalogue]

APPS = ("jupyterlab", "marimo", "streamlit", "shiny", "desktop")
WITHIN = 30_000
"""Milliseconds, on a busy machine."""
PATH = f"{LAB_BIN}:{REPOSITORY / '.apps' / 'bin'}:{os.environ['PATH']}"
NOTEBOOK = Path(__file__).with_name("waves.marimo.txt")
CONFIG = 'activity_every = "2s"\n' + "".join(
    f'[pools.{app}]\ntemplate = "{app}"\nbackend = "local"\nwarm = 1\nlimit = 1\nstop_after_idle = "never"\n'
    for app in APPS
)
CONFIG += "".join(
    f'[templates.{app}.claim_environment]\nCOURSE = "statistics"\n'
    for app in ("jupyterlab", "marimo", "desktop")
)


@dataclass(slots=True)
class Opened:
    page: Page
    root: str
    claim: str
    home: Path
    """As the app sees it."""
    cut: list[str] = field(default_factory=list)
    """Streams that were opened and ended."""


@dataclass(slots=True)
class Catalogue:
    carrel: Carrel
    alice: PersonWithToken
    window: BrowserContext
    opened: dict[str, Opened]

    async def open(self, app: str) -> None:
        async with self.carrel.api(self.alice.token) as api:
            asked = await api.post("/claims", json={"pool": app, "name": app})
            assert asked.status_code in (201, 202), asked.text

            async def is_held() -> dict[str, Any] | None:
                found = dict((await api.get(f"/claims/{asked.json()['id']}")).json())
                return found if found["state"] == "held" else None

            claim = await eventually(f"alice holds {app}", is_held)
        root, workspace = claim["workspace"]["base_url"], claim["workspace"]["id"]
        page = await self.window.new_page()
        found = Opened(page, root, claim["id"], self.carrel.state / "slots" / workspace / "home")

        def follow(stream: WebSocket) -> None:
            stream.on("close", lambda closed: found.cut.append(closed.url))

        page.on("websocket", follow)
        if app == "marimo":
            shutil.copy(NOTEBOOK, found.home / "waves.py")
            root += "?file=waves.py"
        if app == "jupyterlab":
            root += "lab"
        await page.goto(root)
        self.opened[app] = found


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_at(chromium) as launched:
        yield launched


@pytest.fixture(scope="module")
def programs() -> None:
    templates = load(None, {}, {"HOME": "/"}).templates
    for app in APPS:
        recipe = templates[app].to_domain(app)
        lack = missing(recipe, PATH)
        if lack is None and shutil.which(recipe.command[0], path=PATH) is None:
            lack = f"{recipe.command[0]} is not on PATH.", "`make apps`"
        if lack is not None:
            absent(f"What {app} needs", " ".join(lack))


@pytest.fixture(scope="module")
async def catalogue(
    programs: None, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Catalogue]:
    """All started at once, all held by one person, each open in a tab."""
    carrel = prepared(tmp_path_factory.mktemp("cat"), CONFIG)
    carrel.environment["PATH"] = PATH
    await carrel.start()
    try:
        alice = await carrel.person("alice")
        await asyncio.gather(*(carrel.warm(app, 1, 120) for app in APPS))
        window = await browser.new_context(viewport={"width": 1280, "height": 800})
        window.set_default_timeout(30_000)
        await sign_in(window, carrel, alice)
        found = Catalogue(carrel, alice, window, {})
        for app in APPS:
            await found.open(app)
        yield found
        await window.close()
    finally:
        await carrel.kill_all()


@pytest.mark.parametrize("app", APPS)
async def test_an_app_opens_and_works(catalogue: Catalogue, app: str, shot: Callable[[str], str]) -> None:
    opened = catalogue.opened[app]
    await opened.page.bring_to_front()
    try:
        await WORKS[app](opened)
    finally:
        await opened.page.screenshot(path=shot(app))

    assert opened.page.url.startswith(opened.root)
    assert not opened.cut


@pytest.mark.parametrize("app", ["jupyterlab", "marimo", "desktop"])
async def test_a_neighbour_on_the_same_machine_is_not_let_in(catalogue: Catalogue, app: str) -> None:
    slot = catalogue.opened[app].home.parent
    port = json.loads((slot / "instance.json").read_text())["port"]
    recipe = load(None, {}, {"HOME": "/"}).templates[app]
    root = "/" if recipe.path == "strip" else f"/w/{slot.name}/"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}{root}") as neighbour:
        for brought in ({}, {"Authorization": "Carrel guessed"}):
            answer = await neighbour.get(ASKED[app], headers=brought)
            assert answer.status_code in (401, 403), answer.text
    said = " ".join(" ".join(process.cmdline()) for process in catalogue.carrel.processes())
    assert secret_of(slot) not in said + (slot / "log").read_text()


ASKED = {"jupyterlab": "api/contents", "marimo": "api/status", "desktop": "vnc.html"}


def secret_of(slot: Path) -> str:
    """As its app was given it."""
    pid = json.loads((slot / "process.json").read_text())["pid"]
    found = re.search(
        rb"(?:JUPYTER_TOKEN=|DESKTOP_DOOR=Carrel )([^\0]+)", Path(f"/proc/{pid}/environ").read_bytes()
    )
    return found[1].decode() if found else (slot / "run" / "password").read_text()


async def test_every_app_goes_on_while_the_control_plane_is_away_and_after(catalogue: Catalogue) -> None:
    carrel = catalogue.carrel
    if carrel.process is None or carrel.process.returncode is not None:
        await carrel.start()  # the second try
    assert await carrel.signal(signal.SIGTERM) == 0
    for app, opened in catalogue.opened.items():
        await opened.page.bring_to_front()
        await WORKS[app](opened)
    await carrel.start()
    for app, opened in catalogue.opened.items():
        await opened.page.bring_to_front()
        await WORKS[app](opened)

    assert {app: opened.cut for app, opened in catalogue.opened.items()} == {app: [] for app in APPS}


async def test_an_app_that_nobody_uses_stops_though_its_tab_stays_open(catalogue: Catalogue) -> None:
    """The last test: nobody touches anything any more."""
    async with catalogue.carrel.api() as api:
        for app in APPS:
            answer = await api.patch(f"/pools/{app}", json={"stop_after_idle": "6s"})
            assert answer.status_code == 200, answer.text
    await asyncio.gather(*(stopped(catalogue, app) for app in APPS))


async def stopped(catalogue: Catalogue, app: str) -> None:
    async with catalogue.carrel.api(catalogue.alice.token) as api:

        async def is_over() -> str:
            found = (await api.get(f"/claims/{catalogue.opened[app].claim}")).json()
            return str(found) if found["state"] not in ("held", "waiting") else ""

        told = await eventually(f"{app} is stopped", is_over, 110)
    assert "nothing ran and nobody typed since" in told, told


async def jupyterlab(opened: Opened) -> None:
    """A terminal that stands in the person's files."""
    if not await opened.page.locator(".jp-Terminal").is_visible():
        await opened.page.locator(".jp-LauncherCard", has_text="Terminal").click()
    (opened.home / "typed").unlink(missing_ok=True)

    async def is_typed() -> bool:
        """It drops what is typed before its shell is there."""
        if not (opened.home / "typed").exists():
            await opened.page.locator(".jp-Terminal").click()
            await opened.page.keyboard.type("echo $COURSE > typed\n")
            await asyncio.sleep(0.5)
        return (opened.home / "typed").exists()

    await eventually("what was typed is done in the home", is_typed)
    await eventually("with what was delivered", lambda: says(opened.home / "typed", "statistics\n"))


async def marimo(opened: Opened) -> None:
    """Yesterday's notebook: a slider that moves, a sentence and a plot that follow."""
    slider = opened.page.get_by_role("slider").first

    async def is_run() -> bool:
        """It drops what is asked of it before its kernel is there."""
        if not await slider.is_visible():
            await opened.page.locator("[data-testid=run-button]").last.click()  # of the whole notebook
            await asyncio.sleep(0.5)
        return await slider.is_visible()

    await eventually("the notebook has run", is_run, WITHIN / 1000)
    said = opened.page.get_by_text(re.compile(r"There are \d+ waves for statistics\."))
    plot = opened.page.locator("[id^=output-] img").first
    await moved(slider, said, plot)


async def streamlit(opened: Opened) -> None:
    said = opened.page.get_by_text(re.compile(r"\d+ waves, drawn from 500 points"))
    await moved(opened.page.get_by_role("slider"), said, opened.page.locator("[data-testid=stImage] img"))


async def shiny(opened: Opened) -> None:
    said, plot = opened.page.locator("#words"), opened.page.locator("#histogram img")
    await expect(said).to_contain_text("272 eruptions", timeout=WITHIN)
    handle = opened.page.locator(".irs-handle")
    before, source = await said.inner_text(), await plot.get_attribute("src")
    await pulled(opened.page, *await middle(handle), 40, 0)
    await expect(said).not_to_have_text(before, timeout=WITHIN)
    await eventually("the histogram is drawn anew", lambda: differs(plot, source))
    assert await is_drawn(plot)


def says(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


async def moved(slider: Any, said: Any, plot: Any) -> None:
    """A step to the right; what depends on it says so and is drawn anew."""
    await expect(said.first).to_be_visible(timeout=WITHIN)
    await expect(plot).to_be_visible(timeout=WITHIN)
    before, source = await said.first.inner_text(), await plot.get_attribute("src")
    number = int(re.findall(r"\d+", before)[0])
    await slider.focus()
    await slider.press("ArrowRight")
    await expect(said.first).to_contain_text(str(number + 1), timeout=WITHIN)
    await eventually("the plot is drawn anew", lambda: differs(plot, source))
    await eventually("it is a picture", lambda: is_drawn(plot))


async def differs(plot: Any, source: str | None) -> bool:
    return bool(await plot.get_attribute("src") != source)


async def is_drawn(plot: Any) -> bool:
    return bool(await plot.evaluate("image => image.complete && image.naturalWidth > 100"))


async def middle(of: Any) -> tuple[float, float]:
    box = await of.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def pulled(page: Page, x: float, y: float, right: float, down: float) -> None:
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + right, y + down, steps=8)
    await page.mouse.up()


TOP = """() => {
  const canvas = document.querySelector("canvas");
  const column = canvas.getContext("2d").getImageData(300, 0, 1, canvas.height).data;
  for (let y = 1; y < canvas.height; y++) if ([0, 1, 2].some(part => column[4 * y + part] !== column[part])) return y;
  return null;
}"""
"""Where, going down from the upper edge, the desktop stops and a window begins."""


async def desktop(opened: Opened) -> None:
    """A terminal that stands in the person's files, in a window that can be moved by its title."""
    page = opened.page
    await page.wait_for_selector("canvas")
    await eventually("a window stands on the desktop", lambda: page.evaluate(TOP))
    typed = opened.home / "typed"
    typed.unlink(missing_ok=True)
    await page.mouse.click(500, 400)
    await page.keyboard.type("echo $COURSE > typed\n")
    await eventually("what was typed is done in the home", lambda: says(typed, "statistics\n"))

    before = await page.evaluate(TOP)
    by = 60 if before < 100 else -60

    async def is_moved() -> bool:
        """By as much as the mouse, once the window manager has taken hold of it."""
        top = await page.evaluate(TOP)
        if abs(top - before) < 5:
            await pulled(page, 300, top + 8, 0, by)
            await asyncio.sleep(0.5)
        return bool(abs(await page.evaluate(TOP) - before - by) < 5)

    await eventually("the window is where it was pulled", is_moved)


WORKS = {
    "jupyterlab": jupyterlab,
    "marimo": marimo,
    "streamlit": streamlit,
    "shiny": shiny,
    "desktop": desktop,
}
