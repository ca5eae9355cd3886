"""Many at once: 450 WebSockets stay open on one workspace, and one workspace's flood hinders no other."""

import asyncio
import contextlib
from pathlib import Path

import websockets

from .running import Carrel, running, small_config
from .test_first_minutes import open_socket

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 3\n'
MANY = 450


async def test_450_websockets_on_one_workspace_and_a_flood_that_hinders_no_other(tmp_path: Path) -> None:
    async with running(tmp_path, small_config(POOL)) as carrel, contextlib.AsyncExitStack() as stack:
        await carrel.warm("small", 2)
        alice, bob = await carrel.person("alice"), await carrel.person("bob")
        flooded = (await carrel.claim("small", alice.token))["workspace"]["base_url"]
        calm = (await carrel.claim("small", bob.token))["workspace"]["base_url"]
        sockets = [
            await stack.enter_async_context(
                open_socket(carrel, flooded + "echo", alice.token, open_timeout=30)
            )
            for _ in range(MANY)
        ]
        await asyncio.gather(*(_echoes(socket) for socket in sockets))
        flood = await asyncio.gather(*(_one_more(stack, carrel, flooded, alice.token) for _ in range(200)))
        assert not all(flood), "there is a limit per workspace"
        async with open_socket(carrel, calm + "echo", bob.token) as socket:
            await _echoes(socket)
        async with carrel.browserless() as client:
            answer = await client.get(calm + "hello", headers={"Authorization": f"Bearer {bob.token}"})
        assert answer.status_code == 200
        await asyncio.gather(*(_echoes(socket) for socket in sockets))


async def _echoes(socket: websockets.ClientConnection) -> None:
    async with asyncio.timeout(20):
        await socket.send("x")
        assert await socket.recv() == "x"


async def _one_more(stack: contextlib.AsyncExitStack, carrel: Carrel, base: str, token: str) -> bool:
    try:
        await stack.enter_async_context(open_socket(carrel, base + "echo", token, open_timeout=10))
    except (websockets.WebSocketException, OSError, TimeoutError):
        return False
    return True
