"""Workspaces, pools, templates, users, tokens and the audit trail over the API: shapes, and what each operation does."""

from typing import Any

import httpx
import pytest

from carrel.domain.actor import Role

House = Any
API = "/hub/api/v1"


@pytest.fixture
async def root(house: House) -> httpx.AsyncClient:
    await house.pool(warm=2, limit=5)
    client: httpx.AsyncClient = await house.browser(await house.person("root", Role.ADMIN))
    return client


async def held(client: httpx.AsyncClient) -> dict[str, Any]:
    claim = (await client.post(f"{API}/claims", json={"pool": "lab"})).json()
    workspace: dict[str, Any] = claim["workspace"]
    return workspace


async def test_a_restart_keeps_id_and_address(house: House, root: httpx.AsyncClient) -> None:
    await house.warm()
    before = await held(root)
    answer = await root.post(f"{API}/workspaces/{before['id']}/restart")
    assert answer.status_code == 202
    after = answer.json()
    assert after["phase"] == "starting"
    assert (after["id"], after["url"]) == (before["id"], before["url"])
    twice = await root.post(f"{API}/workspaces/{before['id']}/restart")
    assert (twice.status_code, twice.json()["code"]) == (409, "conflict")


async def test_an_extension_moves_the_end(house: House, root: httpx.AsyncClient) -> None:
    await house.warm()
    workspace = await held(root)
    address = f"{API}/workspaces/{workspace['id']}"
    answer = await root.post(f"{address}/extend", json={"hours": 1.5})
    assert answer.status_code == 200
    assert answer.json()["stops_at"].endswith("Z")
    for hours in (0, -1, 1000, "soon", None):
        assert (await root.post(f"{address}/extend", json={"hours": hours})).status_code == 422


async def test_a_workspaces_timeline_and_log_can_be_read(house: House, root: httpx.AsyncClient) -> None:
    await house.warm()
    workspace = await held(root)
    events = (await root.get(f"{API}/workspaces/{workspace['id']}/events")).json()["items"]
    assert [event["kind"] for event in events][:3] == ["pending", "starting", "ready"]
    log = (await root.get(f"{API}/workspaces/{workspace['id']}/logs", params={"lines": 5})).json()
    assert log == {"text": "started"}
    assert (await root.get(f"{API}/workspaces/{workspace['id']}/logs?lines=0")).status_code == 422
    for after in (-1, 10**30):
        assert (await root.get(f"{API}/workspaces/{workspace['id']}/events?after={after}")).status_code == 422


async def test_workspaces_can_be_listed_by_phase(house: House, root: httpx.AsyncClient) -> None:
    await house.warm(count=2)
    workspace = await held(root)
    await root.delete(f"{API}/workspaces/{workspace['id']}")
    ready = (await root.get(f"{API}/workspaces", params={"phase": "ready"})).json()["items"]
    both = (await root.get(f"{API}/workspaces", params={"phase": ["ready", "stopping"]})).json()["items"]
    assert (len(ready), len(both)) == (1, 2)
    assert ready[0]["owner"] is None


async def test_a_pool_tells_its_policy_and_counts(house: House, root: httpx.AsyncClient) -> None:
    await house.warm(count=2)
    await held(root)
    pool = (await root.get(f"{API}/pools/lab")).json()
    assert pool == {
        "name": "lab",
        "template": "jupyterlab",
        "backend": "memory",
        "warm": 2,
        "limit": 5,
        "per_user": 3,
        "paused": False,
        "counts": {"ready": 1, "starting": 0, "claimed": 1, "stopping": 0, "failed": 0, "waiting": 0},
        "trouble": None,
        "estimate_seconds": None,
        "estimate_range": None,
        "started_for_people": None,
        "draining": False,
        "starting_at_once": 4,
        "start_timeout": "5m",
        "enter_within": "30m",
        "watch_within": "2m",
        "stop_after_idle": "90m",
        "max_age": "12h",
        "quiet_hours": "",
        "retire_warm_after": "3d",
    }
    assert (await root.get(f"{API}/pools")).json() == {"items": [pool], "next": None}


async def test_a_pool_changes_only_in_what_is_named(root: httpx.AsyncClient) -> None:
    paused = (await root.patch(f"{API}/pools/lab", json={"paused": True})).json()
    assert (paused["paused"], paused["warm"], paused["limit"]) == (True, 2, 5)
    resized = (await root.patch(f"{API}/pools/lab", json={"warm": 0, "limit": 9})).json()
    assert (resized["paused"], resized["warm"], resized["limit"]) == (True, 0, 9)
    for wrong in ({"warm": 10}, {"warm": -1}, {"limit": 10**9}, {"limit": "many"}, {"size": 3}):
        assert (await root.patch(f"{API}/pools/lab", json=wrong)).status_code == 422
    assert (await root.get(f"{API}/pools/lab")).json()["warm"] == 0


async def test_all_of_a_policy_can_be_changed_and_is_told_as_the_file_says_it(
    root: httpx.AsyncClient,
) -> None:
    wanted = {
        "warm": 3,
        "limit": 30,
        "per_user": 2,
        "starting_at_once": 8,
        "start_timeout": "10m",
        "enter_within": "45m",
        "watch_within": "60s",
        "stop_after_idle": "2h",
        "max_age": "never",
        "retire_warm_after": "1d",
    }
    changed = (await root.patch(f"{API}/pools/lab", json=wanted)).json()
    expected = wanted | {"watch_within": "1m"}
    assert {name: changed[name] for name in wanted} == expected
    for wrong in ({"max_age": "soon"}, {"start_timeout": "never"}, {"per_user": 0}, {"watch_within": "5s"}):
        assert (await root.patch(f"{API}/pools/lab", json=wrong)).status_code == 422


async def test_the_audit_tells_what_a_change_changed(root: httpx.AsyncClient) -> None:
    await root.patch(f"{API}/pools/lab", json={"warm": 5, "limit": 8, "max_age": "never"})
    await root.patch(f"{API}/pools/lab", json={"warm": 5})
    entries = (await root.get(f"{API}/audit")).json()["items"]
    assert [entry["detail"] for entry in entries if entry["action"] == "change"] == [
        "warm 2 → 5, limit 5 → 8, max_age 12h → never"
    ]


async def test_draining_pauses_and_ending_the_pause_ends_it(root: httpx.AsyncClient) -> None:
    drained = (await root.patch(f"{API}/pools/lab", json={"draining": True})).json()
    assert (drained["draining"], drained["paused"], drained["warm"]) == (True, True, 2)
    resumed = (await root.patch(f"{API}/pools/lab", json={"paused": False})).json()
    assert (resumed["draining"], resumed["paused"], resumed["warm"]) == (False, False, 2)


async def test_a_preview_says_what_the_planner_would_do_and_does_nothing(
    house: House, root: httpx.AsyncClient
) -> None:
    await house.warm()
    found = (await root.post(f"{API}/pools/lab/preview", json={"warm": 3, "limit": 9})).json()
    assert (found["sentence"], found["starts"], found["retires"]) == ("Starts 2.", 2, [])
    assert found["changes"] == ["warm 2 → 3", "limit 5 → 9"]
    fewer = (await root.post(f"{API}/pools/lab/preview", json={"warm": 0})).json()
    assert (fewer["sentence"], [end["code"] for end in fewer["retires"]]) == ("Retires 1.", ["surplus"])
    assert (await root.get(f"{API}/pools/lab")).json()["warm"] == 2
    assert (await root.post(f"{API}/pools/nowhere/preview", json={})).status_code == 404


async def test_a_template_tells_nothing_of_its_environment(root: httpx.AsyncClient) -> None:
    template = (await root.get(f"{API}/templates/jupyterlab")).json()
    assert set(template) == {
        *("name", "version", "title", "description", "image", "open", "home", "memory", "price_per_hour"),
        *("icon", "parameters"),
    }
    assert (await root.get(f"{API}/templates")).json()["items"] == [template]


async def test_a_user_is_made_with_a_password_that_nobody_is_told(root: httpx.AsyncClient) -> None:
    body = {"name": "Ada", "password": "a long password", "display_name": "Ada L."}
    answer = await root.post(f"{API}/users", json=body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{API}/users/{made['id']}"
    assert set(made) == {
        *("id", "name", "display_name", "email", "role", "created_at", "disabled_at", "last_seen_at")
    }
    assert (made["name"], made["display_name"], made["role"]) == ("ada", "Ada L.", "user")
    assert (await root.get(f"{API}/users/{made['id']}")).json() == made
    assert (await root.post(f"{API}/users", json=body)).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short"},
        {"password": ""},
        {"password": "x" * 5000},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"role": "king"},
        {"display_name": "\x1b[31m"},
        {"id": "aaaaaaaaaaaaaaaa"},
    ],
)
async def test_a_user_that_cannot_be_is_refused(root: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await root.post(f"{API}/users", json={"name": "ada", "password": "a long password"} | wrong)
    assert answer.status_code == 422
    assert "a long password" not in answer.text


@pytest.mark.parametrize("sign", ["\n", "\x1b", "\x7f", "\x9b"])
async def test_no_name_can_command_a_terminal(root: httpx.AsyncClient, sign: str) -> None:
    body = {"name": "ada", "password": "a long password", "display_name": f"Ada{sign}2J"}
    assert (await root.post(f"{API}/users", json=body)).status_code == 422


async def test_a_users_role_password_and_entry_can_be_changed(house: House, root: httpx.AsyncClient) -> None:
    ada = await house.person("ada")
    browser = await house.browser(ada)
    address = f"{API}/users/{ada.id}"
    assert (await root.patch(address, json={"role": "admin"})).json()["role"] == "admin"
    assert (await root.patch(address, json={"password": "a new long password"})).status_code == 200
    assert (await browser.get(f"{API}/pools")).status_code == 401
    assert (await root.patch(address, json={"disabled": True})).json()["disabled_at"]
    assert (await root.patch(address, json={"disabled": False})).json()["disabled_at"] is None


async def test_an_admin_cannot_shut_themselves_out(house: House, root: httpx.AsyncClient) -> None:
    own = f"{API}/users/{house.people['root'].id}"
    for answer in (await root.patch(own, json={"role": "user"}), await root.delete(own)):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_a_tokens_secret_opens_the_api_until_it_is_revoked(
    house: House, root: httpx.AsyncClient
) -> None:
    made = (await root.post(f"{API}/tokens", json={"label": "ci", "scopes": ["read"], "days": 1})).json()
    assert made["scopes"] == ["read"]
    script = await house.client({"Authorization": f"Bearer {made['secret']}"})
    assert (await script.get(f"{API}/pools")).status_code == 200
    [listed] = (await root.get(f"{API}/tokens")).json()["items"]
    assert "secret" not in listed
    assert listed == {name: value for name, value in made.items() if name != "secret"} | {
        "last_used_at": listed["last_used_at"]
    }
    assert (await root.delete(f"{API}/tokens/{made['id']}")).status_code == 204
    assert (await script.get(f"{API}/pools")).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [{"label": ""}, {"label": "a\0"}, {"scopes": []}, {"scopes": ["all"]}, {"days": 0}, {"days": 1e9}],
)
async def test_a_token_that_cannot_be_is_refused(root: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    assert (await root.post(f"{API}/tokens", json={"label": "ci"} | wrong)).status_code == 422


async def test_the_audit_trail_tells_who_did_what(house: House, root: httpx.AsyncClient) -> None:
    await root.patch(f"{API}/pools/lab", json={"paused": True})
    newest = (await root.get(f"{API}/audit", params={"limit": 1})).json()
    [entry] = newest["items"]
    assert set(entry) == {"at", "actor", "action", "target", "target_name", "detail"}
    assert (entry["actor"], entry["action"], entry["target"]) == ("root", "change", "pool:lab")
    await root.patch(f"{API}/pools/lab", json={"paused": False})
    older = (await root.get(f"{API}/audit", params={"limit": 1})).json()
    assert (await root.get(f"{API}/audit", params={"after": older["next"]})).json()["items"][0] == entry
