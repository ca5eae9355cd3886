"""What an operator's machines ask: is it alive, is it fit, how is it doing."""

import asyncio
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role, Scope
from carrel.ports.driver import DriverUnavailable
from carrel.store import pools

House = Any
API = "/hub/api/v1"


@pytest.fixture
async def stranger(house: House) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.client()
    return client


async def test_it_is_alive_whatever_the_store_does(
    house: House, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.context.store.aclose()
    answer = await stranger.get("/hub/health/live")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


async def test_it_is_fit_while_the_store_answers(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/hub/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "store": "answers", "backends": {"memory": "answers"}}


async def test_it_is_unfit_without_its_store(house: House, stranger: httpx.AsyncClient) -> None:
    await house.context.store.aclose()
    answer = await stranger.get("/hub/health/ready")
    assert (answer.status_code, answer.json()["store"]) == (503, "away")


async def test_it_is_unfit_while_its_store_cannot_be_written(
    house: House, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(house.context.store), "is_writable", False)
    answer = await stranger.get("/hub/health/ready")
    assert (answer.status_code, answer.json()["store"]) == (503, "cannot be written")


async def test_a_backend_that_is_away_is_told_and_makes_nobody_unfit(
    house: House, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise DriverUnavailable("It is away.")

    monkeypatch.setattr(house.driver, "list", away)
    answer = await stranger.get("/hub/health/ready")
    assert (answer.status_code, answer.json()["backends"]) == (200, {"memory": "away"})


async def test_strangers_cannot_make_the_backends_work(
    house: House, stranger: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    async def counted() -> list[object]:
        looks.append(1)
        return []

    monkeypatch.setattr(house.driver, "list", counted)
    await asyncio.gather(*(stranger.get("/hub/health/ready") for _ in range(50)))
    assert len(looks) == 1


async def test_metrics_are_for_admins(house: House, stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/hub/metrics")).status_code == 401
    ada = await house.script(await house.person("ada"))
    assert (await ada.get("/hub/metrics")).status_code == 403
    root = await house.script(await house.person("root", Role.ADMIN), Scope.ADMIN)
    answer = await root.get("/hub/metrics")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")


async def scraped(client: httpx.AsyncClient) -> dict[str, float]:
    lines = (await client.get("/hub/metrics")).text.splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))
    }


async def test_metrics_tell_pools_claims_and_requests(house: House, owner: httpx.AsyncClient) -> None:
    await house.pool(warm=2, limit=5)
    await house.warm(count=2)
    ada = await house.person("ada")
    for body in (
        {"pool": "lab", "user": ada.id},
        {"pool": "lab", "user": ada.id},
        {"pool": "none", "user": ada.id},
    ):
        await owner.post(f"{API}/claims", json=body)
    await owner.get("/hub/nothing/at/all")
    found = await scraped(owner)
    assert found['carrel_workspaces{pool="lab",state="ready"}'] == 1
    assert found['carrel_workspaces{pool="lab",state="claimed"}'] == 1
    assert found['carrel_pool_warm{pool="lab"}'] == 2
    assert found['carrel_pool_limit{pool="lab"}'] == 5
    assert found['carrel_claims_waiting{pool="lab"}'] == 0
    assert found['carrel_claims_total{outcome="assigned",pool="lab"}'] == 1
    assert found['carrel_claims_total{outcome="again",pool="lab"}'] == 1
    assert found['carrel_claims_total{outcome="not_found",pool=""}'] == 1
    assert found['carrel_claim_seconds_count{outcome="assigned"}'] == 1
    claims = f'carrel_http_requests_total{{method="POST",route="{API}/claims",status='
    assert (found[claims + '"201"}'], found[claims + '"200"}'], found[claims + '"404"}']) == (1, 1, 1)
    assert found['carrel_http_requests_total{method="GET",route="other",status="404"}'] == 1


async def test_what_strangers_type_makes_no_new_series(house: House, owner: httpx.AsyncClient) -> None:
    for number in range(20):
        await owner.get(f"/hub/random/{number}")
        await owner.request(f"M{number}", f"{API}/claims")
        await owner.post(f"{API}/claims", json={"pool": f"p{number}", "user": "aaaaaaaaaaaaaaaa"})
    assert len([name for name in await scraped(owner) if "created" not in name]) < 60


async def test_a_pool_that_is_gone_is_told_no_more(house: House, owner: httpx.AsyncClient) -> None:
    await house.pool()
    assert 'carrel_pool_limit{pool="lab"}' in await scraped(owner)
    await house.context.store.write(pools.remove, "lab", house.context.clock.now())
    assert 'carrel_pool_limit{pool="lab"}' not in await scraped(owner)
