"""/hub/health/echo: gives back what it is sent, so that anybody can see whether requests and WebSockets get here, and to whom.

It asks for no credentials and knows nobody: a nonce's proof over HTTP, a handful of short messages for seconds over WebSocket.
"""

import asyncio
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from carrel.domain.errors import Invalid
from carrel.rules.echo import PATH, is_nonce, proof
from carrel.services.context import Context

MOST_MESSAGES: Final = 8
LONGEST: Final = 125
"""Bytes of a message."""
LIVES: Final = 10.0
"""Seconds: whoever opens many of them holds none for long."""

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def prove(request: Request, nonce: str = "") -> Response:
    if not is_nonce(nonce):
        raise Invalid("Send a nonce: 16 to 64 letters, figures, - and _.")
    ctx: Context = request.app.state.context
    return JSONResponse(
        {"echo": nonce, "proof": proof(ctx.installation, nonce)}, headers={"Cache-Control": "no-store"}
    )


@router.websocket(PATH)
async def talk(socket: WebSocket) -> None:
    """Who may come here at all is asked at the hub's walls."""
    with suppress(TimeoutError, WebSocketDisconnect):
        await socket.accept()
        async with asyncio.timeout(LIVES):
            for _ in range(MOST_MESSAGES):
                await _give_back(socket)
            await socket.receive()
    with suppress(RuntimeError, WebSocketDisconnect):  # they were faster
        await socket.close()


async def _give_back(socket: WebSocket) -> None:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    await socket.send({**message, "type": "websocket.send"})
