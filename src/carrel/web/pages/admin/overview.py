"""An admin's first look: how full every pool is and was, what is in trouble, and who has reported something."""

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.sample import Span
from carrel.services import pools, reports, samples
from carrel.services.pools import PoolView
from carrel.web.pages.admin.plot import begin, plot
from carrel.web.pages.frame import context_of, for_admins, led, shown

PLOTTED = 12
"""Pools, the fullest first; the others stand in the table of pools. A page of plots would be heavy, and nobody reads it."""


def routes() -> list[BaseRoute]:
    return [
        Route("/hub/admin", for_admins(without_slash), methods=["GET"]),
        Route("/hub/admin/", for_admins(overview), methods=["GET"]),
    ]


async def without_slash(_request: Request, _person: Person) -> Response:
    """As people type it."""
    return led("/hub/admin/")


async def overview(request: Request, person: Person) -> Response:
    ctx, span = context_of(request), span_of(request)
    views = await pools.page(ctx, person)
    history = await samples.history(ctx, person, span)
    now = ctx.clock.now()
    busiest = sorted(views, key=_business)[:PLOTTED]
    return shown(
        request,
        "admin/overview.html",
        views=busiest,
        others=len(views) - len(busiest),
        total={name: sum(getattr(view.counts, name) for view in views) for name in SUMMED},
        plots={
            view.pool.name: plot(history.get(view.pool.name, []), span, now, begun=begin(history.values()))
            for view in busiest
        },
        span=span,
        open_reports=await reports.open_count(ctx, person),
    )


SUMMED = ("ready", "claimed", "starting", "waiting", "failed")


def span_of(request: Request) -> Span:
    """What the address asks for; a word that is none is not worth an error."""
    asked = request.query_params.get("span", "")
    return next((span for span in Span if span == asked), Span.HOURS)


def _business(view: PoolView) -> tuple[bool, int, int, str]:
    """In trouble first, then where people wait, then the fullest."""
    return (view.trouble is None, -view.counts.waiting, -view.counts.claimed, view.pool.name)
