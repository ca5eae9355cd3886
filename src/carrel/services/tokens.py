"""API tokens: shown once, stored as a fingerprint, scoped, ending. And who a token belongs to."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import Token, User
from carrel.domain.actor import Actor, Role, Scope, System, TokenHolder
from carrel.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from carrel.domain.ids import TokenId, UserId
from carrel.mint import TOKEN_PREFIX, fingerprint, new_id, new_token
from carrel.rules.access import Action, effective_scopes, owns, require
from carrel.rules.credentials import bootstrap_token, token_label, token_lifetime
from carrel.services.context import Context
from carrel.services.users import ensure_admin
from carrel.services.visibility import oneself, require_seen
from carrel.store import audit, tokens, users

USUAL_LIFETIME: Final = timedelta(days=90)
USUAL_SCOPES: Final = frozenset({Scope.READ, Scope.USE})
USED_EVERY: Final = timedelta(minutes=1)
"""How exact "last used" is; every call writing it would make readers wait for writers."""
LONGEST_SECRET: Final = 512
_BOOTSTRAP: Final = "bootstrap"


async def create(
    ctx: Context,
    actor: Actor,
    *,
    label: str,
    scopes: frozenset[Scope] = USUAL_SCOPES,
    lifetime: timedelta | None = USUAL_LIFETIME,
    user_id: UserId | None = None,
) -> tuple[str, Token]:
    """The secret, shown this once, and the token. A token cannot be made by one that is weaker than it."""
    owner = user_id or oneself(actor)
    require(actor, Action.KEEP_TOKENS, owner=owner)
    now, secret, lives = ctx.clock.now(), new_token(), token_lifetime(lifetime)
    token = Token(
        TokenId(new_id()),
        owner,
        token_label(label),
        scopes,
        now,
        expires_at=now + lives if lives is not None else None,
        made_by=_maker(actor, owner),
    )
    await ctx.store.write(_add, actor, token, fingerprint(secret))
    return secret, token


async def page(ctx: Context, actor: Actor, *, user_id: UserId | None = None) -> list[Token]:
    """One person's, newest first; revoked ones too."""
    owner = user_id or oneself(actor)
    require(actor, Action.SEE, owner=owner)
    return await ctx.store.read(tokens.of_user, owner)


async def makers(ctx: Context, actor: Actor, user_id: UserId) -> dict[UserId, str]:
    """The names of the admins who made tokens for this person: whom else a secret may be known to."""
    require(actor, Action.SEE, owner=user_id)
    return await ctx.store.read(_makers, user_id)


def _makers(conn: Connection, user_id: UserId) -> dict[UserId, str]:
    held = tokens.of_user(conn, user_id)
    return users.names(conn, [token.made_by for token in held if token.made_by is not None])


async def revoke(ctx: Context, actor: Actor, token_id: TokenId) -> None:
    """Works from the next request on. Twice is harmless. A token may always revoke itself."""
    await ctx.store.write(_revoke, actor, token_id, ctx.clock.now())


async def holder_of(ctx: Context, secret: str) -> TokenHolder | None:
    """Who sent this token, if it is live and they are not disabled."""
    found = await ctx.store.read(find, secret, ctx.clock.now())
    return await used(ctx, found) if found else None


def find(conn: Connection, secret: str, now: datetime) -> tuple[Token, User] | None:
    if not secret.startswith(TOKEN_PREFIX) or len(secret) > LONGEST_SECRET:
        return None
    return tokens.find(conn, fingerprint(secret), now)


async def used(ctx: Context, found: tuple[Token, User]) -> TokenHolder:
    """The holder, with a note of the use, roughly. A full disk keeps the note out, not the holder."""
    token, user = found
    now = ctx.clock.now()
    if token.last_used_at is None or now - token.last_used_at >= USED_EVERY:
        with suppress(Unavailable):
            await ctx.store.write(tokens.used, token.id, now)
    return TokenHolder(user.id, user.name, user.role, token.id, token.scopes, token.made_by)


async def ensure_bootstrap(ctx: Context, secret: str) -> None:
    """Make CARREL_BOOTSTRAP_TOKEN an admin's token, once, in place of the one it was before.

    Raises Invalid for a weak one, Conflict for one that was revoked.
    """
    bootstrap_token(secret, TOKEN_PREFIX)
    admin = await ensure_admin(ctx)
    now = ctx.clock.now()
    token = Token(TokenId(new_id()), admin.id, _BOOTSTRAP, frozenset(Scope), now)
    await ctx.store.write(_ensure, token, fingerprint(secret))


def is_bootstrap(token: Token) -> bool:
    return token.label == _BOOTSTRAP and token.expires_at is None


def _ensure(conn: Connection, token: Token, secret_hash: str) -> None:
    if tokens.find(conn, secret_hash, token.created_at) is not None:
        return
    if tokens.is_known(conn, secret_hash):
        raise Conflict("CARREL_BOOTSTRAP_TOKEN was revoked. Set another one.")
    for former in tokens.of_user(conn, token.user_id):
        if is_bootstrap(former):
            _end(conn, System(), former, token.created_at)
    tokens.add(conn, token, secret_hash)
    audit.add(
        conn, token.created_at, audit.name_of(System()), "create_token", f"token:{token.id}", token.label
    )


def _add(conn: Connection, actor: Actor, token: Token, secret_hash: str) -> None:
    owner = users.get(conn, token.user_id)
    if owner is None or owner.disabled_at is not None:
        raise NotFound("There is no such user, or they were disabled.")
    if Scope.ADMIN in token.scopes and owner.role is not Role.ADMIN:
        raise Invalid('Only an admin\'s token can have the scope "admin". Leave it out.')
    if isinstance(actor, TokenHolder) and not token.scopes <= effective_scopes(actor.role, actor.scopes):
        raise Forbidden("A token cannot make one that may do more than itself.")
    tokens.add(conn, token, secret_hash)
    audit.add(conn, token.created_at, audit.name_of(actor), "create_token", f"token:{token.id}", token.label)


def _revoke(conn: Connection, actor: Actor, token_id: TokenId, now: datetime) -> None:
    token = tokens.get(conn, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    if not (isinstance(actor, TokenHolder) and actor.token_id == token_id):
        require_seen(actor, Action.KEEP_TOKENS, owner=token.user_id, thing="token")
    _end(conn, actor, token, now)


def _end(conn: Connection, actor: Actor, token: Token, now: datetime) -> None:
    if token.revoked_at is None:
        tokens.revoke(conn, token.id, now)
        audit.add(conn, now, audit.name_of(actor), "revoke_token", f"token:{token.id}", token.label)


def _maker(actor: Actor, owner: UserId) -> UserId | None:
    """Who else may know the secret: an admin who makes one for somebody, also by way of one that they made before."""
    if isinstance(actor, System):
        return None
    if not owns(actor, owner):
        return actor.user_id
    return actor.made_by if isinstance(actor, TokenHolder) else None
