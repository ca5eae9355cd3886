"""The API's own description: what FastAPI draws up, plus the problems and the two ways to say who asks."""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from carrel import __version__
from carrel.wire.v1.problem import MEDIA_TYPE, Problem

_SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token; begins with crl_."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "carrel-session",
        "description": "Set by signing in at /hub/ with a browser; named __Host-Http-carrel-session in browsers that take such names.",
    },
}

_DESCRIPTION = (
    "Carrel gives everybody a lab that is already running. Ask for one with `POST /hub/api/v1/claims`. "
    "Lists are pages: hand `next` back as `after`. Refusals are problem details (RFC 9457) with a stable `code`. "
    "Any POST takes an `Idempotency-Key`: the same request under the same key is done once."
)


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    drawn = get_openapi(
        title="Carrel",
        version=__version__,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=routes,
    )
    components = drawn.setdefault("components", {})
    components["securitySchemes"] = _SECURITY
    components.setdefault("schemas", {}).update(_problem_schemas())
    drawn["security"] = [{name: []} for name in _SECURITY]
    for path in drawn["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return drawn


def _complete(method: str, operation: dict[str, Any]) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = {
        "description": "A problem: what is wrong and what to do.",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if method == "post":
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
                "description": "A fresh random value; repeat it when you repeat the request.",
            }
        )


def _problem_schemas() -> dict[str, Any]:
    drawn = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = drawn.pop("$defs", {})
    return {"Problem": drawn, **inner}
