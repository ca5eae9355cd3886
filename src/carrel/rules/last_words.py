"""What an app printed last, made fit to be kept and read: few enough lines, no secret, nothing that commands a terminal.

Pure text; where the lines come from, and where they are kept, is not its business.
"""

import re
from collections.abc import Iterable
from typing import Final

LINES: Final = 40
"""A stack trace with what led to it; the whole log goes with the slot."""
LENGTH: Final = 4096
LINE: Final = 400
"""Characters of one line: a minified script in a stack trace must not push everything else out."""
SHORTEST_SECRET: Final = 6
READ_AT_MOST: Final = 256 * 1024
"""Characters: an app may print megabytes without an end of line, and everybody waits while they are read."""

_OPENING: Final = "Its app printed last:"
_ESCAPES: Final = re.compile(r"\x1b(\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")


def tidy(text: str, *secrets: str) -> list[str]:
    """The last lines that say something."""
    text = without(text[-READ_AT_MOST:], secrets)
    shown = "\n".join(_line(line) for line in text.split("\n")[-LINES:])
    lines = without(shown, secrets).split("\n")  # again: colours within a secret hid it before
    kept: list[str] = []
    left = LENGTH
    for line in reversed(lines):
        left -= len(line) + 1
        if left < 0:
            break
        if line or kept:
            kept.append(line)
    return _without_blank_start(kept[::-1])


def without(text: str, secrets: Iterable[str]) -> str:
    """The longest first, for one may stand in another; what is shorter than any secret is left, or nothing could be read any more."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return text


def quoted(lines: list[str]) -> str:
    """As a line of a timeline; one line alone stays on it."""
    return f"{_OPENING} {lines[0]}" if len(lines) == 1 else "\n".join([_OPENING, *lines])


def unquoted(sentence: str) -> list[str]:
    """The lines back out of it."""
    text = sentence.removeprefix(_OPENING).removeprefix(" ").removeprefix("\n")
    return text.split("\n") if text else []


def _line(line: str) -> str:
    plain = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]  # a progress bar's last writing counts
    shown = "".join(sign if sign.isprintable() else " " for sign in plain.expandtabs(4)).rstrip()
    return shown if len(shown) <= LINE else shown[: LINE - 1] + "…"


def _without_blank_start(lines: list[str]) -> list[str]:
    first = next((at for at, line in enumerate(lines) if line), len(lines))
    return lines[first:]
