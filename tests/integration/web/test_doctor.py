"""The checks over HTTP: admins are told, nobody else; the page shows the worst first, and looks again on request."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role, Scope
from carrel.domain.finding import Diagnosis, Outcome
from carrel.rules.checkup import dataplane, machine, pools
from carrel.web.app import hub_app

House = Any
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAGE = "/hub/admin/doctor"


class Doctor:
    """Says what a test wants to hear, and counts how often it was asked to look again."""

    def __init__(self, *findings: Any) -> None:
        self.report = Diagnosis(AT, findings)
        self.again = 0

    async def look(self, *, afresh: bool = False) -> Diagnosis:
        self.again += afresh
        return self.report


ILL = (
    dataplane.PORT.bad("Port 80 is <taken>.", "Try `--port`, `x<y`.", about="port"),
    machine.DISK.warning("Little is free."),
    pools.BACKEND.unknown("Who knows."),
    machine.CLOCK.good("It is noon."),
)


@pytest.fixture
def doctor(house: House) -> Doctor:
    found = Doctor(*ILL)
    house.app = hub_app(house.context, checkup=found)
    return found


async def admins_browser(house: House) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(await house.person("ada", Role.ADMIN))
    return client


async def test_an_admins_script_is_told_everything(house: House, doctor: Doctor) -> None:
    client = await house.script(await house.person("ada", Role.ADMIN), Scope.ADMIN)
    answer = await client.get("/hub/api/v1/doctor")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["at"], told["outcome"]) == ("2026-11-21T12:00:00Z", "bad")
    assert told["findings"][0] == {
        "code": "CRL201",
        "subject": "Data plane",
        "title": "Port",
        "about": "port",
        "outcome": "bad",
        "found": "Port 80 is <taken>.",
        "why": dataplane.PORT.why,
        "fix": "Try `--port`, `x<y`.",
    }
    assert [one["outcome"] for one in told["findings"]] == ["bad", "warning", "unknown", "good"]
    assert doctor.again == 0
    await client.get("/hub/api/v1/doctor", params={"fresh": True})
    assert doctor.again == 1


async def test_nobody_else_is_told(house: House, doctor: Doctor) -> None:
    bob = await house.person("bob")
    script, browser, stranger = await house.script(bob), await house.browser(bob), await house.client()
    assert (await script.get("/hub/api/v1/doctor")).status_code == 403
    assert (await browser.get(PAGE)).status_code == 403
    assert (await stranger.get("/hub/api/v1/doctor")).status_code == 401
    assert (await stranger.get(PAGE)).headers["location"].startswith("/hub/sign-in")
    reading = await house.script(await house.person("ada", Role.ADMIN), Scope.READ)
    assert (await reading.get("/hub/api/v1/doctor")).status_code == 403


async def test_where_nobody_can_look_that_is_said(house: House) -> None:
    house.app = hub_app(house.context)
    client = await house.script(await house.person("ada", Role.ADMIN), Scope.ADMIN)
    answer = await client.get("/hub/api/v1/doctor")
    assert answer.status_code == 503
    assert "carrel doctor" in answer.json()["detail"]


async def test_the_page_shows_the_worst_first_with_what_to_do(house: House, doctor: Doctor) -> None:
    page = (await (await admins_browser(house)).get(PAGE)).text
    titles = [re.sub("<[^>]+>", "", title).strip() for title in re.findall(r"<h2.*?>(.*?)</h2>", page)]
    assert titles == ["Port port", "Disk space", "Backend", "This machine"]
    assert "Port 80 is &lt;taken&gt;." in page
    assert "Try <code>--port</code>, <code>x&lt;y</code>." in page
    assert dataplane.PORT.why in page.replace("&#39;", "'")
    assert "It is noon." in page
    assert "All is as it should be" not in page


async def test_all_well_is_said(house: House) -> None:
    house.app = hub_app(house.context, checkup=Doctor(ILL[3]))
    page = (await (await admins_browser(house)).get(PAGE)).text
    assert "All is as it should be" in page
    assert '<details class="card" open>' in page


async def test_check_again_looks_again_and_says_so(house: House, doctor: Doctor) -> None:
    client = await admins_browser(house)
    key = re.search(r'name="form_key" value="(\w+)"', (await client.get(PAGE)).text)
    assert key is not None
    refused = await client.post(PAGE, data={"form_key": "wrong"})
    assert (refused.status_code, doctor.again) == (403, 0)
    answer = await client.post(PAGE, data={"form_key": key[1]})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?done=checked")
    assert doctor.again == 1
    assert "looked at again just now" in (await client.get(answer.headers["location"])).text


def test_a_report_is_as_bad_as_its_worst_finding() -> None:
    assert Diagnosis(AT, ILL).worst is Outcome.BAD
    assert Diagnosis(AT, ILL[1:]).worst is Outcome.WARNING
    assert Diagnosis(AT, ILL[3:]).worst is Outcome.GOOD
