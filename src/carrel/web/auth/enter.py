"""The stop at the hub on the way into a workspace: who this is, whether they may, and a one-time code back."""

import re
from typing import Final

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person
from carrel.domain.errors import Invalid
from carrel.domain.ids import WorkspaceId
from carrel.services import codes
from carrel.services.codes import AskFirst, Elsewhere, Inside
from carrel.web.pages.frame import context_of, form_of, led, shown

_NONCE: Final = re.compile(r"[0-9a-f]{64}")


async def enter(request: Request, person: Person) -> Response:
    """Reading is enough for one's own: the code goes to the workspace's own address and fits only the browser that asked."""
    given = request.query_params
    return await _enter(
        request, person, given.get("workspace", ""), given.get("nonce", ""), given.get("next", "")
    )


async def enter_meant(request: Request, person: Person) -> Response:
    """An admin pressed the button to go into somebody else's."""
    given = await form_of(request)
    found = given.get("workspace", ""), given.get("nonce", ""), given.get("next", "")
    return await _enter(request, person, *found, is_meant=True)


async def _enter(
    request: Request, person: Person, workspace_id: str, nonce: str, way_back: str, *, is_meant: bool = False
) -> Response:
    if _NONCE.fullmatch(nonce) is None:
        raise Invalid("This address is not whole. Open the workspace from the hub.")
    way = await codes.grant(
        context_of(request),
        person,
        WorkspaceId(workspace_id),
        nonce=nonce,
        way_back=way_back,
        is_meant=is_meant,
    )
    match way:
        case Inside(url=url) | Elsewhere(url=url):
            return led(url)
        case AskFirst(owner=owner):
            fields = {"workspace": workspace_id, "nonce": nonce, "next": way_back}
            return shown(request, "enter.html", owner=owner, fields=fields)
