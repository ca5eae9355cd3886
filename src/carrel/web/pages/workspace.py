"""One workspace, for its owner and for admins: what it runs, when it stops, what happened, who went in, what it prints."""

from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.errors import Unavailable
from carrel.domain.ids import WorkspaceId
from carrel.rules.access import is_admin, owns
from carrel.rules.authorize import Standing, standing
from carrel.rules.chronicle import chronicle, visits
from carrel.rules.last_words import unquoted
from carrel.rules.preparation import shortcomings
from carrel.rules.stages import stages
from carrel.services import details, failures, workspaces
from carrel.services.details import Details
from carrel.web.pages.ended import why
from carrel.web.pages.entrance import entrance
from carrel.web.pages.frame import context_of, for_people, led, shown
from carrel.web.pages.holding import Term, limits_of, term_of
from carrel.web.pages.words import called, span

LINES = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the timeline, as parts.timeline shows it."""

    at: datetime
    kind: str
    sentence: str
    took: str


def routes() -> list[BaseRoute]:
    read = ["GET"]
    return [
        Route("/hub/workspaces/{workspace_id}", for_people(show), methods=read),
        Route("/hub/workspaces/{workspace_id}/log", for_people(log), methods=read),
    ]


async def show(request: Request, person: Person) -> Response:
    """Also where the door sends people that it cannot let in. What failed them is first told on the claim's own page, which says what
    to do; `?all` is the way from there to here.
    """
    ctx = context_of(request)
    found = await details.get(ctx, person, WorkspaceId(request.path_params["workspace_id"]))
    row, is_owner = found.workspace, owns(person, found.workspace.owner)
    failure = await failures.of_workspace(ctx, person, row.id)
    if failure is not None and is_owner and row.claim_id and "all" not in request.query_params:
        return led(f"/hub/claims/{row.claim_id}")
    is_over = standing(row, is_inside=False) is Standing.OVER
    return shown(
        request,
        "workspace.html",
        one=found,
        title=called(found.template, found.workspace.pool),
        is_owner=is_owner,
        is_over=is_over and row.owner is not None,
        entrance=entrance(row, found.template, ctx.addresses),
        term=_term(found, ctx.clock.now()),
        limits=limits_of(found.pool),
        root=ctx.addresses.workspace_root(row.id),
        lines=[Told(line.at, line.kind, line.sentence, span(line.took)) for line in chronicle(found.events)],
        stages=[(stage, span(stage.took)) for stage in stages(found.events)] if is_over else [],
        printed=_printed(found) if is_over else [],
        visits=visits(found.events),
        shortcomings=shortcomings(found.events, row.id),
        reason=why(row.reason, row.reason_code) or "It was stopped.",
        failure=failure,
        can_restart=details.can_restart(ctx, row),
        has_log=details.has_log(ctx, row),
        is_admin=is_admin(person),
    )


async def log(request: Request, person: Person) -> Response:
    """The last lines, for those without JavaScript; a request of its own, because a backend may be slow to answer."""
    ctx = context_of(request)
    found = await details.get(ctx, person, WorkspaceId(request.path_params["workspace_id"]))
    text, trouble = "", ""
    try:
        text = await workspaces.logs(ctx, person, found.workspace.id, LINES)
    except Unavailable as error:
        trouble = error.sentence
    return shown(
        request,
        "log.html",
        one=found,
        title=called(found.template, found.workspace.pool),
        text=text,
        trouble=trouble,
    )


def _printed(found: Details) -> list[str]:
    """What was kept of the last lines its app printed."""
    kept = [event.sentence for event in found.events if event.kind == "printed"]
    return unquoted(kept[-1]) if kept else []


def _term(found: Details, now: datetime) -> Term:
    is_over = standing(found.workspace, is_inside=False) is Standing.OVER
    term = term_of(found.workspace, found.prospect, found.pool, now)
    return replace(term, stop=None, is_near=False, blind=None, extensions=[]) if is_over else term
