"""/claims: ask for a workspace, see how far that is, give it back."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.domain.claim import ClaimState
from carrel.domain.ids import ClaimId, UserId
from carrel.services import claims
from carrel.services.claims import ClaimView
from carrel.web.api import sse
from carrel.web.api.answers import told, told_list, told_page
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.paging import After, Limit, Since
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.web.security import require_actor
from carrel.wire import v1
from carrel.wire.v1.shape import Id, Name

router = APIRouter(prefix=PREFIX + "/claims", tags=["claims"])

SOONEST, LATEST = 1, 30
"""Bounds of Retry-After in seconds. A waiting claim lapses when nobody asks after it, so "later" may not be much later."""


@router.post(
    "",
    operation_id="claims.claim",
    status_code=201,
    summary="Ask for a workspace",
    responses={
        201: {"model": v1.Claim, "description": "A workspace was assigned."},
        200: {"model": v1.Claim, "description": "You held one already: this is it."},
        202: {"model": v1.Claim, "description": "None is ready: the claim waits, and here is its place."},
    },
)
async def claim(asked: Asked, body: v1.ClaimRequest) -> Response:
    return await once(asked, body, lambda: _claim(asked, body))


async def _claim(asked: Question, body: v1.ClaimRequest) -> Response:
    with asked.metrics.claiming() as attempt:
        user_id = UserId(body.user) if body.user else None
        view = await claims.claim(
            asked.context,
            asked.actor,
            pool=body.pool,
            name=body.name,
            home=body.home,
            user_id=user_id,
            parameters=body.parameters,
        )
        attempt.pool, attempt.outcome = view.claim.pool, view.outcome
    waits = view.claim.state is ClaimState.WAITING
    headers = {"Location": f"{PREFIX}/claims/{view.claim.id}"}
    if waits:
        return told(render.claim(view, asked.addresses), 202, headers | {"Retry-After": _retry_after(view)})
    return told(render.claim(view, asked.addresses), 201 if view.is_new else 200, headers)


def _retry_after(view: ClaimView) -> str:
    seconds = view.estimate.likely.total_seconds() if view.estimate is not None else LATEST / 3
    return str(int(min(max(seconds, SOONEST), LATEST)))


@router.get(
    "", operation_id="claims.page", response_model=v1.Page[v1.Claim], summary="Your claims, newest first"
)
async def page(
    asked: Asked,
    *,
    user: Annotated[Id | None, Query()] = None,
    pool: Annotated[Name | None, Query()] = None,
    state: Annotated[ClaimState | None, Query()] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    user_id = UserId(user) if user else None
    found = await claims.page(
        asked.context, asked.actor, user_id=user_id, pool=pool, state=state, after=after, limit=limit
    )
    return told_page(found, lambda view: render.claim(view, asked.addresses))


@router.get(
    "/{claim_id}",
    operation_id="claims.get",
    response_model=v1.Claim,
    summary="One claim; asking counts as watching",
)
async def get(asked: Asked, claim_id: Id) -> Response:
    view = await claims.get(asked.context, asked.actor, ClaimId(claim_id))
    return told(render.claim(view, asked.addresses))


@router.delete("/{claim_id}", operation_id="claims.release", response_model=v1.Claim, summary="Give it back")
async def release(asked: Asked, claim_id: Id) -> Response:
    view = await claims.release(asked.context, asked.actor, ClaimId(claim_id))
    return told(render.claim(view, asked.addresses))


@router.get(
    "/{claim_id}/events",
    operation_id="claims.events",
    response_model=v1.Page[v1.Event],
    summary="What happened to it so far, or, with Accept: text/event-stream, as it happens",
    responses={200: {"content": {sse.MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def events(asked: Asked, claim_id: Id, after: Since = 0) -> Response:
    held = ClaimId(claim_id)
    if not sse.is_wanted(asked.request):
        found = await claims.timeline(asked.context, asked.actor, held, after)
        return told_list(found, render.event)
    await claims.get(asked.context, asked.actor, held)
    return sse.stream(
        claims.watch(asked.context, asked.actor, held, max(after, sse.last_seen(asked.request))),
        render=render.event,
        current=lambda: _current(asked, held),
        streams=asked.streams,
        who=asked.name,
    )


async def _current(asked: Question, claim_id: ClaimId) -> v1.Claim:
    """Asked anew who it is: a stream may be open when its person is signed out or disabled."""
    actor = await require_actor(asked.request)
    return render.claim(await claims.get(asked.context, actor, claim_id), asked.addresses)
