"""All of version 1 in one flat list of routes, and the description of itself."""

from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from carrel.web.api.openapi import describe
from carrel.web.api.v1 import (
    audit,
    claims,
    doctor,
    failures,
    homes,
    links,
    pools,
    reports,
    settings,
    templates,
    tokens,
    users,
    variables,
    workspaces,
)
from carrel.web.api.v1.prefix import PREFIX

_NOUNS = (
    claims,
    workspaces,
    homes,
    pools,
    templates,
    users,
    variables,
    tokens,
    links,
    audit,
    settings,
    reports,
    failures,
    doctor,
)


def routes() -> list[BaseRoute]:
    """Flat, because every router between an app and a route is another walk through a list at every request."""
    return [*_operations(), Route(f"{PREFIX}/openapi.json", _openapi, methods=["GET"])]


def _operations() -> list[BaseRoute]:
    return [route for noun in _NOUNS for route in noun.router.routes]


async def _openapi(request: Request) -> Response:
    return JSONResponse(description())


@cache
def description() -> dict[str, Any]:
    """Drawn up when somebody first asks: it takes longer than all the rest of a start."""
    return describe(_operations())
