"""What goes with a report: the facts, the timeline and the last log lines as plain text, without secrets and never too long."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from carrel.domain.event import Event
from carrel.rules.chronicle import in_order
from carrel.rules.last_words import without

MOST_BYTES: Final = 64 * 1024
READ_AT_MOST: Final = 4 * MOST_BYTES
"""Signs from the end of a log: escapes and secrets make it shorter, and the rest is never shown."""
LONGEST_MESSAGE: Final = 4000
_CUT: Final = "… (the beginning is left out)\n"
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_OUR_TOKEN: Final = re.compile(r"\bcrl_[A-Za-z0-9_-]{6,}")
_NAMED: Final = re.compile(
    r"""(?i)((?:token|secret|password|passwd|api[_-]?key|authorization)["']?\s*[:=]\s*["']?(?:bearer\s+|token\s+)?)"""
    r"""[^\s"'&,;]+"""
)
"""`token=…` in an address, `"password": "…"` in a printed setting, `Authorization: Bearer …` in a header; whatever stands before the
name. To spell that out would take the square of a line's length, and an app may print megabytes without an end of line.
"""


def attachment(
    facts: Iterable[tuple[str, str]], events: Iterable[Event], log: str, *, secrets: Iterable[str] = ()
) -> str:
    """At most MOST_BYTES of UTF-8; where something must go, the beginning of the log goes first, then the end of the timeline."""
    head = "\n".join(f"{name}: {value}" for name, value in facts)
    told = "\n".join(
        f"{event.at:%Y-%m-%d %H:%M:%S}  {event.kind}: {event.sentence}" for event in in_order(events)
    )
    secrets, log = list(secrets), log[-READ_AT_MOST:]
    shown = [without_secrets(text, secrets) for text in (f"{head}\n\nTimeline (UTC)\n{told}\n", log)]
    return _fitting(*shown)


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """Nor with anything that commands a terminal."""
    text = without(text, secrets)
    text = _NAMED.sub(r"\1…", _OUR_TOKEN.sub("crl_…", _ESCAPES.sub("", text)))
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text)


def message_text(message: str) -> str:
    """A person's own words, as they may be kept and shown."""
    lines = "".join(
        sign if sign.isprintable() or sign == "\n" else " " for sign in message.replace("\r\n", "\n")
    )
    return lines.strip()[:LONGEST_MESSAGE]


def _fitting(told: str, log: str) -> str:
    kept = _first(told, MOST_BYTES)
    title = "\nLast lines of its log\n"
    room = MOST_BYTES - len(kept.encode()) - len(title)
    if not log.strip() or room < len(_CUT.encode()):
        return kept
    return kept + title + _last(log, room)


def _first(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def _last(text: str, most: int) -> str:
    raw = text.encode()
    if len(raw) <= most:
        return text
    return _CUT + raw[-(most - len(_CUT.encode())) :].decode(errors="ignore")
