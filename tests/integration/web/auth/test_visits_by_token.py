"""A token that an admin made for somebody may be known to that admin: going in with it is a visit, written down and shown."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from carrel.domain.actor import Actor, Person, Role, Scope, System
from carrel.domain.errors import Unavailable
from carrel.domain.ids import SessionId, WorkspaceId
from carrel.domain.workspace import Workspace
from carrel.services import audit, tokens
from carrel.services import workspaces as service
from carrel.store import events

from .house import HUB, House


async def _admin(house: House) -> Person:
    root = await house.person("root", Role.ADMIN)
    return Person(root.id, root.name, root.role, SessionId("s" * 16))


async def _knock(house: House, workspace: Workspace, secret: str) -> httpx.Response:
    return await house.browser().fetch(house.url(workspace, "api/status"), authorization=f"Bearer {secret}")


async def _visits(house: House, workspace_id: WorkspaceId, actor: Actor) -> list[str]:
    found = await service.timeline(house.context, actor, workspace_id)
    return [event.sentence for event in found if event.kind == "visited"]


async def _entries(house: House) -> list[Any]:
    found = await audit.page(house.context, System())
    return [(entry.actor, entry.detail) for entry in found.items if entry.action == "enter"]


async def test_what_is_made_with_such_a_token_may_be_known_to_the_same_admin(house: House) -> None:
    root, other = await _admin(house), await house.person("other", Role.ADMIN)
    secret, _ = await tokens.create(
        house.context, root, label="one", scopes=frozenset(Scope), user_id=other.id
    )
    holder = await tokens.holder_of(house.context, secret)
    assert holder is not None
    _, second = await tokens.create(house.context, holder, label="two", scopes=frozenset({Scope.USE}))
    assert (second.user_id, second.made_by) == (other.id, root.user_id)


async def test_going_in_with_it_is_told_to_the_owner_and_audited_once(house: House) -> None:
    root, ada = await _admin(house), await house.person("ada")
    workspace = await house.workspace(ada)
    secret, token = await tokens.create(house.context, root, label="ci", user_id=ada.id)
    assert token.made_by == root.user_id
    for _ in range(3):
        assert (await _knock(house, workspace, secret)).status_code == 200
    as_ada = Person(ada.id, ada.name, ada.role, SessionId("s" * 16))
    assert await _visits(house, workspace.id, as_ada) == [
        "Somebody went in with a token that root (an admin) made for you."
    ]
    assert workspace.claim_id is not None
    assert [
        event.kind for event in await house.context.store.read(events.of_claim, workspace.claim_id)
    ].count("visited") == 1
    assert await _entries(house) == [
        (f"root (token {token.id})", f"of user {ada.id}, with a token made for them")
    ]


async def test_after_a_pause_it_is_written_down_again(house: House) -> None:
    root, ada = await _admin(house), await house.person("ada")
    workspace = await house.workspace(ada)
    secret, _ = await tokens.create(house.context, root, label="ci", user_id=ada.id)
    await _knock(house, workspace, secret)
    house.clock.at += timedelta(minutes=16)
    await _knock(house, workspace, secret)
    assert len(await _visits(house, workspace.id, System())) == 2


async def test_ones_own_token_and_the_machine_owners_are_no_visit(house: House) -> None:
    boss, ada = await house.person("root", Role.ADMIN), await house.person("ada")
    root = Person(boss.id, boss.name, boss.role, SessionId("s" * 16))
    workspace, admins = await house.workspace(ada), await house.workspace(boss)
    as_ada = Person(ada.id, ada.name, ada.role, SessionId("s" * 16))
    for maker, where in ((as_ada, workspace), (System(), workspace), (root, admins)):
        user_id = ada.id if where is workspace else root.user_id
        secret, token = await tokens.create(house.context, maker, label="ci", user_id=user_id)
        assert token.made_by is None
        assert (await _knock(house, where, secret)).status_code == 200
    assert await _visits(house, workspace.id, System()) == []
    assert await _entries(house) == []


async def test_a_visit_that_cannot_be_written_down_does_not_happen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, ada = await _admin(house), await house.person("ada")
    workspace = await house.workspace(ada)
    secret, _ = await tokens.create(house.context, root, label="ci", user_id=ada.id)

    async def full(*_: object, **__: object) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(house.context.store, "write", full)
    assert (await _knock(house, workspace, secret)).status_code == 429
    monkeypatch.undo()
    assert (await _knock(house, workspace, secret)).status_code == 200


async def test_a_refused_knock_is_no_visit(house: House) -> None:
    root, ada = await _admin(house), await house.person("ada")
    workspace = await house.workspace(await house.person("eve"))
    secret, _ = await tokens.create(house.context, root, label="ci", user_id=ada.id)
    assert (await _knock(house, workspace, secret)).status_code == 403
    assert await _visits(house, workspace.id, System()) == []


async def test_the_api_says_who_made_it(house: House) -> None:
    root, ada = await _admin(house), await house.person("ada")
    secret, token = await tokens.create(house.context, root, label="ci", user_id=ada.id)
    answer = await house.browser().fetch(
        f"{HUB}/hub/api/v1/tokens?user={ada.id}", authorization=f"Bearer {secret}"
    )
    [told] = answer.json()["items"]
    assert (told["id"], told["made_by"]) == (token.id, root.user_id)
    assert await tokens.makers(house.context, System(), ada.id) == {root.user_id: "root"}
