"""How a long start's progress is said and read again, and when it is worth saying anew. Pure text."""

import re
from typing import Final

from carrel.domain.event import Event
from carrel.domain.instance import Progress

KIND: Final = "progress"
STEP: Final = 5
"""Per cent; less is not worth a line."""
_SAID: Final = re.compile(r"(?P<what>.*): (?P<percent>\d{1,3}) %\.", re.DOTALL)


def said(progress: Progress) -> str:
    """ "The image … is being fetched: 40 %." """
    if progress.fraction is None:
        return progress.sentence
    percent = round(100 * min(1.0, max(0.0, progress.fraction)))
    return f"{progress.sentence.strip().removesuffix('.')}: {percent} %."


def read(line: Event | None) -> Progress | None:
    """From the newest line of a workspace; None where that says something else."""
    if line is None or line.kind != KIND:
        return None
    found = _SAID.fullmatch(line.sentence)
    return Progress(line.sentence, int(found["percent"]) / 100 if found else None)


def is_worth_saying(before: Progress | None, now: Progress) -> bool:
    """Another sentence, or so much further; the end is always said."""
    if before is None or before.sentence != now.sentence:
        return True
    if before.fraction is None or now.fraction is None:
        return before.fraction is not now.fraction
    moved = round(100 * abs(now.fraction - before.fraction))
    return moved >= STEP or now.fraction >= 1 > before.fraction
