"""/claims/{id}/failure and /workspaces/{id}/failure: what went wrong, and whose problem that is."""

from typing import Any, Final

from fastapi import APIRouter, Response

from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.services import failures
from carrel.services.failures import Failure
from carrel.web.api.answers import told
from carrel.web.api.asked import Asked
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id

router = APIRouter(prefix=PREFIX)

_NOTHING: Final[dict[int | str, dict[str, Any]]] = {204: {"description": "Nothing went wrong."}}


@router.get(
    "/claims/{claim_id}/failure",
    tags=["claims"],
    operation_id="claims.failure",
    response_model=v1.Failure,
    responses=_NOTHING,
    summary="Why it ended or takes longer, and whose problem that is",
)
async def of_claim(asked: Asked, claim_id: Id) -> Response:
    return _answer(await failures.of_claim(asked.context, asked.actor, ClaimId(claim_id)))


@router.get(
    "/workspaces/{workspace_id}/failure",
    tags=["workspaces"],
    operation_id="workspaces.failure",
    response_model=v1.Failure,
    responses=_NOTHING,
    summary="Why it failed, and whose problem that is",
)
async def of_workspace(asked: Asked, workspace_id: Id) -> Response:
    return _answer(await failures.of_workspace(asked.context, asked.actor, WorkspaceId(workspace_id)))


def _answer(found: Failure | None) -> Response:
    return told(render.failure(found)) if found is not None else Response(status_code=204)
