"""A page as people see it: at widths from a telephone to a wide desk, light and dark, and as axe judges it."""

import os
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import FloatRect, ViewportSize
from playwright.async_api import Page as Tab
from tests.e2e.conftest import SHOTS

HERE = Path(__file__).parent
LAYOUT = (HERE / "layout.js").read_text()
WIDTHS = {320: 568, 390: 844, 1280: 800, 1920: 1080}
PICTURED = (390, 1280)
SMALLEST: ViewportSize = {"width": 320, "height": WIDTHS[320]}
LONGEST_PICTURE = 3000
SERIOUS = ("serious", "critical")

GROUND_AND_INK = """() => {
  const look = getComputedStyle(document.body), bare = document.body.appendChild(document.createElement("i"));
  bare.style.backgroundColor = "Canvas";
  const canvas = getComputedStyle(bare).backgroundColor;
  bare.remove();
  return [look.backgroundColor === "rgba(0, 0, 0, 0)" ? canvas : look.backgroundColor, look.color];
}"""

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

_AXE = f"if (!window.axe) {{ {Axe().axe_script} }}"
"""Half a megabyte, which a page that has it already need not read again."""
_TO_BE_SEEN = bool(os.environ.get("PICTURES"))
"""Pictures are for people: nothing compares them, and they take as long as all that is checked."""


async def layout_faults(tab: Tab, name: str) -> list[str]:
    """At every width; with PICTURES=1 a picture of some of them in both schemes is left in test-results/."""
    faults = []
    for width, height in WIDTHS.items():
        await tab.set_viewport_size({"width": width, "height": height})
        faults += [f"{width} px: {fault}" for fault in await tab.evaluate(LAYOUT)]
        if _TO_BE_SEEN and width in PICTURED:
            await _pictures(tab, f"{name}-{width}")
    return faults


async def _pictures(tab: Tab, name: str) -> None:
    """Of a long page its beginning."""
    SHOTS.mkdir(exist_ok=True)
    size: dict[str, float] = await tab.evaluate(
        "() => ({ width: innerWidth, height: document.documentElement.scrollHeight })"
    )
    seen = FloatRect(x=0, y=0, width=size["width"], height=min(size["height"], LONGEST_PICTURE))
    for scheme in SCHEMES:
        await tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await tab.screenshot(path=SHOTS / f"page-{name}-{scheme}.png", full_page=True, clip=seen)
    await tab.emulate_media(color_scheme="light", reduced_motion="reduce")


async def brightness(tab: Tab, scheme: Scheme) -> tuple[float, float]:
    """Of the page's ground and of its ink, 0 to 255."""
    await tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found: list[str] = await tab.evaluate(GROUND_AND_INK)
    ground, ink = (_brightness(colour) for colour in found)
    return ground, ink


def _brightness(colour: str) -> float:
    channels = [float(part) for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
    return sum(channels) / 3


async def axe_faults(tab: Tab, *rules: str) -> list[str]:
    """What is serious or worse; all that axe knows, or these rules alone."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    await tab.evaluate(_AXE)
    told = await tab.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{found['id']}: {found['help']}: {node['html'][:160]}"
        for found in told["violations"]
        if found["impact"] in SERIOUS
        for node in found["nodes"][:5]
    ]


async def moving(tab: Tab) -> list[str]:
    """Animations that run although the person asked for none."""
    found: list[str] = await tab.evaluate(
        "() => document.getAnimations().filter((one) => one.playState === 'running')"
        ".map((one) => `${one.animationName || one.transitionProperty} of ${one.effect.target.outerHTML.slice(0, 80)}`)"
    )
    return found


async def weight(tab: Tab) -> dict[str, int]:
    """Bytes of the page and of each file it named, before they were packed for the way; what scripts ask for later is not in it."""
    found: dict[str, int] = await tab.evaluate(
        """() => Object.fromEntries([...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .filter((one) => !["fetch", "xmlhttprequest", "other"].includes(one.initiatorType) || one.name.includes("/static/"))
            .map((one) => [one.name, one.decodedBodySize]))"""
    )
    return found
