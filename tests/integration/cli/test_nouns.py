"""The noun commands against a hub over a real store."""

import asyncio
from typing import Any

from carrel.domain.actor import Role, Scope

House = Any
Shell = Any
PASSWORD = "a long password"


async def test_claim_prints_the_address_alone_on_stdout(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    await house.person("ada")
    ended = await here.ok("claim", "lab", "--user", "ada")
    assert ended.out == f"http://{warm.id}.localhost:8001/w/{warm.id}/lab\n"
    assert warm.id in ended.err


async def test_claim_in_json_is_what_the_api_tells(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    ada = await house.person("ada")
    ended = await here.ok("claim", "create", "lab", "--user", ada.id, "--name", "mine", "--json")
    assert ended.json["workspace"]["id"] == warm.id
    assert (ended.json["state"], ended.json["name"]) == ("held", "mine")
    assert ended.err == ""


async def test_claim_without_waiting_tells_the_place(house: House, here: Shell) -> None:
    await house.pool()
    await house.person("ada")
    ended = await here.ok("claim", "lab", "--user", "ada", "--no-wait", "--json")
    assert (ended.json["state"], ended.json["position"]) == ("waiting", 1)


async def test_claim_waits_until_there_is_a_workspace(house: House, here: Shell) -> None:
    await house.pool()
    await house.person("ada")
    waiting = asyncio.create_task(here.process("claim", "lab", "--user", "ada"))
    async with asyncio.timeout(20):
        while not await house.waiting():
            await asyncio.sleep(0.05)
    [warm] = await house.warm()
    await house.assign()
    ended = await waiting
    assert (ended.status, warm.id in ended.out) == (0, True)
    assert "place 1" in ended.err


async def test_a_claim_that_ends_while_waiting_is_an_error(house: House, here: Shell) -> None:
    await house.pool()
    await house.person("ada")
    waiting = asyncio.create_task(here.process("claim", "lab", "--user", "ada"))
    async with asyncio.timeout(20):
        while not (found := await house.waiting()):
            await asyncio.sleep(0.05)
    await here.ok("claim", "release", found[0].id)
    ended = await waiting
    assert (ended.status, ended.out) == (6, "")


async def test_claims_are_listed_shown_and_released(house: House, here: Shell) -> None:
    await house.pool()
    await house.warm()
    await house.person("ada")
    claim = (await here.ok("claim", "lab", "--user", "ada", "--json")).json
    [listed] = (await here.ok("claim", "list", "--json")).json
    assert listed == claim
    table = (await here.ok("claim", "list")).out
    assert claim["id"] in table
    assert claim["workspace"]["id"] in table
    shown = (await here.ok("claim", "show", claim["id"])).out
    assert claim["workspace"]["url"] in shown
    assert (await here.ok("claim", "release", claim["id"], "--json")).json["state"] == "released"
    kinds = [event["kind"] for event in (await here.ok("claim", "events", claim["id"], "--json")).json]
    assert kinds[-1] == "released"


async def test_workspaces_are_listed_restarted_extended_and_stopped(house: House, here: Shell) -> None:
    await house.pool()
    await house.warm()
    await house.person("ada")
    workspace = (await here.ok("claim", "lab", "--user", "ada", "--json")).json["workspace"]["id"]
    assert workspace in (await here.ok("workspace", "list")).out
    assert (await here.ok("workspace", "log", workspace)).out == "started\n"
    assert (await here.ok("workspace", "extend", workspace, "--hours", "2", "--json")).json["stops_at"]
    assert (await here.ok("workspace", "restart", workspace, "--json")).json["phase"] == "starting"
    assert (await here.ok("workspace", "stop", workspace, "--json")).json["phase"] == "stopping"
    assert (await here.ok("workspace", "show", workspace, "--json")).json["reason"]
    assert (await here.ok("workspace", "list", "--phase", "ready", "--json")).json == []


async def test_pools_are_listed_paused_resumed_and_resized(house: House, here: Shell) -> None:
    await house.pool(warm=1, limit=5)
    assert "lab" in (await here.ok("pool", "list")).out
    assert (await here.ok("pool", "pause", "lab", "--json")).json["paused"] is True
    assert (await here.ok("pool", "resume", "lab", "--json")).json["paused"] is False
    resized = (await here.ok("pool", "resize", "lab", "--warm", "2", "--json")).json
    assert (resized["warm"], resized["limit"]) == (2, 5)
    assert (await here.run("pool", "resize", "lab")).status == 2
    assert (await here.run("pool", "resize", "lab", "--warm", "-1")).status == 2


async def test_users_are_made_changed_and_disabled(here: Shell) -> None:
    await here.ok("user", "create", "root", "--role", "admin", "--password-stdin", stdin=PASSWORD + "\n")
    made = (await here.ok("user", "create", "ada", "--password-stdin", "--json", stdin=PASSWORD + "\n")).json
    assert (made["name"], made["role"]) == ("ada", "user")
    assert (await here.ok("user", "role", "ada", "admin", "--json")).json["role"] == "admin"
    await here.ok("user", "password", "ada", "--password-stdin", stdin="another long password")
    assert (await here.ok("user", "disable", "ada", "--json")).json["disabled_at"]
    assert (await here.ok("user", "enable", "ada", "--json")).json["disabled_at"] is None
    assert made["id"] in (await here.ok("user", "list")).out
    assert (await here.run("user", "show", "nobody")).status == 5


async def test_a_password_is_never_taken_from_the_command_line(here: Shell) -> None:
    help_text = (await here.ok("user", "create", "--help")).out
    assert "--password-stdin" in help_text
    assert (await here.run("user", "create", "ada", "--password", PASSWORD)).status == 2
    unasked = await here.run("user", "create", "ada")
    assert unasked.status == 2
    assert "--password-stdin" in unasked.err


async def test_a_token_is_printed_once_and_works(house: House, here: Shell, address: str) -> None:
    await house.pool()
    await house.person("ada")
    made = await here.ok("token", "create", "ci", "--user", "ada", "--scope", "read")
    secret = made.out.strip()
    assert secret.startswith("crl_")
    listed = await here.ok("pool", "list", "--url", address, "--json", CARREL_TOKEN=secret)
    assert [pool["name"] for pool in listed.json] == ["lab"]
    [token] = (await here.ok("token", "list", "--user", "ada", "--json")).json
    assert token["label"] == "ci"
    await here.ok("token", "revoke", token["id"])
    assert (await here.run("pool", "list", "--url", address, CARREL_TOKEN=secret)).status == 3


async def test_without_a_carrel_here_the_address_in_the_environment_is_asked(
    house: House, shell: Shell, address: str
) -> None:
    await house.pool()
    secret = await house.token_of(await house.person("root", Role.ADMIN), Scope.ADMIN)
    found = await shell.ok("pool", "list", "--json", CARREL_URL=address, CARREL_TOKEN=secret)
    assert [pool["name"] for pool in found.json] == ["lab"]
