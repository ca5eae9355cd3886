"""How much a request may bring: counted while it is read, whatever it announced, so that nobody fills our memory.

The data plane lets a browser's whole cookie jar through to here, because only here can be told what is too long. A jar that was stuffed
is emptied; an address that is too long empties nothing, or a link on any page of the world would sign people out.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carrel.web import cookies, problems
from carrel.web.navigation import wants_page

LONGEST_ADDRESS: Final = 16 * 1024
LARGEST_JAR: Final = 48 * 1024
LARGEST_HEADERS: Final = 96 * 1024
"""Besides cookies."""

_LONG: Final = "This address is longer than any of ours."
_HEADERS: Final = "The request has larger headers than are taken here."
_STUFFED: Final = (
    "Your browser sent more cookies than are taken here. They are deleted: reload, and sign in again."
)


class Sizes:
    """FastAPI's own limit answers in plain text; ours is a problem like any other."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
        else:
            await self._app(scope, _Counted(receive, self._largest).receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if _announced(scope) > self._largest:
            return problems.of_http(413, {"Connection": "close"})
        if len(scope["path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return problems.problem("too_large", _LONG, status=414)
        if sum(len(value) for name, value in scope["headers"] if name == b"cookie") > LARGEST_JAR:
            return _stuffed(Headers(scope=scope))
        if sum(len(value) for name, value in scope["headers"] if name != b"cookie") > LARGEST_HEADERS:
            return problems.problem("too_large", _HEADERS, status=431)
        return None


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


def _stuffed(headers: Headers) -> Response:
    if wants_page(headers):
        return PlainTextResponse(_STUFFED + "\n", 431, {**cookies.EVERY_COOKIE, "cache-control": "no-store"})
    return problems.problem("too_large", _STUFFED, status=431, headers=cookies.EVERY_COOKIE)
