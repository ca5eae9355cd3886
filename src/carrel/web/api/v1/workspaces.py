"""/workspaces: look at them, restart, extend and stop them, read their timeline and log."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from carrel.domain.ids import PoolName, UserId, WorkspaceId
from carrel.domain.workspace import Phase
from carrel.domain.workspace_list import Holding, Order, Sort, Wanted
from carrel.services import workspace_list, workspaces
from carrel.web.api.answers import told, told_list, told_page
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.paging import After, Limit, Since
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Asking, Id, Line, Name

router = APIRouter(prefix=PREFIX + "/workspaces", tags=["workspaces"])


class Direction(StrEnum):
    ASC = "asc"
    DESC = "desc"


class ListQuery(Asking):
    """Which workspaces, and in which order. Every part that is given must fit."""

    model_config = ConfigDict(extra="ignore")
    """As with every other list."""

    owner: Id | None = None
    """Id of a user."""
    owner_name: Line | None = Field(default=None, max_length=100)
    """How the owner's name begins."""
    pool: Name | None = None
    phase: list[Phase] | None = Field(default=None, max_length=10)
    """May be repeated."""
    holding: Holding | None = None
    """`warm`: ready and unclaimed. `claimed`: held by somebody."""
    q: Line | None = Field(default=None, max_length=100)
    """Stands in its id, pool, template, backend, owner's name or reason."""
    sort: Sort = Sort.CREATED_AT
    """What has no value comes last."""
    order: Direction | None = None
    """Without it: newest first, else lowest first."""
    after: After = None
    limit: Limit = 50

    def wanted(self) -> Wanted:
        return Wanted(
            owner=UserId(self.owner) if self.owner else None,
            owner_name=self.owner_name or "",
            pool=PoolName(self.pool) if self.pool else None,
            phases=frozenset(self.phase) if self.phase is not None else None,
            holding=self.holding,
            text=self.q or "",
        )

    def in_order(self) -> Order:
        return (
            Order.usual(self.sort) if self.order is None else Order(self.sort, self.order is Direction.DESC)
        )


@router.get(
    "",
    operation_id="workspaces.page",
    response_model=v1.Page[v1.ListedWorkspace],
    summary="Workspaces, newest first unless sorted otherwise",
)
async def page(asked: Asked, given: Annotated[ListQuery, Query()]) -> Response:
    found = await workspace_list.page(
        asked.context,
        asked.actor,
        given.wanted(),
        given.in_order(),
        after=given.after,
        limit=given.limit,
    )
    return told_page(found, lambda row: render.listed(row, asked.addresses))


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
