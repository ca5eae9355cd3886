"""The audit trail, for admins: who did what to what, newest first, with links to what it was done to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.audited import ACTIONS
from carrel.domain.ids import is_id, is_name
from carrel.services import audit
from carrel.services.audit import AuditEntry, Sought
from carrel.web.pages.admin.listing import address, one_of, said
from carrel.web.pages.frame import context_of, for_admins, shown

ADDRESS: Final = "/hub/admin/audit"
SHOWN: Final = 50
_PLACES: Final = {
    "user": "/hub/admin/people/",
    "workspace": "/hub/workspaces/",
    "claim": "/hub/claims/",
    "report": "/hub/admin/reports/",
}
"""Where things live that are named by an id."""


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    actor: str
    token: str
    """The id of the token that was used, if one was."""
    action: str
    kind: str
    """Of what it was done to: user, pool …"""
    target: str
    url: str
    """Nothing where there is no page of it."""
    detail: str


def routes() -> list[BaseRoute]:
    return [Route(ADDRESS, for_admins(page), methods=["GET"])]


async def page(request: Request, person: Person) -> Response:
    query, after = request.query_params, request.query_params.get("after")
    look = {
        "actor": said(query, "actor"),
        "action": one_of(query, "action", ACTIONS),
        "target": said(query, "target"),
        "q": said(query, "q"),
    }
    sought = Sought(look["actor"], look["action"], look["target"], look["q"])
    found = await audit.page(context_of(request), person, sought, after=after, limit=SHOWN)
    return shown(
        request,
        "admin/audit.html",
        lines=[line_of(entry) for entry in found.items],
        look=look,
        actions=[("", "Anything"), *sorted(ACTIONS.items(), key=lambda pair: pair[1])],
        first_url=address(ADDRESS, look) if after else None,
        next_url=address(ADDRESS, look | {"after": found.next}) if found.next else None,
    )


def line_of(entry: AuditEntry) -> Line:
    kind, mark, thing = entry.target.partition(":")
    actor, _, token = entry.actor.partition(" (token ")
    return Line(
        at=entry.at,
        actor=actor,
        token=token.removesuffix(")"),
        action=ACTIONS.get(entry.action, entry.action),
        kind=kind if mark else "",
        target=entry.target_name or thing or entry.target,
        url=_url(kind, thing),
        detail=entry.detail,
    )


def _url(kind: str, thing: str) -> str:
    if kind == "pool" and is_name(thing):
        return f"/hub/admin/pools/{thing}"
    return f"{_PLACES[kind]}{thing}" if kind in _PLACES and is_id(thing) else ""
