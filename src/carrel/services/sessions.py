"""Signing in and out of the hub in a browser, and who a session cookie belongs to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import Session, User
from carrel.domain.actor import Person
from carrel.domain.errors import CarrelError, Exhausted, Invalid, Unauthenticated
from carrel.domain.ids import SessionId, UserId
from carrel.domain.route import Withdrawal
from carrel.mint import fingerprint, new_id, new_secret
from carrel.rules.credentials import person_name
from carrel.services import withdrawals
from carrel.services.attempts import Rate
from carrel.services.context import Context
from carrel.services.user_changes import INVITATION, LINK
from carrel.store import audit, codes, sessions, users

PER_NAME: Final = Rate(burst=10, every=10.0)
PER_ADDRESS: Final = Rate(burst=50, every=1.0)
"""A whole class sits behind one address; only failures count."""

WRONG: Final = "This name and password do not belong together. Try again, or ask an admin for a new password."


@dataclass(frozen=True, slots=True)
class _Proof:
    """The stored hash that a password was checked against; checking takes long enough for an admin to set another meanwhile."""

    stored: str
    rehashed: str | None
    """The same password under today's parameters, to be kept instead."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    person: Person
    secret: str
    """Goes into the session cookie and nowhere else."""
    expires_at: datetime
    lifetime: timedelta


async def sign_in(ctx: Context, *, name: str, password: str, address: str) -> SignedIn:
    """Raises Unauthenticated without saying which of the two is wrong, Exhausted after too many failures."""
    try:
        known_as = person_name(name)
    except Invalid as error:
        raise Unauthenticated(WRONG) from error
    keys = _take_attempt(ctx, known_as, address)
    try:
        user, proof = await _checked(ctx, known_as, password)
    except CarrelError as error:
        if not isinstance(error, Unauthenticated):
            _give_back(ctx, keys)
        raise
    _give_back(ctx, keys)
    return await _begin(ctx, user.id, "password", proof)


async def sign_in_by_link(ctx: Context, *, code: str, address: str) -> SignedIn:
    """Spends the link. Raises Unauthenticated for one that is unknown, used or too old."""
    keys = _take_attempt(ctx, "", address)
    user_id = await ctx.store.write(_spend, fingerprint(code), ctx.clock.now())
    if user_id is None:
        raise Unauthenticated(
            "This link was used before or is too old. Ask an admin for a new one, or start Carrel again."
        )
    _give_back(ctx, keys)
    return await _begin(ctx, UserId(user_id), "link")


async def sign_out(ctx: Context, person: Person) -> None:
    """Returns once neither the hub nor any workspace believes this session any more. Raises Unavailable."""
    current = await ctx.store.write(_end, person, ctx.clock.now())
    await withdrawals.tell(ctx, current)


async def person_of(ctx: Context, secret: str) -> Person | None:
    """Who this session cookie belongs to, if it is live and they are not disabled."""
    found = await ctx.store.read(sessions.find, fingerprint(secret), ctx.clock.now())
    return _person(*found) if found else None


def _person(session: Session, user: User) -> Person:
    return Person(user.id, user.name, user.role, session.id)


async def _checked(ctx: Context, name: str, password: str) -> tuple[User, _Proof]:
    found = await ctx.store.read(users.password_of, name)
    user, stored = found or (None, None)
    checked = await ctx.passwords.check(password, stored)
    if user is None or stored is None or not checked.is_right or user.disabled_at is not None:
        raise Unauthenticated(WRONG)
    return user, _Proof(stored, checked.rehashed)


async def _begin(ctx: Context, user_id: UserId, way: str, proof: _Proof | None = None) -> SignedIn:
    now, secret = ctx.clock.now(), new_secret()
    session = Session(SessionId(new_id()), user_id, now, now + ctx.session_lifetime)
    user = await ctx.store.write(_add, session, fingerprint(secret), way, proof)
    if user is None:
        raise Unauthenticated("This account is disabled. Ask an admin.")
    return SignedIn(_person(session, user), secret, session.expires_at, ctx.session_lifetime)


def _spend(conn: Connection, code_hash: str, now: datetime) -> str | None:
    return codes.take(conn, code_hash, LINK, now) or codes.take(conn, code_hash, INVITATION, now)


def _add(conn: Connection, session: Session, secret_hash: str, way: str, proof: _Proof | None) -> User | None:
    """Raises Unauthenticated where the password that was checked is theirs no more."""
    user = users.get(conn, session.user_id)
    if user is None or user.disabled_at is not None:
        return None
    if proof is not None:
        _require_current(conn, user, proof)
    sessions.add(conn, session, secret_hash)
    users.seen(conn, user.id, session.created_at)
    audit.add(
        conn,
        session.created_at,
        audit.name_of(_person(session, user)),
        "sign_in",
        f"session:{session.id}",
        way,
    )
    return user


def _require_current(conn: Connection, user: User, proof: _Proof) -> None:
    known = users.password_of(conn, user.name)
    if known is None or known[1] != proof.stored:
        raise Unauthenticated(WRONG)
    if proof.rehashed is not None:
        users.put_password(conn, user.id, proof.rehashed)


def _end(conn: Connection, person: Person, now: datetime) -> list[Withdrawal]:
    sessions.end(conn, person.session_id, now)
    audit.add(conn, now, audit.name_of(person), "sign_out", f"session:{person.session_id}")
    return withdrawals.record(conn, [person.session_id], now)


def _take_attempt(ctx: Context, name: str, address: str) -> list[str]:
    """Counts the attempt before it is made, so that many at once cannot slip through. Raises Exhausted."""
    now = ctx.clock.monotonic()
    rates = {f"address:{fingerprint(_network(address))}": PER_ADDRESS}
    if name:
        rates[f"name:{fingerprint(name)}"] = PER_NAME
    taken: list[str] = []
    for key, rate in rates.items():
        wait = ctx.attempts.take(key, rate, now)
        if wait > 0:
            for earlier in taken:
                ctx.attempts.give_back(earlier)
            raise Exhausted(f"Too many failed attempts to sign in. Try again in {int(wait) + 1} seconds.")
        taken.append(key)
    return taken


def _network(address: str) -> str:
    """Whoever has one IPv6 address has its 64 bits' worth of others."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return address
    return str(ip.ipv4_mapped or ip_network((ip, 64), strict=False))


def _give_back(ctx: Context, keys: list[str]) -> None:
    for key in keys:
        ctx.attempts.give_back(key)
