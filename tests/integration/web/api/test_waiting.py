"""What the API tells whoever waits: how far it is, for how long still, what is going on."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from carrel.domain.actor import Scope, TokenHolder
from carrel.domain.ids import ClaimId, TokenId
from carrel.domain.workspace import Phase
from carrel.services import claims
from carrel.store import workspaces

House = Any
API = "/hub/api/v1"
STEPS = ["queue", "machine", "start", "app", "files"]


def states(claim: dict[str, Any]) -> str:
    assert [step["name"] for step in claim["steps"]] == STEPS
    return " ".join(step["state"] for step in claim["steps"])


async def test_one_claim_tells_its_steps_and_a_list_does_not(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    assert asked["steps"] == []
    told = (await ada.get(f"{API}/claims/{asked['id']}")).json()
    assert states(told) == "now todo todo todo todo"
    assert told["steps"][0]["began_at"]
    assert told["steps"][0]["took_seconds"] is None
    assert told["sentence"] == asked["sentence"] == "A workspace is about to be started for you."
    assert (told["estimate_seconds"], told["estimate_range"], told["trouble"]) == (None, None, None)
    [listed] = (await ada.get(f"{API}/claims")).json()["items"]
    assert listed["steps"] == []


async def test_a_held_claim_tells_what_each_step_took(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    await house.warm()
    await house.assign()
    told = (await ada.get(f"{API}/claims/{asked['id']}")).json()
    assert states(told) == "done done done done done"
    assert told["sentence"] == "It is ready."
    assert all(step["took_seconds"] >= 0 for step in told["steps"] if step["name"] != "start")


async def test_earlier_starts_make_an_estimate_with_a_range_for_the_claim_and_for_the_pool(
    house: House,
) -> None:
    await house.pool()
    await house.warm()
    ada = await house.script(await house.person("ada"))
    assert (await ada.get(f"{API}/pools/lab")).json()["estimate_seconds"] is None
    bob = await house.script(await house.person("bob"))
    await bob.post(f"{API}/claims", json={"pool": "lab"})
    pool = (await ada.get(f"{API}/pools/lab")).json()
    assert pool["estimate_seconds"] == 1.0
    assert pool["estimate_range"] == [1.0, 1.0]
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    assert (asked["estimate_seconds"], asked["estimate_range"]) == (1.0, [1.0, 1.0])


async def test_a_full_pool_promises_nothing_and_says_why(house: House) -> None:
    await house.pool(limit=1)
    await house.warm()
    bob = await house.script(await house.person("bob"))
    await bob.post(f"{API}/claims", json={"pool": "lab"})
    ada = await house.script(await house.person("ada"))
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    assert asked["estimate_range"] is None
    assert asked["sentence"].startswith("The only workspace of this pool is taken.")


async def test_leaving_the_queue_is_not_called_giving_back(house: House) -> None:
    await house.pool()
    ada = await house.script(await house.person("ada"))
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    left = (await ada.delete(f"{API}/claims/{asked['id']}")).json()
    assert left["sentence"] == "You left the queue."
    told = (await ada.get(f"{API}/claims/{asked['id']}")).json()
    assert states(told) == "failed todo todo todo todo"


async def test_whoever_follows_a_claim_sees_its_steps_as_they_are_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrel.services.claims.NEARLY", 0.02)
    await house.pool()
    person = await house.person("ada")
    ada = await house.script(person)
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    row, now, write = house.new_row("lab"), house.context.clock.now, house.context.store.write

    async def served() -> None:
        await house.warm()
        await house.assign()

    goes_on = iter(
        [
            lambda: write(workspaces.intend, row),
            lambda: write(workspaces.move, row.id, row.version, Phase.STARTING, now()),
            served,
        ]
    )
    seen = []
    actor = TokenHolder(person.id, person.name, person.role, TokenId(asked["id"]), frozenset({Scope.USE}))
    async for event in claims.watch(house.context, actor, ClaimId(asked["id"])):
        told = states((await ada.get(f"{API}/claims/{asked['id']}")).json())
        if event is None and told not in seen:
            seen.append(told)
            await next(goes_on)()
    assert seen == ["now todo todo todo todo", "done now todo todo todo", "done done now todo todo"]
    told = (await ada.get(f"{API}/claims/{asked['id']}")).json()
    assert states(told) == "done done done done done"


async def test_the_stream_of_one_that_starts_again_goes_on_until_it_is_ready(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carrel.services.claims.NEARLY", 0.02)
    await house.pool()
    [row] = await house.warm()
    ada = await house.script(await house.person("ada"))
    asked = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    now, store = house.context.clock.now, house.context.store
    row = await store.read(workspaces.get, row.id)
    row = await store.write(workspaces.move, row.id, row.version, Phase.STARTING, now())
    stream = asyncio.create_task(
        ada.get(f"{API}/claims/{asked['id']}/events", headers={"Accept": "text/event-stream"})
    )
    await asyncio.sleep(0.2)
    assert not stream.done()
    assert await store.write(workspaces.move, row.id, row.version, Phase.READY, now() + timedelta(seconds=1))
    text = (await asyncio.wait_for(stream, 10)).text
    assert '"It is starting again."' in text
    assert '"It is ready."' in text.rpartition("event: settled")[2]
