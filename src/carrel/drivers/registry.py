"""Opens the driver a backend asks for, found among the installed entry points. Knows no driver by name."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from carrel.ports.driver import Driver, DriverContext, Rejected

GROUP = "carrel.drivers"


def known_drivers() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=GROUP)}


def open_backend(kind: str, context: DriverContext) -> Driver:
    """Raises Rejected for a kind nobody installed, or options the driver does not take; DriverUnavailable as the driver does."""
    found = _found(kind, context)
    try:
        opener = cast("Callable[[DriverContext], Driver]", found.load())
    except (ImportError, AttributeError) as problem:
        raise Rejected(_cannot_be_loaded(found, context, problem)) from problem
    try:
        return opener(context)
    except ImportError as problem:
        raise Rejected(_cannot_be_loaded(found, context, problem)) from problem


def check_backend(kind: str, context: DriverContext) -> None:
    """Raises as opening it would, and opens nothing. A driver without `check_options` beside its opener is only looked for."""
    found = _found(kind, context)
    try:
        check: Callable[[DriverContext], None] | None = getattr(
            import_module(found.module), "check_options", None
        )
    except ImportError as problem:
        raise Rejected(_cannot_be_loaded(found, context, problem)) from problem
    if check is not None:
        check(context)


def _found(kind: str, context: DriverContext) -> EntryPoint:
    known = known_drivers()
    if kind not in known:
        raise Rejected(
            f'Backend "{context.backend}" asks for the driver "{kind}", which is not installed. '
            f"Known drivers: {', '.join(sorted(known)) or 'none'}."
        )
    return known[kind]


def _cannot_be_loaded(found: EntryPoint, context: DriverContext, problem: Exception) -> str:
    """A driver that needs more than whatever it came with names an extra of its own name."""
    said = f'The driver "{found.name}" of backend "{context.backend}" cannot be loaded: {problem}.'
    dist = found.dist
    if dist is None or found.name not in (dist.metadata.get_all("Provides-Extra") or []):
        return said
    return f"{said} Install what it needs: pip install '{dist.name}[{found.name}]'."
