"""Many at once: 450 WebSockets stay open on one workspace, and one workspace's flood hinders no other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import websockets

from .running import Carrel, running, small_config
from .test_first_minutes import open_socket

POOL = '[pools.small]\ntemplate = "small"\nbackend = "local"\nwarm = 2\nlimit = 3\n'
MANY = 450
FLOOD = 200


async def test_450_websockets_on_one_workspace_and_a_flood_that_hinders_no_other(tmp_path: Path) -> None:
    async with running(tmp_path, small_config(POOL)) as carrel:
        await carrel.warm("small", 2)
        alice, bob = await carrel.person("alice"), await carrel.person("bob")
        flooded = (await carrel.claim("small", alice.token))["workspace"]["base_url"] + "echo"
        calm = (await carrel.claim("small", bob.token))["workspace"]["base_url"]
        async with _opened(carrel, flooded, alice.token, MANY) as sockets:
            assert len(sockets) == MANY
            await asyncio.gather(*(_echoes(socket) for socket in sockets))
            async with _opened(carrel, flooded, alice.token, FLOOD, within=3) as more:
                assert len(more) < FLOOD, "there is a limit per workspace"
                async with open_socket(carrel, calm + "echo", bob.token) as socket:
                    await _echoes(socket)
                async with carrel.browserless() as client:
                    answer = await client.get(
                        calm + "hello", headers={"Authorization": f"Bearer {bob.token}"}
                    )
                assert answer.status_code == 200
                await asyncio.gather(*(_echoes(socket) for socket in sockets))


@contextlib.asynccontextmanager
async def _opened(
    carrel: Carrel, address: str, token: str, count: int, within: float = 30
) -> AsyncIterator[list[websockets.ClientConnection]]:
    """As many as get in. Closed together: Envoy takes a second over each."""

    async def one() -> websockets.ClientConnection | None:
        try:
            return await open_socket(carrel, address, token, open_timeout=within)
        except (websockets.WebSocketException, OSError, TimeoutError):
            return None

    sockets = [
        socket for socket in await asyncio.gather(*(one() for _ in range(count))) if socket is not None
    ]
    try:
        yield sockets
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))


async def _echoes(socket: websockets.ClientConnection) -> None:
    async with asyncio.timeout(20):
        await socket.send("x")
        assert await socket.recv() == "x"
