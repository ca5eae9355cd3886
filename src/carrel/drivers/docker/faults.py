"""Turns what an engine says, or its silence, into the three errors that may leave a driver. Decides nothing else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiodocker.exceptions import DockerError
from aiohttp import ClientError

from carrel.domain.reason import ReasonCode
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected


class PlaceTaken(OutOfCapacity):
    """Somebody else has its port or address on the engine's machine. Another may do."""


class NoDiskLimit(Rejected):
    """The engine cannot hold a container to a size. Without one it may do."""


_NO_ANSWER: Final = 900
"""What aiodocker calls a connection that could not be made."""

_Kind = type[DriverUnavailable] | type[OutOfCapacity] | type[Rejected]

_SIGNS: Final[tuple[tuple[str, _Kind, ReasonCode | None, str], ...]] = (
    (
        r"no space left on device|disk quota exceeded",
        OutOfCapacity,
        ReasonCode.DISK_FULL,
        "The disk of the engine is full. Make room on it, for example with `docker image prune`.",
    ),
    (
        r"no available i?pv?4? ?address|no available addresses|address(es)? pool.{0,40}(subnetted|exhausted)|could not find an available",
        OutOfCapacity,
        None,
        "The network has no address left. Give the backend a larger `subnet`.",
    ),
    (
        r"cannot allocate memory|out of memory|not enough memory",
        OutOfCapacity,
        ReasonCode.OUT_OF_MEMORY,
        "The machine of the engine has no memory left.",
    ),
    (
        r"port is already allocated|address already in use",
        PlaceTaken,
        None,
        "Something else on the engine's machine uses this port or address.",
    ),
    (
        r"resource temporarily unavailable|too many open files|exchange full",
        OutOfCapacity,
        None,
        "The machine of the engine has no more processes, files or network devices to give.",
    ),
    (
        r"exec format error|no command specified|executable file not found|exec: .*: (no such file|is a directory)|stat .*: no such file",
        Rejected,
        ReasonCode.COMMAND_MISSING,
        "The image holds no such program. Change the template's command or image.",
    ),
    (
        r"exec: .*permission denied|starting container process.*permission denied|operation not permitted",
        Rejected,
        ReasonCode.NOT_PERMITTED,
        "Its user may not do that in the container. Change the template's command, `user` or `capabilities`.",
    ),
    (
        r"no such image",
        Rejected,
        ReasonCode.IMAGE_MISSING,
        "The image is not on the engine. Fetch it there, or let the backend fetch it.",
    ),
    (
        r"unable to find user|no matching entries in passwd|unable to find group",
        Rejected,
        ReasonCode.NOT_PERMITTED,
        "The image knows no such user. Give the template's `user` as numbers.",
    ),
    (
        r"storage-opt|storage opt|pquota",
        NoDiskLimit,
        None,
        "This engine cannot hold a container to a size of its disk. Take `disk` out of the template, or use overlay2 on XFS with pquota.",
    ),
    (
        r"minimum memory limit|range of cpus|invalid capability|invalid cap|unknown runtime|unknown or invalid runtime|invalid user",
        Rejected,
        None,
        "The engine refuses a value of the template or backend.",
    ),
    (
        r"authentication required|client sent an http request to an https|certificate",
        DriverUnavailable,
        None,
        "Check tls_ca, tls_cert and tls_key of the backend.",
    ),
)
"""What engines and kernels say, what it is, and what helps."""

_NO_CONNECTION: Final = re.compile(r"Cannot connect to (?:unix socket|host) (\S+) ssl:\S+ \[([^][]+)\]")
"""Where it was looked for and why there is none, amid much that is true of every one."""

_SAID_AT_MOST: Final = 300


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Around whatever is asked of the engine. `what` begins the sentence, e.g. "The workspace cannot be started"."""
    try:
        yield
    except (DockerError, ClientError, TimeoutError, OSError) as problem:
        raise fault(what, problem) from problem


def fault(what: str, problem: Exception) -> DriverError:
    if isinstance(problem, DockerError) and problem.status != _NO_ANSWER:
        return refusal(what, problem.status, problem.message)
    if isinstance(problem, TimeoutError):
        return DriverUnavailable(f"{what}: the engine does not answer. Is its machine overloaded?")
    said = problem.message if isinstance(problem, DockerError) else str(problem) or type(problem).__name__
    if found := _NO_CONNECTION.search(said):
        said = f"{found[1]}: {found[2]}"
    return DriverUnavailable(
        f"{what}: the engine is away ({shortened(said)}). Does it run, and may Carrel connect to it?"
    )


def refusal(what: str, status: int, message: str) -> DriverError:
    """Of an engine that answered. 5xx may be over the next time, 4xx is not."""
    for sign, kind, code, helps in _SIGNS:
        if re.search(sign, message, re.IGNORECASE):
            return kind(f"{what}. {helps} The engine said: {shortened(message)}.", code)
    if status >= 500:
        return DriverUnavailable(f"{what}: {shortened(message)}.")
    if status in (401, 403):
        return DriverUnavailable(f"{what}: the engine does not let Carrel do that ({shortened(message)}).")
    return Rejected(f"{what}: {shortened(message)}.")


def shortened(message: str) -> str:
    """On one line, without the full stop."""
    line = " ".join(message.split()).rstrip(".")
    return line if len(line) <= _SAID_AT_MOST else f"{line[:_SAID_AT_MOST]}…"
