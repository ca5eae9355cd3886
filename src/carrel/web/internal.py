"""What Envoy asks at authorizer.sock: may this request go in? On a socket of its own, apart from everything that may be slow.

Whatever happens here, an answer below 300 is only ever given with a door, and none is 500 or above: a client must not be able to
make the check fail (findings E1 and 3).
"""

import asyncio
from html import escape
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from carrel.mint import TOKEN_PREFIX, new_id
from carrel.rules.authorize import Denied, Go, Redirect
from carrel.rules.echo import PARAMETER, is_nonce, proof
from carrel.rules.ticket import GRACE_COOKIE, NONCE_COOKIE, TICKET_COOKIE
from carrel.services import entry
from carrel.services.context import Context
from carrel.services.signing import Signer
from carrel.web import cookies, problems
from carrel.web.navigation import is_navigation

_log = structlog.get_logger(__name__)

PREFIX: Final = "/hub/internal/authorize"
PATIENCE: Final = 3.0
"""Seconds; Envoy gives up after five."""
BRIEF: Final = "x-envoy-upstream-stream-duration-ms"
"""How long the data plane lets this stream live; what a ticket says in `brief_ms`."""
UNSURE: Final = 429
"""What is answered when we could not decide: a refusal that says "again", and no 5xx."""
_SORRY: Final = "Carrel could not check just now whether you may go in. Try again in a moment."
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
_STYLE: Final = (
    "body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-content:center;padding:1.5rem;"
    "box-sizing:border-box}main{max-width:32rem}h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}"
)
_NONCE_LENGTH: Final = 43


def authorizer_app(ctx: Context, signer: Signer) -> Starlette:
    return Starlette(
        routes=[
            Route("/hub/internal/health", _health, methods=["GET"]),
            Mount(PREFIX, app=Authorizer(ctx, signer)),
        ]
    )


async def _health(request: Request) -> Response:
    """Answered by the loop alone: what it shows is that somebody listens and is not stuck."""
    return PlainTextResponse("ok\n")


class Authorizer:
    """Takes every method: Envoy asks with the one that the client used."""

    def __init__(self, ctx: Context, signer: Signer) -> None:
        self._ctx = ctx
        self._signer = signer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _close(receive, send)
            return
        answer = await self._guarded(scope)
        await answer(scope, receive, send)

    async def _guarded(self, scope: Scope) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._answer(scope)
        except Exception as error:  # noqa: BLE001 - the outermost wall: whatever it is, nobody gets in by it
            instance = new_id()
            _log.error("could not authorize", instance=instance, exc_info=error)
            return _unsure(instance, is_page=is_navigation(scope["method"], Headers(scope=scope)))

    async def _answer(self, scope: Scope) -> Response:
        if (nonce := _nonce_to_prove(scope)) is not None:
            return PlainTextResponse(
                proof(self._ctx.installation, nonce), 404, headers={"cache-control": "no-store"}
            )
        headers = Headers(scope=scope)
        knock = _knock(scope, headers)
        found = await entry.answer(self._ctx, self._signer, knock)
        match found.verdict:
            case Go(door=door, admission=admission):
                brief = {BRIEF: str(admission.brief_ms)} if admission and admission.brief_ms else {}
                response = Response(headers={"x-carrel-door": door, **brief})
            case Redirect(location=location):
                response = Response(status_code=302, headers={"location": location})
            case Denied() as denied:
                response = _refusal(denied, self._ctx.addresses.hub_page(), is_page=knock.is_navigation)
        for cookie in found.cookies:
            response.headers.append("set-cookie", cookie)
        response.headers["cache-control"] = "no-store"
        return response


def _knock(scope: Scope, headers: Headers) -> entry.Knock:
    return entry.Knock(
        path=scope["raw_path"].decode("latin-1").partition("?")[0].removeprefix(PREFIX),
        query=scope["query_string"].decode("latin-1"),
        host=headers.get("host", "").lower(),
        is_navigation=is_navigation(scope["method"], headers),
        old_tokens=tuple(cookies.values(headers, TICKET_COOKIE, GRACE_COOKIE)),
        nonces=tuple(nonce for nonce in cookies.values(headers, NONCE_COOKIE) if _is_nonce(nonce)),
        api_token=_api_token(headers),
    )


def _nonce_to_prove(scope: Scope) -> str | None:
    """Somebody asks whether the workspaces' address leads here; what they are told opens nothing."""
    name, _, value = scope["query_string"].decode("latin-1").partition("=")
    return value if name == PARAMETER and is_nonce(value) else None


def _is_nonce(text: str) -> bool:
    """One of ours is written back into a cookie, so that nothing else may pass for one."""
    return len(text) == _NONCE_LENGTH and text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def _api_token(headers: Headers) -> str | None:
    """Ours only: an app's own pages may use the header for something else, which the data plane takes away anyhow."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not token.strip().startswith(TOKEN_PREFIX):
        return None
    return token.strip()


def _refusal(denied: Denied, hub: str, *, is_page: bool) -> Response:
    if not is_page:
        return problems.problem(denied.code, denied.sentence, status=denied.status)
    challenge = {"www-authenticate": "Bearer"} if denied.status == 401 else {}
    return _page(denied.sentence, denied.status, hub, headers=challenge)


def _unsure(instance: str, *, is_page: bool) -> Response:
    if is_page:
        return _page(_SORRY, UNSURE, "", headers={"retry-after": "2", "cache-control": "no-store"})
    return problems.problem("unavailable", _SORRY, status=UNSURE, instance=instance)


def _page(sentence: str, status: int, hub: str, headers: dict[str, str]) -> Response:
    """Plain on purpose: it is shown at a workspace's address, where none of the hub's files are."""
    again = "" if hub else '<meta http-equiv="refresh" content="3">'
    way_on = f'<p><a href="{escape(hub)}">To the hub</a></p>' if hub else ""
    title = "Not this way" if hub else "One moment"
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        f'<meta name="viewport" content="width=device-width"><title>{title} – Carrel</title><style>{_STYLE}</style>'
        f"{again}<main><h1>{title}</h1><p>{escape(sentence)}</p>{way_on}</main></html>"
    )
    return HTMLResponse(
        body, status, {"content-security-policy": _POLICY, "x-frame-options": "DENY", **headers}
    )


async def _close(receive: Receive, send: Send) -> None:
    """Envoy never opens a WebSocket here; if something does, it is refused."""
    await receive()
    await send({"type": "websocket.close", "code": 1008})
