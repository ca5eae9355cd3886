"""Workspaces: look at them, restart, extend and stop them, read their timeline and log."""

from collections.abc import Sequence

from carrel.client.connection import Client
from carrel.domain.workspace import Phase
from carrel.wire.v1 import Event, ListedWorkspace, Logs, Page, Workspace


async def get(client: Client, workspace_id: str) -> Workspace:
    return await client.get(f"/workspaces/{workspace_id}", Workspace)


async def page(
    client: Client,
    *,
    owner: str | None = None,
    pool: str | None = None,
    phases: Sequence[Phase] | None = None,
    after: str | None = None,
    limit: int = 50,
    **wanted: object,
) -> Page[ListedWorkspace]:
    """`wanted` may hold owner_name, holding (warm, claimed), q, sort and order, as in the API."""
    query = {"owner": owner, "pool": pool, "phase": phases, "after": after, "limit": limit, **wanted}
    return await client.get("/workspaces", Page[ListedWorkspace], query)


async def stop(client: Client, workspace_id: str) -> Workspace:
    return await client.delete(f"/workspaces/{workspace_id}", Workspace)


async def restart(client: Client, workspace_id: str) -> Workspace:
    return await client.post(f"/workspaces/{workspace_id}/restart", Workspace)


async def extend(client: Client, workspace_id: str, hours: float) -> Workspace:
    return await client.post(f"/workspaces/{workspace_id}/extend", Workspace, {"hours": hours})


async def events(client: Client, workspace_id: str, after: int = 0) -> list[Event]:
    return (await client.get(f"/workspaces/{workspace_id}/events", Page[Event], {"after": after})).items


async def logs(client: Client, workspace_id: str, lines: int = 200) -> str:
    return (await client.get(f"/workspaces/{workspace_id}/logs", Logs, {"lines": lines})).text
