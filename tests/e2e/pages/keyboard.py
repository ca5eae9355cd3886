"""A page used without a mouse: what the Tab key reaches, and whether people see where they are."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page as Tab

TABS = (Path(__file__).parent / "tabs.js").read_text()
AT_ONCE = 10


async def keyboard_faults(tab: Tab) -> list[str]:
    """Twice as many presses as there are stops are enough: some controls have several stops of their own."""
    await _open_all_details(tab)
    stops: int = await tab.evaluate(TABS, "begin")
    told: dict[str, Any] = {"faults": ["nothing was reached"]}
    for _ in range(2 * stops // AT_ONCE + 2):
        for _ in range(AT_ONCE):
            await tab.keyboard.press("Tab")
        told = await tab.evaluate(TABS, "end")
        if not told["missing"]:
            break
    return list(told["faults"])


async def _open_all_details(tab: Tab) -> None:
    """With Enter, and those that were open are closed and opened again."""
    for summary in await tab.locator("summary").all():
        was_open = await summary.evaluate("(one) => one.parentElement.open")
        for is_open in (not was_open, was_open)[: 1 + was_open]:
            await summary.press("Enter")
            assert await summary.evaluate("(one) => one.parentElement.open") == is_open
    await tab.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
