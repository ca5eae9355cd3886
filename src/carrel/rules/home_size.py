"""When a home is larger than is meant, and what its person is told. It only warns: nothing is refused or removed for it."""

from carrel.domain.units import format_size, rough_size


def warning(size: int | None, most: int | None) -> str | None:
    """None where nobody measured it yet, and where no size is set."""
    if size is None or most is None or size <= most:
        return None
    return (
        f"It takes up {rough_size(size)}, more than the {format_size(most)} that are meant for one home. "
        "Remove files that are not needed."
    )


def has_outgrown(before: int | None, now: int, most: int | None) -> bool:
    """Just now: whoever was told once is not told again with every measuring."""
    return warning(now, most) is not None and warning(before, most) is None
