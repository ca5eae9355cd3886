"""Who may do what: every operation of the API, asked by everybody. An operation that is not in the table fails."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role, Scope
from carrel.web.api.v1.routes import description

House = Any
API = "/hub/api/v1"

NOBODY, READER, SCRIPT, PERSON, STRANGER, ADMIN, ADMINS_READER = ASKERS = (
    "nobody",
    "a reading token of the person",
    "a using token of the person",
    "the person",
    "another person",
    "an admin",
    "a reading token of an admin",
)


@dataclass(frozen=True)
class World:
    """What there is when somebody asks: the person holds a workspace and has a token."""

    person: str
    claim: str
    workspace: str
    token: str
    report: str
    home: str


Ask = Callable[[World], dict[str, Any]]

OPERATIONS: dict[str, tuple[Ask, tuple[int, ...]]] = {
    # nobody, reader, script, person, stranger, admin, admin's reader
    "claims.claim": (
        lambda _: {"method": "POST", "url": "/claims", "json": {"pool": "lab", "name": "more"}},
        (401, 403, 201, 201, 201, 201, 403),
    ),
    "claims.page": (lambda _: {"url": "/claims"}, (401, 200, 200, 200, 200, 200, 200)),
    "claims.get": (lambda w: {"url": f"/claims/{w.claim}"}, (401, 200, 200, 200, 404, 200, 404)),
    "claims.release": (
        lambda w: {"method": "DELETE", "url": f"/claims/{w.claim}"},
        (401, 403, 200, 200, 404, 200, 404),
    ),
    "claims.events": (lambda w: {"url": f"/claims/{w.claim}/events"}, (401, 200, 200, 200, 404, 200, 404)),
    "claims.failure": (lambda w: {"url": f"/claims/{w.claim}/failure"}, (401, 204, 204, 204, 404, 204, 404)),
    "workspaces.failure": (
        lambda w: {"url": f"/workspaces/{w.workspace}/failure"},
        (401, 204, 204, 204, 404, 204, 404),
    ),
    "workspaces.page": (lambda _: {"url": "/workspaces"}, (401, 200, 200, 200, 200, 200, 200)),
    "workspaces.get": (lambda w: {"url": f"/workspaces/{w.workspace}"}, (401, 200, 200, 200, 404, 200, 404)),
    "workspaces.stop": (
        lambda w: {"method": "DELETE", "url": f"/workspaces/{w.workspace}"},
        (401, 403, 200, 200, 404, 200, 404),
    ),
    "workspaces.restart": (
        lambda w: {"method": "POST", "url": f"/workspaces/{w.workspace}/restart"},
        (401, 403, 202, 202, 404, 202, 404),
    ),
    "workspaces.extend": (
        lambda w: {"method": "POST", "url": f"/workspaces/{w.workspace}/extend", "json": {"hours": 2}},
        (401, 403, 200, 200, 404, 200, 404),
    ),
    "workspaces.events": (
        lambda w: {"url": f"/workspaces/{w.workspace}/events"},
        (401, 200, 200, 200, 404, 200, 404),
    ),
    "workspaces.logs": (
        lambda w: {"url": f"/workspaces/{w.workspace}/logs"},
        (401, 200, 200, 200, 404, 200, 404),
    ),
    "homes.page": (lambda w: {"url": f"/homes?user={w.person}"}, (401, 200, 200, 200, 403, 200, 403)),
    "homes.create": (
        lambda _: {"method": "POST", "url": "/homes", "json": {"name": "mine"}},
        (401, 403, 201, 201, 201, 201, 403),
    ),
    "homes.adopt": (
        lambda _: {"method": "POST", "url": "/homes/adopt", "json": {"dry_run": True}},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "homes.get": (lambda w: {"url": f"/homes/{w.home}"}, (401, 200, 200, 200, 404, 200, 404)),
    "homes.rename": (
        lambda w: {"method": "PATCH", "url": f"/homes/{w.home}", "json": {"name": "other"}},
        (401, 403, 200, 200, 404, 200, 404),
    ),
    "homes.delete": (
        lambda w: {"method": "DELETE", "url": f"/homes/{w.home}"},
        (401, 403, 200, 200, 404, 200, 404),
    ),
    "homes.restore": (
        lambda w: {"method": "POST", "url": f"/homes/{w.home}/restore"},
        (401, 403, 200, 200, 404, 200, 404),
    ),
    "homes.archive": (lambda w: {"url": f"/homes/{w.home}/archive"}, (401, 403, 200, 200, 404, 200, 404)),
    "variables.page": (lambda w: {"url": f"/variables?user={w.person}"}, (401, 200, 200, 200, 403, 200, 403)),
    "variables.put": (
        lambda w: {"method": "PUT", "url": f"/variables/KEY?user={w.person}", "json": {"value": "x"}},
        (401, 403, 200, 200, 403, 200, 403),
    ),
    "variables.delete": (
        lambda w: {"method": "DELETE", "url": f"/variables/KEY?user={w.person}"},
        (401, 403, 204, 204, 403, 204, 403),
    ),
    "pools.page": (lambda _: {"url": "/pools"}, (401, 200, 200, 200, 200, 200, 200)),
    "pools.get": (lambda _: {"url": "/pools/lab"}, (401, 200, 200, 200, 200, 200, 200)),
    "pools.change": (
        lambda _: {"method": "PATCH", "url": "/pools/lab", "json": {"paused": True}},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "pools.preview": (
        lambda _: {"method": "POST", "url": "/pools/lab/preview", "json": {"warm": 3}},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "pools.samples": (lambda _: {"url": "/pools/lab/samples"}, (401, 403, 403, 403, 403, 200, 403)),
    "doctor.look": (lambda _: {"url": "/doctor"}, (401, 403, 403, 403, 403, 200, 403)),
    "templates.page": (lambda _: {"url": "/templates"}, (401, 200, 200, 200, 200, 200, 200)),
    "templates.get": (lambda _: {"url": "/templates/jupyterlab"}, (401, 200, 200, 200, 200, 200, 200)),
    "templates.versions": (
        lambda _: {"url": "/templates/jupyterlab/versions"},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "templates.version": (
        lambda _: {"url": "/templates/jupyterlab/versions/1"},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "templates.preview": (
        lambda _: {"method": "POST", "url": "/templates/jupyterlab/preview", "json": {"version": "1"}},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "templates.apply": (
        lambda _: {
            "method": "PUT",
            "url": "/templates/jupyterlab",
            "json": {"definition": {"command": ["lab"]}, "expected_version": "1"},
        },
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "templates.rollback": (
        lambda _: {"method": "POST", "url": "/templates/jupyterlab/rollback", "json": {"version": "1"}},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "users.create": (
        lambda _: {"method": "POST", "url": "/users", "json": {"name": "new", "password": "a long password"}},
        (401, 403, 403, 403, 403, 201, 403),
    ),
    "users.page": (lambda _: {"url": "/users"}, (401, 403, 403, 403, 403, 200, 403)),
    "users.get": (lambda w: {"url": f"/users/{w.person}"}, (401, 200, 200, 200, 404, 200, 404)),
    "users.change": (
        lambda w: {"method": "PATCH", "url": f"/users/{w.person}", "json": {"role": "admin"}},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "users.batch": (
        lambda _: {"method": "POST", "url": "/users/batch", "json": {"people": [{"name": "new"}]}},
        (401, 403, 403, 403, 403, 201, 403),
    ),
    "users.invite": (
        lambda w: {"method": "POST", "url": f"/users/{w.person}/invitation"},
        (401, 403, 403, 403, 403, 201, 403),
    ),
    "users.signout": (
        lambda w: {"method": "DELETE", "url": f"/users/{w.person}/sessions"},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "users.disable": (
        lambda w: {"method": "DELETE", "url": f"/users/{w.person}"},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "tokens.create": (
        lambda _: {"method": "POST", "url": "/tokens", "json": {"label": "mine", "scopes": ["read"]}},
        (401, 403, 403, 201, 201, 201, 403),
    ),
    "tokens.page": (lambda w: {"url": f"/tokens?user={w.person}"}, (401, 200, 200, 200, 403, 200, 403)),
    "tokens.revoke": (
        lambda w: {"method": "DELETE", "url": f"/tokens/{w.token}"},
        (401, 403, 403, 204, 404, 204, 404),
    ),
    "reports.send": (
        lambda w: {"method": "POST", "url": "/reports", "json": {"claim_id": w.claim}},
        (401, 403, 201, 201, 404, 201, 404),
    ),
    "reports.page": (lambda _: {"url": "/reports"}, (401, 403, 403, 403, 403, 200, 403)),
    "reports.get": (lambda w: {"url": f"/reports/{w.report}"}, (401, 403, 403, 403, 403, 200, 403)),
    "reports.done": (
        lambda w: {"method": "POST", "url": f"/reports/{w.report}/done"},
        (401, 403, 403, 403, 403, 200, 403),
    ),
    "links.make": (
        lambda _: {"method": "POST", "url": "/links", "json": {}},
        (401, 403, 403, 403, 403, 403, 403),
    ),
    "settings.page": (lambda _: {"url": "/settings"}, (401, 403, 403, 403, 403, 200, 403)),
    "audit.page": (lambda _: {"url": "/audit"}, (401, 403, 403, 403, 403, 200, 403)),
}


def test_every_operation_stands_in_the_table() -> None:
    known = {
        operation["operationId"] for path in description()["paths"].values() for operation in path.values()
    }
    assert known == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_who_may(house: House, operation: str) -> None:
    ask, expected = OPERATIONS[operation]
    answers = {}
    for number, asker in enumerate(ASKERS):
        world, client = await _world(house, asker, str(number))
        request = {"method": "GET", **ask(world)}
        request["url"] = API + request["url"]
        answers[asker] = (await client.request(**request)).status_code
    assert answers == dict(zip(ASKERS, expected, strict=True))


async def _world(house: House, asker: str, number: str) -> tuple[World, httpx.AsyncClient]:
    await house.pool(limit=50)
    await house.warm(count=2)
    person = await house.person(f"ada{number}")
    clients: dict[str, Callable[[], Any]] = {
        NOBODY: house.client,
        READER: lambda: house.script(person, Scope.READ),
        SCRIPT: lambda: house.script(person, Scope.USE),
        PERSON: lambda: house.browser(person),
        STRANGER: lambda: _browser(house, f"eve{number}", Role.USER),
        ADMIN: lambda: _browser(house, f"root{number}", Role.ADMIN),
        ADMINS_READER: lambda: _reader(house, f"root{number}"),
    }
    ada = await house.browser(person)
    token = (await ada.post(f"{API}/tokens", json={"label": "hers"})).json()
    claim = (await ada.post(f"{API}/claims", json={"pool": "lab"})).json()
    report = (await ada.post(f"{API}/reports", json={"claim_id": claim["id"]})).json()
    home = (await ada.post(f"{API}/homes", json={"name": "thesis"})).json()
    world = World(person.id, claim["id"], claim["workspace"]["id"], token["id"], report["id"], home["id"])
    return world, await clients[asker]()


async def _browser(house: House, name: str, role: Role) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.browser(await house.person(name, role))
    return client


async def _reader(house: House, name: str) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await house.script(await house.person(name, Role.ADMIN), Scope.READ)
    return client


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_the_owners_socket_needs_no_credential(
    house: House, owner: httpx.AsyncClient, operation: str
) -> None:
    ask, _ = OPERATIONS[operation]
    world, _client = await _world(house, NOBODY, "0")
    request = {"method": "GET", **ask(world)}
    if operation in ("claims.claim", "tokens.create", "homes.create"):
        request["json"] |= {"user": world.person}
    answer = await owner.request(**request | {"url": API + request["url"]})
    assert answer.is_success


async def test_a_list_shows_a_person_their_own_and_an_admin_everybodys(house: House) -> None:
    await house.pool()
    await house.warm(count=2)
    ada, eve = await house.person("ada"), await house.person("eve")
    for person in (ada, eve):
        await (await house.browser(person)).post(f"{API}/claims", json={"pool": "lab"})
    root = await house.browser(await house.person("root", Role.ADMIN))
    hers = (await (await house.browser(ada)).get(f"{API}/workspaces")).json()["items"]
    assert [one["owner"] for one in hers] == [ada.id]
    everybodys = (await root.get(f"{API}/workspaces")).json()["items"]
    assert {one["owner"] for one in everybodys} == {ada.id, eve.id}
    asked = await (await house.browser(ada)).get(f"{API}/workspaces", params={"owner": eve.id})
    assert asked.status_code == 403


async def test_a_token_of_a_demoted_admin_is_an_admins_no_more(house: House) -> None:
    root, other = await house.person("root", Role.ADMIN), await house.person("other", Role.ADMIN)
    script = await house.script(root, Scope.ADMIN)
    assert (await script.get(f"{API}/audit")).status_code == 200
    demoted = await (await house.browser(other)).patch(f"{API}/users/{root.id}", json={"role": "user"})
    assert demoted.json()["role"] == "user"
    assert (await script.get(f"{API}/audit")).status_code == 403


async def test_a_disabled_persons_tokens_and_sessions_end_at_once(house: House) -> None:
    ada, root = await house.person("ada"), await house.browser(await house.person("root", Role.ADMIN))
    script, browser = await house.script(ada), await house.browser(ada)
    disabled = await root.delete(f"{API}/users/{ada.id}")
    assert disabled.json()["disabled_at"]
    assert (await script.get(f"{API}/pools")).status_code == 401
    assert (await browser.get(f"{API}/pools")).status_code == 401


async def test_an_expired_or_made_up_token_is_nobodys(house: House) -> None:
    for credential in (
        "Bearer crl_" + "x" * 43,
        "Bearer ",
        "Basic YWRhOmFkYQ==",
        "Bearer " + "y" * 5000,
        "\x7f",
    ):
        client = await house.client({"Authorization": credential})
        answer = await client.get(f"{API}/pools")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == "unauthenticated"
        assert credential not in answer.text
