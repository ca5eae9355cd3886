"""Problems of the API back into the errors they were. What is no problem of ours (a proxy's page, a closed port) becomes one."""

import socket
import ssl
from typing import Final, TypeVar

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

E = TypeVar("E", bound=BaseException)

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
    if found is None and response.is_redirect:
        return Invalid(
            f"{response.url.host} sends on to {_elsewhere(response)}. Ask there: set CARREL_URL to it."
        )
    if found is None:
        kind = _by_status(response.status_code)
        return kind(
            f"{response.url.copy_with(query=None)} answered {response.status_code}, and not as Carrel does. "
            "Is that the address of the hub?"
        )
    kind = _BY_CODE.get(found.code) or _by_status(found.status)
    wrong = "".join(f"\n  {field.where}: {field.sentence}" for field in found.fields or ())
    return kind(found.detail + wrong, detail=f"instance {found.instance}")


def _elsewhere(response: httpx.Response) -> str:
    found = response.next_request.url if response.next_request is not None else response.url
    return str(found.copy_with(path="/", query=None, fragment=None)).rstrip("/")


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
    """Why nothing came back, as far as that can be told apart."""
    detail = f"{type(error).__name__}: {error}"
    return Unavailable(_why(where, error), detail=detail)


def is_final(error: httpx.TransportError) -> bool:
    """Trying again at once changes nothing."""
    return isinstance(error, httpx.UnsupportedProtocol) or _cause(error, ssl.SSLError) is not None


def _why(where: str, error: Exception) -> str:
    untrusted = _cause(error, ssl.SSLCertVerificationError)
    if untrusted is not None:
        return (
            f"The certificate of {where} cannot be trusted: {untrusted.verify_message}. If it is your own, "
            "set SSL_CERT_FILE to the certificate of whoever signed it."
        )
    if _cause(error, ssl.SSLError) is not None:
        return f"{where} speaks no TLS, or another kind of it. Is its address http:// and not https://?"
    if _cause(error, socket.gaierror) is not None:
        return f"There is no machine called {httpx.URL(where).host}. Is CARREL_URL or --url spelled right?"
    if isinstance(error, httpx.TimeoutException):
        return f"{where} does not answer in time. It may be busy, or a firewall may be in between; try again."
    return f"Nothing answers at {where}. Is Carrel running there?"


def _cause(error: BaseException | None, kind: type[E]) -> E | None:
    """The first of this kind among what led to it."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kind):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None
