"""What a page says after something was done: the address names it by a word of ours, and nothing else of the address is shown."""

from collections.abc import Mapping
from typing import Final

NOTICES: Final[Mapping[str, str]] = {
    "checked": "Everything was looked at again just now.",
    "left": "You left the queue.",
}
