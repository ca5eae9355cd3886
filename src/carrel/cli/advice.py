"""The next step after an error, where the error alone cannot know it: what there is instead, what one holds, which token would do.

Asks the same Carrel once more, and says nothing rather than fail itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, Final

from carrel.cli import people
from carrel.cli.here import Here
from carrel.client import Client, claims, pools, templates, users, workspaces
from carrel.domain.claim import ClaimState
from carrel.domain.errors import CarrelError, Exhausted, Forbidden, NotFound, Unauthenticated
from carrel.wire.v1 import Claim

Given = Mapping[str, Any]
"""What the command was called with."""

WITHIN: Final = 3.0
_MOST: Final = 12
"""How many names a sentence lists."""
_CLAIM_WORDS: Final = ("create", "list", "show", "release", "events")


async def next_step(error: CarrelError, here: Here, given: Given) -> str | None:
    found: str | None = None
    with suppress(CarrelError, TimeoutError):
        async with asyncio.timeout(WITHIN):
            found = await _step(error, here, given)
    return found


async def _step(error: CarrelError, here: Here, given: Given) -> str | None:
    match error:
        case Unauthenticated():
            return (
                f"{here.place.url} does not accept CARREL_TOKEN: it ended, was revoked, or belongs to another Carrel. "
                "Make a new one on your account page, or with `carrel token create` on its machine."
            )
        case Forbidden() if 'scope "' in error.sentence:
            scope = error.sentence.partition('scope "')[2].partition('"')[0]
            return f"Make one on the machine where Carrel runs: carrel token create LABEL --scope {scope}"
        case NotFound():
            return await _instead(here.client, given)
        case Exhausted():
            return await _held(here, given)
        case _:
            return None


async def _instead(client: Client, given: Given) -> str | None:
    for name, ask in _SOUGHT.items():
        wanted = given.get(name)
        if isinstance(wanted, str) and (found := await ask(client, wanted)) is not None:
            return found
    return None


async def _pool(client: Client, wanted: str) -> str | None:
    names = [pool.name for pool in await pools.page(client)]
    if wanted in names:
        return None
    if not names:
        return "There is no pool yet. The configuration names them: docs/how-to/several-pools.md."
    if not get_close_matches(wanted, names) and (word := get_close_matches(wanted, _CLAIM_WORDS)):
        return f"Did you mean `carrel claim {word[0]}`? The pools here: {_listed(names)}."
    return _meant(wanted, names) or f"The pools here: {_listed(names)}."


async def _person(client: Client, wanted: str) -> str | None:
    if (await users.page(client, name=wanted.strip())).items:
        return None
    names = [user.name for user in (await users.page(client, limit=200)).items]
    return _meant(wanted, names) or "See who there is: carrel user list"


async def _workspace(client: Client, wanted: str) -> str | None:
    ids = [one.id for one in (await workspaces.page(client, limit=200)).items]
    return _meant(wanted, ids) or "See which there are: carrel workspace list"


async def _claim(client: Client, wanted: str) -> str | None:
    found = (await claims.page(client, limit=200)).items
    for claim in found:
        if claim.workspace is not None and claim.workspace.id == wanted:
            return f"That is a workspace. Its claim is {claim.id}."
    return _meant(wanted, [claim.id for claim in found]) or "See which there are: carrel claim list"


async def _template(client: Client, wanted: str) -> str | None:
    names = [template.name for template in await templates.page(client)]
    return _meant(wanted, names) or f"The templates here: {_listed(names)}."


async def _token(client: Client, wanted: str) -> str | None:
    return "See which there are: carrel token list"


_SOUGHT: Final[Mapping[str, Callable[[Client, str], Awaitable[str | None]]]] = {
    "pool": _pool,
    "who": _person,
    "user": _person,
    "workspace_id": _workspace,
    "claim_id": _claim,
    "token_id": _token,
    "template": _template,
}
"""Parameter of a command → who knows what else there is."""


async def _held(here: Here, given: Given) -> str | None:
    """What could be given back to make room."""
    pool, who = given.get("pool"), given.get("user")
    if not isinstance(pool, str):
        return None
    user = await people.find(here.client, who) if isinstance(who, str) else None
    if user is None and here.place.is_owners:
        user = await people.first_admin(here.client)
    mine: list[Claim] = []
    for state in (ClaimState.HELD, ClaimState.WAITING):
        found = await claims.page(here.client, pool=pool, user=user.id if user else None, state=state)
        mine += found.items
    if not mine:
        return None
    lines = [f"  {claim.id}  {_told(claim)}" for claim in mine]
    return "\n".join(["Held now:", *lines, f"Give one back: carrel claim release {mine[0].id}"])


def _told(claim: Claim) -> str:
    where = f"workspace {claim.workspace.id}, {claim.workspace.phase}" if claim.workspace else "waiting"
    return where if claim.name == "default" else f"{claim.name}: {where}"


def _meant(wanted: str, names: Sequence[str]) -> str | None:
    close = get_close_matches(wanted.lower(), names, n=2)
    return f"Did you mean {' or '.join(close)}?" if close else None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")
