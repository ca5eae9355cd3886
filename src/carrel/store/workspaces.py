"""Workspaces: intended, found, moved and remembered. Every write adds one to `version` and writes its own line of the timeline."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import ClaimId, HomeId, PoolName, WorkspaceId
from carrel.domain.workspace import LIVE, Desired, Phase, Workspace
from carrel.store import events, schema
from carrel.store.phases import move
from carrel.store.workspace_rows import endpoint_from, endpoint_values, values_of, workspace_from

__all__ = [
    "attached",
    "entered",
    "extend",
    "get",
    "intend",
    "move",
    "of_claim",
    "of_pool",
    "placed",
    "recent_addresses",
    "routable",
]

_w = schema.workspaces
_p = schema.pools
_live = sa.text("phase <> 'gone'")
_id = sa.bindparam("row_id", type_=sa.Text())
_version = sa.bindparam("row_version", type_=sa.Integer())

_ONE_MORE = (
    sa.update(_p)
    .where(_p.c.name == sa.bindparam("pool"), _p.c.live < _p.c.live_limit, _p.c.removed_at.is_(None))
    .values(live=_p.c.live + 1)
)
_INSERT = sa.insert(_w)
_GET = sa.select(_w).where(_w.c.id == _id)
_each_live = _w.c.phase.in_([sa.literal_column(f"'{phase}'") for phase in sorted(LIVE)])
"""Says no more than `_live`, but SQLite then takes the index of the live ones, not one with all that ever was in the pool."""
_OF_POOL = (
    sa.select(_w)
    .where(_w.c.pool == sa.bindparam("pool"), _live, _each_live)
    .order_by(_w.c.created_at, _w.c.id)
)
_OF_CLAIM = sa.select(_w).where(_w.c.claim_id == sa.bindparam("claim"))
_ROUTABLE = sa.select(_w).where(
    _w.c.phase.in_([Phase.READY.value, Phase.DRAINING.value]),
    _live,
    _w.c.desired == Desired.RUNNING.value,
    _w.c.endpoint_host.is_not(None),
)
_RECENT = (
    sa.select(
        _w.c.id,
        _w.c.gone_at,
        _w.c.endpoint_host,
        _w.c.endpoint_port,
        _w.c.endpoint_scheme,
        _w.c.endpoint_name,
    )
    .where(_w.c.gone_at >= sa.bindparam("since"), _w.c.endpoint_host.is_not(None))
    .order_by(_w.c.gone_at)
)
_guarded = sa.update(_w).where(_w.c.id == _id, _w.c.version == _version, _live)
_ATTACHED = _guarded.values(
    attached_at=sa.bindparam("now"), home_id=sa.bindparam("home"), version=_w.c.version + 1
).returning(_w)
_PLACED = _guarded.values(
    {
        **{
            name: sa.func.coalesce(sa.bindparam(f"new_{name}", type_=_w.c[name].type), _w.c[name])
            for name in (*endpoint_values(None), "handle")
        },
        "version": _w.c.version + 1,
    }
).returning(_w)
_ENTERED = (
    sa.update(_w)
    .where(_w.c.id == _id, _w.c.entered_at.is_(None))
    .values(
        entered_at=sa.bindparam("now"),
        last_active_at=sa.bindparam("now"),
        active_because="somebody went in",
        version=_w.c.version + 1,
    )
    .returning(_w.c.claim_id)
)
_EXTEND = (
    sa.update(_w)
    .where(_w.c.id == _id, _live)
    .values(stops_at=sa.bindparam("new_end"), version=_w.c.version + 1)
    .returning(_w)
)
_KEPT = (
    sa.update(_w)
    .where(_w.c.id == _id, _live)
    .values(
        stops_at=sa.bindparam("new_end"),
        kept_until=sa.bindparam("until"),
        warned_at=sa.null(),
        version=_w.c.version + 1,
    )
    .returning(_w)
)


def intend(conn: Connection, workspace: Workspace) -> bool:
    """The pending row and the pool's live counter in one; False at the pool's limit, or when the pool was removed."""
    if conn.execute(_ONE_MORE, {"pool": workspace.pool}).rowcount != 1:
        return False
    conn.execute(_INSERT, values_of(workspace))
    events.append(
        conn,
        workspace.created_at,
        workspace.phase.value,
        "It was asked for."
        if workspace.home_id is None
        else "It was asked for, with the files of its person.",
        workspace_id=workspace.id,
        claim_id=workspace.claim_id,
    )
    return True


def get(conn: Connection, workspace_id: WorkspaceId) -> Workspace | None:
    return _one(conn.execute(_GET, {"row_id": workspace_id}))


def of_pool(conn: Connection, pool: PoolName) -> list[Workspace]:
    """The live ones, oldest first."""
    return [workspace_from(row) for row in conn.execute(_OF_POOL, {"pool": pool})]


def of_claim(conn: Connection, claim_id: ClaimId) -> Workspace | None:
    """Also after the claim was released and the workspace is gone."""
    return _one(conn.execute(_OF_CLAIM, {"claim": claim_id}))


def attached(
    conn: Connection, workspace_id: WorkspaceId, version: int, home_id: HomeId | None, now: datetime
) -> Workspace | None:
    """`home_id` is None where the template keeps no files; the workspace is open to its person all the same."""
    given = {"row_id": workspace_id, "row_version": version, "home": home_id, "now": now}
    found = _one(conn.execute(_ATTACHED, given))
    if found is not None:
        sentence = "Your files are in it." if home_id else "It is yours; it keeps no files."
        events.append(conn, now, "attached", sentence, workspace_id=found.id, claim_id=found.claim_id)
    return found


def placed(
    conn: Connection,
    workspace_id: WorkspaceId,
    version: int,
    *,
    endpoint: Endpoint | None = None,
    handle: str | None = None,
) -> Workspace | None:
    """What the driver told about the instance while its phase stays the same. Guarded as `move`; leaves no line."""
    given = {f"new_{name}": value for name, value in endpoint_values(endpoint).items()}
    return _one(
        conn.execute(_PLACED, {"row_id": workspace_id, "row_version": version, "new_handle": handle, **given})
    )


def entered(conn: Connection, workspace_id: WorkspaceId, now: datetime) -> bool:
    """True the first time; afterwards it writes nothing."""
    found = conn.execute(_ENTERED, {"row_id": workspace_id, "now": now}).one_or_none()
    if found is None:
        return False
    sentence = "Its owner went in for the first time."
    events.append(conn, now, "entered", sentence, workspace_id=workspace_id, claim_id=found.claim_id)
    return True


def extend(conn: Connection, workspace_id: WorkspaceId, stops_at: datetime | None) -> Workspace | None:
    """None for one that is unknown or gone."""
    return _one(conn.execute(_EXTEND, {"row_id": workspace_id, "new_end": stops_at}))


def kept(
    conn: Connection,
    workspace_id: WorkspaceId,
    until: datetime,
    *,
    stops_at: datetime | None,
    sentence: str,
    now: datetime,
) -> Workspace | None:
    """Somebody asked that it go on until then, used or not; what they were warned of is void. None for one that is unknown or gone."""
    given = {"row_id": workspace_id, "new_end": stops_at, "until": until}
    found = _one(conn.execute(_KEPT, given))
    if found is not None:
        events.append(conn, now, "extended", sentence, workspace_id=found.id, claim_id=found.claim_id)
    return found


def routable(conn: Connection) -> list[Workspace]:
    """Everything the data plane may lead people to, warm ones included: a claim then changes no route."""
    return [workspace_from(row) for row in conn.execute(_ROUTABLE)]


def recent_addresses(conn: Connection, since: datetime) -> list[tuple[Endpoint, WorkspaceId, datetime]]:
    """Addresses of workspaces that are gone since then, with the moment: nobody else may stand there for a while."""
    rows = conn.execute(_RECENT, {"since": since})
    return [(endpoint, row.id, row.gone_at) for row in rows if (endpoint := endpoint_from(row))]


def _one(result: Any) -> Workspace | None:
    row = result.one_or_none()
    return None if row is None else workspace_from(row)
