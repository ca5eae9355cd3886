"""Whatever is wrong with a request: a problem with a code and a sentence, nothing echoed, nothing done, and the hub goes on."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role
from carrel.domain.errors import ALL_ERRORS, CarrelError, Unavailable
from carrel.web import problems
from carrel.web.problems import KINDS

House = Any
API = "/hub/api/v1"
SECRET = "hunter2-is-a-secret"


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    await house.pool()
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


def is_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["code"] == code
    assert told["type"] == f"/hub/problems/{code}"
    assert told["status"] == status
    assert told["title"]
    assert told["detail"].endswith((".", "!", "?")) or told["detail"]
    assert told["instance"]
    return told


def test_every_error_code_has_a_status_and_a_title() -> None:
    assert {error.code for error in ALL_ERRORS} <= set(KINDS)


@pytest.mark.parametrize("kind", ALL_ERRORS)
def test_every_error_becomes_its_problem_without_the_operators_detail(kind: type[CarrelError]) -> None:
    answer = problems.of_error(kind("It is so.", detail=SECRET))
    told = json.loads(bytes(answer.body))
    assert answer.status_code == KINDS[kind.code].status
    assert (told["code"], told["detail"]) == (kind.code, "It is so.")
    assert SECRET not in str(told)


BAD_CLAIMS: dict[str, Any] = {
    "no pool": {},
    "null": None,
    "a list": [],
    "a number": 7,
    "a text": "lab",
    "an unknown field": {"pool": "lab", "colour": SECRET},
    "a user's name for an id": {"pool": "lab", "user": SECRET},
    "a pool that is a list": {"pool": ["lab"]},
    "a pool with a NUL": {"pool": "lab\0"},
    "a pool with a line break": {"pool": "lab\n"},
    "a pool with capital letters": {"pool": "LAB"},
    "a pool that is a path": {"pool": "../../etc/passwd"},
    "a pool of a megabyte": {"pool": "a" * 1_000_000},
    "an empty name": {"pool": "lab", "name": ""},
    "a name that is markup": {"pool": "lab", "name": "<script>"},
    "parameters that are nested": {"pool": "lab", "parameters": {"a": {"b": {"c": 1}}}},
    "too many parameters": {"pool": "lab", "parameters": {f"p{number}": 1 for number in range(60)}},
}


@pytest.mark.parametrize("body", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_body_of_the_wrong_shape_is_refused_and_not_repeated(
    house: House, root: httpx.AsyncClient, body: object
) -> None:
    answer = await root.post(f"{API}/claims", json=body)
    told = is_problem(answer, 422, "invalid")
    assert told["fields"]
    assert SECRET not in answer.text
    assert len(answer.content) < 10_000
    assert (await root.get(f"{API}/claims")).json()["items"] == []


BAD_BODIES = {
    "nothing": b"",
    "no JSON": b"{pool: lab}",
    "half of it": b'{"pool": "la',
    "not UTF-8": b'{"pool": "\xff\xfe"}',
    "half a surrogate pair": b'{"pool": "\\ud800"}',
    "very deep": b"[" * 100_000,
    "a very long number": b'{"pool": ' + b"9" * 10_000 + b"}",
    "not a number": b'{"pool": NaN}',
    "the same key twice": b'{"pool": "lab", "pool": 7}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
async def test_a_body_that_is_no_json_is_refused(root: httpx.AsyncClient, body: bytes) -> None:
    answer = await root.post(f"{API}/claims", content=body, headers={"Content-Type": "application/json"})
    is_problem(answer, 422, "invalid")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_that_a_form_could_send_is_not_read_as_json(root: httpx.AsyncClient, kind: str) -> None:
    answer = await root.post(f"{API}/claims", content=b'{"pool": "lab"}', headers={"Content-Type": kind})
    is_problem(answer, 422, "invalid")


async def test_ten_megabytes_are_too_large_announced_or_not(root: httpx.AsyncClient) -> None:
    async def ten_megabytes() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    headers = {"Content-Type": "application/json"}
    announced = await root.post(f"{API}/claims", content=b" " * 10_000_000, headers=headers)
    is_problem(announced, 413, "too_large")
    unannounced = await root.post(f"{API}/claims", content=ten_megabytes(), headers=headers)
    is_problem(unannounced, 413, "too_large")


BAD_QUERIES = [
    "/claims?limit=0",
    "/claims?limit=1000000",
    "/claims?limit=many",
    "/claims?state=lost",
    "/claims?user=ada",
    "/claims?after=" + "x" * 300,
    "/claims?after=%00",
    "/claims?after=nonsense",
    "/workspaces?phase=warm",
    "/workspaces?pool=A%20B",
    "/audit?after=nonsense",
    "/users?after=nonsense",
]


@pytest.mark.parametrize("address", BAD_QUERIES)
async def test_a_query_that_means_nothing_is_refused(root: httpx.AsyncClient, address: str) -> None:
    is_problem(await root.get(API + address), 422, "invalid")


NOWHERE = [
    "/claims/nobody",
    "/claims/aaaaaaaaaaaaaaaa",
    "/claims/AAAAAAAAAAAAAAAA",
    "/claims/aaaaaaaaaaaaaaaa%00",
    "/claims/" + "a" * 5000,
    "/claims/aaaaaaaaaaaaaaaa/events",
    "/workspaces/aaaaaaaaaaaaaaaa",
    "/workspaces/aaaaaaaaaaaaaaaa/logs",
    "/pools/none",
    "/pools/%2e%2e",
    "/templates/none",
    "/users/aaaaaaaaaaaaaaaa",
    "/nothing",
    "/claims/",
]


@pytest.mark.parametrize("address", NOWHERE)
async def test_what_is_not_there_is_not_found(root: httpx.AsyncClient, address: str) -> None:
    is_problem(await root.get(API + address), 404, "not_found")


async def test_a_method_that_an_address_does_not_take_says_which_it_takes(root: httpx.AsyncClient) -> None:
    answer = await root.put(f"{API}/claims", json={})
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


async def test_what_is_away_says_when_to_try_again(
    house: House, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise Unavailable("The database is away. Try again.", detail=SECRET)

    monkeypatch.setattr("carrel.services.pools.page", away)
    answer = await root.get(f"{API}/pools")
    is_problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert SECRET not in answer.text


async def test_an_accident_is_a_problem_without_a_stack_trace(
    house: House, root: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr("carrel.services.pools.page", broken)
    answer = await root.get(f"{API}/pools")
    is_problem(answer, 500, "internal")
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert (await root.get(f"{API}/templates")).status_code == 200


async def test_headers_and_cookies_are_never_repeated(house: House) -> None:
    client = await house.client(
        {"Authorization": f"Bearer {SECRET}", "X-Whatever": SECRET, "User-Agent": SECRET}
    )
    for address in ("/claims", "/nothing", "/claims/x"):
        answer = await client.get(API + address)
        assert SECRET not in answer.text + str(answer.headers)


async def test_an_answer_is_never_kept_by_anybody_on_the_way(root: httpx.AsyncClient) -> None:
    for address in ("/pools", "/nothing"):
        assert (await root.get(API + address)).headers["cache-control"] == "no-store"


async def test_the_type_of_a_problem_is_an_address_that_explains_it(house: House) -> None:
    stranger = await house.client()
    refused = (await stranger.get(f"{API}/pools")).json()
    explained = await stranger.get(refused["type"])
    assert explained.status_code == 200
    assert explained.text.startswith("unauthenticated: ")
    is_problem(await stranger.get("/hub/problems/nonsense"), 404, "not_found")
