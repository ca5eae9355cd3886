"""/audit: who did what to whom, for admins."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.services import audit
from carrel.services.audit import Sought
from carrel.web.api.answers import told_page
from carrel.web.api.asked import Asked
from carrel.web.api.paging import After, Limit
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Line

router = APIRouter(prefix=PREFIX + "/audit", tags=["audit"])


@router.get(
    "", operation_id="audit.page", response_model=v1.Page[v1.AuditEntry], summary="The trail, newest first"
)
async def page(
    asked: Asked,
    *,
    actor: Annotated[Line | None, Query(max_length=200, description="Who, with whatever token.")] = None,
    action: Annotated[Line | None, Query(max_length=100)] = None,
    target: Annotated[
        Line | None, Query(max_length=200, description="How it begins: `user:`, `pool:jupyterlab`.")
    ] = None,
    q: Annotated[Line | None, Query(max_length=200, description="Stands somewhere in the entry.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    sought = Sought(actor, action, target, q)
    found = await audit.page(asked.context, asked.actor, sought, after=after, limit=limit)
    return told_page(
        found,
        lambda entry: v1.AuditEntry(
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            target=entry.target,
            target_name=entry.target_name,
            detail=entry.detail,
        ),
    )
