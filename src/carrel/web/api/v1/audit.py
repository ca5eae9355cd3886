"""/audit: who did what to whom, for admins."""

from fastapi import APIRouter, Response

from carrel.services import audit
from carrel.web.api.answers import told_page
from carrel.web.api.asked import Asked
from carrel.web.api.paging import After, Limit
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1

router = APIRouter(prefix=PREFIX + "/audit", tags=["audit"])


@router.get(
    "", operation_id="audit.page", response_model=v1.Page[v1.AuditEntry], summary="The trail, newest first"
)
async def page(asked: Asked, after: After = None, limit: Limit = 50) -> Response:
    found = await audit.page(asked.context, asked.actor, after=after, limit=limit)
    return told_page(
        found,
        lambda entry: v1.AuditEntry(
            at=entry.at, actor=entry.actor, action=entry.action, target=entry.target, detail=entry.detail
        ),
    )
