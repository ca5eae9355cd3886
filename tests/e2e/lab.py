"""A JupyterLab behind Envoy as scripts use it: its API with its person's token, and what a cell prints."""

import asyncio
import json
from typing import Any

import httpx
import websockets

from .running import Carrel, PersonWithToken
from .test_first_minutes import open_socket


def lab_of(carrel: Carrel, base: str, person: PersonWithToken) -> httpx.AsyncClient:
    client = carrel.browserless()
    client.base_url = httpx.URL(base)
    client.headers["Authorization"] = f"Bearer {person.token}"
    return client


async def printed_by(carrel: Carrel, address: str, person: PersonWithToken, code: str) -> str:
    """What the cell printed."""
    request = {
        "header": {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"},
        "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
        "content": {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
    }  # fmt: skip
    printed = ""
    async with asyncio.timeout(60):
        async with open_socket(carrel, address, person.token) as socket:
            await socket.send(json.dumps(request))
            async for message in socket:
                told = _message(message)
                if told["parent_header"].get("msg_id") != "1":
                    continue
                if told["msg_type"] == "stream":
                    printed += told["content"]["text"]
                if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                    return printed
    raise AssertionError("the kernel closed the connection")


def _message(message: websockets.Data) -> dict[str, Any]:
    told = json.loads(message)
    return {"msg_type": told["header"]["msg_type"], **told}
