"""Where somebody is sent after a detour. What came in an address is a wish: anything but a plain place of our own is forgotten."""

import re
from typing import Final
from urllib.parse import quote

LONGEST: Final = 2048
HUB: Final = "/hub/"
_SIGNS_OF_ADDRESSES: Final = "/?&=%:;,@!$'()*+~[]"
_LONELY_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")


def within_hub(wish: str | None) -> str:
    """A path below /hub/, with its query; the hub's own page for anything else."""
    if wish is None or not wish.startswith(HUB) or "//" in wish.partition("?")[0] or not _is_plain(wish):
        return HUB
    return wish


def within_door(wish: str | None) -> str:
    """A path relative to a workspace's root, with its query; the root for anything else."""
    if wish is None or not _is_plain(wish):
        return ""
    return wish.lstrip("/")


def as_linked(wish: str | None) -> str:
    """As `within_door`, for what somebody wrote into a link: "Übung 1.ipynb" is a place, however browsers spell it."""
    if wish is None or not wish.isprintable():
        return ""
    return within_door(quote(_LONELY_PERCENT.sub("%25", wish), safe=_SIGNS_OF_ADDRESSES))


def _is_plain(wish: str) -> bool:
    if (
        len(wish) > LONGEST
        or not (wish.isascii() and wish.isprintable())
        or any(sign in wish for sign in '\\# "<>')
    ):
        return False
    segments = (
        wish.partition("?")[0].lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").split("/")
    )
    return "." not in segments and ".." not in segments
