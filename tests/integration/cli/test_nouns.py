"""The noun commands against a hub over a real store."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carrel.cli import browser
from carrel.domain.actor import Role, Scope
from carrel.domain.parameter import Choice, Number
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase
from carrel.reconcile import mishaps
from carrel.rules.recipe import versioned
from carrel.store import templates, workspaces

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


async def test_claim_takes_what_the_template_asks_for(house: House, here: Shell) -> None:
    asks = Choice("dataset", ("mouse", "fly"), "fly"), Number("cores", 2, least=1, most=8)
    house.recipe = versioned(replace(house.recipe, parameters=asks))
    await house.context.store.write(templates.put, house.recipe, house.context.clock.now())
    await house.pool()
    await house.person("ada")
    words = ("claim", "lab", "--user", "ada", "--no-wait")
    refused = await here.run(*words, "-p", "dataset=cat")
    assert (refused.status, "expected one of mouse, fly" in refused.err) == (2, True)
    unclear = await here.run(*words, "-p", "mouse")
    assert (unclear.status, "NAME=VALUE" in unclear.err) == (2, True)
    ended = await here.ok(*words, "-p", "dataset=mouse", "--parameter", "cores=4", "--json")
    assert ended.json["parameters"] == {"dataset": "mouse", "cores": 4.0}
    assert "dataset=mouse, cores=4.0\n" in (await here.ok("claim", "show", ended.json["id"])).out


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
    assert (await here.ok("workspace", "logs", workspace)).out == "started\n"
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


async def test_at_the_owners_socket_the_first_admin_is_meant(house: House, here: Shell) -> None:
    await house.pool()
    await house.warm()
    admin = (await here.ok("link", "--json")).json["user"]
    claimed = await here.ok("claim", "lab")
    assert "For admin." in claimed.err
    [claim] = (await here.ok("claim", "list", "--json")).json
    assert claim["workspace"]["owner"] == admin["id"]
    assert "For admin." in (await here.ok("token", "create", "ci")).err
    assert [token["label"] for token in (await here.ok("token", "list", "--json")).json] == ["ci"]


async def test_where_the_first_admin_is_none_the_only_one_is_meant(house: House, here: Shell) -> None:
    await house.pool()
    assert "--user NAME" in (await here.run("claim", "lab")).err
    await house.person("root", Role.ADMIN)
    assert "For root." in (await here.ok("claim", "lab", "--no-wait")).err
    await house.person("vera", Role.ADMIN)
    ended = await here.run("claim", "lab")
    assert (ended.status, "--user NAME" in ended.err) == (2, True)


async def test_a_link_is_printed_alone_and_makes_earlier_ones_worthless(here: Shell) -> None:
    first = (await here.ok("link")).out
    second = await here.ok("link")
    assert second.out.startswith("http://localhost:8000/hub/sign-in?link=")
    assert second.out != first
    assert "Signs in as admin, once" in second.err


async def test_opening_without_a_browser_prints_the_address(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    await here.ok("link")
    ended = await here.ok("claim", "lab", "--open")
    assert ended.out == f"http://{warm.id}.localhost:8001/w/{warm.id}/lab\n"
    assert "no browser here" in ended.err
    again = await here.ok("workspace", "open", warm.id)
    assert (again.out, "no browser here" in again.err) == (ended.out, True)


async def test_opening_signs_the_admin_in_through_a_page_of_their_own(
    house: House, here: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.pool(per_user=2)
    await house.warm(count=2)
    await house.person("ada")
    shown: list[tuple[str, Path | None]] = []
    monkeypatch.setattr(browser, "show_secret", lambda url, folder: shown.append((url, folder)) or True)
    monkeypatch.setattr(browser, "show", lambda url: shown.append((url, None)) or True)
    await here.ok("link")
    claim = (await here.ok("claim", "lab", "--open", "--json")).json
    [(url, folder)] = shown
    assert f"next=%2Fhub%2Fclaims%2F{claim['id']}" in url
    assert folder == here.state / "run"
    hers = (await here.ok("claim", "lab", "--user", "ada", "--open", "--json")).json
    assert shown[1:] == [(hers["workspace"]["url"], None)], "nobody is signed in as somebody else"


async def test_a_policy_is_tried_before_it_is_set(house: House, here: Shell) -> None:
    await house.pool(warm=1, limit=5)
    tried = await here.ok("pool", "set", "lab", "--warm", "3", "--dry-run")
    assert tried.out.splitlines() == ["warm 1 → 3", "Starts 3."]
    assert (await here.ok("pool", "show", "lab", "--json")).json["warm"] == 1
    assert (await here.ok("pool", "set", "lab", "--dry-run", "--warm", "3", "--json")).json["starts"] == 3
    changed = (await here.ok("pool", "set", "lab", "--warm", "3", "--max-age", "4h", "--json")).json
    assert (changed["warm"], changed["max_age"], changed["limit"]) == (3, "4h", 5)
    assert (await here.run("pool", "set", "lab", "--max-age", "long")).status == 2
    nothing = await here.run("pool", "set", "lab")
    assert (nothing.status, "--per-user" in nothing.err) == (2, True)


async def test_a_pool_is_drained_and_resumed(house: House, here: Shell) -> None:
    await house.pool()
    assert (await here.ok("pool", "drain", "lab", "--json")).json["draining"] is True
    resumed = (await here.ok("pool", "resume", "lab", "--json")).json
    assert (resumed["draining"], resumed["paused"]) == (False, False)


async def test_a_class_is_let_in_with_passwords_that_are_told_once(here: Shell) -> None:
    made = await here.ok("user", "import", "-", "--json", stdin="ada, Ada Lovelace\n\nbob\n")
    assert [(one["name"], one["display_name"]) for one in made.json] == [
        ("ada", "Ada Lovelace"),
        ("bob", "bob"),
    ]
    assert all(len(one["password"]) >= 12 for one in made.json)
    assert (await here.run("user", "import", "-", stdin="\n")).status == 2
    assert [one["name"] for one in (await here.ok("user", "list", "--search", "ad", "--json")).json] == [
        "ada"
    ]
    assert (await here.ok("user", "invite", "ada")).out.startswith("http://localhost:8000/hub/")
    assert (await here.ok("user", "sign-out", "ada", "--json")).json["name"] == "ada"


async def test_templates_audit_and_reports_are_read(house: House, here: Shell) -> None:
    await house.pool()
    await house.warm()
    await house.person("ada")
    claim = (await here.ok("claim", "lab", "--user", "ada", "--json")).json
    assert "jupyterlab" in (await here.ok("template", "list")).out
    assert (await here.ok("template", "show", "jupyterlab", "--json")).json["title"] == "JupyterLab"
    [entry] = (await here.ok("audit", "list", "--action", "claim", "--limit", "1", "--json")).json
    assert entry["target"] == f"claim:{claim['id']}"
    assert "No open reports" in (await here.ok("report", "list")).err
    assert (await here.run("report", "send", "It is slow.")).status == 2
    assert (await here.run("report", "show", "aaaaaaaaaaaaaaaa")).status == 5


async def test_lists_without_anything_say_what_to_do(house: House, here: Shell) -> None:
    for words, sentence in (
        (("workspace", "list"), "carrel claim POOL"),
        (("claim", "list"), "carrel claim POOL"),
        (("user", "list"), "carrel user create NAME"),
        (("pool", "list"), "carrel.toml"),
    ):
        ended = await here.ok(*words)
        assert (ended.out, sentence in ended.err) == ("", True)
        assert (await here.ok(*words, "--json")).json == []


async def test_released_claims_are_listed_when_asked_for(house: House, here: Shell) -> None:
    await house.pool()
    await house.person("ada")
    claim = (await here.ok("claim", "lab", "--user", "ada", "--no-wait", "--json")).json
    await here.ok("claim", "release", claim["id"])
    assert (await here.ok("claim", "list", "--json")).json == []
    assert [one["id"] for one in (await here.ok("claim", "list", "--all", "--json")).json] == [claim["id"]]


async def test_workspaces_are_sorted_and_found_by_their_person(house: House, here: Shell) -> None:
    await house.pool("lab")
    await house.pool("gpu")
    await house.warm("lab")
    await house.warm("gpu")
    await house.person("ada")
    await here.ok("claim", "lab", "--user", "ada")
    listed = (await here.ok("workspace", "list", "--sort", "pool", "--json")).json
    assert [one["pool"] for one in listed] == ["gpu", "lab"]
    [hers] = (await here.ok("workspace", "list", "--user", "ada", "--json")).json
    assert hers["owner_name"] == "ada"
    shown = await here.ok("workspace", "show", hers["id"])
    assert "ada" in shown.out


async def test_a_log_is_followed_until_the_workspace_is_gone(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    assert (await here.run("workspace", "logs", warm.id, "--follow", "--json")).status == 2
    async with here.on_terminal("workspace", "logs", warm.id, "--follow") as watched:
        await watched.sees("started")
        version = warm.version
        for phase in (Phase.STOPPING, Phase.GONE):
            moved = await house.context.store.write(
                workspaces.move, warm.id, version, phase, house.context.clock.now()
            )
            version = moved.version
        await watched.sees("It is gone")
        assert await watched.ended() == 0


async def test_why_tells_the_cause_what_helps_and_what_was_printed_last(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    await house.person("ada")
    await here.ok("claim", "lab", "--user", "ada")
    held = await house.context.store.read(workspaces.get, warm.id)
    reason = Reason(ReasonCode.OUT_OF_MEMORY, "The kernel ended it.")
    now = house.context.clock.now()
    await house.context.store.write(mishaps.fail, held, reason, ["Killed", "at line 2"], now)
    for words in (("workspace", "why", warm.id), ("claim", "why", held.claim_id)):
        told = (await here.ok(*words)).out
        assert "memory" in told
        assert "The kernel ended it." in told
        assert told.endswith("  Killed\n  at line 2\n")
    assert (await here.ok("workspace", "why", warm.id, "--json")).json["code"] == "memory"
    rows = (await here.ok("workspace", "events", warm.id)).out.splitlines()
    assert next(row for row in rows if "printed" in row).endswith("Killed / at line 2")


async def test_why_tells_when_it_stops_and_afterwards_why_it_did(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    await house.person("ada")
    await here.ok("claim", "lab", "--user", "ada")
    told = (await here.ok("workspace", "why", warm.id)).err
    assert "It stops at " in told
    assert ", unless somebody goes in before." in told
    assert "unless somebody goes in before" in (await here.ok("workspace", "show", warm.id)).out
    await here.ok("workspace", "stop", warm.id)
    assert "An administrator stopped it." in (await here.ok("workspace", "why", warm.id)).err


async def test_where_nothing_went_wrong_why_says_so(house: House, here: Shell) -> None:
    await house.pool()
    [warm] = await house.warm()
    ended = await here.ok("workspace", "why", warm.id)
    assert (ended.out, ended.err) == ("", "Nothing went wrong with it.\n")
    assert (await here.ok("workspace", "why", warm.id, "--json")).json is None


async def test_somebody_is_called_differently_and_signs_in_as_before(house: House, here: Shell) -> None:
    await house.person("ada")
    told = (await here.ok("user", "rename", "ada", "Ada Lovelace", "--json")).json
    assert (told["name"], told["display_name"]) == ("ada", "Ada Lovelace")
