"""What a person holds, as pages show it, and what they may do with it: more time, a restart, giving it back and undoing that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.errors import Invalid
from carrel.domain.ids import ClaimId, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.prospect import Prospect, Stop
from carrel.domain.workspace import Workspace
from carrel.rules.cost import cost_so_far
from carrel.rules.term import Extension, extensions
from carrel.rules.wording import humanly
from carrel.services import giving_back, workspaces
from carrel.web.pages.frame import context_of, for_people, form_of, led

_BACK: Final = {"home": "/hub/", "workspace": "/hub/workspaces/{}"}
"""Where a form says it stands → where its sender goes on. Nothing else that a form says is an address."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long it goes on, and what that costs."""

    stop: Stop | None
    is_near: bool
    """The stop is to be noticed."""
    blind: str | None
    """Why it is not stopped for idleness, where that is because nothing is known."""
    extensions: list[tuple[Extension, str]]
    """Each with its button's words."""
    price: str | None
    """Per hour."""
    cost: str | None


def routes() -> list[BaseRoute]:
    write = ["POST"]
    return [
        Route("/hub/claims/{claim_id}/release", for_people(release), methods=write),
        Route("/hub/claims/{claim_id}/undo", for_people(undo), methods=write),
        Route("/hub/workspaces/{workspace_id}/extend", for_people(extend), methods=write),
        Route("/hub/workspaces/{workspace_id}/restart", for_people(restart), methods=write),
        Route("/hub/workspaces/{workspace_id}/stop", for_people(stop), methods=write),
    ]


def term_of(workspace: Workspace, ahead: Prospect | None, pool: Pool | None, now: datetime) -> Term:
    price, cost = workspace.price_per_hour, cost_so_far(workspace, now)
    stop = ahead.stop if ahead is not None else None
    return Term(
        stop,
        stop is not None and stop.is_near(now),
        ahead.blind if ahead is not None else None,
        [(more, f"+{_short(more.adds)}") for more in extensions(workspace, pool, now)],
        money(price) if price else None,
        money(cost) if price and cost is not None else None,
    )


def limits_of(pool: Pool | None) -> list[str]:
    """What may end it, however its person was promised otherwise meanwhile."""
    if pool is None:
        return []
    idle, longest = pool.stop_after_idle, pool.max_age
    quiet = f", then only between {pool.quiet_hours}" if longest is not None and pool.quiet_hours else ""
    return [
        *(
            [f"stops when unused for {humanly(idle)}"]
            if idle is not None
            else ["never stops for being unused"]
        ),
        *([f"runs for {humanly(longest)} at most{quiet}"] if longest is not None else []),
    ]


def money(amount: float) -> str:
    """In whatever currency the prices are in."""
    if 0 < amount < 0.01:
        return "less than 0.01"
    return f"{amount:,.2f}"


def _short(duration: timedelta) -> str:
    hours, minutes = divmod(round(duration.total_seconds() / 60), 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part)


async def release(request: Request, person: Person) -> Response:
    """The page it leads to offers to undo it."""
    await form_of(request)
    claim_id = ClaimId(request.path_params["claim_id"])
    view = await giving_back.give_back(context_of(request), person, claim_id)
    left = view.claim.held_at is None and view.claim.state is ClaimState.RELEASED
    return led("/hub/?done=left" if left else "/hub/")


async def undo(request: Request, person: Person) -> Response:
    await form_of(request)
    await giving_back.undo(context_of(request), person, ClaimId(request.path_params["claim_id"]))
    return led("/hub/?done=kept")


async def extend(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    workspace_id = WorkspaceId(request.path_params["workspace_id"])
    await workspaces.extend(context_of(request), person, workspace_id, _hours(fields.get("hours", "")))
    return led(_back(fields.get("back"), workspace_id, "extended"))


async def restart(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    workspace_id = WorkspaceId(request.path_params["workspace_id"])
    await workspaces.restart(context_of(request), person, workspace_id)
    return led(_back(fields.get("back"), workspace_id, "restarted"))


async def stop(request: Request, person: Person) -> Response:
    """At once; what admins do with somebody else's."""
    fields = await form_of(request)
    workspace_id = WorkspaceId(request.path_params["workspace_id"])
    await workspaces.stop(context_of(request), person, workspace_id)
    return led(_back(fields.get("back"), workspace_id, "stopped"))


def _hours(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise Invalid("Say for how many hours, as a number.") from error


def _back(given: str | None, workspace_id: WorkspaceId, done: str) -> str:
    return _BACK.get(given or "", _BACK["workspace"]).format(workspace_id) + f"?done={done}"
