"""Problems of the API back into the errors they were. What is no problem of ours (a proxy's page, a closed port) becomes one."""

from typing import Final

import httpx
from pydantic import ValidationError

from carrel.domain.errors import (
    ALL_ERRORS,
    CarrelError,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from carrel.wire.v1.problem import MEDIA_TYPE, Problem

_BY_CODE: Final = {error.code: error for error in ALL_ERRORS}
_BY_STATUS: Final[dict[int, type[CarrelError]]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_of(response: httpx.Response) -> CarrelError:
    found = _problem(response)
    if found is None:
        kind = _by_status(response.status_code)
        return kind(
            f"{response.url.copy_with(query=None)} answered {response.status_code}, and not as Carrel does."
        )
    kind = _BY_CODE.get(found.code) or _by_status(found.status)
    wrong = "".join(f"\n  {field.where}: {field.sentence}" for field in found.fields or ())
    return kind(found.detail + wrong, detail=f"instance {found.instance}")


def _problem(response: httpx.Response) -> Problem | None:
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        return None
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        return None


def _by_status(status: int) -> type[CarrelError]:
    return _BY_STATUS.get(status, Internal if status >= 500 else Invalid)


def unreachable(where: str, error: Exception) -> Unavailable:
    return Unavailable(
        f"Nothing answers at {where}. Is Carrel running there?", detail=f"{type(error).__name__}: {error}"
    )
