"""The client: the same words as the services, errors as they were, and what it does when the line breaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from carrel.client import (
    Client,
    audit,
    claims,
    homes,
    messages,
    paging,
    pools,
    settings,
    templates,
    tokens,
    users,
    workspaces,
)
from carrel.client import connection as connection_module
from carrel.domain.actor import Role, Scope, System
from carrel.domain.claim import ClaimState
from carrel.domain.errors import (
    ALL_ERRORS,
    CarrelError,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from carrel.domain.workspace import Phase
from carrel.web import problems
from carrel.web.app import hub_app
from carrel.wire.v1 import Claim, Event

House = Any
HUB = "http://localhost:8000"


@pytest.fixture
async def root(house: House) -> AsyncIterator[Client]:
    secret = await house.token_of(await house.person("root", Role.ADMIN), Scope.ADMIN)
    async with Client(HUB, token=secret, transport=httpx.ASGITransport(house.app)) as client:
        yield client


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "PAUSES", (0, 0, 0))
    monkeypatch.setattr(claims, "PATIENCE", (0, 0, 0))


async def test_it_says_all_that_the_api_takes(house: House, root: Client) -> None:
    await house.pool(warm=1, limit=5)
    await house.warm()
    ada = await users.create(root, name="ada", password="a long password", role=Role.USER)
    assert (await users.get(root, ada.id)) == ada
    assert (await pools.get(root, "lab")).counts.ready == 1
    assert [template.name for template in await templates.page(root)] == ["jupyterlab"]
    held = await claims.claim(root, pool="lab", user=ada.id)
    assert held.state is ClaimState.HELD
    assert held.workspace
    assert [one.id for one in (await claims.page(root, state=ClaimState.HELD)).items] == [held.id]
    assert [event.seq for event in await claims.events(root, held.id, after=1)][:1] == [2]
    found = await workspaces.page(root, owner=ada.id, phases=[Phase.READY, Phase.STARTING])
    assert [(one.id, one.owner_name, one.url) for one in found.items] == [
        (held.workspace.id, "ada", held.workspace.url)
    ]
    assert await workspaces.logs(root, held.workspace.id) == "started"
    assert (await workspaces.extend(root, held.workspace.id, 2)).stops_at
    assert await claims.failure(root, held.id) is await workspaces.failure(root, held.workspace.id) is None
    assert (await workspaces.restart(root, held.workspace.id)).phase is Phase.STARTING
    assert (await claims.release(root, held.id)).state is ClaimState.RELEASED
    assert (await pools.change(root, "lab", paused=True)).paused
    assert (await users.set_role(root, ada.id, Role.ADMIN)).role is Role.ADMIN
    made = await tokens.create(root, label="ci", scopes={Scope.READ}, days=1, user=ada.id)
    assert [token.id for token in await tokens.page(root, user=ada.id)] == [made.id]
    await tokens.revoke(root, made.id)
    assert (await users.disable(root, ada.id)).disabled_at
    assert (await audit.page(root, limit=1)).items[0].action == "disable_user"


async def test_a_whole_list_comes_out_of_its_pages(house: House, root: Client) -> None:
    for number in range(7):
        await house.person(f"p{number}")
    found = [user.name async for user in paging.every(lambda after: users.page(root, after=after, limit=3))]
    assert found == [*(f"p{number}" for number in range(7)), "root"]


async def test_refusals_come_back_as_the_errors_they_were(house: House, root: Client) -> None:
    with pytest.raises(NotFound, match="no pool"):
        await claims.claim(root, pool="none")
    with pytest.raises(Invalid, match=r"body\.pool"):
        await claims.claim(root, pool="NONE")
    with pytest.raises(Conflict):
        await users.create(root, name="root", password="a long password")
    stranger = Client(HUB, token="crl_wrong", transport=httpx.ASGITransport(house.app))
    async with stranger:
        with pytest.raises(Unauthenticated):
            await pools.page(stranger)
    ada = await house.token_of(await house.person("ada"), Scope.READ)
    async with Client(HUB, token=ada, transport=httpx.ASGITransport(house.app)) as reader:
        with pytest.raises(Forbidden):
            await users.page(reader)


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client(HUB, token="crl_t", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("kind", ALL_ERRORS)
async def test_every_code_has_its_error(kind: type[CarrelError]) -> None:
    told = problems.of_error(kind("It is so."))
    headers = {"Content-Type": "application/problem+json"}
    async with answering(
        lambda _: httpx.Response(told.status_code, content=told.body, headers=headers)
    ) as client:
        with pytest.raises(kind) as raised:
            await pools.page(client)
    assert type(raised.value) is kind
    assert raised.value.sentence == "It is so."


@pytest.mark.parametrize(
    ("status", "kind"),
    [(503, Unavailable), (502, Unavailable), (404, NotFound), (500, Internal), (418, Invalid)],
)
async def test_what_is_no_problem_of_ours_becomes_one(status: int, kind: type[CarrelError]) -> None:
    async with answering(lambda _: httpx.Response(status, text="<html>no healthy upstream</html>")) as client:
        with pytest.raises(kind, match=str(status)):
            await pools.page(client)


async def test_something_else_at_the_address_is_no_carrel() -> None:
    async with answering(lambda _: httpx.Response(200, text="<html>hello</html>")) as client:
        with pytest.raises(Unavailable, match="no Carrel"):
            await pools.page(client)


async def test_fields_of_a_newer_carrel_are_skipped() -> None:
    event = {"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "new", "sentence": "x", "colour": "blue"}
    async with answering(
        lambda _: httpx.Response(200, json={"items": [event], "next": None, "more": 1})
    ) as client:
        [found] = await claims.events(client, "aaaaaaaaaaaaaaaa")
    assert found.kind == "new"


async def test_a_lost_answer_is_asked_for_again_under_the_same_key(house: House, root: Client) -> None:
    """The request arrived and was done; its answer was lost. The repetition must not do it twice."""
    app, keys = httpx.ASGITransport(hub_app(house.context, owner=System())), []

    class Losing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            keys.append(request.headers["Idempotency-Key"])
            answer = await app.handle_async_request(request)
            if len(keys) == 1:
                raise httpx.ReadError("the line broke")
            return answer

    async with Client(HUB, transport=Losing()) as client:
        made = await users.create(client, name="ada", password="a long password")
    assert made.name == "ada"
    assert len(keys) == 2
    assert len(set(keys)) == 1


async def test_every_post_has_a_key_of_its_own() -> None:
    keys = []

    def noted(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return httpx.Response(404)

    async with answering(noted) as client:
        for _ in range(3):
            with pytest.raises(NotFound):
                await claims.claim(client, pool="lab")
    assert len(set(keys)) == 3


async def test_it_gives_up_after_a_few_tries_and_says_where() -> None:
    tries = []

    def broken(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        raise httpx.ConnectError("refused")

    async with answering(broken) as client:
        with pytest.raises(Unavailable, match="localhost:8000"):
            await pools.page(client)
    assert len(tries) == 4


async def test_a_refusal_is_not_tried_again() -> None:
    tries = []

    def refused(request: httpx.Request) -> httpx.Response:
        tries.append(1)
        return httpx.Response(503)

    async with answering(refused) as client:
        with pytest.raises(Unavailable):
            await pools.page(client)
    assert len(tries) == 1


async def test_waiting_ends_with_the_workspace(house: House, root: Client) -> None:
    await house.pool()
    claim = await claims.claim(root, pool="lab")
    assert claim.state is ClaimState.WAITING
    waiting = asyncio.create_task(claims.wait(root, claim.id))
    await asyncio.sleep(0.05)
    [warm] = await house.warm()
    await house.assign()
    found = await asyncio.wait_for(waiting, 10)
    assert found.workspace
    assert found.workspace.id == warm.id


def event_text(seq: int) -> str:
    event = {"seq": seq, "at": "2026-01-01T00:00:00Z", "kind": "k", "sentence": "s"}
    return f"id: {seq}\ndata: {json.dumps(event)}\n\n"


CLAIM = Claim(
    id="a" * 16,
    pool="lab",
    name="default",
    state=ClaimState.HELD,
    position=None,
    estimate_seconds=None,
    workspace=None,
)
SETTLED = f"event: settled\ndata: {CLAIM.model_dump_json()}\n\n"


async def test_a_broken_stream_goes_on_after_the_last_event_that_came() -> None:
    asked = []

    def streamed(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Last-Event-ID"])
        if len(asked) == 1:
            return httpx.Response(200, stream=Breaking(event_text(1) + event_text(2) + "id: 3\nda"))
        return httpx.Response(200, text=event_text(3) + SETTLED)

    async with answering(streamed) as client:
        told = [one async for one in claims.watch(client, CLAIM.id)]
    assert asked == ["0", "2"]
    assert [one.seq for one in told if isinstance(one, Event)] == [1, 2, 3]
    assert told[-1] == CLAIM


async def test_a_stream_that_ends_early_is_taken_up_again() -> None:
    asked = []

    def streamed(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Last-Event-ID"])
        return httpx.Response(200, text=event_text(1) if len(asked) == 1 else SETTLED)

    async with answering(streamed) as client:
        assert [one async for one in claims.watch(client, CLAIM.id)][-1] == CLAIM
    assert asked == ["0", "1"]


async def test_a_stream_that_always_ends_without_a_word_is_given_up() -> None:
    async with answering(lambda _: httpx.Response(200, text="")) as client:
        with pytest.raises(Unavailable):
            async with asyncio.timeout(10):
                [one async for one in claims.watch(client, CLAIM.id)]


class Breaking(httpx.AsyncByteStream):
    def __init__(self, text: str) -> None:
        self._text = text

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._text.encode()
        raise httpx.RemoteProtocolError("the line broke")


async def test_messages_are_cut_as_the_standard_says() -> None:
    async def lines() -> AsyncIterator[str]:
        text = ": hello\n\nid: 7\nevent: claim\ndata: a\ndata:b\n\nevent: nothing\n\nid: x\ndata\n\ndata: unfinished"
        for line in text.split("\n"):
            yield line

    found = [one async for one in messages.messages(lines())]
    assert found == [messages.Message("claim", "a\nb", 7), messages.Message("message", "", None)]


async def test_it_says_what_admins_look_for(house: House, root: Client) -> None:
    await house.pool(limit=5)
    await house.warm(count=2)
    ada, bob = await users.create_many(root, [{"name": "ada"}, {"name": "bob", "role": "admin"}])
    assert len(ada.password) > 8
    assert [one.id for one in (await users.page(root, name="ADA")).items] == [ada.id]
    assert [one.id for one in (await users.page(root, q="bo")).items] == [bob.id]
    invitation = await users.invite(root, ada.id)
    assert "link=" in invitation.url
    assert (await users.sign_out(root, ada.id)).name == "ada"
    await claims.claim(root, pool="lab", user=ada.id)
    held = (await workspaces.page(root, holding="claimed", sort="owner", order="desc")).items
    assert [one.owner_name for one in held] == ["ada"]
    assert [one.action for one in (await audit.page(root, action="invite_user", q="ada")).items] == [
        "invite_user"
    ]
    assert await settings.page(root) == []


async def test_it_keeps_homes(house: House, root: Client) -> None:
    ada = await house.person("ada")
    made = await homes.create(root, "thesis", user=ada.id)
    assert await homes.page(root, user=ada.id) == [made]
    assert (await homes.rename(root, made.id, "book")).name == "book"
    assert (await homes.delete(root, made.id)).removed_at
    assert (await homes.restore(root, made.id)).deleted_at is None
    assert (await homes.get(root, made.id)).name == "book"
    own = await homes.create(root, "own")
    packed = b"".join([chunk async for chunk in homes.archive(root, own.id)])
    assert packed.startswith(b"\x1f\x8b")
    with pytest.raises(Forbidden):
        await anext(homes.archive(root, made.id))
