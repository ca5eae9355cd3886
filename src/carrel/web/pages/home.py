"""The first page: what one has, what there is to open, and what ended lately; for the first admin, what to do first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person, Role
from carrel.domain.claim import ClaimState
from carrel.domain.home import USUAL_HOME
from carrel.domain.ids import PoolName
from carrel.domain.pool import Pool
from carrel.services import account, claims, details, homes, pools, users
from carrel.services.claims import ClaimView
from carrel.services.context import Context
from carrel.services.homes import HomeView
from carrel.services.pools import PoolView
from carrel.web.pages.entrance import entrance
from carrel.web.pages.frame import context_of, shown
from carrel.web.pages.holding import Term, money, term_of
from carrel.web.pages.which_files import Choice, choice
from carrel.web.pages.words import about, called

ENDED_SHOWN: Final = 5
TOO_LARGE_SHOWN: Final = 3
MOST_LIVE: Final = 200
"""Nobody reads more cards than that."""


@dataclass(frozen=True, slots=True)
class Mine:
    """One card: something this person holds or waits for."""

    view: ClaimView
    title: str
    pool: str
    """Its name, where the title leaves open which pool it is of."""
    entrance: str | None
    """Where they go in, once that is possible."""
    term: Term | None
    """None while it waits."""
    can_restart: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """One card: a pool."""

    view: PoolView
    title: str
    pool: str
    told: str
    """How soon one is in."""
    tone: str
    price: str | None
    way_back: str | None
    """Into the one they have, or to where they wait for it."""
    files: Choice
    """Which they may open it with."""


async def home(request: Request, person: Person) -> Response:
    ctx = context_of(request)
    offers = await pools.page(ctx, person)
    known = {offer.pool.name: offer for offer in offers}
    now = ctx.clock.now()
    live = [view for state in (ClaimState.HELD, ClaimState.WAITING) for view in await _of(ctx, person, state)]
    mine = [_mine(ctx, view, known, now) for view in live]
    mine.sort(key=lambda one: one.term is None or not one.term.is_near)  # what is about to stop first
    files = await homes.page(ctx, person)
    is_first_day = await _is_first_day(ctx, person)
    return shown(
        request,
        "home.html",
        mine=mine,
        offers=[_offer(offer, mine, known, files) for offer in offers],
        ended=[
            (view, _title(view, known)) for view in await _of(ctx, person, ClaimState.RELEASED, ENDED_SHOWN)
        ],
        too_large=[one for one in files if one.size_warning][:TOO_LARGE_SHOWN],
        is_first_day=is_first_day,
        has_password=not is_first_day or (await account.get(ctx, person)).has_password,
    )


async def _of(ctx: Context, person: Person, state: ClaimState, limit: int = MOST_LIVE) -> Sequence[ClaimView]:
    return (await claims.page(ctx, person, user_id=person.user_id, state=state, limit=limit)).items


async def _is_first_day(ctx: Context, person: Person) -> bool:
    """Nobody is there yet but the admin who asks."""
    return person.role is Role.ADMIN and len((await users.page(ctx, person, limit=2)).items) < 2


def _mine(ctx: Context, view: ClaimView, known: Mapping[PoolName, PoolView], now: datetime) -> Mine:
    row, offer = view.workspace, known.get(view.claim.pool)
    pool: Pool | None = offer.pool if offer is not None else None
    return Mine(
        view,
        _title(view, known),
        _pool_note(view.claim.pool, _title(view, known), known),
        entrance(row, view.template, ctx.addresses),
        term_of(row, view.prospect, pool, now) if row is not None else None,
        can_restart=row is not None and details.can_restart(ctx, row),
    )


def _title(view: ClaimView, known: Mapping[PoolName, PoolView]) -> str:
    offer = known.get(view.claim.pool)
    template = view.template or (offer.template if offer is not None else None)
    return called(template, view.claim.pool)


def _pool_note(name: PoolName, title: str, known: Mapping[PoolName, PoolView]) -> str:
    alike = [offer for offer in known.values() if _offered(offer) == title]
    return name if len(alike) > 1 else ""


def _offered(view: PoolView) -> str:
    return called(view.template, view.pool.name)


def _offer(
    view: PoolView, mine: Sequence[Mine], known: Mapping[PoolName, PoolView], files: Sequence[HomeView]
) -> Offer:
    told, tone = _soon(view)
    price = view.template.price_per_hour if view.template is not None else None
    kept = [one for one in mine if one.view.claim.release_at is None]  # opening keeps what was given back
    held = next((one for one in kept if one.view.claim.pool == view.pool.name), None)
    return Offer(
        view,
        _offered(view),
        _pool_note(view.pool.name, _offered(view), known),
        told,
        tone,
        money(price) if price else None,
        (held.entrance or f"/hub/claims/{held.view.claim.id}") if held is not None else None,
        choice(files, view.template, USUAL_HOME),
    )


def _soon(view: PoolView) -> tuple[str, str]:
    """In a few words how soon whoever asks now is in, and the tone of that."""
    if view.free > 0:
        return f"Open now · {view.free} ready", "good"
    hindrance = _hindrance(view)
    if hindrance is not None:
        return hindrance
    return (
        (f"Starts in {about(view.estimate)}", "busy") if view.estimate else ("Starts when you ask", "plain")
    )


def _hindrance(view: PoolView) -> tuple[str, str] | None:
    counts, pool = view.counts, view.pool
    if pool.paused:
        return "Paused", "warn"
    if pool.limit < 1:
        return "Closed", "warn"
    if view.trouble is not None:
        return "Starts fail just now", "bad"
    if counts.live < pool.limit:
        return None
    return f"Full: {counts.waiting} waiting" if counts.waiting else "Full: you would be next", "warn"
