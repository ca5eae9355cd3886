"""Names for the shell to complete, from the Carrel that the line would talk to. Whatever goes wrong, it knows none and says nothing:
somebody is in the middle of typing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import typer

from carrel.cli.reach import place
from carrel.client import Client
from carrel.client import claims as claim_calls
from carrel.client import homes as home_calls
from carrel.client import pools as pool_calls
from carrel.client import templates as template_calls
from carrel.client import tokens as token_calls
from carrel.client import users as user_calls
from carrel.client import workspaces as workspace_calls
from carrel.domain.claim import ClaimState
from carrel.domain.errors import CarrelError
from carrel.domain.workspace import LIVE

WITHIN: Final = 1.0
_MOST: Final = 200
"""Nobody reads more."""

Known = list[tuple[str, str]]
"""Name, and what it is, which zsh and fish show beside it."""


def pools(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _pools)


def users(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _users)


def workspaces(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _workspaces)


def claims(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _claims)


def templates(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _templates)


def tokens(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _tokens)


def homes(ctx: typer.Context, incomplete: str) -> Known:
    return _known(ctx, incomplete, _homes)


def parameters(ctx: typer.Context, incomplete: str) -> Known:
    """Of the pool that the line names: their names, and after the "=" what may be chosen. While an option has no value yet, no word has
    found its place, and the pool is the first of those left over.
    """
    pool = ctx.params.get("pool") or next(iter(ctx.args), "")
    return _known(ctx, incomplete, partial(_parameters, pool))


def versions(ctx: typer.Context, incomplete: str) -> Known:
    """Of the template that the line names."""
    return _known(ctx, incomplete, partial(_versions, ctx.params.get("template") or ""))


async def _pools(client: Client) -> Known:
    return [(one.name, f"{one.counts.ready} ready") for one in await pool_calls.page(client)]


async def _users(client: Client) -> Known:
    return [(one.name, one.display_name) for one in (await user_calls.page(client, limit=_MOST)).items]


async def _workspaces(client: Client) -> Known:
    found = await workspace_calls.page(client, phases=sorted(LIVE), limit=_MOST)
    return [(one.id, f"{one.pool}, {one.phase}") for one in found.items]


async def _claims(client: Client) -> Known:
    found = [
        one
        for state in (ClaimState.WAITING, ClaimState.HELD)
        for one in (await claim_calls.page(client, state=state, limit=_MOST)).items
    ]
    return [(one.id, f"{one.pool}, {one.state}") for one in found]


async def _templates(client: Client) -> Known:
    return [(one.name, one.title) for one in await template_calls.page(client)]


async def _versions(template: str, client: Client) -> Known:
    return [
        (one.version[:12], "current" if one.is_current else f"{one.claimed} claimed")
        for one in await template_calls.versions(client, template)
    ]


async def _parameters(pool: str, client: Client) -> Known:
    template = await template_calls.get(client, (await pool_calls.get(client, pool)).template)
    return [
        (f"{one.name}={option}", one.description)
        for one in template.parameters
        for option in (one.options or [""])
    ]


async def _tokens(client: Client) -> Known:
    return [(one.id, one.label) for one in await token_calls.page(client) if one.revoked_at is None]


async def _homes(client: Client) -> Known:
    return [
        (one.name, "deleted" if one.deleted_at else f"in {one.pool}" if one.pool else "")
        for one in await home_calls.page(client)
    ]


def _known(ctx: Any, incomplete: str, ask: Callable[[Client], Awaitable[Known]]) -> Known:
    found: Known = []
    with suppress(CarrelError, OSError, TimeoutError, ValueError):
        state_dir = ctx.params.get("state_dir")
        there = place(Path(state_dir) if state_dir else None, ctx.params.get("url"))
        found = asyncio.run(_asked(there.client(), ask))
    return [(name, what) for name, what in found if name.startswith(incomplete)]


async def _asked(client: Client, ask: Callable[[Client], Awaitable[Known]]) -> Known:
    async with asyncio.timeout(WITHIN), client:
        return await ask(client)
