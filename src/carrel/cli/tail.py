"""What is new at the end of a log, by comparing it with the end that was there before. Pure."""

from collections.abc import Sequence


def added(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """The lines of `now` after those it shares with `before`; all of them where nothing of that is left. What was the last line
    may have been half of one: it is told again.
    """
    for shift in range(len(before)):
        kept = list(before[shift:])
        size = len(kept)
        if size <= len(now) and kept[:-1] == list(now[: size - 1]) and now[size - 1].startswith(kept[-1]):
            has_grown = now[size - 1] != kept[-1]
            return list(now[size - 1 if has_grown else size :])
    return list(now)
