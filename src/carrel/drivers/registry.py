"""Opens the driver a backend asks for, found among the installed entry points. Knows no driver by name."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from carrel.ports.driver import Driver, DriverContext, Rejected

GROUP = "carrel.drivers"


def known_drivers() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=GROUP)}


def open_backend(kind: str, context: DriverContext) -> Driver:
    """Raises Rejected for a kind nobody installed, or options the driver does not take; DriverUnavailable as the driver does."""
    known = known_drivers()
    if kind not in known:
        raise Rejected(
            f'Backend "{context.backend}" asks for the driver "{kind}", which is not installed. '
            f"Known drivers: {', '.join(sorted(known)) or 'none'}."
        )
    try:
        opener = cast("Callable[[DriverContext], Driver]", known[kind].load())
    except (ImportError, AttributeError) as problem:
        raise Rejected(
            f'The driver "{kind}" of backend "{context.backend}" cannot be loaded: {problem}.'
        ) from problem
    return opener(context)
