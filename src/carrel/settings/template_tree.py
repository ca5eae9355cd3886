"""A template in the words of the configuration file: the tables that would say it there, without what goes without saying.

Secrets stay behind: what would be read over a shoulder is replaced by a sentence, and put back when such a table comes in again.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from pydantic.fields import FieldInfo

from carrel.domain.container import Companion, Container
from carrel.domain.errors import Invalid
from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.domain.setting import SIZES, text_of
from carrel.domain.template import Template
from carrel.domain.units import format_size
from carrel.rules.telling import HIDDEN, has_password, is_telling
from carrel.settings.container_settings import CompanionSettings, ContainerSettings
from carrel.settings.parameter_settings import ParameterSettings
from carrel.settings.preparation_settings import RepositorySettings, StartupSettings
from carrel.settings.recipes import TemplateSettings
from carrel.settings.sources import Tree

_APART: Final = frozenset({"parameters", "repository", "startup", "container", "title"})
_KINDS: Final = {Choice: "choice", Number: "number", Text: "text"}


def tree_of(template: Template) -> Tree:
    """All of it, secrets too; `hidden` is for showing."""
    named = {"title": template.title} if template.title != template.name else {}
    tree = named | {
        name: _plain(name, getattr(template, name))
        for name, field in TemplateSettings.model_fields.items()
        if name not in _APART and getattr(template, name) != field.default
    }
    if template.repository is not None:
        tree["repository"] = _said(template.repository, RepositorySettings.model_fields)
    if template.startup is not None:
        tree["startup"] = _said(template.startup, StartupSettings.model_fields)
    if template.container is not None:
        tree["container"] = _container(template.container)
    if template.parameters:
        tree["parameters"] = {one.name: _parameter(one) for one in template.parameters}
    return tree


def hidden(tree: Mapping[str, object]) -> Tree:
    return {name: _hidden(name, value) for name, value in tree.items()}


def revealed(tree: Mapping[str, object], base: Mapping[str, object]) -> Tree:
    """What `hidden` took out of `base` is put back where it was left as it stood. Raises Invalid where there was nothing to hide."""
    return {name: _revealed(name, value, base.get(name)) for name, value in tree.items()}


def _said(thing: object, known: Iterable[str]) -> Tree:
    return {name: _plain(name, value) for name in known if (value := getattr(thing, name)) not in ("", ())}


def _container(thing: Container) -> Tree:
    """With nothing in it, it still says that there is one."""
    said = _unusual(thing, ContainerSettings.model_fields)
    companions = {one.name: _companion(one) for one in thing.companions}
    return {**said, "companions": companions} if companions else said


def _companion(one: Companion) -> Tree:
    return {"image": one.image} | _unusual(one, CompanionSettings.model_fields)


def _unusual(thing: object, known: Mapping[str, FieldInfo]) -> Tree:
    said = {name: getattr(thing, name) for name in known if name not in ("image", "companions")}
    return {name: _plain(name, value) for name, value in said.items() if value != known[name].default}


def _parameter(one: Parameter) -> Tree:
    said = {name: _plain(name, getattr(one, name, None)) for name in ParameterSettings.model_fields}
    usual = {"title": one.name, "description": "", "longest": Text("").longest}
    return {"type": _KINDS[type(one)]} | {
        name: value for name, value in said.items() if value is not None and usual.get(name) != value
    }


def _plain(name: str, value: object) -> object:
    match value:
        case StrEnum() | timedelta():
            return text_of(value)
        case int() if name in SIZES:
            return format_size(value)
        case float() if value.is_integer():
            return int(value)
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value


def _hidden(name: str, value: object) -> object:
    match value:
        case Mapping():
            return hidden(value)
        case list():
            return [_hidden("", one) for one in value]
        case str() if is_telling(name, value) or has_password(value):
            return HIDDEN
        case _:
            return value


def _revealed(name: str, value: object, base: object) -> object:
    match value:
        case Mapping():
            return revealed(value, base if isinstance(base, Mapping) else {})
        case list():
            there = base if isinstance(base, list) else []
            return [
                _revealed(name, one, there[at] if at < len(there) else None) for at, one in enumerate(value)
            ]
        case str() if value == HIDDEN:
            if not isinstance(base, str):
                raise Invalid(
                    f'{name}: expected its value. "{HIDDEN}" stands only for what is there already.'
                )
            return base
        case _:
            return value
