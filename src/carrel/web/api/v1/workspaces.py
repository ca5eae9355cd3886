"""/workspaces: look at them, restart, extend and stop them, read their timeline and log."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.domain.ids import UserId, WorkspaceId
from carrel.domain.workspace import Phase
from carrel.services import workspaces
from carrel.web.api.answers import told, told_list, told_page
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.paging import After, Limit, Since
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id, Name

router = APIRouter(prefix=PREFIX + "/workspaces", tags=["workspaces"])


@router.get(
    "",
    operation_id="workspaces.page",
    response_model=v1.Page[v1.Workspace],
    summary="Workspaces, newest first",
)
async def page(
    asked: Asked,
    *,
    owner: Annotated[Id | None, Query()] = None,
    pool: Annotated[Name | None, Query()] = None,
    phase: Annotated[list[Phase] | None, Query(max_length=10)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    whose = UserId(owner) if owner else None
    found = await workspaces.page(
        asked.context, asked.actor, owner=whose, pool=pool, phases=phase, after=after, limit=limit
    )
    return told_page(found, lambda view: render.workspace_view(view, asked.addresses))


@router.get(
    "/{workspace_id}",
    operation_id="workspaces.get",
    response_model=v1.Workspace,
    summary="One workspace; a gone one is still shown, with its reason",
)
async def get(asked: Asked, workspace_id: Id) -> Response:
    view = await workspaces.get(asked.context, asked.actor, WorkspaceId(workspace_id))
    return told(render.workspace_view(view, asked.addresses))


@router.delete(
    "/{workspace_id}",
    operation_id="workspaces.stop",
    response_model=v1.Workspace,
    summary="Stop it and release its claim; files stay",
)
async def stop(asked: Asked, workspace_id: Id) -> Response:
    view = await workspaces.stop(asked.context, asked.actor, WorkspaceId(workspace_id))
    return told(render.workspace_view(view, asked.addresses))


@router.post(
    "/{workspace_id}/restart",
    operation_id="workspaces.restart",
    response_model=v1.Workspace,
    status_code=202,
    summary="End what runs in it and start it again; id, address and files stay",
)
async def restart(asked: Asked, workspace_id: Id) -> Response:
    return await once(asked, None, lambda: _restart(asked, WorkspaceId(workspace_id)))


async def _restart(asked: Question, workspace_id: WorkspaceId) -> Response:
    view = await workspaces.restart(asked.context, asked.actor, workspace_id)
    return told(render.workspace_view(view, asked.addresses), 202)


@router.post(
    "/{workspace_id}/extend",
    operation_id="workspaces.extend",
    response_model=v1.Workspace,
    summary="Let it run longer than it would",
)
async def extend(asked: Asked, workspace_id: Id, body: v1.Extension) -> Response:
    return await once(asked, body, lambda: _extend(asked, WorkspaceId(workspace_id), body.hours))


async def _extend(asked: Question, workspace_id: WorkspaceId, hours: float) -> Response:
    view = await workspaces.extend(asked.context, asked.actor, workspace_id, hours)
    return told(render.workspace_view(view, asked.addresses))


@router.get(
    "/{workspace_id}/events",
    operation_id="workspaces.events",
    response_model=v1.Page[v1.Event],
    summary="What happened to it, when and why; kept after it is gone",
)
async def events(asked: Asked, workspace_id: Id, after: Since = 0) -> Response:
    found = await workspaces.timeline(asked.context, asked.actor, WorkspaceId(workspace_id), after)
    return told_list(found, render.event)


@router.get(
    "/{workspace_id}/logs",
    operation_id="workspaces.logs",
    response_model=v1.Logs,
    summary="What its app printed last",
)
async def logs(
    asked: Asked, workspace_id: Id, lines: Annotated[int, Query(ge=1, le=workspaces.LONGEST_LOG)] = 200
) -> Response:
    return told(
        v1.Logs(text=await workspaces.logs(asked.context, asked.actor, WorkspaceId(workspace_id), lines))
    )
