"""The page of a claim: how far it is, for how long still, and on into the workspace as soon as that is possible."""

from typing import Final
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.ids import ClaimId
from carrel.domain.step import Step, StepName, StepState
from carrel.rules.access import is_admin, owns
from carrel.rules.authorize import Standing, standing
from carrel.rules.way_back import as_linked
from carrel.services import claims, failures, pools
from carrel.services.claims import ClaimView
from carrel.services.pools import PoolView
from carrel.web.pages.ended import ended
from carrel.web.pages.entrance import entrance
from carrel.web.pages.failed import failed
from carrel.web.pages.frame import context_of, for_people, led, shown
from carrel.web.pages.words import called, span

_STEPS: Final = {
    StepName.QUEUE: "Queue",
    StepName.MACHINE: "Machine",
    StepName.START: "Start",
    StepName.APP: "App answers",
    StepName.FILES: "Your files",
    StepName.PREPARE: "Made ready",
}
MOST_OTHERS: Final = 3
"""Other pools that could be had right now."""


def routes() -> list[BaseRoute]:
    return [Route("/hub/claims/{claim_id}", for_people(wait), methods=["GET"])]


def waiting_room(view: ClaimView, path: str = "") -> str:
    return f"/hub/claims/{view.claim.id}" + (f"?path={quote(path, safe='')}" if path else "")


async def wait(request: Request, person: Person) -> Response:
    ctx = context_of(request)
    view = await claims.get(ctx, person, ClaimId(request.path_params["claim_id"]))
    path = as_linked(request.query_params.get("path"))
    way_in = entrance(view.workspace, view.template, ctx.addresses, path)
    if way_in is not None and owns(person, view.claim.user_id):
        return led(way_in)
    if view.claim.state is ClaimState.RELEASED or _is_over(view):
        return await failed(request, person, view) or ended(request, view)
    return shown(
        request,
        "waiting.html",
        view=view,
        entrance=way_in,
        is_own=owns(person, view.claim.user_id),
        is_admin=is_admin(person),
        called=called(view.template, view.claim.pool),
        queues=view.outlook.steps[0].state is StepState.NOW,
        steps=[_in_words(step) for step in view.outlook.steps],
        others=await _others(request, person, view),
        failure=await failures.of_claim(ctx, person, view.claim.id) if view.outlook.trouble else None,
    )


def _is_over(view: ClaimView) -> bool:
    return view.workspace is not None and standing(view.workspace, is_inside=False) is Standing.OVER


def _in_words(step: Step) -> dict[str, str | float | None]:
    return {
        "name": _STEPS[step.name],
        "state": step.state,
        "took": span(step.took),
        "note": step.note,
        "fraction": step.fraction,
    }


async def _others(request: Request, person: Person, view: ClaimView) -> list[PoolView]:
    """What else they could have now, while they stand in a queue."""
    if view.claim.state is not ClaimState.WAITING:
        return []
    warm = await pools.ready_now(context_of(request), person)
    return [offer for offer in warm if offer.pool.name != view.claim.pool][:MOST_OTHERS]
