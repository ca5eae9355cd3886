"""The hub's walls: who asks, from which page, and what browsers may do with the answer. It permits nothing by itself;
what somebody may do is asked in the services.
"""

from typing import Final

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from carrel.domain.actor import Actor
from carrel.domain.address import Addresses
from carrel.domain.errors import Unauthenticated
from carrel.rules import echo
from carrel.services import sessions, tokens
from carrel.services.context import Context
from carrel.web import cookies, problems
from carrel.web.navigation import READING, comes_from_elsewhere, is_plain_navigation, wants_page

LARGEST_BODY: Final = 1024 * 1024
"""Kept by the framework, which every hub is told it."""
_SAFE: Final = READING | {"OPTIONS"}
_FOREIGN: Final = "This came from a page of another site, so it was not done. Do it on Carrel's own page."
_TWO_SESSIONS: Final = (
    "Your browser sent two sessions, one of which may be forged. Both are deleted; sign in again."
)


async def actor_of(request: Request) -> Actor | None:
    """Whoever the credential belongs to. A token is believed alone: with one, cookies count for nothing."""
    state = request.app.state
    owner: Actor | None = getattr(state, "owner", None)
    if owner is not None:
        return owner
    ctx: Context = state.context
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        return await tokens.holder_of(ctx, secret.strip()) if scheme.lower() == "bearer" else None
    secrets = cookies.session_secrets(request.headers, secure=ctx.addresses.secure)
    return await sessions.person_of(ctx, secrets[0]) if len(secrets) == 1 else None


async def require_actor(request: Request) -> Actor:
    """For handlers that need somebody. Raises Unauthenticated."""
    actor = await actor_of(request)
    if actor is None:
        raise Unauthenticated("Sign in, or send an API token as a bearer token. An old one may have ended.")
    return actor


class Walls:
    """Around the whole hub. Refuses what no page of ours sends, and tells browsers to trust nothing but our own files."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses
        self._origins = _own_origins(addresses.hub)
        self._answer_headers = _answer_headers(addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            is_welcome = scope["path"] == echo.PATH and self._is_own(Headers(scope=scope))
            await (self._app if is_welcome else WebSocketClose())(scope, receive, send)
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope))

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._answer_headers.items():
                    headers.setdefault(name, value)
            await send(message)

        answer = refusal or self._app
        await answer(scope, receive, dressed)

    def _is_own(self, headers: Headers) -> bool:
        """A page of another site learns nothing from a WebSocket here, but it has no business here either."""
        origin = headers.get("origin")
        return (origin is None or origin in self._origins) and not comes_from_elsewhere(headers)

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        if "authorization" in headers:
            return None
        has_session = cookies.session_secrets(headers, secure=self._addresses.secure)
        if len(has_session) > 1:
            return self._two_sessions(headers)
        if method in _SAFE:
            return self._foreign_read(method, headers) if has_session else None
        return self._foreign_write(headers)

    def _foreign_read(self, method: str, headers: Headers) -> Response | None:
        if not comes_from_elsewhere(headers) or is_plain_navigation(method, headers):
            return None
        return problems.problem("forbidden", _FOREIGN)

    def _foreign_write(self, headers: Headers) -> Response | None:
        """Where a browser says nothing of the site, its Origin counts (finding 4)."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if comes_from_elsewhere(headers):
            return problems.problem("forbidden", _FOREIGN)
        if origin is not None:
            return None if origin in self._origins else problems.problem("forbidden", _FOREIGN)
        if site is None and "cookie" in headers:
            return problems.problem(
                "forbidden", "No browser sends cookies without saying from where. Scripts use API tokens."
            )
        return None

    def _two_sessions(self, headers: Headers) -> Response:
        answer = (
            PlainTextResponse(_TWO_SESSIONS + "\n", 400)
            if wants_page(headers)
            else problems.problem("invalid", _TWO_SESSIONS, status=400)
        )
        for cookie in cookies.drop_session(secure=self._addresses.secure):
            answer.headers.append("set-cookie", cookie)
        answer.headers.update(cookies.EVERY_COOKIE)
        return answer


def _own_origins(hub: str) -> frozenset[str]:
    """127.0.0.1 is localhost, to the data plane and so to us."""
    return frozenset({hub, hub.replace("://localhost", "://127.0.0.1", 1)})


def _answer_headers(addresses: Addresses) -> dict[str, str]:
    """Set where the answer does not say otherwise. Forms may lead into workspaces: browsers check every hop of a redirect."""
    workspaces = f"{addresses.workspaces_scheme}://*.{addresses.shared_host}"
    policy = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        f"form-action 'self' {workspaces}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
    headers = {
        "content-security-policy": "; ".join(policy),
        "cache-control": "no-store",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    if addresses.secure:
        headers["strict-transport-security"] = "max-age=31536000"
    return headers
