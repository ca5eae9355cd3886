"""The version of a template: a digest of its whole recipe, so that two recipes that differ anywhere have different versions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

from carrel.domain.template import Template


def versioned(template: Template) -> Template:
    """The same recipe with its version filled in; whatever version it came with does not count."""
    return replace(template, version=_digest(template))


def _digest(template: Template) -> str:
    recipe = {
        field.name: _plain(getattr(template, field.name))
        for field in fields(template)
        if field.name != "version"
    }
    text = json.dumps(recipe, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """Two parameters of different kinds may have the same fields, so that the kind counts too."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value):
        parts = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__, **parts}
    return value
