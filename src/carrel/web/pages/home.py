"""The first page: what there is to open, and what one has."""

from fastapi import Request
from starlette.responses import Response

from carrel.domain.actor import Person
from carrel.domain.address import Addresses
from carrel.domain.claim import ClaimState
from carrel.rules.authorize import Standing, standing
from carrel.services import claims, pools
from carrel.services.claims import ClaimView
from carrel.web.pages.frame import context_of, shown

ENDED_SHOWN = 3


async def home(request: Request, person: Person) -> Response:
    ctx = context_of(request)
    offers = await pools.page(ctx, person)
    mine = await claims.page(ctx, person, user_id=person.user_id)
    live = [view for view in mine.items if view.claim.state is not ClaimState.RELEASED]
    ended = [view for view in mine.items if view.claim.state is ClaimState.RELEASED][:ENDED_SHOWN]
    return shown(
        request,
        "home.html",
        offers=offers,
        titles={offer.pool.name: offer.template.title for offer in offers if offer.template},
        live=[(view, entrance(view, ctx.addresses)) for view in live],
        ended=ended,
    )


def entrance(view: ClaimView, addresses: Addresses, path: str = "") -> str | None:
    """Where its owner goes in, once that is possible. The same rule as at the door, so that nobody is sent in circles."""
    workspace = view.workspace
    if workspace is None or standing(workspace, is_inside=False) is not Standing.OPEN:
        return None
    landing = path or (view.template.open if view.template else "")
    return addresses.workspace_page(workspace.id, landing)
