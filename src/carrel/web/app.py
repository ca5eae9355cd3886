"""The hub as one ASGI app, put together from its parts. Opens nothing itself: all it needs is handed in."""

from fastapi import FastAPI

from carrel.domain.actor import System
from carrel.ports.checkup import Checkup
from carrel.services.context import Context
from carrel.web import echo, health, problems
from carrel.web.api.sse import Streams
from carrel.web.api.v1 import routes
from carrel.web.download import Downloads
from carrel.web.health import Readiness
from carrel.web.metrics import Metrics
from carrel.web.observe import Observe
from carrel.web.pages import parts
from carrel.web.pages.routes import hub_routes
from carrel.web.security import LARGEST_BODY, Walls
from carrel.web.sizes import Sizes


def hub_app(
    context: Context,
    *,
    owner: System | None = None,
    metrics: Metrics | None = None,
    checkup: Checkup | None = None,
    development: bool = False,
) -> FastAPI:
    """`owner`: whoever connects is this actor and needs no credential; for a socket that only its owner can open, and without pages.

    Hubs of one process share `metrics` and `checkup`; without the latter there is no doctor to ask. `development` adds the page of parts.
    """
    app = FastAPI(title="Carrel", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    counted = metrics or Metrics(context.clock)
    app.state.context = context
    app.state.owner = owner
    app.state.metrics = counted
    app.state.checkup = checkup
    app.state.streams = Streams()
    app.state.downloads = Downloads()
    app.state.readiness = Readiness(context)
    problems.install(app)
    app.router.routes.extend([*routes.routes(), *health.router.routes, *echo.router.routes])
    if owner is None:
        app.router.routes.extend([*(parts.routes() if development else []), *hub_routes()])
        app.add_middleware(Walls, addresses=context.addresses)
    app.add_middleware(Sizes, largest=LARGEST_BODY)
    app.add_middleware(Observe, metrics=counted)
    return app
