"""How a workspace is written in its row, and read back. No query and no decision."""

from typing import Any, Final

import sqlalchemy as sa

from carrel.domain.endpoint import Endpoint
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.store import schema

_w = schema.workspaces

Row = Any
"""A result row of `schema.workspaces`; its columns are checked by the store's contract suite."""

COMING: Final = sa.and_(
    sa.text("workspaces.phase <> 'gone'"),
    _w.c.phase.in_([sa.literal_column(f"'{phase}'") for phase in (Phase.PENDING, Phase.STARTING)]),
    _w.c.claim_id.is_(None),
    _w.c.desired == Desired.RUNNING.value,
)
"""`Workspace.is_coming` in SQL, and what is reserved and not ready. Its first two parts are spelled out, so that the index of live ones serves."""


def workspace_from(row: Row) -> Workspace:
    return Workspace(
        id=row.id,
        pool=row.pool,
        template=row.template,
        template_version=row.template_version,
        backend=row.backend,
        phase=Phase(row.phase),
        desired=Desired(row.desired),
        created_at=row.created_at,
        phase_at=row.phase_at,
        version=row.version,
        secret=row.secret,
        claim_id=row.claim_id,
        owner=row.owner,
        home_id=row.home_id,
        endpoint=endpoint_from(row),
        handle=row.handle,
        ready_at=row.ready_at,
        assigned_at=row.assigned_at,
        attached_at=row.attached_at,
        entered_at=row.entered_at,
        last_active_at=row.last_active_at,
        active_because=row.active_because,
        observed_at=row.observed_at,
        warned_at=row.warned_at,
        kept_until=row.kept_until,
        stops_at=row.stops_at,
        gone_at=row.gone_at,
        reason=row.reason,
        reason_code=row.reason_code,
        price_per_hour=row.price_per_hour,
    )


def endpoint_from(row: Row) -> Endpoint | None:
    if row.endpoint_host is None:
        return None
    return Endpoint(row.endpoint_host, row.endpoint_port, row.endpoint_scheme, row.endpoint_name)


def endpoint_values(endpoint: Endpoint | None) -> dict[str, object]:
    return {
        "endpoint_host": endpoint.host if endpoint else None,
        "endpoint_port": endpoint.port if endpoint else None,
        "endpoint_scheme": endpoint.scheme if endpoint else None,
        "endpoint_name": endpoint.name if endpoint else None,
    }


def values_of(workspace: Workspace) -> dict[str, object]:
    return {
        "id": workspace.id,
        "pool": workspace.pool,
        "template": workspace.template,
        "template_version": workspace.template_version,
        "backend": workspace.backend,
        "phase": workspace.phase.value,
        "desired": workspace.desired.value,
        "created_at": workspace.created_at,
        "phase_at": workspace.phase_at,
        "version": workspace.version,
        "secret": workspace.secret,
        "claim_id": workspace.claim_id,
        "owner": workspace.owner,
        "home_id": workspace.home_id,
        **endpoint_values(workspace.endpoint),
        "handle": workspace.handle,
        "ready_at": workspace.ready_at,
        "assigned_at": workspace.assigned_at,
        "attached_at": workspace.attached_at,
        "entered_at": workspace.entered_at,
        "last_active_at": workspace.last_active_at,
        "active_because": workspace.active_because,
        "observed_at": workspace.observed_at,
        "warned_at": workspace.warned_at,
        "kept_until": workspace.kept_until,
        "stops_at": workspace.stops_at,
        "gone_at": workspace.gone_at,
        "reason": workspace.reason,
        "reason_code": workspace.reason_code,
        "price_per_hour": workspace.price_per_hour,
    }
