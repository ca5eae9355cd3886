"""Giving a claim back, and why one ended."""

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.rules.causes import Mishap, cause
from carrel.services import claims, workspaces
from carrel.services.claims import ClaimView
from carrel.web.pages.frame import context_of, form_of, led, shown

USUAL_NAME = "default"


async def release(request: Request, person: Person) -> Response:
    await form_of(request)
    view = await claims.release(context_of(request), person, ClaimId(request.path_params["claim_id"]))
    return led("/hub/" if view.claim.held_at is not None else "/hub/?done=left")


async def workspace(request: Request, person: Person) -> Response:
    """Where the door of a workspace sends people that it cannot let in: what became of it, and why."""
    ctx = context_of(request)
    found = await workspaces.get(ctx, person, WorkspaceId(request.path_params["workspace_id"]))
    if found.workspace.claim_id is not None:
        return led(f"/hub/claims/{found.workspace.claim_id}")
    gone = found.workspace
    return shown(
        request,
        "ended.html",
        reason=gone.reason,
        pool=gone.pool,
        name=USUAL_NAME,
        recipe=found.template,
        had_one=True,
    )


def ended(request: Request, view: ClaimView) -> Response:
    row, found = view.workspace, view.claim
    reason, code = (row.reason, row.reason_code) if row and row.reason else (found.reason, found.reason_code)
    if code == ReasonCode.QUIT:
        reason = cause(Mishap(code, reason or "", was_in_use=True)).sentence
    return shown(
        request,
        "ended.html",
        reason=reason,
        pool=found.pool,
        name=found.name,
        recipe=view.template,
        had_one=view.claim.held_at is not None,
    )
