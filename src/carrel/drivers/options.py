"""Reads a backend's own options. Decides only what every driver decides alike: an option nobody knows is refused."""

from collections.abc import Collection

from carrel.ports.driver import DriverContext, Rejected


def refuse_unknown(context: DriverContext, known: Collection[str]) -> None:
    unknown = sorted(set(context.options) - set(known))
    if unknown:
        raise Rejected(
            f"backends.{context.backend}.{unknown[0]} is not an option of this driver. "
            f"Options: {', '.join(sorted(known)) or 'none'}."
        )


def refuse(context: DriverContext, option: str, expected: str) -> Rejected:
    return Rejected(
        f"backends.{context.backend}.{option} is {context.options[option]!r}; expected {expected}."
    )
