"""Streams over a real connection: whoever hangs up is forgotten at once."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from carrel.domain.actor import System
from carrel.web.app import hub_app

House = Any


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@pytest.fixture
async def hub(house: House) -> AsyncIterator[tuple[Any, str]]:
    app = hub_app(house.context, owner=System("owner"))
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
    server = _Quiet(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield app, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await task


async def test_whoever_hangs_up_no_longer_counts(house: House, hub: tuple[Any, str]) -> None:
    app, address = hub
    await house.pool()
    ada = await house.person("ada")
    async with httpx.AsyncClient(base_url=address) as client:
        claim = (await client.post("/hub/api/v1/claims", json={"pool": "lab", "user": ada.id})).json()
        path, accept = f"/hub/api/v1/claims/{claim['id']}/events", {"Accept": "text/event-stream"}
        async with client.stream("GET", path, headers=accept) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert (await anext(answer.aiter_lines())) == "event: claim"
            assert app.state.streams.of("system") == 1
    async with asyncio.timeout(10):
        while app.state.streams.of("system"):
            await asyncio.sleep(0.02)
