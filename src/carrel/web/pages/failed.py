"""The page of what failed: the cause, whose problem it is, what helps, what was printed last. Decides nothing of these itself."""

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.rules.access import is_admin, owns
from carrel.rules.authorize import workspace_in
from carrel.services import failures
from carrel.services.claims import ClaimView
from carrel.web.pages.frame import context_of, for_people, led, shown
from carrel.web.pages.words import called


def routes() -> list[BaseRoute]:
    return [Route("/hub/why{door:path}", for_people(why), methods=["GET"])]


async def failed(request: Request, person: Person, view: ClaimView) -> Response | None:
    """For a claim that is over; None where it ended in an ordinary way."""
    failure = await failures.of_claim(context_of(request), person, view.claim.id)
    if failure is None or not failure.is_over:
        return None
    return shown(
        request,
        "failed.html",
        claim=view.claim,
        recipe=view.template,
        called=called(view.template, view.claim.pool),
        failure=failure,
        is_own=owns(person, view.claim.user_id),
        is_admin=is_admin(person),
    )


async def why(request: Request, person: Person) -> Response:
    """Where the data plane's own page leads when nobody answers behind it; it names the door, or nothing."""
    workspace_id = workspace_in(request.path_params["door"])
    return led(f"/hub/workspaces/{workspace_id}" if workspace_id else "/hub/")
