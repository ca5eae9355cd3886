"""A setting as it is in effect: its value in the words of the file, its default, and where it comes from. Never a secret."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from carrel.domain.units import format_duration

DEFAULT: Final = "default"
"""The source of what nobody said anything about."""

BUILT_IN: Final = "built-in"
"""The source of what Carrel comes with."""

NEVER: Final = "never"
OR_NEVER: Final = frozenset({"stop_after_idle", "max_age", "retire_warm_after"})
"""Durations of a pool's policy that may be none; it is then said so."""

SIZES: Final = frozenset({"memory", "activity_bytes", "disk", "shared_memory"})
"""Keys whose numbers are bytes."""


@dataclass(frozen=True, slots=True)
class SettingInEffect:
    key: str
    """Dotted, e.g. "pools.jupyterlab.warm"."""
    value: str
    default: str
    source: str
    """"default", "built-in", a file, an environment variable or an option."""
    line: int | None = None
    """Of the file."""
    meaning: str = ""
    is_secret: bool = False
    """What is shown in place of the value says only whether there is one."""


def text_of(value: object) -> str:
    """As one would write it in the file, without quotes; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, list | tuple):
        return " ".join(map(text_of, value))
    return value.value if isinstance(value, StrEnum) else str(value)


def policy_text(key: str, value: object) -> str:
    """The same for one key of a pool's policy, where a duration that is none is "never"."""
    return NEVER if value is None and key in OR_NEVER else text_of(value)
