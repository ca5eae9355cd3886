"""What a held workspace has cost so far, from the price that held when it started. Knows no budgets, and no currency."""

from datetime import datetime, timedelta

from carrel.domain.workspace import Workspace

HOUR = timedelta(hours=1)


def cost_so_far(workspace: Workspace, now: datetime) -> float | None:
    """From when it was given to its person until it was gone, or now. None where nothing is charged."""
    if workspace.price_per_hour is None or workspace.assigned_at is None:
        return None
    used = (workspace.gone_at or now) - workspace.assigned_at
    return workspace.price_per_hour * max(timedelta(0), used) / HOUR
