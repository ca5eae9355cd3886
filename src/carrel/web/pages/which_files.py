"""Which files are opened: the choice beside a button, and what is said when the usual ones are elsewhere."""

from collections.abc import Mapping, Sequence

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person
from carrel.domain.errors import Conflict
from carrel.domain.template import HomeKind, Template
from carrel.services import homes, pools
from carrel.services.handover import home_place
from carrel.services.homes import HomeView
from carrel.services.pools import PoolView
from carrel.web import problems
from carrel.web.pages.frame import context_of, shown

Choice = Sequence[tuple[str, str]]
"""Name and words."""


def choice(kept: Sequence[HomeView], template: Template | None, usual: str) -> Choice:
    """The usual one first. Nothing where there is nothing to choose."""
    if template is None or template.home is not HomeKind.PERSISTENT:
        return ()
    found = {one.name: _words(one) for one in kept if one.home.deleted_at is None}
    if found.keys() <= {usual}:
        return ()
    return [(usual, found.pop(usual, f"{usual} (new)")), *found.items()]


def _words(one: HomeView) -> str:
    if one.placed.claim_id is not None:
        return f"{one.name} (in use in {one.placed.pool})"
    return one.name


async def elsewhere(
    request: Request, person: Person, error: Conflict, *, name: str, home: str, carried: Mapping[str, str]
) -> Response | None:
    """The page that offers other files, or to give back what has these. None where files are not what stands in the way. `carried` is
    what the form said besides.
    """
    ctx = context_of(request)
    offer = await pools.get(ctx, person, request.path_params["pool"])
    kept = await homes.page(ctx, person)
    wanted = next((one for one in kept if one.name == home and one.home.deleted_at is None), None)
    if wanted is None or not _is_in_the_way(wanted, offer, name, home_place(ctx, offer.pool.backend)):
        return None
    free = [one.name for one in kept if one.placed.claim_id is None and one.home.deleted_at is None]
    answer = shown(
        request,
        "which_files.html",
        status=problems.KINDS[error.code].status,
        sentence=error.sentence,
        offer=offer,
        name=name,
        wanted=wanted,
        free=[one for one in free if one != home],
        suggested=_suggested(offer.pool.name, {one.name for one in kept}),
        carried=carried,
    )
    answer.headers.update(problems.KINDS[error.code].headers)
    return answer


def _is_in_the_way(wanted: HomeView, offer: PoolView, name: str, place: str | None) -> bool:
    placed = wanted.placed
    if placed.claim_id is not None:
        return (placed.pool, placed.claim_name) != (offer.pool.name, name)
    return wanted.home.place not in (None, place)


def _suggested(pool: str, taken: set[str]) -> str:
    """A name for new files: the pool's, or one like it."""
    if pool not in taken:
        return pool
    number = next(number for number in range(2, len(taken) + 3) if f"{pool[:36]}-{number}" not in taken)
    return f"{pool[:36]}-{number}"
