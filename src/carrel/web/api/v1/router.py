"""All of version 1 in one router, and its description."""

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from carrel.web.api.openapi import describe
from carrel.web.api.v1 import audit, claims, pools, templates, tokens, users, workspaces

PREFIX = "/hub/api/v1"


def build() -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    for noun in (claims, workspaces, pools, templates, users, tokens, audit):
        router.include_router(noun.router)
    described = describe(router)

    async def openapi(request: Request) -> Response:
        return JSONResponse(described)

    router.add_route("/openapi.json", openapi, include_in_schema=False)
    return router
