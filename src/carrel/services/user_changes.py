"""What an admin changes about somebody, in one transaction: with what has to end for it, and never the last admin."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import User
from carrel.domain.actor import Actor, Role, System
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Conflict, NotFound
from carrel.domain.ids import PoolName, SessionId, UserId
from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.route import Withdrawal
from carrel.services import withdrawals
from carrel.store import audit, claims, codes, sessions, users

LINK: Final = "sign-in-link"
"""The kind of one-time code that signs the first admin in."""
INVITATION: Final = "invitation"
"""The kind that lets somebody in who has no password yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become different about somebody; None leaves it as it is."""

    role: Role | None = None
    disabled: bool | None = None
    display_name: str | None = None
    email: str | None = None
    """Empty takes it away."""
    password: str | None = field(default=None, repr=False)

    @property
    def takes_away(self) -> bool:
        """It could lock an admin out."""
        return self.role is not None or self.disabled is True


@dataclass(slots=True)
class Changed:
    user: User
    withdrawn: list[Withdrawal] = field(default_factory=list)
    pools: set[PoolName] = field(default_factory=set)
    """Those that have to look after what was released."""


@dataclass(slots=True)
class _Writing:
    conn: Connection
    actor: Actor
    before: User
    now: datetime
    ended: list[SessionId] = field(default_factory=list)
    """Sessions that are over, or whose tickets say too much now."""

    def note(self, action: str, detail: str = "") -> None:
        name = audit.name_of(self.actor)
        audit.add(
            self.conn, self.now, action=action, actor=name, target=f"user:{self.before.id}", detail=detail
        )

    def password(self, hashed: str) -> None:
        users.put_password(self.conn, self.before.id, hashed)
        withdraw_links(self.conn, self.before.id)
        self.ended += sessions.end_all(self.conn, self.before.id, self.now)
        self.note("set_password")

    def display_name(self, called: str) -> None:
        if called != self.before.display_name:
            users.set_display_name(self.conn, self.before.id, called)
            self.note("rename_user", called)

    def email(self, address: str | None) -> None:
        if address != self.before.email:
            users.set_email(self.conn, self.before.id, address)
            self.note("change_email")

    def role(self, role: Role) -> None:
        users.set_role(self.conn, self.before.id, role)
        self.note("set_role", role.value)
        if self.before.role is Role.ADMIN and role is not Role.ADMIN:
            self.ended += sessions.of_user(self.conn, self.before.id, self.now)

    def disable(self) -> set[PoolName]:
        """The pools in which they held something."""
        self.ended += sessions.end_all(self.conn, self.before.id, self.now)
        users.disable(self.conn, self.before.id, self.now)
        withdraw_links(self.conn, self.before.id)
        self.note("disable_user")
        return _release_all(self.conn, self.before.id, self.now)

    def enable(self) -> None:
        if self.before.disabled_at is not None:
            users.enable(self.conn, self.before.id)
            self.note("enable_user")


def apply(
    conn: Connection, actor: Actor, user_id: UserId, wanted: Change, *, hashed: str | None, now: datetime
) -> Changed:
    """`hashed` is the wanted password. Raises NotFound, and Conflict where no admin would be left who could undo it: whoever owns the
    state directory always can.
    """
    admins = users.admins(conn) if wanted.takes_away and not isinstance(actor, System) else []
    writing = _Writing(conn, actor, found(users.get(conn, user_id)), now)
    changed = Changed(writing.before)
    if hashed is not None:
        writing.password(hashed)
    if wanted.display_name is not None:
        writing.display_name(wanted.display_name)
    if wanted.email is not None:
        writing.email(wanted.email or None)
    if wanted.role is not None:
        writing.role(wanted.role)
    if wanted.disabled is False:
        writing.enable()
    if wanted.disabled:
        changed.pools = writing.disable()
    if admins and not users.admins(conn):
        raise Conflict(f"{writing.before.name!r} is the last admin. Make somebody else an admin first.")
    changed.withdrawn = withdrawals.record(conn, writing.ended, now)
    changed.user = found(users.get(conn, user_id))
    return changed


def _release_all(conn: Connection, user_id: UserId, now: datetime) -> set[PoolName]:
    reason = Reason(ReasonCode.STOPPED_BY_ADMIN, "The account was disabled.")
    pools = set()
    for state in (ClaimState.WAITING, ClaimState.HELD):
        while live := claims.page(conn, user_id=user_id, state=state, limit=100).items:
            for claim in live:
                claims.release(conn, claim.id, reason, now)
                pools.add(claim.pool)
    return pools


def withdraw_links(conn: Connection, user_id: UserId) -> None:
    """None that was given out for them signs anybody in any more, nor after they are enabled again."""
    for kind in (LINK, INVITATION):
        codes.withdraw(conn, kind, user_id)


def found(user: User | None) -> User:
    """Raises NotFound."""
    if user is None:
        raise NotFound("There is no such user.")
    return user
