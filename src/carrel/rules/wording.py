"""How the sentences of reasons are worded. Pure text: decides nothing."""

from datetime import timedelta
from typing import Final

from carrel.domain.reason import Reason, ReasonCode
from carrel.domain.workspace import Phase, Workspace

GIVEN_BACK: Final = Reason(ReasonCode.RELEASED, "You gave it back.")
LEFT_THE_QUEUE: Final = Reason(ReasonCode.RELEASED, "You left the queue.")

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def humanly(duration: timedelta) -> str:
    """The two largest parts: "3 days", "1 hour 30 minutes", "45 seconds". Parts of a second are dropped."""
    left = max(0, int(duration.total_seconds()))
    parts = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next((at for at, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [part for at, part in enumerate(parts[first : first + 2]) if part[0] or at == 0]
    return " ".join(f"{count} {unit}" if count == 1 else f"{count} {unit}s" for count, unit in shown)


def recorded(workspace: Workspace) -> Reason:
    """The reason its row holds; a plain one where none was written or a newer version of us wrote a code we do not know."""
    fallback = (
        Reason(ReasonCode.CRASHED, "It ended by itself.")
        if workspace.phase is Phase.FAILED
        else Reason(ReasonCode.RELEASED, "It was given back.")
    )
    code = next((code for code in ReasonCode if code == workspace.reason_code), fallback.code)
    return Reason(code, workspace.reason or fallback.sentence)
