"""Durations and sizes as people write them: `60s`, `90m`, `12h`, `3d`; `512MiB`, `1GiB`. Both ways, and nothing else."""

import re
from datetime import timedelta
from typing import Final

_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_BYTES: Final = {"TiB": 1024**4, "GiB": 1024**3, "MiB": 1024**2, "KiB": 1024, "B": 1}

_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])")
_SIZE: Final = re.compile(r"([0-9]{1,15})(B|KiB|MiB|GiB|TiB)")

_LONGEST: Final = timedelta(days=3650)
"""Ten years: far beyond any use, and far from where adding it to a date overflows."""

DURATION_EXAMPLES: Final = 'a duration such as "60s", "90m", "12h" or "3d"'
SIZE_EXAMPLES: Final = 'a size such as "512MiB" or "1GiB"'


def parse_duration(text: str) -> timedelta:
    """Raises ValueError; its text says what was expected."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"expected {DURATION_EXAMPLES}")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds > _LONGEST.total_seconds():
        raise ValueError("expected at most ten years (3650d)")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """The shortest exact form; `parse_duration` gives the same duration back. Parts of a second are rounded up."""
    seconds = -(-duration // timedelta(seconds=1))
    unit = next(unit for unit, size in _SECONDS.items() if seconds % size == 0 and (seconds or unit == "s"))
    return f"{seconds // _SECONDS[unit]}{unit}"


def parse_size(text: str) -> int:
    """Bytes. Raises ValueError; its text says what was expected."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"expected {SIZE_EXAMPLES}")
    return int(found[1]) * _BYTES[found[2]]


def format_size(size: int) -> str:
    """The shortest exact form; `parse_size` gives the same number back."""
    unit = next(unit for unit, factor in _BYTES.items() if size % factor == 0 and (size or unit == "B"))
    return f"{size // _BYTES[unit]}{unit}"


def rough_size(size: int) -> str:
    """As people say it: "812 KiB", "1.4 GiB"."""
    unit, factor = next(((unit, factor) for unit, factor in _BYTES.items() if size >= factor), ("B", 1))
    amount = size / factor
    return f"{amount:.1f} {unit}" if amount < 10 and factor > 1 else f"{amount:.0f} {unit}"
