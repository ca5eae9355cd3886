"""What forms are answered with is looked at like every page: refusals with their sentence, secrets shown once, questions, ways back."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab
from tests.every_page import Who

from .keyboard import keyboard_faults
from .looking import SMALLEST, axe_faults, layout_faults
from .scene import Scene, sign_in
from .watching import Watch, watched

pytestmark = pytest.mark.chromium

SOMEBODY = "henrietta"
Looked = tuple[Tab, Watch]


async def in_order(looked: Looked, name: str, status: int = 200) -> None:
    """Whatever stands there now. A refusal is no fault of its page."""
    tab, watch = looked
    assert await axe_faults(tab) == []
    assert await layout_faults(tab, f"answer-{name}") == []
    assert await keyboard_faults(tab) == []
    assert [fault for fault in watch.faults if str(status) not in fault or status == 200] == []
    watch.faults.clear()
    await tab.set_viewport_size(SMALLEST)


@pytest.fixture
async def stranger(scene: Scene, browser: Browser) -> AsyncIterator[Looked]:
    window = await scene.window(browser, Who.STRANGER, reduced_motion="reduce", viewport=SMALLEST)
    yield await watched(window, scene.origin)
    await window.close()


@pytest.fixture(scope="module")
async def hers(scene: Scene, browser: Browser) -> AsyncIterator[Looked]:
    window = await browser.new_context(reduced_motion="reduce", viewport=SMALLEST)
    await sign_in(window, scene.carrel, scene.people[SOMEBODY])
    yield await watched(window, scene.origin)
    await window.close()


@pytest.fixture(scope="module")
async def admins(scene: Scene, browser: Browser) -> AsyncIterator[Looked]:
    window = await scene.window(browser, Who.ADMIN, reduced_motion="reduce", viewport=SMALLEST)
    yield await watched(window, scene.origin)
    await window.close()


async def test_a_wrong_password(scene: Scene, stranger: Looked) -> None:
    tab, _ = stranger
    await tab.goto(scene.carrel.hub)
    await tab.get_by_label("Name").fill(SOMEBODY)
    await tab.get_by_label("Password").fill("not this one")
    await tab.get_by_role("button", name="Sign in").click()
    await expect(tab.get_by_role("alert")).to_be_visible()
    await expect(tab.get_by_label("Name")).to_have_value(SOMEBODY)
    await in_order(stranger, "wrong-password", 401)


async def test_the_limit_is_reached(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await scene.held(SOMEBODY, "cold", home="elsewhere")
    await tab.goto(f"{scene.carrel.hub}open/cold/another")
    await tab.locator('main form[action="/hub/open/cold/another"] button').first.click()
    await expect(tab.get_by_role("heading", level=1)).to_contain_text("as many of Small app as you may")
    await in_order(hers, "limit", 429)


async def test_given_back_and_taken_again(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await scene.held(SOMEBODY, "small")
    await tab.goto(scene.carrel.hub)
    card = tab.get_by_role("listitem").filter(has=tab.locator('form[action$="/release"]')).first
    await card.get_by_role("button", name="Release").click()
    await tab.get_by_role("button", name="Undo").click()
    await expect(tab.get_by_role("button", name="Undo")).to_have_count(0)
    await expect(tab.get_by_role("status").first).to_be_visible()
    await in_order(hers, "undone")


async def test_files_that_are_in_use_elsewhere(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await scene.held(SOMEBODY, "small")
    await tab.goto(f"{scene.carrel.hub}open/paused")
    await tab.locator('main form[action="/hub/open/paused"] button').click()
    await expect(tab.get_by_role("heading", level=1)).to_have_text("Your files are in use")
    await expect(tab.get_by_label("with other files")).to_have_value("paused")
    await in_order(hers, "files-elsewhere", 409)


async def test_a_home_is_made_deleted_and_had_back(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await tab.goto(f"{scene.carrel.hub}homes")
    await tab.get_by_text("New home").click()
    await tab.get_by_label("Name", exact=True).fill("thesis")
    await tab.get_by_role("button", name="Make it").click()
    await expect(tab.get_by_role("status")).to_be_visible()
    card = tab.get_by_role("listitem").filter(has=tab.get_by_role("heading", name="thesis"))
    await card.get_by_text("Rename or delete").click()
    await card.get_by_role("button", name="Delete it and its files").click()
    await expect(tab.get_by_role("status")).to_contain_text("“thesis” is deleted.")
    await in_order(hers, "home-deleted")
    await tab.get_by_role("button", name="Undo").click()
    await expect(card).to_be_visible()


async def test_a_token_is_shown_once(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await tab.goto(f"{scene.carrel.hub}account")
    await tab.get_by_text("Make a token", exact=True).click()
    await tab.get_by_label("What it is for").fill("a script at home")
    await tab.get_by_role("button", name="Make it").click()
    await expect(tab.get_by_text("It is not shown again.")).to_be_visible()
    await expect(tab.locator(".copy code")).to_contain_text("crl_")
    await in_order(hers, "token")


async def test_a_password_that_is_not_the_old_one(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await tab.goto(f"{scene.carrel.hub}account")
    await tab.get_by_label("The one you have").fill("not this one")
    await tab.get_by_label("A new one", exact=True).fill("one that is long enough")
    await tab.get_by_label("The new one again").fill("one that is long enough")
    await tab.get_by_role("button", name="Change it").click()
    await expect(tab.get_by_role("alert")).to_be_visible()
    await in_order(hers, "old-password", 422)


async def test_somebody_is_let_in_and_their_password_shown_once(scene: Scene, admins: Looked) -> None:
    tab, _ = admins
    await tab.goto(f"{scene.carrel.hub}admin/people/new")
    await tab.get_by_label("Name", exact=True).fill("Somebody New")
    await tab.get_by_role("button", name="Let them in", exact=True).click()
    await in_order(admins, "let-in")
    await tab.goto(f"{scene.carrel.hub}admin/people/new")
    await tab.get_by_label("Name", exact=True).fill(SOMEBODY)
    await tab.get_by_role("button", name="Let them in", exact=True).click()
    await expect(tab.get_by_role("alert")).to_be_visible()
    await in_order(admins, "not-let-in", 409)


async def test_a_pools_preview_and_a_value_that_is_none(scene: Scene, admins: Looked) -> None:
    tab, _ = admins
    await tab.goto(f"{scene.carrel.hub}admin/pools/cold")
    await tab.get_by_label("Warm", exact=True).fill("2")
    await tab.get_by_role("button", name="Preview").click()
    await expect(tab.get_by_role("main")).to_contain_text("Starts 2.")
    await in_order(admins, "preview")
    await tab.get_by_label("Warm", exact=True).fill("several")
    await tab.get_by_role("button", name="Preview").click()
    await expect(tab.locator('[aria-invalid="true"], [role="alert"]').first).to_be_visible()
    await in_order(admins, "no-preview", 422)


async def test_the_skip_link_leads_past_the_header(scene: Scene, hers: Looked) -> None:
    tab, _ = hers
    await tab.goto(scene.carrel.hub)
    await tab.keyboard.press("Tab")
    await expect(tab.get_by_role("link", name="Skip to the page")).to_be_focused()
    await tab.keyboard.press("Enter")
    await tab.keyboard.press("Tab")
    assert await tab.evaluate("() => document.querySelector('main').contains(document.activeElement)")
