"""Pools for admins: how full each is, its policy with a preview of what a change would do, pause, drain, and who waits."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.errors import CarrelError, Conflict, Invalid
from carrel.domain.pool import Pool
from carrel.rules.policy import PolicyChange, read, stated
from carrel.services import pools, samples
from carrel.services.preview import Preview, preview
from carrel.web import problems
from carrel.web.pages.admin.overview import span_of
from carrel.web.pages.admin.plot import begin, plot
from carrel.web.pages.frame import context_of, for_admins, form_of, led, shown

ADDRESS: Final = "/hub/admin/pools"
COUNTS: Final = ("warm", "limit", "per_user", "starting_at_once")
TIMES: Final = (
    *("start_timeout", "enter_within", "watch_within"),
    *("stop_after_idle", "max_age", "quiet_hours", "retire_warm_after"),
)
FIELDS: Final = (*COUNTS, *TIMES)
"""What the form edits; pausing and draining have buttons of their own."""
_SWITCHES: Final[Mapping[str, PolicyChange]] = {
    "pause": {"paused": True},
    "resume": {"paused": False},
    "drain": {"draining": True},
}
"""The end of the address → what it does. A pause and a drain are told by the page itself."""


def routes() -> list[BaseRoute]:
    return [
        Route(ADDRESS, for_admins(page), methods=["GET"]),
        Route(f"{ADDRESS}/{{name}}", for_admins(show), methods=["GET"]),
        Route(f"{ADDRESS}/{{name}}", for_admins(change), methods=["POST"]),
        Route(f"{ADDRESS}/{{name}}/{{switch}}", for_admins(switch), methods=["POST"]),
    ]


async def page(request: Request, person: Person) -> Response:
    return shown(request, "admin/pools.html", views=await pools.page(context_of(request), person))


async def show(request: Request, person: Person) -> Response:
    return await _shown(request, person)


async def change(request: Request, person: Person) -> Response:
    """Preview or save what was typed. Only what differs from what was shown counts as changed."""
    fields, ctx, name = await form_of(request), context_of(request), request.path_params["name"]
    typed = {key: fields.get(key, "") for key in FIELDS}
    was = dict(parse_qsl(fields.get("was", ""), keep_blank_values=True))
    try:
        wanted = read(
            {key: text for key, text in typed.items() if text.strip() != was.get(key)}, str(ctx.zone)
        )
        if fields.get("do") == "save":
            seen = read({key: text for key, text in was.items() if key in FIELDS})
            await pools.change(ctx, person, name, wanted, seen=seen)
            return led(f"{ADDRESS}/{name}?done={'pool-saved' if wanted else 'pool-same'}")
        found = await preview(ctx, person, name, wanted)
    except (Invalid, Conflict) as error:
        return await _shown(request, person, typed=typed, was=was, error=error)
    return await _shown(request, person, typed=typed, was=was, found=found)


async def switch(request: Request, person: Person) -> Response:
    await form_of(request)
    name, word = request.path_params["name"], request.path_params["switch"]
    if word not in _SWITCHES:
        raise Invalid("A pool can be paused, resumed and drained.")
    await pools.change(context_of(request), person, name, _SWITCHES[word])
    return led(f"{ADDRESS}/{name}?done=pool-{word}")


async def _shown(
    request: Request,
    person: Person,
    *,
    typed: Mapping[str, str] | None = None,
    was: Mapping[str, str] | None = None,
    found: Preview | None = None,
    error: CarrelError | None = None,
) -> Response:
    ctx, name, span = context_of(request), request.path_params["name"], span_of(request)
    view = await pools.get(ctx, person, name)
    stored = _texts(view.pool)
    history = await samples.of_pool(ctx, person, name, span)
    values: dict[str, Any] = {
        "view": view,
        "span": span,
        "drawn": plot(history, span, ctx.clock.now(), begun=begin([history])),
        "queue": await pools.queue(ctx, person, name),
        "typed": typed or stored,
        "was": urlencode(was if was is not None else stored),
        "found": found,
        "error": error.sentence if error else None,
    }
    return shown(
        request, "admin/pool.html", status=problems.KINDS[error.code].status if error else 200, **values
    )


def _texts(pool: Pool) -> dict[str, str]:
    return {key: stated(pool, key) for key in FIELDS}
