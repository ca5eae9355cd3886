"""Every page stays light however many there are of everything: in bytes, and in what the store is asked. Seconds are measured in bench/."""

import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection
from tests.every_page import PAGES, Page, Places, Who
from tests.integration.conftest import API, House, open_house

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.pool import Pool
from carrel.domain.workspace import Phase
from carrel.store import claims, workspaces

from . import crowd
from .weighing import Weight, counted, weighed

MOST_BYTES = 50_000
FEW, MANY = 10, 1000
MOST_STATEMENTS = 40

USUAL = [page for page in PAGES if not page.needs_all]
EACH = pytest.mark.parametrize("page", USUAL, ids=[page.name for page in USUAL])


@dataclass
class Town:
    house: House
    pool: Pool
    places: Places
    clients: dict[Who, httpx.AsyncClient]
    asked: dict[str, list[str]] = field(default_factory=dict)
    """By page, with few people in town."""

    async def answer(self, page: Page) -> httpx.Response:
        answer = await self.clients[page.who].get(page.at(self.places))
        assert answer.status_code == page.status, f"{answer.status_code}: {answer.text[:300]}"
        return answer

    async def statements(self, page: Page) -> list[str]:
        """The second time: the first writes down that somebody was seen."""
        for _ in range(2):
            with counted() as asked:
                await self.clients[page.who].get(page.at(self.places))
        return asked


@pytest.fixture(scope="module")
async def town(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """What each page asked was noted with ten people in it; now there are a thousand."""
    place = tmp_path_factory.mktemp("town")
    async with open_house(Path(shutil.copy(tables, place))) as house:
        pool = await house.pool("statistics", limit=3 * MANY)
        full = await house.pool("full", limit=1)
        ada, grace = await house.person("ada"), await house.person("grace", Role.ADMIN)
        places = await house.context.store.write(_settle, (pool, full), ada, house.context.clock.now())
        about = {"claim_id": places["failed"], "message": "It was gone in the middle of a long calculation."}
        sent = await (await house.script(ada)).post(f"{API}/reports", json=about)
        places["report"] = sent.json()["id"]
        clients = {
            Who.STRANGER: await house.client({"Accept": "text/html"}),
            Who.PERSON: await house.browser(ada),
            Who.ADMIN: await house.browser(grace),
        }
        for client in clients.values():
            client.headers.update(
                {
                    "Accept": "text/html",
                    "Sec-Fetch-Mode": "navigate",
                    "Sec-Fetch-Dest": "document",
                }
            )
        town = Town(house, pool, places, clients)
        await _more(town, FEW)
        town.asked = {page.name: await town.statements(page) for page in USUAL}
        await _more(town, MANY - FEW)
        yield town


async def _more(town: Town, count: int) -> None:
    write, now = town.house.context.store.write, town.house.context.clock.now()
    await write(crowd.arrive, town.pool, count, now)
    await write(crowd.come_and_go, town.pool, town.house.people["ada"], max(6, count // 10), now)
    await write(crowd.sampled, town.pool, 2 * count, now)


def _settle(conn: Connection, some: tuple[Pool, Pool], ada: User, now: datetime) -> dict[str, str]:
    """Ada has one, lost one, gave one back and waits for one."""
    pool, full = some
    _, here = crowd.settled(conn, pool, ada, now)
    crashed, broken = crowd.settled(conn, pool, ada, now, "analysis")
    workspaces.move(conn, broken.id, broken.version, Phase.FAILED, now, reason=crowd.CRASHED)
    claims.release(conn, crashed.id, crowd.CRASHED, now)
    released, done = crowd.settled(conn, pool, ada, now, "homework")
    claims.release(conn, released.id, crowd.GIVEN_BACK, now)
    theirs, _ = crowd.settled(conn, full, crowd.newcomer(conn, "barbara", now), now)
    waiting = crowd.waits(conn, full, ada, now)
    return {
        "pool": pool.name,
        "workspace": here.id,
        "waiting": waiting.id,
        "failed": crashed.id,
        "broken": broken.id,
        "ended": done.id,
        "released": released.id,
        "somebody_elses": theirs.id,
        "user": ada.id,
        "nonce": "0" * 64,
    }


@EACH
async def test_a_page_with_all_it_fetches_is_small(town: Town, page: Page) -> None:
    weight: Weight = await weighed(town.clients[page.who], await town.answer(page))
    assert weight.whole < MOST_BYTES, f"{weight.parts}, {weight.compressed} compressed"


@EACH
async def test_a_page_asks_the_store_the_same_for_ten_people_and_for_a_thousand(
    town: Town, page: Page
) -> None:
    asked, before = Counter(await town.statements(page)), Counter(town.asked[page.name])
    assert (asked - before, before - asked) == (Counter(), Counter())
    assert asked.total() <= MOST_STATEMENTS, asked.most_common(5)


async def test_long_lists_are_cut_into_pages(town: Town) -> None:
    for page in USUAL:
        if page.is_long:
            assert 'aria-label="Pages"' in (await town.answer(page)).text, page.name


@EACH
async def test_links_lead_somewhere(town: Town, page: Page) -> None:
    client = town.clients[page.who]
    dead = {}
    for address in sorted(set(re.findall(r'<a\b[^>]*\shref="(/hub/[^"#]*)', (await town.answer(page)).text))):
        answer = await client.get(unescape(address))
        if answer.status_code >= 400:
            dead[address] = answer.status_code
    assert dead == {}
