"""Telling the admins: with the timeline and the log, once per thing, at a bearable rate, and answered by them."""

from typing import Any

import httpx
import pytest

from carrel.domain.actor import Person, Role
from carrel.domain.ids import SessionId, WorkspaceId
from carrel.services import audit, reports
from carrel.store import events, workspaces

House = Any
API = "/hub/api/v1"


@pytest.fixture
async def ada(house: House) -> httpx.AsyncClient:
    await house.pool(limit=50, per_user=50)
    client: httpx.AsyncClient = await house.browser(await house.person("ada"))
    return client


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


async def _held(house: House, ada: httpx.AsyncClient) -> dict[str, Any]:
    await house.warm()
    return dict((await ada.post(f"{API}/claims", json={"pool": "lab"})).json())


async def _claims(ada: httpx.AsyncClient, count: int) -> list[str]:
    names = [f"n{number}" for number in range(count)]
    told = [await ada.post(f"{API}/claims", json={"pool": "lab", "name": name}) for name in names]
    return [answer.json()["id"] for answer in told]


async def test_a_report_reaches_the_admins_with_what_happened(
    house: House, ada: httpx.AsyncClient, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = await _held(house, ada)
    row = await house.context.store.read(workspaces.get, WorkspaceId(claim["workspace"]["id"]))

    async def logs(*_: object) -> str:
        return f"first\nGET /?token={row.secret}\nTraceback: boom\n"

    monkeypatch.setattr(type(house.driver), "logs", logs, raising=False)
    sent = await ada.post(f"{API}/reports", json={"claim_id": claim["id"], "message": "It hangs."})
    assert sent.status_code == 201, sent.text
    assert sent.json()["workspace"] == claim["workspace"]["id"]
    [listed] = (await root.get(f"{API}/reports", params={"open": True})).json()["items"]
    assert (listed["user_name"], listed["message"], listed["pool"]) == ("ada", "It hangs.", "lab")
    assert "attached" not in listed
    whole = (await root.get(f"{API}/reports/{listed['id']}")).json()
    for part in (
        claim["id"],
        claim["workspace"]["id"],
        "A running workspace was assigned.",
        "Traceback: boom",
    ):
        assert part in whole["attached"]
    assert row.secret not in whole["attached"]
    [told] = [e for e in await house.context.store.read(events.of_claim, claim["id"]) if e.kind == "reported"]
    assert told.sentence == "The administrators were told."


async def test_telling_of_the_same_again_renews_it(
    house: House, ada: httpx.AsyncClient, root: httpx.AsyncClient
) -> None:
    claim = await _held(house, ada)
    first = (await ada.post(f"{API}/reports", json={"claim_id": claim["id"], "message": "It hangs."})).json()
    again = (await ada.post(f"{API}/reports", json={"workspace_id": claim["workspace"]["id"]})).json()
    assert (again["id"], again["message"]) == (first["id"], "It hangs.")
    assert len((await root.get(f"{API}/reports")).json()["items"]) == 1


async def test_an_admin_says_that_it_is_done_and_it_leaves_the_open_ones(
    house: House, ada: httpx.AsyncClient, root: httpx.AsyncClient
) -> None:
    claim = await _held(house, ada)
    sent = (await ada.post(f"{API}/reports", json={"claim_id": claim["id"]})).json()
    for _ in range(2):
        done = (await root.post(f"{API}/reports/{sent['id']}/done")).json()
        assert (done["done_by"], done["done_at"] is not None) == ("root", True)
    assert (await root.get(f"{API}/reports", params={"open": True})).json()["items"] == []
    assert len((await root.get(f"{API}/reports", params={"open": False})).json()["items"]) == 1
    person = Person(house.people["root"].id, "root", Role.ADMIN, SessionId("s" * 16))
    book = [entry.action for entry in (await audit.page(house.context, person)).items]
    assert book.count("close_report") == 1
    assert book.count("report") == 1


async def test_a_slow_log_keeps_no_report_back(
    house: House, ada: httpx.AsyncClient, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> str:
        return str(await house.context.clock.sleep(3600))

    monkeypatch.setattr(reports, "LOG_WITHIN", 0.01)
    monkeypatch.setattr(type(house.driver), "logs", never, raising=False)
    claim = await _held(house, ada)
    assert (await ada.post(f"{API}/reports", json={"claim_id": claim["id"]})).status_code == 201


async def test_several_in_a_moment_are_enough(house: House, ada: httpx.AsyncClient) -> None:
    many = await _claims(ada, 8)
    answers = [await ada.post(f"{API}/reports", json={"claim_id": claim_id}) for claim_id in many]
    codes = [answer.status_code for answer in answers]
    assert codes == [201] * 6 + [429] * 2
    assert "Try again in" in answers[-1].json()["detail"]


async def test_whoever_has_very_many_open_ones_is_sent_to_a_person(
    house: House, ada: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_OPEN", 2)
    many = await _claims(ada, 3)
    for claim_id in many[:2]:
        assert (await ada.post(f"{API}/reports", json={"claim_id": claim_id})).status_code == 201
    refused = await ada.post(f"{API}/reports", json={"claim_id": many[2]})
    assert (refused.status_code, "Talk to an admin" in refused.text) == (429, True)
    assert (await ada.post(f"{API}/reports", json={"claim_id": many[0]})).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"claim_id": "c" * 16, "workspace_id": "w" * 16}, 422),
        ({"claim_id": "c" * 16}, 404),
        ({"workspace_id": "w" * 16}, 404),
        ({"claim_id": "c" * 16, "message": "x" * 5000}, 422),
        ({"claim_id": "../x"}, 422),
    ],
)
async def test_a_report_about_nothing_is_refused(
    ada: httpx.AsyncClient, body: dict[str, str], status: int
) -> None:
    assert (await ada.post(f"{API}/reports", json=body)).status_code == status


async def test_a_report_about_somebody_elses_is_about_nothing(house: House, ada: httpx.AsyncClient) -> None:
    claim = await _held(house, ada)
    eve = await house.browser(await house.person("eve"))
    for body in ({"claim_id": claim["id"]}, {"workspace_id": claim["workspace"]["id"]}):
        assert (await eve.post(f"{API}/reports", json=body)).status_code == 404
