"""The way from the hub into a workspace: a one-time code, bound to the door, the person and the browser that asked for it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from carrel.domain.actor import Person
from carrel.domain.errors import NotFound
from carrel.domain.ids import SessionId, UserId, WorkspaceId
from carrel.domain.workspace import Workspace
from carrel.mint import fingerprint, new_secret
from carrel.rules.access import Action, owns, require
from carrel.rules.authorize import CODE_PARAMETER, Code, Standing, instead_of, standing
from carrel.rules.ticket import door_of
from carrel.rules.way_back import within_door
from carrel.services import visits
from carrel.services.context import Context
from carrel.store import codes, users, workspaces

ENTRY: Final = "entry"
LIFETIME: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Inside:
    """The address that leads this browser in, with a code that is good once and soon."""

    url: str


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The hub's page about a workspace that cannot be entered now."""

    url: str


@dataclass(frozen=True, slots=True)
class AskFirst:
    """An admin is about to go into somebody else's workspace, and must say that they mean it."""

    workspace: Workspace
    owner: str


Way = Inside | Elsewhere | AskFirst


async def grant(
    ctx: Context,
    person: Person,
    workspace_id: WorkspaceId,
    *,
    nonce: str,
    way_back: str,
    is_meant: bool = False,
) -> Way:
    """Raises NotFound, Forbidden. A visit of an admin is written down, also where the owner sees it."""
    secret = new_secret()
    code = Code(door_of(workspace_id), person.user_id, person.session_id, nonce)
    found = await ctx.store.write(
        _grant,
        person,
        workspace_id,
        code,
        code_hash=fingerprint(secret),
        is_meant=is_meant,
        now=ctx.clock.now(),
    )
    if isinstance(found, AskFirst):
        return found
    if isinstance(found, str):
        return Elsewhere(ctx.addresses.hub_page(found))
    wanted = within_door(way_back)
    mark = "&" if "?" in wanted else "?"
    return Inside(f"{ctx.addresses.workspace_page(workspace_id, wanted)}{mark}{CODE_PARAMETER}={secret}")


def _grant(
    conn: Connection,
    person: Person,
    workspace_id: WorkspaceId,
    code: Code,
    *,
    code_hash: str,
    is_meant: bool,
    now: datetime,
) -> AskFirst | str | None:
    """None where the code now counts; the hub's page to show instead; or the question to ask first."""
    workspace = workspaces.get(conn, workspace_id)
    if workspace is None:
        raise NotFound("There is no such workspace. It may have been removed long ago.")
    require(person, Action.ENTER, owner=workspace.owner)
    found = standing(workspace, is_inside=False)
    if found is not Standing.OPEN:
        return instead_of(workspace, found)
    if not owns(person, workspace.owner):
        if not is_meant:
            owner = users.get(conn, workspace.owner) if workspace.owner else None
            return AskFirst(workspace, owner.name if owner else "somebody")
        visits.write_down(conn, person, workspace, now)
    codes.add(conn, code_hash, ENTRY, _text(code), now + LIFETIME)
    return None


def spend(conn: Connection, code_hash: str, now: datetime) -> Code | None:
    """What the code was given out for; it is worth nothing afterwards, whether or not it fits."""
    text = codes.take(conn, code_hash, ENTRY, now)
    return _code(text) if text is not None else None


def _text(code: Code) -> str:
    return json.dumps([code.door, code.user_id, code.session_id, code.nonce])


def _code(text: str) -> Code:
    door, user_id, session_id, nonce = json.loads(text)
    return Code(door, UserId(user_id), SessionId(session_id), nonce)
