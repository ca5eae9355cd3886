"""Every kind of finding there is, and how several check-ups become one report."""

from collections.abc import Iterable
from typing import Final

from carrel.domain.finding import SEVERITY, Finding
from carrel.rules.checkup import addresses, containers, dataplane, machine, pools, security, store
from carrel.rules.checkup.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (
    *machine.ALL,
    *dataplane.ALL,
    *addresses.ALL,
    *store.ALL,
    *pools.ALL,
    *containers.ALL,
    *security.ALL,
)
"""In the order of their codes."""


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by code."""
    return tuple(sorted(findings, key=lambda one: (SEVERITY.index(one.outcome), one.code, one.about)))


def merged(here: Iterable[Finding], told: Iterable[Finding]) -> tuple[Finding, ...]:
    """What a running Carrel told of itself counts before what somebody beside it saw."""
    heard = tuple(told)
    codes = {one.code for one in heard}
    return in_order((*heard, *(one for one in here if one.code not in codes)))
