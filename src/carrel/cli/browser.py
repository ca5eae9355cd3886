"""A page in the person's browser. An address that signs somebody in never stands on a command line, which everybody on the machine
can read: the browser is shown a file that only its owner can, which leads there and is removed soon after.
"""

import os
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

REMOVED_AFTER: Final = 60
"""Seconds; a browser that has to start first may take that long on a busy machine."""

_PAGE: Final = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={url}">
<title>Carrel</title>
<p><a href="{url}">Go on to Carrel</a></p>
"""


def show(url: str) -> bool:
    """Whether there was a browser to show it in. What another Carrel named becomes a browser's argument, so it must be an address."""
    return url.startswith(("http://", "https://")) and has_browser(os.environ) and webbrowser.open(url)


def show_secret(url: str, folder: Path | None = None) -> bool:
    """As `show`, for an address that nobody else may know. `folder`: where only its owner may look, if there is such a place."""
    if not has_browser(os.environ):
        return False
    page = _page(url, folder)
    if webbrowser.open(page.as_uri()):
        _remove_later(page)
        return True
    page.unlink(missing_ok=True)
    return False


def has_browser(environ: Mapping[str, str]) -> bool:
    """Without a display, what would be found is a browser for terminals, which would take this one."""
    if sys.platform == "darwin" or environ.get("BROWSER"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _page(url: str, folder: Path | None) -> Path:
    """Its mode is 0600 from the first moment."""
    usual = folder if folder is not None and os.access(folder, os.W_OK) else None
    descriptor, name = tempfile.mkstemp(prefix="carrel-", suffix=".html", dir=usual, text=True)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_PAGE.format(url=escape(url)))
    return Path(name)


def _remove_later(page: Path) -> None:
    """By a process of its own: a command ends before a browser has read the page."""
    subprocess.run(
        ["sh", "-c", f'(sleep {REMOVED_AFTER}; rm -f -- "$1") >/dev/null 2>&1 &', "sh", str(page)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
