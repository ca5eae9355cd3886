"""A day with more people than containers: a class comes in at once, and then the engine dies under all of them."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from html import unescape
from itertools import accumulate
from typing import Any
from urllib.parse import urljoin

import pytest
from tests.docker_engine import Engine
from tests.e2e.browserless import signed_in
from tests.e2e.running import Carrel, PersonWithToken, eventually, running

WARM, LIMIT, AT_ONCE = 10, 20, 50
APP = """
import http.server

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("", 8888), Page).serve_forever()
"""
CONFIG = """
[backends.docker]
driver = "docker"
host = "{host}"
pull = "never"
stop_grace = "1s"

[templates.small]
title = "Small app"
image = "{image}"
command = ["python3", "-IS", "-c", '''{app}''']
path = "strip"
home = "none"

[pools.jupyterlab]
warm = 0

[pools.small]
template = "small"
backend = "docker"
warm = {warm}
limit = {limit}
per_user = {per_user}
"""
PEOPLE = ("ada", "ben", "cyd", "dee", "eli")
Claim = dict[str, Any]


@pytest.fixture(scope="module")
async def carrel(
    tmp_path_factory: pytest.TempPathFactory, docker: Engine, image: str
) -> AsyncIterator[Carrel]:
    config = CONFIG.format(host=docker.host, image=image, app=APP, warm=WARM, limit=LIMIT, per_user=AT_ONCE)
    try:
        async with running(tmp_path_factory.mktemp("day"), config) as carrel:
            await carrel.warm("small", WARM, 150)
            yield carrel
    finally:
        if not docker.is_running():
            docker.start()
        docker.clear()


@pytest.fixture(scope="module")
async def people(carrel: Carrel) -> list[PersonWithToken]:
    return [await carrel.person(name) for name in PEOPLE]


async def test_fifty_claims_at_once_ten_go_in_ten_as_they_start_and_thirty_queue(
    carrel: Carrel, people: list[PersonWithToken], docker: Engine
) -> None:
    since = time.time()
    before = len(docker.containers())
    asked = await asyncio.gather(*(asks(carrel, people[number % 5], number) for number in range(AT_ONCE)))
    at_once = {claim["id"] for claim in asked if claim["state"] == "held"}
    assert len(at_once) == WARM

    async def as_many_as_may_be() -> list[Claim] | None:
        found = await claims(carrel)
        return found if _states(found)["held"] == LIMIT else None

    found = await eventually("as many are held as there may be", as_many_as_may_be, 120, every=0.3)
    assert _states(found) == {"held": LIMIT, "waiting": AT_ONCE - LIMIT}
    places = [claim["position"] for claim in found if claim["state"] == "waiting"]
    assert sorted(places) == list(range(1, AT_ONCE - LIMIT + 1))
    assert at_once <= {claim["id"] for claim in found if claim["state"] == "held"}
    assert most_at_once(docker, before, since) == LIMIT, "by the engine's own book never one more"


async def test_an_engine_killed_under_twenty_loses_none_leaves_none_and_its_people_are_told(
    carrel: Carrel, people: list[PersonWithToken], docker: Engine
) -> None:
    await leave_the_queue(carrel)
    held = {
        claim["id"]: claim["workspace"]["id"] for claim in await claims(carrel) if claim["state"] == "held"
    }
    assert len(held) == LIMIT
    docker.kill()
    docker.start()

    async def all_have_ended() -> list[Claim] | None:
        found = [claim for claim in await claims(carrel) if claim["id"] in held]
        return found if _states(found) == {"released": LIMIT} else None

    ended = await eventually("all of them have ended", all_have_ended, 120, every=0.3)
    assert {claim["id"]: claim["workspace"]["id"] for claim in ended} == held
    (told,) = {claim["workspace"]["reason"] for claim in ended}
    assert "engine" in told, told
    await carrel.warm("small", WARM, 150)
    await eventually("what runs is what is in the table", lambda: is_in_order(carrel, docker), 60, every=0.3)

    mine = {claim["id"] for claim in await claims(carrel, people[0])}
    visitor = await signed_in(carrel, people[0])
    page = await visitor.navigate(
        f"{carrel.hub}claims/{next(one['id'] for one in ended if one['id'] in mine)}"
    )
    assert told in unescape(page.text)
    home = await visitor.navigate(carrel.hub)
    answer = await visitor.submit(home, "/hub/open/small")
    opened = await visitor.navigate(urljoin(str(answer.url), answer.headers["location"]))
    assert opened.text == "here", "one click gives another"


async def asks(carrel: Carrel, person: PersonWithToken, number: int) -> Claim:
    async with carrel.api(person.token) as api:
        answer = await api.post("/claims", json={"pool": "small", "name": f"desk-{number}"})
    assert answer.status_code in (201, 202), answer.text
    return dict(answer.json())


async def claims(carrel: Carrel, person: PersonWithToken | None = None) -> list[Claim]:
    """Everybody's or one person's, also those that ended."""
    async with carrel.api(person.token if person else None) as api:
        answer = await api.get("/claims", params={"pool": "small", "limit": 100})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def leave_the_queue(carrel: Carrel) -> None:
    async with carrel.api() as api:
        for claim in await claims(carrel):
            if claim["state"] == "waiting":
                answer = await api.delete(f"/claims/{claim['id']}")
                assert answer.status_code == 200, answer.text


async def is_in_order(carrel: Carrel, docker: Engine) -> bool:
    """The engine has the containers of the workspaces that live, and no others."""
    async with carrel.api() as api:
        listed = (await api.get("/workspaces", params={"pool": "small", "limit": 100})).json()["items"]
    live = {one["id"] for one in listed if one["phase"] != "gone"}
    shown = docker.docker("ps", "--all", "--format", '{{.Label "carrel.workspace"}}').stdout.split()
    return sorted(shown) == sorted(live)


def most_at_once(docker: Engine, before: int, since: float) -> int:
    """How many containers there were at most, by what the engine noted of each that came and went."""
    kinds = ("type=container", "event=create", "event=destroy")
    filters = [part for kind in kinds for part in ("--filter", kind)]
    noted = docker.docker(
        "events",
        "--since",
        f"{since:.3f}",
        "--until",
        f"{time.time():.3f}",
        *filters,
        "--format",
        "{{.Action}}",
    )
    changes = [1 if line == "create" else -1 for line in noted.stdout.split()]
    return max(accumulate(changes, initial=before))


def _states(found: list[Claim]) -> Counter[str]:
    return Counter(claim["state"] for claim in found)
