"""A web app of somebody who means harm: it answers whatever the address tells it to, and keeps a book of all that arrived.

python hostile_app.py HOST PORT BASE_PATH

As a workspace's app it is attacker and victim in one: what another page gets to do here stands in the book.
"""

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

HOST, PORT, BASE = sys.argv[1], int(sys.argv[2]), sys.argv[3].rstrip("/")
QUIET = ("/ready", "/book")

book: list[dict[str, Any]] = []


class Bookkeeper:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and not scope["path"].endswith(QUIET):
            headers = Headers(scope=scope)
            book.append(
                {
                    "method": scope.get("method", "WEBSOCKET"),
                    "path": scope["path"],
                    "query": scope["query_string"].decode(),
                    "headers": dict(headers.items()),
                }
            )
        await self._app(scope, receive, send)


async def ready(request: Request) -> Response:
    return PlainTextResponse("ready")


async def hello(request: Request) -> Response:
    return HTMLResponse(f"<!doctype html><title>Hello</title><h1>Hello from {BASE or '/'}</h1>")


async def say(request: Request) -> Response:
    """`status`, `type`, `body` and any number of `header=Name:Value`."""
    wanted = request.query_params
    answer = Response(
        wanted.get("body", ""), int(wanted.get("status", "200")), media_type=wanted.get("type", "text/html")
    )
    for line in wanted.getlist("header"):
        name, _, value = line.partition(":")
        answer.headers.append(name, value.strip())
    return answer


async def stream(request: Request) -> Response:
    """An EventSource's: one event and an end."""
    return StreamingResponse(iter([f"data: Hello from {BASE}\n\n"]), media_type="text/event-stream")


async def read_book(request: Request) -> Response:
    """What arrived since the last time."""
    found = list(book)
    book.clear()
    return JSONResponse(found)


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


EVERY = ["GET", "POST", "PUT", "DELETE"]
routes = [
    Route(f"{BASE}/ready", ready),
    Route(f"{BASE}/hello", hello, methods=EVERY),
    Route(f"{BASE}/", hello),
    Route(f"{BASE}/say", say, methods=EVERY),
    Route(f"{BASE}/stream", stream),
    Route(f"{BASE}/book", read_book),
    WebSocketRoute(f"{BASE}/echo", echo),
]

uvicorn.run(
    Bookkeeper(Starlette(routes=routes)), host=HOST, port=PORT, log_level="error", ws_ping_interval=None
)
