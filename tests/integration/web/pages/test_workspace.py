"""One workspace's own page: for its owner and for admins, while it runs and after; and its log, which never holds the page up."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace
from carrel.ports.driver import DriverUnavailable
from carrel.services import claims as service
from carrel.services import giving_back
from carrel.services import workspaces as workspace_service
from carrel.store import events, workspaces

from .asking import acting, forms, read, submit, words

House = Any
API = "/hub/api/v1"


@pytest.fixture
async def ada(house: House) -> User:
    await house.pool()
    found: User = await house.person("ada")
    return found


@pytest.fixture
async def browser(house: House, ada: User) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(ada)
    return client


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


@pytest.fixture
async def row(house: House, ada: User) -> Workspace:
    """Ada's, ready."""
    await house.warm()
    view = await service.claim(house.context, acting(ada), pool="lab")
    assert view.workspace is not None
    found = await house.context.store.read(workspaces.get, view.workspace.id)
    assert found is not None
    return found


def at(row: Workspace) -> str:
    return f"/hub/workspaces/{row.id}"


async def test_it_tells_its_owner_what_it_is_and_what_happened(
    house: House, browser: httpx.AsyncClient, row: Workspace
) -> None:
    page = await read(browser, at(row))
    told = words(page)
    for part in ("JupyterLab", "ready", "lab", row.id, "A running workspace was assigned.", "Stops"):
        assert part in told
    assert f'data-copy="{house.context.addresses.workspace_root(row.id)}"' in page
    assert f'href="{house.context.addresses.workspace_page(row.id, "lab")}"' in page
    assert "took " in told
    assert "Owner" not in told
    assert row.secret not in page


async def test_it_says_who_went_in(house: House, browser: httpx.AsyncClient, row: Workspace) -> None:
    assert "Nobody so far." in words(await read(browser, at(row)))
    now = house.context.clock.now()
    await house.context.store.write(workspaces.entered, row.id, now)
    await house.context.store.write(
        events.add, now + timedelta(seconds=1), "visited", "root, an admin, went in.", workspace_id=row.id
    )
    told = words(await read(browser, at(row))).partition("Who went in")[2]
    assert told.index("root, an admin, went in.") < told.index("Its owner went in for the first time.")


async def test_an_admin_sees_whose_it_is_and_may_stop_but_not_release_it(
    house: House, root: httpx.AsyncClient, row: Workspace
) -> None:
    page = await read(root, at(row))
    told = words(page)
    assert "Owner ada" in told
    assert "Go in" in told
    assert f"/hub/claims/{row.claim_id}/release" not in forms(page)
    answer = await submit(root, page, f"{at(row)}/stop")
    assert answer.headers["location"] == f"{at(row)}?done=stopped"
    page = await read(root, at(row))
    assert "An administrator stopped it." in words(page)
    assert "It is being stopped." in words(await read(root, f"{at(row)}?done=stopped"))


async def test_it_is_nobody_elses_business(house: House, row: Workspace) -> None:
    eve = await house.browser(await house.person("eve"))
    for address in (at(row), f"{at(row)}/log"):
        await read(eve, address, 404)
    key = {"form_key": (await read(eve, "/hub/")).partition('name="form_key" value="')[2].partition('"')[0]}
    for action in ("extend", "restart", "stop"):
        answer = await eve.post(f"{at(row)}/{action}", data={**key, "hours": "1"})
        assert answer.status_code == 404


async def test_extending_and_restarting_come_back_to_it(
    house: House, browser: httpx.AsyncClient, row: Workspace
) -> None:
    soon = house.context.clock.now() + timedelta(hours=2)
    await house.context.store.write(workspaces.extend, row.id, soon)
    page = await read(browser, at(row))
    for action, done in (("extend", "extended"), ("restart", "restarted")):
        answer = await submit(browser, page, f"{at(row)}/{action}")
        assert answer.headers["location"] == f"{at(row)}?done={done}"
    found = await house.context.store.read(workspaces.get, row.id)
    assert (found.phase, found.stops_at) == (Phase.STARTING, soon + timedelta(hours=1))
    page = await read(browser, answer.headers["location"])
    assert "You asked for a restart." in words(page)
    assert "was started again" not in words(page), "it is starting, and has not started"
    assert "starting" in words(page)
    assert f"{at(row)}/restart" not in forms(page)


@pytest.mark.parametrize("hours", ["", "many", "-1", "1e9", "nan"])
async def test_nonsense_hours_are_refused_in_words(
    house: House, browser: httpx.AsyncClient, row: Workspace, hours: str
) -> None:
    await house.context.store.write(workspaces.extend, row.id, house.context.clock.now() + timedelta(hours=2))
    answer = await submit(browser, await read(browser, at(row)), f"{at(row)}/extend", hours=hours)
    assert answer.status_code == 422
    assert "hours" in words(answer.text)


async def test_a_form_leads_nowhere_it_likes(browser: httpx.AsyncClient, row: Workspace) -> None:
    page = await read(browser, at(row))
    answer = await submit(browser, page, f"{at(row)}/restart", back="https://evil.example/")
    assert answer.headers["location"] == f"{at(row)}?done=restarted"


async def test_what_was_given_back_can_be_kept_from_here(
    house: House, ada: User, browser: httpx.AsyncClient, row: Workspace
) -> None:
    await giving_back.give_back(house.context, acting(ada), row.claim_id)
    page = await read(browser, at(row))
    assert "/hub/static/going.js" in page
    assert f"/hub/claims/{row.claim_id}/undo" in forms(page)
    assert "because you gave it back" in words(page)


async def test_an_ended_one_says_why_and_offers_another(
    house: House, ada: User, browser: httpx.AsyncClient, row: Workspace
) -> None:
    await service.release(house.context, acting(ada), row.claim_id)
    page = await read(browser, at(row))
    told = words(page)
    for part in ("This workspace has ended", "You gave it back.", "Your files are kept.", "stopping"):
        assert part in told
    assert 'href="/hub/open/lab"' in page
    assert not [form for form in forms(page) if form.endswith(("/release", "/extend", "/restart"))]
    assert "data-copy" not in page


async def test_a_failed_one_is_told_on_the_page_that_helps_and_in_full_here(
    house: House, browser: httpx.AsyncClient, root: httpx.AsyncClient, row: Workspace
) -> None:
    crash = Reason(ReasonCode.CRASHED, "It ended with exit status 3.")
    now = house.context.clock.now()
    await house.context.store.write(workspaces.move, row.id, row.version, Phase.FAILED, now, reason=crash)
    sentence = "Its app printed last:\nfirst line\nMemoryError"
    await house.context.store.write(events.add, now, "printed", sentence, workspace_id=row.id)
    answer = await browser.get(at(row), headers={"Accept": "text/html"})
    assert answer.headers["location"] == f"/hub/claims/{row.claim_id}"
    for client, address in ((browser, f"{at(row)}?all"), (root, at(row))):
        told = words(await read(client, address))
        assert "It ended with exit status 3." in told
        assert "MemoryError" in told


async def test_a_warm_one_is_shown_to_admins_only(
    house: House, ada: User, browser: httpx.AsyncClient, root: httpx.AsyncClient
) -> None:
    [warm] = await house.warm()
    assert "nobody: it is warm" in words(await read(root, at(warm)))
    await read(browser, at(warm), 404)


async def test_the_log_is_asked_for_apart_and_a_slow_one_holds_nothing_up(
    house: House, browser: httpx.AsyncClient, row: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def never(*_: object) -> str:
        asked.set()
        await asyncio.sleep(3600)
        return ""

    monkeypatch.setattr(type(house.driver), "logs", never)
    monkeypatch.setattr(workspace_service, "LOG_WITHIN", 0.01)
    page = await read(browser, at(row))
    assert not asked.is_set()
    assert f'data-log="{API}{at(row).removeprefix("/hub")}/logs?lines=200"' in page
    assert f'href="{at(row)}/log"' in page
    told = words(await read(browser, f"{at(row)}/log"))
    assert asked.is_set()
    assert "The log cannot be read now" in told
    assert "Refresh" in told


async def test_the_apps_secret_is_in_nobodys_log(
    house: House, root: httpx.AsyncClient, row: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Apps print addresses that lead past the door, and with it past the note that an admin went in."""

    async def address(*_: object) -> str:
        return f"http://127.0.0.1:8888/lab?token={row.secret}"

    monkeypatch.setattr(type(house.driver), "logs", address)
    told = (await root.get(f"{API}{at(row).removeprefix('/hub')}/logs")).json()
    assert told["text"] == "http://127.0.0.1:8888/lab?token=…"
    assert row.secret not in await read(root, f"{at(row)}/log")


async def test_without_javascript_the_last_lines_are_a_page_of_their_own(
    house: House, browser: httpx.AsyncClient, row: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await read(browser, f"{at(row)}/log")
    assert f'href="{at(row)}/log"' in page

    async def markup(*_: object) -> str:
        return "one\n<script>alert(1)</script>\n"

    monkeypatch.setattr(type(house.driver), "logs", markup)
    page = await read(browser, f"{at(row)}/log")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    async def away(*_: object) -> str:
        raise DriverUnavailable("The backend is away.")

    monkeypatch.setattr(type(house.driver), "logs", away)
    assert "The backend is away." in words(await read(browser, f"{at(row)}/log"))


async def test_one_that_is_over_has_no_live_log(
    house: House, ada: User, browser: httpx.AsyncClient, row: Workspace
) -> None:
    await service.release(house.context, acting(ada), row.claim_id)
    stopping = await house.context.store.read(workspaces.get, row.id)
    await house.context.store.write(
        workspaces.move, row.id, stopping.version, Phase.GONE, house.context.clock.now()
    )
    assert "log.js" not in await read(browser, at(row))


async def test_telling_the_admins_from_here_takes_one_press(
    house: House, browser: httpx.AsyncClient, root: httpx.AsyncClient, row: Workspace
) -> None:
    page = await read(browser, at(row))
    answer = await submit(browser, page, "/hub/reports", message="It is slow.")
    assert answer.headers["location"] == "/hub/?done=reported"
    assert "The administrators were told." in words(await read(browser, "/hub/?done=reported"))
    assert "It is slow." in words(await read(root, "/hub/admin/reports"))


async def _used(house: House, row: Workspace, ago: timedelta) -> None:
    """Last so long ago, and asked a moment ago."""
    now = house.context.clock.now()
    known = {"id": row.id, "entered_at": now - ago, "observed_at": now, "since": now - ago}
    text = (
        "UPDATE workspaces SET entered_at = :entered_at, attached_at = :since, assigned_at = :since, phase_at = :since,"
        " created_at = :since, last_active_at = :since, active_because = 'a kernel was busy', observed_at = :observed_at WHERE id = :id"
    )
    known = {name: _stored(value) if isinstance(value, datetime) else value for name, value in known.items()}
    await house.context.store.write(lambda conn: conn.execute(sa.text(text), known))


def _stored(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


async def test_whoever_is_about_to_lose_it_reads_so_first_and_keeps_it_with_one_press(
    house: House, browser: httpx.AsyncClient, root: httpx.AsyncClient, row: Workspace
) -> None:
    await _used(house, row, timedelta(minutes=30))
    page = await read(browser, at(row))
    assert "Stops soon" not in page
    assert "data-due=" in page
    told = words(page)
    assert "stops when unused for 1 hour 30 minutes; runs for 12 hours at most" in told
    assert "a kernel was busy" in told

    await _used(house, row, timedelta(minutes=85))
    for client, address in ((browser, at(row)), (browser, "/hub/"), (root, at(row))):
        page = await read(client, address)
        assert "<title>Stops soon: " in page
        assert 'role="status"' in page
        assert "JupyterLab stops at" in words(page)
        assert "nothing ran and nobody typed since" in words(page)
        assert [part for part in ("+1 h", "+2 h", "+4 h") if f">{part}<" in page] == ["+1 h", "+2 h", "+4 h"]
    page = await read(browser, "/hub/")
    answer = await submit(browser, page, f"{at(row)}/extend", hours="2")
    assert answer.headers["location"] == "/hub/?done=extended"
    found = await house.context.store.read(workspaces.get, row.id)
    assert found.kept_until - house.context.clock.now() > timedelta(hours=1, minutes=59)
    page = await read(browser, at(row))
    assert "Stops soon" not in page
    assert "You asked for 2 hours more: it goes on until" in words(page)


async def test_more_time_that_an_admin_gives_is_said_to_be_theirs(
    house: House, browser: httpx.AsyncClient, root: httpx.AsyncClient, row: Workspace
) -> None:
    await _used(house, row, timedelta(minutes=5))
    await submit(root, await read(root, at(row)), f"{at(row)}/extend", hours="1")
    assert "root, an admin, gave it 1 hour more: it goes on until" in words(await read(browser, at(row)))


async def test_it_says_where_it_cannot_tell_whether_it_is_used(
    house: House, browser: httpx.AsyncClient, row: Workspace
) -> None:
    await _used(house, row, timedelta(hours=3))
    text = "UPDATE workspaces SET observed_at = last_active_at WHERE id = :id"
    await house.context.store.write(lambda conn: conn.execute(sa.text(text), {"id": row.id}))
    told = words(await read(browser, at(row)))
    assert "It cannot be told whether it is used since" in told
    assert "so it is not stopped for that." in told


async def test_what_it_was_is_read_after_it_is_gone_by_its_owner_and_by_admins(
    house: House, ada: User, browser: httpx.AsyncClient, root: httpx.AsyncClient, row: Workspace
) -> None:
    await service.release(house.context, acting(ada), row.claim_id)
    now, store = house.context.clock.now(), house.context.store
    await store.write(events.add, now, "printed", "Its app printed last:\none\ntwo", workspace_id=row.id)
    stopping = await store.read(workspaces.get, row.id)
    await store.write(workspaces.move, row.id, stopping.version, Phase.GONE, now + timedelta(seconds=90))
    for client in (browser, root):
        told = words(await read(client, at(row)))
        assert "What it printed last one two" in told
        stages = told.partition("How long each stage took")[2]
        for part in ("Starting", "Being handed over", "In its person's hands", "Stopping", "1 min 30 s"):
            assert part in stages
        log = await client.get(f"{API}{at(row).removeprefix('/hub')}/logs?lines=1")
        assert log.json() == {"text": "two"}
    eve = await house.browser(await house.person("eve"))
    assert (await eve.get(f"{API}{at(row).removeprefix('/hub')}/logs")).status_code == 404
