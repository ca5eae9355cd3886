"""/hub/open/<pool>[/<name>]: the address for bookmarks and course links. It asks before it starts anything, then lands at its path."""

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.claim import ClaimState
from carrel.domain.errors import CarrelError, Conflict, Exhausted, Invalid
from carrel.domain.ids import ClaimId
from carrel.rules.way_back import as_linked
from carrel.services import claims, giving_back, homes, pools
from carrel.services.claims import ClaimView
from carrel.services.pools import PoolView
from carrel.web import problems
from carrel.web.pages.asking import fields_for, typed_in
from carrel.web.pages.entrance import entrance
from carrel.web.pages.frame import context_of, for_people, form_of, led, shown
from carrel.web.pages.waiting import waiting_room
from carrel.web.pages.which_files import choice, elsewhere

USUAL_NAME = "default"
MOST_HELD = 200
_NOT_CARRIED = ("form_key", "home", "give_back")
"""Fields that the next form says anew."""


def routes() -> list[BaseRoute]:
    return [
        Route(address, for_people(page), methods=[method])
        for address in ("/hub/open/{pool}", "/hub/open/{pool}/{name}")
        for page, method in ((ask, "GET"), (claim, "POST"))
    ]


async def ask(request: Request, person: Person) -> Response:
    """Starts nothing, and leads nobody to a place inside that a stranger's link names: both need the button."""
    ctx = context_of(request)
    offer = await pools.get(ctx, person, request.path_params["pool"])
    name, wish = _name(request), request.query_params.get("path")
    held = [view for view in await _held(request, person) if view.claim.name == name]
    if held and wish is None and held[0].claim.release_at is None:
        return led(_way_in(request, held[0]) or waiting_room(held[0]))
    return await _asked(request, person, offer, path=as_linked(wish), has_one=bool(held))


async def _asked(
    request: Request,
    person: Person,
    offer: PoolView,
    *,
    path: str,
    has_one: bool = False,
    typed: Mapping[str, str] | None = None,
    error: CarrelError | None = None,
) -> Response:
    """With what its template asks, unless they have it already. An address may say what to begin with, as it may name a path."""
    kept = await homes.page(context_of(request), person) if not has_one else []
    parameters = offer.template.parameters if offer.template is not None and not has_one else ()
    return shown(
        request,
        "open.html",
        status=problems.KINDS[error.code].status if error else 200,
        offer=offer,
        name=_name(request),
        path=path,
        has_one=has_one,
        asks=fields_for(parameters, request.query_params if typed is None else typed),
        files=choice(kept, offer.template, _name(request)),
        chosen=(typed or {}).get("home") or _name(request),
        error=error.sentence if error else None,
    )


async def claim(request: Request, person: Person) -> Response:
    fields = await form_of(request)
    ctx, path = context_of(request), as_linked(fields.get("path"))
    home = fields.get("home", "").strip() or None
    if fields.get("give_back"):
        await giving_back.give_back(ctx, person, ClaimId(fields["give_back"]))
    try:
        with request.app.state.metrics.claiming() as attempt:
            view = await claims.claim(
                ctx,
                person,
                pool=request.path_params["pool"],
                name=_name(request),
                home=home,
                parameters=typed_in(fields),
            )
            attempt.pool, attempt.outcome = view.claim.pool, view.outcome
    except Invalid as error:
        offer = await pools.get(ctx, person, request.path_params["pool"])
        return await _asked(request, person, offer, path=path, typed=fields, error=error)
    except Conflict as error:
        carried = {key: value for key, value in fields.items() if key not in _NOT_CARRIED}
        answer = await elsewhere(
            request, person, error, name=_name(request), home=home or _name(request), carried=carried
        )
        if answer is None:
            raise
        return answer
    except Exhausted as error:
        return await _all_held(request, person, error, path)
    return led(_way_in(request, view, path) or waiting_room(view, path))


async def _all_held(request: Request, person: Person, error: Exhausted, path: str) -> Response:
    """At their own limit: what they hold, so that they may go into one of these or give it back."""
    ctx, kind = context_of(request), problems.KINDS[error.code]
    offer = await pools.get(ctx, person, request.path_params["pool"])
    held = [(view, _way_in(request, view)) for view in await _held(request, person)]
    answer = shown(
        request,
        "all_held.html",
        status=kind.status,
        sentence=error.sentence,
        offer=offer,
        name=_name(request),
        path=path,
        held=held,
    )
    answer.headers.update(kind.headers)
    return answer


async def _held(request: Request, person: Person) -> list[ClaimView]:
    """Theirs in this pool, waiting ones included."""
    ctx, pool = context_of(request), request.path_params["pool"]
    pages = [
        await claims.page(ctx, person, user_id=person.user_id, pool=pool, state=state, limit=MOST_HELD)
        for state in (ClaimState.HELD, ClaimState.WAITING)
    ]
    return [view for page in pages for view in page.items]


def _way_in(request: Request, view: ClaimView, path: str = "") -> str | None:
    return entrance(view.workspace, view.template, context_of(request).addresses, path)


def _name(request: Request) -> str:
    return str(request.path_params.get("name", USUAL_NAME))
