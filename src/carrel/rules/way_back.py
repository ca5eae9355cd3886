"""Where somebody is sent after a detour. What came in an address is a wish: anything but a plain place of our own is forgotten."""

from typing import Final

LONGEST: Final = 2048
HUB: Final = "/hub/"


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
