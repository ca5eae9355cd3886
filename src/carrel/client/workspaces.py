"""Workspaces: look at them, restart, extend and stop them, read their timeline and log."""

from collections.abc import Sequence

from carrel.client.connection import Client
from carrel.domain.workspace import Phase
from carrel.domain.workspace_list import Sort
from carrel.wire.v1 import Event, Failure, ListedWorkspace, Logs, Page, Workspace


async def get(client: Client, workspace_id: str) -> Workspace:
    return await client.get(f"/workspaces/{workspace_id}", Workspace)


async def page(
    client: Client,
    *,
    owner: str | None = None,
    pool: str | None = None,
    phases: Sequence[Phase] | None = None,
    sort: Sort | None = None,
    after: str | None = None,
    limit: int = 50,
    **more: object,
) -> Page[ListedWorkspace]:
    """`more`: other parts of the API's question, such as `q`, `holding`, `owner_name` and `order`."""
    query = {"owner": owner, "pool": pool, "phase": phases, "sort": sort, "after": after, "limit": limit}
    return await client.get("/workspaces", Page[ListedWorkspace], query | more)


async def stop(client: Client, workspace_id: str) -> Workspace:
    return await client.delete(f"/workspaces/{workspace_id}", Workspace)


async def restart(client: Client, workspace_id: str) -> Workspace:
    return await client.post(f"/workspaces/{workspace_id}/restart", Workspace)


async def extend(client: Client, workspace_id: str, hours: float) -> Workspace:
    return await client.post(f"/workspaces/{workspace_id}/extend", Workspace, {"hours": hours})


async def events(client: Client, workspace_id: str, after: int = 0) -> list[Event]:
    return (await client.get(f"/workspaces/{workspace_id}/events", Page[Event], {"after": after})).items


async def failure(client: Client, workspace_id: str) -> Failure | None:
    """Why it failed; None where nothing went wrong."""
    return await client.get_any(f"/workspaces/{workspace_id}/failure", Failure)


async def logs(client: Client, workspace_id: str, lines: int = 200) -> str:
    return (await client.get(f"/workspaces/{workspace_id}/logs", Logs, {"lines": lines})).text
