"""Pools and templates as JSON and back: the one place that knows how their fields are written in a table."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from carrel.domain.pool import Pool
from carrel.domain.template import HomeKind, PathMode, Template

Definition = dict[str, Any]

_DURATIONS = frozenset(
    {"start_timeout", "enter_within", "watch_within", "stop_after_idle", "max_age", "retire_warm_after"}
)


def pool_to_json(pool: Pool) -> Definition:
    return {field.name: _plain(getattr(pool, field.name)) for field in fields(pool)}


def pool_from_json(found: Definition) -> Pool:
    """A field that a newer version wrote and we do not know is dropped; one that an older version did not write has its default."""
    known = _known(found, Pool)
    for name in _DURATIONS & known.keys():
        known[name] = _duration(known[name])
    return Pool(**known)


def template_to_json(template: Template) -> Definition:
    return {field.name: _plain(getattr(template, field.name)) for field in fields(template)}


def template_from_json(found: Definition) -> Template:
    known = _known(found, Template)
    known["command"] = tuple(known["command"])
    if "path" in known:
        known["path"] = PathMode(known["path"])
    if "home" in known:
        known["home"] = HomeKind(known["home"])
    for name in ("environment", "files"):
        if name in known:
            known[name] = MappingProxyType(dict(known[name]))
    return Template(**known)


def _known(found: Definition, kind: type[Pool] | type[Template]) -> Definition:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in found.items() if name in names}


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    return value


def _duration(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
