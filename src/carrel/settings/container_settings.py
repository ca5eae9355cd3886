"""The tables [templates.*.container] and [templates.*.container.companions.*]: their keys, and what may stand there."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from carrel.domain.container import Companion, Container
from carrel.domain.ids import is_name
from carrel.domain.units import format_size, parse_size
from carrel.rules.capabilities import refusal
from carrel.settings.values import Image, Size, Words, no_secret_in_argv

_SHAPE: Final = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_CONTAINER: Final = Container()
"""Where the defaults come from, so that they are written once."""

_USER: Final = re.compile(r"[0-9]{1,9}(:[0-9]{1,9})?")
_LEAST_MEMORY: Final = parse_size("16MiB")
_FEWEST_PROCESSES: Final = 16
_MOST_COMPANIONS: Final = 5
_LONGEST_NAME: Final = 20
_OWN: Final = PurePosixPath("/carrel")
_OF_THE_SYSTEM: Final = frozenset(
    {"/bin", "/boot", "/etc", "/lib", "/lib64", "/run", "/sbin", "/tmp", "/usr", "/var"}  # noqa: S108 - refused as homes
)
_OF_THE_KERNEL: Final = ("/dev", "/proc", "/sys")


def _user(value: str) -> str:
    if value and not _USER.fullmatch(value):
        raise ValueError('expected numbers, "1000" or "1000:100": a name means something in the image alone')
    return value


def _owner(value: str) -> str:
    if value and (":" not in value or not _USER.fullmatch(value)):
        raise ValueError("expected two numbers, the user's and the group's, e.g. \"1000:100\"")
    return value


def _home_path(value: str) -> str:
    path = PurePosixPath(value)
    if not value.startswith("/") or str(path) != value or ".." in path.parts or path == PurePosixPath("/"):
        raise ValueError(f'expected a whole path, such as "/home/jovyan"; "{value[:80]}" is none')
    if ":" in value or not value.isprintable():
        raise ValueError('expected a path without ":" and without characters that cannot be seen')
    if value in _OF_THE_SYSTEM or any(path.is_relative_to(one) for one in _OF_THE_KERNEL):
        raise ValueError(
            f'expected a folder that the image can do without, such as "/home/jovyan"; "{value}" is the system\'s'
        )
    if path.is_relative_to(_OWN) and value != _CONTAINER.home_path:
        raise ValueError(
            f"below {_OWN} Carrel keeps files of its own: expected {_CONTAINER.home_path}, or a path elsewhere"
        )
    return value


def _capabilities(value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if sentence := refusal(name):
            raise ValueError(sentence)
    return value


def _environment(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not name or "=" in name:
            raise ValueError(f'"{name[:60]}" cannot be the name of a variable')
    return value


def _enough_memory(value: int | None) -> int | None:
    if value is not None and value < _LEAST_MEMORY:
        raise ValueError(f"expected at least {format_size(_LEAST_MEMORY)}: nothing starts with less")
    return value


User = Annotated[str, AfterValidator(_user)]
Owner = Annotated[str, AfterValidator(_owner)]
HomePath = Annotated[str, AfterValidator(_home_path)]
Capabilities = Annotated[Words, AfterValidator(_capabilities)]
Environment = Annotated[dict[str, str], AfterValidator(_environment)]
Memory = Annotated[Size | None, AfterValidator(_enough_memory)]


class CompanionSettings(BaseModel):
    model_config = _SHAPE

    image: Image
    """The container image."""
    command: Words = ()
    """As `command` of the container; what the image itself starts if left out."""
    environment: Environment = {}
    """On top of the image's own. May hold the same words as `command`, and `{secret}`."""
    user: User = ""
    """Who runs it, `uid` or `uid:gid`; the image's own if left out."""
    memory: Memory = None
    """How much memory it may have, apart from the app's."""
    capabilities: Capabilities = ()
    """As for the app."""

    @field_validator("command")
    @classmethod
    def _secret_stays_out_of_argv(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        return no_secret_in_argv(command)

    def to_domain(self, name: str) -> Companion:
        values = {key: getattr(self, key) for key in type(self).model_fields}
        return Companion(name, **values | {"environment": MappingProxyType(dict(self.environment))})


class ContainerSettings(BaseModel):
    model_config = _SHAPE

    command: Words | None = None
    """Instead of the template's. `[]`: what the image itself starts. Like all that `docker run IMAGE …` is given, it follows the entrypoint
    that the image may have.
    """
    port: Annotated[int, Field(ge=1, le=65535)] = _CONTAINER.port
    """Where the app listens inside; `{port}`."""
    home_path: HomePath = _CONTAINER.home_path
    """Where the person's files are inside; `{home}`."""
    user: User = ""
    """Who runs the app, `uid` or `uid:gid`; the image's own if left out."""
    home_owner: Owner = ""
    """Whose the person's files are inside, `uid:gid`. Default: `user`, or the image's own user where that is a number, else 1000:1000."""
    environment: Environment = {}
    """On top of the image's own and the template's. May hold the same words as `command`, and `{secret}`."""
    capabilities: Capabilities = ()
    """All are dropped but these: `SETUID` and the like, where an image begins as root and changes its user."""
    read_only: bool = _CONTAINER.read_only
    """Whether nothing but the home, `/carrel` and `/tmp` can be written."""
    cpus: Annotated[float, Field(ge=0.01, le=10_000, allow_inf_nan=False)] | None = None
    """How many processors it may use, e.g. 0.5 or 2."""
    processes: Annotated[int, Field(ge=_FEWEST_PROCESSES, le=1_000_000)] = _CONTAINER.processes
    """How many processes and threads there may be at once."""
    disk: Size | None = None
    """How much may be written outside the home, where the engine can hold it to that; `carrel doctor` says where it cannot."""
    shared_memory: Size | None = None
    """The size of `/dev/shm`; the engine's own if left out."""
    companions: Mapping[str, CompanionSettings] = {}
    """Helpers beside the app, such as a database: `[templates.<name>.container.companions.<companion>]`. They reach each other as localhost."""

    @field_validator("command")
    @classmethod
    def _secret_stays_out_of_argv(cls, command: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if command is None else no_secret_in_argv(command)

    @field_validator("companions")
    @classmethod
    def _a_few_with_names(
        cls, companions: Mapping[str, CompanionSettings]
    ) -> Mapping[str, CompanionSettings]:
        if len(companions) > _MOST_COMPANIONS:
            raise ValueError(f"expected at most {_MOST_COMPANIONS}")
        for name in companions:
            if not is_name(name) or len(name) > _LONGEST_NAME:
                raise ValueError(
                    f'"{name[:60]}" is no name of a companion: expected at most {_LONGEST_NAME} characters of a-z, 0-9 and "-", '
                    'not beginning or ending with "-"'
                )
        return MappingProxyType(dict(companions))

    def to_domain(self) -> Container:
        values = {key: getattr(self, key) for key in type(self).model_fields}
        return Container(
            **values
            | {
                "environment": MappingProxyType(dict(self.environment)),
                "companions": tuple(one.to_domain(name) for name, one in self.companions.items()),
            }
        )
