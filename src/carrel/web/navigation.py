"""Is this a person following a link, or a script? Told by what browsers send and scripts on a page cannot change."""

from typing import Final

from starlette.datastructures import Headers

READING: Final = frozenset({"GET", "HEAD"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})


def is_navigation(method: str, headers: Headers) -> bool:
    """A person who may be led elsewhere: a whole page, asked for by reading."""
    if method not in READING or "upgrade" in headers:
        return False
    return wants_page(headers)


def wants_page(headers: Headers) -> bool:
    """Whoever asks would rather read a page than a problem in JSON."""
    mode = headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    return "text/html" in headers.get("accept", "")


def is_plain_navigation(method: str, headers: Headers) -> bool:
    """A link that was followed from anywhere. The only thing another site may make a browser send here with cookies."""
    return (
        method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def comes_from_elsewhere(headers: Headers) -> bool:
    """A page of another site made the browser ask. Same-site is not same-origin: a workspace on another port of this host is same-site."""
    return headers.get("sec-fetch-site", "none").lower() not in _OWN_SITES
