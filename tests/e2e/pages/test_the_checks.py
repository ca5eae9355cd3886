"""The checks of pages find what they look for: each is shown a page with one fault, and the same page without it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page

from .keyboard import keyboard_faults
from .looking import LAYOUT, axe_faults, moving
from .watching import inline_faults, policy_faults, watched

pytestmark = pytest.mark.chromium

GOOD = """<!doctype html><html lang="en"><head><title>x</title><style>
body { margin: 0; font: 16px/1.5 sans-serif; color: #111; background: #fff }
a, button { display: inline-block; padding: 8px } :focus-visible { outline: 3px solid blue }
</style></head><body><header><a href="/a">Carrel</a></header><main><h1>Heading</h1>%s</main></body></html>"""
WIDE = "anidentifierthatnobodycanbreak" * 3

LAYOUTS = [
    ("<div style='width: 900px'>x</div>", "the page is 900 wide"),
    (f"<p>{WIDE}</p>", "out of the window"),
    ("<p style='width: 60px; overflow: hidden; white-space: nowrap'>longer than this</p>", "cut off"),
    ("<p style='height: 20px; overflow: hidden'>one<br>two</p>", "cut off"),
    ("<p style='position: relative; top: -60px'>over the heading</p>", "lies over"),
    ("<button>One</button><button style='margin-left: -30px'>Two</button>", "lies over"),
    ("<button style='width: 40px; white-space: nowrap'>longer than this</button>", "wider than its box"),
    ("<div style='position: fixed; inset: 0'>veil</div>", "over the header"),
    ("<img src='data:,x' alt='a picture' width='20' height='20'>", "not loaded"),
    ("<svg width='20' height='20'><use href='#gone'/></svg>", "an icon that is not there"),
]


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize(("planted", "told"), LAYOUTS)
async def test_a_fault_of_layout_is_told(tab: Page, planted: str, told: str) -> None:
    await tab.set_content(GOOD % planted)
    faults = await tab.evaluate(LAYOUT)
    assert any(told in fault for fault in faults), faults


async def test_what_scrolls_is_told_by_dots_or_hidden_is_no_fault_of_layout(tab: Page) -> None:
    await tab.set_content(
        GOOD
        % f"""<div style="overflow-x: auto"><p style="width: 900px">{WIDE}</p></div>
        <a href="/b" style="max-width: 9em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">{WIDE}</a>
        <p style="visibility: hidden; position: fixed; inset: 0">veil</p><p>Words <b>within <i>words</i></b></p>"""
    )
    assert await tab.evaluate(LAYOUT) == []


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        ("<button tabindex='-1'>Out of reach</button>", "Tab does not reach"),
        ("<style>#b:focus-visible { outline: none }</style><button id='b'>Unseen</button>", "nothing shows that"),
        ("<textarea onkeydown='if (event.key === \"Tab\") event.preventDefault()'></textarea><a href='/z'>After</a>", "Tab does not reach"),
        ("<a href='/z'>Under</a><div style='position: fixed; inset: 0'></div>", "something lies over"),
    ],
)  # fmt: skip
async def test_what_no_keyboard_can_use_is_told(tab: Page, planted: str, told: str) -> None:
    await tab.set_content(GOOD % planted)
    faults = await keyboard_faults(tab)
    assert any(told in fault for fault in faults), faults


async def test_a_page_for_the_keyboard_has_no_faults(tab: Page) -> None:
    await tab.set_content(
        GOOD
        % """<details><summary>More</summary><a href="/z">Inside</a></details><input aria-label="Name">
        <label><input type="radio" name="r">One</label><label><input type="radio" name="r">Two</label>"""
    )
    assert await keyboard_faults(tab) == []


async def test_axe_and_movement_are_told(tab: Page) -> None:
    await tab.set_content(GOOD % "<p style='color: #ccc'>pale</p><input>")
    faults = await axe_faults(tab)
    assert {fault.partition(":")[0] for fault in faults} == {"color-contrast", "label"}
    assert await axe_faults(tab, "label") == [fault for fault in faults if fault.startswith("label")]
    await tab.set_content(
        GOOD % "<style>@keyframes x { to { rotate: 1turn } } p { animation: x 1s infinite }</style><p>o</p>"
    )
    assert len(await moving(tab)) == 1


async def test_requests_errors_and_refusals_are_told(browser: Browser) -> None:
    context = await browser.new_context()
    tab, watch = await watched(context, "http://localhost:1")
    policy = "default-src 'none'; script-src 'self' 'unsafe-inline'"
    page = f"""<meta http-equiv="Content-Security-Policy" content="{policy}">
    <img src="http://other.test/x.png"><script>console.error("mine"); throw new Error("thrown")</script>"""
    await tab.route("**/*", lambda route: route.fulfill(body=page, content_type="text/html"))
    await tab.goto("http://localhost:1/")
    told = "\n".join(watch.faults)
    for part in ("img-src refused http://other.test/x.png", "console error: mine", "a script threw: thrown"):
        assert part in told
    await tab.evaluate("() => { location = 'http://other.test/' }")
    await tab.wait_for_url("http://other.test/")
    assert "asked somebody else: http://other.test/" in watch.faults
    await context.close()


def test_inline_code_and_a_loose_policy_are_told() -> None:
    planted = '<script>x</script><style>x</style><p style="x"><a onclick="x"><a href="javascript:x">'
    assert len(inline_faults(planted)) == 5
    assert inline_faults('<script type="module" src="/x.js"></script><p title="style=">') == []
    strict = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
    )
    strict += "; form-action 'self' http://*.localhost:8001; frame-ancestors 'none'; base-uri 'none'"
    assert policy_faults(strict) == []
    for looser in (
        strict.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
        f"{strict}; font-src *",
    ):
        assert len(policy_faults(looser)) == 1
    assert policy_faults(strict.replace("http://*.localhost:8001", "*")) == ["form-action: \"'self' *\""]
