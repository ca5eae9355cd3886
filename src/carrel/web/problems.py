"""Errors as HTTP problem details (RFC 9457). `KINDS` is the only place that knows which code has which HTTP status.

Nothing of the request is repeated in an answer: neither headers nor values, which may be secrets or somebody else's markup.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from carrel.domain.errors import CarrelError
from carrel.mint import new_id
from carrel.wire.v1.problem import MEDIA_TYPE, FieldProblem, Problem

_log = structlog.get_logger(__name__)

MOST_FIELDS: Final = 20
"""A request can be wrong in more places than anybody wants to read."""


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str
    headers: Mapping[str, str]


KINDS: Final[Mapping[str, Kind]] = {
    "invalid": Kind(422, "The request cannot be understood as it is", {}),
    "unauthenticated": Kind(401, "Nobody knows who asks", {"WWW-Authenticate": "Bearer"}),
    "forbidden": Kind(403, "Not allowed", {}),
    "not_found": Kind(404, "No such thing", {}),
    "method_not_allowed": Kind(405, "This address takes other methods", {}),
    "conflict": Kind(409, "It changed meanwhile, or contradicts an earlier request", {}),
    "too_large": Kind(413, "The request is too large", {}),
    "unsupported_media_type": Kind(415, "The body is of a kind that is not read here", {}),
    "exhausted": Kind(429, "A limit is reached", {"Retry-After": "10"}),
    "internal": Kind(500, "Carrel made a mistake", {}),
    "unavailable": Kind(503, "Something Carrel needs is away", {"Retry-After": "2"}),
}
"""Every code of domain.errors, and the few that exist only in HTTP."""

_BY_STATUS: Final = {kind.status: code for code, kind in KINDS.items()} | {400: "invalid"}

_SENTENCES: Final = {
    "invalid": "The body could not be read. Send one JSON object, with Content-Type: application/json.",
    "not_found": "Nothing is at this address.",
    "method_not_allowed": "This address exists, but not for this method; the Allow header lists those it takes.",
    "too_large": "The request is larger than is taken here. Send less.",
    "internal": "Carrel made a mistake. Try again; if it stays, give whoever runs Carrel the instance of this problem.",
}
"""For errors that come from the framework, whose own words are not meant for people."""


def problem(
    code: str,
    sentence: str,
    *,
    status: int | None = None,
    fields: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
    instance: str | None = None,
) -> Response:
    kind = KINDS.get(code, KINDS["internal"])
    told = Problem(
        type=f"/hub/problems/{code}",
        title=kind.title,
        status=status or kind.status,
        code=code,
        detail=sentence,
        instance=instance or new_id(),
        fields=list(fields) if fields else None,
    )
    return Response(
        told.model_dump_json(exclude_none=True),
        status_code=told.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **kind.headers, **(headers or {})},
    )


def of_error(error: CarrelError) -> Response:
    instance = new_id()
    log = _log.error if error.code == "internal" else _log.info
    log("problem", code=error.code, sentence=error.sentence, detail=error.detail, instance=instance)
    return problem(error.code, error.sentence, instance=instance)


def of_accident(error: BaseException) -> Response:
    """Whatever nobody foresaw. The traceback goes to the log, the instance to the caller."""
    instance = new_id()
    _log.error("accident", instance=instance, exc_info=error)
    return problem("internal", _SENTENCES["internal"], instance=instance)


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Response:
    """A path that cannot name anything names nothing: that is 404, not a lesson in what ids look like."""
    if all(error.get("type") == "json_invalid" for error in errors):
        return problem("invalid", _SENTENCES["invalid"])
    if any(error.get("loc", ("",))[0] == "path" for error in errors):
        return problem("not_found", _SENTENCES["not_found"])
    fields = [
        FieldProblem(where=_where(error.get("loc", ())), sentence=_plain(str(error.get("msg", ""))))
        for error in errors[:MOST_FIELDS]
    ]
    wrong = ", ".join(sorted({field.where for field in fields}))
    return problem("invalid", f"Some of the request is not as it should be: {wrong}.", fields=fields)


def of_http(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """What the framework refuses by itself: no such address, another method, a broken body."""
    code = _BY_STATUS.get(status, "internal" if status >= 500 else "invalid")
    sentence = _SENTENCES.get(code, KINDS[code].title + ".")
    return problem(code, sentence, status=None if code in _BY_STATUS.values() else status, headers=headers)


async def explain(request: Request) -> Response:
    """What stands at the address that a problem's `type` is."""
    code = request.path_params["code"]
    kind = KINDS.get(code)
    if kind is None:
        return of_http(404)
    return PlainTextResponse(f"{code}: {kind.title}. Answered with HTTP status {kind.status}.\n")


def install(app: FastAPI) -> None:
    app.add_route("/hub/problems/{code}", explain)
    app.add_exception_handler(CarrelError, _carrel_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _carrel_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CarrelError)
    return of_error(error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return of_validation(error.errors())


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_methods(request))
    return of_http(error.status_code, headers)


def _methods(request: Request) -> list[str]:
    """Of all routes at this address; the framework names only those of the first one."""
    path = request.url.path
    found = [
        route for route in request.app.routes if isinstance(route, Route) and route.path_regex.match(path)
    ]
    return sorted({method for route in found for method in route.methods or ()})


def _where(location: Sequence[object]) -> str:
    """The place as pydantic names it. A key the caller made up is theirs, so only its beginning is told, and only plain signs."""
    parts = [str(part) for part in location]
    clean = ["".join(sign for sign in part[:60] if sign.isalnum() or sign in "_-") for part in parts]
    return ".".join(part for part in clean if part) or "request"


def _plain(message: str) -> str:
    return message[:200]
