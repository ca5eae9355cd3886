"""What a workspace suffers from, in words for its person: what happened, which limit it ran into, what helps. Finds nothing out."""

from datetime import datetime

from carrel.domain.reason import ReasonCode
from carrel.domain.units import rough_size
from carrel.ports.driver import Ailment


def out_of_memory(limit: int | None, companion: str = "", at: datetime | None = None) -> Ailment:
    """A program inside was ended by the kernel, and the workspace lives on."""
    if companion:
        said = f'Memory ran out in "{companion}" beside the app, and a program in it was ended. Ask for less at once, or restart the workspace.'
        return Ailment(ReasonCode.OUT_OF_MEMORY, said, at)
    allowed = f": this workspace may use {rough_size(limit)}" if limit else ""
    return Ailment(
        ReasonCode.OUT_OF_MEMORY,
        f"Memory ran out{allowed}, and a program in it was ended, such as a notebook's kernel. "
        "Start it again with less data at once, or take a workspace with more memory.",
        at,
    )


def too_many_processes(limit: int) -> Ailment:
    return Ailment(
        ReasonCode.TOO_MANY_PROCESSES,
        f"This workspace runs as many processes and threads as it may, {limit}; nothing more can be started in it. "
        "End some of them, or restart the workspace.",
    )


def disk_full(limit: int | None) -> Ailment:
    """The part of its disk that goes with it."""
    size = f" of {rough_size(limit)}" if limit else ""
    return Ailment(
        ReasonCode.DISK_FULL,
        f"The disk{size} that this workspace has for installed and temporary files is full. "
        "Delete what is not needed outside your own files, or end the workspace and take a new one.",
    )


def homes_full() -> Ailment:
    return Ailment(
        ReasonCode.DISK_FULL,
        "The disk that holds everybody's files is full, and nothing more can be saved. "
        "Delete files that are not needed any more, and tell whoever runs this site.",
    )


def engine_full() -> Ailment:
    return Ailment(
        ReasonCode.DISK_FULL,
        "The disk of the machine that runs the workspaces is full; only your own files may still be saved. "
        "Delete what is not needed outside them, and tell whoever runs this site.",
    )
