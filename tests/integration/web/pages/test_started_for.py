"""What people and admins read where workspaces are started for their people, while one comes, and when one is not well."""

from typing import cast

import httpx
import pytest
from tests.integration.conftest import House

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.ids import BackendName
from carrel.domain.instance import Ailment, Progress
from carrel.domain.reason import ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.drivers.memory import ColdMemoryDriver, World
from carrel.ports.driver import Driver
from carrel.store import ailing, progress, workspaces

NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
CROWDED = Ailment(ReasonCode.TOO_MANY_PROCESSES, "It has all 512 processes that it may have.")
WHY = "because the settings say so"


@pytest.fixture
def cold(house: House) -> House:
    place = (house.context.installation, "memory")
    drivers = cast("dict[BackendName, Driver]", house.context.drivers)
    drivers[BackendName("memory")] = ColdMemoryDriver(World(), place=place, port=1)
    return house


async def _browser(house: House, person: User) -> httpx.AsyncClient:
    browser = await house.browser(person)
    browser.headers.update(NAVIGATION)
    return browser


async def _starting(house: House, told: Progress) -> Workspace:
    row = house.new_row()
    await house.context.store.write(workspaces.intend, row)
    now = house.context.clock.now()
    moved = await house.context.store.write(workspaces.move, row.id, row.version, Phase.STARTING, now)
    assert moved is not None
    await house.context.store.write(progress.note, {row.id: told}, now)
    return moved


async def test_an_admin_reads_that_each_is_started_for_its_person(cold: House) -> None:
    await cold.pool(warm=3)
    admin = await _browser(cold, await cold.person("grace", Role.ADMIN))
    overview = (await admin.get("/hub/admin/pools")).text
    assert "started for its person" in overview
    assert "0 / 3" not in overview
    assert WHY in (await admin.get("/hub/admin/pools/lab")).text


async def test_so_does_a_program(cold: House) -> None:
    await cold.pool(warm=3)
    script = await cold.script(await cold.person("ada"))
    pool = (await script.get("/hub/api/v1/pools/lab")).json()
    assert pool["started_for_people"] == "the settings say so"


async def test_where_some_are_warm_nobody_reads_so(house: House) -> None:
    await house.pool(warm=3)
    admin = await _browser(house, await house.person("grace", Role.ADMIN))
    assert "0 / 3" in (await admin.get("/hub/admin/pools")).text
    assert "started for its person" not in (await admin.get("/hub/admin/pools/lab")).text


async def test_whoever_waits_sees_how_far_the_start_is(house: House) -> None:
    await house.pool(limit=3)
    await _starting(house, Progress("The image lab:1 is being fetched.", 0.4))
    alice = await house.person("alice")
    browser, script = await _browser(house, alice), await house.script(alice)
    made = (await script.post("/hub/api/v1/claims", json={"pool": "lab"})).json()
    page = (await browser.get(f"/hub/claims/{made['id']}")).text
    assert "The image lab:1 is being fetched: 40 %." in page
    assert '<progress class="detail" value="0.4" max="1"' in page
    shown = (await script.get(f"/hub/api/v1/claims/{made['id']}")).json()
    [now] = [step for step in shown["steps"] if step["state"] == "now"]
    assert (now["name"], now["fraction"]) == ("start", 0.4)
    assert now["note"] == "The image lab:1 is being fetched: 40 %."


async def test_its_person_reads_what_a_workspace_suffers_from(house: House) -> None:
    await house.pool()
    await house.warm()
    alice = await house.person("alice")
    browser, script = await _browser(house, alice), await house.script(alice)
    made = (await script.post("/hub/api/v1/claims", json={"pool": "lab"})).json()
    row = await house.context.store.read(workspaces.of_claim, made["id"])
    assert row is not None
    at = house.context.clock.now()
    place = f'<div id="ailment-{row.id}" data-fresh'  # renewed while somebody looks
    for address in ("/hub/", f"/hub/workspaces/{row.id}"):
        page = (await browser.get(address)).text
        assert f"{place} hidden></div>" in page
        assert "/hub/static/fresh.js" in page
    assert await house.context.store.write(ailing.note, row, CROWDED, at)
    for address in ("/hub/", f"/hub/workspaces/{row.id}"):
        page = (await browser.get(address)).text
        assert f"{place}><" in page
        assert CROWDED.sentence in page
    told = (await script.get(f"/hub/api/v1/claims/{made['id']}")).json()["workspace"]["ailment"]
    assert told == {"code": "too_many_processes", "sentence": CROWDED.sentence}
    assert (await script.get(f"/hub/api/v1/workspaces/{row.id}")).json()["ailment"] == told
    assert await house.context.store.write(ailing.note, row, None, at)
    assert CROWDED.sentence not in (await browser.get("/hub/")).text
