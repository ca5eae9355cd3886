"""Evidence of use in the rows of workspaces: written in batches, only ever forwards. Decides nothing about idleness."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from carrel.domain.activity import Observation
from carrel.domain.ids import WorkspaceId
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.store import events, schema, templates
from carrel.store.workspace_rows import workspace_from

_w = schema.workspaces
_IN_HANDS = (
    sa.select(_w)
    .where(_w.c.phase.in_([Phase.READY.value, Phase.DRAINING.value]), sa.text("phase <> 'gone'"))
    .where(_w.c.desired == Desired.RUNNING.value)
    .where(_w.c.claim_id.is_not(None), _w.c.attached_at.is_not(None), _w.c.endpoint_host.is_not(None))
    .order_by(_w.c.id)
)
_live = sa.text("phase <> 'gone'")
_moment = _w.c.last_active_at.type
_id = sa.bindparam("row_id", type_=sa.Text())
_at = sa.bindparam("at", type_=_moment)
_known = sa.bindparam("known", type_=_moment)
_is_newer = sa.and_(_at.is_not(None), sa.or_(_w.c.last_active_at.is_(None), _w.c.last_active_at < _at))
_is_unwarned = sa.and_(sa.bindparam("after_gap", type_=sa.Boolean()), _w.c.warned_at.is_not(None))
_RECORD = (
    sa.update(_w)
    .where(_w.c.id == _id, _live)
    .values(
        observed_at=sa.case(
            (_known.is_(None), _w.c.observed_at),
            (_w.c.observed_at > _known, _w.c.observed_at),
            else_=_known,
        ),
        last_active_at=sa.case((_is_newer, _at), else_=_w.c.last_active_at),
        active_because=sa.case(
            (_is_newer, sa.bindparam("because", type_=sa.Text())), else_=_w.c.active_because
        ),
        warned_at=sa.case((sa.or_(_is_newer, _is_unwarned), None), else_=_w.c.warned_at),
        version=_w.c.version + sa.case((sa.or_(_is_newer, _is_unwarned), 1), else_=0),
    )
)
"""One statement for all that is seen of a row, so that two replicas that write the same rows take them in the same order."""
_WARNED = (
    sa.update(_w)
    .where(_w.c.id == _id, _w.c.version == sa.bindparam("row_version", type_=sa.Integer()), _live)
    .values(warned_at=sa.bindparam("now", type_=_w.c.warned_at.type), version=_w.c.version + 1)
    .returning(_w)
)


def in_hands(conn: Connection) -> list[tuple[Workspace, Template]]:
    """Whatever somebody holds and may be inside of, with its recipe."""
    rows = [workspace_from(row) for row in conn.execute(_IN_HANDS)]
    recipes = {
        version: templates.get(conn, *version)
        for version in {(row.template, row.template_version) for row in rows}
    }
    found = ((row, recipes[row.template, row.template_version]) for row in rows)
    return [(row, recipe) for row, recipe in found if recipe is not None]


def record(conn: Connection, seen: Sequence[Observation]) -> None:
    """What was seen adds to `version`, so that a decision to stop for idleness that was taken before is refused; that nothing was
    seen does not.
    """
    given = [
        {
            "row_id": one.workspace_id,
            "known": one.observed_at,
            "at": one.active_at,
            "because": one.because,
            "after_gap": one.is_after_gap,
        }
        for one in sorted(seen, key=lambda one: one.workspace_id)
    ]
    if given:
        conn.execute(_RECORD, given)


def opened(conn: Connection, workspace_id: WorkspaceId, now: datetime) -> None:
    """Its person came in from the hub."""
    record(conn, [Observation(workspace_id, None, now, "somebody opened it")])


def warned(
    conn: Connection, workspace_id: WorkspaceId, version: int, sentence: str, now: datetime
) -> Workspace | None:
    """None when the row changed meanwhile: somebody may be using it. What was told before is not told again."""
    row = conn.execute(_WARNED, {"row_id": workspace_id, "row_version": version, "now": now}).one_or_none()
    if row is None:
        return None
    found = workspace_from(row)
    if events.was_told(conn, found.id, sentence, found.assigned_at or found.created_at):
        return found
    events.append(conn, now, "warned", sentence, workspace_id=found.id, claim_id=found.claim_id)
    return found
