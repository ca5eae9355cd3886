"""Telling the admins that something is wrong: a form on other pages, and what is said afterwards."""

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.services import reports
from carrel.web.pages.frame import context_of, for_people, form_of, led


def routes() -> list[BaseRoute]:
    return [Route("/hub/reports", for_people(send), methods=["POST"])]


async def send(request: Request, person: Person) -> Response:
    """A form may name the claim and the workspace; the claim then counts, which knows its workspace."""
    fields = await form_of(request)
    claim_id, workspace_id = fields.get("claim_id"), fields.get("workspace_id")
    await reports.send(
        context_of(request),
        person,
        claim_id=ClaimId(claim_id) if claim_id else None,
        workspace_id=WorkspaceId(workspace_id) if workspace_id and not claim_id else None,
        message=fields.get("message", ""),
    )
    waits = claim_id is not None and fields.get("back") == "claim"
    return led(f"/hub/claims/{claim_id}?done=reported" if waits else "/hub/?done=reported")
