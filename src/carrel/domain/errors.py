"""The errors that cross a layer. Each edge maps the code once (web/problems.py to HTTP, cli to an exit status).

    CarrelError
    ├── Invalid        the request is malformed or out of range
    ├── Unauthenticated  nobody knows who asks
    ├── Forbidden      we know who asks, and they may not
    ├── NotFound       no such thing, or none that this actor may know of
    ├── Conflict       the thing changed meanwhile, or a different request used the same key
    ├── Exhausted      a limit of the person or pool is reached; waiting or releasing helps
    ├── Unavailable    something we need is away; waiting helps
    └── Internal       our fault

Expected outcomes ("no warm workspace right now") are values, not errors.
"""

from typing import ClassVar


class CarrelError(Exception):
    """`sentence` is shown to people word for word: what is wrong and what to do. It never holds a secret."""

    code: ClassVar[str] = "internal"

    def __init__(self, sentence: str, *, detail: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail
        """For the operator's log and `carrel doctor`, not for strangers."""


class Invalid(CarrelError):
    code = "invalid"


class Unauthenticated(CarrelError):
    code = "unauthenticated"


class Forbidden(CarrelError):
    code = "forbidden"


class NotFound(CarrelError):
    code = "not_found"


class Conflict(CarrelError):
    code = "conflict"


class Exhausted(CarrelError):
    code = "exhausted"


class Unavailable(CarrelError):
    code = "unavailable"


class Internal(CarrelError):
    code = "internal"


ALL_ERRORS: tuple[type[CarrelError], ...] = (
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Exhausted,
    Unavailable,
    Internal,
)
