"""The kinds of value a setting can have, each with the sentence that says what was expected. Knows no setting by name."""

import ipaddress
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

from carrel.domain import units
from carrel.domain.ids import is_name
from carrel.domain.quiet import parse_quiet_hours

NEVER = "never"

_PART: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?::[0-9]{1,5})?"
_IMAGE: Final = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?"
)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return units.parse_duration(value.strip())
    raise ValueError(f"expected {units.DURATION_EXAMPLES}")


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("expected a duration longer than nothing")
    return value


def _duration_or_never(value: object) -> timedelta | None:
    if value is None or value == NEVER:
        return None
    try:
        return _positive(_duration(value))
    except ValueError as error:
        raise ValueError(f'{error}, or "{NEVER}"') from error


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("expected a duration, or none: 0s")
    return value


def _size(value: object) -> int:
    if isinstance(value, str):
        value = units.parse_size(value.strip())
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"expected {units.SIZE_EXAMPLES}")
    return value


def _words(value: object) -> object:
    """A list; the environment and the command line may give it as JSON."""
    if not isinstance(value, str):
        return value
    try:
        words = json.loads(value)
    except ValueError:
        words = None
    if not isinstance(words, list):
        raise ValueError('expected a list of texts, e.g. ["jupyter", "lab"]')  # noqa: TRY004 - pydantic takes ValueError
    return words


def _no_words(value: Sequence[str]) -> Sequence[str]:
    if not value or not all(value[:1]):
        raise ValueError("expected a program and its arguments")
    return value


def no_secret_in_argv(command: tuple[str, ...]) -> tuple[str, ...]:
    if any("{secret}" in word for word in command):
        raise ValueError(
            "expected no {secret} here: every process of the machine can read a command line. Use the environment"
        )
    return command


def _image(value: str) -> str:
    if len(value) > 500 or _IMAGE.fullmatch(value) is None:
        raise ValueError(
            'expected the name of an image as registries write it, e.g. "quay.io/jupyter/scipy-notebook:2025-12-31", '
            f'and without "https://"; "{value[:80]}" is none'
        )
    return value


def _listen_address(value: str) -> str:
    address = "127.0.0.1" if value == "localhost" else value
    try:
        return str(ipaddress.ip_address(address))
    except ValueError as error:
        raise ValueError(
            "expected an IP address to listen on: 127.0.0.1 for this machine only, 0.0.0.0 for every network"
        ) from error


def _origin(value: str) -> str:
    text = value.strip().rstrip("/")
    parts = urlsplit(text)
    bare = (
        parts.scheme in ("http", "https")
        and parts.hostname
        and not (parts.path or parts.query or parts.fragment)
    )
    if not bare or "@" in parts.netloc or _port_of(text) == 0:
        raise ValueError('expected scheme, host and port only, e.g. "https://carrel.example.org"')
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    return text.lower().removesuffix(usual)


def _port_of(text: str) -> int | None:
    try:
        return urlsplit(text).port
    except ValueError:
        return 0


def _starred_origin(value: str) -> str:
    expected = 'expected scheme, a star and a domain, e.g. "https://*.labs.example.net"'
    scheme, found, rest = value.strip().partition("://*.")
    if not found or "*" in rest:
        raise ValueError(expected)
    try:
        plain = _origin(f"{scheme}://{rest}")
    except ValueError as error:
        raise ValueError(expected) from error
    return plain.replace("://", "://*.")


def time_zone(value: str) -> str:
    """Raises ValueError for what the time zone database does not know."""
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f'expected a name of the time zone database, e.g. "Europe/Berlin"; "{value[:60]}" is none'
        ) from error


def _quiet_hours(value: str) -> str:
    if value:
        time_zone(parse_quiet_hours(value).zone)
    return value


def _absolute(value: Path) -> Path:
    return value.expanduser().absolute()


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(
            f'"{value}" is no name: expected at most 40 characters of a-z, 0-9 and "-", not beginning or ending with "-"'
        )
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql+asyncpg://")):
        raise ValueError(
            'expected "sqlite:////path/to/file" or "postgresql+asyncpg://user:password@host/database"'
        )
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_positive)]
DurationOrNever = Annotated[timedelta | None, BeforeValidator(_duration_or_never)]
DurationOrNothing = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_not_negative)]
Size = Annotated[int, BeforeValidator(_size)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Command = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_no_words)]
Image = Annotated[str, AfterValidator(_image)]
QuietHoursText = Annotated[str, AfterValidator(_quiet_hours)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
Origin = Annotated[str, AfterValidator(_origin)]
StarredOrigin = Annotated[str, AfterValidator(_starred_origin)]
Name = Annotated[str, AfterValidator(_name)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
TimeZone = Annotated[str, AfterValidator(time_zone)]
