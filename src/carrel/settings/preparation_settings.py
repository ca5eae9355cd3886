"""The tables [templates.*.startup] and [templates.*.repository], and the rules for paths into a home and a slot."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from carrel.domain.preparation import Repository, Startup
from carrel.settings.values import Command, Duration, DurationOrNothing, Words

_SHAPE: Final = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_STARTUP: Final = Startup(())
_SCHEMES: Final = ("https", "http", "ssh", "file")


class StartupSettings(BaseModel):
    model_config = _SHAPE

    command: Command
    """Makes the home ready, in the workspace and as whoever it runs as. It may run more than once: after a crash it is begun again."""
    check: Words = ()
    """Ends with 0 where all is as it should be. Asked before the command, which is then not run, and after it."""
    retries: Annotated[int, Field(ge=0, le=20)] = _STARTUP.retries
    """How often a command that failed is tried again."""
    backoff: DurationOrNothing = _STARTUP.backoff
    """How long to wait before the first retry; doubled before each further one."""
    timeout: Duration = _STARTUP.timeout
    """How long each try may take."""

    @field_validator("timeout", "backoff")
    @classmethod
    def _somebody_waits(cls, value: timedelta) -> timedelta:
        if value > timedelta(hours=1):
            raise ValueError("expected at most an hour (1h): somebody waits meanwhile")
        return value

    def to_domain(self) -> Startup:
        return Startup(self.command, self.check, self.retries, self.backoff, self.timeout)


def _repository_url(value: str) -> str:
    parts = urlsplit(value)
    is_there = parts.path.strip("/") if parts.scheme == "file" else parts.hostname and parts.path.strip("/")
    is_plain = value.isprintable() and " " not in value and not (parts.hostname or "").startswith("-")
    if parts.scheme not in _SCHEMES or not is_there or not is_plain:
        raise ValueError('expected an address that git clones, e.g. "https://example.org/course.git"')
    return value


def _git_ref(value: str) -> str:
    if value.startswith("-") or any(one.isspace() or one in "~^:?*[\\" for one in value) or ".." in value:
        raise ValueError("expected the name of a branch or tag")
    return value


def inside(path: str, what: str, example: str) -> str:
    if path.startswith("/") or "\\" in path or "\0" in path or {"", ".", ".."} & set(path.split("/")):
        raise ValueError(f'expected paths inside the {what}, such as "{example}"; "{path}" is none')
    return path


def all_inside(paths: Iterable[str], what: str, example: str) -> None:
    for path in paths:
        inside(path, what, example)


def _into(value: str) -> str:
    return inside(value, "home", "course") if value else value


class RepositorySettings(BaseModel):
    model_config = _SHAPE

    url: Annotated[str, AfterValidator(_repository_url)]
    """What to clone; `https://`, `http://`, `ssh://` or `file://`."""
    into: Annotated[str, AfterValidator(_into)] = ""
    """Where in the home, unless something stands there already. Default: the last part of the address."""
    ref: Annotated[str, AfterValidator(_git_ref)] = ""
    """A branch or tag; the repository's own if empty."""

    def to_domain(self) -> Repository:
        last = PurePosixPath(urlsplit(self.url).path).name.removesuffix(".git")
        return Repository(
            self.url, self.into or (last if last not in ("", ".", "..") else "repository"), self.ref
        )
