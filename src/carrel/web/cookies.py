"""The hub's own cookies: how they are read, written and taken back. Which of two names a browser gets is found out, not guessed."""

from datetime import timedelta
from typing import Final

from starlette.datastructures import Headers

STRONG_SESSION: Final = "__Host-Http-carrel-session"
"""No script of any port can make or shadow a cookie of this prefix, where the browser takes it at all (finding 10)."""
PLAIN_SESSION: Final = "carrel-session"
STRONG_PROBE: Final = "__Host-Http-carrel-probe"
PLAIN_PROBE: Final = "carrel-probe"

PROBE_LIFETIME: Final = timedelta(hours=1)
LONGEST_VALUE: Final = 256
EVERY_COOKIE: Final = {"clear-site-data": '"cookies"'}
"""The only way to be rid of a cookie whose path somebody else chose."""


def values(headers: Headers, *names: str) -> list[str]:
    """Every value sent under one of these names, in order; duplicates too, since somebody else may have set one of them."""
    found: list[str] = []
    for line in headers.getlist("cookie"):
        for pair in line.split(";"):
            name, is_pair, value = pair.strip().partition("=")
            if is_pair and name in names:
                found.append(value.strip('"'))
    return found


def session_secrets(headers: Headers, *, secure: bool) -> list[str]:
    """Over https the strong name alone counts: every browser keeps it there, and a page of a sibling host could set the plain one."""
    return values(headers, STRONG_SESSION) if secure else values(headers, STRONG_SESSION, PLAIN_SESSION)


def probe(headers: Headers, *, secure: bool) -> tuple[str, bool] | None:
    """What the sign-in page left in this browser, and whether it took the strong name."""
    known = ((STRONG_PROBE, True),) if secure else ((STRONG_PROBE, True), (PLAIN_PROBE, False))
    for name, is_strong in known:
        found = values(headers, name)
        if len(found) == 1 and 0 < len(found[0]) <= LONGEST_VALUE:
            return found[0], is_strong
    return None


def keep_probes(secret: str, *, secure: bool) -> list[str]:
    return [
        _strong(STRONG_PROBE, secret, PROBE_LIFETIME),
        _plain(PLAIN_PROBE, secret, PROBE_LIFETIME, secure=secure),
    ]


def keep_session(secret: str, lifetime: timedelta, *, is_strong: bool, secure: bool) -> list[str]:
    """Sets the session under the one name, takes it back under the other, and clears the probes away."""
    kept = (
        _strong(STRONG_SESSION, secret, lifetime)
        if is_strong
        else _plain(PLAIN_SESSION, secret, lifetime, secure=secure)
    )
    other = (
        _plain(PLAIN_SESSION, "", _NEVER, secure=secure) if is_strong else _strong(STRONG_SESSION, "", _NEVER)
    )
    return [
        kept,
        other,
        _strong(STRONG_PROBE, "", _NEVER),
        _plain(PLAIN_PROBE, "", _NEVER, secure=secure),
    ]


def drop_session(*, secure: bool) -> list[str]:
    return [_strong(STRONG_SESSION, "", _NEVER), _plain(PLAIN_SESSION, "", _NEVER, secure=secure)]


_NEVER: Final = timedelta(0)


def _strong(name: str, value: str, lifetime: timedelta) -> str:
    """This prefix asks for Secure and the path "/"; browsers take both on http://localhost."""
    return _cookie(name, value, lifetime, path="/", secure=True)


def _plain(name: str, value: str, lifetime: timedelta, *, secure: bool) -> str:
    return _cookie(name, value, lifetime, path="/hub/", secure=secure)


def _cookie(name: str, value: str, lifetime: timedelta, *, path: str, secure: bool) -> str:
    attributes = [f"Max-Age={int(lifetime.total_seconds())}", f"Path={path}", "HttpOnly", "SameSite=Lax"]
    return "; ".join([f"{name}={value}", *attributes, *(["Secure"] if secure else [])])
