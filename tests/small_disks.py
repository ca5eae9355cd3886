"""Small file systems of their own, and how to fill them to the last byte."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

KIB = 1 << 10


@contextlib.contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def fill(disk: Path) -> None:
    """Takes what is free; once more takes what became free since."""
    with (disk / "big").open("ab", buffering=0) as file:
        for size in (64 * KIB, 4 * KIB, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
