"""A little web app for workspaces under test: pages, an echo WebSocket, a page of the test's own, and ways to misbehave on request.

python small_app.py HOST PORT BASE_PATH
"""

import asyncio
import os
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

HOST, PORT, BASE = sys.argv[1], int(sys.argv[2]), sys.argv[3].rstrip("/")


async def ready(request: Request) -> Response:
    return PlainTextResponse("ready")


async def hello(request: Request) -> Response:
    return HTMLResponse(f"<!doctype html><title>Small app</title><h1>Hello from {BASE}</h1>")


async def seen(request: Request) -> Response:
    """What arrived here, and what this process knows."""
    headers = [[name, value] for name, value in request.headers.items()]
    return JSONResponse({"headers": headers, "environment": dict(os.environ), "path": request.url.path})


async def files(request: Request) -> Response:
    place = Path(os.environ["HOME"]) / request.path_params["name"]
    if request.method == "PUT":
        place.write_bytes(await request.body())
        return Response(status_code=201)
    return Response(place.read_bytes()) if place.exists() else Response(status_code=404)


async def page(request: Request) -> Response:
    """A page that a test wrote into the person's files, as an attacker's would be; headers beside it."""
    place = Path(os.environ["HOME"]) / request.path_params["name"]
    kind = "text/javascript" if place.suffix == ".js" else "text/html"
    headers = {"Service-Worker-Allowed": "/"} if place.suffix == ".js" else {}
    return Response(place.read_bytes(), media_type=kind, headers=headers)


async def toss(request: Request) -> Response:
    answer = PlainTextResponse("tossed")
    for cookie in request.query_params.getlist("cookie"):
        answer.headers.append("Set-Cookie", cookie)
    return answer


async def die(request: Request) -> Response:
    os._exit(3)


async def say(request: Request) -> Response:
    """Into its log."""
    sys.stdout.write(request.query_params["line"] + "\n")
    sys.stdout.flush()
    return PlainTextResponse("said")


async def slow(request: Request) -> Response:
    await asyncio.sleep(float(request.query_params["seconds"]))
    return PlainTextResponse("at last")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


routes = [
    Route(f"{BASE}/ready", ready),
    Route(f"{BASE}/hello", hello),
    Route(f"{BASE}/", hello),
    Route(f"{BASE}/seen", seen, methods=["GET", "POST", "PUT"]),
    Route(f"{BASE}/files/{{name}}", files, methods=["GET", "PUT"]),
    Route(f"{BASE}/page/{{name}}", page),
    Route(f"{BASE}/toss", toss),
    Route(f"{BASE}/die", die, methods=["GET", "POST"]),
    Route(f"{BASE}/print", say),
    Route(f"{BASE}/slow", slow),
    WebSocketRoute(f"{BASE}/echo", echo),
]

uvicorn.run(
    Starlette(routes=routes), host=HOST, port=PORT, log_level="warning", ws_ping_interval=None, backlog=4096
)
