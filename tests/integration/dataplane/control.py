"""A stand-in for the control plane: signs tickets, answers `authorize` by a policy that tests may bend, and serves a hub of one page.

Run as a program (`python control.py RUN KEY_FILE`) it can be killed and stopped like the real one.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt

from carrel.clock import SystemClock

if __package__:
    from .raw import App, Message, Reply
else:  # started as a program
    from raw import App, Message, Reply  # type: ignore[no-redef, import-not-found]

TICKET = {"iss": "carrel", "aud": "carrel-workspace", "lifetime": 60}
GRACE = {"iss": "carrel-grace", "aud": "carrel-grace", "lifetime": 900}


@dataclass(frozen=True)
class Signer:
    kid: str
    pem: str

    def sign(self, kind: dict[str, Any], door: Any, **claims: Any) -> str:
        now = int(SystemClock().now().timestamp())
        said = {
            "iss": kind["iss"],
            "aud": kind["aud"],
            "sub": "upersonaaaaaaaaa",
            "sid": "ssessionaaaaaaaa",
            "door": door,
            "iat": now,
            "exp": now + kind["lifetime"],
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, self.pem, algorithm="EdDSA", headers={"kid": self.kid})

    def ticket(self, workspace_id: str, **claims: Any) -> str:
        return self.sign(TICKET, f"/w/{workspace_id}/", **claims)

    def grace(self, workspace_id: str, **claims: Any) -> str:
        return self.sign(GRACE, f"/w/{workspace_id}/", **claims)


GO_TOKEN = "crl_good"


@dataclass
class Control:
    """`decide` answers authorize; tests replace it and put it back."""

    authorizer: App = field(default_factory=lambda: App("authorizer"))
    hub: App = field(default_factory=lambda: App("the hub"))
    asked: list[Message] = field(default_factory=list)
    decide: Callable[[Message], Awaitable[Reply]] | None = None

    async def listen(self, run: Path) -> None:
        self.authorizer.handler = self._authorizer
        await self.authorizer.listen(path=str(run / "authorizer.sock"))
        await self.hub.listen(path=str(run / "hub.sock"))

    async def stop(self) -> None:
        await self.authorizer.stop()
        await self.hub.stop()

    async def _authorizer(self, message: Message) -> Reply:
        if message.target == "/hub/internal/health":
            return Reply(body=b"ok")
        self.asked.append(message)
        return await (self.decide or default)(message)


async def default(message: Message) -> Reply:
    door = "/w/" + message.target.removeprefix("/hub/internal/authorize/w/").split("/")[0] + "/"
    if message.header("authorization") == f"Bearer {GO_TOKEN}":
        return Reply(headers=(("x-carrel-door", door),))
    if "text/html" in (message.header("accept") or ""):
        return Reply(302, (("location", "http://localhost/hub/open"),))
    return Reply(401, (("content-type", "application/problem+json"),), b'{"code": "unauthenticated"}')


async def main(run: Path) -> None:
    await Control().listen(run)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
