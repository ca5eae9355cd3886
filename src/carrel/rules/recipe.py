"""The version of a template: a digest of its whole recipe, so that two recipes that differ anywhere have different versions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType

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
    if isinstance(value, Mapping | MappingProxyType):
        return dict(value)
    return value
