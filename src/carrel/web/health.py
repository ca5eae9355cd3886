"""/hub/health and /hub/metrics: what a supervisor, a load balancer and Prometheus ask."""

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from carrel.rules.access import Action, require
from carrel.services import health, pools
from carrel.services.context import Context
from carrel.services.health import Health
from carrel.web import metrics
from carrel.web.api.asked import Asked

FRESH_FOR: Final = 3.0
"""Seconds. Strangers may ask as often as they like; the store and the backends are asked this often at most."""

router = APIRouter(prefix="/hub", include_in_schema=False)


class Readiness:
    """The last look, shared by everybody who asks meanwhile."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looking = asyncio.Lock()
        self._seen: Health | None = None
        self._seen_at = 0.0

    async def now(self) -> Health:
        async with self._looking:
            moment = self._context.clock.monotonic()
            if self._seen is None or moment - self._seen_at > FRESH_FOR:
                self._seen, self._seen_at = await health.look(self._context), moment
            return self._seen


@router.get("/health/live")
async def live() -> Response:
    """The process answers; nothing else is asked, so that a slow store gets nobody restarted."""
    return JSONResponse({"alive": True}, headers={"Cache-Control": "no-store"})


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    found: Health = await request.app.state.readiness.now()
    told = {
        "ready": found.is_fit,
        "store": "cannot be written" if found.store and not found.writes else _word(answers=found.store),
        "backends": {name: _word(answers=answers) for name, answers in found.backends.items()},
    }
    return JSONResponse(told, 200 if found.is_fit else 503, {"Cache-Control": "no-store"})


def _word(*, answers: bool) -> str:
    return "answers" if answers else "away"


@router.get("/metrics")
async def prometheus(asked: Asked) -> Response:
    require(asked.actor, Action.ADMINISTER)
    found = await pools.page(asked.context, asked.actor)
    return Response(asked.metrics.exposition(found), media_type=metrics.MEDIA_TYPE)
