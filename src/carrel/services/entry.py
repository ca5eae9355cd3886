"""Every request at a workspace's door that brings no valid ticket: gathers what is known, asks the rule, keeps the books.

It decides nothing itself.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from carrel.domain.account import Session, Token, User
from carrel.domain.errors import Unavailable
from carrel.domain.ids import SessionId, WorkspaceId
from carrel.domain.workspace import Workspace
from carrel.mint import fingerprint, new_secret
from carrel.rules.authorize import (
    CODE_PARAMETER,
    Admission,
    EntryFacts,
    EntryRequest,
    Go,
    Redirect,
    Verdict,
    authorize,
    workspace_in,
)
from carrel.rules.ticket import (
    GRACE_COOKIE,
    NONCE_COOKIE,
    NONCE_LIFETIME,
    REMEMBERED_FOR,
    TICKET_COOKIE,
    VISIT_REMEMBERED_FOR,
    DoorCookies,
    door_of,
    grace_claims,
    ticket_claims,
)
from carrel.services import codes, visits
from carrel.services import tokens as token_service
from carrel.services.context import Context
from carrel.services.signing import Signer
from carrel.store import sessions, use, workspaces

MOST_PROOFS: Final = 6
"""More cookies of ours than a browser with a few doors open would send; checking each costs a signature."""


@dataclass(frozen=True, slots=True)
class Knock:
    """The raw material of one request, before anything in it is believed."""

    path: str
    query: str = field(repr=False)
    host: str
    is_navigation: bool
    old_tokens: tuple[str, ...] = field(default=(), repr=False)
    """Ticket and grace cookies."""
    nonces: tuple[str, ...] = field(default=(), repr=False)
    api_token: str | None = field(default=None, repr=False)

    @property
    def code(self) -> str | None:
        for part in self.query.split("&"):
            name, _, value = part.partition("=")
            if name == CODE_PARAMETER and value:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: Verdict
    cookies: tuple[str, ...] = ()
    """Whole Set-Cookie values."""


async def answer(ctx: Context, signer: Signer, knock: Knock) -> Answer:
    now = ctx.clock.now()
    fresh = new_secret()
    nonces = {fingerprint(nonce): nonce for nonce in (*knock.nonces, fresh)}
    proofs = [signer.proof(token, now) for token in knock.old_tokens[:MOST_PROOFS]]
    request = EntryRequest(
        path=knock.path,
        query=knock.query,
        host=knock.host,
        is_navigation=knock.is_navigation,
        proofs=tuple(proof for proof in proofs if proof is not None),
        has_token=knock.api_token is not None,
        nonces=tuple(list(nonces)[:-1]),
        fresh_nonce=fingerprint(fresh),
    )
    facts = await _gather(ctx, knock, request, now)
    verdict = authorize(request, facts, ctx.addresses, now)
    if isinstance(verdict, Go) and facts.holder is not None and facts.workspace is not None:
        await visits.by_token(ctx, facts.holder, facts.workspace, now)
    await _note_entry(ctx, verdict, facts.workspace, now)
    return Answer(verdict, tuple(_cookies(ctx, signer, verdict, request, facts, nonces=nonces, now=now)))


async def _gather(ctx: Context, knock: Knock, request: EntryRequest, now: datetime) -> EntryFacts:
    workspace_id = workspace_in(knock.path)
    if workspace_id is None:
        return EntryFacts()
    if knock.api_token is not None:
        workspace, found = await ctx.store.read(_with_token, workspace_id, knock.api_token, now)
        return EntryFacts(workspace, holder=await token_service.used(ctx, found) if found else None)
    session_ids = [proof.session_id for proof in request.proofs if proof.door == door_of(workspace_id)]
    if knock.code is not None:
        # Spent even by a browser it does not fit: whoever began that detour must not use it either.
        return await ctx.store.write(_with_code, workspace_id, session_ids, fingerprint(knock.code), now)
    return await ctx.store.read(_facts, workspace_id, session_ids, now)


def _with_token(
    conn: Connection, workspace_id: WorkspaceId, api_token: str, now: datetime
) -> tuple[Workspace | None, tuple[Token, User] | None]:
    return workspaces.get(conn, workspace_id), token_service.find(conn, api_token, now)


def _with_code(
    conn: Connection, workspace_id: WorkspaceId, session_ids: list[SessionId], code_hash: str, now: datetime
) -> EntryFacts:
    code = codes.spend(conn, code_hash, now)
    wanted = [*session_ids, code.session_id] if code is not None else session_ids
    return replace(_facts(conn, workspace_id, wanted, now), code=code)


def _facts(
    conn: Connection, workspace_id: WorkspaceId, session_ids: Iterable[SessionId], now: datetime
) -> EntryFacts:
    found: dict[SessionId, tuple[Session, User]] = {}
    for session_id in set(session_ids):
        live = sessions.live(conn, session_id, now)
        if live is not None:
            found[session_id] = live
    return EntryFacts(workspaces.get(conn, workspace_id), found)


async def _note_entry(ctx: Context, verdict: Verdict, workspace: Workspace | None, now: datetime) -> None:
    """The first time its owner goes in, so that it is not taken for one that nobody wanted; and each time they open it from the hub,
    so that it is not taken for forgotten. A ticket that is renewed shows an open tab, never use.

    It is noted at the next request where it cannot be now (a full disk); that is no reason to keep them out.
    """
    if workspace is None:
        return
    has_entered, opened = workspace.entered_at is not None, False
    match verdict:
        case Redirect(admission=Admission(with_grace=True)):
            opened = True
        case Go(admission=None) | Go(admission=Admission(with_grace=True)) if not has_entered:
            pass
        case _:
            return
    with suppress(Unavailable):
        if not has_entered:
            await ctx.store.write(workspaces.entered, workspace.id, now)
        elif opened:
            await ctx.store.write(use.opened, workspace.id, now)


def _cookies(
    ctx: Context,
    signer: Signer,
    verdict: Verdict,
    request: EntryRequest,
    facts: EntryFacts,
    *,
    nonces: Mapping[str, str],
    now: datetime,
) -> Iterable[str]:
    workspace_id = workspace_in(request.path)
    if workspace_id is None or not isinstance(verdict, Go | Redirect):
        return
    door = door_of(workspace_id)
    jar = DoorCookies(door, secure=ctx.addresses.workspaces_scheme == "https")
    admission = verdict.admission
    if admission is not None:
        whom = (admission.user_id, admission.session_id, door, now)
        over_at = facts.sessions[admission.session_id][0].expires_at
        ticket = signer.sign(ticket_claims(*whom, over_at=over_at, brief_ms=admission.brief_ms))
        remembered_for = REMEMBERED_FOR if admission.with_grace else VISIT_REMEMBERED_FOR
        yield jar.kept(TICKET_COOKIE, ticket, remembered_for)
        if admission.with_grace:
            yield jar.kept(GRACE_COOKIE, signer.sign(grace_claims(*whom, over_at=over_at)), REMEMBERED_FOR)
        if request.nonces:
            yield jar.dropped(NONCE_COOKIE)
    elif isinstance(verdict, Redirect) and verdict.nonce is not None:
        yield jar.kept(NONCE_COOKIE, nonces[verdict.nonce], NONCE_LIFETIME)
