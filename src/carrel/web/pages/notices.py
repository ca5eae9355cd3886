"""What a page says after something was done: the address names it by a word of ours, and nothing else of the address is shown."""

from collections.abc import Mapping
from typing import Final

NOTICES: Final[Mapping[str, str]] = {
    "checked": "Everything was looked at again just now.",
    "left": "You left the queue.",
    "kept": "It goes on. Nothing was stopped.",
    "extended": "It runs longer now.",
    "restarted": "It was started again.",
    "reported": "The administrators were told. The timeline and the last lines of the log went along.",
    "report-done": "That report was seen to.",
    "password": "Your password was changed. Every other browser was signed out.",
    "revoked": "That token is worth nothing any more.",
    "workspaces-stopped": "They are being stopped. Files are kept.",
    "none-stopped": "Nothing was left to stop.",
    "stopped": "It is being stopped. Files are kept.",
    "pool-saved": "Saved. The planner is at work on it.",
    "pool-same": "Nothing was different, so nothing was changed.",
    "pool-resume": "Resumed: it starts workspaces again.",
}
