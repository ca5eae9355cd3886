"""How much a request may bring: counted while it is read, whatever it announced, so that nobody fills our memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrel.web import problems


class Sizes:
    """FastAPI's own limit answers in plain text; ours is a problem like any other."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _announced(scope) > self._largest:
            await problems.of_http(413, {"Connection": "close"})(scope, receive, send)
        elif scope["type"] == "http":
            await self._app(scope, _Counted(receive, self._largest).receive, send)
        else:
            await self._app(scope, receive, send)


class _Counted:
    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive = receive
        self._left = largest

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise HTTPException(413, headers={"Connection": "close"})
        return message


def _announced(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
