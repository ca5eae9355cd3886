"""Asking for a workspace, waiting for it, giving it back; and why one stopped."""

from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.rules.access import owns
from carrel.rules.authorize import Standing, standing
from carrel.rules.way_back import within_door
from carrel.services import claims, pools, workspaces
from carrel.services.claims import ClaimView
from carrel.web.pages.frame import context_of, form_of, led, shown
from carrel.web.pages.home import entrance

USUAL_NAME = "default"


async def ask(request: Request, person: Person) -> Response:
    """Starts nothing: somebody may have been led here by a stranger's link."""
    name = request.path_params.get("name", USUAL_NAME)
    offer = await pools.get(context_of(request), person, request.path_params["pool"])
    path = within_door(request.query_params.get("path"))
    return shown(request, "open.html", offer=offer, name=name, path=path)


async def claim(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    ctx, path = context_of(request), within_door(fields.get("path"))
    name = request.path_params.get("name", USUAL_NAME)
    with request.app.state.metrics.claiming() as attempt:
        view = await claims.claim(ctx, person, pool=request.path_params["pool"], name=name)
        attempt.pool, attempt.outcome = view.claim.pool, view.outcome
    return led(entrance(view, ctx.addresses, path) or _waiting_room(view, path))


async def wait(request: Request, person: Person) -> Response:
    """Leads in as soon as that is possible."""
    ctx = context_of(request)
    view = await claims.get(ctx, person, ClaimId(request.path_params["claim_id"]))
    way_in = entrance(view, ctx.addresses, within_door(request.query_params.get("path")))
    if way_in is not None and owns(person, view.claim.user_id):
        return led(way_in)
    if view.claim.state is ClaimState.RELEASED or _is_over(view):
        return _ended(request, view)
    return shown(request, "waiting.html", view=view, entrance=way_in)


async def release(request: Request, person: Person) -> Response:
    await form_of(request)
    await claims.release(context_of(request), person, ClaimId(request.path_params["claim_id"]))
    return led("/hub/")


async def workspace(request: Request, person: Person) -> Response:
    """Where the door of a workspace sends people that it cannot let in: what became of it, and why."""
    ctx = context_of(request)
    found = await workspaces.get(ctx, person, WorkspaceId(request.path_params["workspace_id"]))
    if found.workspace.claim_id is not None:
        return led(f"/hub/claims/{found.workspace.claim_id}")
    gone = found.workspace
    return shown(request, "ended.html", reason=gone.reason, pool=gone.pool, name=USUAL_NAME, title=None)


def _is_over(view: ClaimView) -> bool:
    return view.workspace is not None and standing(view.workspace, is_inside=False) is Standing.OVER


def _ended(request: Request, view: ClaimView) -> Response:
    reason = view.workspace.reason if view.workspace is not None else None
    title = view.template.title if view.template is not None else None
    return shown(
        request,
        "ended.html",
        reason=reason or view.claim.reason,
        pool=view.claim.pool,
        name=view.claim.name,
        title=title,
    )


def _waiting_room(view: ClaimView, path: str) -> str:
    return f"/hub/claims/{view.claim.id}" + (f"?path={quote(path, safe='')}" if path else "")
