"""Pools and templates as JSON and back: the one place that knows how their fields are written in a table."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import time, timedelta
from types import MappingProxyType
from typing import Any, Final

from carrel.domain.container import Companion, Container
from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.domain.pool import Pool
from carrel.domain.preparation import Repository, Startup
from carrel.domain.quiet import QuietHours
from carrel.domain.template import HomeKind, PathMode, Template

Definition = dict[str, Any]

_KINDS: Final = {"choice": Choice, "number": Number, "text": Text}


def pool_to_json(pool: Pool) -> Definition:
    return _written(pool)


def pool_from_json(found: Definition) -> Pool:
    """A field that a newer version wrote and we do not know is dropped; one that an older version did not write has its default."""
    return Pool(**_read(found, Pool, _POOL_FIELDS))


def template_to_json(template: Template) -> Definition:
    return {
        **_written(template),
        "parameters": [{"kind": _kind(one), **_written(one)} for one in template.parameters],
    }


def template_from_json(found: Definition) -> Template:
    return Template(**_read(found, Template, _TEMPLATE_FIELDS))


def _read(
    found: Mapping[str, Any], kind: type[Any], readers: Mapping[str, Callable[[Any], Any]]
) -> dict[str, Any]:
    """None stays None: it is what an optional field says."""
    names = {field.name for field in fields(kind)}
    known = {name: value for name, value in found.items() if name in names}
    return {
        name: readers[name](value) if name in readers and value is not None else value
        for name, value in known.items()
    }


def _written(thing: Any) -> Definition:
    return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return _written(value) if is_dataclass(value) else value


def _duration(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _mapping(found: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(found))


def _startup(found: Definition) -> Startup:
    return Startup(**_read(found, Startup, _STARTUP_FIELDS))


def _repository(found: Definition) -> Repository:
    return Repository(**_read(found, Repository, {}))


def _container(found: Definition) -> Container:
    return Container(**_read(found, Container, _CONTAINER_FIELDS))


def _companions(found: list[Definition]) -> tuple[Companion, ...]:
    return tuple(Companion(**_read(one, Companion, _CONTAINER_FIELDS)) for one in found)


def _quiet_hours(found: Definition) -> QuietHours:
    return QuietHours(**_read(found, QuietHours, {"begin": time.fromisoformat, "end": time.fromisoformat}))


def _kind(parameter: Parameter) -> str:
    return next(name for name, kind in _KINDS.items() if isinstance(parameter, kind))


def _parameters(found: list[Definition]) -> tuple[Parameter, ...]:
    return tuple(
        _KINDS[one["kind"]](**_read(one, _KINDS[one["kind"]], {"options": tuple}))
        for one in found
        if one["kind"] in _KINDS
    )


_POOL_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "start_timeout": _duration,
    "enter_within": _duration,
    "watch_within": _duration,
    "stop_after_idle": _duration,
    "max_age": _duration,
    "retire_warm_after": _duration,
    "quiet_hours": _quiet_hours,
}
_STARTUP_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "command": tuple,
    "check": tuple,
    "backoff": _duration,
    "timeout": _duration,
}
_CONTAINER_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "command": tuple,
    "environment": _mapping,
    "capabilities": tuple,
    "companions": _companions,
}
_TEMPLATE_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "command": tuple,
    "path": PathMode,
    "home": HomeKind,
    "environment": _mapping,
    "files": _mapping,
    "parameters": _parameters,
    "claim_environment": _mapping,
    "repository": _repository,
    "startup": _startup,
    "data": _mapping,
    "activity_command": tuple,
    "activity_writes": tuple,
    "container": _container,
}
