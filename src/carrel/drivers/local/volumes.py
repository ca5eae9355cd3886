"""Homes that are volumes of a container engine: a file beside the homes says so. They are no directories of this driver's to make or remove."""

from pathlib import Path

from carrel.ports.driver import DriverUnavailable

_SUFFIX = ".volume"
"""After a home's id, in the directory of the homes; it holds the volume's name."""


def refuse_volume(home: Path) -> None:
    """As away, not as a mistake of the workspace: another one would be refused just the same. Raises DriverUnavailable. Blocks on the
    disk.
    """
    if home.with_name(home.name + _SUFFIX).exists():
        raise DriverUnavailable(
            "These files are a volume of a container engine, which only workspaces in containers can use. "
            "Ask for a workspace of a pool that runs in containers, or choose other files."
        )
