"""What people told the admins, as admins see it; and that nobody else does."""

from typing import Any

import httpx
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.report import Report
from carrel.services import claims, reports
from carrel.web.pages.admin import reports as page_of_reports

from .asking import acting, read, submit, words

House = Any
REPORTS = "/hub/admin/reports"


@pytest.fixture
async def ada(house: House) -> User:
    await house.pool(limit=50, per_user=50)
    found: User = await house.person("ada")
    return found


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


async def _told(house: House, ada: User, message: str, name: str = "default") -> Report:
    view = await claims.claim(house.context, acting(ada), pool="lab", name=name)
    sent: Report = await reports.send(house.context, acting(ada), claim_id=view.claim.id, message=message)
    return sent


async def test_an_empty_list_says_where_reports_come_from(root: httpx.AsyncClient) -> None:
    assert "No open reports" in words(await read(root, REPORTS))


async def test_open_ones_come_first_and_done_moves_one_below(
    house: House, ada: User, root: httpx.AsyncClient
) -> None:
    first = await _told(house, ada, "It hangs.", "one")
    await _told(house, ada, "", "two")
    page = await read(root, REPORTS)
    assert "It hangs." in words(page)
    answer = await submit(root, page, f"{REPORTS}/{first.id}/done")
    assert answer.headers["location"] == f"{REPORTS}?done=report-done"
    told = words(await read(root, f"{REPORTS}?done=report-done"))
    assert "That report was seen to." in told
    assert "It hangs." in told.partition("Lately seen to")[2]
    assert "by root" in told
    assert "It hangs." in words(await read(root, f"{REPORTS}?show=done"))


async def test_one_shows_everything_that_came_along_as_text(
    house: House, ada: User, root: httpx.AsyncClient
) -> None:
    sent = await _told(house, ada, "<b>It hangs</b>\nalways.")
    page = await read(root, f"{REPORTS}/{sent.id}")
    assert "&lt;b&gt;It hangs&lt;/b&gt;" in page
    told = words(page)
    assert "Report of ada" in told
    assert "waiting:" in told
    answer = await submit(root, page, f"{REPORTS}/{sent.id}/done")
    assert answer.status_code == 303
    assert "seen to" in words(await read(root, f"{REPORTS}/{sent.id}"))
    await read(root, f"{REPORTS}/{'r' * 16}", 404)


async def test_many_are_cut_into_pages(
    house: House, ada: User, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_reports, "SHOWN", 2)
    for number in range(5):
        await _told(house, ada, f"number {number}", f"n{number}")
    page = await read(root, REPORTS)
    assert "number 4" in page
    assert "number 2" not in page
    following = page.partition('aria-label="Pages"')[2].partition('href="')[2].partition('"')[0]
    second = await read(root, following)
    assert "number 2" in second
    assert "number 4" not in second
    assert f'href="{REPORTS}"' in second.partition('aria-label="Pages"')[2]


async def test_nobody_else_sees_them(house: House, ada: User) -> None:
    sent = await _told(house, ada, "It hangs.")
    browser = await house.browser(ada)
    for address in (REPORTS, f"{REPORTS}/{sent.id}"):
        await read(browser, address, 403)
    home = await read(browser, "/hub/")
    key = home.partition('name="form_key" value="')[2].partition('"')[0]
    answer = await browser.post(f"{REPORTS}/{sent.id}/done", data={"form_key": key})
    assert answer.status_code == 403


async def test_too_many_and_nothing_are_refused_in_words(house: House, ada: User) -> None:
    browser = await house.browser(ada)
    home = await read(browser, "/hub/")
    key = {"form_key": home.partition('name="form_key" value="')[2].partition('"')[0]}
    assert (await browser.post("/hub/reports", data=key)).status_code == 422
    assert (await browser.post("/hub/reports", data={**key, "claim_id": "c" * 16})).status_code == 404
    for number in range(6):
        await _told(house, ada, "again", f"n{number}")
    view = await claims.claim(house.context, acting(ada), pool="lab", name="last")
    refused = await browser.post("/hub/reports", data={**key, "claim_id": view.claim.id})
    assert refused.status_code == 429
    assert "Try again in" in words(refused.text)
