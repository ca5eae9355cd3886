"""What tickets and graces say, how long they live, and how their cookies are kept. Signing and checking is not done here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from carrel.domain.ids import SessionId, UserId, WorkspaceId, is_id

TICKET_COOKIE: Final = "carrel-ticket"
GRACE_COOKIE: Final = "carrel-grace"
NONCE_COOKIE: Final = "carrel-nonce"

TICKET_ISSUER: Final = "carrel"
TICKET_AUDIENCE: Final = "carrel-workspace"
GRACE_ISSUER: Final = "carrel-grace"
GRACE_AUDIENCE: Final = "carrel-grace"

TICKET_LIFETIME: Final = timedelta(seconds=60)
GRACE_LIFETIME: Final = timedelta(minutes=15)
NONCE_LIFETIME: Final = timedelta(minutes=10)
"""How long a person may take to sign in on the way to a workspace."""
WITHDRAWN_FOR: Final = GRACE_LIFETIME + timedelta(minutes=1)
"""How long a withdrawal must be listed: until the last grace signed before it has ended, skews included."""
REMEMBERED_FOR: Final = timedelta(days=14)
"""How long after its end a ticket still tells who comes, if the session lives: a tab that slept goes on."""

VISIT_REMEMBERED_FOR: Final = timedelta(minutes=15)
"""The same for an admin in somebody else's workspace: after a longer pause they are asked again, and it is written down again."""
VISIT_STREAM: Final = timedelta(minutes=10)
"""How long one stream of a visitor lives. Then it knocks again, so that a right that was taken away ends there too (finding 8)."""


def door_of(workspace_id: WorkspaceId) -> str:
    return f"/w/{workspace_id}/"


def ticket_claims(
    user_id: UserId,
    session_id: SessionId,
    door: str,
    now: datetime,
    *,
    over_at: datetime,
    brief_ms: int | None = None,
) -> dict[str, Any]:
    """`over_at` is when the session ends: no ticket is good for longer. `brief_ms` limits how long one stream may live; guests and visiting admins get it."""
    claims = _claims(user_id, session_id, door, issuer=TICKET_ISSUER, audience=TICKET_AUDIENCE)
    claims["exp"] = _end(now, TICKET_LIFETIME, over_at)
    if brief_ms is not None:
        claims["brief_ms"] = brief_ms
    return claims


def grace_claims(
    user_id: UserId, session_id: SessionId, door: str, now: datetime, *, over_at: datetime
) -> dict[str, Any]:
    """Lets the owner go on while the control plane is away. Never signed for guests or visiting admins."""
    claims = _claims(user_id, session_id, door, issuer=GRACE_ISSUER, audience=GRACE_AUDIENCE)
    claims["exp"] = _end(now, GRACE_LIFETIME, over_at)
    return claims


def remembered_for(claims: dict[str, Any]) -> timedelta:
    """How long after its end a ticket or grace still tells who comes. A browser may keep its cookies for longer than it was told."""
    return VISIT_REMEMBERED_FOR if "brief_ms" in claims else REMEMBERED_FOR


def _claims(
    user_id: UserId, session_id: SessionId, door: str, *, issuer: str, audience: str
) -> dict[str, Any]:
    return {"iss": issuer, "aud": audience, "sub": user_id, "sid": session_id, "door": door}


def _end(now: datetime, lifetime: timedelta, over_at: datetime) -> int:
    return int(min(now + lifetime, over_at).timestamp())


@dataclass(frozen=True, slots=True)
class Proof:
    """Who an old ticket or grace was signed for, and for which door. Says nothing about what they may do today."""

    user_id: UserId
    session_id: SessionId
    door: str


def proof_of(claims: dict[str, Any]) -> Proof | None:
    """`claims` are those of a token whose signature was checked; None unless they are whole and one of our two kinds."""
    kind = (claims.get("iss"), claims.get("aud"))
    if kind not in ((TICKET_ISSUER, TICKET_AUDIENCE), (GRACE_ISSUER, GRACE_AUDIENCE)):
        return None
    user_id, session_id, door = claims.get("sub"), claims.get("sid"), claims.get("door")
    if not (isinstance(user_id, str) and isinstance(session_id, str) and isinstance(door, str)):
        return None
    if not (is_id(user_id) and is_id(session_id)):
        return None
    return Proof(UserId(user_id), SessionId(session_id), door)


@dataclass(frozen=True, slots=True)
class DoorCookies:
    """How cookies of one door are written. They never name a domain: they are this host's alone."""

    door: str
    secure: bool

    def kept(self, name: str, value: str, lifetime: timedelta) -> str:
        return f"{name}={value}; Max-Age={int(lifetime.total_seconds())}; {self._attributes}"

    def dropped(self, name: str) -> str:
        return f"{name}=; Max-Age=0; {self._attributes}"

    @property
    def _attributes(self) -> str:
        return f"Path={self.door}; HttpOnly; SameSite=Lax" + ("; Secure" if self.secure else "")
