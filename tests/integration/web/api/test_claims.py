"""POST /claims and what follows from it, over a real store."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from carrel.domain.actor import Role, Scope, System
from carrel.services import users
from carrel.web.api.sse import Streams

House = Any
API = "/hub/api/v1"


async def test_a_claim_is_assigned_a_warm_workspace(house: House) -> None:
    await house.pool()
    [warm] = await house.warm()
    ada = await house.script(await house.person("ada"))
    answer = await ada.post(f"{API}/claims", json={"pool": "lab"})
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["location"] == f"{API}/claims/{told['id']}"
    assert set(told) >= {"id", "pool", "name", "state", "position", "estimate_seconds", "workspace"}
    assert (told["state"], told["position"], told["name"]) == ("held", None, "default")
    place = told["workspace"]
    assert set(place) == {
        *("id", "pool", "owner", "phase", "url", "base_url", "created_at"),
        *("last_active_at", "stops_at", "reason", "stops_because", "last_active_because", "idle_since"),
        *("unknown", "warned_at", "kept_until", "update_available", "ailment"),
    }
    assert place["id"] == warm.id
    assert place["owner"] == house.people["ada"].id
    assert place["url"] == f"http://{warm.id}.localhost:8001/w/{warm.id}/lab"
    assert place["base_url"] == f"http://{warm.id}.localhost:8001/w/{warm.id}/"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", place["created_at"])


async def test_the_same_claim_again_answers_200_with_the_same_workspace(house: House) -> None:
    await house.pool()
    await house.warm(count=2)
    ada = await house.script(await house.person("ada"))
    first = await ada.post(f"{API}/claims", json={"pool": "lab"})
    again = await ada.post(f"{API}/claims", json={"pool": "lab"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["workspace"]["id"] == first.json()["workspace"]["id"]


async def test_another_name_is_another_claim(house: House) -> None:
    await house.pool()
    await house.warm(count=2)
    ada = await house.script(await house.person("ada"))
    one = (await ada.post(f"{API}/claims", json={"pool": "lab", "name": "one"})).json()
    two = (await ada.post(f"{API}/claims", json={"pool": "lab", "name": "two"})).json()
    assert one["workspace"]["id"] != two["workspace"]["id"]


async def test_none_warm_answers_202_with_a_place_in_the_queue(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    bob = await house.script(await house.person("bob"))
    first = await ada.post(f"{API}/claims", json={"pool": "lab"})
    second = await bob.post(f"{API}/claims", json={"pool": "lab"})
    assert (first.status_code, second.status_code) == (202, 202)
    assert (first.json()["position"], second.json()["position"]) == (1, 2)
    assert first.json()["workspace"] is None
    assert 1 <= int(second.headers["retry-after"]) <= 30
    assert second.headers["location"] == f"{API}/claims/{second.json()['id']}"


async def test_a_released_claim_is_told_as_released_and_its_workspace_as_stopping(house: House) -> None:
    await house.pool()
    await house.warm()
    ada = await house.script(await house.person("ada"))
    held = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    released = await ada.delete(f"{API}/claims/{held['id']}")
    assert released.json()["state"] == "released"
    place = (await ada.get(f"{API}/workspaces/{held['workspace']['id']}")).json()
    assert place["phase"] == "stopping"
    assert place["reason"]
    assert (await ada.delete(f"{API}/claims/{held['id']}")).status_code == 200


async def test_the_persons_own_limit_is_exhausted_and_says_when_to_try_again(house: House) -> None:
    await house.pool(per_user=1)
    await house.warm(count=2)
    ada = await house.script(await house.person("ada"))
    await ada.post(f"{API}/claims", json={"pool": "lab", "name": "one"})
    refused = await ada.post(f"{API}/claims", json={"pool": "lab", "name": "two"})
    assert (refused.status_code, refused.json()["code"]) == (429, "exhausted")
    assert "retry-after" in refused.headers


async def test_an_admin_claims_for_somebody_and_a_person_only_for_themselves(house: House) -> None:
    await house.pool()
    await house.warm(count=2)
    ada, bob = await house.person("ada"), await house.person("bob")
    root = await house.script(await house.person("root", Role.ADMIN), Scope.ADMIN)
    given = await root.post(f"{API}/claims", json={"pool": "lab", "user": ada.id})
    assert given.json()["workspace"]["owner"] == ada.id
    refused = await (await house.script(bob)).post(f"{API}/claims", json={"pool": "lab", "user": ada.id})
    assert refused.status_code == 403


async def test_parameters_that_no_template_asks_for_are_refused(house: House) -> None:
    await house.pool()
    await house.warm()
    ada = await house.script(await house.person("ada"))
    refused = await ada.post(f"{API}/claims", json={"pool": "lab", "parameters": {"size": "large"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert (await ada.get(f"{API}/claims")).json()["items"] == []


async def test_a_list_comes_in_pages_that_fit_together(house: House) -> None:
    await house.pool(limit=20, per_user=20)
    ada = await house.script(await house.person("ada"))
    made = [
        (await ada.post(f"{API}/claims", json={"pool": "lab", "name": f"c{number}"})).json()["id"]
        for number in range(7)
    ]
    seen, after = [], None
    for _ in range(4):
        query = {"limit": 2} | ({"after": after} if after else {})
        page = (await ada.get(f"{API}/claims", params=query)).json()
        assert set(page) == {"items", "next"}
        seen += [claim["id"] for claim in page["items"]]
        after = page["next"]
    assert after is None
    assert seen == made[::-1]


async def test_a_list_filters_by_pool_and_state(house: House) -> None:
    await house.pool()
    await house.pool("other")
    await house.warm()
    ada = await house.script(await house.person("ada"))
    held = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()["id"]
    waiting = (await ada.post(f"{API}/claims", json={"pool": "other", "home": "other"})).json()["id"]

    async def listed(**query: str) -> list[str]:
        return [claim["id"] for claim in (await ada.get(f"{API}/claims", params=query)).json()["items"]]

    assert await listed(pool="lab") == [held]
    assert await listed(state="waiting") == [waiting]
    assert await listed(state="released") == []


async def test_events_are_a_page_and_go_on_after_a_number(house: House) -> None:
    await house.pool()
    await house.warm()
    ada = await house.script(await house.person("ada"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    page = (await ada.get(f"{API}/claims/{claim['id']}/events")).json()
    assert [event["seq"] for event in page["items"]] == list(range(1, len(page["items"]) + 1))
    assert all(set(event) == {"seq", "at", "kind", "sentence"} for event in page["items"])
    later = (await ada.get(f"{API}/claims/{claim['id']}/events", params={"after": 1})).json()
    assert later["items"] == page["items"][1:]


def messages(text: str) -> Iterator[dict[str, str]]:
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            yield fields


async def test_a_stream_tells_every_event_and_ends_once_settled(house: House) -> None:
    await house.pool()
    await house.warm()
    ada = await house.script(await house.person("ada"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    address = f"{API}/claims/{claim['id']}/events"
    told = (await ada.get(address)).json()["items"]
    answer = await ada.get(address, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = list(messages(answer.text))
    assert found[0]["event"] == "claim"
    assert [json.loads(one["data"]) for one in found if "id" in one] == told
    assert found[-1]["event"] == "settled"
    assert json.loads(found[-1]["data"])["workspace"]["id"] == claim["workspace"]["id"]


async def test_a_stream_goes_on_after_the_last_event_a_browser_saw(house: House) -> None:
    await house.pool()
    await house.warm()
    ada = await house.script(await house.person("ada"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    answer = await ada.get(
        f"{API}/claims/{claim['id']}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "1"}
    )
    assert [one["id"] for one in messages(answer.text) if "id" in one][:1] == ["2"]


async def test_a_stream_of_a_waiting_claim_ends_when_a_workspace_is_given(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    stream = asyncio.create_task(
        ada.get(f"{API}/claims/{claim['id']}/events", headers={"Accept": "text/event-stream"})
    )
    await asyncio.sleep(0.1)
    assert not stream.done()
    await house.warm()
    await house.assign()
    answer = await asyncio.wait_for(stream, 10)
    assert json.loads(list(messages(answer.text))[-1]["data"])["state"] == "held"


async def test_a_stream_of_somebody_elses_claim_is_refused_before_it_begins(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    eve = await house.script(await house.person("eve"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    answer = await eve.get(f"{API}/claims/{claim['id']}/events", headers={"Accept": "text/event-stream"})
    assert answer.status_code in (403, 404)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_one_person_cannot_hold_any_number_of_streams_open(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    enter = Streams.enter

    def counted(streams: Streams, who: str) -> None:
        enter(streams, who)
        begun.append(who)

    monkeypatch.setattr(Streams, "enter", counted)
    await house.pool()
    ada = await house.script(await house.person("ada"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    address, accept = f"{API}/claims/{claim['id']}/events", {"Accept": "text/event-stream"}
    streams = [asyncio.create_task(ada.get(address, headers=accept)) for _ in range(20)]
    try:
        async with asyncio.timeout(30):
            while len(begun) < len(streams):
                await asyncio.sleep(0.01)
        assert (await ada.get(address, headers=accept)).status_code == 429
        await ada.delete(f"{API}/claims/{claim['id']}")
        await asyncio.wait_for(asyncio.gather(*streams), 20)
        assert (await ada.get(address, headers=accept)).status_code == 200
    finally:
        for stream in streams:
            stream.cancel()


async def test_streams_asked_for_at_the_same_moment_are_counted_too(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    address, accept = f"{API}/claims/{claim['id']}/events", {"Accept": "text/event-stream"}
    streams = [asyncio.create_task(ada.get(address, headers=accept)) for _ in range(60)]
    async with asyncio.timeout(10):
        while sum(stream.done() for stream in streams) < 40:
            await asyncio.sleep(0.02)
    await ada.delete(f"{API}/claims/{claim['id']}")
    answers = [answer.status_code for answer in await asyncio.wait_for(asyncio.gather(*streams), 20)]
    assert (answers.count(200), answers.count(429)) == (20, 40)


async def test_a_stream_ends_when_its_person_is_shut_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with it the waiting: nobody keeps a place in the queue for somebody who may not come."""
    monkeypatch.setattr("carrel.services.claims.SILENCE", 0.05)
    await house.pool()
    ada = await house.person("ada")
    browser = await house.browser(ada)
    claim = (await browser.post(f"{API}/claims", json={"pool": "lab"})).json()
    stream = asyncio.create_task(
        browser.get(f"{API}/claims/{claim['id']}/events", headers={"Accept": "text/event-stream"})
    )
    await asyncio.sleep(0.2)
    assert not stream.done()
    await users.disable(house.context, System(), ada.id)
    found = list(messages((await asyncio.wait_for(stream, 10)).text))
    assert found[-1].get("event") != "settled"


@pytest.mark.parametrize("count", [12])
async def test_claims_at_once_get_a_workspace_each(house: House, count: int) -> None:
    await house.pool(limit=count)
    await house.warm(count=count)
    people = [await house.script(await house.person(f"p{number}")) for number in range(count)]
    answers = await asyncio.gather(*(one.post(f"{API}/claims", json={"pool": "lab"}) for one in people))
    assert [answer.status_code for answer in answers] == [201] * count
    assert len({answer.json()["workspace"]["id"] for answer in answers}) == count
