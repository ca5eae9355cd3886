"""Turns what the operating system says into the three errors that may leave a driver. Decides nothing else."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from carrel.ports.driver import DriverUnavailable, OutOfCapacity, Rejected

_FULL = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EMFILE,
        errno.ENFILE,
        errno.EAGAIN,
        errno.ENOMEM,
        errno.EMLINK,
        errno.EUSERS,
    }
)


@contextmanager
def may_be_full(what: str) -> Iterator[None]:
    """For what creates: a full machine is OutOfCapacity, almost everything else DriverUnavailable."""
    try:
        yield
    except OSError as problem:
        if problem.errno in _FULL:
            raise OutOfCapacity(f"{what}: {_said(problem)}. Something on this machine is full.") from problem
        if problem.errno == errno.E2BIG:
            raise Rejected(f"{what}: its command and environment together are too long.") from problem
        raise DriverUnavailable(f"{what}: {_said(problem)}.") from problem


@contextmanager
def may_be_away(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise DriverUnavailable(f"{what}: {_said(problem)}.") from problem
    except RecursionError as problem:
        raise DriverUnavailable(f"{what}: its directories lie too deep in one another.") from problem


def _said(problem: OSError) -> str:
    why = os.strerror(problem.errno) if problem.errno else str(problem)
    return f"{why} ({problem.filename})" if problem.filename else why
